// SPDX-License-Identifier: MIT
// One GObject class per kernel, made from its parameter declarations.
#include "kernel_object.hpp"

#include "clamping_params.hpp"
#include "log.hpp"
#include "messages.hpp"

#include <cstdio>
#include <string>
#include <vector>

#define GST_CAT_DEFAULT logKernel

namespace zc::gst {

namespace {

struct KernelObject {
    GstObject parent;
    std::shared_ptr<Settings> *settings; // owned; by pointer because GObject knows no constructors
};

struct KernelObjectClass {
    GstObjectClass parent;
    const KernelInfo *kernel;
};

const KernelInfo &kernelOf(gpointer object)
{
    return *G_TYPE_INSTANCE_GET_CLASS(object, 0, KernelObjectClass)->kernel;
}

// GObject ids start at 1.
int indexOfProperty(guint id)
{
    return static_cast<int>(id) - 1;
}

// "box-blur" becomes "BoxBlur".
std::string camel(const char *name)
{
    std::string text;
    bool up = true;
    for (const char *c = name; *c != '\0'; ++c) {
        if (*c == '-') {
            up = true;
            continue;
        }
        text += up ? g_ascii_toupper(*c) : *c;
        up = false;
    }
    return text;
}

// Types live as long as the process, and so must what they point to.
GType enumTypeFor(const KernelInfo &kernel, const ParamSpec &spec)
{
    const std::string name = "CudaZeroCopy" + camel(kernel.name) + camel(spec.name);
    const std::vector<std::string> names = choicesOf(spec);
    auto *values = g_new0(GEnumValue, names.size() + 1);
    for (std::size_t i = 0; i < names.size(); ++i) {
        const char *text = g_intern_string(names[i].c_str());
        values[i] = {static_cast<gint>(i), text, text};
    }
    // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the type keeps the table for the life of the process
    const GType type = g_enum_register_static(g_intern_string(name.c_str()), values);
    gst_type_mark_as_plugin_api(type, static_cast<GstPluginAPIFlags>(0));
    return type;
}

GParamSpec *propertyFor(const KernelInfo &kernel, const ParamSpec &spec)
{
    const auto flags = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_CONTROLLABLE |
                                                GST_PARAM_MUTABLE_PLAYING);
    const ParamText text = {spec.name, spec.name, spec.description};
    switch (spec.type) {
    case ParamType::Float:
        return clampingDouble(text, spec.low, spec.high, spec.fallback, flags);
    case ParamType::Int:
        return clampingInt(text, static_cast<gint>(spec.low), static_cast<gint>(spec.high),
                           static_cast<gint>(spec.fallback), flags);
    case ParamType::Bool:
        return g_param_spec_boolean(spec.name, spec.name, spec.description, spec.fallback != 0, flags);
    case ParamType::Enum:
        return g_param_spec_enum(spec.name, spec.name, spec.description, enumTypeFor(kernel, spec),
                                 static_cast<gint>(spec.fallback), flags);
    case ParamType::Colour:
        break;
    }
    return clampingInt64(text, 0, G_MAXUINT32, static_cast<gint64>(spec.fallback), flags);
}

// A child that was replaced has no element any more, and speaks to the log alone.
void warnThroughParent(GObject *object, Settings &settings, const std::string &text)
{
    if (text.empty())
        return;
    GstObject *parent = gst_object_get_parent(GST_OBJECT(object));
    if (parent != nullptr)
        warnUser(GST_ELEMENT(parent), settings, text);
    else
        GST_WARNING_OBJECT(object, "%s", text.c_str());
    gst_clear_object(&parent);
}

void setProperty(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
    const KernelInfo &kernel = kernelOf(object);
    const int index = indexOfProperty(id);
    double number = 0;
    switch (kernel.params[static_cast<std::size_t>(index)].type) {
    case ParamType::Float:
        number = g_value_get_double(value);
        break;
    case ParamType::Int:
        number = g_value_get_int(value);
        break;
    case ParamType::Bool:
        number = g_value_get_boolean(value) ? 1 : 0;
        break;
    case ParamType::Enum:
        number = g_value_get_enum(value);
        break;
    case ParamType::Colour:
        number = static_cast<double>(g_value_get_int64(value));
        break;
    }
    auto *self = reinterpret_cast<KernelObject *>(object);
    const SetResult result = (*self->settings)->setParam(kernel, index, number);
    warnThroughParent(object, **self->settings, takeClampNote(spec));
    warnThroughParent(object, **self->settings, result.warning);
}

void getProperty(GObject *object, guint id, GValue *value, GParamSpec *)
{
    const KernelInfo &kernel = kernelOf(object);
    const int index = indexOfProperty(id);
    const auto *self = reinterpret_cast<const KernelObject *>(object);
    const double number = (*self->settings)->param(kernel, index);
    switch (kernel.params[static_cast<std::size_t>(index)].type) {
    case ParamType::Float:
        g_value_set_double(value, number);
        break;
    case ParamType::Int:
        g_value_set_int(value, static_cast<gint>(number));
        break;
    case ParamType::Bool:
        g_value_set_boolean(value, number != 0);
        break;
    case ParamType::Enum:
        g_value_set_enum(value, static_cast<gint>(number));
        break;
    case ParamType::Colour:
        g_value_set_int64(value, static_cast<gint64>(number));
        break;
    }
}

void finalize(GObject *object)
{
    delete reinterpret_cast<KernelObject *>(object)->settings;
    auto *parent = static_cast<GObjectClass *>(g_type_class_peek(GST_TYPE_OBJECT));
    parent->finalize(object);
}

void classInit(gpointer klass, gpointer data)
{
    static_cast<KernelObjectClass *>(klass)->kernel = static_cast<const KernelInfo *>(data);
    auto *object = G_OBJECT_CLASS(klass);
    object->set_property = setProperty;
    object->get_property = getProperty;
    object->finalize = finalize;
    const auto &kernel = *static_cast<const KernelInfo *>(data);
    guint id = 0;
    for (const ParamSpec &spec : kernel.params)
        g_object_class_install_property(object, ++id, propertyFor(kernel, spec));
}

GType typeFor(const KernelInfo &kernel)
{
    static std::mutex lock; // two elements may need a class for the first time at once
    const std::lock_guard guard(lock);
    const std::string name = "CudaZeroCopyKernel" + camel(kernel.name);
    if (const GType known = g_type_from_name(name.c_str()); known != 0)
        return known;
    GTypeInfo info = {};
    info.class_size = sizeof(KernelObjectClass);
    info.class_init = classInit;
    info.class_data = &kernel;
    info.instance_size = sizeof(KernelObject);
    const GType type = g_type_register_static(GST_TYPE_OBJECT, name.c_str(), &info, static_cast<GTypeFlags>(0));
    gst_type_mark_as_plugin_api(type, static_cast<GstPluginAPIFlags>(0));
    return type;
}

std::string numberText(double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    return g_ascii_formatd(text, sizeof text, "%.6g", value);
}

std::string describeParam(const ParamSpec &spec)
{
    char colour[16];
    switch (spec.type) {
    case ParamType::Float:
    case ParamType::Int:
        return std::string(spec.name) + " (" + numberText(spec.low) + " to " + numberText(spec.high) + ", default " +
               numberText(spec.fallback) + ")";
    case ParamType::Bool:
        return std::string(spec.name) + " (true or false, default " + (spec.fallback != 0 ? "true" : "false") + ")";
    case ParamType::Enum:
        return std::string(spec.name) + " (" + spec.choices + ", default " +
               choicesOf(spec)[static_cast<std::size_t>(spec.fallback)] + ")";
    case ParamType::Colour:
        break;
    }
    std::snprintf(colour, sizeof colour, "#%08x", static_cast<unsigned>(spec.fallback));
    return std::string(spec.name) + " (#aarrggbb, default " + colour + ")";
}

} // namespace

GstObject *makeKernelObject(const KernelInfo &kernel, std::shared_ptr<Settings> settings)
{
    auto *object = static_cast<KernelObject *>(g_object_new(typeFor(kernel), "name", "kernel", nullptr));
    object->settings = new std::shared_ptr<Settings>(std::move(settings));
    return GST_OBJECT(object);
}

const KernelInfo &kernelOfObject(GstObject *object)
{
    return kernelOf(object);
}

std::string describeKernels()
{
    std::string text;
    for (const KernelInfo &kernel : builtInKernels()) {
        text += "\n    " + std::string(kernel.name) + ": " + kernel.summary;
        for (const ParamSpec &spec : kernel.params)
            text += "\n        " + describeParam(spec) + ": " + spec.description;
    }
    return text;
}

} // namespace zc::gst
