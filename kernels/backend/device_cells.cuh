// SPDX-License-Identifier: MIT
// Device loop of colour kernels that want RGB, on YUV: each thread takes one chroma sample and the pixels it covers.
#pragma once

#include "backend/device_rows.cuh"

namespace zc::device {

template <class T, class Row> struct ChannelRow {
    Row row;
    int step, at;

    ZC_D ChannelRow of(const RowsJob &job, const Channel &c, int y)
    {
        return {rowOf<Row>(planeOf(job, c.plane), y), c.step, c.at};
    }
    ZC_M int byteAt(int x) const { return (x * step + at) * static_cast<int>(sizeof(T)); }
    ZC_M float code(int x, const Codes &c) const
    {
        return toFloat((static_cast<uint32>(row.template read<T>(byteAt(x))) >> c.shift) & c.mask);
    }
    // The bits of the word that are not the value's stay.
    ZC_M void store(int x, float unit, const Codes &c) const
    {
        const uint32 kept = sizeof(T) == 1 ? 0u : row.template read<T>(byteAt(x)) & ~(c.mask << c.shift);
        row.template write<T>(byteAt(x), static_cast<T>(kept | codeOf(unit, c.max) << c.shift));
    }
};

template <class Op, class Row, class T> ZC_D void cells(const RowsJob &job, const typename Op::Args &args)
{
    const int cx = (job.x >> job.subX) + static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int cy = (job.y0 >> job.subY) + static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
    const int x0 = cx << job.subX, y0 = cy << job.subY;
    const int x1 = minOf(x0 + (1 << job.subX), job.x + job.width);
    const int y1 = minOf(y0 + (1 << job.subY), job.y0 + job.height);
    if (x0 >= x1 || y0 >= y1)
        return;
    const Codes &c = job.codes;
    const bool hasChroma = cy < job.chromaRows;
    using Samples = ChannelRow<T, Row>;
    const Samples rowU = Samples::of(job, job.u, hasChroma ? cy : 0),
                  rowV = Samples::of(job, job.v, hasChroma ? cy : 0);
    Chroma chroma = {0, 0}, sum = {0, 0};
    if (hasChroma)
        chroma = {(rowU.code(cx, c) - c.chromaZero) * c.chromaScale, (rowV.code(cx, c) - c.chromaZero) * c.chromaScale};
    for (int y = y0; y < y1; ++y) {
        const Samples rowY = Samples::of(job, job.y, y);
        for (int x = x0; x < x1; ++x) {
            const float luma = (rowY.code(x, c) - c.lumaZero) * c.lumaScale;
            const Color made = Op::colour(rgbFrom(luma, chroma, 1, job.weights), {x, y}, args);
            const float light = lumaFrom(made, job.weights);
            const Chroma part = chromaFrom(made, light, job.weights);
            sum = {sum.cb + part.cb, sum.cr + part.cr};
            rowY.store(x, light * job.units.lumaBack + job.units.lumaZero, c);
        }
    }
    if (!hasChroma)
        return;
    const float back = job.units.chromaBack / static_cast<float>((x1 - x0) * (y1 - y0));
    rowU.store(cx, sum.cb * back + job.units.chromaZero, c);
    rowV.store(cx, sum.cr * back + job.units.chromaZero, c);
}

} // namespace zc::device
