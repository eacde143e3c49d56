// SPDX-License-Identifier: MIT
// Host loops of the colour shape over whole pixels: RGB formats, and kernels that want RGB of any format.
#pragma once

#include "backend/host_colour.hpp"

namespace zc::host::ZC_ISA {

struct Pixels {
    float r[kChunk], g[kChunk], b[kChunk], a[kChunk];
};

struct Weights {
    float kr, kg, kb;
    float blue, red; // 2(1-Kb), 2(1-Kr)

    static Weights of(const RowsJob &job)
    {
        return {job.kr, 1 - job.kr - job.kb, job.kb, 2 * (1 - job.kb), 2 * (1 - job.kr)};
    }
    ZC_HD float lumaOf(float r, float g, float b) const { return kr * r + kg * g + kb * b; }
    ZC_HD Chroma chromaOf(float r, float b, float y) const { return {(b - y) / blue, (r - y) / red}; }
    ZC_HD Color toRgb(float y, Chroma c, float a) const
    {
        const float r = y + red * c.cr;
        const float b = y + blue * c.cb;
        return {r, (y - kr * r - kb * b) / kg, b, a};
    }
};

// One row's worth of pixels through the kernel. x, y: of the first pixel.
template <class Op> void applyRow(Pixels &p, int n, int x, int y, const typename Op::Args &args, const Weights &weights)
{
    const typename Op::Args a = args;
    const Weights w = weights;
    for (int i = 0; i < n; ++i) {
        Color c{p.r[i], p.g[i], p.b[i], p.a[i]};
        if constexpr (SplitsLuma<Op>) {
            const float luma = w.lumaOf(c.r, c.g, c.b);
            c = w.toRgb(Op::luma(luma, a), Op::chroma(w.chromaOf(c.r, c.b, luma), a), c.a);
        } else {
            c = Op::colour(c, Pos{x + i, y}, a);
        }
        p.r[i] = c.r;
        p.g[i] = c.g;
        p.b[i] = c.b;
        p.a[i] = c.a;
    }
}

// ---- packed RGB ------------------------------------------------------------------------------------------------

template <int Step> void loadPacked(Pixels &p, const std::uint8_t *q, int n, const ChannelOrder &o, const Codes &c)
{
    const float zero = c.luma.zero, scale = c.luma.scale;
    const int r = o.r, g = o.g, b = o.b, a = o.a;
    for (int i = 0; i < n; ++i) {
        p.r[i] = (static_cast<float>(q[i * Step + r]) - zero) * scale;
        p.g[i] = (static_cast<float>(q[i * Step + g]) - zero) * scale;
        p.b[i] = (static_cast<float>(q[i * Step + b]) - zero) * scale;
    }
    for (int i = 0; i < n; ++i)
        p.a[i] = a < 0 ? 1.0f : static_cast<float>(q[i * Step + a]) / c.max;
}

template <int Step, bool Alpha>
void storePacked(const Pixels &p, std::uint8_t *q, int n, const ChannelOrder &o, const Codes &c)
{
    const float zero = c.luma.zero, back = 1 / c.luma.scale, max = c.max;
    const int r = o.r, g = o.g, b = o.b;
    for (int i = 0; i < n; ++i) {
        q[i * Step + r] = static_cast<std::uint8_t>(toCode(p.r[i] * back + zero, max));
        q[i * Step + g] = static_cast<std::uint8_t>(toCode(p.g[i] * back + zero, max));
        q[i * Step + b] = static_cast<std::uint8_t>(toCode(p.b[i] * back + zero, max));
    }
    if (Alpha && o.a >= 0)
        for (int i = 0; i < n; ++i)
            q[i * Step + o.a] = static_cast<std::uint8_t>(toCode(p.a[i] * max, max));
}

// Kernels that see luma and chroma only leave alpha's bytes alone.
template <class Op> inline constexpr bool kWritesAlpha = !SplitsLuma<Op>;

template <class Op, int Step> void packedRows(const RowsJob &job, int row0, int row1)
{
    const auto &args = *static_cast<const typename Op::Args *>(job.args);
    const Codes c = codesOf(*job.frame, *job.info);
    const Weights w = Weights::of(job);
    Pixels p;
    for (int y = job.area.y + row0; y < job.area.y + row1; ++y) {
        std::uint8_t *row = rowOf<std::uint8_t>(job.frame->planes[0], y);
        for (int at = 0; at < job.area.width; at += kChunk) {
            const int n = minOf(job.area.width - at, kChunk);
            const int x = job.area.x + at;
            loadPacked<Step>(p, row + x * Step, n, job.info->order, c);
            applyRow<Op>(p, n, x, y, args, w);
            storePacked<Step, kWritesAlpha<Op>>(p, row + x * Step, n, job.info->order, c);
        }
    }
}

template <class Op> void rgb10Rows(const RowsJob &job, int row0, int row1)
{
    const auto &args = *static_cast<const typename Op::Args *>(job.args);
    const Codes c = codesOf(*job.frame, *job.info);
    const Weights w = Weights::of(job);
    const float zero = c.luma.zero, scale = c.luma.scale, back = 1 / c.luma.scale;
    Pixels p;
    for (int y = job.area.y + row0; y < job.area.y + row1; ++y) {
        std::uint32_t *row = rowOf<std::uint32_t>(job.frame->planes[0], y) + job.area.x;
        for (int at = 0; at < job.area.width; at += kChunk) {
            const int n = minOf(job.area.width - at, kChunk);
            std::uint32_t *q = row + at;
            for (int i = 0; i < n; ++i) {
                p.r[i] = (static_cast<float>(q[i] & 1023) - zero) * scale;
                p.g[i] = (static_cast<float>((q[i] >> 10) & 1023) - zero) * scale;
                p.b[i] = (static_cast<float>((q[i] >> 20) & 1023) - zero) * scale;
                p.a[i] = static_cast<float>(q[i] >> 30) / 3.0f;
            }
            applyRow<Op>(p, n, job.area.x + at, y, args, w);
            for (int i = 0; i < n; ++i) {
                const std::uint32_t a =
                    kWritesAlpha<Op> ? static_cast<std::uint32_t>(toCode(p.a[i] * 3.0f, 3.0f)) : q[i] >> 30;
                q[i] = static_cast<std::uint32_t>(toCode(p.r[i] * back + zero, c.max)) |
                       static_cast<std::uint32_t>(toCode(p.g[i] * back + zero, c.max)) << 10 |
                       static_cast<std::uint32_t>(toCode(p.b[i] * back + zero, c.max)) << 20 | a << 30;
            }
        }
    }
}

// ---- YUV through RGB -------------------------------------------------------------------------------------------

// Pointers to one row of luma and the row of chroma that covers it.
template <class T> struct YuvRow {
    T *y, *u, *v;
    int yStep, cStep;
};

template <class T> YuvRow<T> yuvRowOf(const RowsJob &job, int y)
{
    const Frame &f = *job.frame;
    const FormatInfo &info = *job.info;
    const int cy = y >> info.subY;
    switch (info.layout) {
    case Layout::Packed422: {
        T *row = rowOf<T>(f.planes[0], y);
        return {row + info.order.y, row + info.order.u, row + info.order.v, 2, 4};
    }
    case Layout::SemiPlanar: {
        T *row = rowOf<T>(f.planes[1], cy);
        return {rowOf<T>(f.planes[0], y), row + info.order.u, row + info.order.v, 1, 2};
    }
    case Layout::Planar:
        return {rowOf<T>(f.planes[0], y), rowOf<T>(f.planes[info.order.u], cy), rowOf<T>(f.planes[info.order.v], cy), 1,
                1};
    default:
        return {rowOf<T>(f.planes[0], y), nullptr, nullptr, 1, 1};
    }
}

template <class T>
void loadYuv(Pixels &p, const YuvRow<T> &row, int x, int n, int subX, const Codes &c, const Weights &w)
{
    for (int i = 0; i < n; ++i) {
        const float y = (load(row.y[(x + i) * row.yStep], c) - c.luma.zero) * c.luma.scale;
        Chroma chroma{0, 0};
        if (row.u) {
            const int at = ((x + i) >> subX) * row.cStep;
            chroma = {(load(row.u[at], c) - c.chroma.zero) * c.chroma.scale,
                      (load(row.v[at], c) - c.chroma.zero) * c.chroma.scale};
        }
        const Color rgb = w.toRgb(y, chroma, 1);
        p.r[i] = rgb.r;
        p.g[i] = rgb.g;
        p.b[i] = rgb.b;
        p.a[i] = 1;
    }
}

// Sums of the chroma that several pixels share, until all of them are known.
struct ChromaSums {
    float cb[kChunk], cr[kChunk];
    int count[kChunk];
};

// Stores luma and adds chroma to the sums. x is even where chroma is subsampled.
template <class T>
void storeLuma(const Pixels &p, const YuvRow<T> &row, int x, int n, int subX, const Codes &c, const Weights &w,
               ChromaSums &sums)
{
    for (int i = 0; i < n; ++i) {
        const float y = w.lumaOf(p.r[i], p.g[i], p.b[i]);
        store(row.y[(x + i) * row.yStep], y / c.luma.scale + c.luma.zero, c);
        const Chroma chroma = w.chromaOf(p.r[i], p.b[i], y);
        sums.cb[i >> subX] += chroma.cb;
        sums.cr[i >> subX] += chroma.cr;
        ++sums.count[i >> subX];
    }
}

template <class T>
void storeChroma(const YuvRow<T> &row, int x, int n, int subX, const Codes &c, const ChromaSums &sums)
{
    if (!row.u)
        return;
    const int cells = (n + (1 << subX) - 1) >> subX;
    for (int i = 0; i < cells; ++i) {
        const int at = ((x >> subX) + i) * row.cStep;
        const float count = static_cast<float>(sums.count[i]);
        store(row.u[at], sums.cb[i] / count / c.chroma.scale + c.chroma.zero, c);
        store(row.v[at], sums.cr[i] / count / c.chroma.scale + c.chroma.zero, c);
    }
}

template <class Op, class T> void throughRgbRows(const RowsJob &job, int row0, int row1)
{
    const auto &args = *static_cast<const typename Op::Args *>(job.args);
    const Codes c = codesOf(*job.frame, *job.info);
    const Weights w = Weights::of(job);
    const int subX = job.info->subX, rows = 1 << job.info->subY;
    Pixels p;
    for (int y = job.area.y + row0; y < job.area.y + row1; y += rows) {
        const int end = minOf(y + rows, job.area.y + row1);
        for (int at = 0; at < job.area.width; at += kChunk) {
            const int n = minOf(job.area.width - at, kChunk);
            const int x = job.area.x + at;
            ChromaSums sums{};
            for (int line = y; line < end; ++line) {
                const YuvRow<T> row = yuvRowOf<T>(job, line);
                loadYuv(p, row, x, n, subX, c, w);
                applyRow<Op>(p, n, x, line, args, w);
                storeLuma(p, row, x, n, subX, c, w, sums);
            }
            storeChroma(yuvRowOf<T>(job, y), x, n, subX, c, sums);
        }
    }
}

// ---- which loop ------------------------------------------------------------------------------------------------

template <class Op> void colourRows(const RowsJob &job, int row0, int row1)
{
    const FormatInfo &info = *job.info;
    switch (info.layout) {
    case Layout::PackedRgb:
        return info.samplesPerPixel == 3 ? packedRows<Op, 3>(job, row0, row1) : packedRows<Op, 4>(job, row0, row1);
    case Layout::Rgb10a2:
        return rgb10Rows<Op>(job, row0, row1);
    default:
        break;
    }
    if constexpr (SplitsLuma<Op>)
        return info.sampleBytes == 1 ? yuvRows<Op, std::uint8_t>(job, row0, row1)
                                     : yuvRows<Op, std::uint16_t>(job, row0, row1);
    else
        return info.sampleBytes == 1 ? throughRgbRows<Op, std::uint8_t>(job, row0, row1)
                                     : throughRgbRows<Op, std::uint16_t>(job, row0, row1);
}

} // namespace zc::host::ZC_ISA
