// SPDX-License-Identifier: MIT
// NVBUF_COLOR_FORMAT_*, in order.
#include "memory/nvbufsurface_formats.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace zc::nvbuf {
namespace {

constexpr auto k601 = ColorMatrix::Bt601, k709 = ColorMatrix::Bt709, k2020 = ColorMatrix::Bt2020;
constexpr auto kLimited = ColorRange::Limited, kFull = ColorRange::Full;

// clang-format off
constexpr std::array<ColorFormat, 113> kColorFormats{{
    {"INVALID", Format::Unknown, k601, kLimited},
    {"GRAY8", Format::Gray8, k601, kLimited},
    {"YUV420", Format::I420, k601, kLimited},
    {"YVU420", Format::Yv12, k601, kLimited},
    {"YUV420_ER", Format::I420, k601, kFull},
    {"YVU420_ER", Format::Yv12, k601, kFull},
    {"NV12", Format::Nv12, k601, kLimited},
    {"NV12_ER", Format::Nv12, k601, kFull},
    {"NV21", Format::Nv21, k601, kLimited},
    {"NV21_ER", Format::Nv21, k601, kFull},
    {"UYVY", Format::Uyvy, k601, kLimited},
    {"UYVY_ER", Format::Uyvy, k601, kFull},
    {"VYUY", Format::Unknown, k601, kLimited},
    {"VYUY_ER", Format::Unknown, k601, kLimited},
    {"YUYV", Format::Yuy2, k601, kLimited},
    {"YUYV_ER", Format::Yuy2, k601, kFull},
    {"YVYU", Format::Unknown, k601, kLimited},
    {"YVYU_ER", Format::Unknown, k601, kLimited},
    {"YUV444", Format::Y444, k601, kLimited},
    {"RGBA", Format::Rgba, k601, kFull},
    {"BGRA", Format::Bgra, k601, kFull},
    {"ARGB", Format::Argb, k601, kFull},
    {"ABGR", Format::Abgr, k601, kFull},
    {"RGBx", Format::Rgbx, k601, kFull},
    {"BGRx", Format::Bgrx, k601, kFull},
    {"xRGB", Format::Xrgb, k601, kFull},
    {"xBGR", Format::Xbgr, k601, kFull},
    {"RGB", Format::Rgb, k601, kFull},
    {"BGR", Format::Bgr, k601, kFull},
    {"NV12_10LE", Format::P010Le, k601, kLimited},
    {"NV12_12LE", Format::P012Le, k601, kLimited},
    {"YUV420_709", Format::I420, k709, kLimited},
    {"YUV420_709_ER", Format::I420, k709, kFull},
    {"NV12_709", Format::Nv12, k709, kLimited},
    {"NV12_709_ER", Format::Nv12, k709, kFull},
    {"YUV420_2020", Format::I420, k2020, kLimited},
    {"NV12_2020", Format::Nv12, k2020, kLimited},
    {"NV12_10LE_ER", Format::P010Le, k601, kFull},
    {"NV12_10LE_709", Format::P010Le, k709, kLimited},
    {"NV12_10LE_709_ER", Format::P010Le, k709, kFull},
    {"NV12_10LE_2020", Format::P010Le, k2020, kLimited},
    {"SIGNED_R16G16", Format::Unknown, k601, kLimited},
    {"R8_G8_B8", Format::Unknown, k601, kLimited},
    {"B8_G8_R8", Format::Unknown, k601, kLimited},
    {"R32F_G32F_B32F", Format::Unknown, k601, kLimited},
    {"B32F_G32F_R32F", Format::Unknown, k601, kLimited},
    {"YUV422", Format::Y42b, k601, kLimited},
    {"NV21_10LE", Format::Unknown, k601, kLimited},
    {"NV21_12LE", Format::Unknown, k601, kLimited},
    {"NV12_12LE_2020", Format::P012Le, k2020, kLimited},
    {"NV16", Format::Nv16, k601, kLimited},
    {"NV16_10LE", Format::Unknown, k601, kLimited},
    {"NV24", Format::Nv24, k601, kLimited},
    {"NV24_10LE", Format::Unknown, k601, kLimited},
    {"NV16_ER", Format::Nv16, k601, kFull},
    {"NV24_ER", Format::Nv24, k601, kFull},
    {"NV16_709", Format::Nv16, k709, kLimited},
    {"NV24_709", Format::Nv24, k709, kLimited},
    {"NV16_709_ER", Format::Nv16, k709, kFull},
    {"NV24_709_ER", Format::Nv24, k709, kFull},
    {"NV24_10LE_709", Format::Unknown, k601, kLimited},
    {"NV24_10LE_709_ER", Format::Unknown, k601, kLimited},
    {"NV24_10LE_2020", Format::Unknown, k601, kLimited},
    {"NV24_12LE_2020", Format::Unknown, k601, kLimited},
    {"RGBA_10_10_10_2_709", Format::Rgb10a2Le, k709, kFull},
    {"RGBA_10_10_10_2_2020", Format::Rgb10a2Le, k2020, kFull},
    {"BGRA_10_10_10_2_709", Format::Unknown, k601, kLimited},
    {"BGRA_10_10_10_2_2020", Format::Unknown, k601, kLimited},
    {"A32", Format::Unknown, k601, kLimited},
    {"UYVP", Format::Unknown, k601, kLimited},
    {"UYVP_ER", Format::Unknown, k601, kLimited},
    {"YUV444_ER", Format::Y444, k601, kFull},
    {"YUV444_709", Format::Y444, k709, kLimited},
    {"YUV444_709_ER", Format::Y444, k709, kFull},
    {"YUV444_2020", Format::Y444, k2020, kLimited},
    {"YUV444_10LE", Format::Unknown, k601, kLimited},
    {"YUV444_10LE_ER", Format::Unknown, k601, kLimited},
    {"YUV444_10LE_709", Format::Unknown, k601, kLimited},
    {"YUV444_10LE_709_ER", Format::Unknown, k601, kLimited},
    {"YUV444_10LE_2020", Format::Unknown, k601, kLimited},
    {"YUV444_12LE", Format::Unknown, k601, kLimited},
    {"YUV444_12LE_ER", Format::Unknown, k601, kLimited},
    {"YUV444_12LE_709", Format::Unknown, k601, kLimited},
    {"YUV444_12LE_709_ER", Format::Unknown, k601, kLimited},
    {"YUV444_12LE_2020", Format::Unknown, k601, kLimited},
    {"NV12_12LE_ER", Format::P012Le, k601, kFull},
    {"NV12_12LE_709", Format::P012Le, k709, kLimited},
    {"NV12_12LE_709_ER", Format::P012Le, k709, kFull},
    {"GRAY8_ER", Format::Gray8, k601, kFull},
    {"UYVY_709", Format::Uyvy, k709, kLimited},
    {"UYVY_709_ER", Format::Uyvy, k709, kFull},
    {"UYVY_2020", Format::Uyvy, k2020, kLimited},
    {"GRAY16_LE", Format::Gray16Le, k601, kFull},
    {"BGRA64_LE", Format::Unknown, k601, kLimited},
    {"NV16_2020", Format::Nv16, k2020, kLimited},
    {"NV16_10LE_ER", Format::Unknown, k601, kLimited},
    {"NV16_10LE_709", Format::Unknown, k601, kLimited},
    {"NV16_10LE_709_ER", Format::Unknown, k601, kLimited},
    {"NV16_10LE_2020", Format::Unknown, k601, kLimited},
    {"NV16_12LE", Format::Unknown, k601, kLimited},
    {"NV16_12LE_ER", Format::Unknown, k601, kLimited},
    {"NV16_12LE_709", Format::Unknown, k601, kLimited},
    {"NV16_12LE_709_ER", Format::Unknown, k601, kLimited},
    {"NV16_12LE_2020", Format::Unknown, k601, kLimited},
    {"NV24_2020", Format::Nv24, k2020, kLimited},
    {"NV24_10LE_ER", Format::Unknown, k601, kLimited},
    {"NV24_12LE", Format::Unknown, k601, kLimited},
    {"NV24_12LE_ER", Format::Unknown, k601, kLimited},
    {"NV24_12LE_709", Format::Unknown, k601, kLimited},
    {"NV24_12LE_709_ER", Format::Unknown, k601, kLimited},
    {"UYVP_709", Format::Unknown, k601, kLimited},
    {"UYVP_709_ER", Format::Unknown, k601, kLimited},
    {"UYVP_2020", Format::Unknown, k601, kLimited},
}};
// clang-format on

// Where a version began, so that a name too many or too few does not go unseen.
constexpr bool isAt(std::size_t value, std::string_view name)
{
    return name == kColorFormats[value].name;
}
static_assert(isAt(6, "NV12") && isAt(19, "RGBA") && isAt(29, "NV12_10LE") && isAt(33, "NV12_709") &&
              isAt(36, "NV12_2020") && isAt(50, "NV16") && isAt(64, "RGBA_10_10_10_2_709") && isAt(71, "YUV444_ER") &&
              isAt(92, "GRAY16_LE") && isAt(112, "UYVP_2020"));

} // namespace

std::span<const ColorFormat> colorFormats()
{
    return kColorFormats;
}

const ColorFormat *colorFormat(std::int32_t value)
{
    const auto index = static_cast<std::size_t>(value);
    return value >= 0 && index < kColorFormats.size() ? &kColorFormats[index] : nullptr;
}

std::string describeColorFormat(std::int32_t value)
{
    const ColorFormat *known = colorFormat(value);
    return known ? known->name + (" (" + std::to_string(value) + ")") : "colour format " + std::to_string(value);
}

std::string colorFormatNames(Format format)
{
    std::string names;
    for (const ColorFormat &one : kColorFormats) {
        if (one.format == format)
            names += (names.empty() ? "" : ", ") + std::string(one.name);
    }
    return names;
}

bool surfaceHolds(Format format)
{
    return format != Format::Unknown && std::any_of(kColorFormats.begin(), kColorFormats.end(),
                                                    [format](const ColorFormat &one) { return one.format == format; });
}

} // namespace zc::nvbuf
