// SPDX-License-Identifier: MIT
// Brightness, contrast, saturation and hue with videobalance's ranges and meaning; gamma; exposure.
//
// On limited-range YUV the results are videobalance's, to one code value. On RGB they are only while nothing clips
// there: it goes through 8-bit Y, U, V of limited range and clamps them between the steps, where this computes in
// floats and clamps the stored value alone. On full-range YUV it takes the samples for limited range; this follows the
// caps.
#pragma once

#include "cudazerocopy/device.cuh"

namespace zc::ops {

struct Adjust {
    static constexpr const char *kName = "adjust";
    static constexpr Shape kShape = Shape::Colour;
    static constexpr const char *kSummary =
        "Brightness, contrast, saturation and hue with the ranges and meaning of videobalance; gamma and exposure";

    enum { Brightness, Contrast, Saturation, Hue, Gamma, Exposure };
    static constexpr ParamSpec kParams[] = {
        {"brightness", ParamType::Float, 0, -1, 1, "Added to luma; 1 adds 255/219 of the way from black to white"},
        {"contrast", ParamType::Float, 1, 0, 2, "Luma is multiplied by it, measured from black"},
        {"saturation", ParamType::Float, 1, 0, 2, "Chroma is multiplied by it; 0 is grey"},
        {"hue", ParamType::Float, 0, -1, 1, "Turns chroma; 1 is half a turn"},
        {"gamma", ParamType::Float, 1, 0.01, 10, "Luma is raised to the power of 1/gamma, after the others"},
        {"exposure", ParamType::Float, 0, -4, 4, "Stops of light, as a gain of 2^(exposure/2.2) on luma and chroma"},
    };

    struct Args {
        float gain, offset; // luma
        float power;        // 1/gamma
        float cosine, sine; // chroma, saturation and exposure included
    };

#if !defined(__CUDACC_RTC__)
    static Args prepare(ParamView p, const FrameTraits &)
    {
        const float exposure = std::exp2(p.number(Exposure) / 2.2f);
        const float turn = 3.14159265f * p.number(Hue);
        const float chroma = p.number(Saturation) * exposure;
        return {p.number(Contrast) * exposure, p.number(Brightness) * (255.0f / 219.0f) * exposure,
                1.0f / p.number(Gamma), std::cos(turn) * chroma, std::sin(turn) * chroma};
    }

    static bool isNeutral(ParamView p)
    {
        return p.number(Brightness) == 0 && p.number(Contrast) == 1 && p.number(Saturation) == 1 &&
               p.number(Hue) == 0 && p.number(Gamma) == 1 && p.number(Exposure) == 0;
    }
#endif

    // Affine unless there is a gamma, so that backends may take a cheaper loop: they find its two coefficients by
    // asking luma() for black and white, where no power is taken.
    ZC_HD static bool lumaIsAffine(const Args &a)
    {
        return a.power == 1.0f;
    }
    ZC_HD static bool chromaIsAffine(const Args &)
    {
        return true;
    }
    ZC_HD static float luma(float y, const Args &a)
    {
        const float v = y * a.gain + a.offset;
        const float curved = powOf(v, a.power);
        return a.power != 1.0f && v > 0 ? curved : v;
    }
    ZC_HD static Chroma chroma(Chroma c, const Args &a)
    {
        return {c.cb * a.cosine + c.cr * a.sine, c.cr * a.cosine - c.cb * a.sine};
    }
};

} // namespace zc::ops
