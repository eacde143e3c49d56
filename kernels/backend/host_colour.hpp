// SPDX-License-Identifier: MIT
// Host loops of the colour shape. Compiled once per instruction set, inside that set's own namespace, so that no
// inline function built for a newer CPU is ever called on an older one.
#pragma once

#include "backend/host_fixed.hpp"
#include "backend/host_op.hpp"

#include <cstring>
#include <type_traits>

namespace zc::host::ZC_ISA {

// Pixels handled at a time: few enough to stay in the first-level cache as floats, many enough for long loops.
inline constexpr int kChunk = 128;

// From code value to normalised value: (v - zero) * scale; and back.
struct Range {
    float zero, scale;
};

struct Codes {
    Range luma, chroma; // luma also stands for R, G, B
    float max;
    int shift;
    int mask;
};

inline Codes codesOf(const Frame &frame, const FormatInfo &info)
{
    const float max = static_cast<float>((1 << info.depth) - 1);
    const float k = static_cast<float>(1 << info.depth) / 256.0f;
    const float middle = static_cast<float>(1 << (info.depth - 1));
    const int mask = (1 << info.depth) - 1;
    if (frame.range == ColorRange::Full)
        return {{0, 1 / max}, {middle, 1 / max}, max, info.shift, mask};
    return {{16 * k, 1 / (219 * k)}, {middle, 1 / (224 * k)}, max, info.shift, mask};
}

// Nearest code value. The comparisons are written so that NaN becomes 0.
ZC_HD int toCode(float v, float max)
{
    v += 0.5f;
    v = v > 0 ? v : 0;
    v = v < max ? v : max;
    return static_cast<int>(v);
}

template <class T> ZC_HD float load(const T &word, const Codes &c)
{
    if constexpr (sizeof(T) == 1)
        return static_cast<float>(word);
    else
        return static_cast<float>((word >> c.shift) & c.mask);
}

template <class T> ZC_HD void store(T &word, float v, const Codes &c)
{
    if constexpr (sizeof(T) == 1)
        word = static_cast<T>(toCode(v, c.max));
    else
        word = static_cast<T>((word & ~(c.mask << c.shift)) | (toCode(v, c.max) << c.shift));
}

template <class Op>
concept SplitsLuma = requires(const typename Op::Args &a)
{
    Op::luma(0.0f, a);
};

template <class Op> ZC_HD bool lumaIsAffine(const typename Op::Args &a)
{
    if constexpr (requires { Op::lumaIsAffine(a); })
        return Op::lumaIsAffine(a);
    else
        return false;
}

template <class Op> ZC_HD bool chromaIsAffine(const typename Op::Args &a)
{
    if constexpr (requires { Op::chromaIsAffine(a); })
        return Op::chromaIsAffine(a);
    else
        return false;
}

// v' = gain * v + offset in code values, found by asking the kernel for black and white.
struct Line {
    float gain, offset;
};

template <class Op> Line lumaLine(const typename Op::Args &a, const Codes &c)
{
    const float black = Op::luma(0.0f, a);
    const float gain = Op::luma(1.0f, a) - black;
    return {gain, black / c.luma.scale + c.luma.zero - gain * c.luma.zero};
}

// A gain that moves no 16-bit sample by half a step: what rounding left where nothing should be.
ZC_HD bool isNothing(float gain)
{
    return std::fabs(gain) < 1e-6f;
}

struct Turn {
    float uu, uv, u0, vu, vv, v0;
};

template <class Op> Turn chromaTurn(const typename Op::Args &a, const Codes &c)
{
    const Chroma none = Op::chroma({0, 0}, a), blue = Op::chroma({1, 0}, a), red = Op::chroma({0, 1}, a);
    const float uu = blue.cb - none.cb, uv = red.cb - none.cb;
    const float vu = blue.cr - none.cr, vv = red.cr - none.cr;
    const float zero = c.chroma.zero;
    return {uu, uv, none.cb / c.chroma.scale + zero - (uu + uv) * zero,
            vu, vv, none.cr / c.chroma.scale + zero - (vu + vv) * zero};
}

// ---- Y'CbCr kernels on YUV ---------------------------------------------------------------------------------------
//
// Samples that lie interleaved are read as whole words (a chroma pair, four bytes of YUY2) and taken apart by shifts
// in registers: compilers make far better SIMD of that than of loads with gaps.

// Code values through the kernel, in place.
template <class Op> void lumaCodes(float *__restrict v, int n, const typename Op::Args &args, const Codes &c)
{
    const typename Op::Args a = args;
    const float zero = c.luma.zero, scale = c.luma.scale, back = 1 / c.luma.scale;
    if (lumaIsAffine<Op>(a)) {
        const Line line = lumaLine<Op>(a, c);
        for (int i = 0; i < n; ++i)
            v[i] = v[i] * line.gain + line.offset;
        return;
    }
    for (int i = 0; i < n; ++i)
        v[i] = Op::luma((v[i] - zero) * scale, a) * back + zero;
}

template <class Op>
void chromaCodes(float *__restrict u, float *__restrict v, int n, const typename Op::Args &args, const Codes &c)
{
    const typename Op::Args a = args;
    const float zero = c.chroma.zero, scale = c.chroma.scale, back = 1 / c.chroma.scale;
    if (chromaIsAffine<Op>(a)) {
        const Turn t = chromaTurn<Op>(a, c);
        for (int i = 0; i < n; ++i) {
            const float nu = u[i] * t.uu + v[i] * t.uv + t.u0;
            v[i] = u[i] * t.vu + v[i] * t.vv + t.v0;
            u[i] = nu;
        }
        return;
    }
    for (int i = 0; i < n; ++i) {
        const Chroma r = Op::chroma({(u[i] - zero) * scale, (v[i] - zero) * scale}, a);
        u[i] = r.cb * back + zero;
        v[i] = r.cr * back + zero;
    }
}

// Whether the result is the same whatever the sample was.
template <class Op> bool paintsLuma(const typename Op::Args &a, const Codes &c)
{
    return lumaIsAffine<Op>(a) && isNothing(lumaLine<Op>(a, c).gain);
}

template <class Op> bool paintsChroma(const typename Op::Args &a, const Codes &c)
{
    if (!chromaIsAffine<Op>(a))
        return false;
    const Turn t = chromaTurn<Op>(a, c);
    return isNothing(t.uu) && isNothing(t.uv) && isNothing(t.vu) && isNothing(t.vv);
}

template <class Op> bool keepsLuma(const typename Op::Args &a, const Codes &c)
{
    if (!lumaIsAffine<Op>(a))
        return false;
    const Line line = lumaLine<Op>(a, c);
    return line.gain == 1 && line.offset == 0;
}

template <class Op> bool keepsChroma(const typename Op::Args &a, const Codes &c)
{
    if (!chromaIsAffine<Op>(a))
        return false;
    const Turn t = chromaTurn<Op>(a, c);
    return t.uu == 1 && t.vv == 1 && t.uv == 0 && t.vu == 0 && t.u0 == 0 && t.v0 == 0;
}

template <class Op, class T> void lumaRow(T *__restrict p, int n, const typename Op::Args &args, const Codes &codes)
{
    const typename Op::Args a = args;
    const Codes c = codes;
    if (keepsLuma<Op>(a, c))
        return;
    if (sizeof(T) == 1 && paintsLuma<Op>(a, c)) {
        std::memset(p, toCode(lumaLine<Op>(a, c).offset, c.max), static_cast<std::size_t>(n));
        return;
    }
    if (lumaIsAffine<Op>(a)) {
        const Line line = lumaLine<Op>(a, c);
        if constexpr (sizeof(T) == 1)
            if (lineBytes(p, n, line.gain, line.offset))
                return;
        for (int i = 0; i < n; ++i)
            store(p[i], load(p[i], c) * line.gain + line.offset, c);
        return;
    }
    const float zero = c.luma.zero, scale = c.luma.scale, back = 1 / c.luma.scale;
    for (int i = 0; i < n; ++i)
        store(p[i], Op::luma((load(p[i], c) - zero) * scale, a) * back + zero, c);
}

template <class Op, class T>
void chromaRows(T *__restrict pu, T *__restrict pv, int n, const typename Op::Args &args, const Codes &codes)
{
    const Codes c = codes;
    if (sizeof(T) == 1 && paintsChroma<Op>(args, c)) {
        const Turn t = chromaTurn<Op>(args, c);
        std::memset(pu, toCode(t.u0, c.max), static_cast<std::size_t>(n));
        std::memset(pv, toCode(t.v0, c.max), static_cast<std::size_t>(n));
        return;
    }
    if constexpr (sizeof(T) == 1) {
        if (chromaIsAffine<Op>(args)) {
            const Turn t = chromaTurn<Op>(args, c);
            if (turnBytes(pu, pv, n, t.uu, t.uv, t.u0, t.vu, t.vv, t.v0))
                return;
        }
    }
    float u[kChunk], v[kChunk];
    for (int at = 0; at < n; at += kChunk) {
        const int count = minOf(n - at, kChunk);
        for (int i = 0; i < count; ++i)
            u[i] = load(pu[at + i], c);
        for (int i = 0; i < count; ++i)
            v[i] = load(pv[at + i], c);
        chromaCodes<Op>(u, v, count, args, c);
        for (int i = 0; i < count; ++i)
            store(pu[at + i], u[i], c);
        for (int i = 0; i < count; ++i)
            store(pv[at + i], v[i], c);
    }
}

// Two samples of type T as one word.
template <class T> using PairOf = std::conditional_t<sizeof(T) == 1, std::uint16_t, std::uint32_t>;

// One field of a word, `bits` wide at `at`, of which `mask << shift` is the value.
template <class W> ZC_HD float field(W word, int at, const Codes &c)
{
    return static_cast<float>(static_cast<int>((word >> (at + c.shift)) & static_cast<W>(c.mask)));
}

template <class W> ZC_HD W fieldOf(float v, int at, const Codes &c)
{
    return static_cast<W>(static_cast<W>(toCode(v, c.max)) << (at + c.shift));
}

// n words from p on: bits of `keep` stay, the others come from `paint`.
template <class W> void paintWords(void *p, int n, W keep, W paint)
{
    auto *q = static_cast<std::uint8_t *>(p);
    for (int i = 0; i < n; ++i, q += sizeof(W)) {
        W word;
        std::memcpy(&word, q, sizeof word);
        word = static_cast<W>((word & keep) | paint);
        std::memcpy(q, &word, sizeof word);
    }
}

// Rows of chroma pairs; uFirst tells their order.
template <class Op, class T> void pairRow(T *row, int n, bool uFirst, const typename Op::Args &args, const Codes &codes)
{
    using W = PairOf<T>;
    const Codes c = codes;
    const int bits = 8 * sizeof(T), uAt = uFirst ? 0 : bits, vAt = bits - uAt;
    const auto value = static_cast<W>(c.mask << c.shift);
    const auto padding = static_cast<W>(~static_cast<W>(value | value << bits));
    if (paintsChroma<Op>(args, c)) {
        const Turn t = chromaTurn<Op>(args, c);
        paintWords(row, n, padding, static_cast<W>(fieldOf<W>(t.u0, uAt, c) | fieldOf<W>(t.v0, vAt, c)));
        return;
    }
    W words[kChunk];
    float u[kChunk], v[kChunk];
    for (int at = 0; at < n; at += kChunk) {
        const int count = minOf(n - at, kChunk);
        std::memcpy(words, row + 2 * at, sizeof(W) * static_cast<std::size_t>(count));
        for (int i = 0; i < count; ++i)
            u[i] = field(words[i], uAt, c);
        for (int i = 0; i < count; ++i)
            v[i] = field(words[i], vAt, c);
        chromaCodes<Op>(u, v, count, args, c);
        for (int i = 0; i < count; ++i)
            words[i] = static_cast<W>((words[i] & padding) | fieldOf<W>(u[i], uAt, c) | fieldOf<W>(v[i], vAt, c));
        std::memcpy(row + 2 * at, words, sizeof(W) * static_cast<std::size_t>(count));
    }
}

// One colour over `pairs` pairs of pixels of YUY2 or UYVY; luma stays if `luma` is false.
template <class Op>
void paintPairs(std::uint8_t *row, int pairs, const ChannelOrder &order, const typename Op::Args &args, const Codes &c,
                bool luma)
{
    const Turn t = chromaTurn<Op>(args, c);
    const std::uint32_t chroma =
        fieldOf<std::uint32_t>(t.u0, order.u * 8, c) | fieldOf<std::uint32_t>(t.v0, order.v * 8, c);
    if (!luma)
        return paintWords(row, pairs, 0x00ff00ffu << order.y * 8, chroma);
    const auto y = fieldOf<std::uint32_t>(lumaLine<Op>(args, c).offset, order.y * 8, c);
    paintWords(row, pairs, 0u, chroma | y | y << 16);
}

// Pairs of pixels through the kernel; luma stays if `luma` is false.
template <class Op>
void pairsRow(std::uint8_t *row, int pairs, const ChannelOrder &order, const typename Op::Args &args,
              const Codes &codes, bool luma)
{
    const Codes c = codes;
    const int yAt = order.y * 8, uAt = order.u * 8, vAt = order.v * 8;
    const bool chroma = !keepsChroma<Op>(args, c);
    std::uint32_t words[kChunk];
    float y0[kChunk], y1[kChunk], u[kChunk], v[kChunk];
    for (int at = 0; at < pairs; at += kChunk) {
        const int count = minOf(pairs - at, kChunk);
        std::memcpy(words, row + 4 * at, 4 * static_cast<std::size_t>(count));
        for (int i = 0; i < count; ++i) {
            y0[i] = field(words[i], yAt, c);
            y1[i] = field(words[i], yAt + 16, c);
            u[i] = field(words[i], uAt, c);
            v[i] = field(words[i], vAt, c);
        }
        if (luma) {
            lumaCodes<Op>(y0, count, args, c);
            lumaCodes<Op>(y1, count, args, c);
        }
        if (chroma)
            chromaCodes<Op>(u, v, count, args, c);
        for (int i = 0; i < count; ++i)
            words[i] = fieldOf<std::uint32_t>(y0[i], yAt, c) | fieldOf<std::uint32_t>(y1[i], yAt + 16, c) |
                       fieldOf<std::uint32_t>(u[i], uAt, c) | fieldOf<std::uint32_t>(v[i], vAt, c);
        std::memcpy(row + 4 * at, words, 4 * static_cast<std::size_t>(count));
    }
}

// n pixels of YUY2 or UYVY from an even column on. The second luma of the last pair is left alone if n is odd.
template <class Op>
void packed422Row(std::uint8_t *row, int n, const ChannelOrder &order, const typename Op::Args &args, const Codes &c,
                  bool luma)
{
    const int pairs = (n + 1) / 2;
    std::uint8_t &behind = row[4 * (pairs - 1) + order.y + 2];
    const std::uint8_t outside = behind;
    if (paintsChroma<Op>(args, c) && (!luma || paintsLuma<Op>(args, c)))
        paintPairs<Op>(row, pairs, order, args, c, luma);
    else
        pairsRow<Op>(row, pairs, order, args, c, luma);
    if (n & 1)
        behind = outside;
}

template <class T> T *rowOf(const Plane &plane, int y)
{
    return reinterpret_cast<T *>(static_cast<std::uint8_t *>(plane.data) + plane.pitch * y);
}

// A curve over samples of up to 12 bits is looked up: 256 or 4096 results cost less than one for each pixel.
template <class Op, class T> struct LumaTable {
    static constexpr int kEntries = sizeof(T) == 1 ? 256 : 4096;
    T of[kEntries]; // in the sample's bits

    LumaTable() = default;
    LumaTable(const typename Op::Args &args, const Codes &codes)
    {
        for (int v = 0; v <= codes.mask; ++v)
            of[v] = static_cast<T>(v << codes.shift);
        lumaRow<Op>(of, codes.mask + 1, args, codes);
    }
    // Whether it can be made, and pays for so many samples.
    static bool fits(const Codes &codes, std::int64_t samples)
    {
        return codes.mask < kEntries && (sizeof(T) == 1 || samples > codes.mask);
    }
    template <int Step> void apply(T *p, int n, const Codes &codes) const
    {
        const int shift = codes.shift, mask = codes.mask;
        for (int i = 0; i < n; ++i) {
            T &sample = p[i * Step];
            if constexpr (sizeof(T) == 1)
                sample = of[sample];
            else
                sample = static_cast<T>((sample & ~(mask << shift)) | of[(sample >> shift) & mask]);
        }
    }
};

template <class Op, class T> void yuvRows(const RowsJob &job, int row0, int row1)
{
    const auto &a = *static_cast<const typename Op::Args *>(job.args);
    const Frame &f = *job.frame;
    const FormatInfo &info = *job.info;
    const Codes c = codesOf(f, info);
    const Rect &r = job.area;
    const int cx = r.x >> info.subX;
    const int columns = ((r.x + r.width + (1 << info.subX) - 1) >> info.subX) - cx;
    const bool chroma = info.layout != Layout::Gray && !keepsChroma<Op>(a, c);
    using Table = LumaTable<Op, T>;
    const bool curve = !lumaIsAffine<Op>(a) && Table::fits(c, std::int64_t{r.width} * (row1 - row0));
    const Table table = curve ? Table(a, c) : Table();
    for (int y = r.y + row0; y < r.y + row1; ++y) {
        if (info.layout == Layout::Packed422) {
            std::uint8_t *row = rowOf<std::uint8_t>(f.planes[0], y) + r.x * 2;
            if constexpr (sizeof(T) == 1)
                if (curve)
                    table.template apply<2>(row + info.order.y, r.width, c);
            packed422Row<Op>(row, r.width, info.order, a, c, !curve && !keepsLuma<Op>(a, c));
            continue;
        }
        if (curve)
            table.template apply<1>(rowOf<T>(f.planes[0], y) + r.x, r.width, c);
        else
            lumaRow<Op>(rowOf<T>(f.planes[0], y) + r.x, r.width, a, c);
        if (!chroma || (y & ((1 << info.subY) - 1)) != 0)
            continue;
        const int cy = y >> info.subY;
        if (cy >= f.planes[1].height)
            continue;
        if (info.layout == Layout::Planar)
            chromaRows<Op>(rowOf<T>(f.planes[info.order.u], cy) + cx, rowOf<T>(f.planes[info.order.v], cy) + cx,
                           columns, a, c);
        else
            pairRow<Op>(rowOf<T>(f.planes[1], cy) + cx * 2, columns, info.order.u == 0, a, c);
    }
}

} // namespace zc::host::ZC_ISA
