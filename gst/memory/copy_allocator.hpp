// SPDX-License-Identifier: MIT
// Buffers to copy into: downstream's, else our own, reused from frame to frame.
#pragma once

#include "../caps.hpp"
#include "dmabuf_alloc.hpp"
#include "gst_ptr.hpp"

#include <functional>
#include <string>
#include <vector>

namespace zc::gst {

// Buffers out of downstream's pool, as long as they are of use.
class DownstreamPool {
public:
    explicit DownstreamPool(GstElement *element) : element_(element) {}
    DownstreamPool(const DownstreamPool &) = delete;
    DownstreamPool &operator=(const DownstreamPool &) = delete;
    ~DownstreamPool() { reset(); }

    // Null if there is no pool, if it gives no buffer now, or if what it yields cannot be used (see reason()).
    BufferPtr acquire(GstBufferPool *pool, const Negotiated &negotiated, GstCaps *caps);
    const std::string &reason() const { return reason_; }
    void reset();

private:
    bool prepare(const Negotiated &negotiated, GstCaps *caps);

    GstElement *element_; // borrowed, for the log
    BufferPoolPtr pool_;
    bool usable_ = false;
    bool activated_ = false; // by us, so that we stop it too
    std::string reason_ = "downstream offered none";
};

// Memories that come back once nobody else holds them. As many are kept as were in use at once lately, and 64 at most.
class RecycledMemories {
public:
    // One that fits and that nobody holds, or null.
    MemoryPtr take(const std::function<bool(GstMemory *)> &fits);
    void remember(GstMemory *memory);
    void clear() { *this = {}; }

private:
    void trim();

    std::vector<MemoryPtr> memories_;
    std::size_t mostInUse_ = 0; // since the last trimming
    unsigned takes_ = 0;        // likewise
};

// GstAllocationParams::align: for vector loads, and for memory that shares no page with its like.
inline constexpr gsize kRowAlign = 63;
gsize pageAlign();

class CopyAllocator {
public:
    // `element` is the one that speaks in the log; borrowed.
    explicit CopyAllocator(DmabufAllocator dmabufs = DmabufAllocator(), gsize align = kRowAlign,
                           GstElement *element = nullptr)
        : dmabufs_(std::move(dmabufs)), align_(align), downstream_(element)
    {}

    // Under DMABuf caps the copy is dmabufs, with the strides and the split into memories of the source where it can;
    // under plain caps it is system memory in the default layout, which suits consumers that ignore GstVideoMeta.
    // A crop is not repeated: the copy holds the visible picture alone.
    Result<GstBuffer *> allocate(GstBuffer *source, const Negotiated &negotiated, GstCaps *caps,
                                 GstBufferPool *downstream);
    void clear();

private:
    Result<MemoryPtr> newMemory(bool dmabuf, gsize size);

    DmabufAllocator dmabufs_;
    gsize align_; // of system memory
    RecycledMemories recycled_;
    DownstreamPool downstream_;
};

} // namespace zc::gst
