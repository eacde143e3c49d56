// SPDX-License-Identifier: MIT
// The few fields of DeepStream's metadata that lie at the same place in every release from 6.2 to 9.1.
#include "nvds_meta.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace zc::gst {
namespace {

// Only the beginnings of NVIDIA's structs: behind rect_params, releases differ.
struct DsMeta { // a GstMeta whose API carries the tag below
    GstMeta meta;
    void *data;
    void *userData;
    gint type;
};
static_assert(offsetof(DsMeta, data) == 16 && offsetof(DsMeta, type) == 32);
constexpr const char *kTag = "nvdsmeta";
constexpr gint kBatchType = 4097; // its data is a DsBatch

struct DsBatch {
    std::byte before[96];
    const GList *frames; // of DsFrame
};
static_assert(offsetof(DsBatch, frames) == 96);

struct DsFrame {
    std::byte before[44];
    guint batchId;
    std::byte between[56];
    const GList *objects; // of DsObject
};
static_assert(offsetof(DsFrame, batchId) == 44 && offsetof(DsFrame, objects) == 104);

struct DsObject {
    std::byte before[48];
    gint component;
    gint classId;
    std::byte between[48];
    float left, top, width, height;
};
static_assert(offsetof(DsObject, component) == 48 && offsetof(DsObject, classId) == 52 &&
              offsetof(DsObject, left) == 104 && offsetof(DsObject, height) == 116);

constexpr guint kMostEntries = 16384; // of one list
constexpr float kFarthest = 1 << 20;  // pixels, far beyond any surface

constexpr const char *kForm = "; write \"component:class,class\", several separated by ';', as in \"1:0,2;3:1\". A "
                              "component without classes stands for all of them";
constexpr std::size_t kMostClasses = 4096;

template <class T> const T *entry(gconstpointer pointer)
{
    return reinterpret_cast<std::uintptr_t>(pointer) % alignof(T) == 0 ? static_cast<const T *>(pointer) : nullptr;
}

// Calls use(data) for each entry. False if the list does not end: Brent's method finds a node that comes again, after
// which a few entries were visited twice.
template <class Use> bool forEach(const GList *list, Use use)
{
    const GList *mark = nullptr;
    guint visited = 0, nextMark = 1;
    for (const GList *node = entry<GList>(list); node != nullptr; node = entry<GList>(node->next)) {
        if (node == mark || visited == kMostEntries)
            return false;
        if (++visited == nextMark) {
            mark = node;
            nextMark *= 2;
        }
        use(node->data);
    }
    return true;
}

bool isWanted(const DsObject &object, std::span<const NvdsClass> wanted)
{
    return wanted.empty() || std::any_of(wanted.begin(), wanted.end(), [&object](const NvdsClass &one) {
               return one.component == object.component && one.classId.value_or(object.classId) == object.classId;
           });
}

// None if the numbers cannot be those of a box.
std::optional<Rect> rectOf(const DsObject &object)
{
    const auto sane = [](float value, float least) { return value >= least && value <= kFarthest; };
    if (!sane(object.left, -kFarthest) || !sane(object.top, -kFarthest) || !sane(object.width, 0) ||
        !sane(object.height, 0))
        return std::nullopt; // comparisons with NaN are false
    const auto low = [](float from) { return static_cast<std::int32_t>(std::floor(from)); };
    const auto side = [](float from, float size) {
        return size > 0 ? static_cast<std::int32_t>(std::ceil(from + size) - std::floor(from)) : 0;
    };
    return Rect{low(object.left), low(object.top), side(object.left, object.width), side(object.top, object.height)};
}

class Reader {
public:
    Reader(std::span<const NvdsClass> wanted, std::vector<NvdsBox> &into) : wanted_(wanted), into_(into) {}

    void read(const DsBatch *batch)
    {
        if (batch == nullptr)
            return note({.kind = NvdsFault::Kind::Entry});
        if (!forEach(batch->frames, [this](gconstpointer data) { readFrame(entry<DsFrame>(data)); }))
            note({.kind = NvdsFault::Kind::Endless});
    }
    const NvdsReading &result() const { return result_; }

private:
    void note(const NvdsFault &fault)
    {
        if (result_.fault.kind == NvdsFault::Kind::None)
            result_.fault = fault;
    }

    void readFrame(const DsFrame *frame)
    {
        if (frame == nullptr)
            return note({.kind = NvdsFault::Kind::Entry});
        ++result_.frames;
        if (frame->batchId >= kMostSurfaces)
            return note({.kind = NvdsFault::Kind::Surface, .surface = frame->batchId});
        const auto use = [this, frame](gconstpointer data) { readObject(frame->batchId, entry<DsObject>(data)); };
        if (!forEach(frame->objects, use))
            note({.kind = NvdsFault::Kind::Endless});
    }

    void readObject(guint surface, const DsObject *object)
    {
        if (object == nullptr)
            return note({.kind = NvdsFault::Kind::Entry});
        if (!isWanted(*object, wanted_))
            return;
        const auto rect = rectOf(*object);
        if (!rect)
            return note({.kind = NvdsFault::Kind::Box,
                         .left = object->left,
                         .top = object->top,
                         .width = object->width,
                         .height = object->height});
        if (!rect->empty())
            into_.push_back({surface, *rect});
    }

    std::span<const NvdsClass> wanted_;
    std::vector<NvdsBox> &into_;
    NvdsReading result_;
};

Status badClasses(std::string_view piece, const std::string &problem)
{
    return {Code::InvalidArgument, quoted(piece) + " " + problem + kForm};
}

// One "component:class,class".
Status addClasses(std::string_view piece, std::vector<NvdsClass> &into)
{
    const std::size_t colon = piece.find(':');
    const std::string_view name = trimmed(piece.substr(0, colon));
    NvdsClass one;
    if (numberFrom(name, one.component).ec != std::errc())
        return badClasses(piece, "has the component " + quoted(name) + ", which is no whole number");
    std::string_view rest = colon == std::string_view::npos ? std::string_view() : trimmed(piece.substr(colon + 1));
    if (rest.empty()) {
        into.push_back(one);
        return {};
    }
    for (bool more = true; more;) {
        const std::size_t comma = rest.find(',');
        const std::string_view word = trimmed(rest.substr(0, comma));
        std::int32_t classId = 0;
        if (numberFrom(word, classId).ec != std::errc())
            return badClasses(piece, "has the class " + quoted(word) + ", which is no whole number");
        if (into.size() == kMostClasses)
            return badClasses(piece, "is beyond " + std::to_string(kMostClasses) + " classes");
        into.push_back({one.component, classId});
        more = comma != std::string_view::npos;
        rest.remove_prefix(more ? comma + 1 : rest.size());
    }
    return {};
}

} // namespace

Result<std::vector<NvdsClass>> parseNvdsClasses(std::string_view text)
{
    std::vector<NvdsClass> classes;
    for (std::string_view rest = trimmed(text); !rest.empty();) {
        if (classes.size() >= kMostClasses)
            return badClasses(rest, "is beyond " + std::to_string(kMostClasses) + " classes");
        const std::size_t end = rest.find(';');
        if (Status added = addClasses(trimmed(rest.substr(0, end)), classes); !added)
            return added;
        rest = end == std::string_view::npos ? std::string_view() : trimmed(rest.substr(end + 1));
    }
    return classes;
}

std::string nvdsClassesToString(const std::vector<NvdsClass> &classes)
{
    std::string text;
    const NvdsClass *last = nullptr;
    for (const NvdsClass &one : classes) {
        const bool joins = last != nullptr && last->component == one.component && last->classId && one.classId;
        if (!joins)
            text += (last != nullptr ? ";" : "") + numberText(one.component);
        if (one.classId)
            text += (joins ? "," : ":") + numberText(*one.classId);
        last = &one;
    }
    return text;
}

std::string describe(const NvdsFault &fault)
{
    switch (fault.kind) {
    case NvdsFault::Kind::None:
        return {};
    case NvdsFault::Kind::Box:
        return "a box has left " + numberText(fault.left) + ", top " + numberText(fault.top) + ", width " +
               numberText(fault.width) + " and height " + numberText(fault.height) +
               "; such boxes are skipped, since sizes must be 0 or more, and all numbers those of a picture";
    case NvdsFault::Kind::Surface:
        return "a frame names surface " + numberText(fault.surface) +
               " (batch_id), which the buffer does not have; its boxes are skipped";
    case NvdsFault::Kind::Entry:
        return "an entry is null or at an address that no such entry can have; it is skipped";
    case NvdsFault::Kind::Endless:
        return "a list of frames or objects does not end; what follows the entries that were read is skipped";
    }
    return {};
}

NvdsReading readNvdsBoxes(GstBuffer *buffer, std::span<const NvdsClass> wanted, std::vector<NvdsBox> &into)
{
    static const GQuark tag = g_quark_from_static_string(kTag);
    Reader reader(wanted, into);
    gpointer state = nullptr;
    while (const GstMeta *meta = gst_buffer_iterate_meta(buffer, &state)) {
        if (!gst_meta_api_type_has_tag(meta->info->api, tag) || meta->info->size < sizeof(DsMeta))
            continue;
        const auto *held = reinterpret_cast<const DsMeta *>(meta);
        if (held->type == kBatchType)
            reader.read(entry<DsBatch>(held->data));
    }
    return reader.result();
}

} // namespace zc::gst
