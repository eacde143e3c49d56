// SPDX-License-Identifier: MIT
// Several adjacent numbers of a frame kernel in one thread, with the arithmetic that such kernels use.
#pragma once

#include "backend/device_sums.cuh"

namespace zc::device {

// How many samples of type T a thread computes.
template <class T> inline constexpr int kLanesOf = kLaneBytes / static_cast<int>(sizeof(T));

// L adjacent 16-bit numbers, two in a word: what is loaded.
template <int L> struct Halves {
    uint32 w[L / 2];
};

// Adjacent 32-bit numbers.
template <int L> struct Words {
    uint32 v[L];
};

// ---- sums ------------------------------------------------------------------------------------------------------

template <int L> struct WordsSum {
    Words<L> s;

    WordsSum() = default;
    ZC_M WordsSum(const Words<L> &from) : s(from) {} // NOLINT(google-explicit-constructor)
    ZC_M WordsSum &operator+=(const Words<L> &more)
    {
#pragma unroll
        for (int i = 0; i < L; ++i)
            s.v[i] += more.v[i];
        return *this;
    }
    ZC_M WordsSum &operator-=(const Words<L> &less)
    {
#pragma unroll
        for (int i = 0; i < L; ++i)
            s.v[i] -= less.v[i];
        return *this;
    }
    ZC_M uint32 at(int i) const
    {
        return s.v[i];
    }
};

// Sums that stay below 2^16 all the way: two in a word, added at once.
template <int L> struct NarrowSum {
    Halves<L> h;

    NarrowSum() = default;
    ZC_M NarrowSum(const Halves<L> &from) : h(from) {} // NOLINT(google-explicit-constructor)
    ZC_M NarrowSum(const WordsSum<L> &from)            // NOLINT(google-explicit-constructor)
    {
#pragma unroll
        for (int i = 0; i < L / 2; ++i)
            h.w[i] = from.at(2 * i) | from.at(2 * i + 1) << 16;
    }
    ZC_M NarrowSum &operator+=(const Halves<L> &more)
    {
#pragma unroll
        for (int i = 0; i < L / 2; ++i)
            h.w[i] += more.w[i];
        return *this;
    }
    ZC_M NarrowSum &operator-=(const Halves<L> &less)
    {
#pragma unroll
        for (int i = 0; i < L / 2; ++i)
            h.w[i] -= less.w[i];
        return *this;
    }
    ZC_M uint32 at(int i) const
    {
        return i % 2 == 0 ? h.w[i / 2] & 0xffffu : h.w[i / 2] >> 16;
    }
};

// Sums of 16-bit numbers in 32 bits. Whole words are added, and their upper halves once more by themselves: what the
// lower halves came to is the difference, whatever was carried.
template <int L> struct HalvesSum {
    uint32 both[L / 2], upper[L / 2];

    HalvesSum() = default;
    ZC_M HalvesSum(const Halves<L> &from) // NOLINT(google-explicit-constructor)
    {
#pragma unroll
        for (int i = 0; i < L / 2; ++i) {
            both[i] = from.w[i];
            upper[i] = from.w[i] >> 16;
        }
    }
    ZC_M HalvesSum(const WordsSum<L> &from) // NOLINT(google-explicit-constructor)
    {
#pragma unroll
        for (int i = 0; i < L / 2; ++i) {
            upper[i] = from.at(2 * i + 1);
            both[i] = from.at(2 * i) + (upper[i] << 16);
        }
    }
    ZC_M HalvesSum &operator+=(const Halves<L> &more)
    {
#pragma unroll
        for (int i = 0; i < L / 2; ++i) {
            both[i] += more.w[i];
            upper[i] += more.w[i] >> 16;
        }
        return *this;
    }
    ZC_M HalvesSum &operator-=(const Halves<L> &less)
    {
#pragma unroll
        for (int i = 0; i < L / 2; ++i) {
            both[i] -= less.w[i];
            upper[i] -= less.w[i] >> 16;
        }
        return *this;
    }
    ZC_M uint32 at(int i) const
    {
        return i % 2 == 0 ? both[i / 2] - (upper[i / 2] << 16) : upper[i / 2];
    }
};

// 2^(31+k) / count, rounded up, for 2^(k-1) < count <= 2^k, by way of floats and without a 64-bit division: twice an
// estimate of the quotient, each time of what the one before left.
ZC_D uint32 reciprocalOf(uint32 count, int k)
{
    const float inverse = 1.0f / static_cast<float>(count);
    uint32 q = static_cast<uint32>(inverse * __uint_as_float(static_cast<uint32>(127 + 31 + k) << 23));
    int32 rest = -static_cast<int32>(q * count); // of a multiple of 2^32
    q += static_cast<uint32>(static_cast<int32>(static_cast<float>(rest) * inverse));
    rest = -static_cast<int32>(q * count);
    const auto divisor = static_cast<int32>(count);
    if (rest > 0)
        ++q;
    else if (rest <= -divisor)
        --q;
    return q;
}

// Exact without a division of each number: sums stay below 2^31 (129 * 129 samples of 16 bits), and there the upper
// half of a product with the reciprocal is the quotient. Numbers of their own, as the stores want them.
template <template <int> class Sum, int L> ZC_D WordsSum<L> meanOf(const Sum<L> &sum, uint32 count)
{
    const int k = count == 1 ? 1 : 32 - __clz(static_cast<int>(count - 1));
    const uint32 factor = reciprocalOf(count, k);
    WordsSum<L> result;
#pragma unroll
    for (int i = 0; i < L; ++i)
        result.s.v[i] = count == 1 ? sum.at(i) : __umulhi(sum.at(i) + count / 2, factor) >> (k - 1);
    return result;
}

// ---- loads -----------------------------------------------------------------------------------------------------

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

// Samples of type T as they lie in memory, as numbers.
template <class T> ZC_D Halves<kLanesOf<T>> numbersOf(const uint32 *w, int shift, uint32 mask)
{
    Halves<kLanesOf<T>> h;
#pragma unroll
    for (int i = 0; i < kLaneBytes / 4; ++i) {
        if constexpr (sizeof(T) == 1) {
            h.w[2 * i] = __byte_perm(w[i], 0, 0x4140);
            h.w[2 * i + 1] = __byte_perm(w[i], 0, 0x4342);
        } else {
            h.w[i] = (w[i] >> shift) & (mask | mask << 16);
        }
    }
    return h;
}

template <class T, class Row> ZC_D Halves<kLanesOf<T>> loadSamples(const Row &row, int sample, int shift, uint32 mask)
{
    uint32 w[kLaneBytes / 4];
    loadBytes<kLaneBytes>(row, sample * static_cast<int>(sizeof(T)), w);
    return numbersOf<T>(w, shift, mask);
}

template <int L> ZC_D Halves<L> asLoaded(const Halves<L> &h, const NarrowSum<L> *)
{
    return h;
}
template <int L> ZC_D Words<L> asLoaded(const Halves<L> &h, const WordsSum<L> *)
{
    Words<L> w;
#pragma unroll
    for (int i = 0; i < L; ++i)
        w.v[i] = i % 2 == 0 ? h.w[i / 2] & 0xffffu : h.w[i / 2] >> 16;
    return w;
}

template <class N, int L> struct SumOf;
template <int L> struct SumOf<uint16, L> {
    using First = NarrowSum<L>; // of samples, when the kernel says that 16 bits are enough
    using Later = HalvesSum<L>;
};
template <int L> struct SumOf<uint32, L> {
    using First = WordsSum<L>;
    using Later = WordsSum<L>;
};

// What the first pass reads. `residue`: how far the first lane's sample lies behind the first one of texel x.
template <class T, class Source, class N> struct PictureLanes {
    static constexpr int L = kLanesOf<T>;
    using Value = typename SumOf<N, L>::First;
    using WideValue = Value;
    const PassJob &job;
    int residue;

    ZC_M auto inside(int x, int y) const
    {
        const Source row = Source::of(job.source, job.sourcePitch, y);
        const uint32 mask = (1u << job.depth) - 1;
        const int first = x * job.channels + residue;
        const Value *const kind = nullptr;
        if (first >= 0 && first + L <= job.width * job.channels)
            return asLoaded(loadSamples<T>(row, job.firstSample + first, job.shift, mask), kind);
        Halves<L> h;
#pragma unroll
        for (int i = 0; i < L / 2; ++i)
            h.w[i] = (clamped(row, x, 2 * i) | clamped(row, x, 2 * i + 1) << 16) >> job.shift & (mask | mask << 16);
        return asLoaded(h, kind);
    }
    ZC_M auto operator()(int x, int y) const
    {
        return inside(x, clampTo(y, 0, job.height - 1));
    }
    ZC_M Value across(int x, int y, int count) const
    {
        const Source row = Source::of(job.source, job.sourcePitch, clampTo(y, 0, job.height - 1));
        WordsSum<L> sum;
        slideAcross<T, L>(row, LanesAt{job.firstSample, job.width, x, residue}, count, job.channels,
                          SampleBits<T>{job.shift, (1u << job.depth) - 1}, sum.s.v);
        return sum;
    }

private:
    // The word of lane i, from the plane's edge where its texel lies outside.
    ZC_M uint32 clamped(const Source &row, int x, int i) const
    {
        const int lane = residue + i,
                  ahead = static_cast<int>(static_cast<uint32>(lane) / static_cast<uint32>(job.channels));
        const int texel = clampTo(x + ahead, 0, job.width - 1);
        const int sample = job.firstSample + texel * job.channels + (lane - ahead * job.channels);
        return row.template read<T>(sample * static_cast<int>(sizeof(T)));
    }
};

// What later passes read: rows that begin at a multiple of 256 bytes and are padded.
template <class N, int L> struct ResultLanes {
    using Value = typename SumOf<N, L>::Later;
    using WideValue = Value;
    const PassJob &job;
    int residue;

    ZC_M auto inside(int x, int y) const
    {
        const int byte = (x * job.channels + residue) * static_cast<int>(sizeof(N));
        return byte % 16 == 0 ? load<true>(byte, y) : load<false>(byte, y);
    }
    ZC_M auto operator()(int x, int y) const { return inside(x, y); }
    // From number s of a row on, a multiple of L.
    ZC_M auto ownColumns(int s, int y) const { return load<true>(s * static_cast<int>(sizeof(N)), y); }

private:
    template <bool Aligned> ZC_M auto load(int byte, int y) const
    {
        const PitchRow row = PitchRow::of(job.in, job.inPitch, y);
        if constexpr (sizeof(N) == 2) {
            Halves<L> h;
            loadNumbers<L / 2, Aligned>(row, byte, h.w);
            return h;
        } else {
            Words<L> w;
            loadNumbers<L, Aligned>(row, byte, w.v);
            return w;
        }
    }
    template <int Count, bool Aligned> ZC_D void loadNumbers(const PitchRow &row, int byte, uint32 *w)
    {
        if constexpr (Aligned) {
            const Chunk<Count> c = loadWhole<Count>(row, byte);
#pragma unroll
            for (int i = 0; i < Count; ++i)
                w[i] = c.w[i];
        } else {
            loadBytes<4 * Count>(row, byte, w);
        }
    }
};

// ---- stores ----------------------------------------------------------------------------------------------------

template <class N, int L, class Sum> ZC_D void storeResults(const PitchRow &row, int s, const Sum &v)
{
    constexpr int kPerWord = 4 / static_cast<int>(sizeof(N));
    Chunk<L / kPerWord> c;
#pragma unroll
    for (int i = 0; i < L / kPerWord; ++i)
        c.w[i] = kPerWord == 2 ? (v.at(2 * i) & 0xffffu) | v.at(2 * i + 1) << 16 : v.at(i);
    storeWhole(row, s * static_cast<int>(sizeof(N)), c);
}

// Is a row's address plus `byte` a multiple of Bytes, at most 16? Surfaces begin at one.
template <int Bytes> ZC_D bool isAligned(const PitchRow &row, int byte)
{
    return ((row.at + static_cast<uint64>(int64{byte})) & (Bytes - 1)) == 0;
}
template <int Bytes> ZC_D bool isAligned(const SurfaceRow &, int byte)
{
    return (byte & (Bytes - 1)) == 0;
}

// `count` samples of L; bits of a word that are not the value's stay.
template <class T, int L, class Row, class Sum>
ZC_D void storeSamples(const Row &row, int sample, int count, const Sum &v, int depth, int shift)
{
    constexpr int kBytes = static_cast<int>(sizeof(T)), kWords = L * kBytes / 4;
    const int byte = sample * kBytes;
    const uint32 mask = ((1u << depth) - 1) << shift;
    const bool whole = depth == 8 * kBytes;
    if (count == L && isAligned<4 * kWords>(row, byte)) {
        Chunk<kWords> c;
#pragma unroll
        for (int i = 0; i < kWords; ++i) {
            if constexpr (sizeof(T) == 1)
                c.w[i] = v.at(4 * i) | v.at(4 * i + 1) << 8 | v.at(4 * i + 2) << 16 | v.at(4 * i + 3) << 24;
            else
                c.w[i] = (v.at(2 * i) | v.at(2 * i + 1) << 16) << shift;
        }
        if (!whole) {
            const Chunk<kWords> old = loadWhole<kWords>(row, byte);
#pragma unroll
            for (int i = 0; i < kWords; ++i)
                c.w[i] |= old.w[i] & ~(mask | mask << 16);
        }
        storeWhole(row, byte, c);
        return;
    }
#pragma unroll
    for (int i = 0; i < L; ++i) {
        if (i >= count)
            break;
        const uint32 old = whole ? 0u : static_cast<uint32>(row.template read<T>(byte + i * kBytes)) & ~mask;
        row.template write<T>(byte + i * kBytes, static_cast<T>(old | v.at(i) << shift));
    }
}

} // namespace zc::device
