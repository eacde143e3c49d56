// SPDX-License-Identifier: MIT
// Host loops of the colour shape. Compiled once per instruction set, inside that set's own namespace, so that no
// inline function built for a newer CPU is ever called on an older one.
#pragma once

#include "backend/host_op.hpp"

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

template <class Op, class T, int Step>
void lumaRow(T *__restrict p, int n, const typename Op::Args &args, const Codes &codes)
{
    const typename Op::Args a = args;
    const Codes c = codes;
    if (lumaIsAffine<Op>(a)) {
        const Line line = lumaLine<Op>(a, c);
        if (line.gain == 1 && line.offset == 0)
            return;
        for (int i = 0; i < n; ++i)
            store(p[i * Step], load(p[i * Step], c) * line.gain + line.offset, c);
        return;
    }
    const float back = 1 / c.luma.scale;
    for (int i = 0; i < n; ++i) {
        const float y = (load(p[i * Step], c) - c.luma.zero) * c.luma.scale;
        store(p[i * Step], Op::luma(y, a) * back + c.luma.zero, c);
    }
}

// u and v never overlap, though they may lie in one row, Step samples apart.
template <class Op, class T, int Step>
void chromaRow(T *pu, T *pv, int n, const typename Op::Args &args, const Codes &codes)
{
    const typename Op::Args a = args;
    const Codes c = codes;
    float u[kChunk], v[kChunk];
    const bool affine = chromaIsAffine<Op>(a);
    const Turn t = affine ? chromaTurn<Op>(a, c) : Turn{};
    if (affine && t.uu == 1 && t.vv == 1 && t.uv == 0 && t.vu == 0 && t.u0 == 0 && t.v0 == 0)
        return;
    const float back = 1 / c.chroma.scale, zero = c.chroma.zero;
    for (int at = 0; at < n; at += kChunk) {
        const int count = minOf(n - at, kChunk);
        T *__restrict qu = pu + at * Step;
        T *__restrict qv = pv + at * Step;
        for (int i = 0; i < count; ++i)
            u[i] = load(qu[i * Step], c);
        for (int i = 0; i < count; ++i)
            v[i] = load(qv[i * Step], c);
        if (affine) {
            for (int i = 0; i < count; ++i) {
                const float nu = u[i] * t.uu + v[i] * t.uv + t.u0;
                v[i] = u[i] * t.vu + v[i] * t.vv + t.v0;
                u[i] = nu;
            }
        } else {
            for (int i = 0; i < count; ++i) {
                const Chroma r = Op::chroma({(u[i] - zero) * c.chroma.scale, (v[i] - zero) * c.chroma.scale}, a);
                u[i] = r.cb * back + zero;
                v[i] = r.cr * back + zero;
            }
        }
        for (int i = 0; i < count; ++i)
            store(qu[i * Step], u[i], c);
        for (int i = 0; i < count; ++i)
            store(qv[i * Step], v[i], c);
    }
}

template <class T> T *rowOf(const Plane &plane, int y)
{
    return reinterpret_cast<T *>(static_cast<std::uint8_t *>(plane.data) + plane.pitch * y);
}

template <class Op, class T> void yuvRows(const RowsJob &job, int row0, int row1)
{
    const auto &a = *static_cast<const typename Op::Args *>(job.args);
    const Frame &f = *job.frame;
    const FormatInfo &info = *job.info;
    const Codes c = codesOf(f, info);
    const Rect &r = job.area;
    const int cx = r.x >> info.subX;
    const int columns = ((r.x + r.width + (1 << info.subX) - 1) >> info.subX) - cx;
    for (int y = r.y + row0; y < r.y + row1; ++y) {
        if (info.layout == Layout::Packed422) {
            T *row = rowOf<T>(f.planes[0], y);
            lumaRow<Op, T, 2>(row + r.x * 2 + info.order.y, r.width, a, c);
            chromaRow<Op, T, 4>(row + cx * 4 + info.order.u, row + cx * 4 + info.order.v, columns, a, c);
            continue;
        }
        lumaRow<Op, T, 1>(rowOf<T>(f.planes[0], y) + r.x, r.width, a, c);
        if (info.layout == Layout::Gray || (y & ((1 << info.subY) - 1)) != 0)
            continue;
        const int cy = y >> info.subY;
        if (info.layout == Layout::Planar) {
            chromaRow<Op, T, 1>(rowOf<T>(f.planes[info.order.u], cy) + cx, rowOf<T>(f.planes[info.order.v], cy) + cx,
                                columns, a, c);
        } else {
            T *row = rowOf<T>(f.planes[1], cy) + cx * 2;
            chromaRow<Op, T, 2>(row + info.order.u, row + info.order.v, columns, a, c);
        }
    }
}

} // namespace zc::host::ZC_ISA
