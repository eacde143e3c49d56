// SPDX-License-Identifier: MIT
// The mean of a square neighbourhood, exact, as two passes: sums of rows, then of columns.
#pragma once

#include "cudazerocopy/device.cuh"

namespace zc::ops {

struct BoxBlur {
    static constexpr const char *kName = "box-blur";
    static constexpr Shape kShape = Shape::Frame;
    static constexpr const char *kSummary = "Each pixel becomes the mean of the square around it";

    enum { Radius };
    static constexpr ParamSpec kParams[] = {
        {"radius", ParamType::Int, 5, 0, 64, "Pixels to each side; the square has an edge of 2*radius+1"},
    };

    struct Args {
        int radius;
    };

#if !defined(__CUDACC_RTC__)
    static Args prepare(ParamView p, const FrameTraits &)
    {
        return {p.integer(Radius)};
    }
    static bool isNeutral(ParamView p)
    {
        return p.integer(Radius) == 0;
    }
#endif

    static constexpr int kPasses = 2;
    static constexpr bool kLanes = true;

    // One radius in both directions, from the column subsampling: chroma of 4:2:2 blurs as far to the sides as luma.
    ZC_HD static int reach(const Args &a, const Area &area)
    {
        return a.radius == 0 ? 0 : maxOf(a.radius >> area.subX, 1);
    }
    ZC_HD static int reachRows(const Args &a, const Area &area)
    {
        return a.radius == 0 ? 0 : maxOf(a.radius >> area.subY, 1);
    }

    // The first pass also sums the rows above and below the region that the second needs.
    ZC_HD static Extent extent(int pass, const Area &area, const Args &a)
    {
        return {area.width, area.height + (pass == 0 ? 2 * reachRows(a, area) : 0)};
    }

    ZC_HD static uint32 largest(int pass, const Area &area, const Args &a, uint32 max)
    {
        return pass == 0 ? static_cast<uint32>(2 * reach(a, area) + 1) * max : max;
    }

    // At most 129 samples of 16 bits: fits 32.
    template <class In>
    ZC_HD static typename In::Value run(Pass<0>, const In &in, int x, int y, const Area &area, const Args &a)
    {
        const int radius = reach(a, area);
        return sumAcross(in, area.x + x - radius, area.y + y - reachRows(a, area), 2 * radius + 1);
    }

    // At most 129 * 129 samples of 16 bits: fits 32.
    template <class In>
    ZC_HD static typename In::Value run(Pass<1>, const In &in, int x, int y, const Area &area, const Args &a)
    {
        const int rows = sumRows(Pass<1>{}, area, a);
        typename In::Value sum = in.inside(x, y);
        for (int d = 1; d < rows; ++d)
            sum += in.inside(x, y + d);
        return ofSum(Pass<1>{}, sum, area, a);
    }

    ZC_HD static int sumRows(Pass<1>, const Area &area, const Args &a)
    {
        return 2 * reachRows(a, area) + 1;
    }
    template <class Sum> ZC_HD static auto ofSum(Pass<1>, const Sum &sum, const Area &area, const Args &a)
    {
        return meanOf(sum, static_cast<uint32>((2 * reach(a, area) + 1) * sumRows(Pass<1>{}, area, a)));
    }
};

} // namespace zc::ops
