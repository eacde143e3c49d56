// SPDX-License-Identifier: MIT
// Paints the region with one colour, opaque or translucent.
#pragma once

#include "cudazerocopy/device.cuh"

namespace zc::ops {

struct Fill {
    static constexpr const char *kName = "fill";
    static constexpr Shape kShape = Shape::Colour;
    static constexpr const char *kSummary = "Paints one colour, opaque or translucent; the frame's own alpha stays";

    enum { Colour };
    static constexpr ParamSpec kParams[] = {
        {"color", ParamType::Colour, 0xff000000, 0, 0xffffffff, "0xAARRGGBB or #RRGGBB; AA is the opacity"},
    };

    struct Args {
        float y, cb, cr, opacity;
    };

#if !defined(__CUDACC_RTC__)
    static Args prepare(ParamView p, const FrameTraits &f)
    {
        const uint32 argb = p.colour(Colour);
        const auto channel = [argb](int shift) { return static_cast<float>((argb >> shift) & 0xff) / 255.0f; };
        const float r = channel(16), g = channel(8), b = channel(0);
        const float y = f.kr * r + (1 - f.kr - f.kb) * g + f.kb * b;
        return {y, (b - y) / (2 * (1 - f.kb)), (r - y) / (2 * (1 - f.kr)), channel(24)};
    }
    static bool isNeutral(ParamView p)
    {
        return p.colour(Colour) >> 24 == 0;
    }
#endif

    ZC_HD static bool lumaIsAffine(const Args &)
    {
        return true;
    }
    ZC_HD static bool chromaIsAffine(const Args &)
    {
        return true;
    }
    ZC_HD static float luma(float y, const Args &a)
    {
        return mix(y, a.y, a.opacity);
    }
    ZC_HD static zc::Chroma chroma(zc::Chroma c, const Args &a)
    {
        return {mix(c.cb, a.cb, a.opacity), mix(c.cr, a.cr, a.opacity)};
    }
};

} // namespace zc::ops
