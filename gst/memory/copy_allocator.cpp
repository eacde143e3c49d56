// SPDX-License-Identifier: MIT
// Where the copy of a shared buffer lives.
#include "copy_allocator.hpp"

#include "../buffer_layout.hpp"
#include "../log.hpp"
#include "../writability.hpp"

#include <gst/allocators/gstdmabuf.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <unistd.h>

namespace zc::gst {
namespace {

// More free memories than any queue holds would only be hoarding.
constexpr std::size_t kMaxRecycled = 64;

// Some seconds of video: what was not needed for so long was for a burst.
constexpr unsigned kTakesBetweenTrims = 128;

// Planes of the copy and the sizes of its memories.
struct Shape {
    std::vector<gsize> memories;
    guint width = 0, height = 0;
    gsize offset[GST_VIDEO_MAX_PLANES] = {};
    gint stride[GST_VIDEO_MAX_PLANES] = {};
};

Shape defaultShape(const GstVideoInfo &info)
{
    Shape shape;
    shape.memories = {info.size};
    shape.width = GST_VIDEO_INFO_WIDTH(&info);
    shape.height = GST_VIDEO_INFO_HEIGHT(&info);
    std::copy_n(info.offset, GST_VIDEO_MAX_PLANES, shape.offset);
    std::copy_n(info.stride, GST_VIDEO_MAX_PLANES, shape.stride);
    return shape;
}

// The source's own shape, unless that would waste memory or repeat a crop.
Shape shapeLike(GstBuffer *source, const Negotiated &negotiated)
{
    const GstVideoInfo &info = negotiated.pixels;
    Shape shape = defaultShape(info);
    const gsize total = gst_buffer_get_size(source);
    constexpr gsize kMostWaste = 2;
    if (gst_buffer_get_video_crop_meta(source) || !layoutOf(source, negotiated) ||
        total > info.size * kMostWaste + 65536)
        return shape;
    shape.memories.clear();
    for (guint i = 0; i < gst_buffer_n_memory(source); i++) {
        const gsize size = gst_memory_get_sizes(gst_buffer_peek_memory(source, i), nullptr, nullptr);
        if (size > 0)
            shape.memories.push_back(size);
    }
    if (const GstVideoMeta *meta = gst_buffer_get_video_meta(source)) {
        shape.width = meta->width;
        shape.height = meta->height;
        std::copy_n(meta->offset, GST_VIDEO_MAX_PLANES, shape.offset);
        std::copy_n(meta->stride, GST_VIDEO_MAX_PLANES, shape.stride);
    }
    return shape;
}

void attachVideoMeta(GstBuffer *buffer, GstBuffer *source, const Negotiated &negotiated, Shape &shape)
{
    if (gst_buffer_get_video_meta(buffer))
        return;
    const GstVideoMeta *meta = gst_buffer_get_video_meta(source);
    const GstVideoFrameFlags flags = meta ? meta->flags : GST_VIDEO_FRAME_FLAG_NONE;
    gst_buffer_add_video_meta_full(buffer, flags, GST_VIDEO_INFO_FORMAT(&negotiated.pixels), shape.width, shape.height,
                                   GST_VIDEO_INFO_N_PLANES(&negotiated.pixels), shape.offset, shape.stride);
}

// Empty if the buffer can be written and, under DMABuf caps, is what those promise.
std::string objectionTo(GstBuffer *buffer, const Negotiated &negotiated)
{
    for (guint i = 0; i < gst_buffer_n_memory(buffer); i++) {
        GstMemory *memory = gst_buffer_peek_memory(buffer, i);
        const bool dmabuf = gst_is_dmabuf_memory(memory);
        if (negotiated.feature == MemoryKind::Dmabuf && !dmabuf)
            return "it yields memory that is no dmabuf";
        if (!dmabuf && GST_MEMORY_FLAG_IS_SET(memory, GST_MEMORY_FLAG_NOT_MAPPABLE))
            return "it yields memory that the CPU cannot map";
    }
    if (const Result<BufferLayout> layout = layoutOf(buffer, negotiated); !layout)
        return layout.status().message();
    if (const Sharing sharing = sharingOf(buffer); sharing != Sharing::Exclusive)
        return sharingReason(sharing);
    return {};
}

// Why a pool gave no buffer to one who does not wait.
const char *refusalOf(GstFlowReturn flow)
{
    switch (flow) {
    case GST_FLOW_EOS:
        return "it has no buffer free";
    case GST_FLOW_FLUSHING:
        return "it is flushing or inactive";
    default:
        return "it failed to make a buffer";
    }
}

// One reference is ours: nobody else can have it, and nobody else can get it now.
bool isFree(const MemoryPtr &memory)
{
    return GST_MINI_OBJECT_REFCOUNT_VALUE(memory.get()) == 1;
}

} // namespace

bool DownstreamPool::prepare(const Negotiated &negotiated, GstCaps *caps)
{
    if (gst_buffer_pool_is_active(pool_.get()))
        return true;
    for (int attempt = 0; attempt < 2; attempt++) { // a pool may refuse once and put its own wishes in place
        GstStructure *config = gst_buffer_pool_get_config(pool_.get());
        guint size = 0;
        guint least = 0;
        guint most = 0;
        gst_buffer_pool_config_get_params(config, nullptr, &size, &least, &most);
        size = std::max(size, static_cast<guint>(GST_VIDEO_INFO_SIZE(&negotiated.pixels)));
        gst_buffer_pool_config_set_params(config, caps, size, least, most);
        if (gst_buffer_pool_has_option(pool_.get(), GST_BUFFER_POOL_OPTION_VIDEO_META))
            gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_META);
        if (!gst_buffer_pool_set_config(pool_.get(), config))
            continue;
        activated_ = gst_buffer_pool_set_active(pool_.get(), TRUE);
        return activated_;
    }
    return false;
}

BufferPtr DownstreamPool::acquire(GstBufferPool *pool, const Negotiated &negotiated, GstCaps *caps)
{
    if (pool != pool_.get()) {
        reset();
        if (pool) {
            pool_.reset(static_cast<GstBufferPool *>(gst_object_ref(pool)));
            usable_ = prepare(negotiated, caps);
            reason_ = usable_ ? "" : "it refused these caps";
        }
    }
    if (!usable_)
        return nullptr;
    // Waiting could outlast the pipeline: nobody wakes us when the element stops.
    GstBufferPoolAcquireParams params{};
    params.flags = GST_BUFFER_POOL_ACQUIRE_FLAG_DONTWAIT;
    GstBuffer *buffer = nullptr;
    if (const GstFlowReturn flow = gst_buffer_pool_acquire_buffer(pool_.get(), &buffer, &params); flow != GST_FLOW_OK) {
        reason_ = refusalOf(flow);
        return nullptr;
    }
    BufferPtr owned(buffer);
    const std::string objection = objectionTo(buffer, negotiated);
    if (objection.empty())
        return owned;
    GST_CAT_INFO_OBJECT(logImport, element_, "downstream's pool %s is of no use: %s", GST_OBJECT_NAME(pool_.get()),
                        objection.c_str());
    reason_ = objection;
    usable_ = false;
    return nullptr;
}

void DownstreamPool::reset()
{
    if (activated_)
        gst_buffer_pool_set_active(pool_.get(), FALSE);
    pool_.reset();
    activated_ = false;
    usable_ = false;
    reason_ = "downstream offered none";
}

MemoryPtr RecycledMemories::take(const std::function<bool(GstMemory *)> &fits)
{
    trim();
    for (const MemoryPtr &memory : memories_) {
        if (isFree(memory) && !GST_MEMORY_IS_READONLY(memory.get()) && fits(memory.get()))
            return MemoryPtr(gst_memory_ref(memory.get()));
    }
    return nullptr;
}

void RecycledMemories::trim()
{
    const auto inUse = static_cast<std::size_t>(std::count_if(memories_.begin(), memories_.end(), std::not_fn(isFree)));
    mostInUse_ = std::max(mostInUse_, inUse + 1); // with the one that is about to be taken
    if (++takes_ < kTakesBetweenTrims)
        return;
    std::size_t surplus = memories_.size() - std::min(memories_.size(), mostInUse_);
    std::erase_if(memories_,
                  [&surplus](const MemoryPtr &memory) { return surplus > 0 && isFree(memory) && surplus--; });
    mostInUse_ = 0;
    takes_ = 0;
}

void RecycledMemories::remember(GstMemory *memory)
{
    if (memories_.size() < kMaxRecycled)
        memories_.emplace_back(gst_memory_ref(memory));
}

gsize pageAlign()
{
    return static_cast<gsize>(sysconf(_SC_PAGESIZE)) - 1;
}

constexpr gsize kCacheLine = 64;

// Null if there is none. GStreamer's own allocator would end the process then, and sizes follow the caps.
MemoryPtr systemMemory(gsize size, gsize alignment)
{
    const gsize rounded = (size + alignment - 1) / alignment * alignment;
    void *data = rounded >= size ? std::aligned_alloc(alignment, rounded) : nullptr;
    if (data == nullptr)
        return nullptr;
    return MemoryPtr(gst_memory_new_wrapped(static_cast<GstMemoryFlags>(0), data, rounded, 0, size, data, std::free));
}

Result<MemoryPtr> CopyAllocator::newMemory(bool dmabuf, gsize size)
{
    const auto fits = [dmabuf, size](GstMemory *free) {
        return free->maxsize >= size && free->maxsize <= 2 * size &&
               gst_is_dmabuf_memory(free) == static_cast<gboolean>(dmabuf);
    };
    MemoryPtr memory = recycled_.take(fits);
    if (memory) {
        // Whoever had it may have trimmed it; nobody else holds it now.
        gst_memory_resize(memory.get(), -static_cast<gssize>(memory->offset), size);
        return memory;
    }
    if (dmabuf) {
        Result<MemoryPtr> made = dmabufs_.allocate(size);
        if (!made)
            return Status{Code::System, "no dmabuf of " + std::to_string(size) +
                                            " bytes to copy into: downstream's "
                                            "pool (" +
                                            downstream_.reason() + "), " + made.status().message() +
                                            "; give the process access to /dev/dma_heap or /dev/udmabuf, or use "
                                            "on-shared=passthrough"};
        memory = std::move(made.value());
    } else {
        memory = systemMemory(size, std::max<gsize>(align_ + 1, kCacheLine));
        if (!memory)
            return Status{Code::System, "no memory of " + std::to_string(size) + " bytes to copy into"};
    }
    recycled_.remember(memory.get());
    return memory;
}

Result<GstBuffer *> CopyAllocator::allocate(GstBuffer *source, const Negotiated &negotiated, GstCaps *caps,
                                            GstBufferPool *downstream)
{
    const bool dmabuf = negotiated.feature == MemoryKind::Dmabuf;
    Shape shape = defaultShape(negotiated.pixels);
    if (BufferPtr buffer = downstream_.acquire(downstream, negotiated, caps)) {
        attachVideoMeta(buffer.get(), source, negotiated, shape);
        return buffer.release();
    }
    if (dmabuf)
        shape = shapeLike(source, negotiated);
    BufferPtr buffer(gst_buffer_new());
    for (const gsize size : shape.memories) {
        Result<MemoryPtr> memory = newMemory(dmabuf, size);
        if (!memory)
            return memory.status();
        gst_buffer_append_memory(buffer.get(), memory->release());
    }
    attachVideoMeta(buffer.get(), source, negotiated, shape);
    return buffer.release();
}

void CopyAllocator::clear()
{
    downstream_.reset();
    recycled_.clear();
    dmabufs_.clear();
}

} // namespace zc::gst
