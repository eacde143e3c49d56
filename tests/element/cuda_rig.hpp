// SPDX-License-Identifier: MIT
// Buffers of CUDA memory out of gstcuda, on the stand-in driver or on a GPU.
#pragma once

#include "buffers.hpp"
#include "compat.hpp"
#include "element_harness.hpp"

#include <gst/cuda/gstcudabufferpool.h>
#include <gst/cuda/gstcudacontext.h>
#include <gst/cuda/gstcudaloader.h>
#include <gst/cuda/gstcudamemory.h>
#include <gst/cuda/gstcudautils.h>

#include <memory>
#include <string>

namespace zc::test {

struct UnrefObject {
    void operator()(gpointer object) const { gst_object_unref(object); }
};
using CudaContextPtr = std::unique_ptr<GstCudaContext, UnrefObject>;

// Null where there is no such GPU.
inline CudaContextPtr makeCudaContext(guint device = 0)
{
    if (!gst_cuda_load_library())
        return nullptr;
    gst_cuda_memory_init_once();
    return CudaContextPtr(gst_cuda_context_new(device));
}

inline std::string cudaCaps(const std::string &format, int width, int height)
{
    return "video/x-raw(memory:CUDAMemory),format=" + format + ",width=" + std::to_string(width) +
           ",height=" + std::to_string(height) + ",framerate=30/1";
}

// Buffers of one pool, as an upstream element makes them. On GStreamer 1.24 and later they have a stream of their own.
class CudaSource {
public:
    CudaSource(GstCudaContext *context, const std::string &caps, bool withStream = true)
        : info_(infoOf(caps)), pool_(gst_cuda_buffer_pool_new(context))
    {
        const gst::CapsPtr parsed(gst_caps_from_string(caps.c_str()));
        GstStructure *config = gst_buffer_pool_get_config(pool_);
        gst_buffer_pool_config_set_params(config, parsed.get(), static_cast<guint>(info_.size), 0, 0);
#ifdef ZC_GST_CUDA_STREAMS
        if (withStream) {
            stream_ = gst_cuda_stream_new(context);
            gst_buffer_pool_config_set_cuda_stream(config, stream_);
        }
#else
        (void)withStream;
#endif
        EXPECT_TRUE(gst_buffer_pool_set_config(pool_, config));
        EXPECT_TRUE(gst_buffer_pool_set_active(pool_, TRUE));
    }
    CudaSource(const CudaSource &) = delete;
    CudaSource &operator=(const CudaSource &) = delete;
    ~CudaSource()
    {
        gst_buffer_pool_set_active(pool_, FALSE);
        gst_object_unref(pool_);
#ifdef ZC_GST_CUDA_STREAMS
        gst_clear_cuda_stream(&stream_);
#endif
    }

    const GstVideoInfo &info() const
    {
        return info_;
    }
    GstBufferPool *pool() const
    {
        return pool_;
    }

    // Not filled: what a pool gives.
    Buffer acquire() const
    {
        GstBuffer *buffer = nullptr;
        EXPECT_EQ(gst_buffer_pool_acquire_buffer(pool_, &buffer, nullptr), GST_FLOW_OK);
        return Buffer(buffer);
    }

private:
    GstVideoInfo info_;
    GstBufferPool *pool_;
#ifdef ZC_GST_CUDA_STREAMS
    GstCudaStream *stream_ = nullptr;
#endif
};

// Memory outside of any pool, without a stream.
inline GstMemory *newCudaMemory(GstCudaContext *context, const GstVideoInfo &info)
{
    GstAllocator *allocator = gst_allocator_find(GST_CUDA_MEMORY_TYPE_NAME);
#ifdef ZC_GST_CUDA_STREAMS
    GstMemory *memory = gst_cuda_allocator_alloc(GST_CUDA_ALLOCATOR(allocator), context, nullptr, &info);
#else
    GstMemory *memory = gst_cuda_allocator_alloc(GST_CUDA_ALLOCATOR(allocator), context, &info);
#endif
    gst_object_unref(allocator);
    return memory;
}

inline GstCudaMemory *cudaMemory(const Buffer &buffer)
{
    return GST_CUDA_MEMORY_CAST(gst_buffer_peek_memory(buffer.get(), 0));
}

// The address on the GPU, without any transfer.
inline std::uint8_t *deviceAddress(const Buffer &buffer)
{
    GstMemory *memory = gst_buffer_peek_memory(buffer.get(), 0);
    GstMapInfo map = GST_MAP_INFO_INIT;
    if (!gst_memory_map(memory, &map, static_cast<GstMapFlags>(GST_MAP_READ | GST_MAP_CUDA)))
        return nullptr;
    auto *address = map.data;
    gst_memory_unmap(memory, &map);
    return address;
}

} // namespace zc::test
