// SPDX-License-Identifier: MIT
// Frames that are not touched: neutral parameters, GAP buffers; and that the element adds no latency and drops nothing.
#include "rig.hpp"

#include <gtest/gtest.h>

namespace zc::test {
namespace {

constexpr gsize kBytes = 64;

std::string grey()
{
    return rawCaps("GRAY8", 8, 8);
}

TEST(Passthrough, NeutralParametersAreFree)
{
    for (const char *kernel :
         {"identity", "adjust", "adjust,brightness=0,contrast=1,saturation=1,hue=0,gamma=1,exposure=0",
          "pixelate,block=1", "box-blur,radius=0", "fill,color=#00ffffff"}) {
        ElementHarness harness(std::string("cudazerocopy kernel=\"") + kernel + "\"", grey());
        for (int i = 0; i < 3; i++) {
            Buffer in = filled(kBytes, 0x33);
            const GstBuffer *address = in.get();
            const Buffer out = pass(harness, std::move(in));
            EXPECT_EQ(out.get(), address) << kernel;
            EXPECT_TRUE(allBytesAre(out, 0x33)) << kernel;
        }
        EXPECT_TRUE(gst_base_transform_is_passthrough(GST_BASE_TRANSFORM(harness.element()))) << kernel;
        EXPECT_EQ(harness.stat("frames"), 3U) << kernel;
        EXPECT_EQ(harness.stat("passed-through"), 3U) << kernel;
        EXPECT_EQ(harness.stat("imports"), 0U) << kernel;
    }
}

TEST(Passthrough, OthersAreNot)
{
    for (const char *kernel : {"invert", "gray", "adjust,brightness=0.01", "pixelate,block=2", "box-blur,radius=1",
                               "fill,color=#01ffffff", "flip"}) {
        ElementHarness harness(std::string("cudazerocopy kernel=\"") + kernel + "\"", grey());
        EXPECT_NE(pass(harness, filled(kBytes, 0x33)), nullptr);
        EXPECT_FALSE(gst_base_transform_is_passthrough(GST_BASE_TRANSFORM(harness.element()))) << kernel;
        EXPECT_EQ(harness.stat("in-place"), 1U) << kernel;
    }
}

// In passthrough even shared, read-only or unreadable memory goes on: nobody looks at it.
TEST(Passthrough, TakesWhatCouldNotBeProcessed)
{
    ElementHarness harness("cudazerocopy kernel=identity zero-copy=required on-shared=error", grey());
    Buffer shared = filled(kBytes, 1);
    const Buffer holder(gst_buffer_ref(shared.get()));
    EXPECT_EQ(pass(harness, std::move(shared)), holder);
    EXPECT_NE(pass(harness, filled(3, 1)), nullptr) << "too small for any kernel";
    EXPECT_NE(pass(harness, Buffer(gst_buffer_new())), nullptr) << "no memory at all";
    EXPECT_EQ(harness.posted(GST_MESSAGE_ERROR).size(), 0U);
    EXPECT_EQ(harness.stat("passed-through"), 3U);
}

TEST(Passthrough, SwitchesWhilePlaying)
{
    ElementHarness harness("cudazerocopy kernel=adjust", grey());
    const struct {
        const char *property, *text;
        guint8 expected;
    } steps[] = {
        {"params", "brightness=1", 255}, {"params", "brightness=0", 100}, {"params", "brightness=-1", 0},
        {"kernel", "identity", 100},     {"kernel", "invert", 155},       {"kernel", "pixelate,block=1", 100},
        {"params", "block=3", 100},      {"kernel", "adjust", 100},       {"params", "contrast=0", 0},
    };
    EXPECT_TRUE(allBytesAre(pass(harness, filled(kBytes, 100)), 100));
    for (const auto &step : steps) {
        set(harness.element(), step.property, step.text);
        for (int i = 0; i < 2; i++)
            EXPECT_TRUE(allBytesAre(pass(harness, filled(kBytes, 100)), step.expected)) << step.text << " frame " << i;
    }
    EXPECT_EQ(harness.stat("frames"), 19U);
    EXPECT_EQ(harness.stat("passed-through"), 1U + 2 * 4) << "the first, and four neutral steps";
    EXPECT_EQ(harness.stat("in-place"), 2U * 5);
    EXPECT_EQ(harness.stat("copied"), 0U);
}

TEST(Gap, BuffersStayUntouchedAndKeepTheirFlag)
{
    ElementHarness harness("cudazerocopy kernel=invert", grey());
    for (const bool gap : {true, false, true}) {
        Buffer in = filled(kBytes, 0x10);
        if (gap)
            GST_BUFFER_FLAG_SET(in.get(), GST_BUFFER_FLAG_GAP);
        const GstBuffer *address = in.get();
        const Buffer out = pass(harness, std::move(in));
        EXPECT_EQ(out.get(), address);
        EXPECT_EQ(static_cast<bool>(GST_BUFFER_FLAG_IS_SET(out.get(), GST_BUFFER_FLAG_GAP)), gap);
        EXPECT_TRUE(allBytesAre(out, gap ? 0x10 : 0xef));
    }
    EXPECT_EQ(harness.stat("passed-through"), 2U);
    EXPECT_EQ(harness.stat("in-place"), 1U);
}

TEST(Gap, SharedOnesAreNotCopied)
{
    ElementHarness harness("cudazerocopy kernel=invert on-shared=copy", grey());
    Buffer in = filled(kBytes, 0x10);
    GST_BUFFER_FLAG_SET(in.get(), GST_BUFFER_FLAG_GAP);
    const Buffer holder(gst_buffer_ref(in.get()));
    const Buffer out = pass(harness, std::move(in));
    EXPECT_EQ(out.get(), holder.get());
    EXPECT_EQ(harness.stat("copied"), 0U);
}

TEST(Qos, IsOffAndDropsNothing)
{
    ElementHarness harness("cudazerocopy kernel=invert", grey());
    gboolean qos = TRUE;
    g_object_get(harness.element(), "qos", &qos, nullptr);
    EXPECT_FALSE(qos);
    // Downstream complains that everything is a second late.
    gst_harness_push_upstream_event(harness.get(), gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 0.1, GST_SECOND, 0));
    EXPECT_NE(pass(harness, filled(kBytes, 1, GST_MSECOND)), nullptr);
}

TEST(Latency, NoneIsAdded)
{
    for (const char *kernel : {"identity", "box-blur"}) {
        ElementHarness harness(std::string("cudazerocopy kernel=") + kernel, grey());
        gst_harness_set_upstream_latency(harness.get(), 40 * GST_MSECOND);
        EXPECT_EQ(gst_harness_query_latency(harness.get()), 40 * GST_MSECOND) << kernel;
        gst_harness_set_upstream_latency(harness.get(), 0);
        EXPECT_EQ(gst_harness_query_latency(harness.get()), 0U) << kernel;
    }
}

TEST(Buffers, KeepTheirTimesFlagsAndOffsets)
{
    ElementHarness harness("cudazerocopy kernel=invert", grey());
    Buffer in = filled(kBytes, 1, 5 * GST_SECOND);
    GST_BUFFER_DTS(in.get()) = 4 * GST_SECOND;
    GST_BUFFER_DURATION(in.get()) = 40 * GST_MSECOND;
    GST_BUFFER_OFFSET(in.get()) = 77;
    GST_BUFFER_OFFSET_END(in.get()) = 78;
    GST_BUFFER_FLAG_SET(in.get(), GST_BUFFER_FLAG_MARKER);
    const Buffer out = pass(harness, std::move(in));
    ASSERT_NE(out, nullptr);
    EXPECT_EQ(GST_BUFFER_PTS(out.get()), 5 * GST_SECOND);
    EXPECT_EQ(GST_BUFFER_DTS(out.get()), 4 * GST_SECOND);
    EXPECT_EQ(GST_BUFFER_DURATION(out.get()), 40 * GST_MSECOND);
    EXPECT_EQ(GST_BUFFER_OFFSET(out.get()), 77U);
    EXPECT_EQ(GST_BUFFER_OFFSET_END(out.get()), 78U);
    EXPECT_TRUE(GST_BUFFER_FLAG_IS_SET(out.get(), GST_BUFFER_FLAG_MARKER));
}

} // namespace
} // namespace zc::test
