// SPDX-License-Identifier: MIT
// Whether this process can use memory:CUDAMemory, and the CUDA contexts of GStreamer that an element works in. No type
// of gstcuda is needed to include this.
#pragma once

#include "core/format.hpp"
#include "core/status.hpp"

#include <gst/gst.h>

#include <array>
#include <mutex>
#include <string>
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

// The same for whoever can do without: the last answer of cudaMemoryReachable(), so that a machine without a GPU does
// not search for one with every query. Any thread.
bool cudaMemoryWorthOffering();

// What a failed call of gstcuda becomes, which tells no more than that it failed: if the GPU is lost, GpuLost with
// CUDA's name for it behind `what`, else `what` and `guess`.
Status cudaFailure(GstCudaContext *context, const std::string &what, const std::string &guess);

// Whether GStreamer's allocator of this version can hold the format; it aborts the process on others.
bool cudaMemoryHolds(Format format);

// For tests: the version that cudaMemoryUsable() takes for the running one. Null: gst_version().
using VersionFn = void (*)(guint *major, guint *minor, guint *micro, guint *nano);
void setRunningVersion(VersionFn version);

// Keeps the contexts that buffers came with, since backends hold things inside them, and of each the streams used last.
// The context of the latest buffer is the one that neighbours are given.
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

    // The context, and the GstCudaStream or null, of a buffer. Keeps three streams of a context, the latest: a backend
    // needs the one that it worked on last when it goes on to another, and a copy has two at once. Streaming thread.
    void adopt(GstCudaContext *context, GstMiniObject *stream);

    // The stream of the pools that upstream is offered: one a context, however often they are asked for. Null before
    // GStreamer 1.24, whose memory has no stream, or if the driver gives none. Transfer: none. Any thread.
    GstMiniObject *proposedStream(GstCudaContext *context);

    // The ordinal of the GPU of the context at hand, or -1. Any thread.
    int device() const;

    // Lets go of all adopted contexts but the one with this handle (a CUcontext or null). Streaming thread, when no
    // backend has work in the others.
    void keepOnly(void *handle);

    // After the backends and before the element stops. What the application set comes back with the next ensure().
    void release();

private:
    struct Adopted {
        GstCudaContext *context = nullptr;
        std::array<GstMiniObject *, 3> streams{}; // the latest first, or null
    };
    static void drop(Adopted &one);
    void dropProposed();

    GstElement *element_; // borrowed
    mutable std::mutex mutex_;
    GstCudaContext *current_ = nullptr;     // under the mutex, owned
    std::thread::id asker_;                 // under the mutex: who is inside ensure()
    GstCudaContext *asked_ = nullptr;       // that thread's alone: what it has been given so far, owned
    GstCudaContext *proposedFor_ = nullptr; // under the mutex, owned
    GstMiniObject *proposed_ = nullptr;     // under the mutex, owned
    std::vector<Adopted> adopted_;          // the streaming thread's, owned
};

} // namespace zc::gst
