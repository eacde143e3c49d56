// SPDX-License-Identifier: MIT
// Many unsigned numbers computed at once, with the arithmetic that frame kernels use. Plain arrays and plain loops: the
// compiler turns each loop into SIMD, which it does not do for conversions between vectors of different width.
#pragma once

#include "cudazerocopy/device.cuh"

#include <cstring>

namespace zc::host::ZC_ISA {

inline constexpr int kLaneCount = 64;

// Rows begin wherever their frame lets them, so that words wider than a byte may lie at any address.
template <class T> ZC_HD T loadWord(const void *p)
{
    T word;
    std::memcpy(&word, p, sizeof word);
    return word;
}
template <class T> ZC_HD void storeWord(void *p, T word)
{
    std::memcpy(p, &word, sizeof word);
}

// As many samples in memory, not loaded yet, so that adding them needs no copy. Whole: the value fills the word.
template <class T, bool Whole> struct LanesRef {
    const T *p;
    int shift;
    std::uint32_t mask;

    ZC_HD std::uint32_t at(int i) const
    {
        const std::uint32_t word = loadWord<T>(p + i);
        return Whole ? word : (word >> shift) & mask;
    }
};

struct Lanes {
    std::uint32_t v[kLaneCount];

    Lanes() = default;
    template <class T, bool Whole> ZC_HD Lanes(const LanesRef<T, Whole> &ref) // NOLINT(google-explicit-constructor)
    {
        for (int i = 0; i < kLaneCount; ++i)
            v[i] = ref.at(i);
    }
    template <class T, bool Whole> ZC_HD Lanes &operator+=(const LanesRef<T, Whole> &ref)
    {
        for (int i = 0; i < kLaneCount; ++i)
            v[i] += ref.at(i);
        return *this;
    }
};

// Exact, although by way of floats: the quotient may be one off, and the remainder tells. Sums stay below 2^31 (129 *
// 129 samples of 16 bits), so that signed conversions, which every CPU has, will do.
ZC_HD Lanes meanOf(const Lanes &sum, uint32 count)
{
    Lanes result;
    const auto divisor = static_cast<std::int32_t>(count);
    const float factor = 1.0f / static_cast<float>(divisor);
    for (int i = 0; i < kLaneCount; ++i) {
        const auto total = static_cast<std::int32_t>(sum.v[i] + count / 2);
        auto q = static_cast<std::int32_t>(static_cast<float>(total) * factor);
        const std::int32_t rest = total - q * divisor;
        q += (rest >= divisor) - (rest < 0);
        result.v[i] = static_cast<std::uint32_t>(q);
    }
    return result;
}

} // namespace zc::host::ZC_ISA
