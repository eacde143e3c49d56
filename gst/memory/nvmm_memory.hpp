// SPDX-License-Identifier: MIT
// NVMM memory of our own, for the copies of shared frames.
#pragma once

#include "../gst_ptr.hpp"
#include "copy_allocator.hpp"
#include "memory/nvbufsurface_create.hpp"

namespace zc::gst {

// A map of any memory that holds an NvBufSurface, for reading.
class SurfaceMap {
public:
    SurfaceMap() = default;
    SurfaceMap(const SurfaceMap &) = delete;
    SurfaceMap &operator=(const SurfaceMap &) = delete;
    ~SurfaceMap() { unmap(); }

    // Keeps the memory alive until unmap().
    Status map(GstMemory *memory);
    void unmap();
    void *data() const { return info_.data; }
    std::size_t size() const { return info_.size; }

private:
    GstMemory *memory_ = nullptr;
    GstMapInfo info_ = GST_MAP_INFO_INIT;
};

// Memories that come back once nobody else holds them. One thread.
class SurfacePool {
public:
    // As many pictures are marked as filled. Transfer: full.
    Result<GstMemory *> acquire(const nvbuf::SurfaceKind &kind, std::uint32_t filled);
    void clear() { recycled_.clear(); }

private:
    RecycledMemories recycled_;
};

} // namespace zc::gst
