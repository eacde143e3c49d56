// SPDX-License-Identifier: MIT
// Frames that hold two fields: a frame kernel must treat each as a picture of half the height.
#include "rig.hpp"

#include "gold/gold_backend.hpp"
#include "runtime/kernel.hpp"

#include <gst/video/video.h>

#include <algorithm>

namespace zc::test {
namespace {

struct Case {
    const char *name, *kernel, *format;
    int height;
    const char *region = ""; // as the element takes it
    Rect rect = {};          // the same; empty: the whole frame
};

// What the slow kernels make of one field that lies tightly in `bytes`.
void runGold(const std::string &kernel, const GstVideoInfo &info, Bytes &bytes, const Rect *rect)
{
    Frame frame;
    frame.format = formatFromName(GST_VIDEO_INFO_NAME(&info));
    frame.width = GST_VIDEO_INFO_WIDTH(&info);
    frame.height = GST_VIDEO_INFO_HEIGHT(&info);
    setPlaneSizes(frame);
    for (guint p = 0; p < GST_VIDEO_INFO_N_PLANES(&info); ++p) {
        frame.planes[p].data = bytes.data() + info.offset[p];
        frame.planes[p].pitch = info.stride[p];
    }
    const auto comma = kernel.find(',');
    Launch launch;
    launch.kernel = findKernel(kernel.substr(0, comma));
    ASSERT_NE(launch.kernel, nullptr) << kernel;
    ParamValues values(launch.kernel->params);
    const std::string setting = kernel.substr(comma + 1);
    const auto equals = setting.find('=');
    ASSERT_TRUE(values.setText(setting.substr(0, equals), setting.substr(equals + 1)).ok()) << kernel;
    launch.params = &values;
    launch.wholeFrame = rect == nullptr;
    if (rect != nullptr)
        launch.regions = std::span<const Rect>(rect, 1);
    ASSERT_TRUE(gold::makeGoldBackend()->run(frame, launch).ok()) << kernel;
}

std::string capsOf(const Case &test, int height, const std::string &mode)
{
    return rawCaps(test.format, 24, height) + ",interlace-mode=" + mode;
}

// Every other row of each plane, from the row `parity` on: taken out of the frame, or put back.
void moveField(const GstVideoInfo &frame, Bytes &frameBytes, const GstVideoInfo &field, Bytes &fieldBytes, int parity,
               bool putBack)
{
    for (guint p = 0; p < GST_VIDEO_INFO_N_PLANES(&frame); ++p) {
        const int rows = GST_VIDEO_INFO_COMP_HEIGHT(&frame, p);
        const auto width = static_cast<std::size_t>(std::min(frame.stride[p], field.stride[p]));
        for (int y = parity; y < rows; y += 2) {
            guint8 *a = frameBytes.data() + frame.offset[p] + static_cast<std::size_t>(frame.stride[p]) * y;
            guint8 *b = fieldBytes.data() + field.offset[p] + static_cast<std::size_t>(field.stride[p]) * (y / 2);
            if (putBack)
                std::copy_n(b, width, a);
            else
                std::copy_n(a, width, b);
        }
    }
}

// The rows of the field that the rectangle covers, counted one by one.
Rect rowsOfField(const Rect &rect, int parity)
{
    Rect found{rect.x, 0, rect.width, 0};
    for (int y = rect.y; y < rect.y + rect.height; ++y) {
        if (y % 2 == parity && found.height++ == 0)
            found.y = y / 2;
    }
    return found;
}

Bytes goldOfFields(const Case &test, const GstVideoInfo &info, Bytes bytes)
{
    for (int parity = 0; parity < 2; ++parity) {
        const int height = (test.height + 1 - parity) / 2;
        if (height == 0)
            continue;
        const GstVideoInfo field = infoOf(rawCaps(test.format, 24, height));
        Bytes rows(field.size);
        moveField(info, bytes, field, rows, parity, false);
        const Rect rect = rowsOfField(test.rect, parity);
        runGold(test.kernel, field, rows, test.rect.empty() ? nullptr : &rect);
        moveField(info, bytes, field, rows, parity, true);
    }
    return bytes;
}

constexpr Case kCases[] = {
    {"blur", "box-blur,radius=2", "I420", 32},
    {"flip", "flip,method=rotate-180", "I420", 32},
    {"pixelate", "pixelate,block=6", "NV12", 32},
    {"blur, odd height", "box-blur,radius=2", "GRAY8", 17},
    {"flip, odd height", "flip,method=vertical", "GRAY8", 17},
    {"pixelate, odd height", "pixelate,block=4", "RGBA", 17},
    {"blur, one row", "box-blur,radius=2", "GRAY8", 1},
    {"blur, region", "box-blur,radius=2", "GRAY8", 32, "3,5,9,10", {3, 5, 9, 10}},
    {"flip, region with odd edges", "flip,method=vertical", "GRAY8", 32, "3,5,9,11", {3, 5, 9, 11}},
    {"pixelate, region", "pixelate,block=4", "I420", 32, "4,8,12,16", {4, 8, 12, 16}},
    {"pixelate, region, odd height", "pixelate,block=4", "GRAY8", 17, "2,3,12,14", {2, 3, 12, 14}},
    {"flip, one row of a region", "flip,method=rotate-180", "GRAY8", 17, "2,3,12,1", {2, 3, 12, 1}},
};

Bytes through(const Case &test, const std::string &mode, bool flag, const Buffer &original)
{
    std::string launch = std::string("cudazerocopy kernel=\"") + test.kernel + "\"";
    if (!test.rect.empty())
        launch += std::string(" region=\"") + test.region + "\"";
    ElementHarness harness(launch, capsOf(test, test.height, mode));
    Buffer buffer(gst_buffer_copy_deep(original.get()));
    if (flag)
        GST_BUFFER_FLAG_SET(buffer.get(), GST_VIDEO_BUFFER_FLAG_INTERLACED);
    const Buffer out = pass(harness, std::move(buffer));
    return out ? bytesOf(out.get()) : Bytes{};
}

TEST(Interlaced, EachFieldIsAPictureOfItsOwn)
{
    for (const Case &test : kCases) {
        const GstVideoInfo info = infoOf(capsOf(test, test.height, "interleaved"));
        const Buffer original = makeBuffer(info, {.name = "system"}, 7);
        const Bytes fields = goldOfFields(test, info, bytesOf(original.get()));
        EXPECT_EQ(biggestDifference(through(test, "interleaved", false, original), fields), 0) << test.name;
        EXPECT_EQ(biggestDifference(through(test, "mixed", true, original), fields), 0) << test.name;
    }
}

TEST(Interlaced, FramesOfAMixedStreamWithoutTheFlagAreWhole)
{
    for (const Case &test : kCases) {
        const GstVideoInfo info = infoOf(capsOf(test, test.height, "mixed"));
        const Buffer original = makeBuffer(info, {.name = "system"}, 7);
        Bytes whole = bytesOf(original.get());
        runGold(test.kernel, info, whole, test.rect.empty() ? nullptr : &test.rect);
        const Bytes out = through(test, "mixed", false, original);
        EXPECT_EQ(biggestDifference(out, whole), 0) << test.name;
        EXPECT_EQ(biggestDifference(through(test, "progressive", false, original), whole), 0) << test.name;
        // An odd number of rows turned over keeps each row in its field.
        const int rows = test.rect.empty() ? test.height : test.rect.height;
        if (rows % 2 == 0 || (rows > 1 && std::string(test.kernel).rfind("flip", 0) != 0)) {
            EXPECT_NE(out, goldOfFields(test, info, bytesOf(original.get()))) << test.name << ": no test at all";
        }
    }
}

TEST(Interlaced, PointKernelsNeedNoFields)
{
    const std::string caps = rawCaps("I420", 24, 18) + ",interlace-mode=interleaved";
    const GstVideoInfo info = infoOf(caps);
    ElementHarness harness("cudazerocopy kernel=invert", caps);
    Buffer buffer = makeBuffer(info, {.name = "system"}, 3);
    const Bytes wanted = expected("invert", info, nullptr, bytesOf(buffer.get()));
    const Buffer out = pass(harness, std::move(buffer));
    ASSERT_NE(out, nullptr);
    EXPECT_EQ(bytesOf(out.get()), wanted);
}

} // namespace
} // namespace zc::test
