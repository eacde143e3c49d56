// SPDX-License-Identifier: MIT
// Plain loops of the point-wise kernels. Limited-range BT.601 for YUV, full range for RGB.
#include "plain_loops.hpp"

#include "plain_frames.hpp"
#include "plain_rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace zc::bench {

namespace {

using std::uint16_t;
using std::uint8_t;

template <class T> T codeOf(float v)
{
    return static_cast<T>(std::min(std::max(v + 0.5f, 0.0f), 256.0f * kUnits<T> - 1));
}

// ---- invert ----

struct Invert {
    template <class T> static T negative(T v, int sum)
    {
        return static_cast<T>(std::clamp(sum * kUnits<T> - v, 0, 256 * kUnits<T> - 1));
    }
    template <class T> T luma(T v) const { return negative(v, 16 + 235); }
    template <class T> void chroma(T &u, T &v) const
    {
        u = negative(u, 16 + 240);
        v = negative(v, 16 + 240);
    }
    void pixel(uint8_t &r, uint8_t &g, uint8_t &b) const
    {
        r = static_cast<uint8_t>(255 - r);
        g = static_cast<uint8_t>(255 - g);
        b = static_cast<uint8_t>(255 - b);
    }
};

// ---- adjust: brightness=0.1,contrast=1.1,saturation=1.2,hue=0.1 and gamma=1.5 ----

constexpr float kBrightness = 0.1f * 255 / 219, kContrast = 1.1f, kSaturation = 1.2f, kTurn = 3.14159265f * 0.1f;
constexpr float kPower = 1 / 1.5f;

float straight(float y)
{
    return y * kContrast + kBrightness;
}
float curved(float y)
{
    const float v = straight(y);
    return v > 0 ? std::pow(v, kPower) : v;
}

template <float (&Curve)(float)> struct Adjust {
    float c = std::cos(kTurn) * kSaturation, s = std::sin(kTurn) * kSaturation;

    template <class T> T luma(T v) const
    {
        constexpr float black = 16 * kUnits<T>, scale = 219 * kUnits<T>;
        return codeOf<T>(Curve((static_cast<float>(v) - black) / scale) * scale + black);
    }
    template <class T> void chroma(T &u, T &v) const
    {
        constexpr float middle = 128 * kUnits<T>;
        const float cb = static_cast<float>(u) - middle, cr = static_cast<float>(v) - middle;
        u = codeOf<T>(cb * c + cr * s + middle);
        v = codeOf<T>(cr * c - cb * s + middle);
    }
    void pixel(uint8_t &r, uint8_t &g, uint8_t &b) const
    {
        const float fr = static_cast<float>(r), fg = static_cast<float>(g), fb = static_cast<float>(b);
        const float y = 0.299f * fr + 0.587f * fg + 0.114f * fb;
        const float cb = (fb - y) / 1.772f, cr = (fr - y) / 1.402f;
        const float ny = Curve(y / 255) * 255, nb = cb * c + cr * s, nr = cr * c - cb * s;
        const float red = ny + 1.402f * nr, blue = ny + 1.772f * nb;
        r = codeOf<uint8_t>(red);
        g = codeOf<uint8_t>((ny - 0.299f * red - 0.114f * blue) / 0.587f);
        b = codeOf<uint8_t>(blue);
    }
};

// A table of all results, as soon as somebody sees what pow costs.
template <class Code> struct AdjustByTable : Adjust<curved> {
    Code of[256 * kUnits<Code>];
    AdjustByTable()
    {
        for (int v = 0; v < 256 * kUnits<Code>; ++v)
            of[v] = Adjust<curved>::luma(static_cast<Code>(v));
    }
    Code luma(Code v) const { return of[v]; }
};

// ---- gray ----

struct Gray {
    void pixel(uint8_t &r, uint8_t &g, uint8_t &b) const
    {
        const float y =
            0.299f * static_cast<float>(r) + 0.587f * static_cast<float>(g) + 0.114f * static_cast<float>(b);
        r = g = b = codeOf<uint8_t>(y);
    }
};

template <class T> void grayPlane(const Frame &frame, int plane, int samples)
{
    constexpr T middle = static_cast<T>(128 * kUnits<T> << kShift<T>);
    eachRow<T>(frame, plane, [&](T *row, int) { std::fill_n(row, samples, middle); });
}
void grayNv12(const Frame &frame)
{
    grayPlane<uint8_t>(frame, 1, frame.width);
}
void grayP010(const Frame &frame)
{
    grayPlane<uint16_t>(frame, 1, frame.width);
}
void grayI420(const Frame &frame)
{
    grayPlane<uint8_t>(frame, 1, frame.width / 2);
    grayPlane<uint8_t>(frame, 2, frame.width / 2);
}
void grayYuy2(const Frame &frame)
{
    eachRow<uint8_t>(frame, 0, [&](uint8_t *row, int) {
        for (int x = 1; x < 2 * frame.width; x += 2)
            row[x] = 128;
    });
}

// ---- fill: #4080c0, opaque, and with an opacity of 128/255 ----

constexpr float kRed = 0x40, kGreen = 0x80, kBlue = 0xc0; // of 255
constexpr float kLuma = (0.299f * kRed + 0.587f * kGreen + 0.114f * kBlue) / 255;
constexpr float kY = kLuma * 219 + 16;
constexpr float kCb = (kBlue / 255 - kLuma) / 1.772f * 224 + 128, kCr = (kRed / 255 - kLuma) / 1.402f * 224 + 128;

struct Fill {
    template <class T> T luma(T) const { return codeOf<T>(kY * kUnits<T>); }
    template <class T> void chroma(T &u, T &v) const
    {
        u = codeOf<T>(kCb * kUnits<T>);
        v = codeOf<T>(kCr * kUnits<T>);
    }
    void pixel(uint8_t &r, uint8_t &g, uint8_t &b) const
    {
        r = static_cast<uint8_t>(kRed);
        g = static_cast<uint8_t>(kGreen);
        b = static_cast<uint8_t>(kBlue);
    }
};

struct Blend {
    template <class T> static T blend(T old, float to)
    {
        const auto from = static_cast<float>(old);
        return codeOf<T>(from + (to * kUnits<T> - from) * (128.0f / 255));
    }
    template <class T> T luma(T v) const { return blend(v, kY); }
    template <class T> void chroma(T &u, T &v) const
    {
        u = blend(u, kCb);
        v = blend(v, kCr);
    }
    void pixel(uint8_t &r, uint8_t &g, uint8_t &b) const
    {
        r = blend(r, kRed);
        g = blend(g, kGreen);
        b = blend(b, kBlue);
    }
};

// ---- a kernel's loop for each format ----

template <class Kernel> void nv12(const Frame &frame)
{
    overSemiPlanar<uint8_t>(frame, Kernel());
}
template <class Kernel> void i420(const Frame &frame)
{
    overPlanar(frame, Kernel());
}
template <class Kernel> void p010(const Frame &frame)
{
    overSemiPlanar<uint16_t>(frame, Kernel());
}
template <class Kernel> void yuy2(const Frame &frame)
{
    overYuy2(frame, Kernel());
}
template <class Kernel> void rgba(const Frame &frame)
{
    overRgb<4>(frame, Kernel());
}
template <class Kernel> void rgb(const Frame &frame)
{
    overRgb<3>(frame, Kernel());
}
template <class Kernel> void gray8(const Frame &frame)
{
    overLuma<uint8_t>(frame, Kernel());
}

template <class Kernel>
constexpr Loops kPoint = {nv12<Kernel>, i420<Kernel>, p010<Kernel>, yuy2<Kernel>,
                          rgba<Kernel>, rgb<Kernel>,  gray8<Kernel>};

using Table8 = AdjustByTable<uint8_t>;
constexpr Loops kTable = {nv12<Table8>, i420<Table8>, p010<AdjustByTable<uint16_t>>, yuy2<Table8>, nullptr,
                          nullptr,      gray8<Table8>};
constexpr Loops kGray = {grayNv12, grayI420, grayP010, grayYuy2, rgba<Gray>, rgb<Gray>, nullptr};

constexpr const char *kAffine = "brightness=0.1,contrast=1.1,saturation=1.2,hue=0.1";
constexpr const char *kGamma = "brightness=0.1,contrast=1.1,saturation=1.2,hue=0.1,gamma=1.5";

} // namespace

std::span<const PlainLoop> plainLoops()
{
    // identity is missing: it changes nothing, and so does the loop.
    static const PlainLoop loops[] = {
        {"invert", "invert", "", 0, kPoint<Invert>},
        {"adjust", "adjust", kAffine, 1, kPoint<Adjust<straight>>},
        {"adjust with gamma, by powf", "adjust", kGamma, 1, kPoint<Adjust<curved>>},
        {"adjust with gamma, by table", "adjust", kGamma, 1, kTable},
        {"gray", "gray", "", 1, kGray},
        {"fill, opaque", "fill", "color=#4080c0", 1, kPoint<Fill>},
        {"fill, translucent", "fill", "color=0x804080c0", 1, kPoint<Blend>},
        {"flip, horizontal", "flip", "method=horizontal", 0, mirrorLoops()},
        {"flip, vertical", "flip", "method=vertical", 0, turnOverLoops()},
        {"flip, rotate-180", "flip", "method=rotate-180", 0, halfTurnLoops()},
        {"pixelate", "pixelate", "block=16", 0, mosaicLoops()},
        {"box-blur, naive", "box-blur", "radius=5", 0, naiveBlurLoops()},
        {"box-blur, running sums", "box-blur", "radius=5", 0, runningBlurLoops()},
    };
    return loops;
}

} // namespace zc::bench
