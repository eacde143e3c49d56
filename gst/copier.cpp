// SPDX-License-Identifier: MIT
// The copy path: downstream's pool, the pixels, the metas.
#include "copier.hpp"

#include "log.hpp"

#define GST_CAT_DEFAULT logElement

namespace zc::gst {

namespace {

// What downstream proposes for these caps, with the sizes that it asked for; the importer makes it active. Or null.
// Transfer: full.
GstBufferPool *poolOfPeer(GstPad *srcpad, GstCaps *caps)
{
    GstQuery *query = gst_query_new_allocation(caps, TRUE);
    GstBufferPool *pool = nullptr;
    guint size = 0, low = 0, high = 0;
    if (gst_pad_peer_query(srcpad, query) && gst_query_get_n_allocation_pools(query) > 0)
        gst_query_parse_nth_allocation_pool(query, 0, &pool, &size, &low, &high);
    gst_query_unref(query);
    if (pool != nullptr && !gst_buffer_pool_is_active(pool)) {
        GstStructure *config = gst_buffer_pool_get_config(pool);
        gst_buffer_pool_config_set_params(config, caps, size, low, high);
        if (!gst_buffer_pool_set_config(pool, config))
            GST_INFO_OBJECT(srcpad, "downstream's pool %" GST_PTR_FORMAT " wants another config", pool);
    }
    return pool;
}

struct MetaTarget {
    GstBuffer *copy;
    GstPad *srcpad; // for the log
};

// Everything rides along but what speaks of the memory or of where the picture lies in it.
gboolean carryMeta(GstBuffer *source, GstMeta **meta, gpointer data)
{
    const auto *target = static_cast<const MetaTarget *>(data);
    const GstMetaInfo *info = (*meta)->info;
    static const GQuark memoryTag = g_quark_from_static_string(GST_META_TAG_MEMORY_STR);
    static const GQuark referenceTag = g_quark_from_static_string("memory-reference"); // GStreamer 1.24 and later
    const bool bound = info->api == GST_VIDEO_META_API_TYPE || info->api == GST_VIDEO_CROP_META_API_TYPE ||
                       info->api == GST_PARENT_BUFFER_META_API_TYPE ||
                       gst_meta_api_type_has_tag(info->api, memoryTag) ||
                       gst_meta_api_type_has_tag(info->api, referenceTag);
    if (!bound && info->transform_func != nullptr) {
        GstMetaTransformCopy whole = {FALSE, 0, static_cast<gsize>(-1)};
        if (!info->transform_func(target->copy, *meta, source, _gst_meta_transform_copy, &whole))
            GST_LOG_OBJECT(target->srcpad, "meta %s did not take part in the copy", g_type_name(info->api));
    }
    return TRUE;
}

} // namespace

Importer *findImporter(const std::vector<std::unique_ptr<Importer>> &importers, GstBuffer *buffer,
                       const Negotiated &negotiated)
{
    for (const auto &importer : importers) {
        if (importer->serves(negotiated) && importer->accepts(buffer))
            return importer.get();
    }
    return nullptr;
}

std::string describeMemory(GstBuffer *buffer)
{
    const guint count = gst_buffer_n_memory(buffer);
    std::string text = std::to_string(count) + (count == 1 ? " memory" : " memories");
    for (guint i = 0; i < count; ++i) {
        const GstMemory *memory = gst_buffer_peek_memory(buffer, i);
        const char *type = memory->allocator != nullptr ? memory->allocator->mem_type : nullptr;
        text += i == 0 ? ": " : ", ";
        text += type != nullptr ? type : "unnamed";
    }
    return text;
}

void Copier::start(const ImportSite &site)
{
    readers_ = makeImporters(site);
}

void Copier::forget()
{
    for (auto &reader : readers_)
        reader->clear();
    asked_ = false;
    gst_clear_object(&pool_);
}

void Copier::clear()
{
    forget();
    readers_.clear();
}

ImportCounters Copier::counters() const
{
    ImportCounters sum;
    for (const auto &reader : readers_) {
        const ImportCounters c = reader->counters();
        sum.imports += c.imports;
        sum.cacheHits += c.cacheHits;
    }
    return sum;
}

Status Copier::copyPixels(GstBuffer *from, const BufferLayout &fromLayout, GstBuffer *to, const Negotiated &negotiated,
                          Importer &reader, Importer &destination, Compute &compute)
{
    const auto toLayout = destination.layout(to, negotiated);
    if (!toLayout)
        return toLayout.status();
    const auto fromFrames = reader.open(from, fromLayout, negotiated, Access::Read);
    if (!fromFrames)
        return fromFrames.status();
    const auto toFrames = destination.open(to, toLayout.value(), negotiated, Access::ReadWrite);
    if (!toFrames) {
        (void)reader.close();
        return toFrames.status();
    }
    const auto &sources = fromFrames.value();
    const auto &targets = toFrames.value();
    Status status;
    if (sources.size() != targets.size())
        status = {Code::BadLayout, "the copy holds " + std::to_string(targets.size()) + " frames, the original " +
                                       std::to_string(sources.size())};
    for (std::size_t i = 0; status.ok() && i < sources.size(); ++i)
        status = compute.copy(sources[i], targets[i]);
    const Status closedTarget = destination.close();
    const Status closedSource = reader.close();
    if (!status.ok())
        return status;
    return closedTarget.ok() ? closedSource : closedTarget;
}

Result<GstBuffer *> Copier::copy(GstBuffer *source, const Negotiated &negotiated, GstCaps *caps, GstPad *srcpad,
                                 Importer &destination, Compute &compute)
{
    Importer *reader = findImporter(readers_, source, negotiated);
    if (reader == nullptr)
        return Status{Code::Unsupported, "no way to read a buffer of " + describeMemory(source)};
    // Before anything is allocated: caps may promise gigabytes that a small buffer does not hold.
    const auto layout = reader->layout(source, negotiated);
    if (!layout)
        return layout.status();
    if (askAgain_.exchange(false)) {
        asked_ = false;
        gst_clear_object(&pool_);
    }
    if (!asked_) {
        asked_ = true;
        pool_ = poolOfPeer(srcpad, caps);
    }
    auto made = destination.allocateLike(source, negotiated, caps, pool_);
    if (!made)
        return made.status();
    GstBuffer *copy = made.value();
    const Status status = copyPixels(source, layout.value(), copy, negotiated, *reader, destination, compute);
    if (!status.ok()) {
        gst_buffer_unref(copy);
        return status;
    }
    gst_buffer_copy_into(copy, source,
                         static_cast<GstBufferCopyFlags>(GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS), 0,
                         static_cast<gsize>(-1));
    MetaTarget target = {copy, srcpad};
    gst_buffer_foreach_meta(source, carryMeta, &target);
    return copy;
}

} // namespace zc::gst
