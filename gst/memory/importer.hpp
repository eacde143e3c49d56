// SPDX-License-Identifier: MIT
// One importer per kind of GstMemory: it makes a buffer's planes addressable for a backend, and can allocate a like
// buffer to copy into. A new kind of memory is one file beside this and one line in importers.cpp.
#pragma once

#include "../buffer_layout.hpp"
#include "backend/backend.hpp"
#include "core/dmabuf.hpp"
#include "cuda_context.hpp"
#include "gl_context.hpp"
#include "memory/host_mapping.hpp"

#include <memory>
#include <span>
#include <vector>

namespace zc::gst {

// Who imports, and where kernels are to run: importers make memory reachable from there.
struct ImportSite {
    GstElement *element = nullptr; // borrowed; null in tests
    Device device = Device::Cpu;
    int cudaDeviceId = -1;
    CudaContexts *contexts = nullptr; // borrowed; null: no CUDAMemory
    GlContexts *gl = nullptr;         // borrowed; null: no GLMemory
    // With device=cuda: what makes host memory reachable for the GPU, shared by all importers of an element.
    std::shared_ptr<HostGpu> hostGpu;
};

struct ImportCounters {
    guint64 imports = 0;   // mappings or registrations made
    guint64 cacheHits = 0; // frames that needed none
};

// Owned by one element; used from its streaming thread. Cached imports die with their GstMemory, on whatever thread
// that happens, and with the importer.
class Importer {
public:
    virtual ~Importer() = default;

    virtual MemoryKind kind() const = 0;

    // Whether it is for buffers under such caps at all: what an NVMM buffer maps to is no picture, which nothing but
    // the caps tells.
    virtual bool serves(const Negotiated &negotiated) const { return negotiated.feature != MemoryKind::Nvmm; }

    // By the type of the buffer's memories, not by the caps.
    virtual bool accepts(GstBuffer *buffer) const = 0;

    // Where the planes lie. Memory that knows that itself overrides the caps, never the buffer's GstVideoMeta.
    virtual Result<BufferLayout> layout(GstBuffer *buffer, const Negotiated &negotiated) const
    {
        return layoutOf(buffer, negotiated);
    }

    // Maps or registers (or finds in the cache) what the layout names, waits for fences, begins CPU access. The
    // frames (one, or one per batched surface) are valid until close().
    virtual Result<std::span<const Frame>> open(GstBuffer *buffer, const BufferLayout &layout,
                                                const Negotiated &negotiated, Access access) = 0;
    // Ends CPU access. Must follow every successful open().
    virtual Status close() = 0;

    // A writable buffer of the same kind of memory for these caps, without the source's metas and timestamps. Transfer:
    // full. `downstream` is downstream's pool from the allocation query, or null.
    virtual Result<GstBuffer *> allocateLike(GstBuffer *source, const Negotiated &negotiated, GstCaps *caps,
                                             GstBufferPool *downstream) = 0;

    // Forgets every cached import (caps change, stop).
    virtual void clear() = 0;

    // True if the memory opened last carries its own stream, so that work may stay queued when the buffer is pushed.
    virtual bool staysQueued() const { return false; }

    // Waits for what others have queued on the memory opened last, for work on it that is queued elsewhere.
    virtual void settle() {}

    virtual ImportCounters counters() const = 0;
};

// Every importer that this build knows and that can serve the site, in order of preference.
std::vector<std::unique_ptr<Importer>> makeImporters(const ImportSite &site = {});

} // namespace zc::gst
