// SPDX-License-Identifier: MIT
// Where each format's samples lie, from GStreamer's description of raw video ("Raw Video Media Types", video-format.h).
#include "gold/gold.hpp"

#include <algorithm>
#include <stdexcept>

namespace zc::gold {
namespace {

Layout gray(Format format, const char *name, int bytes)
{
    return {format, name, 1, {{'Y', 0, 0, bytes, bytes, 0, 8 * bytes, 0, 0}}};
}

// Three planes; `second` and `third` say which chroma they hold.
Layout planar(Format format, const char *name, char second, char third, int subX, int subY, int depth = 8)
{
    const int bytes = depth > 8 ? 2 : 1;
    return {format,
            name,
            3,
            {{'Y', 0, 0, bytes, bytes, 0, depth, 0, 0},
             {second, 1, 0, bytes, bytes, 0, depth, subX, subY},
             {third, 2, 0, bytes, bytes, 0, depth, subX, subY}}};
}

// Luma, then a plane of pairs.
Layout pairs(Format format, const char *name, char first, char second, int subX, int subY, int depth = 8)
{
    const int bytes = depth > 8 ? 2 : 1;
    const int shift = 8 * bytes - depth;
    return {format,
            name,
            2,
            {{'Y', 0, 0, bytes, bytes, shift, depth, 0, 0},
             {first, 1, 0, 2 * bytes, bytes, shift, depth, subX, subY},
             {second, 1, bytes, 2 * bytes, bytes, shift, depth, subX, subY}}};
}

// Four bytes for two pixels.
Layout packed422(Format format, const char *name, int y, int u, int v)
{
    return {
        format, name, 1, {{'Y', 0, y, 2, 1, 0, 8, 0, 0}, {'U', 0, u, 4, 1, 0, 8, 1, 0}, {'V', 0, v, 4, 1, 0, 8, 1, 0}}};
}

// One byte per letter of `order`.
Layout bytes(Format format, const char *name, const std::string &order)
{
    Layout layout = {format, name, 1, {}};
    const int step = static_cast<int>(order.size());
    for (int i = 0; i < step; ++i)
        layout.channels.push_back({order[static_cast<std::size_t>(i)], 0, i, step, 1, 0, 8, 0, 0});
    return layout;
}

std::vector<Layout> makeLayouts()
{
    return {
        pairs(Format::Nv12, "NV12", 'U', 'V', 1, 1),
        pairs(Format::Nv21, "NV21", 'V', 'U', 1, 1),
        planar(Format::I420, "I420", 'U', 'V', 1, 1),
        planar(Format::Yv12, "YV12", 'V', 'U', 1, 1),
        pairs(Format::Nv16, "NV16", 'U', 'V', 1, 0),
        planar(Format::Y42b, "Y42B", 'U', 'V', 1, 0),
        packed422(Format::Yuy2, "YUY2", 0, 1, 3),
        packed422(Format::Uyvy, "UYVY", 1, 0, 2),
        planar(Format::Y444, "Y444", 'U', 'V', 0, 0),
        pairs(Format::Nv24, "NV24", 'U', 'V', 0, 0),
        pairs(Format::P010Le, "P010_10LE", 'U', 'V', 1, 1, 10),
        pairs(Format::P012Le, "P012_LE", 'U', 'V', 1, 1, 12),
        planar(Format::I420_10Le, "I420_10LE", 'U', 'V', 1, 1, 10),
        bytes(Format::Rgba, "RGBA", "RGBA"),
        bytes(Format::Bgra, "BGRA", "BGRA"),
        bytes(Format::Rgbx, "RGBx", "RGBX"),
        bytes(Format::Bgrx, "BGRx", "BGRX"),
        bytes(Format::Argb, "ARGB", "ARGB"),
        bytes(Format::Abgr, "ABGR", "ABGR"),
        bytes(Format::Xrgb, "xRGB", "XRGB"),
        bytes(Format::Xbgr, "xBGR", "XBGR"),
        bytes(Format::Rgb, "RGB", "RGB"),
        bytes(Format::Bgr, "BGR", "BGR"),
        {Format::Rgb10a2Le,
         "RGB10A2_LE",
         1,
         {{'R', 0, 0, 4, 4, 0, 10, 0, 0},
          {'G', 0, 0, 4, 4, 10, 10, 0, 0},
          {'B', 0, 0, 4, 4, 20, 10, 0, 0},
          {'A', 0, 0, 4, 4, 30, 2, 0, 0}}},
        gray(Format::Gray8, "GRAY8", 1),
        gray(Format::Gray16Le, "GRAY16_LE", 2),
    };
}

} // namespace

const std::vector<Layout> &allLayouts()
{
    static const std::vector<Layout> layouts = makeLayouts();
    return layouts;
}

const Layout &layoutOf(Format format)
{
    for (const Layout &layout : allLayouts())
        if (layout.format == format)
            return layout;
    throw std::out_of_range("gold::layoutOf: a format that tests/support/gold/layouts.cpp does not list");
}

std::int64_t rowBytes(const Layout &layout, int plane, int width)
{
    std::int64_t bytes = 0;
    for (const Channel &c : layout.channels) {
        const std::int64_t columns = (static_cast<std::int64_t>(width) + (1 << c.subX) - 1) >> c.subX;
        if (c.plane == plane)
            bytes = std::max(bytes, columns * c.step); // YUY2 and UYVY of odd width end with a whole group of four
    }
    return bytes;
}

int rowCount(const Layout &layout, int plane, int height)
{
    for (const Channel &c : layout.channels)
        if (c.plane == plane)
            return (height + (1 << c.subY) - 1) >> c.subY;
    return 0;
}

int subX(const Layout &layout)
{
    int most = 0;
    for (const Channel &c : layout.channels)
        most = std::max(most, c.subX);
    return most;
}

int subY(const Layout &layout)
{
    int most = 0;
    for (const Channel &c : layout.channels)
        most = std::max(most, c.subY);
    return most;
}

} // namespace zc::gold
