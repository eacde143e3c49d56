// SPDX-License-Identifier: MIT
// libnvbufsurface, found where some element has loaded it already, else opened. Never linked.
#pragma once

#include "core/status.hpp"
#include "memory/nvbufsurface_abi.hpp"

#include <cstdint>
#include <string>

namespace zc::nvbuf {

// Its functions answer 0, or -1 without a reason. `index` is a picture of the batch, `plane` one of its planes.
struct Library {
    int (*create)(Surface **surface, std::uint32_t batchSize, CreateParams *params);
    int (*destroy)(Surface *surface);
    int (*map)(Surface *surface, int index, int plane, int flags);
    int (*unMap)(Surface *surface, int index, int plane);
    int (*syncForCpu)(Surface *surface, int index, int plane);
    int (*syncForDevice)(Surface *surface, int index, int plane);
    int (*mapEglImage)(Surface *surface, int index);
    int (*unMapEglImage)(Surface *surface, int index);
    // Of the new layout only, and null in the old.
    int (*mapCudaBuffer)(Surface *surface, int index);
    int (*unMapCudaBuffer)(Surface *surface, int index);
    int (*getDeviceInfo)(DeviceInfo *info);

    Abi abi = Abi::Old;
    std::string path;
    bool isRmDriver = false; // a Jetson whose memory CUDA reaches without EGL
};

// The library of this process. NotFound says where it was looked for and what to install. Unsupported if two copies
// are loaded, each of which knows only its own surfaces, or if it lacks a function. Asks anew while there is none, and
// whenever libraries were loaded since; else takes no time. Stays open for ever. Thread-safe.
Result<const Library *> library();

} // namespace zc::nvbuf
