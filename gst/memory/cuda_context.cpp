// SPDX-License-Identifier: MIT
// Contexts found, shared and kept alive through gstcuda.
#include "cuda_context.hpp"

#include "../compat.hpp"
#include "../gst_ptr.hpp"
#include "../log.hpp"
#include "cuda/driver.hpp"

#include <gst/cuda/gstcudacontext.h>
#include <gst/cuda/gstcudaloader.h>
#include <gst/cuda/gstcudamemory.h>
#include <gst/cuda/gstcudautils.h>

#include <algorithm>
#include <atomic>
#include <string>

namespace zc::gst {
namespace {

std::atomic<VersionFn> runningVersion{nullptr};

enum class Reach { Unknown, Yes, No };
std::atomic<Reach> lastReach{Reach::Unknown};

std::string versionText(guint major, guint minor)
{
    return std::to_string(major) + "." + std::to_string(minor);
}

// gstcuda's functions abort where its own loader has not run, and its pools where its allocator is not registered.
Status openLibrary()
{
    if (const auto driver = cuda::driver(); !driver)
        return driver.status();
    if (!gst_cuda_load_library())
        return {Code::Unsupported, "GStreamer's CUDA library cannot use this libcuda.so.1, which lacks something that "
                                   "GStreamer needs; update the driver, or use system memory"};
    gst_cuda_memory_init_once();
    return {};
}

} // namespace

bool cudaMemoryBuilt()
{
    return true;
}

void setRunningVersion(VersionFn version)
{
    runningVersion = version;
}

Status cudaMemoryUsable()
{
    guint major = 0, minor = 0, micro = 0, nano = 0;
    const VersionFn version = runningVersion;
    (version ? version : gst_version)(&major, &minor, &micro, &nano);
    if (major == kBuiltMajor && minor == kBuiltMinor)
        return {};
    return {Code::Unsupported, "memory:CUDAMemory is not offered: the plugin was built for GStreamer " +
                                   versionText(kBuiltMajor, kBuiltMinor) + " and runs in " + versionText(major, minor) +
                                   ", whose CUDA library is not compatible; build the plugin for the GStreamer that "
                                   "runs it. System memory and dmabufs work"};
}

Status cudaMemoryReachable()
{
    if (Status usable = cudaMemoryUsable(); !usable)
        return usable;
    if (lastReach == Reach::Yes)
        return {};
    Status status = openLibrary();
    lastReach = status.ok() ? Reach::Yes : Reach::No;
    return status;
}

bool cudaMemoryWorthOffering()
{
    return cudaMemoryUsable() && (lastReach == Reach::Unknown ? cudaMemoryReachable().ok() : lastReach == Reach::Yes);
}

Status cudaFailure(GstCudaContext *context, const std::string &what, const std::string &guess)
{
    const Status lost = cuda::lossOf(static_cast<cuda::Context>(gst_cuda_context_get_handle(context)));
    return lost ? Status{Code::Gpu, what + guess} : Status{lost.code(), what + ": " + lost.message()};
}

bool cudaMemoryHolds(Format format)
{
    switch (format) {
    case Format::Nv12:
    case Format::Nv21:
    case Format::I420:
    case Format::Yv12:
    case Format::Y42b:
    case Format::Yuy2:
    case Format::Uyvy:
    case Format::Y444:
    case Format::P010Le:
    case Format::I420_10Le:
    case Format::Rgba:
    case Format::Bgra:
    case Format::Rgbx:
    case Format::Bgrx:
    case Format::Argb:
    case Format::Abgr:
    case Format::Rgb:
    case Format::Bgr:
    case Format::Rgb10a2Le:
        return true;
    case Format::P012Le:
        return kCudaHoldsP012;
    default:
        return false;
    }
}

void CudaContexts::take(GstContext *context, int deviceId)
{
    if (context == nullptr || !gst_context_has_context_type(context, GST_CUDA_CONTEXT_TYPE) || !cudaMemoryUsable())
        return;
    const std::lock_guard lock(mutex_);
    // Whoever asks looks only at what it was given itself, without the lock; others meet it afterwards.
    GstCudaContext **slot = asker_ == std::this_thread::get_id() ? &asked_ : &current_;
    const bool had = *slot != nullptr;
    if (!gst_cuda_handle_set_context(element_, context, deviceId, slot))
        GST_CAT_INFO_OBJECT(logElement, element_, "%" GST_PTR_FORMAT " is not for cuda-device-id=%d", context,
                            deviceId);
    else if (!had)
        GST_CAT_DEBUG_OBJECT(logElement, element_, "given %" GST_PTR_FORMAT, *slot);
}

bool CudaContexts::answer(GstQuery *query) const
{
    const std::lock_guard lock(mutex_);
    return current_ != nullptr && gst_cuda_handle_context_query(element_, query, current_);
}

Result<GstCudaContext *> CudaContexts::ensure(int deviceId)
{
    if (Status status = cudaMemoryReachable(); !status)
        return status;
    // Kept by the base class across stop and start.
    if (const ContextPtr given(gst_element_get_context(element_, GST_CUDA_CONTEXT_TYPE)); given)
        take(given.get(), deviceId);
    {
        const std::lock_guard lock(mutex_);
        if (current_ != nullptr)
            return current_;
        asker_ = std::this_thread::get_id();
    }
    // No lock of ours may be held here: neighbours are asked, who may be asking us on another thread.
    const bool found = gst_cuda_ensure_element_context(element_, deviceId, &asked_);
    const std::lock_guard lock(mutex_);
    asker_ = {};
    GstCudaContext *mine = std::exchange(asked_, nullptr);
    if (current_ == nullptr)
        current_ = std::exchange(mine, nullptr);
    gst_clear_object(&mine);
    if (!found || current_ == nullptr)
        return Status{Code::Gpu, "no CUDA context on GPU " + std::to_string(std::max(deviceId, 0)) +
                                     ": the driver knows " + std::to_string(cuda::driver().value()->devices) +
                                     " (counted from 0) and refused to make one; nvidia-smi tells what uses it, "
                                     "cuda-device-id picks another"};
    return current_;
}

void CudaContexts::adopt(GstCudaContext *context, GstMiniObject *stream)
{
    auto known = std::find_if(adopted_.begin(), adopted_.end(), [&](const Adopted &a) { return a.context == context; });
    if (known == adopted_.end())
        known = adopted_.insert(known, {static_cast<GstCudaContext *>(gst_object_ref(context))});
    auto &streams = known->streams;
    if (stream != nullptr && stream != streams.front()) {
        const auto old = std::find(streams.begin(), streams.end() - 1, stream);
        std::rotate(streams.begin(), old, old + 1);
        gst_mini_object_replace(&streams.front(), stream);
    }
    const std::lock_guard lock(mutex_);
    if (current_ != context)
        gst_object_replace(reinterpret_cast<GstObject **>(&current_), GST_OBJECT(context));
}

GstMiniObject *CudaContexts::proposedStream(GstCudaContext *context)
{
#ifdef ZC_GST_CUDA_STREAMS
    const std::lock_guard lock(mutex_);
    if (proposedFor_ != context || proposed_ == nullptr) {
        dropProposed();
        proposedFor_ = static_cast<GstCudaContext *>(gst_object_ref(context));
        proposed_ = reinterpret_cast<GstMiniObject *>(gst_cuda_stream_new(context));
    }
    return proposed_;
#else
    (void)context;
    return nullptr;
#endif
}

int CudaContexts::device() const
{
    const std::lock_guard lock(mutex_);
    if (current_ == nullptr)
        return -1;
    guint device = 0;
    g_object_get(current_, "cuda-device-id", &device, nullptr);
    return static_cast<int>(device);
}

void CudaContexts::drop(Adopted &one)
{
    for (GstMiniObject *&stream : one.streams)
        gst_mini_object_replace(&stream, nullptr);
    gst_clear_object(&one.context);
}

// The mutex must be held.
void CudaContexts::dropProposed()
{
    gst_mini_object_replace(&proposed_, nullptr);
    gst_clear_object(&proposedFor_);
}

void CudaContexts::keepOnly(void *handle)
{
    std::erase_if(adopted_, [&](Adopted &one) {
        if (gst_cuda_context_get_handle(one.context) == handle)
            return false;
        drop(one);
        return true;
    });
}

void CudaContexts::release()
{
    for (Adopted &one : adopted_)
        drop(one);
    adopted_.clear();
    const std::lock_guard lock(mutex_);
    dropProposed();
    gst_clear_object(&current_);
}

} // namespace zc::gst
