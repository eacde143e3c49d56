// SPDX-License-Identifier: MIT
// Device loops of the sample shape: integers, bit-exact.
#pragma once

#include "backend/device_rows.cuh"

namespace zc::device {

// Two 16-bit numbers in one register, for kernels that say kLanes.
struct Int16x2 {
    uint32 bits;

    Int16x2() = default;
    ZC_M explicit Int16x2(int both) : bits((static_cast<uint32>(both) & 0xffffu) * 0x10001u) {}
    ZC_D Int16x2 of(uint32 bits)
    {
        Int16x2 v;
        v.bits = bits;
        return v;
    }
};
ZC_D Int16x2 operator+(Int16x2 a, Int16x2 b)
{
    return Int16x2::of(__vadd2(a.bits, b.bits));
}
ZC_D Int16x2 operator-(Int16x2 a, Int16x2 b)
{
    return Int16x2::of(__vsub2(a.bits, b.bits));
}
ZC_D Int16x2 minOf(Int16x2 a, Int16x2 b)
{
    return Int16x2::of(__vmins2(a.bits, b.bits));
}
ZC_D Int16x2 maxOf(Int16x2 a, Int16x2 b)
{
    return Int16x2::of(__vmaxs2(a.bits, b.bits));
}

template <class Op, class = void> struct SampleLanes {
    static constexpr bool kValue = false;
};
template <class Op> struct SampleLanes<Op, decltype(static_cast<void>(Op::kLanes))> {
    static constexpr bool kValue = Op::kLanes;
};

// Of the four bytes of a word.
struct WordInfo {
    int low[4], high[4];
    uint32 keep;
};

ZC_D WordInfo wordInfo(const RowsJob &job, bool chroma)
{
    WordInfo info;
#pragma unroll
    for (int j = 0; j < 4; ++j) {
        info.low[j] = chroma ? job.lowOfPlane[1] : job.low[j];
        info.high[j] = chroma ? job.highOfPlane[1] : job.high[j];
    }
    info.keep = chroma ? 0 : job.keepBytes;
    return info;
}

template <class Op> ZC_D uint32 byteSample(uint32 v, int low, int high, const typename Op::Args &a)
{
    const SampleInfo<int16> s{static_cast<int16>(low), static_cast<int16>(high), 255};
    return static_cast<uint32>(Op::template sample<int16>(static_cast<int16>(v), s, a)) & 255u;
}

// Bytes first and first + 2 of a word.
template <class Op> ZC_D Int16x2 twoSamples(uint32 v, const WordInfo &info, int first, const typename Op::Args &a)
{
    const auto pair = [&](const int(&of)[4]) {
        return Int16x2::of(static_cast<uint32>(of[first]) | static_cast<uint32>(of[first + 2]) << 16);
    };
    return Op::template sample<Int16x2>(Int16x2::of(v),
                                        SampleInfo<Int16x2>{pair(info.low), pair(info.high), Int16x2(255)}, a);
}

template <class Op> ZC_D uint32 fourSamples(uint32 word, const WordInfo &info, const typename Op::Args &a)
{
    uint32 result = 0;
    if constexpr (SampleLanes<Op>::kValue) {
        const Int16x2 even = twoSamples<Op>(word & 0x00ff00ffu, info, 0, a);
        const Int16x2 odd = twoSamples<Op>(word >> 8 & 0x00ff00ffu, info, 1, a);
        result = __byte_perm(even.bits, odd.bits, 0x6240);
    } else {
#pragma unroll
        for (int j = 0; j < 4; ++j)
            result |= byteSample<Op>((word >> (8 * j)) & 255u, info.low[j], info.high[j], a) << (8 * j);
    }
    return (word & info.keep) | (result & ~info.keep);
}

template <class Op, class Row> ZC_D void bytesRows(const RowsJob &job, const typename Op::Args &a)
{
    eachChunk<Row, 4>(job, [&](Chunk<4> &k, const Place &at) {
        const WordInfo info = wordInfo(job, at.plane > 0);
#pragma unroll
        for (int i = 0; i < 4; ++i)
            k.w[i] = fourSamples<Op>(k.w[i], info, a);
        // The chroma sample behind the luma sample that is outside the picture.
        const PlaneJob p = planeOf(job, at.plane);
        if (job.oddPair >= p.hi && at.byte + kChunkBytes >= p.hi) {
            const Row row = rowOf<Row>(p, at.row);
            const uint32 v = row.template read<unsigned char>(job.oddPair);
            row.template write<unsigned char>(
                job.oddPair, static_cast<unsigned char>(byteSample<Op>(v, job.lowOfPlane[1], job.highOfPlane[1], a)));
        }
    });
}

// Words of 16 bits, or 32 with three fields.
template <class Op, class Row, int Bits> ZC_D void fieldsRows(const RowsJob &job, const typename Op::Args &a)
{
    constexpr int kEnd = Bits == 10 ? 30 : 32;
    eachChunk<Row, 4>(job, [&](Chunk<4> &k, const Place &at) {
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
