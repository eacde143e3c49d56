// SPDX-License-Identifier: MIT
// GParamSpecs with another validation; controllers still find their range in them.
#include "clamping_params.hpp"

#include "core/text.hpp"
#include "gst_ptr.hpp"

#include <algorithm>
#include <utility>

namespace zc::gst {

namespace {

// GObject validates a value just before it calls the setter, on the same thread, and does not say for which object.
struct Clamped {
    const GParamSpec *spec = nullptr;
    std::string text;
};
thread_local Clamped clamped;

gboolean validateDouble(GParamSpec *spec, GValue *value)
{
    clamped = {};
    const auto *range = G_PARAM_SPEC_DOUBLE(spec);
    const double given = g_value_get_double(value);
    // Not-a-number passes: the setter refuses it, so that the last good value stays.
    if (!(given < range->minimum || given > range->maximum))
        return FALSE;
    const double kept = std::clamp(given, range->minimum, range->maximum);
    // Not by printf(), which follows the locale.
    clamped = {spec, std::string(spec->name) + "=" + numberText(given) + " is out of range and was clamped to " +
                         numberText(kept) + "; valid is a number from " + numberText(range->minimum) + " to " +
                         numberText(range->maximum)};
    g_value_set_double(value, kept);
    return TRUE;
}

gboolean validateInt(GParamSpec *spec, GValue *value)
{
    clamped = {};
    const auto *range = G_PARAM_SPEC_INT(spec);
    const int given = g_value_get_int(value);
    const int kept = std::clamp(given, range->minimum, range->maximum);
    if (given == kept)
        return FALSE;
    const GCharPtr text(
        g_strdup_printf("%s=%d is out of range and was clamped to %d; valid is a whole number from %d to %d",
                        spec->name, given, kept, range->minimum, range->maximum));
    clamped = {spec, text.get()};
    g_value_set_int(value, kept);
    return TRUE;
}

gboolean validateInt64(GParamSpec *spec, GValue *value)
{
    clamped = {};
    const auto *range = G_PARAM_SPEC_INT64(spec);
    const gint64 given = g_value_get_int64(value);
    const gint64 kept = std::clamp(given, range->minimum, range->maximum);
    if (given == kept)
        return FALSE;
    const GCharPtr text(g_strdup_printf("%s=%" G_GINT64_FORMAT " is out of range and was clamped to %" G_GINT64_FORMAT
                                        "; valid is a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                                        spec->name, given, kept, range->minimum, range->maximum));
    clamped = {spec, text.get()};
    g_value_set_int64(value, kept);
    return TRUE;
}

// From GLib 2.74 on, a value that this finds good is not validated, and what is left of one that was validated but
// never set would be told of the good one.
template <class Class> void validateAlways(Class *klass)
{
    if constexpr (requires { klass->value_is_valid; })
        klass->value_is_valid = nullptr;
}

using Validate = gboolean (*)(GParamSpec *, GValue *);

GType derive(GType parent, const char *name, guint16 instanceSize, Validate validate)
{
    GTypeInfo info = {};
    info.class_size = sizeof(GParamSpecClass);
    info.class_init = [](gpointer klass, gpointer data) {
        static_cast<GParamSpecClass *>(klass)->value_validate = reinterpret_cast<Validate>(data);
        validateAlways(static_cast<GParamSpecClass *>(klass));
    };
    info.class_data = reinterpret_cast<gpointer>(validate);
    info.instance_size = instanceSize;
    return g_type_register_static(parent, name, &info, static_cast<GTypeFlags>(0));
}

// Lax: GObject then takes what validation made of the value.
GParamSpec *make(GType type, const ParamText &text, GParamFlags flags)
{
    const auto all = static_cast<GParamFlags>(flags | G_PARAM_STATIC_STRINGS | G_PARAM_LAX_VALIDATION);
    return static_cast<GParamSpec *>(g_param_spec_internal(type, text.name, text.nick, text.blurb, all));
}

template <class Spec, class Value> GParamSpec *withRange(Spec *spec, Value low, Value high, Value fallback)
{
    spec->minimum = low;
    spec->maximum = high;
    spec->default_value = fallback;
    return G_PARAM_SPEC(spec);
}

} // namespace

std::string takeClampNote(const GParamSpec *spec)
{
    const Clamped last = std::exchange(clamped, {});
    return last.spec == spec ? last.text : std::string();
}

GParamSpec *clampingDouble(const ParamText &text, double low, double high, double fallback, GParamFlags flags)
{
    static const GType type =
        derive(G_TYPE_PARAM_DOUBLE, "CudaZeroCopyParamDouble", sizeof(GParamSpecDouble), validateDouble);
    return withRange(G_PARAM_SPEC_DOUBLE(make(type, text, flags)), low, high, fallback);
}

GParamSpec *clampingInt64(const ParamText &text, gint64 low, gint64 high, gint64 fallback, GParamFlags flags)
{
    static const GType type =
        derive(G_TYPE_PARAM_INT64, "CudaZeroCopyParamInt64", sizeof(GParamSpecInt64), validateInt64);
    return withRange(G_PARAM_SPEC_INT64(make(type, text, flags)), low, high, fallback);
}

GParamSpec *clampingInt(const ParamText &text, int low, int high, int fallback, GParamFlags flags)
{
    static const GType type = derive(G_TYPE_PARAM_INT, "CudaZeroCopyParamInt", sizeof(GParamSpecInt), validateInt);
    return withRange(G_PARAM_SPEC_INT(make(type, text, flags)), low, high, fallback);
}

GParamSpec *uncheckedFlags(const ParamText &text, GType flagsType, unsigned fallback, GParamFlags flags)
{
    static const GType type = derive(G_TYPE_PARAM_FLAGS, "CudaZeroCopyParamFlags", sizeof(GParamSpecFlags),
                                     [](GParamSpec *, GValue *) -> gboolean { return FALSE; });
    auto *spec = G_PARAM_SPEC_FLAGS(make(type, text, flags));
    spec->flags_class = static_cast<GFlagsClass *>(g_type_class_ref(flagsType));
    spec->default_value = fallback;
    G_PARAM_SPEC(spec)->value_type = flagsType;
    return G_PARAM_SPEC(spec);
}

} // namespace zc::gst
