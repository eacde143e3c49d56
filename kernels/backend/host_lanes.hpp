// SPDX-License-Identifier: MIT
// Several unsigned numbers computed at once, with the arithmetic that frame kernels use.
#pragma once

#include "cudazerocopy/device.cuh"

#include <cstring>

namespace zc::host::ZC_ISA {

inline constexpr int kLaneCount = 16;

// The compiler's vector types: split into as many registers as the instruction set needs.
using Numbers = std::uint32_t __attribute__((vector_size(4 * kLaneCount)));
using Floats = float __attribute__((vector_size(4 * kLaneCount)));

struct Lanes {
    Numbers v;

    ZC_HD Lanes &operator+=(const Lanes &other)
    {
        v += other.v;
        return *this;
    }
    friend ZC_HD Lanes operator+(Lanes a, const Lanes &b) { return a += b; }
};

// GCC takes the attribute on a dependent type only in a typedef.
template <class T> struct VectorOf {
    typedef T type __attribute__((vector_size(sizeof(T) * kLaneCount)));
};

template <class T> ZC_HD Lanes loadLanes(const T *p)
{
    using Words = typename VectorOf<T>::type;
    Words words;
    std::memcpy(&words, p, sizeof words);
    return {__builtin_convertvector(words, Numbers)};
}

template <class T> ZC_HD void storeLanes(T *p, const Lanes &lanes)
{
    using Words = typename VectorOf<T>::type;
    const Words words = __builtin_convertvector(lanes.v, Words);
    std::memcpy(p, &words, sizeof words);
}

// Exact, although by way of floats: the quotient may be one off, and the remainder tells.
// Sums stay below 2^31 (129 * 129 samples of 16 bits), so that signed conversions, which every CPU has, will do.
ZC_HD Lanes meanOf(const Lanes &sum, uint32 count)
{
    using Signed = std::int32_t __attribute__((vector_size(4 * kLaneCount)));
    const Numbers total = sum.v + count / 2;
    const Floats quotient = __builtin_convertvector((Signed)total, Floats) * (1.0f / static_cast<float>(count));
    Signed q = __builtin_convertvector(quotient, Signed);
    const Signed rest = (Signed)total - q * static_cast<std::int32_t>(count);
    q += rest < 0; // a true lane is -1
    q -= rest >= static_cast<std::int32_t>(count);
    return {(Numbers)q};
}

} // namespace zc::host::ZC_ISA
