// SPDX-License-Identifier: MIT
// Where the planes of a surface lie: by the number of NVIDIA's colour format, as its libraries place them.
#pragma once

#include "abi.hpp"

#include <cstddef>

namespace zc::fake_nvbuf {

struct PlaneGeometry {
    unsigned width = 0, height = 0;          // texels of a row, rows
    unsigned channels = 0, channelBytes = 0; // of a texel
    std::size_t pitch = 0, offset = 0, bytes = 0;
    unsigned texelBytes() const { return channels * channelBytes; }
    std::size_t rowBytes() const { return std::size_t{width} * texelBytes(); }
};

struct Geometry {
    unsigned planes = 0; // 0: no such format
    PlaneGeometry plane[kMostPlanes];
    std::size_t bytes = 0;
    unsigned eglFormat = 0; // CU_EGL_COLOR_FORMAT_*
};

// `jetson`: pitches and offsets as a surface array has them, else as CUDA memory has them.
Geometry geometryOf(int colorFormat, unsigned width, unsigned height, bool jetson);

} // namespace zc::fake_nvbuf
