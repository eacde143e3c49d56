// SPDX-License-Identifier: MIT
// The importer of CUDA memory: a pointer that the GPU has already, in the context and on the stream of the memory.
#include "cuda_memory.hpp"

#include "copy_allocator.hpp"
#include "cuda_pool.hpp"
#include "plane_data.hpp"

#include <array>
#include <string>

namespace zc::gst {
namespace {

gpointer handleOf(GstMiniObject *stream)
{
#ifdef ZC_GST_CUDA_STREAMS
    return stream != nullptr ? gst_cuda_stream_get_handle(reinterpret_cast<GstCudaStream *>(stream)) : nullptr;
#else
    (void)stream;
    return nullptr;
#endif
}

// As a map for writing leaves the memory: what the CPU has of it is stale, and its stream is at work.
void markWritten(GstMemory *memory, bool queued)
{
    GST_MINI_OBJECT_FLAG_SET(memory, GST_CUDA_MEMORY_TRANSFER_NEED_DOWNLOAD);
#ifdef ZC_GST_CUDA_STREAMS
    if (queued)
        GST_MINI_OBJECT_FLAG_SET(memory, GST_CUDA_MEMORY_TRANSFER_NEED_SYNC);
#else
    (void)queued;
#endif
}

// GStreamer's maps with GST_MAP_CUDA: a pending change of the CPU is uploaded, and later maps of the CPU see ours.
class CudaMaps {
public:
    CudaMaps() = default;
    CudaMaps(const CudaMaps &) = delete;
    CudaMaps &operator=(const CudaMaps &) = delete;
    ~CudaMaps() { unmapAll(); }

    Result<std::uint8_t *> map(GstMemory *memory, Access access);
    void unmapAll();
    // Waits for what is queued on the memories' own streams.
    void settle();

private:
    struct Entry {
        GstMemory *memory = nullptr; // a reference of ours
        GstMapInfo info = GST_MAP_INFO_INIT;
    };
    std::array<Entry, kMaxPlanes> entries_;
    std::size_t count_ = 0;
};

Result<std::uint8_t *> CudaMaps::map(GstMemory *memory, Access access)
{
    for (std::size_t i = 0; i < count_; i++) {
        if (entries_[i].memory == memory)
            return static_cast<std::uint8_t *>(entries_[i].info.data);
    }
    int flags = GST_MAP_READ | GST_MAP_CUDA;
    if (writes(access) && GST_MEMORY_IS_READONLY(memory))
        return Status{Code::Access,
                      "the CUDA memory is marked read-only and cannot be written; on-shared=copy works on "
                      "a copy instead"};
    // Memory with several holders refuses a map for writing; on-shared=write means it all the same.
    const bool exclusive = gst_memory_is_writable(memory);
    if (writes(access) && exclusive)
        flags |= GST_MAP_WRITE;
    Entry &entry = entries_[count_];
    if (!gst_memory_map(memory, &entry.info, static_cast<GstMapFlags>(flags)))
        return cudaFailure(GST_CUDA_MEMORY_CAST(memory)->context,
                           "the CUDA memory (" + std::to_string(memory->size) + " bytes) cannot be mapped for the GPU",
                           ": somebody else has it mapped, or the upload of what the CPU wrote to it failed "
                           "(GST_DEBUG=cuda*:4 tells)");
    entry.memory = gst_memory_ref(memory);
    count_++;
    if (writes(access) && !exclusive)
        markWritten(memory, cudaStreamOf(GST_CUDA_MEMORY_CAST(memory)) != nullptr);
    return static_cast<std::uint8_t *>(entry.info.data);
}

void CudaMaps::unmapAll()
{
    for (std::size_t i = 0; i < count_; i++) {
        gst_memory_unmap(entries_[i].memory, &entries_[i].info);
        gst_memory_unref(entries_[i].memory);
        entries_[i] = Entry{};
    }
    count_ = 0;
}

void CudaMaps::settle()
{
#ifdef ZC_GST_CUDA_STREAMS
    for (std::size_t i = 0; i < count_; i++)
        gst_cuda_memory_sync(GST_CUDA_MEMORY_CAST(entries_[i].memory));
#endif
}

class CudaMemoryImporter final : public Importer {
public:
    explicit CudaMemoryImporter(const ImportSite &site)
        : contexts_(*site.contexts), wantedDevice_(site.cudaDeviceId), downstream_(site.element)
    {}
    MemoryKind kind() const override { return MemoryKind::Cuda; }
    bool accepts(GstBuffer *buffer) const override;
    Result<BufferLayout> layout(GstBuffer *buffer, const Negotiated &negotiated) const override;
    Result<std::span<const Frame>> open(GstBuffer *buffer, const BufferLayout &layout, const Negotiated &negotiated,
                                        Access access) override;
    Status close() override
    {
        maps_.unmapAll();
        return {};
    }
    Result<GstBuffer *> allocateLike(GstBuffer *source, const Negotiated &negotiated, GstCaps *caps,
                                     GstBufferPool *downstream) override;
    void clear() override
    {
        pools_.reset();
        downstream_.reset();
        context_ = nullptr;
    }
    bool staysQueued() const override { return frame_.stream != nullptr; }
    void settle() override { maps_.settle(); }
    ImportCounters counters() const override { return {}; } // nothing lasting is made

private:
    Status adopt(const BufferLayout &layout);
    Status checkDevice(GstCudaContext *context);

    CudaContexts &contexts_;
    int wantedDevice_;
    GstCudaContext *context_ = nullptr; // of the last frame; kept alive by contexts_ until clear()
    int device_ = -1;                   // of that context
    CudaMaps maps_;
    Frame frame_;
    CudaPools pools_;
    DownstreamPool downstream_;
};

bool CudaMemoryImporter::accepts(GstBuffer *buffer) const
{
    const guint count = gst_buffer_n_memory(buffer);
    for (guint i = 0; i < count; i++) {
        if (!gst_is_cuda_memory(gst_buffer_peek_memory(buffer, i)))
            return false;
    }
    return count > 0;
}

Result<BufferLayout> CudaMemoryImporter::layout(GstBuffer *buffer, const Negotiated &negotiated) const
{
    const GstVideoInfo &own = GST_CUDA_MEMORY_CAST(gst_buffer_peek_memory(buffer, 0))->info;
    const bool describes = gst_buffer_n_memory(buffer) == 1 && gst_buffer_get_video_meta(buffer) == nullptr &&
                           GST_VIDEO_INFO_FORMAT(&own) == GST_VIDEO_INFO_FORMAT(&negotiated.pixels) &&
                           GST_VIDEO_INFO_WIDTH(&own) >= GST_VIDEO_INFO_WIDTH(&negotiated.pixels) &&
                           GST_VIDEO_INFO_HEIGHT(&own) >= GST_VIDEO_INFO_HEIGHT(&negotiated.pixels);
    if (!describes)
        return layoutOf(buffer, negotiated);
    Negotiated pitched = negotiated;
    std::copy(std::begin(own.offset), std::end(own.offset), std::begin(pitched.pixels.offset));
    std::copy(std::begin(own.stride), std::end(own.stride), std::begin(pitched.pixels.stride));
    return layoutOf(buffer, pitched);
}

Status CudaMemoryImporter::checkDevice(GstCudaContext *context)
{
    guint device = 0;
    g_object_get(context, "cuda-device-id", &device, nullptr);
    device_ = static_cast<int>(device);
    if (wantedDevice_ < 0 || wantedDevice_ == device_)
        return {};
    const std::string found = std::to_string(device_), wanted = std::to_string(wantedDevice_);
    return {Code::InvalidArgument, "the buffer's CUDA memory lies on GPU " + found + ", but cuda-device-id=" + wanted +
                                       "; set cuda-device-id=" + found + " or -1 here, or cuda-device-id=" + wanted +
                                       " on the element that makes the buffers"};
}

// Takes over the context and the stream of the memories; a buffer is of one context.
Status CudaMemoryImporter::adopt(const BufferLayout &layout)
{
    auto *first = GST_CUDA_MEMORY_CAST(layout.plane[0].memory);
    GstMiniObject *stream = cudaStreamOf(first);
    bool oneStream = true;
    for (guint i = 1; i < layout.planes; i++) {
        auto *memory = GST_CUDA_MEMORY_CAST(layout.plane[i].memory);
        if (memory->context != first->context)
            return {Code::BadLayout,
                    "the planes of the buffer lie in CUDA memories of different contexts; expected one"};
        oneStream = oneStream && cudaStreamOf(memory) == stream;
    }
    if (first->context != context_) {
        if (Status status = checkDevice(first->context); !status)
            return status;
        context_ = first->context;
    }
    contexts_.adopt(first->context, stream);
    frame_.device = device_;
    frame_.context = gst_cuda_context_get_handle(first->context);
    frame_.stream = oneStream ? handleOf(stream) : nullptr;
    return {};
}

Result<std::span<const Frame>> CudaMemoryImporter::open(GstBuffer *, const BufferLayout &layout,
                                                        const Negotiated &negotiated, Access access)
{
    frame_ = frameFor(layout, negotiated);
    frame_.memory = MemoryKind::Cuda;
    if (Status status = adopt(layout); !status)
        return status;
    for (guint i = 0; i < layout.planes; i++) {
        const PlaneLocation &plane = layout.plane[i];
        const auto base = maps_.map(plane.memory, access);
        Status status = base ? setPlaneData(frame_, i, base.value() + plane.offset) : base.status();
        if (!status) {
            maps_.unmapAll();
            return status;
        }
    }
    // Work that is not queued behind the producer's has to wait for it here.
    if (frame_.stream == nullptr)
        maps_.settle();
    return std::span<const Frame>(&frame_, 1);
}

Result<GstBuffer *> CudaMemoryImporter::allocateLike(GstBuffer *source, const Negotiated &negotiated, GstCaps *caps,
                                                     GstBufferPool *downstream)
{
    auto *memory = GST_CUDA_MEMORY_CAST(gst_buffer_peek_memory(source, 0));
    // Memory of another context could be written only by a copy between contexts.
    const bool sameContext = downstream != nullptr && GST_IS_CUDA_BUFFER_POOL(downstream) &&
                             GST_CUDA_BUFFER_POOL(downstream)->context == memory->context;
    if (sameContext) {
        if (BufferPtr buffer = downstream_.acquire(downstream, negotiated, caps); buffer)
            return buffer.release();
    }
    return pools_.acquire(memory->context, cudaStreamOf(memory), negotiated, caps);
}

} // namespace

std::unique_ptr<Importer> makeCudaMemoryImporter(const ImportSite &site)
{
    if (site.device == Device::Cpu || site.contexts == nullptr || !cudaMemoryUsable())
        return nullptr;
    return std::make_unique<CudaMemoryImporter>(site);
}

bool isCudaMemoryOfOtherProcess(GstMemory *memory)
{
#ifdef ZC_GST_CUDA_STREAMS
    // cudaipcsrc wraps what it imported, with data of its own for the release, and marks it read-only; a wrapped
    // surface of a decoder is not marked.
    return GST_MEMORY_IS_READONLY(memory) && cudaMemoryUsable() && gst_is_cuda_memory(memory) &&
           gst_cuda_memory_get_user_data(GST_CUDA_MEMORY_CAST(memory)) != nullptr;
#else
    (void)memory; // there is no cudaipcsrc before 1.24
    return false;
#endif
}

} // namespace zc::gst
