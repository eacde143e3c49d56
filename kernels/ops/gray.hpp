// SPDX-License-Identifier: MIT
// Black and white: chroma removed, luma untouched.
#pragma once

#include "cudazerocopy/device.cuh"

namespace zc::ops {

struct Gray {
    static constexpr const char *kName = "gray";
    static constexpr Shape kShape = Shape::Colour;
    static constexpr const char *kSummary = "Removes colour and keeps luma, byte for byte on YUV";
    static constexpr const ParamSpec *kParams = nullptr;

    struct Args {};

#if !defined(__CUDACC_RTC__)
    static Args prepare(ParamView, const FrameTraits &)
    {
        return {};
    }
    static bool isNeutral(ParamView)
    {
        return false;
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
    ZC_HD static float luma(float y, const Args &)
    {
        return y;
    }
    ZC_HD static Chroma chroma(Chroma, const Args &)
    {
        return {0, 0};
    }
};

} // namespace zc::ops
