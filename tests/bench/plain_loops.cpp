// SPDX-License-Identifier: MIT
// Plain loops of the point-wise kernels. Limited-range BT.601 for YUV, full range for RGB.
#include "plain_loops.hpp"

#include "plain_frames.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace zc::bench {

namespace {

using std::uint8_t;

uint8_t byteOf(float v)
{
    return static_cast<uint8_t>(std::min(std::max(v + 0.5f, 0.0f), 255.0f));
}

template <class Body> void eachRow(const Frame &frame, int plane, const Body &body)
{
    const Plane &p = frame.planes[plane];
    for (int y = 0; y < p.height; ++y)
        body(static_cast<uint8_t *>(p.data) + p.pitch * y);
}

// One function for luma, one for a chroma pair, in code values, over NV12 and YUY2.
template <class Luma, class Chroma> void overNv12(const Frame &frame, const Luma &luma, const Chroma &chroma)
{
    const int width = frame.width;
    eachRow(frame, 0, [&](uint8_t *row) {
        for (int x = 0; x < width; ++x)
            row[x] = luma(row[x]);
    });
    eachRow(frame, 1, [&](uint8_t *row) {
        for (int x = 0; x < width; x += 2)
            chroma(row[x], row[x + 1]);
    });
}

template <class Luma, class Chroma> void overYuy2(const Frame &frame, const Luma &luma, const Chroma &chroma)
{
    const int bytes = 2 * frame.width;
    eachRow(frame, 0, [&](uint8_t *row) {
        for (int x = 0; x < bytes; x += 4) {
            row[x] = luma(row[x]);
            row[x + 2] = luma(row[x + 2]);
            chroma(row[x + 1], row[x + 3]);
        }
    });
}

template <class Pixel> void overRgba(const Frame &frame, const Pixel &pixel)
{
    const int bytes = 4 * frame.width;
    eachRow(frame, 0, [&](uint8_t *row) {
        for (int x = 0; x < bytes; x += 4)
            pixel(row[x], row[x + 1], row[x + 2]);
    });
}

// ---- invert ----

uint8_t negative(uint8_t v, int sum)
{
    return static_cast<uint8_t>(std::clamp(sum - v, 0, 255));
}
const auto negativeLuma = [](uint8_t v) { return negative(v, 16 + 235); };
const auto negativePair = [](uint8_t &u, uint8_t &v) {
    u = negative(u, 16 + 240);
    v = negative(v, 16 + 240);
};

void invertNv12(const Frame &frame)
{
    overNv12(frame, negativeLuma, negativePair);
}
void invertYuy2(const Frame &frame)
{
    overYuy2(frame, negativeLuma, negativePair);
}
void invertRgba(const Frame &frame)
{
    overRgba(frame, [](uint8_t &r, uint8_t &g, uint8_t &b) {
        r = static_cast<uint8_t>(255 - r);
        g = static_cast<uint8_t>(255 - g);
        b = static_cast<uint8_t>(255 - b);
    });
}

// ---- adjust: brightness=0.1,contrast=1.1,saturation=1.2,hue=0.1 and gamma=1.5 ----

constexpr float kBrightness = 0.1f * 255 / 219, kContrast = 1.1f, kSaturation = 1.2f, kTurn = 3.14159265f * 0.1f;
constexpr float kPower = 1 / 1.5f;

const auto straight = [](float y) { return y * kContrast + kBrightness; };
const auto curved = [](float y) {
    const float v = straight(y);
    return v > 0 ? std::pow(v, kPower) : v;
};

template <class Curve> auto adjustedLuma(const Curve &curve)
{
    return [curve](uint8_t v) { return byteOf(curve((static_cast<float>(v) - 16) / 219) * 219 + 16); };
}

auto adjustedPair()
{
    const float c = std::cos(kTurn) * kSaturation, s = std::sin(kTurn) * kSaturation;
    return [c, s](uint8_t &u, uint8_t &v) {
        const float cb = static_cast<float>(u) - 128, cr = static_cast<float>(v) - 128;
        u = byteOf(cb * c + cr * s + 128);
        v = byteOf(cr * c - cb * s + 128);
    };
}

template <class Curve> void adjustRgbaBy(const Frame &frame, const Curve &curve)
{
    const float c = std::cos(kTurn) * kSaturation, s = std::sin(kTurn) * kSaturation;
    overRgba(frame, [&](uint8_t &r, uint8_t &g, uint8_t &b) {
        const float fr = static_cast<float>(r), fg = static_cast<float>(g), fb = static_cast<float>(b);
        const float y = 0.299f * fr + 0.587f * fg + 0.114f * fb;
        const float cb = (fb - y) / 1.772f, cr = (fr - y) / 1.402f;
        const float ny = curve(y / 255) * 255, nb = cb * c + cr * s, nr = cr * c - cb * s;
        const float red = ny + 1.402f * nr, blue = ny + 1.772f * nb;
        r = byteOf(red);
        g = byteOf((ny - 0.299f * red - 0.114f * blue) / 0.587f);
        b = byteOf(blue);
    });
}

void adjustNv12(const Frame &frame)
{
    overNv12(frame, adjustedLuma(straight), adjustedPair());
}
void adjustYuy2(const Frame &frame)
{
    overYuy2(frame, adjustedLuma(straight), adjustedPair());
}
void adjustRgba(const Frame &frame)
{
    adjustRgbaBy(frame, straight);
}
void gammaNv12(const Frame &frame)
{
    overNv12(frame, adjustedLuma(curved), adjustedPair());
}
void gammaYuy2(const Frame &frame)
{
    overYuy2(frame, adjustedLuma(curved), adjustedPair());
}
void gammaRgba(const Frame &frame)
{
    adjustRgbaBy(frame, curved);
}

// A table of 256 results, as soon as somebody sees what pow costs.
struct Table {
    uint8_t of[256];
    Table()
    {
        const auto luma = adjustedLuma(curved);
        for (int v = 0; v < 256; ++v)
            of[v] = luma(static_cast<uint8_t>(v));
    }
    uint8_t operator()(uint8_t v) const { return of[v]; }
};
void gammaTableNv12(const Frame &frame)
{
    const Table table;
    overNv12(frame, table, adjustedPair());
}
void gammaTableYuy2(const Frame &frame)
{
    const Table table;
    overYuy2(frame, table, adjustedPair());
}

// ---- gray ----

void grayNv12(const Frame &frame)
{
    eachRow(frame, 1, [&](uint8_t *row) { std::fill_n(row, frame.width, uint8_t{128}); });
}
void grayYuy2(const Frame &frame)
{
    eachRow(frame, 0, [&](uint8_t *row) {
        for (int x = 1; x < 2 * frame.width; x += 2)
            row[x] = 128;
    });
}
void grayRgba(const Frame &frame)
{
    overRgba(frame, [](uint8_t &r, uint8_t &g, uint8_t &b) {
        const float y =
            0.299f * static_cast<float>(r) + 0.587f * static_cast<float>(g) + 0.114f * static_cast<float>(b);
        r = g = b = byteOf(y);
    });
}

// ---- fill: #4080c0, opaque, and with an opacity of 128/255 ----

constexpr float kRed = 0x40, kGreen = 0x80, kBlue = 0xc0; // of 255
constexpr float kLuma = (0.299f * kRed + 0.587f * kGreen + 0.114f * kBlue) / 255;
constexpr float kY = kLuma * 219 + 16;
constexpr float kCb = (kBlue / 255 - kLuma) / 1.772f * 224 + 128, kCr = (kRed / 255 - kLuma) / 1.402f * 224 + 128;

uint8_t blend(uint8_t old, float to)
{
    const auto from = static_cast<float>(old);
    return byteOf(from + (to - from) * (128.0f / 255));
}

void fillNv12(const Frame &frame)
{
    const uint8_t u = byteOf(kCb), v = byteOf(kCr);
    eachRow(frame, 0, [&](uint8_t *row) { std::fill_n(row, frame.width, byteOf(kY)); });
    eachRow(frame, 1, [&](uint8_t *row) {
        for (int x = 0; x < frame.width; x += 2) {
            row[x] = u;
            row[x + 1] = v;
        }
    });
}
void fillYuy2(const Frame &frame)
{
    const uint8_t y = byteOf(kY), u = byteOf(kCb), v = byteOf(kCr);
    eachRow(frame, 0, [&](uint8_t *row) {
        for (int x = 0; x < 2 * frame.width; x += 4) {
            row[x] = row[x + 2] = y;
            row[x + 1] = u;
            row[x + 3] = v;
        }
    });
}
void fillRgba(const Frame &frame)
{
    overRgba(frame, [](uint8_t &r, uint8_t &g, uint8_t &b) {
        r = static_cast<uint8_t>(kRed);
        g = static_cast<uint8_t>(kGreen);
        b = static_cast<uint8_t>(kBlue);
    });
}
const auto blendPair = [](uint8_t &u, uint8_t &v) {
    u = blend(u, kCb);
    v = blend(v, kCr);
};
void blendNv12(const Frame &frame)
{
    overNv12(
        frame, [](uint8_t v) { return blend(v, kY); }, blendPair);
}
void blendYuy2(const Frame &frame)
{
    overYuy2(
        frame, [](uint8_t v) { return blend(v, kY); }, blendPair);
}
void blendRgba(const Frame &frame)
{
    overRgba(frame, [](uint8_t &r, uint8_t &g, uint8_t &b) {
        r = blend(r, kRed);
        g = blend(g, kGreen);
        b = blend(b, kBlue);
    });
}

constexpr const char *kAffine = "brightness=0.1,contrast=1.1,saturation=1.2,hue=0.1";
constexpr const char *kGamma = "brightness=0.1,contrast=1.1,saturation=1.2,hue=0.1,gamma=1.5";

// identity is missing: it changes nothing, and so does the loop.
constexpr PlainLoop kLoops[] = {
    {"invert", "invert", "", 0, invertNv12, invertRgba, invertYuy2},
    {"adjust", "adjust", kAffine, 1, adjustNv12, adjustRgba, adjustYuy2},
    {"adjust with gamma, by powf", "adjust", kGamma, 1, gammaNv12, gammaRgba, gammaYuy2},
    {"adjust with gamma, by table", "adjust", kGamma, 1, gammaTableNv12, nullptr, gammaTableYuy2},
    {"gray", "gray", "", 1, grayNv12, grayRgba, grayYuy2},
    {"fill, opaque", "fill", "color=#4080c0", 1, fillNv12, fillRgba, fillYuy2},
    {"fill, translucent", "fill", "color=0x804080c0", 1, blendNv12, blendRgba, blendYuy2},
    {"flip, horizontal", "flip", "method=horizontal", 0, mirrorNv12, mirrorRgba, mirrorYuy2},
    {"flip, vertical", "flip", "method=vertical", 0, turnOver, turnOver, turnOver},
    {"flip, rotate-180", "flip", "method=rotate-180", 0, halfTurnNv12, halfTurnRgba, halfTurnYuy2},
    {"pixelate", "pixelate", "block=16", 0, pixelateNv12, pixelateRgba, pixelateYuy2},
    {"box-blur, naive", "box-blur", "radius=5", 0, blurNaiveNv12, blurNaiveRgba, blurNaiveYuy2},
    {"box-blur, running sums", "box-blur", "radius=5", 0, blurRunningNv12, blurRunningRgba, blurRunningYuy2},
};

} // namespace

std::span<const PlainLoop> plainLoops()
{
    return kLoops;
}

} // namespace zc::bench
