// SPDX-License-Identifier: MIT
// The table of formats against numbers written down from the formats' own definitions.
#include "core/format.hpp"
#include "core/frame.hpp"

#include <gtest/gtest.h>
#include <set>
#include <string>
#include <vector>

namespace zc {
namespace {

struct PlaneSize {
    std::int64_t bytes;
    int rows;
    int columns;
};

struct Expected {
    const char *name;
    int depth, shift;
    std::vector<PlaneSize> odd;  // of a picture of 7x5
    std::vector<PlaneSize> even; // of a picture of 16x6
};

const std::vector<Expected> &expectations()
{
    static const std::vector<Expected> kAll = {
        {"NV12", 8, 0, {{7, 5, 7}, {8, 3, 4}}, {{16, 6, 16}, {16, 3, 8}}},
        {"NV21", 8, 0, {{7, 5, 7}, {8, 3, 4}}, {{16, 6, 16}, {16, 3, 8}}},
        {"I420", 8, 0, {{7, 5, 7}, {4, 3, 4}, {4, 3, 4}}, {{16, 6, 16}, {8, 3, 8}, {8, 3, 8}}},
        {"YV12", 8, 0, {{7, 5, 7}, {4, 3, 4}, {4, 3, 4}}, {{16, 6, 16}, {8, 3, 8}, {8, 3, 8}}},
        {"NV16", 8, 0, {{7, 5, 7}, {8, 5, 4}}, {{16, 6, 16}, {16, 6, 8}}},
        {"Y42B", 8, 0, {{7, 5, 7}, {4, 5, 4}, {4, 5, 4}}, {{16, 6, 16}, {8, 6, 8}, {8, 6, 8}}},
        {"YUY2", 8, 0, {{16, 5, 7}}, {{32, 6, 16}}},
        {"UYVY", 8, 0, {{16, 5, 7}}, {{32, 6, 16}}},
        {"Y444", 8, 0, {{7, 5, 7}, {7, 5, 7}, {7, 5, 7}}, {{16, 6, 16}, {16, 6, 16}, {16, 6, 16}}},
        {"NV24", 8, 0, {{7, 5, 7}, {14, 5, 7}}, {{16, 6, 16}, {32, 6, 16}}},
        {"P010_10LE", 10, 6, {{14, 5, 7}, {16, 3, 4}}, {{32, 6, 16}, {32, 3, 8}}},
        {"P012_LE", 12, 4, {{14, 5, 7}, {16, 3, 4}}, {{32, 6, 16}, {32, 3, 8}}},
        {"I420_10LE", 10, 0, {{14, 5, 7}, {8, 3, 4}, {8, 3, 4}}, {{32, 6, 16}, {16, 3, 8}, {16, 3, 8}}},
        {"RGBA", 8, 0, {{28, 5, 7}}, {{64, 6, 16}}},
        {"BGRA", 8, 0, {{28, 5, 7}}, {{64, 6, 16}}},
        {"RGBx", 8, 0, {{28, 5, 7}}, {{64, 6, 16}}},
        {"BGRx", 8, 0, {{28, 5, 7}}, {{64, 6, 16}}},
        {"ARGB", 8, 0, {{28, 5, 7}}, {{64, 6, 16}}},
        {"ABGR", 8, 0, {{28, 5, 7}}, {{64, 6, 16}}},
        {"xRGB", 8, 0, {{28, 5, 7}}, {{64, 6, 16}}},
        {"xBGR", 8, 0, {{28, 5, 7}}, {{64, 6, 16}}},
        {"RGB", 8, 0, {{21, 5, 7}}, {{48, 6, 16}}},
        {"BGR", 8, 0, {{21, 5, 7}}, {{48, 6, 16}}},
        {"RGB10A2_LE", 10, 0, {{28, 5, 7}}, {{64, 6, 16}}},
        {"GRAY8", 8, 0, {{7, 5, 7}}, {{16, 6, 16}}},
        {"GRAY16_LE", 16, 0, {{14, 5, 7}}, {{32, 6, 16}}},
    };
    return kAll;
}

void expectPlanes(const FormatInfo &info, int width, int height, const std::vector<PlaneSize> &planes)
{
    ASSERT_EQ(info.planes, planes.size());
    for (int p = 0; p < info.planes; ++p) {
        const PlaneSize &plane = planes[static_cast<std::size_t>(p)];
        EXPECT_EQ(rowBytes(info, p, width), plane.bytes) << "plane " << p;
        EXPECT_EQ(planeRows(info, p, height), plane.rows) << "plane " << p;
        EXPECT_EQ(planeColumns(info, p, width), plane.columns) << "plane " << p;
    }
}

TEST(FormatTest, EveryFormatIsExpected)
{
    EXPECT_EQ(allFormats().size(), expectations().size());
}

TEST(FormatTest, PlanesHaveTheDefinedSizes)
{
    for (const Expected &expected : expectations()) {
        SCOPED_TRACE(expected.name);
        const Format format = formatFromName(expected.name);
        ASSERT_NE(format, Format::Unknown);
        const FormatInfo &info = formatInfo(format);
        EXPECT_EQ(info.format, format);
        EXPECT_STREQ(info.name, expected.name);
        EXPECT_EQ(info.depth, expected.depth);
        EXPECT_EQ(info.shift, expected.shift);
        expectPlanes(info, 7, 5, expected.odd);
        expectPlanes(info, 16, 6, expected.even);
    }
}

TEST(FormatTest, SmallestPictureHasWholeChroma)
{
    EXPECT_EQ(rowBytes(formatInfo(Format::Nv12), 1, 1), 2);
    EXPECT_EQ(planeRows(formatInfo(Format::Nv12), 1, 1), 1);
    EXPECT_EQ(rowBytes(formatInfo(Format::Yuy2), 0, 1), 4);
    EXPECT_EQ(rowBytes(formatInfo(Format::I420_10Le), 2, 1), 2);
}

TEST(FormatTest, LargestSizesDoNotOverflow)
{
    const std::int32_t most = std::numeric_limits<std::int32_t>::max();
    EXPECT_EQ(rowBytes(formatInfo(Format::Rgba), 0, most), std::int64_t{8589934588});
    EXPECT_EQ(rowBytes(formatInfo(Format::Yuy2), 0, most), std::int64_t{4294967296});
    EXPECT_EQ(planeRows(formatInfo(Format::Nv12), 1, most), 1073741824);
    EXPECT_EQ(planeColumns(formatInfo(Format::Nv12), 1, most), 1073741824);
}

TEST(FormatTest, WhatIsNotThereIsEmpty)
{
    const FormatInfo &nv12 = formatInfo(Format::Nv12);
    for (const int plane : {-1, 2, 3, 1000}) {
        EXPECT_EQ(rowBytes(nv12, plane, 16), 0);
        EXPECT_EQ(planeRows(nv12, plane, 16), 0);
        EXPECT_EQ(planeColumns(nv12, plane, 16), 0);
    }
    EXPECT_EQ(rowBytes(nv12, 0, -16), 0);
    EXPECT_EQ(planeRows(nv12, 1, -16), 0);
    EXPECT_EQ(rowBytes(formatInfo(Format::Unknown), 0, 16), 0);
    EXPECT_EQ(formatInfo(static_cast<Format>(200)).format, Format::Unknown);
}

TEST(FormatTest, UnknownNamesAreUnknown)
{
    for (const char *name : {"", "nv12", "NV12 ", "UNKNOWN", "P010", "DMA_DRM"})
        EXPECT_EQ(formatFromName(name), Format::Unknown) << name;
}

// The bytes of one pixel, spelled as in the format's name.
TEST(FormatTest, PackedRgbOrderIsTheOneInTheName)
{
    for (const FormatInfo &info : allFormats()) {
        if (info.layout != Layout::PackedRgb)
            continue;
        SCOPED_TRACE(info.name);
        const std::string_view name = info.name;
        ASSERT_EQ(name.size(), info.samplesPerPixel);
        std::string spelled(name.size(), '?');
        const auto put = [&spelled](std::int8_t at, char letter) {
            if (at >= 0)
                spelled.at(static_cast<std::size_t>(at)) = letter;
        };
        put(info.order.r, 'R');
        put(info.order.g, 'G');
        put(info.order.b, 'B');
        put(info.order.a, 'A');
        put(info.order.x, 'x');
        EXPECT_EQ(spelled, name);
        EXPECT_FALSE(isYuv(info));
    }
}

TEST(FormatTest, Packed422OrderIsTheOneInTheName)
{
    const ChannelOrder &yuy2 = formatInfo(Format::Yuy2).order; // Y U Y V
    EXPECT_EQ(yuy2.y, 0);
    EXPECT_EQ(yuy2.u, 1);
    EXPECT_EQ(yuy2.v, 3);
    const ChannelOrder &uyvy = formatInfo(Format::Uyvy).order; // U Y V Y
    EXPECT_EQ(uyvy.y, 1);
    EXPECT_EQ(uyvy.u, 0);
    EXPECT_EQ(uyvy.v, 2);
}

TEST(FormatTest, SwappedChromaIsOnlyInNv21AndYv12)
{
    for (const FormatInfo &info : allFormats()) {
        if (info.layout != Layout::Planar && info.layout != Layout::SemiPlanar)
            continue;
        const bool swapped = info.format == Format::Nv21 || info.format == Format::Yv12;
        EXPECT_EQ(info.order.u > info.order.v, swapped) << info.name;
        EXPECT_TRUE(isYuv(info)) << info.name;
    }
}

TEST(FrameTest, PlaneSizesComeFromTheFormat)
{
    Frame frame;
    frame.format = Format::Nv12;
    frame.width = 7;
    frame.height = 5;
    frame.planes[2].width = 99;
    setPlaneSizes(frame);
    EXPECT_EQ(frame.planes[0].width, 7);
    EXPECT_EQ(frame.planes[0].height, 5);
    EXPECT_EQ(frame.planes[1].width, 4);
    EXPECT_EQ(frame.planes[1].height, 3);
    EXPECT_EQ(frame.planes[2].width, 0);
}

TEST(FrameTest, FieldsShareTheRowsBetweenThem)
{
    for (int height = 1; height <= 13; ++height) {
        SCOPED_TRACE(height);
        std::vector<std::uint8_t> luma(16 * 16), chroma(16 * 16);
        Frame frame;
        frame.format = Format::Nv12;
        frame.width = 16;
        frame.height = height;
        setPlaneSizes(frame);
        frame.planes[0].data = luma.data();
        frame.planes[1].data = chroma.data();
        frame.planes[0].pitch = frame.planes[1].pitch = 16;
        std::set<const void *> rows;
        for (int parity = 0; parity < 2; ++parity) {
            const Frame field = fieldOf(frame, parity);
            EXPECT_EQ(field.height, field.planes[0].height);
            for (int p = 0; p < 2; ++p) {
                for (int y = 0; y < field.planes[p].height; ++y)
                    rows.insert(static_cast<std::uint8_t *>(field.planes[p].data) + y * field.planes[p].pitch);
            }
        }
        std::set<const void *> expected;
        for (int y = 0; y < height; ++y)
            expected.insert(luma.data() + y * 16);
        for (int y = 0; y < (height + 1) / 2; ++y)
            expected.insert(chroma.data() + y * 16);
        EXPECT_EQ(rows, expected);
    }
}

TEST(FrameTest, MemoryKindsHaveNames)
{
    EXPECT_STREQ(memoryKindName(MemoryKind::System), "SystemMemory");
    EXPECT_STREQ(memoryKindName(MemoryKind::Dmabuf), "DMABuf");
    EXPECT_STREQ(memoryKindName(MemoryKind::Cuda), "CUDAMemory");
    EXPECT_STREQ(memoryKindName(MemoryKind::Nvmm), "NVMM");
    EXPECT_STREQ(memoryKindName(MemoryKind::Gl), "GLMemory");
}

} // namespace
} // namespace zc
