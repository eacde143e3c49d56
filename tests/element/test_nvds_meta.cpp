// SPDX-License-Identifier: MIT
// Boxes of DeepStream's batch metadata: which are taken, where they act, and what is wrong with them in words.
#include "nvds_batch.hpp"
#include "rig.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace zc::test {
namespace {

constexpr int kSide = 16;
constexpr guint8 kBefore = 0x10;
constexpr guint8 kAfter = 0xef; // its negative in full range, which grey frames have
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinite = std::numeric_limits<float>::infinity();

struct Box {
    int x, y, width, height;
};

// One letter a pixel: '#' where the kernel acted, '.' where the old byte is, '?' for anything else.
std::string picture(const Buffer &buffer)
{
    std::string text;
    const Bytes bytes = buffer ? bytesOf(buffer.get()) : Bytes{};
    for (std::size_t i = 0; i < bytes.size(); i++) {
        text += bytes[i] == kAfter ? '#' : bytes[i] == kBefore ? '.' : '?';
        if ((i + 1) % kSide == 0)
            text += '\n';
    }
    return text;
}

std::string drawn(const std::vector<Box> &boxes)
{
    std::string text;
    for (int y = 0; y < kSide; y++) {
        for (int x = 0; x < kSide; x++) {
            const bool inside = std::any_of(boxes.begin(), boxes.end(), [x, y](const Box &b) {
                return x >= b.x && x < b.x + b.width && y >= b.y && y < b.y + b.height;
            });
            text += inside ? '#' : '.';
        }
        text += '\n';
    }
    return text;
}

// The element on grey frames, whose buffers carry what a test wants.
class NvdsMeta : public testing::Test {
protected:
    explicit NvdsMeta(const std::string &properties = "")
        : harness_("cudazerocopy kernel=invert regions-from=nvds-meta " + properties, rawCaps("GRAY8", kSide, kSide))
    {}

    std::string act(NvdsBatch &batch)
    {
        Buffer buffer = filled(kSide * kSide, kBefore);
        batch.attachTo(buffer.get());
        return picture(pass(harness_, std::move(buffer)));
    }
    std::vector<std::string> warnings() { return textsOf(GST_ELEMENT_BUS(harness_.element()), GST_MESSAGE_WARNING); }

    ElementHarness harness_;
};

TEST_F(NvdsMeta, EveryObjectIsActedOn)
{
    NvdsBatch batch;
    batch.frame(0).box(3, 4, 5, 6).object({7, 2, 10, 12, 3, 1});
    EXPECT_EQ(act(batch), drawn({{3, 4, 5, 6}, {10, 12, 3, 1}}));
    EXPECT_EQ(lines(warnings()), "");
}

TEST_F(NvdsMeta, PartsOfPixelsCountAsWholeOnes)
{
    NvdsBatch batch;
    batch.frame(0).box(3.6F, 4.5F, 1.0F, 0.25F);
    EXPECT_EQ(act(batch), drawn({{3, 4, 2, 1}}));
}

TEST_F(NvdsMeta, BoxesAreCutToTheFrame)
{
    NvdsBatch batch;
    batch.frame(0).box(-3, -2, 5, 4).box(14, 15, 1000, 1000).box(40, 40, 5, 5);
    EXPECT_EQ(act(batch), drawn({{0, 0, 2, 2}, {14, 15, 2, 1}}));
    EXPECT_EQ(lines(warnings()), "") << "trackers predict boxes that leave the picture";
}

TEST_F(NvdsMeta, WithoutAnObjectTheFrameStays)
{
    NvdsBatch none, empty, flat;
    empty.frame(0);
    flat.frame(0).box(3, 3, 0, 5).box(3, 3, 5, 0);
    EXPECT_EQ(act(none), drawn({}));
    EXPECT_EQ(act(empty), drawn({}));
    EXPECT_EQ(act(flat), drawn({}));
    EXPECT_EQ(picture(pass(harness_, filled(kSide * kSide, kBefore))), drawn({})) << "no meta at all";
    EXPECT_EQ(harness_.stat("passed-through"), 4U);
    EXPECT_EQ(lines(warnings()), "");
}

TEST_F(NvdsMeta, AFrameTakenOutOfABatchMayNameAnotherSurface)
{
    NvdsBatch batch;
    batch.frame(5, 9).box(3, 4, 5, 6);
    EXPECT_EQ(act(batch), drawn({{3, 4, 5, 6}}));
    EXPECT_EQ(lines(warnings()), "");
}

TEST_F(NvdsMeta, ObjectsOfOtherSurfacesAreNotThisOnes)
{
    NvdsBatch batch;
    batch.frame(1, 0).box(1, 1, 2, 2).frame(0, 7).box(3, 4, 5, 6);
    EXPECT_EQ(act(batch), drawn({{3, 4, 5, 6}}));
    const auto told = warnings();
    ASSERT_EQ(told.size(), 1U) << lines(told);
    EXPECT_TRUE(contains(told[0], "surface 1 ")) << told[0];
    EXPECT_EQ(act(batch), drawn({{3, 4, 5, 6}}));
    EXPECT_EQ(lines(warnings()), "") << "told once";
}

TEST_F(NvdsMeta, OtherMetaOfDeepStreamIsLeftAlone)
{
    NvdsBatch batch;
    batch.frame(0).box(3, 4, 5, 6);
    Buffer buffer = filled(kSide * kSide, kBefore);
    batch.attachTo(buffer.get(), 4096);
    NvdsBatch::attach(buffer.get(), GINT_TO_POINTER(1), 4098);
    EXPECT_EQ(picture(pass(harness_, std::move(buffer))), drawn({}));
    EXPECT_EQ(lines(warnings()), "");
}

TEST_F(NvdsMeta, SourcesAddUp)
{
    set(harness_.element(), "regions-from", "property+roi-meta+nvds-meta");
    set(harness_.element(), "region", "0,0,1,1");
    set(harness_.element(), "region-grow", "100");
    NvdsBatch batch;
    batch.frame(0).box(4, 4, 2, 2);
    Buffer buffer = filled(kSide * kSide, kBefore);
    batch.attachTo(buffer.get());
    gst_buffer_add_video_region_of_interest_meta(buffer.get(), "face", 10, 10, 2, 2);
    const Buffer out = pass(harness_, std::move(buffer));
    EXPECT_EQ(picture(out), drawn({{0, 0, 2, 2}, {3, 3, 4, 4}, {9, 9, 4, 4}}));
}

TEST_F(NvdsMeta, ACopiedFrameKeepsItsBoxes)
{
    NvdsBatch batch;
    batch.frame(0).box(3, 4, 5, 6);
    Buffer buffer = filled(kSide * kSide, kBefore);
    batch.attachTo(buffer.get());
    const Buffer held(gst_buffer_ref(buffer.get()));
    EXPECT_EQ(picture(pass(harness_, std::move(buffer))), drawn({{3, 4, 5, 6}}));
    EXPECT_EQ(harness_.stat("copied"), 1U);
    EXPECT_EQ(picture(held), drawn({}));
}

// ---- which objects

struct Chosen {
    const char *classes;
    std::vector<Box> expected;
    const char *back; // as read back
};

TEST_F(NvdsMeta, ClassesOfComponents)
{
    const Box a = {0, 0, 2, 2}, b = {4, 0, 2, 2}, c = {8, 0, 2, 2}, d = {12, 0, 2, 2};
    NvdsBatch batch;
    batch.frame(0)
        .object({1, 0, 0, 0, 2, 2})
        .object({1, 2, 4, 0, 2, 2})
        .object({2, 0, 8, 0, 2, 2})
        .object({-1, -1, 12, 0, 2, 2});
    const Chosen all[] = {
        {"", {a, b, c, d}, ""},
        {"1:0,2", {a, b}, "1:0,2"},
        {"1:0", {a}, "1:0"},
        {" 1 : 2 ; 2 : 0 ", {b, c}, "1:2;2:0"},
        {"1:0;1:2", {a, b}, "1:0,2"},
        {"1", {a, b}, "1"},
        {"2:;", {c}, "2"},
        {"-1:-1", {d}, "-1:-1"},
        {"1:0;2", {a, c}, "1:0;2"},
        {"3:0", {}, "3:0"},
    };
    for (const Chosen &one : all) {
        set(harness_.element(), "nvds-classes", one.classes);
        EXPECT_EQ(get(harness_.element(), "nvds-classes"), one.back);
        EXPECT_EQ(act(batch), drawn(one.expected)) << one.classes;
    }
    EXPECT_EQ(lines(warnings()), "");
}

TEST(NvdsClasses, WhatIsWrongIsNamed)
{
    std::string many = "1:0";
    for (int i = 0; i < 5000; i++)
        many += ",1";
    const std::pair<std::string, const char *> bad[] = {
        {"car", "the component \"car\""}, {"1:car", "the class \"car\""}, {":1", "the component \"\""},
        {"1:0,", "the class \"\""},       {"1:0.5", "the class \"0.5\""}, {"1:0:2", "the class \"0:2\""},
        {"1;;2", "the component \"\""},   {"1:99999999999", "the class"}, {"1:0 2", "the class \"0 2\""},
        {many, "beyond 4096 classes"},
    };
    for (const auto &[text, part] : bad) {
        const Alone alone("cudazerocopy nvds-classes=1:7");
        set(alone.get(), "nvds-classes", text);
        EXPECT_EQ(get(alone.get(), "nvds-classes"), "1:7") << "the last good value stays";
        EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE) << text;
        const auto errors = textsOf(alone.bus.get(), GST_MESSAGE_ERROR);
        ASSERT_EQ(errors.size(), 1U) << text;
        EXPECT_TRUE(contains(errors[0], "nvds-classes: ") && contains(errors[0], part)) << errors[0];
        EXPECT_TRUE(contains(errors[0], "1:0,2;3:1")) << "says what to write: " << errors[0];
        set(alone.get(), "nvds-classes", "2");
        EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS) << text;
    }
}

// ---- broken metadata

struct Broken {
    const char *name;
    NvdsBatch::Object object;
    const char *told;
};

constexpr Broken kBroken[] = {
    {"nanLeft", {1, 0, kNan, 1, 2, 2}, "left nan"},
    {"nanTop", {1, 0, 1, kNan, 2, 2}, "top nan"},
    {"nanWidth", {1, 0, 1, 1, kNan, 2}, "width nan"},
    {"nanHeight", {1, 0, 1, 1, 2, kNan}, "height nan"},
    {"infiniteWidth", {1, 0, 1, 1, kInfinite, 2}, "width inf"},
    {"infiniteLeft", {1, 0, -kInfinite, 1, kInfinite, 2}, "left -inf"},
    {"negativeWidth", {1, 0, 8, 8, -4, 2}, "width -4"},
    {"negativeHeight", {1, 0, 8, 8, 2, -1}, "height -1"},
    {"hugeWidth", {1, 0, 0, 0, 1e9F, 2}, "width 1e+09"},
    {"hugeEverything", {1, 0, 3e38F, -3e38F, 3e38F, 3e38F}, "left 3e+38"},
    {"farLeft", {1, 0, -2e9F, 0, 2, 2}, "left -2e+09"},
};

class BrokenBoxes : public NvdsMeta, public testing::WithParamInterface<Broken> {};

TEST_P(BrokenBoxes, AreSkippedAndToldOnce)
{
    NvdsBatch batch;
    batch.frame(0).box(0, 0, 2, 2).object(GetParam().object).box(4, 4, 2, 2);
    for (int i = 0; i < 3; i++)
        EXPECT_EQ(act(batch), drawn({{0, 0, 2, 2}, {4, 4, 2, 2}})) << "the good ones are acted on";
    const auto told = warnings();
    ASSERT_EQ(told.size(), 1U) << lines(told);
    EXPECT_TRUE(contains(told[0], "nvds-meta") && contains(told[0], GetParam().told)) << told[0];
    EXPECT_EQ(lines(textsOf(GST_ELEMENT_BUS(harness_.element()), GST_MESSAGE_ERROR)), "");
}

INSTANTIATE_TEST_SUITE_P(Every, BrokenBoxes, testing::ValuesIn(kBroken),
                         [](const testing::TestParamInfo<Broken> &one) { return std::string(one.param.name); });

TEST_F(NvdsMeta, ListsThatBiteTheirTail)
{
    // Cycles of one node, of all, and behind a tail.
    for (const std::size_t back : {0U, 1U, 2U, 5U, 99U}) {
        NvdsBatch batch;
        batch.frame(0);
        for (int i = 0; i < 100; i++)
            batch.box(static_cast<float>(i % 16), static_cast<float>(i / 16), 1, 1);
        batch.lastObjectNode()->next = batch.node(1 + back); // node 0 is the frame's
        std::string expected = drawn({{0, 0, 16, 6}, {0, 6, 4, 1}});
        EXPECT_EQ(act(batch), expected) << back;
    }
    NvdsBatch frames;
    frames.frame(0).box(1, 1, 2, 2);
    frames.lastFrameNode()->next = frames.lastFrameNode();
    EXPECT_EQ(act(frames), drawn({{1, 1, 2, 2}}));
    const auto told = warnings();
    ASSERT_EQ(told.size(), 1U) << lines(told);
    EXPECT_TRUE(contains(told[0], "does not end")) << told[0];
}

TEST_F(NvdsMeta, AnEndlessListOfDifferentNodesIsBounded)
{
    NvdsBatch batch;
    batch.frame(0);
    for (int i = 0; i < 20000; i++)
        batch.box(1, 1, 2, 2);
    batch.box(10, 10, 2, 2);
    EXPECT_EQ(act(batch), drawn({{1, 1, 2, 2}}));
    EXPECT_EQ(warnings().size(), 1U);
}

TEST_F(NvdsMeta, NullAndCrookedPointers)
{
    NvdsBatch batch;
    batch.appendFrameEntry(nullptr);
    batch.appendFrameEntry(GINT_TO_POINTER(3));
    batch.frame(0).box(1, 1, 2, 2);
    batch.appendObjectEntry(nullptr);
    batch.appendObjectEntry(GINT_TO_POINTER(7));
    batch.box(5, 5, 2, 2);
    EXPECT_EQ(act(batch), drawn({{1, 1, 2, 2}, {5, 5, 2, 2}}));
    Buffer buffer = filled(kSide * kSide, kBefore);
    NvdsBatch::attach(buffer.get(), nullptr);
    EXPECT_EQ(picture(pass(harness_, std::move(buffer))), drawn({}));
    EXPECT_EQ(warnings().size(), 1U) << "one kind of fault is told once";
}

TEST_F(NvdsMeta, ABatchIdBeyondAnyBatch)
{
    NvdsBatch batch;
    batch.frame(G_MAXUINT).box(1, 1, 2, 2).frame(0).box(5, 5, 2, 2);
    EXPECT_EQ(act(batch), drawn({{5, 5, 2, 2}}));
    const auto told = warnings();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_TRUE(contains(told[0], "4294967295")) << told[0];
}

TEST_F(NvdsMeta, WarningsComeAgainAfterARestart)
{
    NvdsBatch batch;
    batch.frame(0).box(kNan, 0, 1, 1);
    act(batch);
    EXPECT_EQ(warnings().size(), 1U);
    gst_element_set_state(harness_.element(), GST_STATE_NULL);
    gst_element_set_state(harness_.element(), GST_STATE_PLAYING);
    gst_harness_set_src_caps_str(harness_.get(), rawCaps("GRAY8", kSide, kSide).c_str());
    act(batch);
    EXPECT_EQ(warnings().size(), 1U);
}

} // namespace
} // namespace zc::test
