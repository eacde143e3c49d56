// SPDX-License-Identifier: MIT
// Pools of gstcuda for the copies of shared frames, and for upstream where downstream proposes none.
#include "cuda_pool.hpp"

#include "../log.hpp"
#include "cuda_memory.hpp"

#include <algorithm>
#include <iterator>
#include <string>

namespace zc::gst {
namespace {

Status poolFailure(GstCudaContext *context, const Negotiated &negotiated, const char *what)
{
    return cudaFailure(context,
                       std::string("cannot ") + what + " a pool of CUDA memory for " +
                           formatInfo(negotiated.format).name + ", " +
                           std::to_string(GST_VIDEO_INFO_WIDTH(&negotiated.pixels)) + "x" +
                           std::to_string(GST_VIDEO_INFO_HEIGHT(&negotiated.pixels)),
                       "; the GPU may be out of memory: nvidia-smi tells, and smaller queues or on-shared=passthrough "
                       "need less");
}

} // namespace

GstMiniObject *cudaStreamOf(GstCudaMemory *memory)
{
#ifdef ZC_GST_CUDA_STREAMS
    return reinterpret_cast<GstMiniObject *>(gst_cuda_memory_get_stream(memory));
#else
    (void)memory;
    return nullptr;
#endif
}

Result<BufferPoolPtr> makeCudaPool(GstCudaContext *context, GstMiniObject *stream, const Negotiated &negotiated,
                                   GstCaps *caps, guint *size)
{
    // GStreamer 1.22 ends the process when its allocator meets a format that it cannot hold.
    if (!cudaMemoryHolds(negotiated.format))
        return Status{Code::Unsupported, std::string("GStreamer's CUDA memory cannot hold ") +
                                             formatInfo(negotiated.format).name +
                                             "; convert with videoconvert before cudaupload"};
    BufferPoolPtr pool(gst_cuda_buffer_pool_new(context));
    GstStructure *config = gst_buffer_pool_get_config(pool.get());
    gst_buffer_pool_config_set_params(config, caps, static_cast<guint>(GST_VIDEO_INFO_SIZE(&negotiated.pixels)), 0, 0);
    gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_META);
#ifdef ZC_GST_CUDA_STREAMS
    if (stream != nullptr)
        gst_buffer_pool_config_set_cuda_stream(config, reinterpret_cast<GstCudaStream *>(stream));
#else
    (void)stream;
#endif
    if (!gst_buffer_pool_set_config(pool.get(), config))
        return poolFailure(context, negotiated, "configure");
    if (size != nullptr) {
        config = gst_buffer_pool_get_config(pool.get());
        gst_buffer_pool_config_get_params(config, nullptr, size, nullptr, nullptr);
        gst_structure_free(config);
    }
    return pool;
}

Status CudaPools::open(GstCudaContext *context, GstMiniObject *stream, const Negotiated &negotiated, GstCaps *caps)
{
    auto made = makeCudaPool(context, stream, negotiated, caps);
    if (!made)
        return made.status();
    if (!gst_buffer_pool_set_active(made->get(), TRUE))
        return poolFailure(context, negotiated, "start");
    if (pools_.size() == kMost)
        close(pools_.back());
    else
        pools_.emplace_back();
    pools_.back() = {made.value().release(), stream != nullptr ? gst_mini_object_ref(stream) : nullptr};
    return {};
}

Result<GstBuffer *> CudaPools::acquire(GstCudaContext *context, GstMiniObject *stream, const Negotiated &negotiated,
                                       GstCaps *caps)
{
    if (caps_ == nullptr || (caps_ != caps && !gst_caps_is_equal(caps_, caps)))
        reset();
    gst_caps_replace(&caps_, caps);
    auto fits = std::find_if(pools_.begin(), pools_.end(), [&](const Entry &one) {
        return GST_CUDA_BUFFER_POOL(one.pool)->context == context && one.stream == stream;
    });
    if (fits == pools_.end()) {
        if (Status status = open(context, stream, negotiated, caps); !status)
            return status;
        fits = std::prev(pools_.end());
    }
    std::rotate(pools_.begin(), fits, std::next(fits)); // the one used longest ago is the last
    GstBuffer *buffer = nullptr;
    if (gst_buffer_pool_acquire_buffer(pools_.front().pool, &buffer, nullptr) != GST_FLOW_OK)
        return poolFailure(context, negotiated, "get a buffer out of");
    return buffer;
}

void CudaPools::close(Entry &one)
{
    gst_buffer_pool_set_active(one.pool, FALSE);
    gst_clear_object(&one.pool);
    gst_mini_object_replace(&one.stream, nullptr);
}

void CudaPools::reset()
{
    for (Entry &one : pools_)
        close(one);
    pools_.clear();
    gst_clear_caps(&caps_);
}

bool proposeCudaPool(GstQuery *query, CudaContexts &contexts, int deviceId)
{
    GstCaps *caps = nullptr;
    gst_query_parse_allocation(query, &caps, nullptr);
    const Result<Negotiated> negotiated = parseCaps(caps);
    if (!negotiated || negotiated.value().feature != MemoryKind::Cuda)
        return false;
    for (guint i = 0; i < gst_query_get_n_allocation_pools(query); i++) {
        GstBufferPool *pool = nullptr;
        gst_query_parse_nth_allocation_pool(query, i, &pool, nullptr, nullptr, nullptr);
        if (const BufferPoolPtr owned(pool); owned)
            return true;
    }
    guint size = 0;
    const auto context = contexts.ensure(deviceId);
    // Memory with a stream of its own is worked on and handed over without a wait.
    GstMiniObject *stream = context ? contexts.proposedStream(context.value()) : nullptr;
    const auto pool = context ? makeCudaPool(context.value(), stream, negotiated.value(), caps, &size)
                              : Result<BufferPoolPtr>(context.status());
    if (!pool) {
        GST_CAT_WARNING(logElement, "upstream is offered no pool: %s", pool.status().message().c_str());
        return false;
    }
    gst_query_add_allocation_pool(query, pool.value().get(), size, 0, 0);
    return true;
}

} // namespace zc::gst
