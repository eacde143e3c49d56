// SPDX-License-Identifier: MIT
// Pixel formats, described by what kernels need: where each channel's samples lie.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace zc {

inline constexpr int kMaxPlanes = 4;
inline constexpr int kMaxGroups = 4;

// Names and memory layouts are GStreamer's (docs: "Raw Video Media Types").
enum class Format : std::uint8_t {
    Unknown,
    Nv12,
    Nv21,
    I420,
    Yv12,
    Nv16,
    Y42b,
    Yuy2,
    Uyvy,
    Y444,
    Nv24,
    P010Le,
    P012Le,
    I420_10Le,
    Rgba,
    Bgra,
    Rgbx,
    Bgrx,
    Argb,
    Abgr,
    Xrgb,
    Xbgr,
    Rgb,
    Bgr,
    Rgb10a2Le,
    Gray8,
    Gray16Le,
};
inline constexpr int kFormatCount = static_cast<int>(Format::Gray16Le) + 1;

// What kernels are instantiated for: few layouts, not many formats.
enum class Layout : std::uint8_t {
    Gray,       // one plane of luma
    Planar,     // luma, then the two chroma planes
    SemiPlanar, // luma, then one plane of chroma pairs
    Packed422,  // YUY2 and UYVY: two luma and one chroma pair in four bytes
    PackedRgb,  // 3 or 4 bytes a pixel
    Rgb10a2,    // 10+10+10+2 bits in a 32-bit word
};

// Which samples of a pixel mean what, as indices into its samples. For Planar, u and v are planes.
struct ChannelOrder {
    std::int8_t y = -1, u = -1, v = -1;
    std::int8_t r = -1, g = -1, b = -1;
    std::int8_t a = -1; // alpha
    std::int8_t x = -1; // padding sample, kept as it is by point-wise kernels
};

struct FormatInfo {
    Format format;
    const char *name; // GStreamer's name of it
    Layout layout;
    std::uint8_t planes;
    std::uint8_t depth;           // significant bits of a sample
    std::uint8_t sampleBytes;     // 1, 2, or 4 for Rgb10a2
    std::uint8_t shift;           // how far a sample's bits lie above bit 0 of its word (P010: 6)
    std::uint8_t subX, subY;      // log2 of the chroma subsampling
    std::uint8_t samplesPerPixel; // in plane 0: 1, 2 (Packed422), 3 or 4
    ChannelOrder order;
};

const FormatInfo &formatInfo(Format format);
Format formatFromName(std::string_view name); // Format::Unknown if there is none
std::span<const FormatInfo> allFormats();

bool isYuv(const FormatInfo &info);

// Bytes that one row of the plane really holds, without padding.
std::int64_t rowBytes(const FormatInfo &info, int plane, std::int32_t frameWidth);
std::int32_t planeRows(const FormatInfo &info, int plane, std::int32_t frameHeight);
// Columns of texels in a row of the plane: pixels, or chroma samples or pairs. Packed422: pixels.
std::int32_t planeColumns(const FormatInfo &info, int plane, std::int32_t frameWidth);

} // namespace zc
