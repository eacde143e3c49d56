// SPDX-License-Identifier: MIT
// What the driver tells of a registered EGLImage. Layout and values are those of cudaEGL.h 11.2 to 13.0.
#pragma once

#include "cuda/api.hpp"

#include <cstddef>

namespace zc::cuda {

// CU_EGL_FRAME_TYPE_*
inline constexpr unsigned kEglFrameArray = 0, kEglFramePitch = 1;
inline constexpr unsigned kEglFramePlanes = 3; // MAX_PLANES

struct EglFrame { // CUeglFrame
    union {
        Array array[kEglFramePlanes];
        void *pitched[kEglFramePlanes]; // device addresses
    };
    unsigned width, height, depth; // of the first plane, in pixels
    unsigned pitch;                // of the first plane, in bytes
    unsigned planeCount;
    unsigned numChannels; // of the first plane
    unsigned frameType;
    unsigned colorFormat; // CU_EGL_COLOR_FORMAT_*
    unsigned arrayFormat; // CU_AD_FORMAT_* of a channel
};
static_assert(offsetof(EglFrame, width) == 24 && offsetof(EglFrame, height) == 28 && offsetof(EglFrame, depth) == 32);
static_assert(offsetof(EglFrame, pitch) == 36 && offsetof(EglFrame, planeCount) == 40);
static_assert(offsetof(EglFrame, numChannels) == 44 && offsetof(EglFrame, frameType) == 48);
static_assert(offsetof(EglFrame, colorFormat) == 52 && offsetof(EglFrame, arrayFormat) == 56 && sizeof(EglFrame) == 64);

} // namespace zc::cuda
