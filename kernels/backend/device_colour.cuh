// SPDX-License-Identifier: MIT
// Code values on the device: samples to floats and back, and one colour through a kernel.
#pragma once

#include "backend/device_memory.cuh"

namespace zc::device {

// Conversions between numbers and floats run at a quarter of the speed of everything else. Below 2^23 a float's
// mantissa holds the number itself, once 2^23 was added, so that putting bytes together and a subtraction do the same.
constexpr uint32 kMagicBits = 0x4b000000u; // 2^23
constexpr float kMagic = 8388608.0f;

ZC_D float toFloat(uint32 code)
{
    return __uint_as_float(kMagicBits | code) - kMagic;
}
// Byte n of a word.
ZC_D float byteOf(uint32 word, int n)
{
    return __uint_as_float(__byte_perm(word, kMagicBits, 0x7440u | static_cast<uint32>(n))) - kMagic;
}
// Half n of a word.
ZC_D float halfOf(uint32 word, int n)
{
    return __uint_as_float(__byte_perm(word, kMagicBits, n == 0 ? 0x7410u : 0x7432u)) - kMagic;
}
// Nearest code value of a unit, ties to even; NaN becomes 0. The upper bits hold the magic.
ZC_D uint32 codeBits(float unit, float max)
{
    return __float_as_uint(__fmaf_rn(__saturatef(unit), max, kMagic));
}
ZC_D uint32 codeOf(float unit, float max)
{
    return codeBits(unit, max) ^ kMagicBits;
}
// The low bytes of four numbers, and the low halves of two, as one word.
ZC_D uint32 joinBytes(uint32 a, uint32 b, uint32 c, uint32 d)
{
    return __byte_perm(__byte_perm(a, b, 0x0040), __byte_perm(c, d, 0x0040), 0x5410);
}
ZC_D uint32 joinHalves(uint32 a, uint32 b)
{
    return __byte_perm(a, b, 0x5410);
}

// Kernels of luma and chroma; the others see RGB.
template <class Op, class = void> struct SplitsLuma {
    static constexpr bool kValue = false;
};
template <class Op> struct SplitsLuma<Op, decltype(static_cast<void>(Op::luma(0.0f, typename Op::Args{})))> {
    static constexpr bool kValue = true;
};

// Code values in, units out.
template <class Op, bool Affine> ZC_D float lumaUnit(float v, const RowsJob &job, const typename Op::Args &a)
{
    if constexpr (Affine)
        return v * job.plan.line.gain + job.plan.line.offset;
    else
        return Op::luma((v - job.codes.lumaZero) * job.codes.lumaScale, a) * job.units.lumaBack + job.units.lumaZero;
}

template <class Op, bool Affine>
ZC_D void chromaUnits(float &u, float &v, const RowsJob &job, const typename Op::Args &a)
{
    if constexpr (Affine) {
        const Turn &t = job.plan.turn;
        const float nu = u * t.uu + v * t.uv + t.u0;
        v = u * t.vu + v * t.vv + t.v0;
        u = nu;
    } else {
        const Codes &c = job.codes;
        const Chroma r = Op::chroma({(u - c.chromaZero) * c.chromaScale, (v - c.chromaZero) * c.chromaScale}, a);
        u = r.cb * job.units.chromaBack + job.units.chromaZero;
        v = r.cr * job.units.chromaBack + job.units.chromaZero;
    }
}

ZC_D Color rgbFrom(float y, Chroma c, float alpha, const Weights &w)
{
    const float r = y + w.red * c.cr, b = y + w.blue * c.cb;
    return {r, (y - w.kr * r - w.kb * b) * w.perKg, b, alpha};
}
ZC_D float lumaFrom(const Color &c, const Weights &w)
{
    return w.kr * c.r + w.kg * c.g + w.kb * c.b;
}
ZC_D Chroma chromaFrom(const Color &c, float y, const Weights &w)
{
    return {(c.b - y) * w.perBlue, (c.r - y) * w.perRed};
}

// One pixel of RGB: code values in, units out; alpha is 0..1.
template <class Op, bool Affine> ZC_D void rgbUnits(Color &c, Pos at, const RowsJob &job, const typename Op::Args &args)
{
    if constexpr (Affine) {
        const float(&m)[3][4] = job.plan.matrix;
        const float r = c.r * m[0][0] + c.g * m[0][1] + c.b * m[0][2] + m[0][3];
        const float g = c.r * m[1][0] + c.g * m[1][1] + c.b * m[1][2] + m[1][3];
        c.b = c.r * m[2][0] + c.g * m[2][1] + c.b * m[2][2] + m[2][3];
        c.r = r;
        c.g = g;
    } else {
        const float zero = job.codes.lumaZero, scale = job.codes.lumaScale;
        c = {(c.r - zero) * scale, (c.g - zero) * scale, (c.b - zero) * scale, c.a};
        if constexpr (SplitsLuma<Op>::kValue) {
            const float y = lumaFrom(c, job.weights);
            c = rgbFrom(Op::luma(y, args), Op::chroma(chromaFrom(c, y, job.weights), args), c.a, job.weights);
        } else {
            c = Op::colour(c, at, args);
        }
        const float back = job.units.lumaBack, unitZero = job.units.lumaZero;
        c = {c.r * back + unitZero, c.g * back + unitZero, c.b * back + unitZero, c.a};
    }
}

} // namespace zc::device
