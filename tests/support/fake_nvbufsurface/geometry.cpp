// SPDX-License-Identifier: MIT
#include "geometry.hpp"

#include <initializer_list>

namespace zc::fake_nvbuf {

namespace {

struct PlaneShape {
    unsigned divX, divY, channels;
};

struct Shape {
    std::initializer_list<int> formats; // NVBUF_COLOR_FORMAT_*
    unsigned channelBytes;
    std::initializer_list<PlaneShape> planes;
    unsigned eglFormat;
};

const Shape kShapes[] = {
    {{1, 88}, 1, {{1, 1, 1}}, 0x08},                                           // GRAY8
    {{92}, 2, {{1, 1, 1}}, 0x08},                                              // GRAY16_LE
    {{2, 4, 31, 32, 35}, 1, {{1, 1, 1}, {2, 2, 1}, {2, 2, 1}}, 0x00},          // YUV420
    {{3, 5}, 1, {{1, 1, 1}, {2, 2, 1}, {2, 2, 1}}, 0x43},                      // YVU420
    {{6, 7, 33, 34, 36}, 1, {{1, 1, 1}, {2, 2, 2}}, 0x01},                     // NV12
    {{8, 9}, 1, {{1, 1, 1}, {2, 2, 2}}, 0x15},                                 // NV21
    {{10, 11, 12, 13, 14, 15, 16, 17, 89, 90, 91}, 1, {{1, 1, 2}}, 0x0d},      // packed 4:2:2
    {{18, 71, 72, 73, 74}, 1, {{1, 1, 1}, {1, 1, 1}, {1, 1, 1}}, 0x0a},        // YUV444
    {{19, 20, 21, 22, 23, 24, 25, 26}, 1, {{1, 1, 4}}, 0x07},                  // RGBA and its orders
    {{27, 28}, 1, {{1, 1, 3}}, 0x04},                                          // RGB, BGR
    {{29, 37, 38, 39, 40, 30, 49, 85, 86, 87}, 2, {{1, 1, 1}, {2, 2, 2}}, 23}, // NV12_10LE and 12LE
    {{46}, 1, {{1, 1, 1}, {2, 1, 1}, {2, 1, 1}}, 0x02},                        // YUV422
    {{50, 54, 56, 58, 94}, 1, {{1, 1, 1}, {2, 1, 2}}, 0x03},                   // NV16
    {{52, 55, 57, 59, 104}, 1, {{1, 1, 1}, {1, 1, 2}}, 0x0b},                  // NV24
};

const Shape *shapeOf(int colorFormat)
{
    for (const Shape &shape : kShapes)
        for (const int format : shape.formats)
            if (format == colorFormat)
                return &shape;
    return nullptr;
}

std::size_t alignUp(std::size_t value, std::size_t alignment)
{
    return (value + alignment - 1) / alignment * alignment;
}

} // namespace

Geometry geometryOf(int colorFormat, unsigned width, unsigned height, bool jetson)
{
    Geometry geometry;
    const Shape *shape = shapeOf(colorFormat);
    if (shape == nullptr || width == 0 || height == 0 || width > 65536 || height > 65536)
        return geometry;
    // nvv4l2decoder and nvvideoconvert on an H200: pitch 2048 for 1920, 1536 for 1280, chroma right behind luma.
    const std::size_t pitchAlign = jetson ? 256 : 512, offsetAlign = jetson ? 65536 : 1;
    for (const PlaneShape &p : shape->planes) {
        PlaneGeometry &plane = geometry.plane[geometry.planes++];
        plane.width = (width + p.divX - 1) / p.divX;
        plane.height = (height + p.divY - 1) / p.divY;
        plane.channels = p.channels;
        plane.channelBytes = shape->channelBytes;
        plane.pitch = alignUp(plane.rowBytes(), pitchAlign);
        plane.offset = geometry.bytes;
        plane.bytes = alignUp(plane.pitch * plane.height, offsetAlign);
        geometry.bytes += plane.bytes;
    }
    geometry.eglFormat = shape->eglFormat;
    return geometry;
}

} // namespace zc::fake_nvbuf
