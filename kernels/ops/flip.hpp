// SPDX-License-Identifier: MIT
// Mirrors the region, or turns it by half a turn.
#pragma once

#include "cudazerocopy/device.cuh"

namespace zc::ops {

struct Flip {
    static constexpr const char *kName = "flip";
    static constexpr Shape kShape = Shape::Frame;
    static constexpr const char *kSummary = "Mirrors the picture or the region, or turns it by half a turn";

    enum { Method };
    static constexpr ParamSpec kParams[] = {
        {"method", ParamType::Enum, 0, 0, 2, "Left and right, top and bottom, or both change places",
         "horizontal|vertical|rotate-180"},
    };

    struct Args {
        int horizontal, vertical;
    };

#if !defined(__CUDACC_RTC__)
    static Args prepare(ParamView p, const FrameTraits &)
    {
        const int method = p.integer(Method);
        return {method != 1, method != 0};
    }
    static bool isNeutral(ParamView)
    {
        return false;
    }
#endif

    static constexpr int kPasses = 1;
    static constexpr bool kLanes = false; // neighbours in the result are not neighbours in the source, left to right
    // Two texels change places: the partner of a texel's partner is the texel.
    ZC_HD static int partnerColumn(int x, const Area &area, const Args &a)
    {
        return a.horizontal ? area.width - 1 - x : x;
    }
    ZC_HD static int partnerRow(int y, const Area &area, const Args &a)
    {
        return a.vertical ? area.height - 1 - y : y;
    }
    ZC_HD static int reach(const Args &, const Area &)
    {
        return 0;
    }
    ZC_HD static Extent extent(int, const Area &area, const Args &)
    {
        return {area.width, area.height};
    }

    template <class In>
    ZC_HD static typename In::Value run(Pass<0>, const In &in, int x, int y, const Area &area, const Args &a)
    {
        return in.inside(area.x + partnerColumn(x, area, a), area.y + partnerRow(y, area, a));
    }
};

} // namespace zc::ops
