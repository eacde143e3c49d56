// SPDX-License-Identifier: MIT
// New dmabufs from a dma-heap or from /dev/udmabuf, as GStreamer memory.
#pragma once

#include "core/status.hpp"
#include "core/unique_fd.hpp"
#include "gst_ptr.hpp"

#include <string>

namespace zc::gst {

class DmabufAllocator {
public:
    explicit DmabufAllocator(std::string heaps = "/dev/dma_heap", std::string udmabuf = "/dev/udmabuf");

    // Readable and writable memory of exactly `size` bytes; the dmabuf behind it is rounded up to whole pages. The
    // error says how each way failed.
    Result<MemoryPtr> allocate(gsize size);

    void clear(); // closes the device that was found

private:
    Result<UniqueFd> newDmabuf(gsize size);
    Result<UniqueFd> tryHeap(const char *name, gsize size);
    Result<UniqueFd> tryUdmabuf(gsize size);

    std::string heaps_;
    std::string udmabuf_;
    AllocatorPtr wrapper_; // GstDmaBufAllocator, made at first use
    UniqueFd device_;      // the one that worked last
    bool deviceIsHeap_ = false;
};

} // namespace zc::gst
