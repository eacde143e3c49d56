// SPDX-License-Identifier: MIT
// The table of DRM fourccs and the parser of drm-format fields.
#include "drm_format.hpp"

#include <charconv>
#include <string>

namespace zc::gst {
namespace {

struct Row {
    Format format;
    const char *fourcc;
};

// DRM names a packed format by a little-endian word from its top byte down, GStreamer by bytes in memory: AR24
// (DRM_FORMAT_ARGB8888) is BGRA. R8 and R16 are what cameras and Mesa use for grey. I420_10LE is left out: the
// kernel's S010 does not settle the order of its chroma planes.
constexpr Row kRows[] = {
    {Format::Nv12, "NV12"},     {Format::Nv21, "NV21"}, {Format::I420, "YU12"},      {Format::Yv12, "YV12"},
    {Format::Nv16, "NV16"},     {Format::Y42b, "YU16"}, {Format::Yuy2, "YUYV"},      {Format::Uyvy, "UYVY"},
    {Format::Y444, "YU24"},     {Format::Nv24, "NV24"}, {Format::P010Le, "P010"},    {Format::P012Le, "P012"},
    {Format::Rgba, "AB24"},     {Format::Bgra, "AR24"}, {Format::Rgbx, "XB24"},      {Format::Bgrx, "XR24"},
    {Format::Argb, "BA24"},     {Format::Abgr, "RA24"}, {Format::Xrgb, "BX24"},      {Format::Xbgr, "RX24"},
    {Format::Rgb, "BG24"},      {Format::Bgr, "RG24"},  {Format::Rgb10a2Le, "AB30"}, {Format::Gray8, "R8  "},
    {Format::Gray16Le, "R16 "},
};

constexpr std::size_t kFourccLength = 4;

Status malformed(std::string_view text, const char *why)
{
    return {Code::InvalidArgument, "drm-format \"" + std::string(text.substr(0, 64)) + "\" " + why +
                                       "; expected four characters, and for a tiled layout a modifier, as in NV12 or "
                                       "NV12:0x0100000000000002"};
}

Result<std::uint64_t> parseModifier(std::string_view whole, std::string_view digits)
{
    if (!digits.starts_with("0x") && !digits.starts_with("0X"))
        return malformed(whole, "has a modifier that does not start with 0x");
    digits.remove_prefix(2);
    std::uint64_t modifier = 0;
    const char *end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, modifier, 16);
    if (error != std::errc() || stop != end)
        return malformed(whole, "has a modifier that is not a 64-bit hexadecimal number");
    if (modifier == 0)
        return malformed(whole, "writes the linear modifier 0, which must be left out");
    return modifier;
}

} // namespace

Result<DrmFormat> parseDrmFormat(std::string_view text)
{
    const std::size_t colon = text.find(':');
    const std::string_view fourcc = text.substr(0, colon);
    if (fourcc.size() == kFourccLength + 3 && fourcc.ends_with("_BE"))
        return Status{Code::Unsupported, "drm-format \"" + std::string(text.substr(0, 64)) +
                                             "\" is big endian; only little-endian formats are supported"};
    if (fourcc.size() != kFourccLength)
        return malformed(text, "does not name a fourcc of four characters");
    DrmFormat result;
    if (colon != std::string_view::npos) {
        const auto modifier = parseModifier(text, text.substr(colon + 1));
        if (!modifier)
            return modifier.status();
        result.modifier = modifier.value();
    }
    for (const Row &row : kRows) {
        if (fourcc == row.fourcc) {
            result.format = row.format;
            return result;
        }
    }
    std::string known;
    for (const Row &row : kRows)
        known += std::string(known.empty() ? "" : ", ") + row.fourcc;
    return Status{Code::Unsupported,
                  "drm-format \"" + std::string(fourcc) + "\" holds pixels that no kernel knows; known are " + known};
}

const char *drmFormatName(Format format)
{
    for (const Row &row : kRows) {
        if (row.format == format)
            return row.fourcc;
    }
    return nullptr;
}

} // namespace zc::gst
