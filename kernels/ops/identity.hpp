// SPDX-License-Identifier: MIT
// Changes nothing: for measuring what the element itself costs.
#pragma once

#include "cudazerocopy/device.cuh"

namespace zc::ops {

struct Identity {
    static constexpr const char *kName = "identity";
    static constexpr Shape kShape = Shape::Sample;
    static constexpr const char *kSummary = "Changes nothing; the element is passthrough";
    static constexpr const ParamSpec *kParams = nullptr;

    struct Args {};

#if !defined(__CUDACC_RTC__)
    static Args prepare(ParamView, const FrameTraits &)
    {
        return {};
    }
    static bool isNeutral(ParamView)
    {
        return true;
    }
#endif

    template <class I> ZC_HD static I sample(I v, const SampleInfo<I> &, const Args &)
    {
        return v;
    }
};

} // namespace zc::ops
