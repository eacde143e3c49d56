// SPDX-License-Identifier: MIT
// What both stand-in drivers know of EGLImages: CUDA's description of one as the driver lays it out, and how an image
// of egl_image.h becomes that.
#pragma once

#include "egl_image.h"

#include <cstddef>
#include <cstdint>

namespace zc::fake {

inline constexpr unsigned kMostEglPlanes = 3;

// CUeglFrame of cudaEGL.h; the test of the stand-in driver compares it with the toolkit's where that is installed.
struct EglFrame {
    std::uint64_t plane[kMostEglPlanes]; // a CUarray or a pointer
    std::uint32_t width, height, depth;  // of the first plane, as the rest
    std::uint32_t pitch;
    std::uint32_t planeCount;
    std::uint32_t numChannels;
    std::uint32_t frameType; // 0 arrays, 1 pointers
    std::uint32_t eglColorFormat;
    std::uint32_t cuFormat; // 1, 2, 3: unsigned, 8, 16, 32 bits
};
static_assert(offsetof(EglFrame, width) == 24 && offsetof(EglFrame, frameType) == 48 && sizeof(EglFrame) == 64);

inline unsigned arrayFormatOf(const zc_fake_egl_plane &plane)
{
    return plane.channel_bytes == 4 ? 3 : plane.channel_bytes;
}

inline bool makesSense(const zc_fake_egl_image &image)
{
    if (image.planes < 1 || image.planes > kMostEglPlanes)
        return false;
    for (unsigned i = 0; i < image.planes; ++i) {
        const zc_fake_egl_plane &p = image.plane[i];
        const bool channels = p.channels == 1 || p.channels == 2 || p.channels == 4;
        const bool bytes = p.channel_bytes == 1 || p.channel_bytes == 2 || p.channel_bytes == 4;
        if (!p.data || !channels || !bytes || p.width == 0 || p.height == 0 ||
            p.pitch < std::size_t{p.width} * p.channels * p.channel_bytes)
            return false;
    }
    return true;
}

// All but the planes themselves.
inline EglFrame describe(const zc_fake_egl_image &image)
{
    const zc_fake_egl_plane &first = image.plane[0];
    EglFrame frame{};
    frame.width = first.width;
    frame.height = first.height;
    frame.depth = 0;
    frame.pitch = static_cast<std::uint32_t>(
        image.is_array ? std::size_t{first.width} * first.channels * first.channel_bytes : first.pitch);
    frame.planeCount = image.planes;
    frame.numChannels = first.channels;
    frame.frameType = image.is_array ? 0 : 1;
    frame.eglColorFormat = image.color_format;
    frame.cuFormat = arrayFormatOf(first);
    return frame;
}

} // namespace zc::fake
