// SPDX-License-Identifier: MIT
#include "nvds.hpp"

#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <deque>
#include <memory>

namespace zc::nvmm_test {

namespace {

std::atomic<unsigned> live{0}, copied{0};

// Everything that one NvdsMeta leads to.
struct Tree {
    BatchDescription made;
    NvdsBatch batch{};
    std::deque<NvdsFrame> frames;
    std::deque<NvdsObject> objects;
    std::deque<GList> links;

    explicit Tree(const BatchDescription &description);
    Tree(const Tree &) = delete;
    Tree &operator=(const Tree &) = delete;
    ~Tree()
    {
        g_rec_mutex_clear(&batch.mutex);
        live--;
    }

    void append(GList *&list, void *data);
    void addFrame(unsigned surface);
    void spoil();
};

void Tree::append(GList *&list, void *data)
{
    GList *link = &links.emplace_back(GList{data, nullptr, nullptr});
    if (list == nullptr) {
        list = link;
        return;
    }
    GList *last = list;
    while (last->next != nullptr)
        last = last->next;
    last->next = link;
    link->prev = last;
}

void Tree::addFrame(unsigned surface)
{
    NvdsFrame &frame = frames.emplace_back();
    frame.base.batchMeta = &batch;
    frame.base.metaType = 2;
    frame.padIndex = frame.batchId = surface;
    frame.frameNumber = static_cast<gint32>(made.frameNumber);
    frame.pts = made.pts;
    frame.sourceId = 10 + surface;
    frame.surfacesPerFrame = 1;
    frame.sourceWidth = made.width;
    frame.sourceHeight = made.height;
    for (const Object &wanted : made.objects) {
        if (wanted.surface != surface)
            continue;
        NvdsObject &object = objects.emplace_back();
        object.base.batchMeta = &batch;
        object.base.metaType = 3;
        object.componentId = wanted.component;
        object.classId = wanted.classId;
        object.objectId = ~guint64{0}; // untracked
        object.confidence = 0.9f;
        object.rect = {wanted.left, wanted.top, wanted.width, wanted.height};
        append(frame.objects, &object);
        frame.numObjects++;
    }
    append(batch.frames, &frame);
}

void Tree::spoil()
{
    NvdsFrame &first = frames.front();
    const bool hasObject = first.objects != nullptr;
    switch (made.fault) {
    case MetaFault::None:
    case MetaFault::Type:
        return;
    case MetaFault::Cycle:
        g_list_last(batch.frames)->next = batch.frames;
        if (hasObject)
            g_list_last(first.objects)->next = first.objects;
        return;
    case MetaFault::Nan:
        for (NvdsObject &object : objects)
            object.rect.left = object.rect.width = std::nanf("");
        return;
    case MetaFault::Index:
        for (NvdsFrame &frame : frames)
            frame.batchId = 4000000000u;
        return;
    case MetaFault::Count:
        batch.numFrames = 0xffffffff;
        for (NvdsFrame &frame : frames)
            frame.numObjects = 0xffffffff;
        return;
    case MetaFault::Null:
        batch.frames->data = nullptr;
        for (NvdsFrame &frame : frames)
            if (frame.objects != nullptr)
                frame.objects->data = nullptr;
        return;
    }
}

Tree::Tree(const BatchDescription &description) : made(description)
{
    live++;
    g_rec_mutex_init(&batch.mutex);
    batch.base.batchMeta = &batch;
    batch.base.metaType = 1;
    batch.maxFrames = batch.numFrames = made.frames;
    for (unsigned i = 0; i < made.frames; ++i)
        addFrame(made.reversed ? made.frames - 1 - i : i);
    if (!frames.empty())
        spoil();
}

void attach(GstBuffer *buffer, const BatchDescription &description);

gboolean init(GstMeta *meta, gpointer, GstBuffer *)
{
    auto *nvds = reinterpret_cast<NvdsMeta *>(meta);
    nvds->data = nvds->user = nullptr;
    nvds->type = 0;
    std::memset(nvds->functions, 0, sizeof nvds->functions);
    return TRUE;
}

void release(GstMeta *meta, GstBuffer *)
{
    delete static_cast<Tree *>(reinterpret_cast<NvdsMeta *>(meta)->user);
}

gboolean transform(GstBuffer *to, GstMeta *meta, GstBuffer *, GQuark, gpointer)
{
    copied++;
    attach(to, static_cast<const Tree *>(reinterpret_cast<NvdsMeta *>(meta)->user)->made);
    return TRUE;
}

// The names are DeepStream's; who reads the meta goes by the tag alone.
GType apiType()
{
    static const GType type = [] {
        const char *tags[] = {"nvdsmeta", nullptr};
        return gst_meta_api_type_register("NvDsMetaTestAPI", tags);
    }();
    return type;
}

const GstMetaInfo *info()
{
    static const GstMetaInfo *only =
        gst_meta_register(apiType(), "NvDsMetaTest", sizeof(NvdsMeta), init, release, transform);
    return only;
}

void attach(GstBuffer *buffer, const BatchDescription &description)
{
    auto *meta = reinterpret_cast<NvdsMeta *>(gst_buffer_add_meta(buffer, info(), nullptr));
    auto *tree = new Tree(description);
    meta->data = &tree->batch;
    meta->user = tree;
    meta->type = description.fault == MetaFault::Type ? kNvdsBatchType + 1 : kNvdsBatchType;
    if (description.fault == MetaFault::Type)
        meta->data = &meta->type; // something else altogether
}

} // namespace

bool parseObjects(const std::string &text, std::vector<Object> &objects)
{
    objects.clear();
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find(';', at);
        const std::string one = text.substr(at, end == std::string::npos ? end : end - at);
        Object o;
        int read = 0;
        if (std::sscanf(one.c_str(), "%u:%d:%d:%f:%f:%f:%f%n", &o.surface, &o.component, &o.classId, &o.left, &o.top,
                        &o.width, &o.height, &read) != 7 ||
            static_cast<std::size_t>(read) != one.size())
            return false;
        objects.push_back(o);
        at = end == std::string::npos ? text.size() : end + 1;
    }
    return true;
}

void addNvdsMeta(GstBuffer *buffer, const BatchDescription &batch)
{
    attach(buffer, batch);
}

unsigned liveNvdsMetas()
{
    return live;
}

unsigned copiedNvdsMetas()
{
    return copied;
}

} // namespace zc::nvmm_test
