// SPDX-License-Identifier: MIT
// Whether this process can use memory:CUDAMemory, and the CUDA contexts of GStreamer that an element works in. No type
// of gstcuda is needed to include this.
#pragma once

#include "core/format.hpp"
#include "core/status.hpp"

#include <gst/gst.h>

#include <mutex>
#include <thread>
#include <vector>

typedef struct _GstCudaContext GstCudaContext; // of <gst/cuda/gstcudacontext.h>

namespace zc::gst {

// Whether gstcuda was there when this was built. The functions below answer "no" where it was not.
bool cudaMemoryBuilt();

// Whether gstcuda may be called: the library breaks its ABI between minor versions of GStreamer under one soname, so
// the running minor must be the built one. The message says what is and what would work. Opens nothing; any thread.
Status cudaMemoryUsable();

// As above, and the driver and a GPU are there. Opens the driver at the first call that finds one; any thread.
Status cudaMemoryReachable();

// The same for whoever can do without: looked up once in the life of the process, so that a machine without a GPU does
// not search for one with every query. Only after cudaMemoryUsable(); any thread.
bool cudaMemoryWorthOffering();

// Whether GStreamer's allocator of this version can hold the format; it aborts the process on others.
bool cudaMemoryHolds(Format format);

// For tests: the version that cudaMemoryUsable() takes for the running one. Null: gst_version().
using VersionFn = void (*)(guint *major, guint *minor, guint *micro, guint *nano);
void setRunningVersion(VersionFn version);

// Keeps every context and stream that buffers came with until release(), since backends hold things inside them. The
// context of the latest buffer is the one that neighbours are given.
class CudaContexts {
public:
    explicit CudaContexts(GstElement *element) : element_(element) {}
    CudaContexts(const CudaContexts &) = delete;
    CudaContexts &operator=(const CudaContexts &) = delete;
    ~CudaContexts() { release(); }

    // What GstElement's set_context was given; ignored if it is no CUDA context, if it belongs to another GPU than
    // `deviceId` (-1: any), or if there is a context already. Any thread.
    void take(GstContext *context, int deviceId);

    // Answers a CONTEXT query about CUDA with the context at hand; false if there is none. Any thread.
    bool answer(GstQuery *query) const;

    // The context at hand, else that of a neighbour or the application, else a new one, which the rest of the pipeline
    // is told of. One thread at a time; asks neighbours, so no lock may be held. Transfer: none, until release().
    Result<GstCudaContext *> ensure(int deviceId);

    // The context, and the GstCudaStream or null, of a buffer. Streaming thread.
    void adopt(GstCudaContext *context, GstMiniObject *stream);

    // After the backends and before the element stops. What the application set comes back with the next ensure().
    void release();

private:
    GstElement *element_; // borrowed
    mutable std::mutex mutex_;
    GstCudaContext *current_ = nullptr; // under the mutex, owned
    std::thread::id asker_;             // under the mutex: who is inside ensure()
    GstCudaContext *asked_ = nullptr;   // that thread's alone: what it has been given so far, owned
    // The streaming thread's, owned.
    std::vector<GstCudaContext *> contexts_;
    std::vector<GstMiniObject *> streams_;
};

} // namespace zc::gst
