// SPDX-License-Identifier: MIT
// Affine changes of 8-bit samples in 16-bit fixed point: twice as many in a SIMD register as floats, and no
// conversions. Results are at most a sixth of a code value off before rounding.
#pragma once

#include "backend/host_op.hpp"

namespace zc::host::ZC_ISA {

// A sample times 2^8 fills 16 bits; times a gain of 11 fraction bits, less the low half of the product, leaves the
// result with 3 fraction bits. Unsigned, because that is the multiplication that compilers find in SIMD; the gain's
// sign is put on afterwards.
inline constexpr int kSampleBits = 8, kGainBits = 11, kFractionBits = 3;
inline constexpr float kFractions = 1 << kFractionBits;
inline constexpr float kRoom = 32000; // of 32767, for sums on the way

ZC_HD float absOf(float v)
{
    return v < 0 ? -v : v;
}
ZC_HD std::int16_t nearestShort(float v)
{
    return static_cast<std::int16_t>(v + (v < 0 ? -0.5f : 0.5f));
}

// Whether gains and an offset, in code values, and every sum on the way fit.
ZC_HD bool fitsFixed(float gains, float offset)
{
    return gains < 7.9f && 255 * kFractions * gains + kFractions * absOf(offset) + kFractions < kRoom;
}

struct Gain {
    std::uint16_t size;
    std::int16_t sign; // 0, or -1 where it is negative
};

ZC_HD Gain fixedGain(float gain)
{
    const float size = absOf(gain) * (1 << kGainBits) + 0.5f;
    return {static_cast<std::uint16_t>(size), static_cast<std::int16_t>(gain < 0 ? -1 : 0)};
}

ZC_HD std::int16_t scaled(std::uint8_t v, const Gain &gain)
{
    const auto wide = static_cast<std::uint16_t>(v << kSampleBits);
    const auto size = static_cast<std::uint16_t>((static_cast<std::uint32_t>(wide) * gain.size) >> 16);
    return static_cast<std::int16_t>((size ^ gain.sign) - gain.sign);
}

ZC_HD std::uint8_t toByte(std::int16_t sum)
{
    const auto v = static_cast<std::int16_t>(sum >> kFractionBits);
    return static_cast<std::uint8_t>(clampTo<std::int16_t>(v, 0, 255));
}

ZC_HD std::int16_t fixedOffset(float offset)
{
    return nearestShort(offset * kFractions + kFractions / 2);
}

// v' = gain * v + offset. False, and nothing done, if the numbers do not fit.
inline bool lineBytes(std::uint8_t *__restrict p, int n, float gain, float offset)
{
    if (!fitsFixed(absOf(gain), offset))
        return false;
    const Gain g = fixedGain(gain);
    const std::int16_t o = fixedOffset(offset);
    for (int i = 0; i < n; ++i)
        p[i] = toByte(static_cast<std::int16_t>(scaled(p[i], g) + o));
    return true;
}

// u' = uu * u + uv * v + u0, v' = vu * u + vv * v + v0.
inline bool turnBytes(std::uint8_t *__restrict pu, std::uint8_t *__restrict pv, int n, float uu, float uv, float u0,
                      float vu, float vv, float v0)
{
    if (!fitsFixed(absOf(uu) + absOf(uv), u0) || !fitsFixed(absOf(vu) + absOf(vv), v0))
        return false;
    const Gain guu = fixedGain(uu), guv = fixedGain(uv), gvu = fixedGain(vu), gvv = fixedGain(vv);
    const std::int16_t ou = fixedOffset(u0), ov = fixedOffset(v0);
    for (int i = 0; i < n; ++i) {
        const std::uint8_t u = pu[i], v = pv[i];
        pu[i] = toByte(static_cast<std::int16_t>(scaled(u, guu) + scaled(v, guv) + ou));
        pv[i] = toByte(static_cast<std::int16_t>(scaled(u, gvu) + scaled(v, gvv) + ov));
    }
    return true;
}

} // namespace zc::host::ZC_ISA
