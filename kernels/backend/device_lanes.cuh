// SPDX-License-Identifier: MIT
// Several adjacent numbers of a frame kernel in one thread, with the arithmetic that such kernels use.
#pragma once

#include "backend/device_memory.cuh"

namespace zc::device {

inline constexpr int kHalfWords = kLanesEach / 2;

// Adjacent 16-bit numbers, two in a word: what is loaded.
struct Halves {
    uint32 w[kHalfWords];
};

// Adjacent 32-bit numbers.
struct Words {
    uint32 v[kLanesEach];
};

// ---- sums ------------------------------------------------------------------------------------------------------

// Sums that stay below 2^16 all the way: two in a word, added at once.
struct NarrowSum {
    Halves h;

    NarrowSum() = default;
    ZC_M NarrowSum(const Halves &from) : h(from) {} // NOLINT(google-explicit-constructor)
    ZC_M NarrowSum &operator+=(const Halves &more)
    {
#pragma unroll
        for (int i = 0; i < kHalfWords; ++i)
            h.w[i] += more.w[i];
        return *this;
    }
    ZC_M uint32 at(int i) const
    {
        return i % 2 == 0 ? h.w[i / 2] & 0xffffu : h.w[i / 2] >> 16;
    }
};

// Sums of 16-bit numbers in 32 bits. Whole words are added, and their upper halves once more by themselves: what the
// lower halves came to is the difference, whatever was carried.
struct HalvesSum {
    uint32 both[kHalfWords], upper[kHalfWords];

    HalvesSum() = default;
    ZC_M HalvesSum(const Halves &from) // NOLINT(google-explicit-constructor)
    {
#pragma unroll
        for (int i = 0; i < kHalfWords; ++i) {
            both[i] = from.w[i];
            upper[i] = from.w[i] >> 16;
        }
    }
    ZC_M HalvesSum &operator+=(const Halves &more)
    {
#pragma unroll
        for (int i = 0; i < kHalfWords; ++i) {
            both[i] += more.w[i];
            upper[i] += more.w[i] >> 16;
        }
        return *this;
    }
    ZC_M uint32 at(int i) const
    {
        return i % 2 == 0 ? both[i / 2] - (upper[i / 2] << 16) : upper[i / 2];
    }
};

struct WordsSum {
    Words s;

    WordsSum() = default;
    ZC_M WordsSum(const Words &from) : s(from) {} // NOLINT(google-explicit-constructor)
    ZC_M WordsSum &operator+=(const Words &more)
    {
#pragma unroll
        for (int i = 0; i < kLanesEach; ++i)
            s.v[i] += more.v[i];
        return *this;
    }
    ZC_M uint32 at(int i) const
    {
        return s.v[i];
    }
};

ZC_D WordsSum fromLanes(const Words &v, const WordsSum &)
{
    return v;
}
ZC_D HalvesSum fromLanes(const Words &v, const HalvesSum &)
{
    HalvesSum result;
#pragma unroll
    for (int i = 0; i < kHalfWords; ++i) {
        result.upper[i] = v.v[2 * i + 1];
        result.both[i] = v.v[2 * i] + (v.v[2 * i + 1] << 16);
    }
    return result;
}

// Exact without a division of each number: sums stay below 2^31 (129 * 129 samples of 16 bits), and there the upper
// half of a product with 2^(31+k) / count, rounded up, is the quotient, 2^k being the next power of two.
template <class Sum> ZC_D Sum meanOfLanes(const Sum &sum, uint32 count)
{
    if (count == 1)
        return sum;
    const int k = 32 - __clz(static_cast<int>(count - 1));
    const uint32 factor = static_cast<uint32>(((uint64{1} << (31 + k)) + count - 1) / count);
    Words result;
#pragma unroll
    for (int i = 0; i < kLanesEach; ++i)
        result.v[i] = __umulhi(sum.at(i) + count / 2, factor) >> (k - 1);
    return fromLanes(result, sum);
}
ZC_D HalvesSum meanOf(const HalvesSum &sum, uint32 count)
{
    return meanOfLanes(sum, count);
}
ZC_D WordsSum meanOf(const WordsSum &sum, uint32 count)
{
    return meanOfLanes(sum, count);
}

// ---- loads -----------------------------------------------------------------------------------------------------

// Adjacent samples from any byte on: whole words round them, shifted into place. Reads no word without a wanted byte.
template <int Bytes> ZC_D void loadBytes(const PitchRow &row, int byte, uint32 *w)
{
    const uint64 at = row.at + static_cast<uint64>(int64{byte});
    const uint64 base = at & ~uint64{3};
    const uint32 shift = static_cast<uint32>(at & 3) * 8;
    uint32 raw[Bytes / 4 + 1];
#pragma unroll
    for (int i = 0; i < Bytes / 4; ++i)
        raw[i] = *globalAt<uint32>(base + static_cast<uint64>(4 * i));
    raw[Bytes / 4] = shift != 0 ? *globalAt<uint32>(base + Bytes) : 0;
#pragma unroll
    for (int i = 0; i < Bytes / 4; ++i)
        w[i] = __funnelshift_r(raw[i], raw[i + 1], shift);
}

// A surface does not let a read begin or end between its elements.
template <int Bytes> ZC_D void loadBytes(const SurfaceRow &row, int byte, uint32 *w)
{
#pragma unroll
    for (int i = 0; i < Bytes / 4; ++i) {
        w[i] = 0;
#pragma unroll
        for (int j = 0; j < 4; ++j)
            w[i] |= static_cast<uint32>(row.template read<unsigned char>(byte + 4 * i + j)) << (8 * j);
    }
}

template <class T, class Row> ZC_D Halves loadSamples(const Row &row, int sample, int shift, uint32 mask)
{
    Halves h;
    if constexpr (sizeof(T) == 1) {
        uint32 w[kLanesEach / 4];
        loadBytes<kLanesEach>(row, sample, w);
#pragma unroll
        for (int i = 0; i < kLanesEach / 4; ++i) {
            h.w[2 * i] = __byte_perm(w[i], 0, 0x4140);
            h.w[2 * i + 1] = __byte_perm(w[i], 0, 0x4342);
        }
    } else {
        loadBytes<2 * kLanesEach>(row, 2 * sample, h.w);
#pragma unroll
        for (int i = 0; i < kHalfWords; ++i)
            h.w[i] = (h.w[i] >> shift) & (mask | mask << 16);
    }
    return h;
}

ZC_D Halves asLoaded(const Halves &h, const NarrowSum *)
{
    return h;
}
ZC_D Words asLoaded(const Halves &h, const WordsSum *)
{
    Words w;
#pragma unroll
    for (int i = 0; i < kLanesEach; ++i)
        w.v[i] = i % 2 == 0 ? h.w[i / 2] & 0xffffu : h.w[i / 2] >> 16;
    return w;
}

template <class N> struct SumOf;
template <> struct SumOf<uint16> {
    using First = NarrowSum; // of samples, when the kernel says that 16 bits are enough
    using Later = HalvesSum;
};
template <> struct SumOf<uint32> {
    using First = WordsSum;
    using Later = WordsSum;
};

// What the first pass reads. `residue`: how far the first lane's sample lies behind the first one of texel x.
template <class T, class Source, class N> struct PictureLanes {
    using Value = typename SumOf<N>::First;
    using WideValue = Value;
    const PassJob &job;
    int residue;

    ZC_M auto inside(int x, int y) const
    {
        const Source row = Source::of(job.source, job.sourcePitch, y);
        const uint32 mask = (1u << job.depth) - 1;
        const int first = x * job.channels + residue;
        const Value *const kind = nullptr;
        if (first >= 0 && first + kLanesEach <= job.width * job.channels)
            return asLoaded(loadSamples<T>(row, job.firstSample + first, job.shift, mask), kind);
        Halves h;
#pragma unroll
        for (int i = 0; i < kHalfWords; ++i)
            h.w[i] = (clamped(row, x, 2 * i) | clamped(row, x, 2 * i + 1) << 16) >> job.shift & (mask | mask << 16);
        return asLoaded(h, kind);
    }
    ZC_M auto operator()(int x, int y) const
    {
        return inside(x, clampTo(y, 0, job.height - 1));
    }

private:
    // The word of lane i, from the plane's edge where its texel lies outside.
    ZC_M uint32 clamped(const Source &row, int x, int i) const
    {
        const int lane = residue + i, ahead = lane / job.channels;
        const int texel = clampTo(x + ahead, 0, job.width - 1);
        const int sample = job.firstSample + texel * job.channels + (lane - ahead * job.channels);
        return row.template read<T>(sample * static_cast<int>(sizeof(T)));
    }
};

// What later passes read: rows that begin at a multiple of 256 bytes and are padded.
template <class N> struct ResultLanes {
    using Value = typename SumOf<N>::Later;
    using WideValue = Value;
    const PassJob &job;
    int residue;

    ZC_M auto inside(int x, int y) const
    {
        const PitchRow row = PitchRow::of(job.in, job.inPitch, y);
        const int byte = (x * job.channels + residue) * static_cast<int>(sizeof(N));
        if constexpr (sizeof(N) == 2) {
            Halves h;
            loadAligned<kHalfWords>(row, byte, h.w);
            return h;
        } else {
            Words w;
            loadAligned<kLanesEach>(row, byte, w.v);
            return w;
        }
    }
    ZC_M auto operator()(int x, int y) const { return inside(x, y); }

private:
    // Passes in lanes read the columns that they write, or others that are whole lanes away.
    template <int Count> ZC_D void loadAligned(const PitchRow &row, int byte, uint32 *w)
    {
        if (byte % 16 == 0) {
#pragma unroll
            for (int i = 0; i < Count / 4; ++i) {
                const uint4 v = row.template read<uint4>(byte + 16 * i);
                w[4 * i] = v.x;
                w[4 * i + 1] = v.y;
                w[4 * i + 2] = v.z;
                w[4 * i + 3] = v.w;
            }
        } else {
            loadBytes<4 * Count>(row, byte, w);
        }
    }
};

// ---- stores ----------------------------------------------------------------------------------------------------

template <class N, class Sum> ZC_D void storeResults(const PitchRow &row, int s, const Sum &v)
{
    constexpr int kPerWord = 4 / static_cast<int>(sizeof(N));
    Chunk<kLanesEach / kPerWord> c;
#pragma unroll
    for (int i = 0; i < kLanesEach / kPerWord; ++i)
        c.w[i] = kPerWord == 2 ? (v.at(2 * i) & 0xffffu) | v.at(2 * i + 1) << 16 : v.at(i);
    storeWhole(row, s * static_cast<int>(sizeof(N)), c);
}

// Is a row's address plus `byte` a multiple of 8? Surfaces begin at one.
ZC_D bool isAligned(const PitchRow &row, int byte)
{
    return ((row.at + static_cast<uint64>(int64{byte})) & 7) == 0;
}
ZC_D bool isAligned(const SurfaceRow &, int byte)
{
    return (byte & 7) == 0;
}

// `count` samples; bits of a word that are not the value's stay.
template <class T, class Row, class Sum>
ZC_D void storeSamples(const Row &row, int sample, int count, const Sum &v, int depth, int shift)
{
    constexpr int kBytes = static_cast<int>(sizeof(T));
    const int byte = sample * kBytes;
    const uint32 mask = ((1u << depth) - 1) << shift;
    const bool whole = depth == 8 * kBytes;
    if (count == kLanesEach && whole && isAligned(row, byte)) {
#pragma unroll
        for (int i = 0; i < kBytes; ++i) {
            uint32 w[2];
#pragma unroll
            for (int j = 0; j < 2; ++j) {
                if constexpr (sizeof(T) == 1)
                    w[j] = v.at(4 * j) | v.at(4 * j + 1) << 8 | v.at(4 * j + 2) << 16 | v.at(4 * j + 3) << 24;
                else
                    w[j] = v.at(4 * i + 2 * j) | v.at(4 * i + 2 * j + 1) << 16;
            }
            row.template write<uint2>(byte + 8 * i, make_uint2(w[0], w[1]));
        }
        return;
    }
#pragma unroll
    for (int i = 0; i < kLanesEach; ++i) {
        if (i >= count)
            break;
        const uint32 old = whole ? 0u : static_cast<uint32>(row.template read<T>(byte + i * kBytes)) & ~mask;
        row.template write<T>(byte + i * kBytes, static_cast<T>(old | v.at(i) << shift));
    }
}

} // namespace zc::device
