// SPDX-License-Identifier: MIT
// The table of formats against GStreamer's: sizes from GstVideoInfo, channel orders by having GStreamer unpack a pixel.
#include "core/format.hpp"

#include <array>
#include <gst/video/video.h>
#include <gtest/gtest.h>
#include <vector>

namespace zc {
namespace {

GstVideoFormat gstFormat(const FormatInfo &info)
{
    return gst_video_format_from_string(info.name);
}

TEST(FormatGstTest, EveryNameIsGStreamers)
{
    for (const FormatInfo &info : allFormats())
        EXPECT_NE(gstFormat(info), GST_VIDEO_FORMAT_UNKNOWN) << info.name;
}

TEST(FormatGstTest, FlagsAndDepthsAgree)
{
    for (const FormatInfo &info : allFormats()) {
        SCOPED_TRACE(info.name);
        const GstVideoFormatInfo *theirs = gst_video_format_get_info(gstFormat(info));
        EXPECT_EQ(info.planes, GST_VIDEO_FORMAT_INFO_N_PLANES(theirs));
        EXPECT_EQ(info.depth, GST_VIDEO_FORMAT_INFO_DEPTH(theirs, 0));
        EXPECT_EQ(isYuv(info), GST_VIDEO_FORMAT_INFO_IS_YUV(theirs) != 0);
        EXPECT_EQ(info.order.a >= 0, GST_VIDEO_FORMAT_INFO_HAS_ALPHA(theirs) != 0);
        EXPECT_EQ(info.layout == Layout::Gray, GST_VIDEO_FORMAT_INFO_IS_GRAY(theirs) != 0);
        if (isYuv(info)) {
            EXPECT_EQ(info.subX, GST_VIDEO_FORMAT_INFO_W_SUB(theirs, 1));
            EXPECT_EQ(info.subY, GST_VIDEO_FORMAT_INFO_H_SUB(theirs, 1));
        }
        if (info.layout != Layout::Rgb10a2) {
            EXPECT_EQ(info.shift, GST_VIDEO_FORMAT_INFO_SHIFT(theirs, 0));
        }
    }
}

// GStreamer's rows are ours rounded up to its alignment of 4, and its planes follow each other without a gap.
TEST(FormatGstTest, PlanesFitGStreamersLayout)
{
    for (const FormatInfo &info : allFormats()) {
        for (int width = 1; width <= 33; ++width) {
            for (int height = 1; height <= 9; ++height) {
                SCOPED_TRACE(testing::Message() << info.name << " " << width << "x" << height);
                GstVideoInfo theirs;
                ASSERT_TRUE(gst_video_info_set_format(&theirs, gstFormat(info), static_cast<guint>(width),
                                                      static_cast<guint>(height)));
                ASSERT_EQ(GST_VIDEO_INFO_N_PLANES(&theirs), info.planes);
                for (int p = 0; p < info.planes; ++p) {
                    const std::int64_t bytes = rowBytes(info, p, width);
                    const int stride = GST_VIDEO_INFO_PLANE_STRIDE(&theirs, p);
                    EXPECT_EQ(stride, (bytes + 3) / 4 * 4) << "plane " << p;
                    const std::size_t end = p + 1 < info.planes ? GST_VIDEO_INFO_PLANE_OFFSET(&theirs, p + 1)
                                                                : GST_VIDEO_INFO_SIZE(&theirs);
                    const std::size_t room = end - GST_VIDEO_INFO_PLANE_OFFSET(&theirs, p);
                    const int theirRows = static_cast<int>(room) / stride;
                    EXPECT_GE(theirRows, planeRows(info, p, height)) << "plane " << p;
                    EXPECT_LE(theirRows, planeRows(info, p, height) + 1) << "plane " << p;
                }
            }
        }
    }
}

// Sizes without rounding: strides and rows must be the same exactly.
TEST(FormatGstTest, RoundSizesAreExact)
{
    for (const FormatInfo &info : allFormats()) {
        for (const auto &[width, height] : {std::pair{16, 4}, {320, 240}, {1920, 1080}, {3840, 2160}}) {
            SCOPED_TRACE(testing::Message() << info.name << " " << width << "x" << height);
            GstVideoInfo theirs;
            ASSERT_TRUE(gst_video_info_set_format(&theirs, gstFormat(info), static_cast<guint>(width),
                                                  static_cast<guint>(height)));
            std::int64_t size = 0;
            for (int p = 0; p < info.planes; ++p) {
                EXPECT_EQ(rowBytes(info, p, width), GST_VIDEO_INFO_PLANE_STRIDE(&theirs, p));
                EXPECT_EQ(size, static_cast<std::int64_t>(GST_VIDEO_INFO_PLANE_OFFSET(&theirs, p)));
                size += rowBytes(info, p, width) * planeRows(info, p, height);
            }
            EXPECT_EQ(size, static_cast<std::int64_t>(GST_VIDEO_INFO_SIZE(&theirs)));
        }
    }
}

struct Where {
    int plane;
    int offset;
};

// Where the first sample of each of Y/R, U/G, V/B and A lies, by our table.
Where locate(const FormatInfo &info, int channel)
{
    const ChannelOrder &o = info.order;
    const std::array<std::int8_t, 4> yuv{o.y, o.u, o.v, o.a};
    const std::array<std::int8_t, 4> rgb{o.r, o.g, o.b, o.a};
    const auto c = static_cast<std::size_t>(channel);
    const bool chroma = channel == 1 || channel == 2;
    switch (info.layout) {
    case Layout::Planar:
        return {yuv[c], 0};
    case Layout::SemiPlanar:
        return {chroma ? 1 : 0, yuv[c] * info.sampleBytes};
    case Layout::Packed422:
    case Layout::Gray:
        return {0, yuv[c]};
    case Layout::PackedRgb:
    case Layout::Rgb10a2:
        break;
    }
    return {0, rgb[c]};
}

TEST(FormatGstTest, ChannelsLieWhereGStreamerSaysThem)
{
    for (const FormatInfo &info : allFormats()) {
        if (info.layout == Layout::Rgb10a2)
            continue;
        SCOPED_TRACE(info.name);
        const GstVideoFormatInfo *theirs = gst_video_format_get_info(gstFormat(info));
        for (int c = 0; c < static_cast<int>(GST_VIDEO_FORMAT_INFO_N_COMPONENTS(theirs)); ++c) {
            const Where ours = locate(info, c);
            EXPECT_EQ(ours.plane, GST_VIDEO_FORMAT_INFO_PLANE(theirs, c)) << "component " << c;
            // Its table counts samples, not bytes, for the second of a chroma pair of 16 bits; the next test settles
            // those.
            if (info.layout != Layout::SemiPlanar || info.sampleBytes == 1) {
                EXPECT_EQ(ours.offset, GST_VIDEO_FORMAT_INFO_POFFSET(theirs, c)) << "component " << c;
            }
        }
    }
}

TEST(FormatGstTest, ChromaPairsOf16BitsLieWhereGStreamerUnpacksThem)
{
    int seen = 0;
    for (const FormatInfo &info : allFormats()) {
        if (info.layout != Layout::SemiPlanar || info.sampleBytes != 2)
            continue;
        SCOPED_TRACE(info.name);
        ++seen;
        const GstVideoFormatInfo *theirs = gst_video_format_get_info(gstFormat(info));
        ASSERT_EQ(theirs->unpack_format, GST_VIDEO_FORMAT_AYUV64);
        std::array<std::uint16_t, 2> luma{0x4000, 0x4000}, pair{};
        pair.at(static_cast<std::size_t>(info.order.u)) = 0x8000;
        pair.at(static_cast<std::size_t>(info.order.v)) = 0xc000;
        gpointer data[GST_VIDEO_MAX_PLANES] = {luma.data(), pair.data()};
        const gint stride[GST_VIDEO_MAX_PLANES] = {4, 4};
        std::array<std::uint16_t, 8> ayuv{};
        theirs->unpack_func(theirs, GST_VIDEO_PACK_FLAG_TRUNCATE_RANGE, ayuv.data(), data, stride, 0, 0, 2);
        EXPECT_EQ(ayuv[1], 0x4000);
        EXPECT_EQ(ayuv[2], 0x8000);
        EXPECT_EQ(ayuv[3], 0xc000);
    }
    EXPECT_EQ(seen, 2);
}

TEST(FormatGstTest, TenBitRgbFieldsLieWhereGStreamerUnpacksThem)
{
    const FormatInfo &info = formatInfo(Format::Rgb10a2Le);
    const GstVideoFormatInfo *theirs = gst_video_format_get_info(gstFormat(info));
    const std::array<std::int8_t, 4> order{info.order.a, info.order.r, info.order.g, info.order.b};
    for (std::size_t c = 0; c < order.size(); ++c) {
        // One field full, the others empty.
        std::uint32_t word = (order[c] == 3 ? 3u : 1023u) << (10 * order[c]);
        gpointer data[GST_VIDEO_MAX_PLANES] = {&word};
        const gint stride[GST_VIDEO_MAX_PLANES] = {4};
        std::array<std::uint16_t, 4> argb{};
        ASSERT_EQ(theirs->unpack_format, GST_VIDEO_FORMAT_ARGB64);
        theirs->unpack_func(theirs, GST_VIDEO_PACK_FLAG_NONE, argb.data(), data, stride, 0, 0, 1);
        for (std::size_t i = 0; i < argb.size(); ++i)
            EXPECT_EQ(argb[i] > 0x8000, i == c) << "field of "
                                                << "ARGB"[c] << " seen in "
                                                << "ARGB"[i];
    }
}

} // namespace
} // namespace zc
