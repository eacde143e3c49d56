// SPDX-License-Identifier: MIT
// The stats structure: its fields and types, its sums, and when it is posted.
#include "element_harness.hpp"

#include <gtest/gtest.h>

namespace zc::test {
namespace {

constexpr const char *kCaps = "video/x-raw,format=NV12,width=32,height=16,framerate=30/1";

Buffer frame(Store store = Store::System)
{
    return makeBuffer(infoOf(kCaps), {.name = "", .store = store}, 1);
}

void pushShared(ElementHarness &h)
{
    Buffer buffer = frame();
    const Buffer held(gst_buffer_ref(buffer.get()));
    ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
}

void pushOwned(ElementHarness &h, Store store = Store::System)
{
    ASSERT_EQ(h.push(frame(store)), GST_FLOW_OK);
}

std::vector<Posted> statsPosted(ElementHarness &h)
{
    return h.posted(GST_MESSAGE_ELEMENT);
}

TEST(Stats, HasEveryFieldWithItsType)
{
    ElementHarness h("cudazerocopy kernel=\"pixelate,block=8\"", kCaps);
    pushOwned(h);
    GstStructure *stats = nullptr;
    g_object_get(h.element(), "stats", &stats, nullptr);
    ASSERT_NE(stats, nullptr);
    EXPECT_STREQ(gst_structure_get_name(stats), "cudazerocopy-stats");
    for (const char *field : {"frames", "in-place", "copied", "passed-through", "imports", "cache-hits",
                              "scratch-bytes", "cpu-time-mean", "cpu-time-p50", "cpu-time-p99", "cpu-time-max",
                              "gpu-time-mean", "gpu-time-p50", "gpu-time-p99", "gpu-time-max"})
        EXPECT_EQ(gst_structure_get_field_type(stats, field), G_TYPE_UINT64) << field;
    for (const char *field : {"memory", "device", "kernel"})
        EXPECT_EQ(gst_structure_get_field_type(stats, field), G_TYPE_STRING) << field;
    EXPECT_EQ(std::string(gst_structure_get_string(stats, "kernel")), "pixelate,block=8");
    EXPECT_EQ(std::string(gst_structure_get_string(stats, "memory")), "SystemMemory");
    EXPECT_EQ(std::string(gst_structure_get_string(stats, "device")).rfind("cpu", 0), 0U);
    gst_structure_free(stats);
}

TEST(Stats, TimesAreInOrder)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    for (int i = 0; i < 20; ++i)
        pushOwned(h);
    EXPECT_GT(h.stat("cpu-time-mean"), 0U);
    EXPECT_LE(h.stat("cpu-time-p50"), h.stat("cpu-time-p99"));
    EXPECT_LE(h.stat("cpu-time-p99"), h.stat("cpu-time-max"));
    EXPECT_LE(h.stat("cpu-time-mean"), h.stat("cpu-time-max"));
}

TEST(Stats, BeforeTheFirstFrameAreZero)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    for (const char *field : {"frames", "in-place", "copied", "passed-through", "imports", "cpu-time-max"})
        EXPECT_EQ(h.stat(field), 0U) << field;
    EXPECT_EQ(statTextOf(h.element(), "memory"), "none");
}

TEST(Stats, FramesAreTheSumOfTheirOutcomes)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    for (int i = 0; i < 3; ++i)
        pushOwned(h);
    for (int i = 0; i < 2; ++i)
        pushShared(h);
    Buffer gap = frame();
    GST_BUFFER_FLAG_SET(gap.get(), GST_BUFFER_FLAG_GAP);
    ASSERT_EQ(h.push(std::move(gap)), GST_FLOW_OK);
    g_object_set(h.element(), "kernel", "identity", nullptr);
    pushOwned(h);
    EXPECT_EQ(h.stat("in-place"), 3U);
    EXPECT_EQ(h.stat("copied"), 2U);
    EXPECT_EQ(h.stat("passed-through"), 2U);
    EXPECT_EQ(h.stat("frames"), 7U);
}

TEST(Stats, ArePostedAtTheEnd)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    for (int i = 0; i < 4; ++i)
        pushOwned(h);
    EXPECT_TRUE(statsPosted(h).empty()) << "nothing changed so far";
    EXPECT_TRUE(gst_harness_push_event(h.get(), gst_event_new_eos()));
    const auto posted = statsPosted(h);
    ASSERT_EQ(posted.size(), 1U);
    EXPECT_EQ(posted[0].text, "cudazerocopy-stats");
    EXPECT_NE(posted[0].structure.find("frames=(guint64)4"), std::string::npos) << posted[0].structure;
    EXPECT_NE(posted[0].structure.find("in-place=(guint64)4"), std::string::npos) << posted[0].structure;
}

TEST(Stats, ArePostedWhenThePathChanges)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    pushOwned(h);
    pushOwned(h);
    EXPECT_TRUE(statsPosted(h).empty());
    pushShared(h); // in place -> copied
    EXPECT_EQ(statsPosted(h).size(), 1U);
    pushShared(h);
    EXPECT_TRUE(statsPosted(h).empty());
    pushOwned(h); // copied -> in place
    EXPECT_EQ(statsPosted(h).size(), 1U);
    pushOwned(h, Store::Memfd); // system -> dmabuf
    const auto posted = statsPosted(h);
    ASSERT_EQ(posted.size(), 1U);
    EXPECT_NE(posted[0].structure.find("memory=(string)DMABuf"), std::string::npos) << posted[0].structure;
}

// A stream that alternates must not flood the bus.
TEST(Stats, AreNotPostedForEveryFrameOfAnAlternatingStream)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    constexpr int kChanges = 400;
    for (int i = 0; i < kChanges; ++i)
        i % 2 == 0 ? pushOwned(h) : pushShared(h);
    EXPECT_LT(statsPosted(h).size(), static_cast<std::size_t>(kChanges / 4));
}

TEST(Stats, StartAgainWithTheElement)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    pushOwned(h);
    EXPECT_EQ(h.stat("frames"), 1U);
    gst_element_set_state(h.element(), GST_STATE_READY);
    EXPECT_EQ(h.stat("frames"), 1U) << "still there to be read after the end";
    gst_element_set_state(h.element(), GST_STATE_PLAYING);
    EXPECT_EQ(h.stat("frames"), 0U);
}

} // namespace
} // namespace zc::test
