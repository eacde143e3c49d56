// SPDX-License-Identifier: MIT
// The table of pixel formats, and how many bytes and rows each of their planes has.
#include "core/format.hpp"

#include <array>

namespace zc {
namespace {

constexpr ChannelOrder kGrayOrder{.y = 0};
constexpr ChannelOrder kUvPair{.y = 0, .u = 0, .v = 1};
constexpr ChannelOrder kVuPair{.y = 0, .u = 1, .v = 0};
constexpr ChannelOrder kUvPlanes{.y = 0, .u = 1, .v = 2};
constexpr ChannelOrder kVuPlanes{.y = 0, .u = 2, .v = 1};

// One byte a channel. The fourth sample is alpha or padding; -1 where there is none.
constexpr FormatInfo packedRgb(Format format, const char *name, std::uint8_t samples, ChannelOrder order)
{
    return {format, name, Layout::PackedRgb, 1, 8, 1, 0, 0, 0, samples, order};
}

constexpr std::array<FormatInfo, kFormatCount> kFormats{{
    // format, name, layout, planes, depth, sampleBytes, shift, subX, subY, samplesPerPixel, order
    {Format::Unknown, "UNKNOWN", Layout::Gray, 0, 0, 0, 0, 0, 0, 0, {}},
    {Format::Nv12, "NV12", Layout::SemiPlanar, 2, 8, 1, 0, 1, 1, 1, kUvPair},
    {Format::Nv21, "NV21", Layout::SemiPlanar, 2, 8, 1, 0, 1, 1, 1, kVuPair},
    {Format::I420, "I420", Layout::Planar, 3, 8, 1, 0, 1, 1, 1, kUvPlanes},
    {Format::Yv12, "YV12", Layout::Planar, 3, 8, 1, 0, 1, 1, 1, kVuPlanes},
    {Format::Nv16, "NV16", Layout::SemiPlanar, 2, 8, 1, 0, 1, 0, 1, kUvPair},
    {Format::Y42b, "Y42B", Layout::Planar, 3, 8, 1, 0, 1, 0, 1, kUvPlanes},
    {Format::Yuy2, "YUY2", Layout::Packed422, 1, 8, 1, 0, 1, 0, 2, {.y = 0, .u = 1, .v = 3}},
    {Format::Uyvy, "UYVY", Layout::Packed422, 1, 8, 1, 0, 1, 0, 2, {.y = 1, .u = 0, .v = 2}},
    {Format::Y444, "Y444", Layout::Planar, 3, 8, 1, 0, 0, 0, 1, kUvPlanes},
    {Format::Nv24, "NV24", Layout::SemiPlanar, 2, 8, 1, 0, 0, 0, 1, kUvPair},
    {Format::P010Le, "P010_10LE", Layout::SemiPlanar, 2, 10, 2, 6, 1, 1, 1, kUvPair},
    {Format::P012Le, "P012_LE", Layout::SemiPlanar, 2, 12, 2, 4, 1, 1, 1, kUvPair},
    {Format::I420_10Le, "I420_10LE", Layout::Planar, 3, 10, 2, 0, 1, 1, 1, kUvPlanes},
    packedRgb(Format::Rgba, "RGBA", 4, {.r = 0, .g = 1, .b = 2, .a = 3}),
    packedRgb(Format::Bgra, "BGRA", 4, {.r = 2, .g = 1, .b = 0, .a = 3}),
    packedRgb(Format::Rgbx, "RGBx", 4, {.r = 0, .g = 1, .b = 2, .x = 3}),
    packedRgb(Format::Bgrx, "BGRx", 4, {.r = 2, .g = 1, .b = 0, .x = 3}),
    packedRgb(Format::Argb, "ARGB", 4, {.r = 1, .g = 2, .b = 3, .a = 0}),
    packedRgb(Format::Abgr, "ABGR", 4, {.r = 3, .g = 2, .b = 1, .a = 0}),
    packedRgb(Format::Xrgb, "xRGB", 4, {.r = 1, .g = 2, .b = 3, .x = 0}),
    packedRgb(Format::Xbgr, "xBGR", 4, {.r = 3, .g = 2, .b = 1, .x = 0}),
    packedRgb(Format::Rgb, "RGB", 3, {.r = 0, .g = 1, .b = 2}),
    packedRgb(Format::Bgr, "BGR", 3, {.r = 2, .g = 1, .b = 0}),
    // The indices count ten-bit fields from bit 0 of the word upwards; alpha has the two bits on top.
    {Format::Rgb10a2Le, "RGB10A2_LE", Layout::Rgb10a2, 1, 10, 4, 0, 0, 0, 1, {.r = 0, .g = 1, .b = 2, .a = 3}},
    {Format::Gray8, "GRAY8", Layout::Gray, 1, 8, 1, 0, 0, 0, 1, kGrayOrder},
    {Format::Gray16Le, "GRAY16_LE", Layout::Gray, 1, 16, 2, 0, 0, 0, 1, kGrayOrder},
}};

constexpr bool tableFollowsEnum()
{
    for (int i = 0; i < kFormatCount; ++i) {
        if (kFormats[static_cast<std::size_t>(i)].format != static_cast<Format>(i))
            return false;
    }
    return true;
}
static_assert(tableFollowsEnum(), "formatInfo() indexes the table by the enum's value");

constexpr std::int64_t ceilShift(std::int64_t value, int shift)
{
    return (value + (std::int64_t{1} << shift) - 1) >> shift;
}

bool isPlane(const FormatInfo &info, int plane)
{
    return plane >= 0 && plane < info.planes;
}

} // namespace

const FormatInfo &formatInfo(Format format)
{
    const auto index = static_cast<std::size_t>(format);
    return kFormats[index < kFormats.size() ? index : 0];
}

Format formatFromName(std::string_view name)
{
    for (const FormatInfo &info : allFormats()) {
        if (name == info.name)
            return info.format;
    }
    return Format::Unknown;
}

std::span<const FormatInfo> allFormats()
{
    return std::span(kFormats).subspan(1);
}

bool isYuv(const FormatInfo &info)
{
    return info.layout == Layout::Planar || info.layout == Layout::SemiPlanar || info.layout == Layout::Packed422;
}

std::int64_t rowBytes(const FormatInfo &info, int plane, std::int32_t frameWidth)
{
    if (!isPlane(info, plane) || frameWidth <= 0)
        return 0;
    // A pair of pixels shares its chroma, so that a last single pixel takes four bytes too.
    if (info.layout == Layout::Packed422)
        return ceilShift(frameWidth, 1) * 4;
    if (plane == 0)
        return std::int64_t{frameWidth} * info.samplesPerPixel * info.sampleBytes;
    const int samplesPerTexel = info.layout == Layout::SemiPlanar ? 2 : 1;
    return ceilShift(frameWidth, info.subX) * samplesPerTexel * info.sampleBytes;
}

std::int32_t planeRows(const FormatInfo &info, int plane, std::int32_t frameHeight)
{
    if (!isPlane(info, plane) || frameHeight <= 0)
        return 0;
    return plane == 0 ? frameHeight : static_cast<std::int32_t>(ceilShift(frameHeight, info.subY));
}

std::int32_t planeColumns(const FormatInfo &info, int plane, std::int32_t frameWidth)
{
    if (!isPlane(info, plane) || frameWidth <= 0)
        return 0;
    return plane == 0 ? frameWidth : static_cast<std::int32_t>(ceilShift(frameWidth, info.subX));
}

} // namespace zc
