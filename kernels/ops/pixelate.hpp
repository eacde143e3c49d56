// SPDX-License-Identifier: MIT
// A mosaic: every cell of block x block pixels becomes its mean.
#pragma once

#include "cudazerocopy/device.cuh"

namespace zc::ops {

struct Pixelate {
    static constexpr const char *kName = "pixelate";
    static constexpr Shape kShape = Shape::Frame;
    static constexpr const char *kSummary = "A mosaic of square cells, counted from the region's top left corner";

    enum { Block };
    static constexpr ParamSpec kParams[] = {
        {"block", ParamType::Int, 16, 1, 1024, "Edge of a cell in pixels"},
    };

    struct Args {
        int block;
        uint32 reciprocal; // 2^32 / block, rounded up: exact quotients for all coordinates below 2^16
    };

#if !defined(__CUDACC_RTC__)
    static Args prepare(ParamView p, const FrameTraits &)
    {
        const uint64 block = static_cast<uint64>(p.integer(Block));
        return {p.integer(Block), static_cast<uint32>(((uint64{1} << 32) + block - 1) / block)};
    }
    static bool isNeutral(ParamView p)
    {
        return p.integer(Block) == 1;
    }
#endif

    // Columns of cells are summed and copied many at once; what lies between is a sixteenth of the work or less.
    static constexpr int kPasses = 4;
    static constexpr unsigned kLanes = 0b1001;
    ZC_HD static int reach(const Args &, const Area &)
    {
        return 0;
    }

    ZC_HD static int cellOf(int texel, int sub, const Args &a)
    {
        const int pixel = texel << sub;
        return a.block == 1 ? pixel : static_cast<int>((static_cast<uint64>(pixel) * a.reciprocal) >> 32);
    }
    // First texel of a cell: the first one whose pixel lies in it.
    ZC_HD static int firstOf(int cell, int sub, const Args &a)
    {
        return (cell * a.block + (1 << sub) - 1) >> sub;
    }

    ZC_HD static Extent extent(int pass, const Area &area, const Args &a)
    {
        const int columns = cellOf(area.width - 1, area.subX, a) + 1;
        const int rows = cellOf(area.height - 1, area.subY, a) + 1;
        if (pass == 3)
            return {area.width, area.height};
        return {pass == 1 ? columns : area.width, rows};
    }

    // Columns are summed over at most a cell's rows; everything later is a mean.
    ZC_HD static uint32 largest(int pass, const Area &area, const Args &a, uint32 max)
    {
        return pass == 0 ? static_cast<uint32>(minOf(firstOf(1, area.subY, a), area.height)) * max : max;
    }

    // Sum of one column of one cell: at most 1024 samples of 16 bits.
    template <class In>
    ZC_HD static typename In::Value run(Pass<0>, const In &in, int x, int cell, const Area &area, const Args &a)
    {
        const int first = firstOf(cell, area.subY, a);
        const int end = minOf(firstOf(cell + 1, area.subY, a), area.height);
        auto sum = typename In::Value{};
        for (int y = first; y < end; ++y)
            sum += in.inside(area.x + x, area.y + y);
        return sum;
    }

    // Mean of one cell. 2^20 samples of 16 bits need more than 32 bits.
    template <class In>
    ZC_HD static typename In::Value run(Pass<1>, const In &in, int cellX, int cellY, const Area &area, const Args &a)
    {
        const int first = firstOf(cellX, area.subX, a);
        const int end = minOf(firstOf(cellX + 1, area.subX, a), area.width);
        const int rows = minOf(firstOf(cellY + 1, area.subY, a), area.height) - firstOf(cellY, area.subY, a);
        auto sum = typename In::WideValue{};
        for (int x = first; x < end; ++x)
            sum += in.inside(x, cellY);
        return meanOf(sum, static_cast<uint32>(maxOf(rows * (end - first), 1)));
    }

    // One row of each row of cells, which all its other rows are copies of.
    template <class In>
    ZC_HD static typename In::Value run(Pass<2>, const In &in, int x, int cell, const Area &area, const Args &a)
    {
        return in.inside(cellOf(x, area.subX, a), cell);
    }
    template <class In>
    ZC_HD static typename In::Value run(Pass<3>, const In &in, int x, int y, const Area &area, const Args &a)
    {
        return in.inside(x, cellOf(y, area.subY, a));
    }
};

} // namespace zc::ops
