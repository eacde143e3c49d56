// SPDX-License-Identifier: MIT
// Host loops of the sample shape. A row holds one kind of sample or two, in a repeating pattern that a mask tells, so
// that the compiler sees one plain loop whatever the format.
#pragma once

#include "backend/host_op.hpp"

namespace zc::host::ZC_ISA {

inline constexpr int kTile = 64; // samples; a multiple of 4

// The two kinds of sample in a row: the second is chroma in 4:2:2, and what is left alone in RGB.
struct Tile {
    SampleInfo<std::int16_t> colour, chroma;
    std::uint8_t isColour[kTile]; // all ones or none
    bool rgb;
};

enum class SampleKind { Colour, Chroma, Keep };

template <class I> SampleInfo<I> infoOf(SampleKind kind, const Frame &frame, int depth)
{
    const int max = (1 << depth) - 1;
    const auto of = [max](int low, int high) {
        return SampleInfo<I>{static_cast<I>(low), static_cast<I>(high), static_cast<I>(max)};
    };
    if (frame.range == ColorRange::Full)
        return kind == SampleKind::Chroma ? of(1, max) : of(0, max);
    const auto scaled = [depth](int v) { return depth >= 8 ? v << (depth - 8) : v; };
    return kind == SampleKind::Chroma ? of(scaled(16), scaled(240)) : of(scaled(16), scaled(235));
}

// The kinds of sample `at` samples after the start of a row of this plane.
inline SampleKind kindAt(const FormatInfo &info, int plane, int at)
{
    switch (info.layout) {
    case Layout::Planar:
    case Layout::SemiPlanar:
        return plane == 0 ? SampleKind::Colour : SampleKind::Chroma;
    case Layout::Packed422:
        return (at & 1) == info.order.y ? SampleKind::Colour : SampleKind::Chroma;
    case Layout::PackedRgb: {
        const int i = at % info.samplesPerPixel;
        return i == info.order.a || i == info.order.x ? SampleKind::Keep : SampleKind::Colour;
    }
    default:
        return SampleKind::Colour;
    }
}

inline void fillTile(Tile &tile, const Frame &frame, const FormatInfo &info)
{
    tile.colour = infoOf<std::int16_t>(SampleKind::Colour, frame, info.depth);
    tile.chroma = infoOf<std::int16_t>(SampleKind::Chroma, frame, info.depth);
    tile.rgb = info.layout == Layout::PackedRgb;
    for (int i = 0; i < kTile; ++i)
        tile.isColour[i] = kindAt(info, 0, i) == SampleKind::Colour ? 0xff : 0;
}

// Every sample alike (all planar formats and RGB without a fourth byte): one plain loop.
template <class Op, class T, class I>
void plainRow(T *__restrict p, int n, const SampleInfo<I> &info, int shift, int mask, const typename Op::Args &args)
{
    const typename Op::Args a = args;
    const SampleInfo<I> s = info;
    if constexpr (sizeof(T) == 1) {
        for (int i = 0; i < n; ++i)
            p[i] = static_cast<T>(Op::template sample<I>(static_cast<I>(p[i]), s, a));
    } else {
        for (int i = 0; i < n; ++i) {
            const I v = static_cast<I>((p[i] >> shift) & mask);
            p[i] = static_cast<T>((p[i] & ~(mask << shift)) | (Op::template sample<I>(v, s, a) << shift));
        }
    }
}

// n samples, at most a tile. Both kinds are worked out for every sample, and the mask chooses: cheaper than constants
// that differ from sample to sample.
template <class Op, bool Rgb>
ZC_HD void mixedSamples(std::uint8_t *__restrict p, int n, const Tile &__restrict t, const typename Op::Args &a)
{
    const SampleInfo<std::int16_t> colour = t.colour, chroma = t.chroma;
    for (int j = 0; j < n; ++j) {
        const auto one = static_cast<std::uint8_t>(Op::template sample<std::int16_t>(p[j], colour, a));
        const auto other = Rgb ? p[j] : static_cast<std::uint8_t>(Op::template sample<std::int16_t>(p[j], chroma, a));
        p[j] = static_cast<std::uint8_t>((one & t.isColour[j]) | (other & ~t.isColour[j]));
    }
}

// Only 8-bit formats mix kinds of sample in a row.
template <class Op, bool Rgb> void mixedRow(std::uint8_t *p, int n, const Tile &tile, const typename Op::Args &args)
{
    const typename Op::Args a = args;
    int i = 0;
    for (; i + kTile <= n; i += kTile)
        mixedSamples<Op, Rgb>(p + i, kTile, tile, a);
    mixedSamples<Op, Rgb>(p + i, n - i, tile, a);
}

template <class Op> void rgb10Samples(const RowsJob &job, int row0, int row1)
{
    const auto a = *static_cast<const typename Op::Args *>(job.args);
    const auto s = infoOf<std::int32_t>(SampleKind::Colour, *job.frame, 10);
    for (int y = job.area.y + row0; y < job.area.y + row1; ++y) {
        auto *row = reinterpret_cast<std::uint32_t *>(static_cast<std::uint8_t *>(job.frame->planes[0].data) +
                                                      job.frame->planes[0].pitch * y);
        for (int x = job.area.x; x < job.area.x + job.area.width; ++x) {
            const auto one = [&](int shift) {
                const auto v = static_cast<std::int32_t>((row[x] >> shift) & 1023);
                return static_cast<std::uint32_t>(Op::template sample<std::int32_t>(v, s, a)) << shift;
            };
            row[x] = (row[x] & 0xc0000000u) | one(0) | one(10) | one(20);
        }
    }
}

// Samples [from, from + count) of row y of one plane.
template <class Op> void samplePlaneRow(const RowsJob &job, int plane, int y, int from, int count, const Tile &tile)
{
    const auto &args = *static_cast<const typename Op::Args *>(job.args);
    const FormatInfo &info = *job.info;
    std::uint8_t *row = static_cast<std::uint8_t *>(job.frame->planes[plane].data) + job.frame->planes[plane].pitch * y;
    const bool mixed = info.layout == Layout::Packed422 || info.samplesPerPixel == 4;
    if (info.sampleBytes == 1 && mixed)
        return tile.rgb ? mixedRow<Op, true>(row + from, count, tile, args)
                        : mixedRow<Op, false>(row + from, count, tile, args);
    const SampleKind kind = kindAt(info, plane, 0);
    if (info.sampleBytes == 1)
        return plainRow<Op>(row + from, count, infoOf<std::int16_t>(kind, *job.frame, 8), 0, 0xff, args);
    const int mask = (1 << info.depth) - 1;
    plainRow<Op>(reinterpret_cast<std::uint16_t *>(row) + from, count,
                 infoOf<std::int32_t>(kind, *job.frame, info.depth), info.shift, mask, args);
}

// The last pixel of an odd width shares its pair with one outside the picture, and the pair's second chroma sample
// lies behind that one.
template <class Op> void lastPairRows(const RowsJob &job, int row0, int row1)
{
    const auto &args = *static_cast<const typename Op::Args *>(job.args);
    const auto info = infoOf<std::int16_t>(SampleKind::Chroma, *job.frame, 8);
    const int at = ((job.area.x + job.area.width) >> 1) * 4 + job.info->order.v;
    for (int y = job.area.y + row0; y < job.area.y + row1; ++y) {
        std::uint8_t *row = static_cast<std::uint8_t *>(job.frame->planes[0].data) + job.frame->planes[0].pitch * y;
        plainRow<Op>(row + at, 1, info, 0, 0xff, args);
    }
}

template <class Op> void sampleRows(const RowsJob &job, int row0, int row1)
{
    const FormatInfo &info = *job.info;
    if (info.layout == Layout::Rgb10a2)
        return rgb10Samples<Op>(job, row0, row1);
    const Rect &r = job.area;
    Tile tile;
    fillTile(tile, *job.frame, info);
    for (int plane = 0; plane < info.planes; ++plane) {
        const int subX = plane == 0 ? 0 : info.subX, subY = plane == 0 ? 0 : info.subY;
        const int perTexel = plane == 0 ? info.samplesPerPixel : (info.layout == Layout::SemiPlanar ? 2 : 1);
        const int x0 = r.x >> subX, x1 = (r.x + r.width + (1 << subX) - 1) >> subX;
        const int from = x0 * perTexel;
        const int count = (x1 - x0) * perTexel;
        const int y0 = (r.y + row0) >> subY;
        const int y1 = minOf((r.y + row1 + (1 << subY) - 1) >> subY, job.frame->planes[plane].height);
        for (int y = y0; y < y1; ++y)
            samplePlaneRow<Op>(job, plane, y, from, count, tile);
    }
    if (info.layout == Layout::Packed422 && ((r.x + r.width) & 1) != 0)
        lastPairRows<Op>(job, row0, row1);
}

} // namespace zc::host::ZC_ISA
