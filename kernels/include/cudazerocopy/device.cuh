// SPDX-License-Identifier: MIT
// What the source of a kernel sees: number types, colours, parameter declarations and the three kernel shapes.
//
// One text serves nvcc, NVRTC and the host compiler, hence C++17 and no standard header under NVRTC.
// docs/kernels.md explains the shapes; kernels/ops/ holds one example of each.
#pragma once

#if defined(__CUDACC_RTC__)
namespace zc {
using uint8 = unsigned char;
using uint16 = unsigned short;
using uint32 = unsigned int;
using uint64 = unsigned long long;
using int16 = short;
using int32 = int;
using int64 = long long;
} // namespace zc
#else
#include <cmath>
#include <cstdint>
namespace zc {
using uint8 = std::uint8_t;
using uint16 = std::uint16_t;
using uint32 = std::uint32_t;
using uint64 = std::uint64_t;
using int16 = std::int16_t;
using int32 = std::int32_t;
using int64 = std::int64_t;
} // namespace zc
#endif

// A function that runs on the host and on the device, always inlined into the loop that the framework wraps round it.
#if defined(__CUDACC__)
#define ZC_HD __host__ __device__ __forceinline__
#else
#define ZC_HD inline __attribute__((always_inline))
#endif

namespace zc {

// ---- what a kernel declares ------------------------------------------------------------------------------------

enum class Shape { Colour, Sample, Frame };

enum class ParamType { Float, Int, Bool, Enum, Colour };

// One parameter. A Colour is a number 0xAARRGGBB; an Enum is the index of its name in `choices`, which are
// separated by '|'. `low` and `high` are the range of a Float or Int, both ends included.
struct ParamSpec {
    const char *name;
    ParamType type;
    double fallback;
    double low;
    double high;
    const char *description;
    const char *choices = nullptr;
};

// What a kernel's prepare() may know of the frame that it will run on.
struct FrameTraits {
    int width = 0;
    int height = 0;
    float kr = 0.299f; // luma weights of red and blue, from the frame's matrix; RGB frames use BT.601's
    float kb = 0.114f;
};

// Values of the parameters, in the order of their declaration.
struct ParamView {
    const double *values;
    ZC_HD float number(int i) const { return static_cast<float>(values[i]); }
    ZC_HD int integer(int i) const { return static_cast<int>(values[i]); }
    ZC_HD bool flag(int i) const { return values[i] != 0.0; }
    ZC_HD uint32 colour(int i) const { return static_cast<uint32>(values[i]); }
};

// ---- colour shape ----------------------------------------------------------------------------------------------

// Red, green, blue, alpha; 0 is black and 1 is white (or opaque). Values outside 0..1 occur: super-white, and YUV
// that no RGB display can show. They are clamped only when stored.
struct Color {
    float r, g, b, a;
};

// Blue and red difference, -0.5..0.5 nominally.
struct Chroma {
    float cb, cr;
};

// Which pixel: column and row in the whole frame.
struct Pos {
    int x, y;
};

// ---- sample shape ----------------------------------------------------------------------------------------------

// What one native sample means. For luma and RGB, `low` is black and `high` white; for chroma they are the nominal
// ends of the range, whose middle is neutral. `max` is the largest code value. I is int16 for 8 bit, int32 for more. A
// kernel that does nothing but add, subtract and take minOf(), maxOf() and clampTo(), with results of int16, may say
// kLanes = true: I may then also be a pair of samples.
template <class I> struct SampleInfo {
    I low, high, max;
};

// ---- frame shape -----------------------------------------------------------------------------------------------

// One channel group (luma, the chroma pair, a pixel of RGBA ...) of the region in force, in that group's own texels.
// Coordinates handed to the first pass's input are of the whole plane and are clamped to its edges.
struct Area {
    int x, y;          // top left corner of the region
    int width, height; // of the region
    int subX, subY;    // log2 of how many columns and rows of the picture one texel covers
};

struct Extent {
    int width, height;
};

// A kernel of this shape runs in kPasses passes. Each pass computes extent() results, run(Pass<n>, in, x, y, ...) one
// of them; `in` is the picture for the first pass and the pass before for the others, and the last pass's results are
// the new texels of the region. With one pass only, `in` is a copy of the region made before, so that nothing is read
// after it was written. in(x, y) clamps to the plane, in.inside(x, y) trusts the caller; both answer an In::Value
// (unsigned, 32 bit for each channel). reach() says how far beyond its own column a result reads; kLanes that results
// side by side read texels side by side, so that a backend may compute several with one instruction: a bool for all
// passes, or an unsigned with one bit for each. A one-pass kernel that only makes pairs of texels change places may
// tell the partner's column and row, partnerColumn() and partnerRow(); a backend may then do without the copy. Columns
// keep their order or are all turned round. largest(pass, area, args, max) may tell an upper bound of the pass's
// results, and of the sums on the way to them, when no sample exceeds max: below 2^16, backends halve what they store.
// A pass that is the sum of texels side by side gets it from sumAcross(). One that is made of the sum of texels one
// below the other may tell sumRows(Pass<n>, area, args), how many from its own row of the input on, and
// ofSum(Pass<n>, sum, area, args), the result; a backend may then slide the sum down a column.
template <int N> struct Pass {};

// What sumAcross() does where the input knows no better.
template <class In> ZC_HD auto sumAcross(const In &in, int x, int y, int count, long) -> typename In::Value
{
    typename In::Value sum = in(x, y);
    for (int d = 1; d < count; ++d)
        sum += in(x + d, y);
    return sum;
}
template <class In> ZC_HD auto sumAcross(const In &in, int x, int y, int count, int) -> decltype(in.across(x, y, count))
{
    return in.across(x, y, count);
}
// Sum of `count` texels, at least one, from (x, y) on.
template <class In> ZC_HD auto sumAcross(const In &in, int x, int y, int count) -> typename In::Value
{
    return sumAcross(in, x, y, count, 0);
}

// Mean of `count` values from their sum, halves up.
ZC_HD uint32 meanOf(uint32 sum, uint32 count)
{
    return (sum + count / 2) / count;
}
ZC_HD uint32 meanOf(uint64 sum, uint32 count)
{
    return static_cast<uint32>((sum + count / 2) / count);
}

// ---- arithmetic shared by kernels ------------------------------------------------------------------------------

template <class T> ZC_HD constexpr T minOf(T a, T b)
{
    return a < b ? a : b;
}
template <class T> ZC_HD constexpr T maxOf(T a, T b)
{
    return a > b ? a : b;
}
template <class T> ZC_HD constexpr T clampTo(T v, T low, T high)
{
    return minOf(maxOf(v, low), high);
}
ZC_HD constexpr float mix(float a, float b, float t)
{
    return a + (b - a) * t;
}
ZC_HD constexpr int ceilDiv(int a, int b)
{
    return (a + b - 1) / b;
}

// 2^x and log2(x), branch free so that compilers turn loops over them into SIMD; relative error below 4e-7.
ZC_HD float bitsToFloat(uint32 u)
{
#if defined(__CUDA_ARCH__)
    return __uint_as_float(u);
#else
    union {
        uint32 u;
        float f;
    } pun = {u};
    return pun.f;
#endif
}

ZC_HD uint32 floatToBits(float f)
{
#if defined(__CUDA_ARCH__)
    return __float_as_uint(f);
#else
    union {
        float f;
        uint32 u;
    } pun = {f};
    return pun.u;
#endif
}

ZC_HD float exp2Of(float x)
{
    x = clampTo(x, -126.0f, 126.0f);
    // Adding 1.5 * 2^23 leaves the nearest whole number in the low bits of the mantissa.
    const float magic = 12582912.0f;
    const float shifted = x + magic;
    const float f = x - (shifted - magic);
    const float p =
        1.0f + f * (0.693147181f +
                    f * (0.240226507f +
                         f * (0.0555041087f + f * (0.00961812911f + f * (0.00133335581f + f * 0.000154035304f)))));
    return bitsToFloat(floatToBits(p) + (floatToBits(shifted) << 23));
}

ZC_HD float log2Of(float x)
{
    // The mantissa is brought to sqrt(1/2)..sqrt(2), where the series in s = (m-1)/(m+1) converges fast.
    const uint32 bits = floatToBits(x);
    const uint32 offset = bits - 0x3f3504f3u;
    const int exponent = static_cast<int>(offset) >> 23;
    const float m = bitsToFloat(bits - (static_cast<uint32>(exponent) << 23));
    const float s = (m - 1.0f) / (m + 1.0f);
    const float s2 = s * s;
    return static_cast<float>(exponent) +
           s * (2.88539008f + s2 * (0.961796694f + s2 * (0.577078016f + s2 * (0.412198583f + s2 * 0.320598898f))));
}

// x^e for x > 0. The GPU has instructions for both halves, as exact as the above.
ZC_HD float powOf(float x, float e)
{
#if defined(__CUDA_ARCH__)
    float power;
    asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
    power *= e;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(power));
    return power;
#else
    return exp2Of(e * log2Of(x));
#endif
}

} // namespace zc
