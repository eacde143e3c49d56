// SPDX-License-Identifier: MIT
// Pools of CUDA memory, made and reused. Needs gstcuda's headers to include.
#pragma once

#include "../caps.hpp"
#include "../compat.hpp"
#include "../gst_ptr.hpp"

#include <gst/cuda/gstcudabufferpool.h>
#include <gst/cuda/gstcudacontext.h>
#include <gst/cuda/gstcudamemory.h>

#include <vector>

namespace zc::gst {

// The GstCudaStream that work on the memory is queued on, or null. Transfer: none.
GstMiniObject *cudaStreamOf(GstCudaMemory *memory);

// A configured, inactive GstCudaBufferPool; memory out of it has that stream. `stream` may be null. `size` is that of
// its buffers, pitch included.
Result<BufferPoolPtr> makeCudaPool(GstCudaContext *context, GstMiniObject *stream, const Negotiated &negotiated,
                                   GstCaps *caps, guint *size = nullptr);

// The pools that copies come out of while the caps stay: one for each context and stream, of which a few are kept for
// sources that take turns. One thread.
class CudaPools {
public:
    CudaPools() = default;
    CudaPools(const CudaPools &) = delete;
    CudaPools &operator=(const CudaPools &) = delete;
    ~CudaPools() { reset(); }

    // Transfer: full.
    Result<GstBuffer *> acquire(GstCudaContext *context, GstMiniObject *stream, const Negotiated &negotiated,
                                GstCaps *caps);
    void reset();

private:
    static constexpr std::size_t kMost = 4;
    struct Entry {
        GstBufferPool *pool = nullptr;   // active; holds the context, so that comparing pointers with it is sound
        GstMiniObject *stream = nullptr; // or null
    };

    Status open(GstCudaContext *context, GstMiniObject *stream, const Negotiated &negotiated, GstCaps *caps);
    static void close(Entry &one);

    std::vector<Entry> pools_; // owned; the one used last comes first
    GstCaps *caps_ = nullptr;  // owned
};

} // namespace zc::gst
