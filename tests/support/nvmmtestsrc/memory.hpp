// SPDX-License-Identifier: MIT
// GstMemory that is an NvBufSurface, as the real producers make it.
#pragma once

#include "breakage.hpp"

#include <gst/gst.h>
#include <gst/video/video.h>

#include <memory>
#include <mutex>
#include <vector>

namespace zc::nvmm_test {

// Whose allocator to be like: nvv4l2decoder's (a bigger maxsize), that of the nvds pools, nvvidconv's (not shareable).
enum class Producer { Decoder, Nvds, Converter };

struct SurfaceWish {
    fake_nvbuf::CreateParams create{};
    std::uint32_t batchSize = 1;
    Producer producer = Producer::Nvds;
    bool keep = false;    // surfaces wait for the next memory
    bool ownsEgl = false; // EGLImages are the producer's: unmapped before the surface goes
};

// Makes surfaces and takes them back; shared by the memories that hold them.
class SurfaceStore {
public:
    SurfaceStore(const Library &library, const SurfaceWish &wish) : library_(library), wish_(wish) {}
    ~SurfaceStore();
    SurfaceStore(const SurfaceStore &) = delete;
    SurfaceStore &operator=(const SurfaceStore &) = delete;

    void *take(); // null if the library makes none
    void give(void *surface);
    const Library &library() const { return library_; }
    const SurfaceWish &wish() const { return wish_; }

private:
    void destroy(void *surface);

    const Library &library_;
    const SurfaceWish wish_;
    std::mutex mutex_;
    std::vector<void *> idle_;
};

struct SurfaceMemory {
    GstMemory memory;
    std::shared_ptr<SurfaceStore> *store;
    void *surface;
    Breakage *breakage;
};

// Null if there is no surface to be had.
GstMemory *newSurfaceMemory(const std::shared_ptr<SurfaceStore> &store);
// Null if the memory is none of these.
SurfaceMemory *surfaceMemory(GstMemory *memory);
SurfaceMemory *surfaceMemory(GstBuffer *buffer);

// A pool whose buffers hold such memory.
GstBufferPool *newSurfacePool(const std::shared_ptr<SurfaceStore> &store, GstCaps *caps, unsigned buffers);

} // namespace zc::nvmm_test
