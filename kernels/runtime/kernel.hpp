// SPDX-License-Identifier: MIT
// A kernel as everybody but its own file sees it: name, shape, parameters.
#pragma once

#include "backend/device_job.hpp"
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
    // Colour kernels of luma and chroma: what a backend can work out once a frame. Null for the others.
    void (*plan)(const void *args, const device::Codes &codes, float kr, float kb, device::ColourPlan &plan);
    // Frame kernels: how many passes, and how many results each computes. 0 and null for the others.
    int passes;
    Extent (*extent)(int pass, const Area &area, const void *args);
    // What a pass's numbers cannot exceed (device.cuh), or null if the kernel does not tell.
    uint32 (*largest)(int pass, const Area &area, const void *args, uint32 max);
    unsigned lanes; // bit n: pass n may compute adjacent results at once
    bool sumsRows;  // the last pass is made of sums down columns
    bool swaps;     // texels change places in pairs
    int index;      // position in the registry
};

// All built-in kernels, in the order of registry.def. Valid for the life of the process.
std::span<const KernelInfo> builtInKernels();

// Null if there is none.
const KernelInfo *findKernel(std::string_view name);

// NotFound, naming the nearest kernels and all of them.
Status unknownKernel(std::string_view name);

} // namespace zc
