// SPDX-License-Identifier: MIT
// Device loops of the colour and the sample shape: each thread takes 16 bytes of a row (48 of 3-byte pixels).
#pragma once

#include "backend/device_job.hpp"

namespace zc::device {

#define ZC_D static __device__ __forceinline__

// ---- memory ----------------------------------------------------------------------------------------------------

template <int Words> struct Chunk {
    uint32 w[Words];
};

// Linear memory.
struct Pitch {
    template <class T> ZC_D T read(const PlaneJob &p, int byte, int row)
    {
        return *reinterpret_cast<const T *>(p.base + static_cast<uint64>(p.pitch * row) + byte);
    }
    template <class T> ZC_D void write(const PlaneJob &p, int byte, int row, T v)
    {
        *reinterpret_cast<T *>(p.base + static_cast<uint64>(p.pitch * row) + byte) = v;
    }
};

// CUDA arrays, through surface objects.
struct Surface {
    template <class T> ZC_D T read(const PlaneJob &p, int byte, int row) { return surf2Dread<T>(p.base, byte, row); }
    template <class T> ZC_D void write(const PlaneJob &p, int byte, int row, T v) { surf2Dwrite(v, p.base, byte, row); }
};

template <class Mem, int Words> ZC_D void loadChunk(const PlaneJob &p, int byte, int row, bool whole, Chunk<Words> &c)
{
    if (whole) {
#pragma unroll
        for (int i = 0; i < Words / 4; ++i) {
            const uint4 v = Mem::template read<uint4>(p, byte + 16 * i, row);
            c.w[4 * i] = v.x;
            c.w[4 * i + 1] = v.y;
            c.w[4 * i + 2] = v.z;
            c.w[4 * i + 3] = v.w;
        }
        return;
    }
#pragma unroll
    for (int i = 0; i < Words; ++i) {
        c.w[i] = 0;
#pragma unroll
        for (int j = 0; j < 4; ++j)
            if (byte + 4 * i + j >= p.lo && byte + 4 * i + j < p.hi)
                c.w[i] |= static_cast<uint32>(Mem::template read<unsigned char>(p, byte + 4 * i + j, row)) << (8 * j);
    }
}

template <class Mem, int Words>
ZC_D void storeChunk(const PlaneJob &p, int byte, int row, bool whole, const Chunk<Words> &c)
{
    if (whole) {
#pragma unroll
        for (int i = 0; i < Words / 4; ++i)
            Mem::template write<uint4>(p, byte + 16 * i, row,
                                       make_uint4(c.w[4 * i], c.w[4 * i + 1], c.w[4 * i + 2], c.w[4 * i + 3]));
        return;
    }
#pragma unroll
    for (int i = 0; i < Words; ++i)
#pragma unroll
        for (int j = 0; j < 4; ++j)
            if (byte + 4 * i + j >= p.lo && byte + 4 * i + j < p.hi)
                Mem::template write<unsigned char>(p, byte + 4 * i + j, row,
                                                   static_cast<unsigned char>(c.w[i] >> (8 * j)));
}

// ---- code values -----------------------------------------------------------------------------------------------

// Conversions between numbers and floats run at a quarter of the speed of everything else. Below 2^23 a float's
// mantissa holds the number itself, once 2^23 was added, so that an OR and a subtraction do the same.
constexpr uint32 kMagicBits = 0x4b000000u; // 2^23
constexpr float kMagic = 8388608.0f;

ZC_D float toFloat(uint32 code)
{
    return __uint_as_float(kMagicBits | code) - kMagic;
}
// Nearest code value, ties to even; NaN becomes 0.
ZC_D uint32 toCode(float v, float max)
{
    return __float_as_uint(fminf(fmaxf(v, 0.0f), max) + kMagic) ^ kMagicBits;
}

// Field `at` of a word, `bits` of a sample with shift and mask inside.
ZC_D float get(uint32 word, int at, const Codes &c)
{
    return toFloat((word >> (at + c.shift)) & c.mask);
}
ZC_D void put(uint32 &word, int at, float v, const Codes &c)
{
    word = (word & ~(c.mask << (at + c.shift))) | toCode(v, c.max) << (at + c.shift);
}

// The same for samples that fill their bytes, where the compiler makes one instruction of each.
template <int Bits> ZC_D float getSample(uint32 word, int at, const Codes &c)
{
    if constexpr (Bits == 8)
        return toFloat((word >> at) & 255u);
    else
        return get(word, at, c);
}
template <int Bits> ZC_D void putSample(uint32 &word, int at, float v, const Codes &c)
{
    if constexpr (Bits == 8)
        word = (word & ~(255u << at)) | toCode(v, c.max) << at;
    else
        put(word, at, v, c);
}

template <class Op> ZC_D float lumaCode(float v, const RowsJob &job, const typename Op::Args &a)
{
    if (job.plan.lumaAffine)
        return v * job.plan.line.gain + job.plan.line.offset;
    return Op::luma((v - job.codes.lumaZero) * job.codes.lumaScale, a) * job.codes.lumaBack + job.codes.lumaZero;
}

template <class Op> ZC_D void chromaCode(float &u, float &v, const RowsJob &job, const typename Op::Args &a)
{
    const Turn &t = job.plan.turn;
    if (job.plan.chromaAffine) {
        const float nu = u * t.uu + v * t.uv + t.u0;
        v = u * t.vu + v * t.vv + t.v0;
        u = nu;
        return;
    }
    const Codes &c = job.codes;
    const Chroma r = Op::chroma({(u - c.chromaZero) * c.chromaScale, (v - c.chromaZero) * c.chromaScale}, a);
    u = r.cb * c.chromaBack + c.chromaZero;
    v = r.cr * c.chromaBack + c.chromaZero;
}

// ---- what happens to one chunk ---------------------------------------------------------------------------------

// Luma samples, Bits wide.
template <class Op, int Bits, int Words>
ZC_D void lumaChunk(Chunk<Words> &k, const RowsJob &job, const typename Op::Args &a)
{
#pragma unroll
    for (int i = 0; i < Words; ++i)
#pragma unroll
        for (int at = 0; at < 32; at += Bits)
            putSample<Bits>(k.w[i], at, lumaCode<Op>(getSample<Bits>(k.w[i], at, job.codes), job, a), job.codes);
}

template <class Op, int Bits, int Words>
ZC_D void pairChunk(Chunk<Words> &k, const RowsJob &job, const typename Op::Args &a)
{
#pragma unroll
    for (int i = 0; i < Words; ++i)
#pragma unroll
        for (int at = 0; at < 32; at += 2 * Bits) {
            float u = get(k.w[i], at + job.uAt, job.codes), v = get(k.w[i], at + job.vAt, job.codes);
            chromaCode<Op>(u, v, job, a);
            put(k.w[i], at + job.uAt, u, job.codes);
            put(k.w[i], at + job.vAt, v, job.codes);
        }
}

template <class Op, int Bits, int Words>
ZC_D void planarChunk(Chunk<Words> &ku, Chunk<Words> &kv, const RowsJob &job, const typename Op::Args &a)
{
#pragma unroll
    for (int i = 0; i < Words; ++i)
#pragma unroll
        for (int at = 0; at < 32; at += Bits) {
            float u = getSample<Bits>(ku.w[i], at, job.codes), v = getSample<Bits>(kv.w[i], at, job.codes);
            chromaCode<Op>(u, v, job, a);
            putSample<Bits>(ku.w[i], at, u, job.codes);
            putSample<Bits>(kv.w[i], at, v, job.codes);
        }
}

template <class Op> ZC_D void word422(uint32 &word, const RowsJob &job, const typename Op::Args &a)
{
    const Codes &c = job.codes;
    if (!job.plan.keepsLuma) {
        put(word, job.yAt, lumaCode<Op>(get(word, job.yAt, c), job, a), c);
        put(word, job.yAt + 16, lumaCode<Op>(get(word, job.yAt + 16, c), job, a), c);
    }
    if (!job.plan.keepsChroma) {
        float u = get(word, job.uAt, c), v = get(word, job.vAt, c);
        chromaCode<Op>(u, v, job, a);
        put(word, job.uAt, u, c);
        put(word, job.vAt, v, c);
    }
}

// One pixel of RGB, code values in and out.
template <class Op> ZC_D void rgbCodes(float &r, float &g, float &b, const RowsJob &job, const typename Op::Args &args)
{
    if (job.plan.lumaAffine && job.plan.chromaAffine) {
        const float(&m)[3][4] = job.plan.matrix;
        const float nr = r * m[0][0] + g * m[0][1] + b * m[0][2] + m[0][3];
        const float ng = r * m[1][0] + g * m[1][1] + b * m[1][2] + m[1][3];
        b = r * m[2][0] + g * m[2][1] + b * m[2][2] + m[2][3];
        r = nr;
        g = ng;
        return;
    }
    const float zero = job.codes.lumaZero, scale = job.codes.lumaScale, kg = 1 - job.kr - job.kb;
    r = (r - zero) * scale;
    g = (g - zero) * scale;
    b = (b - zero) * scale;
    float y = job.kr * r + kg * g + job.kb * b;
    const Chroma c = Op::chroma({(b - y) / (2 * (1 - job.kb)), (r - y) / (2 * (1 - job.kr))}, args);
    y = Op::luma(y, args);
    r = y + 2 * (1 - job.kr) * c.cr;
    b = y + 2 * (1 - job.kb) * c.cb;
    g = (y - job.kr * r - job.kb * b) / kg;
    const float back = job.codes.lumaBack;
    r = r * back + zero;
    g = g * back + zero;
    b = b * back + zero;
}

template <class Op> ZC_D void wordRgb(uint32 &word, const RowsJob &job, const typename Op::Args &a)
{
    float r = toFloat((word >> job.rAt) & job.fieldMask);
    float g = toFloat((word >> job.gAt) & job.fieldMask);
    float b = toFloat((word >> job.bAt) & job.fieldMask);
    rgbCodes<Op>(r, g, b, job, a);
    word = (word & job.keep) | toCode(r, job.codes.max) << job.rAt | toCode(g, job.codes.max) << job.gAt |
           toCode(b, job.codes.max) << job.bAt;
}

// Sixteen pixels of three bytes.
template <class Op> ZC_D void chunkRgb24(Chunk<12> &k, const RowsJob &job, const typename Op::Args &a)
{
#pragma unroll
    for (int i = 0; i < 16; ++i) {
        float v[3];
#pragma unroll
        for (int j = 0; j < 3; ++j)
            v[j] = toFloat((k.w[(3 * i + j) / 4] >> (8 * ((3 * i + j) % 4))) & 255);
        const bool swapped = job.rAt != 0;
        rgbCodes<Op>(swapped ? v[2] : v[0], v[1], swapped ? v[0] : v[2], job, a);
#pragma unroll
        for (int j = 0; j < 3; ++j) {
            const int at = 8 * ((3 * i + j) % 4);
            uint32 &word = k.w[(3 * i + j) / 4];
            word = (word & ~(255u << at)) | toCode(v[j], job.codes.max) << at;
        }
    }
}

// ---- the grid --------------------------------------------------------------------------------------------------

struct Place {
    int plane, row, byte;
    bool inside, whole;
};

// Chunks are counted from the start of the row, so that they stay aligned whatever the region. `nth`: of the thread's.
template <int Bytes> ZC_D Place placeOf(const RowsJob &job, int nth)
{
    Place at{0, static_cast<int>(blockIdx.y) * kBlockY + static_cast<int>(threadIdx.y), 0, false, false};
    const int planes = job.planarChroma ? 2 : job.planes;
    while (at.plane < planes && at.row >= job.plane[at.plane].rows)
        at.row -= job.plane[at.plane++].rows;
    if (at.plane >= planes)
        return at;
    const PlaneJob &p = job.plane[at.plane];
    at.row += p.row;
    const int column = (static_cast<int>(blockIdx.x) * kChunksEach + nth) * kBlockX + static_cast<int>(threadIdx.x);
    at.byte = (p.lo / Bytes + column) * Bytes;
    at.inside = at.byte < p.hi;
    at.whole = job.vectors && at.byte >= p.lo && at.byte + Bytes <= p.hi;
    return at;
}

// Loads all of the thread's chunks, hands each to `change`, stores them.
template <class Mem, int Words, class Change> ZC_D void eachChunk(const RowsJob &job, const Change &change)
{
    Place at[kChunksEach];
    Chunk<Words> k[kChunksEach];
#pragma unroll
    for (int i = 0; i < kChunksEach; ++i) {
        at[i] = placeOf<4 * Words>(job, i);
        if (at[i].inside)
            loadChunk<Mem>(job.plane[at[i].plane], at[i].byte, at[i].row, at[i].whole, k[i]);
    }
#pragma unroll
    for (int i = 0; i < kChunksEach; ++i) {
        if (!at[i].inside)
            continue;
        change(k[i], at[i]);
        storeChunk<Mem>(job.plane[at[i].plane], at[i].byte, at[i].row, at[i].whole, k[i]);
    }
}

// Planes that keep their samples have no rows in the grid.
template <class Op, class Mem, int Bits> ZC_D void yuvRows(const RowsJob &job, const typename Op::Args &a)
{
    eachChunk<Mem, 4>(job, [&](Chunk<4> &k, const Place &at) {
        if (at.plane == 0) {
            lumaChunk<Op, Bits>(k, job, a);
        } else if (job.planarChroma) {
            Chunk<4> v;
            loadChunk<Mem>(job.plane[2], at.byte, at.row, at.whole, v);
            planarChunk<Op, Bits>(k, v, job, a);
            storeChunk<Mem>(job.plane[2], at.byte, at.row, at.whole, v);
        } else {
            pairChunk<Op, Bits>(k, job, a);
        }
    });
}

template <class Op, class Mem> ZC_D void packed422Rows(const RowsJob &job, const typename Op::Args &a)
{
    // Of an odd width's last pair one luma sample is outside the picture.
    const int oddWord = job.oddPair >= 0 ? job.oddPair & ~3 : -1;
    const uint32 outside = 255u << (job.yAt + 16);
    eachChunk<Mem, 4>(job, [&](Chunk<4> &k, const Place &at) {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const uint32 before = k.w[i];
            word422<Op>(k.w[i], job, a);
            if (at.byte + 4 * i == oddWord)
                k.w[i] = (k.w[i] & ~outside) | (before & outside);
        }
    });
}

template <class Op, class Mem> ZC_D void wordRows(const RowsJob &job, const typename Op::Args &a)
{
    eachChunk<Mem, 4>(job, [&](Chunk<4> &k, const Place &) {
#pragma unroll
        for (int i = 0; i < 4; ++i)
            wordRgb<Op>(k.w[i], job, a);
    });
}

template <class Op, class Mem> ZC_D void rgb24Rows(const RowsJob &job, const typename Op::Args &a)
{
    eachChunk<Mem, 12>(job, [&](Chunk<12> &k, const Place &) { chunkRgb24<Op>(k, job, a); });
}

// ---- sample shape ----------------------------------------------------------------------------------------------

template <class Op>
ZC_D uint32 sampleBytes(uint32 word, const int (&low)[4], const int (&high)[4], uint32 keep, const typename Op::Args &a)
{
    uint32 result = 0;
#pragma unroll
    for (int j = 0; j < 4; ++j) {
        const SampleInfo<int16> s{static_cast<int16>(low[j]), static_cast<int16>(high[j]), 255};
        const auto v = static_cast<int16>((word >> (8 * j)) & 255);
        result |= (static_cast<uint32>(Op::template sample<int16>(v, s, a)) & 255) << (8 * j);
    }
    return (word & keep) | (result & ~keep);
}

template <class Op, class Mem> ZC_D void bytesRows(const RowsJob &job, const typename Op::Args &a)
{
    eachChunk<Mem, 4>(job, [&](Chunk<4> &k, const Place &at) {
        const bool chroma = at.plane > 0;
        int low[4], high[4];
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            low[j] = chroma ? job.lowOfPlane[1] : job.low[j];
            high[j] = chroma ? job.highOfPlane[1] : job.high[j];
        }
        const uint32 keep = chroma ? 0 : job.keepBytes;
#pragma unroll
        for (int i = 0; i < 4; ++i)
            k.w[i] = sampleBytes<Op>(k.w[i], low, high, keep, a);
        // The chroma sample behind the luma sample that is outside the picture.
        const PlaneJob &p = job.plane[at.plane];
        if (job.oddPair >= p.hi && at.byte + kChunkBytes >= p.hi) {
            const SampleInfo<int16> s{static_cast<int16>(job.lowOfPlane[1]), static_cast<int16>(job.highOfPlane[1]),
                                      255};
            const auto v = static_cast<int16>(Mem::template read<unsigned char>(p, job.oddPair, at.row));
            Mem::template write<unsigned char>(p, job.oddPair, at.row,
                                               static_cast<unsigned char>(Op::template sample<int16>(v, s, a)));
        }
    });
}

// Words of 16 bits, or 32 with three fields.
template <class Op, class Mem, int Bits> ZC_D void fieldsRows(const RowsJob &job, const typename Op::Args &a)
{
    constexpr int kEnd = Bits == 10 ? 30 : 32;
    eachChunk<Mem, 4>(job, [&](Chunk<4> &k, const Place &at) {
        const SampleInfo<int32> s{job.lowOfPlane[at.plane], job.highOfPlane[at.plane], job.maxValue};
#pragma unroll
        for (int i = 0; i < 4; ++i)
#pragma unroll
            for (int first = 0; first < kEnd; first += Bits) {
                const int shift = first + job.codes.shift;
                const auto v = static_cast<int32>((k.w[i] >> shift) & job.codes.mask);
                k.w[i] = (k.w[i] & ~(job.codes.mask << shift)) |
                         (static_cast<uint32>(Op::template sample<int32>(v, s, a)) & job.codes.mask) << shift;
            }
    });
}

} // namespace zc::device
