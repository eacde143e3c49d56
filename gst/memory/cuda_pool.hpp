// SPDX-License-Identifier: MIT
// Pools of CUDA memory, made and reused. Needs gstcuda's headers to include.
#pragma once

#include "../caps.hpp"
#include "../compat.hpp"
#include "../gst_ptr.hpp"

#include <gst/cuda/gstcudabufferpool.h>
#include <gst/cuda/gstcudacontext.h>
#include <gst/cuda/gstcudamemory.h>

namespace zc::gst {

// The GstCudaStream that work on the memory is queued on, or null. Transfer: none.
GstMiniObject *cudaStreamOf(GstCudaMemory *memory);

// A configured, inactive GstCudaBufferPool; memory out of it has that stream. `stream` may be null. `size` is that of
// its buffers, pitch included.
Result<BufferPoolPtr> makeCudaPool(GstCudaContext *context, GstMiniObject *stream, const Negotiated &negotiated,
                                   GstCaps *caps, guint *size = nullptr);

// The pool that copies come out of while context, stream and caps stay. One thread.
class CudaPool {
public:
    CudaPool() = default;
    CudaPool(const CudaPool &) = delete;
    CudaPool &operator=(const CudaPool &) = delete;
    ~CudaPool() { reset(); }

    // Transfer: full.
    Result<GstBuffer *> acquire(GstCudaContext *context, GstMiniObject *stream, const Negotiated &negotiated,
                                GstCaps *caps);
    void reset();

private:
    Status open(GstCudaContext *context, GstMiniObject *stream, const Negotiated &negotiated, GstCaps *caps);

    BufferPoolPtr pool_;              // active; holds the context, so that comparing pointers with it is sound
    GstMiniObject *stream_ = nullptr; // owned
    GstCaps *caps_ = nullptr;         // owned
};

} // namespace zc::gst
