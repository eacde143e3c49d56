// SPDX-License-Identifier: MIT
// The negative: black and white change places, in each format's own range.
#pragma once

#include "cudazerocopy/device.cuh"

namespace zc::ops {

struct Invert {
    static constexpr const char *kName = "invert";
    static constexpr Shape kShape = Shape::Sample;
    static constexpr const char *kSummary = "The negative, bit-exact, in the range of the caps; alpha stays";
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

    static constexpr bool kLanes = true;

    // Everything stays within I (low + high is at most 256 for 8 bit, where I is int16), so that no SIMD lane is wider.
    template <class I> ZC_HD static I sample(I v, const SampleInfo<I> &s, const Args &)
    {
        return clampTo<I>(static_cast<I>(s.low + s.high - v), I{0}, s.max);
    }
};

} // namespace zc::ops
