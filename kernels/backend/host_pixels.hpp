// SPDX-License-Identifier: MIT
// Host loops of the colour shape over whole pixels: RGB formats, and kernels that want RGB of any format.
#pragma once

#include "backend/host_colour.hpp"

#include <cstring>

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

// Affine kernels of luma and chroma are one matrix on RGB: three results, each of three factors and a constant.
struct RgbMatrix {
    float m[3][4];
};

template <class Op> bool isAffine(const typename Op::Args &a)
{
    if constexpr (SplitsLuma<Op>)
        return lumaIsAffine<Op>(a) && chromaIsAffine<Op>(a);
    else
        return false;
}

// In code values, found by asking the kernel for black and the three primaries.
template <class Op> RgbMatrix matrixOf(const typename Op::Args &args, const Weights &w, const Codes &c)
{
    Pixels p{{0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}, {}};
    applyRow<Op>(p, 4, 0, 0, args, w);
    const float *out[] = {p.r, p.g, p.b};
    RgbMatrix result;
    for (int i = 0; i < 3; ++i) {
        float *row = result.m[i];
        for (int j = 0; j < 3; ++j)
            row[j] = out[i][j + 1] - out[i][0];
        row[3] = out[i][0] / c.luma.scale + c.luma.zero - (row[0] + row[1] + row[2]) * c.luma.zero;
    }
    return result;
}

inline void multiply(Pixels &p, int n, const RgbMatrix &matrix)
{
    const RgbMatrix t = matrix;
    for (int i = 0; i < n; ++i) {
        const float r = p.r[i], g = p.g[i], b = p.b[i];
        p.r[i] = r * t.m[0][0] + g * t.m[0][1] + b * t.m[0][2] + t.m[0][3];
        p.g[i] = r * t.m[1][0] + g * t.m[1][1] + b * t.m[1][2] + t.m[1][3];
        p.b[i] = r * t.m[2][0] + g * t.m[2][1] + b * t.m[2][2] + t.m[2][3];
    }
}

// ---- packed RGB ------------------------------------------------------------------------------------------------
//
// Every packed format is handled as 32-bit words with four fields, taken apart by shifts in registers.

struct Fields {
    int r, g, b, a; // bit positions; a < 0: no alpha
    std::uint32_t mask, alphaMask;
    std::uint32_t keep; // bits that are nobody's: padding, and alpha where the kernel does not write it
};

// Kernels that see luma and chroma only leave alpha's bits alone.
template <class Op> inline constexpr bool kWritesAlpha = !SplitsLuma<Op>;

template <class Op> Fields fieldsOf(const FormatInfo &info)
{
    const ChannelOrder &o = info.order;
    Fields f{o.r * 8, o.g * 8, o.b * 8, o.a < 0 ? -1 : o.a * 8, 255, 255, 0};
    if (info.layout == Layout::Rgb10a2)
        f = {0, 10, 20, 30, 1023, 3, 0};
    std::uint32_t used = f.mask << f.r | f.mask << f.g | f.mask << f.b;
    if (kWritesAlpha<Op> && f.a >= 0)
        used |= f.alphaMask << f.a;
    f.keep = ~used;
    return f;
}

// Three-byte pixels overlap as words: each word carries the next pixel's first byte, which the next one repeats. The
// last pixel goes byte by byte, so that nothing behind it is touched.
inline void readWords3(std::uint32_t *words, const std::uint8_t *q, int n)
{
    for (int i = 0; i + 1 < n; ++i)
        std::memcpy(words + i, q + 3 * i, 4);
    words[n - 1] = 0;
    std::memcpy(words + n - 1, q + 3 * (n - 1), 3);
}

inline void writeWords3(const std::uint32_t *words, std::uint8_t *q, int n)
{
    for (int i = 0; i + 1 < n; ++i)
        std::memcpy(q + 3 * i, words + i, 4);
    std::memcpy(q + 3 * (n - 1), words + n - 1, 3);
}

inline void splitWords(Pixels &p, const std::uint32_t *__restrict words, int n, const Fields &fields)
{
    const Fields f = fields;
    const auto part = [](std::uint32_t word, int at, std::uint32_t mask) {
        return static_cast<float>(static_cast<int>((word >> at) & mask));
    };
    for (int i = 0; i < n; ++i) {
        p.r[i] = part(words[i], f.r, f.mask);
        p.g[i] = part(words[i], f.g, f.mask);
        p.b[i] = part(words[i], f.b, f.mask);
    }
    for (int i = 0; i < n; ++i)
        p.a[i] = f.a < 0 ? 1.0f : part(words[i], f.a, f.alphaMask) / static_cast<float>(f.alphaMask);
}

template <bool Alpha>
void joinWords(const Pixels &p, std::uint32_t *__restrict words, int n, const Fields &fields, float max)
{
    const Fields f = fields;
    for (int i = 0; i < n; ++i)
        words[i] = (words[i] & f.keep) | static_cast<std::uint32_t>(toCode(p.r[i], max)) << f.r |
                   static_cast<std::uint32_t>(toCode(p.g[i], max)) << f.g |
                   static_cast<std::uint32_t>(toCode(p.b[i], max)) << f.b;
    const auto top = static_cast<float>(f.alphaMask);
    if (Alpha && f.a >= 0)
        for (int i = 0; i < n; ++i)
            words[i] |= static_cast<std::uint32_t>(toCode(p.a[i] * top, top)) << f.a;
}

inline void scale(Pixels &p, int n, float gain, float offset)
{
    for (int i = 0; i < n; ++i) {
        p.r[i] = p.r[i] * gain + offset;
        p.g[i] = p.g[i] * gain + offset;
        p.b[i] = p.b[i] * gain + offset;
    }
}

// Whether every pixel becomes one colour; `word` is then its fields.
inline bool isOneColour(const RgbMatrix &matrix, const Fields &f, float max, std::uint32_t &word)
{
    const int at[] = {f.r, f.g, f.b};
    word = 0;
    for (int i = 0; i < 3; ++i) {
        const float *row = matrix.m[i];
        if (!isNothing(row[0]) || !isNothing(row[1]) || !isNothing(row[2]))
            return false;
        word |= static_cast<std::uint32_t>(toCode(row[3], max)) << at[i];
    }
    return true;
}

// One colour over pixels of three bytes, many at once.
inline void paintRows3(const RowsJob &job, int row0, int row1, std::uint32_t paint)
{
    constexpr int kMany = 512;
    alignas(64) std::uint8_t painted[3 * kMany];
    for (int i = 0; i < kMany; ++i)
        std::memcpy(painted + 3 * i, &paint, 3);
    for (int y = job.area.y + row0; y < job.area.y + row1; ++y) {
        std::uint8_t *row = rowOf<std::uint8_t>(job.frame->planes[0], y) + std::ptrdiff_t{job.area.x} * 3;
        for (int at = 0; at < job.area.width; at += kMany)
            std::memcpy(row + std::ptrdiff_t{at} * 3, painted,
                        3 * static_cast<std::size_t>(minOf(job.area.width - at, kMany)));
    }
}

template <class Op> void packedRows(const RowsJob &job, int row0, int row1)
{
    const auto &args = *static_cast<const typename Op::Args *>(job.args);
    const Codes c = codesOf(*job.frame, *job.info);
    const Weights w = Weights::of(job);
    const Fields fields = fieldsOf<Op>(*job.info);
    const bool affine = isAffine<Op>(args);
    const RgbMatrix matrix = affine ? matrixOf<Op>(args, w, c) : RgbMatrix{};
    const int bytes = job.info->samplesPerPixel == 3 ? 3 : 4;
    std::uint32_t paint = 0;
    const bool paints = affine && isOneColour(matrix, fields, c.max, paint);
    Pixels p;
    std::uint32_t words[kChunk];
    if (paints && bytes == 3)
        return paintRows3(job, row0, row1, paint);
    for (int y = job.area.y + row0; y < job.area.y + row1; ++y) {
        for (int at = 0; at < job.area.width; at += kChunk) {
            const int n = minOf(job.area.width - at, kChunk);
            const int x = job.area.x + at;
            std::uint8_t *q = rowOf<std::uint8_t>(job.frame->planes[0], y) + std::ptrdiff_t{x} * bytes;
            if (paints) {
                paintWords(q, n, fields.keep, paint);
                continue;
            }
            if (bytes == 3)
                readWords3(words, q, n);
            else
                std::memcpy(words, q, 4 * static_cast<std::size_t>(n));
            splitWords(p, words, n, fields);
            if (affine) {
                multiply(p, n, matrix);
            } else {
                scale(p, n, c.luma.scale, -c.luma.zero * c.luma.scale);
                applyRow<Op>(p, n, x, y, args, w);
                scale(p, n, 1 / c.luma.scale, c.luma.zero);
            }
            joinWords<kWritesAlpha<Op>>(p, words, n, fields, c.max);
            if (bytes == 3)
                writeWords3(words, q, n);
            else
                std::memcpy(q, words, 4 * static_cast<std::size_t>(n));
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
    if (info.planes > 1 && cy >= f.planes[1].height)
        return {rowOf<T>(f.planes[0], y), nullptr, nullptr, 1, 1};
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
    case Layout::Rgb10a2:
        return packedRows<Op>(job, row0, row1);
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
