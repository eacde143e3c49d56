// SPDX-License-Identifier: MIT
// Where the kernel acts: the property, boxes on the buffer, both, grown, clipped, aligned; seen in the pixels.
#include "rig.hpp"

#include <gtest/gtest.h>

#ifdef ZC_HAVE_ANALYTICS
#include <gst/analytics/analytics.h>

#include <algorithm>
#endif

namespace zc::test {
namespace {

constexpr int kSide = 16;
constexpr guint8 kBefore = 0x10;
constexpr guint8 kAfter = 0xef; // its negative in full range, which grey frames have

struct Box {
    guint x, y, width, height;
};

Buffer frameWith(const std::vector<Box> &boxes)
{
    Buffer buffer = filled(kSide * kSide, kBefore);
    for (const Box &box : boxes)
        gst_buffer_add_video_region_of_interest_meta(buffer.get(), "face", box.x, box.y, box.width, box.height);
    return buffer;
}

// One letter a pixel: '#' where the kernel acted, '.' where the old byte is, '?' for anything else.
std::string picture(const Buffer &buffer, int width = kSide)
{
    std::string text;
    const Bytes bytes = buffer ? bytesOf(buffer.get()) : Bytes{};
    for (std::size_t i = 0; i < bytes.size(); i++) {
        text += bytes[i] == kAfter ? '#' : bytes[i] == kBefore ? '.' : '?';
        if ((i + 1) % static_cast<std::size_t>(width) == 0)
            text += '\n';
    }
    return text;
}

// The picture with these rectangles acted on.
std::string drawn(const std::vector<Box> &boxes)
{
    std::string text;
    for (unsigned y = 0; y < kSide; y++) {
        for (unsigned x = 0; x < kSide; x++) {
            const bool inside = std::any_of(boxes.begin(), boxes.end(), [x, y](const Box &b) {
                return x >= b.x && x < b.x + b.width && y >= b.y && y < b.y + b.height;
            });
            text += inside ? '#' : '.';
        }
        text += '\n';
    }
    return text;
}

struct Case {
    const char *name, *properties;
    std::vector<Box> boxes;    // on the buffer
    std::vector<Box> expected; // where the kernel acts
};

const std::vector<Case> &cases()
{
    static const std::vector<Case> all = {
        {"whole frame", "", {}, {{0, 0, 16, 16}}},
        {"one rectangle", "region=3,2,5,4", {}, {{3, 2, 5, 4}}},
        {"two rectangles", "region=\"0,0,2,2;10,12,3,1\"", {}, {{0, 0, 2, 2}, {10, 12, 3, 1}}},
        {"overlap meets a pixel once", "region=\"2,2,6,6;4,4,6,6\"", {}, {{2, 2, 6, 6}, {4, 4, 6, 6}}},
        {"the same twice", "region=\"2,2,6,6;2,2,6,6\"", {}, {{2, 2, 6, 6}}},
        {"clipped right and below", "region=12,13,100,100", {}, {{12, 13, 4, 3}}},
        {"clipped left and above", "region=-5,-6,8,9", {}, {{0, 0, 3, 3}}},
        {"outside", "region=16,0,4,4", {}, {}},
        {"far outside", "region=-2147483648,-2147483648,4,4", {}, {}},
        {"bigger than any frame", "region=-2147483648,-2147483648,2147483647,2147483647", {}, {}},
        {"as big as it gets", "region=-1000,-1000,2147483647,2147483647", {}, {{0, 0, 16, 16}}},
        {"empty", "region=4,4,0,0", {}, {}},
        {"no width", "region=4,4,0,5", {}, {}},
        {"empty next to a good one", "region=\"4,4,0,0;1,1,2,2\"", {}, {{1, 1, 2, 2}}},
        {"boxes are ignored unless asked for", "region=1,1,2,2", {{8, 8, 4, 4}}, {{1, 1, 2, 2}}},
        {"a box", "regions-from=roi-meta", {{3, 4, 5, 6}}, {{3, 4, 5, 6}}},
        {"two boxes", "regions-from=roi-meta", {{3, 4, 5, 6}, {0, 0, 1, 1}}, {{3, 4, 5, 6}, {0, 0, 1, 1}}},
        {"no box", "regions-from=roi-meta", {}, {}},
        {"the property is not named", "regions-from=roi-meta region=1,1,2,2", {{8, 8, 4, 4}}, {{8, 8, 4, 4}}},
        {"both add up", "regions-from=property+roi-meta region=1,1,2,2", {{8, 8, 4, 4}}, {{1, 1, 2, 2}, {8, 8, 4, 4}}},
        {"both, and no box", "regions-from=property+roi-meta region=1,1,2,2", {}, {{1, 1, 2, 2}}},
        {"a box outside", "regions-from=roi-meta", {{200, 200, 5, 5}}, {}},
        {"a box partly outside", "regions-from=roi-meta", {{14, 14, 50, 50}}, {{14, 14, 2, 2}}},
        {"a box beyond 31 bits", "regions-from=roi-meta", {{4294967295U, 4294967295U, 4294967295U, 4294967295U}}, {}},
        {"a box as wide as can be", "regions-from=roi-meta", {{2, 0, 4294967295U, 1}}, {{2, 0, 14, 1}}},
        {"grown by 100 %", "region=6,6,4,4 region-grow=100", {}, {{4, 4, 8, 8}}},
        {"boxes grow too", "regions-from=roi-meta region-grow=50", {{6, 6, 4, 4}}, {{5, 5, 6, 6}}},
        {"grown beyond the frame", "region=6,6,4,4 region-grow=1000", {}, {{0, 0, 16, 16}}},
    };
    return all;
}

TEST(Regions, ActOnExactlyTheirPixels)
{
    for (const Case &test : cases()) {
        ElementHarness harness(std::string("cudazerocopy kernel=invert ") + test.properties,
                               rawCaps("GRAY8", kSide, kSide));
        EXPECT_EQ(picture(pass(harness, frameWith(test.boxes))), drawn(test.expected)) << test.name;
        EXPECT_EQ(harness.stat("passed-through"), test.expected.empty() ? 1U : 0U) << test.name;
        EXPECT_EQ(harness.stat("in-place"), test.expected.empty() ? 0U : 1U) << test.name;
        EXPECT_EQ(harness.posted(GST_MESSAGE_ERROR).size(), 0U) << test.name;
    }
}

TEST(Regions, FollowTheBuffersOneByOne)
{
    ElementHarness harness("cudazerocopy kernel=invert regions-from=roi-meta", rawCaps("GRAY8", kSide, kSide));
    EXPECT_EQ(picture(pass(harness, frameWith({{0, 0, 2, 2}}))), drawn({{0, 0, 2, 2}}));
    EXPECT_EQ(picture(pass(harness, frameWith({}))), drawn({}));
    EXPECT_EQ(picture(pass(harness, frameWith({{5, 5, 2, 2}}))), drawn({{5, 5, 2, 2}}));
    EXPECT_EQ(harness.stat("frames"), 3U);
    EXPECT_EQ(harness.stat("passed-through"), 1U);
}

TEST(Regions, FollowTheFramesSize)
{
    ElementHarness harness("cudazerocopy kernel=invert region=6,0,100,100", rawCaps("GRAY8", 8, 2));
    EXPECT_EQ(picture(pass(harness, filled(16, kBefore)), 8), "......##\n......##\n");
    gst_harness_set_src_caps_str(harness.get(), rawCaps("GRAY8", 4, 4).c_str());
    EXPECT_EQ(picture(pass(harness, filled(16, kBefore)), 4), "....\n....\n....\n....\n");
    gst_harness_set_src_caps_str(harness.get(), rawCaps("GRAY8", 16, 1).c_str());
    EXPECT_EQ(picture(pass(harness, filled(16, kBefore)), 16), "......##########\n");
}

TEST(Regions, AreWidenedToWholeChromaSamples)
{
    ElementHarness harness("cudazerocopy kernel=invert region=3,3,1,1", rawCaps("I420", 8, 8));
    const Buffer out = pass(harness, filled(8 * 8 * 3 / 2, 0x40));
    const int luma = 16 + 235 - 0x40; // limited range
    const int chroma = 256 - 0x40;
    for (int y = 0; y < 8; y++) {
        for (int x = 0; x < 8; x++) {
            const bool inside = (x == 2 || x == 3) && (y == 2 || y == 3);
            EXPECT_EQ(byteOf(out, static_cast<gsize>(y * 8 + x)), inside ? luma : 0x40) << x << "," << y;
        }
    }
    for (gsize i = 0; i < 32; i++)
        EXPECT_EQ(byteOf(out, 64 + i), i % 16 == 5 ? chroma : 0x40) << "chroma sample " << i;
}

TEST(Regions, MetasStayOnTheBuffer)
{
    ElementHarness harness("cudazerocopy kernel=invert regions-from=roi-meta region-grow=100",
                           rawCaps("GRAY8", kSide, kSide));
    const Buffer out = pass(harness, frameWith({{6, 6, 4, 4}}));
    const GstVideoRegionOfInterestMeta *meta = gst_buffer_get_video_region_of_interest_meta(out.get());
    ASSERT_NE(meta, nullptr);
    EXPECT_EQ(meta->x, 6U);
    EXPECT_EQ(meta->w, 4U);
    EXPECT_EQ(meta->roi_type, g_quark_from_string("face"));
}

TEST(Regions, AThousandBoxes)
{
    std::vector<Box> boxes;
    for (unsigned i = 0; i < 1000; i++)
        boxes.push_back({i % 16, (i / 16) % 16, 1 + i % 3, 1 + i % 5});
    ElementHarness harness("cudazerocopy kernel=invert regions-from=roi-meta", rawCaps("GRAY8", kSide, kSide));
    EXPECT_EQ(picture(pass(harness, frameWith(boxes))), drawn({{0, 0, 16, 16}}));
}

// Beyond 1024 boxes the surplus is acted on as one: never less than what was asked for.
TEST(Regions, SurplusBoxesAreSurroundedNotDropped)
{
    std::vector<Box> boxes(2000, Box{0, 0, 1, 1});
    boxes[1500] = {4, 4, 1, 1};
    boxes[1999] = {9, 7, 1, 1};
    ElementHarness harness("cudazerocopy kernel=invert regions-from=roi-meta", rawCaps("GRAY8", kSide, kSide));
    EXPECT_EQ(picture(pass(harness, frameWith(boxes))), drawn({{0, 0, 10, 8}}));
}

#ifdef ZC_HAVE_ANALYTICS

Buffer frameWithDetections(const std::vector<Box> &boxes)
{
    Buffer buffer = filled(kSide * kSide, kBefore);
    GstAnalyticsRelationMeta *relations = gst_buffer_add_analytics_relation_meta(buffer.get());
    for (const Box &box : boxes) {
        GstAnalyticsODMtd detection;
        EXPECT_TRUE(gst_analytics_relation_meta_add_od_mtd(
            relations, g_quark_from_static_string("face"), static_cast<gint>(box.x), static_cast<gint>(box.y),
            static_cast<gint>(box.width), static_cast<gint>(box.height), 0.9F, &detection));
    }
    return buffer;
}

TEST(Regions, AnalyticsBoxesAreActedOn)
{
    ElementHarness harness("cudazerocopy kernel=invert regions-from=analytics-meta", rawCaps("GRAY8", kSide, kSide));
    const std::vector<Box> two = {{3, 4, 5, 6}, {10, 12, 3, 1}};
    EXPECT_EQ(picture(pass(harness, frameWithDetections(two))), drawn(two));
    EXPECT_EQ(picture(pass(harness, frameWithDetections({}))), drawn({}));
    EXPECT_EQ(picture(pass(harness, frameWith({{0, 0, 2, 2}}))), drawn({})) << "roi-meta was not named";
    EXPECT_EQ(picture(pass(harness, frameWithDetections({{14, 14, 50, 50}}))), drawn({{14, 14, 2, 2}}));
    EXPECT_EQ(harness.stat("in-place"), 2U);
    EXPECT_EQ(harness.stat("passed-through"), 2U);
}

TEST(Regions, AnalyticsBoxesAddUpWithOtherSources)
{
    ElementHarness harness("cudazerocopy kernel=invert regions-from=property+roi-meta+analytics-meta region=0,0,1,1",
                           rawCaps("GRAY8", kSide, kSide));
    Buffer buffer = frameWithDetections({{3, 4, 5, 6}, {10, 12, 3, 1}});
    gst_buffer_add_video_region_of_interest_meta(buffer.get(), "face", 14, 0, 2, 2);
    EXPECT_EQ(picture(pass(harness, std::move(buffer))),
              drawn({{0, 0, 1, 1}, {3, 4, 5, 6}, {10, 12, 3, 1}, {14, 0, 2, 2}}));
}

#else

TEST(Regions, AnalyticsBoxesAreAClearErrorWhereTheyCannotBeRead)
{
    const Alone alone("cudazerocopy kernel=invert regions-from=analytics-meta");
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    const auto errors = textsOf(alone.bus.get(), GST_MESSAGE_ERROR);
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_TRUE(contains(errors[0], "1.24") && contains(errors[0], "roi-meta")) << errors[0];
    set(alone.get(), "regions-from", "roi-meta");
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
}

TEST(Regions, AnalyticsBoxesAreRefusedWhilePlayingWhereTheyCannotBeRead)
{
    ElementHarness harness("cudazerocopy kernel=invert regions-from=roi-meta", rawCaps("GRAY8", kSide, kSide));
    set(harness.element(), "regions-from", "property+analytics-meta");
    const auto warnings = textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_WARNING);
    ASSERT_EQ(warnings.size(), 1U) << lines(warnings);
    EXPECT_TRUE(contains(warnings[0], "1.24") && contains(warnings[0], "roi-meta")) << warnings[0];
    EXPECT_EQ(get(harness.element(), "regions-from"), "roi-meta");
    EXPECT_EQ(picture(pass(harness, frameWith({{3, 4, 5, 6}}))), drawn({{3, 4, 5, 6}}));
}

#endif

// Neither nothing nor bits without a meaning make the whole frame the region in silence.
TEST(Regions, SourcesThatDoNotExistAreRefused)
{
    const struct {
        guint bits;
        const char *says;
    } cases[] = {{0, "names no source"}, {0x8001, "has bits that stand for no source"}};
    for (const auto &test : cases) {
        ElementHarness harness("cudazerocopy kernel=invert regions-from=roi-meta", rawCaps("GRAY8", kSide, kSide));
        g_object_set(harness.element(), "regions-from", test.bits, nullptr);
        const auto warnings = textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_WARNING);
        ASSERT_EQ(warnings.size(), 1U) << lines(warnings);
        EXPECT_TRUE(contains(warnings[0], "regions-from=" + std::to_string(test.bits) + " " + test.says))
            << warnings[0];
        EXPECT_TRUE(contains(warnings[0], "property, roi-meta, analytics-meta")) << warnings[0];
        EXPECT_EQ(get(harness.element(), "regions-from"), "roi-meta") << "the last good value stays";
        EXPECT_EQ(picture(pass(harness, frameWith({{3, 4, 5, 6}}))), drawn({{3, 4, 5, 6}}));
    }
}

// As gst-launch-1.0 sets them.
TEST(Regions, SourcesThatDoNotExistAreAnErrorAtStart)
{
    for (const char *text : {"255", "0"}) {
        const Alone alone(std::string("cudazerocopy kernel=invert region=0,0,1,1 regions-from=") + text);
        EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE) << text;
        const auto errors = textsOf(alone.bus.get(), GST_MESSAGE_ERROR);
        ASSERT_EQ(errors.size(), 1U) << text;
        EXPECT_TRUE(contains(errors[0], std::string("regions-from=") + text) && contains(errors[0], "roi-meta"))
            << errors[0];
        set(alone.get(), "regions-from", "property");
        EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
    }
}

} // namespace
} // namespace zc::test
