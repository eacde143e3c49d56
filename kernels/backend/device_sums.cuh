// SPDX-License-Identifier: MIT
// Sums of texels side by side for all samples of a thread: the first texels' from words, the others by sliding.
#pragma once

#include "backend/device_memory.cuh"

namespace zc::device {

// Adjacent samples from any byte on: whole words round them, shifted into place. Reads no word without a wanted byte.
template <int Bytes> ZC_D void loadBytes(const PitchRow &row, int byte, uint32 *w)
{
    const uint64 at = row.at + static_cast<uint64>(int64{byte});
    const PitchRow words = {at & ~uint64{3}};
    const uint32 shift = static_cast<uint32>(at & 3) * 8;
    uint32 raw[Bytes / 4 + 1];
#pragma unroll
    for (int i = 0; i < Bytes / 4; ++i)
        raw[i] = words.template read<uint32>(4 * i);
    raw[Bytes / 4] = shift != 0 ? words.template read<uint32>(Bytes) : 0;
#pragma unroll
    for (int i = 0; i < Bytes / 4; ++i)
        w[i] = __funnelshift_r(raw[i], raw[i + 1], shift);
}

// Adds those bytes of a word that `ones` names with a 1. NVRTC 11 does not know the function of that name.
ZC_D uint32 addBytes(uint32 word, uint32 ones, uint32 sum)
{
#if defined(__CUDA_ARCH__)
    uint32 result;
    asm("dp4a.u32.u32 %0, %1, %2, %3;" : "=r"(result) : "r"(word), "r"(ones), "r"(sum));
    return result;
#else
    return __dp4a(word, ones, sum);
#endif
}

// How the samples of a word are numbers. T: uint8 or uint16.
template <class T> struct SampleBits {
    int shift;
    uint32 mask;

    ZC_M uint32 of(uint32 word, int i) const
    {
        if constexpr (sizeof(T) == 1)
            return __byte_perm(word, 0, static_cast<uint32>(0x4440 | i));
        else
            return (word >> (16 * i + shift)) & mask;
    }
};

// Adds the samples of a word to the sums of their channels. `phase`: the channel of the word's first sample.
template <class T, int Channels> struct ChannelSums {
    uint32 sum[Channels] = {};

    ZC_M void add(uint32 word, int phase, const SampleBits<T> &bits)
    {
        if constexpr (sizeof(T) == 1 && Channels != 3) {
            // Four bytes times 0 or 1, in one instruction.
            constexpr uint32 kOwn = Channels == 1 ? 0x01010101u : Channels == 2 ? 0x00010001u : 1u;
#pragma unroll
            for (int channel = 0; channel < Channels; ++channel)
                sum[channel] = addBytes(word, kOwn << (8 * channel), sum[channel]);
        } else if constexpr (sizeof(T) == 1) {
#pragma unroll
            for (int channel = 0; channel < 3; ++channel) {
                const int first = channel >= phase ? channel - phase : channel - phase + 3;
                sum[channel] = addBytes(word, first == 0 ? 0x01000001u : 1u << (8 * first), sum[channel]);
            }
        } else {
#pragma unroll
            for (int i = 0; i < 2; ++i)
                sum[i % Channels] += bits.of(word, i);
        }
    }
};

// Of `count` texels from `byte` on. Loads no word without a wanted byte.
template <class T, int Channels>
ZC_D ChannelSums<T, Channels> sumsOf(const PitchRow &row, int byte, int count, const SampleBits<T> &bits)
{
    const uint64 at = row.at + static_cast<uint64>(int64{byte});
    const PitchRow words = {at & ~uint64{3}};
    const int ahead = static_cast<int>(at & 3), bytes = count * Channels * static_cast<int>(sizeof(T));
    const int last = (ahead + bytes - 1) & ~3, whole = minOf(bytes, last);
    const auto shift = static_cast<uint32>(ahead) * 8;
    ChannelSums<T, Channels> sums;
    uint32 low = words.template read<uint32>(0);
    int done = 0, phase = 0;
#pragma unroll 4
    for (; done + 4 <= whole; done += 4) {
        const uint32 high = words.template read<uint32>(done + 4);
        sums.add(__funnelshift_r(low, high, shift), phase, bits);
        low = high;
        phase = phase == 2 ? 0 : phase + 1; // four bytes are one channel further, of three
    }
    if (done < bytes) {
        const uint32 high = done + 4 <= last ? words.template read<uint32>(done + 4) : 0;
        const uint32 wanted = bytes - done < 4 ? (1u << (8 * (bytes - done))) - 1 : ~0u;
        sums.add(__funnelshift_r(low, high, shift) & wanted, phase, bits);
    }
    return sums;
}

// The samples that a thread's lanes begin with: texel x of a row of `width`, and `residue` samples behind its first.
struct LanesAt {
    int firstSample, width, x, residue;
};

// Sums of `count` texels for L adjacent samples: those of the first texel are given, and every other one is that of its
// left neighbour, plus the sample that enters(i), minus the one that leaves(i).
template <int L, int Channels, class Enters, class Leaves>
ZC_D void slide(const uint32 (&first)[Channels], uint32 (&sum)[L], const Enters &enters, const Leaves &leaves)
{
#pragma unroll
    for (int i = 0; i < L; ++i)
        sum[i] = i < Channels ? first[i] : sum[i - Channels] + enters(i) - leaves(i);
}

// All samples lie inside the row, and at addresses.
template <class T, int L, int Channels>
ZC_D void slideWords(const PitchRow &row, const LanesAt &at, int count, const SampleBits<T> &bits, uint32 (&sum)[L])
{
    constexpr int kSize = static_cast<int>(sizeof(T)), kBytes = L * kSize, kPerWord = 4 / kSize;
    const int byte = (at.firstSample + at.x * Channels + at.residue) * kSize;
    const ChannelSums<T, Channels> first = sumsOf<T, Channels>(row, byte, count, bits);
    uint32 leaving[kBytes / 4], entering[kBytes / 4];
    loadBytes<kBytes>(row, byte, leaving);
    loadBytes<kBytes>(row, byte + (count - 1) * Channels * kSize, entering);
    const auto of = [&](const uint32 *words, int i) { return bits.of(words[i / kPerWord], i % kPerWord); };
    slide<L, Channels>(
        first.sum, sum, [&](int i) { return of(entering, i); }, [&](int i) { return of(leaving, i - Channels); });
}

// One by one, and those outside the row from its edge.
template <class T, int L, int Channels, class Row>
ZC_D void slideSamples(const Row &row, const LanesAt &at, int count, const SampleBits<T> &bits, uint32 (&sum)[L])
{
    const auto sample = [&](int i, int texels) {
        const int lane = at.residue + i;
        const int ahead = static_cast<int>(static_cast<uint32>(lane) / static_cast<uint32>(Channels));
        const int texel = clampTo(at.x + ahead + texels, 0, at.width - 1);
        const int nth = at.firstSample + texel * Channels + lane - ahead * Channels;
        return bits.of(row.template read<T>(nth * static_cast<int>(sizeof(T))), 0);
    };
    uint32 first[Channels] = {};
#pragma unroll 1
    for (int d = 0; d < count; ++d)
#pragma unroll
        for (int channel = 0; channel < Channels; ++channel)
            first[channel] += sample(channel, d);
    slide<L, Channels>(
        first, sum, [&](int i) { return sample(i, count - 1); }, [&](int i) { return sample(i - Channels, 0); });
}

template <class T, int L, int Channels>
ZC_D void slideAcross(const PitchRow &row, const LanesAt &at, int count, const SampleBits<T> &bits, uint32 (&sum)[L])
{
    const int begin = at.x * Channels + at.residue;
    if (begin >= 0 && begin + (count - 1) * Channels + L <= at.width * Channels)
        slideWords<T, L, Channels>(row, at, count, bits, sum);
    else
        slideSamples<T, L, Channels>(row, at, count, bits, sum);
}
// A surface lets no read begin between its elements.
template <class T, int L, int Channels>
ZC_D void slideAcross(const SurfaceRow &row, const LanesAt &at, int count, const SampleBits<T> &bits, uint32 (&sum)[L])
{
    slideSamples<T, L, Channels>(row, at, count, bits, sum);
}

// Words of 16 bits have one or two channels.
template <class T, int L, class Row>
ZC_D void slideAcross(const Row &row, const LanesAt &at, int count, int channels, const SampleBits<T> &bits,
                      uint32 (&sum)[L])
{
    if (channels == 1)
        slideAcross<T, L, 1>(row, at, count, bits, sum);
    else if (channels == 2)
        slideAcross<T, L, 2>(row, at, count, bits, sum);
    else if constexpr (sizeof(T) == 1) {
        if (channels == 3)
            slideAcross<T, L, 3>(row, at, count, bits, sum);
        else
            slideAcross<T, L, 4>(row, at, count, bits, sum);
    }
}

} // namespace zc::device
