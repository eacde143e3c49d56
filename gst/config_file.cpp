// SPDX-License-Identifier: MIT
// What the groups and keys of a configuration file mean, and what is wrong with them.
#include "config_file.hpp"

#include "clamping_params.hpp"
#include "core/text.hpp"
#include "gst_ptr.hpp"
#include "key_file.hpp"

#include <gst/gst.h>

#include <algorithm>
#include <map>
#include <type_traits>

namespace zc::gst {
namespace {

Status bad(std::string text)
{
    return {Code::InvalidArgument, std::move(text)};
}

std::string joined(const std::vector<std::string> &words, const char *between)
{
    std::string text;
    for (const std::string &word : words)
        text += (text.empty() ? "" : between) + word;
    return text;
}

// What is wrong with the value of a key, or with the key.
Status badKey(const std::string &key, const std::string &problem)
{
    return bad("key " + key + ": " + problem);
}

// "; did you mean auto? Expected is one of auto, cuda, cpu". The introduction ends a sentence or begins one.
std::string hint(std::string_view found, const std::vector<std::string> &valid, std::string introduction)
{
    const std::vector<std::string> near = nearest(found, valid, 2);
    if (near.empty())
        return "; " + introduction + joined(valid, ", ");
    introduction[0] = g_ascii_toupper(introduction[0]);
    return "; did you mean " + joined(near, " or ") + "? " + introduction + joined(valid, ", ");
}

// A GValue that cleans up.
class Value {
public:
    explicit Value(GType type) { g_value_init(&value_, type); }
    ~Value() { g_value_unset(&value_); }
    Value(const Value &) = delete;
    Value &operator=(const Value &) = delete;
    GValue *get() { return &value_; }

private:
    GValue value_ = G_VALUE_INIT;
};

// ---- [property]

struct Key {
    const char *name; // of the property
    Status (*put)(Update &update, const GValue *value);
};

constexpr Key kKeys[] = {
    {"device",
     [](Update &update, const GValue *value) {
         update.device = static_cast<Device>(g_value_get_enum(value));
         return Status();
     }},
    {"cuda-device-id",
     [](Update &update, const GValue *value) {
         update.deviceId = g_value_get_int(value);
         return Status();
     }},
    {"gpu-id",
     [](Update &update, const GValue *value) {
         update.deviceId = g_value_get_int(value);
         return Status();
     }},
    {"zero-copy",
     [](Update &update, const GValue *value) {
         update.zeroCopy = static_cast<ZeroCopy>(g_value_get_enum(value));
         return Status();
     }},
    {"on-shared",
     [](Update &update, const GValue *value) {
         update.onShared = static_cast<OnShared>(g_value_get_enum(value));
         return Status();
     }},
    {"regions-from",
     [](Update &update, const GValue *value) {
         update.regionSources = g_value_get_flags(value);
         return checkRegionSources(*update.regionSources);
     }},
    {"region-grow",
     [](Update &update, const GValue *value) {
         update.regionGrow = g_value_get_double(value);
         return checkRegionGrow(*update.regionGrow);
     }},
    {"nvds-classes",
     [](Update &update, const GValue *value) {
         auto classes = parseNvdsClasses(g_value_get_string(value));
         if (classes)
             update.nvdsClasses = std::move(classes.value());
         return classes.status();
     }},
    {"unique-id",
     [](Update &update, const GValue *value) {
         update.uniqueId = g_value_get_uint(value);
         return Status();
     }},
};

template <class T> Status parseNumber(const std::string &text, T low, T high, T &into)
{
    if (numberFrom(std::string_view(text), into).ec == std::errc())
        return {};
    return bad("found " + quoted(text) + "; expected is a " + (std::is_integral_v<T> ? "whole " : "") + "number from " +
               numberText(low) + " to " + numberText(high));
}

Status parseEnum(const std::string &text, const GEnumClass *known, gint &into)
{
    std::vector<std::string> valid;
    for (guint i = 0; i < known->n_values; ++i) {
        if (text == known->values[i].value_nick) {
            into = known->values[i].value;
            return {};
        }
        valid.emplace_back(known->values[i].value_nick);
    }
    return bad("found " + quoted(text) + hint(text, valid, "expected is one of "));
}

// "property+roi-meta", as in a pipeline's text.
Status parseFlags(const std::string &text, const GFlagsClass *known, guint &into)
{
    std::vector<std::string> valid;
    for (guint i = 0; i < known->n_values; ++i)
        valid.emplace_back(known->values[i].value_nick);
    into = 0;
    std::string_view rest = text;
    for (bool more = true; more;) {
        const std::size_t plus = rest.find('+');
        const std::string_view word = trimmed(rest.substr(0, plus));
        const auto at = std::find(valid.begin(), valid.end(), word);
        if (at == valid.end())
            return bad("found " + quoted(word) + hint(word, valid, "expected are, joined by '+', some of "));
        into |= known->values[at - valid.begin()].value;
        more = plus != std::string_view::npos;
        rest.remove_prefix(more ? plus + 1 : rest.size());
    }
    return {};
}

Status parseValue(const std::string &text, GParamSpec *spec, GValue *value)
{
    Status status;
    if (G_IS_PARAM_SPEC_ENUM(spec)) {
        gint number = 0;
        status = parseEnum(text, G_PARAM_SPEC_ENUM(spec)->enum_class, number);
        g_value_set_enum(value, number);
    } else if (G_IS_PARAM_SPEC_FLAGS(spec)) {
        guint flags = 0;
        status = parseFlags(text, G_PARAM_SPEC_FLAGS(spec)->flags_class, flags);
        g_value_set_flags(value, flags);
    } else if (G_IS_PARAM_SPEC_INT(spec)) {
        gint number = 0;
        status = parseNumber(text, G_PARAM_SPEC_INT(spec)->minimum, G_PARAM_SPEC_INT(spec)->maximum, number);
        g_value_set_int(value, number);
    } else if (G_IS_PARAM_SPEC_UINT(spec)) {
        guint number = 0;
        status = parseNumber(text, G_PARAM_SPEC_UINT(spec)->minimum, G_PARAM_SPEC_UINT(spec)->maximum, number);
        g_value_set_uint(value, number);
    } else if (G_IS_PARAM_SPEC_DOUBLE(spec)) {
        gdouble number = 0;
        status = parseNumber(text, G_PARAM_SPEC_DOUBLE(spec)->minimum, G_PARAM_SPEC_DOUBLE(spec)->maximum, number);
        g_value_set_double(value, number);
    } else {
        g_value_set_string(value, text.c_str());
    }
    return status;
}

Status unknownProperty(const std::string &name)
{
    std::vector<std::string> valid;
    for (const Key &key : kKeys)
        valid.emplace_back(key.name);
    if (name == "kernel" || name == "params")
        return bad("belongs into a group [kernel]: name= and the kernel's parameters");
    if (name == "region")
        return bad("belongs into groups [region-0], [region-1] and so on: x=, y=, width= and height=");
    return bad("is no key of this group" + hint(name, valid, "keys are "));
}

Status putProperty(const KeyFile::Entry &entry, GObjectClass *klass, ConfigFile &into)
{
    const auto *key =
        std::find_if(std::begin(kKeys), std::end(kKeys), [&entry](const Key &one) { return entry.key == one.name; });
    GParamSpec *spec = key != std::end(kKeys) ? g_object_class_find_property(klass, key->name) : nullptr;
    if (spec == nullptr)
        return unknownProperty(entry.key);
    Value value(spec->value_type);
    if (Status status = parseValue(entry.text, spec, value.get()); !status)
        return status;
    g_param_value_validate(spec, value.get());
    if (const std::string note = takeClampNote(spec); !note.empty())
        into.notes += (into.notes.empty() ? "" : "; ") + note;
    return key->put(into.update, value.get());
}

// ---- [kernel]

Status readKernel(const KeyFile::Group &group, ConfigFile &into)
{
    const auto name = std::find_if(group.entries.begin(), group.entries.end(),
                                   [](const KeyFile::Entry &entry) { return entry.key == "name"; });
    if (name == group.entries.end())
        return bad("has no key name, which says what kernel the parameters are of");
    const KernelInfo *kernel = findKernel(name->text);
    if (kernel == nullptr)
        return badKey("name", unknownKernel(name->text).message());
    ParamValues values(kernel->params);
    for (const KeyFile::Entry &entry : group.entries) {
        if (&entry == &*name)
            continue;
        const auto note = values.setText(entry.key, entry.text);
        if (!note)
            return badKey(entry.key, note.status().message());
        if (!note.value().text.empty())
            into.notes += (into.notes.empty() ? "" : "; ") + note.value().text;
        into.update.params.push_back({entry.key, entry.text});
    }
    into.update.kernel = kernel;
    return {};
}

// ---- [region-N]

constexpr const char *kRegion = "region-";

// -1 if the group is none of a region.
int numberOfRegion(const std::string &name)
{
    int number = -1;
    if (name.rfind(kRegion, 0) != 0 ||
        numberFrom(std::string_view(name).substr(std::string_view(kRegion).size()), number).ec != std::errc())
        return -1;
    return number;
}

Status readRegion(const KeyFile::Group &group, Rect &rect)
{
    struct Side {
        const char *name, *alias; // the alias is DeepStream's
        std::int32_t *into;
        bool size;
        bool found = false;
    };
    Side sides[] = {{"x", "left", &rect.x, false},
                    {"y", "top", &rect.y, false},
                    {"width", nullptr, &rect.width, true},
                    {"height", nullptr, &rect.height, true}};
    for (const KeyFile::Entry &entry : group.entries) {
        Side *side = std::find_if(std::begin(sides), std::end(sides), [&entry](const Side &one) {
            return entry.key == one.name || (one.alias != nullptr && entry.key == one.alias);
        });
        if (side == std::end(sides))
            return badKey(entry.key, "is no key of this group" +
                                         hint(entry.key, {"x", "y", "left", "top", "width", "height"}, "keys are "));
        if (side->found)
            return bad("has both " + std::string(side->name) + " and " + side->alias +
                       ", which are the same; keep one");
        side->found = true;
        if (numberFrom(std::string_view(entry.text), *side->into).ec != std::errc() || (side->size && *side->into < 0))
            return badKey(entry.key, "found " + quoted(entry.text) + "; expected is a whole number of pixels" +
                                         (side->size ? " that is not negative" : ""));
    }
    for (const Side &side : sides) {
        if (!side.found)
            return bad("has no key " + std::string(side.name) + "; a region has x, y (or left, top), width and height");
    }
    return {};
}

// ---- all of them

Status readGroup(const KeyFile::Group &group, GObjectClass *klass, ConfigFile &into, std::map<int, Rect> &regions)
{
    if (group.name == "property") {
        for (const KeyFile::Entry &entry : group.entries) {
            if (Status status = putProperty(entry, klass, into); !status)
                return badKey(entry.key, status.message());
        }
        return {};
    }
    if (group.name == "kernel")
        return readKernel(group, into);
    if (const int number = numberOfRegion(group.name); number >= 0) {
        constexpr std::size_t kMost = 1024; // as in the property "region"
        if (regions.count(number) != 0)
            return bad("is a second region of that number; give it another one");
        if (regions.size() == kMost)
            return bad("is beyond " + std::to_string(kMost) + " regions; merge some of them");
        return readRegion(group, regions[number]);
    }
    const std::vector<std::string> near =
        nearest(group.name, std::vector<std::string>{"property", "kernel", "region-0"}, 1);
    return bad("is no group of such a file; " + (near.empty() ? "" : "did you mean [" + near[0] + "]? ") +
               "Groups are [property], [kernel], and [region-0], [region-1] and so on");
}

std::string fileText(const std::string &path)
{
    constexpr std::size_t kLongest = 512;
    const GCharPtr shown(g_filename_display_name(path.c_str()));
    const std::string text = shown.get();
    const bool plain = std::none_of(text.begin(), text.end(), [](char c) { return c >= 0 && c < ' '; });
    return "config-file " + (plain && text.size() <= kLongest ? '"' + text + '"' : quoted(path));
}

} // namespace

Result<ConfigFile> readConfigFile(const std::string &path, GObjectClass *klass)
{
    const std::string where = fileText(path);
    const auto file = readKeyFile(path);
    if (!file)
        return bad(where + ": " + file.status().message());
    if (file.value().groups.empty())
        return bad(where + ": has no group; [property], [kernel] and [region-0] are those that it may have");
    ConfigFile config;
    std::map<int, Rect> regions; // in the order of their numbers
    for (const KeyFile::Group &group : file.value().groups) {
        if (Status status = readGroup(group, klass, config, regions); !status)
            return bad(where + ", group [" + group.name + "]" + (status.message().rfind("key ", 0) == 0 ? ", " : ": ") +
                       status.message());
    }
    if (!regions.empty()) {
        std::vector<Rect> &into = config.update.regions.emplace();
        for (const auto &[number, rect] : regions)
            into.push_back(rect);
    }
    if (!config.notes.empty())
        config.notes = where + ": " + config.notes;
    return config;
}

SetResult setConfigFile(Settings &settings, GObjectClass *klass, std::string_view path)
{
    const std::string name(path);
    if (settings.postponeConfig(name))
        return {};
    if (name.empty())
        return settings.applyConfig(name, Update());
    const auto config = readConfigFile(name, klass);
    if (!config)
        return settings.refuseConfig(name, config.status().message());
    SetResult result = settings.applyConfig(name, config.value().update);
    if (result.warning.empty())
        result.warning = config.value().notes;
    else if (!config.value().notes.empty())
        result.warning += "; " + config.value().notes;
    return result;
}

SetResult readPostponedConfig(Settings &settings, GObjectClass *klass)
{
    const auto path = settings.takePostponedConfig();
    return path ? setConfigFile(settings, klass, *path) : SetResult{};
}

} // namespace zc::gst
