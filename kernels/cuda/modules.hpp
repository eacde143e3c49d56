// SPDX-License-Identifier: MIT
// Kernels loaded into contexts: once per context and kernel, shared by all backends of the process.
#pragma once

#include "core/interrupt.hpp"
#include "cuda/handles.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace zc::cuda {

// Entry points of one image in one context. Thread-safe.
class LoadedKernel {
public:
    LoadedKernel(OwnedModule module, std::string name) : module_(std::move(module)), name_(std::move(name)) {}

    // The context must be current.
    Result<Function> entry(const std::string &symbol);

private:
    OwnedModule module_;
    std::string name_;
    std::mutex mutex_; // protects entries_
    std::map<std::string, Function> entries_;
};

// Loads the kernel into the context, which must be current, or finds it there: the image that nvcc made, if the GPU
// runs it and the environment's CUDAZEROCOPY_IMAGES is not "none"; else its source, compiled now (seconds, unless the
// cache knows it) or fetched from prefetchKernel()'s thread. The result keeps the module loaded; the last holder
// unloads it. Interrupted where `interrupt` (may be null) ended the wait for a compilation. Thread-safe.
Result<std::shared_ptr<LoadedKernel>> loadKernel(Context context, const std::string &name,
                                                 const Interrupt *interrupt = nullptr);

// Begins in the background what loadKernel() would do first for a kernel that this build has no image of, or once
// loadKernel() has seen that this GPU does not take the images. Needs no context and returns at once, but for the first
// time, which opens NVRTC: a tenth of a second. Does nothing before driver() has succeeded. Failures are loadKernel()'s
// to tell. Thread-safe.
void prefetchKernel(int ordinal, const std::string &name);

} // namespace zc::cuda
