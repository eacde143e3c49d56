// SPDX-License-Identifier: MIT
// A kernel as everybody but its own file sees it: name, shape, parameters.
#pragma once

#include "core/params.hpp"
#include "core/status.hpp"
#include "cudazerocopy/device.cuh"

#include <span>
#include <string>
#include <string_view>

namespace zc {

struct KernelInfo {
    const char *name;
    Shape shape;
    const char *summary; // one sentence
    std::span<const ParamSpec> params;
    // True if these values change no pixel, so that the frame need not be touched.
    bool (*isNeutral)(ParamView values);
    // Turns values into the kernel's own arguments, which `args` has room for.
    void (*prepare)(ParamView values, const FrameTraits &traits, void *args);
    std::size_t argsBytes;
    int index; // position in the registry
};

// All built-in kernels, in the order of registry.def. Valid for the life of the process.
std::span<const KernelInfo> builtInKernels();

// Null if there is none.
const KernelInfo *findKernel(std::string_view name);

// NotFound, naming the nearest kernels and all of them.
Status unknownKernel(std::string_view name);

} // namespace zc
