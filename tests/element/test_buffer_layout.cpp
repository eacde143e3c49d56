// SPDX-License-Identifier: MIT
// Where planes are found, and every contradiction that is refused.
#include "buffer_layout.hpp"
#include "buffers.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace zc::gst {
namespace {

using test::bufferOf;
using test::contains;
using test::dmabufMemory;
using test::fdMemory;
using test::negotiate;
using test::negotiateSize;
using test::systemMemory;

struct Meta {
    gint format = GST_VIDEO_FORMAT_NV12; // a number, so that it may be none of this GStreamer's
    guint width = 16, height = 8, planes = 2;
    std::vector<gsize> offset = {0, 128};
    std::vector<gint> stride = {16, 16};
};

void attach(GstBuffer *buffer, const Meta &meta)
{
    gsize offset[GST_VIDEO_MAX_PLANES] = {};
    gint stride[GST_VIDEO_MAX_PLANES] = {};
    std::copy(meta.offset.begin(), meta.offset.end(), offset);
    std::copy(meta.stride.begin(), meta.stride.end(), stride);
    // Some versions check what they are given; the fields are written directly so that anything can be in them.
    GstVideoMeta *made = gst_buffer_add_video_meta(buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_NV12, 16, 8);
    std::memcpy(&made->format, &meta.format, sizeof(meta.format));
    made->width = meta.width;
    made->height = meta.height;
    made->n_planes = meta.planes;
    std::copy_n(offset, GST_VIDEO_MAX_PLANES, made->offset);
    std::copy_n(stride, GST_VIDEO_MAX_PLANES, made->stride);
}

void crop(GstBuffer *buffer, guint x, guint y, guint width, guint height)
{
    GstVideoCropMeta *meta = gst_buffer_add_video_crop_meta(buffer);
    meta->x = x;
    meta->y = y;
    meta->width = width;
    meta->height = height;
}

TEST(Layout, WithoutMetaFollowsTheCapsForEveryFormatAndOddSizes)
{
    for (const FormatInfo &info : allFormats()) {
        if (info.format == Format::Unknown)
            continue;
        for (const auto &[width, height] : {std::pair{64, 48}, {1, 1}, {3, 3}, {1919, 9}, {2, 1080}}) {
            const Negotiated negotiated = negotiateSize(info.name, width, height);
            const GstVideoInfo &pixels = negotiated.pixels;
            const BufferPtr buffer = bufferOf({systemMemory(pixels.size)});
            const auto layout = layoutOf(buffer.get(), negotiated);
            ASSERT_TRUE(layout.ok()) << info.name << width << "x" << height << layout.status().message();
            ASSERT_EQ(layout.value().planes, GST_VIDEO_INFO_N_PLANES(&pixels)) << info.name;
            for (guint i = 0; i < layout.value().planes; i++) {
                const PlaneLocation &plane = layout.value().plane[i];
                EXPECT_EQ(plane.offset, pixels.offset[i]) << info.name;
                EXPECT_EQ(plane.pitch, pixels.stride[i]) << info.name;
                EXPECT_EQ(plane.memory, gst_buffer_peek_memory(buffer.get(), 0));
                EXPECT_LE(plane.offset + plane.bytes, pixels.size) << info.name;
            }
            const Frame frame = frameFor(layout.value(), negotiated);
            EXPECT_EQ(frame.format, info.format);
            EXPECT_EQ(frame.width, width);
            EXPECT_EQ(frame.height, height);
            EXPECT_EQ(frame.planes[0].pitch, pixels.stride[0]);
            EXPECT_EQ(frame.planes[0].data, nullptr);
        }
    }
}

TEST(Layout, MetaGoesBeforeCaps)
{
    const BufferPtr buffer = bufferOf({systemMemory(1024)});
    attach(buffer.get(), {.width = 20, .height = 10, .offset = {64, 512}, .stride = {32, 40}});
    const auto layout = layoutOf(buffer.get(), negotiateSize("NV12", 16, 8));
    ASSERT_TRUE(layout.ok()) << layout.status().message();
    EXPECT_EQ(layout.value().plane[0].offset, 64U);
    EXPECT_EQ(layout.value().plane[0].pitch, 32);
    EXPECT_EQ(layout.value().plane[0].bytes, 7U * 32 + 16);
    EXPECT_EQ(layout.value().plane[1].offset, 512U);
    EXPECT_EQ(layout.value().plane[1].pitch, 40);
    EXPECT_EQ(layout.value().plane[1].bytes, 3U * 40 + 16);
}

TEST(Layout, ColourAndFieldsReachTheFrame)
{
    const Negotiated negotiated = negotiate("video/x-raw,format=I420,width=16,height=8,colorimetry=1:3:0:0");
    const BufferPtr buffer = bufferOf({systemMemory(negotiated.pixels.size)});
    const Frame frame = frameFor(layoutOf(buffer.get(), negotiated).value(), negotiated);
    EXPECT_EQ(frame.range, ColorRange::Full);
    EXPECT_EQ(frame.matrix, ColorMatrix::Bt709);
    EXPECT_EQ(frame.planes[1].width, 8);
    EXPECT_EQ(frame.planes[1].height, 4);
}

TEST(Layout, OneMemoryAPlaneAndEmptyOnesBetween)
{
    const BufferPtr buffer = bufferOf({systemMemory(0), systemMemory(128), systemMemory(0), systemMemory(64)});
    const auto layout = layoutOf(buffer.get(), negotiateSize("NV12", 16, 8));
    ASSERT_TRUE(layout.ok()) << layout.status().message();
    EXPECT_EQ(layout.value().plane[0].memoryIndex, 1U);
    EXPECT_EQ(layout.value().plane[1].memoryIndex, 3U);
    EXPECT_EQ(layout.value().plane[1].offset, 0U);
    EXPECT_EQ(gst_buffer_n_memory(buffer.get()), 4U) << "memories must not be merged";
}

TEST(Layout, ResizedMemoryCountsItsVisibleBytes)
{
    GstMemory *memory = systemMemory(300);
    gst_memory_resize(memory, 50, 192);
    const BufferPtr buffer = bufferOf({memory});
    const auto layout = layoutOf(buffer.get(), negotiateSize("NV12", 16, 8));
    ASSERT_TRUE(layout.ok()) << layout.status().message();
    EXPECT_EQ(layout.value().plane[0].offset, 0U);
    gst_memory_resize(memory, 0, 191);
    EXPECT_FALSE(layoutOf(buffer.get(), negotiateSize("NV12", 16, 8)).ok());
}

TEST(Layout, TheLastRowNeedsNoPadding)
{
    const Negotiated negotiated = negotiateSize("NV12", 16, 8);
    for (const gsize spare : {gsize{0}, gsize{1}}) {
        const gsize size = 7 * 32 + 16 + 3 * 32 + 16 - spare;
        const BufferPtr buffer = bufferOf({systemMemory(size)});
        attach(buffer.get(), {.offset = {0, 7 * 32 + 16}, .stride = {32, 32}});
        EXPECT_EQ(layoutOf(buffer.get(), negotiated).ok(), spare == 0) << spare;
    }
}

TEST(Layout, CropMovesEveryPlane)
{
    const BufferPtr buffer = bufferOf({systemMemory(32 * 16 * 3 / 2)});
    attach(buffer.get(), {.width = 32, .height = 16, .offset = {0, 512}, .stride = {32, 32}});
    crop(buffer.get(), 4, 6, 16, 8);
    const auto layout = layoutOf(buffer.get(), negotiateSize("NV12", 16, 8));
    ASSERT_TRUE(layout.ok()) << layout.status().message();
    EXPECT_EQ(layout.value().plane[0].offset, 6U * 32 + 4);
    EXPECT_EQ(layout.value().plane[1].offset, 512U + 3 * 32 + 4);
}

TEST(Layout, RefusesCropsThatCannotBe)
{
    struct Case {
        guint x, y, width, height;
        const char *format, *extra, *says;
    };
    const Case cases[] = {
        {3, 0, 16, 8, "NV12", "", "steps of 2,2"},
        {0, 3, 16, 8, "NV12", "", "steps of 2,2"},
        {0, 2, 16, 8, "NV12", ",interlace-mode=interleaved", "steps of 2,4"},
        {18, 0, 16, 8, "NV12", "", "34x8 are needed"},
        {0, 10, 16, 8, "NV12", "", "16x18 are needed"},
        {G_MAXUINT - 1, 0, 16, 8, "NV12", "", "are needed"},
        {0, G_MAXUINT - 1, 16, 8, "NV12", "", "are needed"},
        {0, 0, 12, 8, "NV12", "", "expected one size"},
        {0, 0, 0, 0, "NV12", "", "expected one size"},
    };
    for (const Case &test : cases) {
        const BufferPtr buffer = bufferOf({systemMemory(32 * 16 * 3 / 2)});
        attach(buffer.get(), {.width = 32, .height = 16, .offset = {0, 512}, .stride = {32, 32}});
        crop(buffer.get(), test.x, test.y, test.width, test.height);
        const auto layout = layoutOf(
            buffer.get(), negotiate(std::string("video/x-raw,width=16,height=8,format=") + test.format + test.extra));
        ASSERT_FALSE(layout.ok()) << test.says;
        EXPECT_EQ(layout.status().code(), Code::BadLayout);
        EXPECT_TRUE(contains(layout.status().message(), test.says)) << layout.status().message();
    }
}

TEST(Layout, RefusesMetasThatContradict)
{
    const struct {
        Meta meta;
        const char *says;
    } cases[] = {
        {{.planes = 1}, "1 planes, NV12 has 2"},
        {{.planes = 3}, "3 planes, NV12 has 2"},
        {{.planes = 0}, "0 planes"},
        {{.planes = 4000000000U}, "4000000000 planes"},
        {{.format = GST_VIDEO_FORMAT_I420}, "says I420, the caps say NV12"},
        {{.width = 15}, "16x8 are needed"},
        {{.height = 7}, "16x8 are needed"},
        {{.width = G_MAXUINT}, "no side may exceed"},
        {{.stride = {-16, 16}}, "bottom up"},
        {{.stride = {16, G_MININT}}, "bottom up"},
        {{.stride = {0, 16}}, "stride of 0"},
        {{.stride = {15, 16}}, "one row needs 16"},
        {{.stride = {16, 15}}, "plane 1 of NV12"},
        {{.stride = {G_MAXINT, 16}}, "the buffer"},
        {{.stride = {16, 1 << 20}}, "plane 1 of NV12"},
        {{.offset = {0, 1000000}}, "offset 1000000"},
        {{.offset = {0, 129}}, "a plane must lie in one memory"},
        {{.offset = {G_MAXSIZE, 128}}, "no memory can hold"},
        {{.offset = {0, G_MAXSIZE - 10}}, "no memory can hold"},
        {{.offset = {0, 0}}, "overlap"},
        {{.offset = {0, 64}}, "overlap"},
        {{.offset = {8, 127}, .stride = {16, 16}}, "overlap"},
    };
    const Negotiated negotiated = negotiateSize("NV12", 16, 8);
    for (const auto &test : cases) {
        const BufferPtr buffer = bufferOf({systemMemory(192)});
        attach(buffer.get(), test.meta);
        const auto layout = layoutOf(buffer.get(), negotiated);
        ASSERT_FALSE(layout.ok()) << test.says;
        EXPECT_EQ(layout.status().code(), Code::BadLayout);
        EXPECT_TRUE(contains(layout.status().message(), test.says))
            << "expected \"" << test.says << "\" in: " << layout.status().message();
    }
}

// Luma in the first memory, chroma in the second: each in its own place, or both at the start of one file.
TEST(Layout, RefusesPlanesThatOverlapThroughTwoMemories)
{
    const UniqueFd file = zc::test::makeMemfd(4096);
    const auto copyOfFile = [&] { return UniqueFd::duplicate(file.get()); };
    const auto reopened = [&] {
        return UniqueFd(open(("/proc/self/fd/" + std::to_string(file.get())).c_str(), O_RDWR | O_CLOEXEC));
    };
    GstMemory *whole = systemMemory(192);
    const struct {
        const char *what;
        BufferPtr buffer;
        bool ok;
    } cases[] = {
        {"two dmabufs", bufferOf({dmabufMemory(128), dmabufMemory(64)}), true},
        {"two files", bufferOf({fdMemory(zc::test::makeMemfd(128), 128), fdMemory(zc::test::makeMemfd(64), 64)}), true},
        {"one dmabuf twice", bufferOf({dmabufMemory(copyOfFile(), 128), dmabufMemory(copyOfFile(), 64)}), false},
        {"one file twice", bufferOf({fdMemory(copyOfFile(), 128), fdMemory(reopened(), 64)}), false},
        {"parts side by side", bufferOf({gst_memory_share(whole, 0, 128), gst_memory_share(whole, 128, 64)}), true},
        {"parts over each other", bufferOf({gst_memory_share(whole, 0, 128), gst_memory_share(whole, 127, 64)}), false},
    };
    gst_memory_unref(whole);
    for (const auto &test : cases) {
        attach(test.buffer.get(), {});
        const auto layout = layoutOf(test.buffer.get(), negotiateSize("NV12", 16, 8));
        ASSERT_EQ(layout.ok(), test.ok) << test.what << ": " << layout.status().message();
        if (!test.ok) {
            EXPECT_TRUE(contains(layout.status().message(), "overlap")) << test.what << layout.status().message();
        }
    }
}

TEST(Layout, AFormatThatSaysNothingIsNoContradiction)
{
    // DMA_DRM pools write their own, newer format into the meta.
    for (const gint format : {static_cast<gint>(GST_VIDEO_FORMAT_UNKNOWN), 9999}) {
        const BufferPtr buffer = bufferOf({systemMemory(192)});
        attach(buffer.get(), {.format = format});
        EXPECT_TRUE(layoutOf(buffer.get(), negotiateSize("NV12", 16, 8)).ok());
    }
}

TEST(Layout, PlanesSideBySideInTheSameRows)
{
    // I420 with U and V in the left and right half of common rows.
    const BufferPtr buffer = bufferOf({systemMemory(256)});
    attach(buffer.get(),
           {.format = GST_VIDEO_FORMAT_I420, .planes = 3, .offset = {0, 128, 136}, .stride = {16, 16, 16}});
    EXPECT_TRUE(layoutOf(buffer.get(), negotiateSize("I420", 16, 8)).ok());
    const BufferPtr narrow = bufferOf({systemMemory(256)});
    attach(narrow.get(),
           {.format = GST_VIDEO_FORMAT_I420, .planes = 3, .offset = {0, 128, 135}, .stride = {16, 16, 16}});
    EXPECT_FALSE(layoutOf(narrow.get(), negotiateSize("I420", 16, 8)).ok());
}

TEST(Layout, WideSamplesNeedEvenPlaces)
{
    const Negotiated negotiated = negotiateSize("P010_10LE", 8, 8);
    const struct {
        std::vector<gsize> offset;
        std::vector<gint> stride;
        bool ok;
    } cases[] = {{{0, 128}, {16, 16}, true}, {{1, 129}, {16, 16}, false}, {{0, 160}, {17, 17}, false}};
    for (const auto &test : cases) {
        const BufferPtr buffer = bufferOf({systemMemory(512)});
        attach(buffer.get(),
               {.format = GST_VIDEO_FORMAT_P010_10LE, .width = 8, .offset = test.offset, .stride = test.stride});
        EXPECT_EQ(layoutOf(buffer.get(), negotiated).ok(), test.ok) << test.offset[0] << " " << test.stride[0];
    }
}

TEST(Layout, RefusesBuffersThatAreTooSmall)
{
    const Negotiated negotiated = negotiateSize("NV12", 16, 8);
    const auto none = layoutOf(bufferOf({}).get(), negotiated);
    ASSERT_FALSE(none.ok());
    EXPECT_TRUE(contains(none.status().message(), "no memory"));
    const auto empty = layoutOf(bufferOf({systemMemory(0)}).get(), negotiated);
    ASSERT_FALSE(empty.ok());
    EXPECT_TRUE(contains(empty.status().message(), "which has only 0 bytes")) << empty.status().message();
    EXPECT_TRUE(contains(empty.status().message(), "at least 192 ")) << empty.status().message();
    const auto shorter = layoutOf(bufferOf({systemMemory(191)}).get(), negotiated);
    ASSERT_FALSE(shorter.ok());
    EXPECT_TRUE(contains(shorter.status().message(), "needs 64 bytes")) << shorter.status().message();
    const auto split = layoutOf(bufferOf({systemMemory(100), systemMemory(92)}).get(), negotiated);
    ASSERT_FALSE(split.ok());
    EXPECT_TRUE(contains(split.status().message(), "one memory")) << split.status().message();
    EXPECT_FALSE(layoutOf(bufferOf({systemMemory(192)}).get(), Negotiated{}).ok());
}

} // namespace
} // namespace zc::gst
