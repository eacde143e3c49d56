// SPDX-License-Identifier: MIT
// Flushes, gaps, new caps, reconfiguration and the end, in the middle of a stream.
#include "element_harness.hpp"
#include "repeater.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace zc::test {
namespace {

constexpr const char *kCaps = "video/x-raw,format=NV12,width=32,height=16,framerate=30/1";

Buffer frame(const GstVideoInfo &info, unsigned seed, Store store = Store::System)
{
    return makeBuffer(info, {.name = "", .store = store}, seed);
}

void expectInverted(ElementHarness &h, const GstVideoInfo &info, unsigned seed, Store store = Store::System)
{
    Buffer buffer = frame(info, seed, store);
    const Bytes wanted = expected("invert", info, nullptr, bytesOf(buffer.get()));
    ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
    const Buffer out = h.pull();
    ASSERT_NE(out, nullptr);
    EXPECT_EQ(bytesOf(out.get()), wanted);
}

void restart(ElementHarness &h)
{
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    EXPECT_TRUE(gst_harness_push_event(h.get(), gst_event_new_segment(&segment)));
}

void flush(ElementHarness &h)
{
    EXPECT_TRUE(gst_harness_push_event(h.get(), gst_event_new_flush_start()));
    EXPECT_TRUE(gst_harness_push_event(h.get(), gst_event_new_flush_stop(TRUE)));
    restart(h);
}

std::vector<GstEventType> eventsOf(ElementHarness &h)
{
    std::vector<GstEventType> types;
    while (GstEvent *event = gst_harness_try_pull_event(h.get())) {
        types.push_back(GST_EVENT_TYPE(event));
        gst_event_unref(event);
    }
    return types;
}

bool has(const std::vector<GstEventType> &types, GstEventType type)
{
    return std::find(types.begin(), types.end(), type) != types.end();
}

TEST(Flush, WorkGoesOnAfterwards)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    const GstVideoInfo info = infoOf(kCaps);
    for (unsigned i = 0; i < 20; ++i) {
        expectInverted(h, info, i, i % 2 == 0 ? Store::System : Store::Memfd);
        flush(h);
    }
    const auto events = eventsOf(h);
    EXPECT_TRUE(has(events, GST_EVENT_FLUSH_START));
    EXPECT_TRUE(has(events, GST_EVENT_FLUSH_STOP));
    EXPECT_EQ(h.stat("in-place"), 20U);
}

TEST(Flush, RefusesBuffersWhileItLasts)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    const GstVideoInfo info = infoOf(kCaps);
    expectInverted(h, info, 1);
    EXPECT_TRUE(gst_harness_push_event(h.get(), gst_event_new_flush_start()));
    EXPECT_EQ(h.push(frame(info, 2)), GST_FLOW_FLUSHING);
    EXPECT_TRUE(gst_harness_push_event(h.get(), gst_event_new_flush_stop(TRUE)));
    restart(h);
    expectInverted(h, info, 3);
    EXPECT_EQ(h.stat("frames"), 2U);
}

TEST(Flush, FromAnotherThreadWhileFramesRun)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    const GstVideoInfo info = infoOf(kCaps);
    // As a seek does it. What is pushed in between is refused.
    Repeater flusher([pad = h.get()->srcpad] {
        GstSegment segment;
        gst_segment_init(&segment, GST_FORMAT_TIME);
        gst_pad_push_event(pad, gst_event_new_flush_start());
        gst_pad_push_event(pad, gst_event_new_flush_stop(TRUE));
        gst_pad_push_event(pad, gst_event_new_segment(&segment));
        g_usleep(200);
    });
    int done = 0;
    for (unsigned i = 0; i < 200 || done == 0 || !flusher.busy(); ++i) {
        const GstFlowReturn flow = h.push(frame(info, i));
        ASSERT_TRUE(flow == GST_FLOW_OK || flow == GST_FLOW_FLUSHING) << gst_flow_get_name(flow);
        done += flow == GST_FLOW_OK ? 1 : 0;
        h.pull();
    }
    flusher.stop();
    expectInverted(h, info, 1);
}

TEST(Gap, EventsGoThroughAndBuffersStayAsTheyAre)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    const GstVideoInfo info = infoOf(kCaps);
    expectInverted(h, info, 1);
    EXPECT_TRUE(gst_harness_push_event(h.get(), gst_event_new_gap(GST_SECOND, GST_SECOND)));
    EXPECT_TRUE(has(eventsOf(h), GST_EVENT_GAP));
    Buffer gap = frame(info, 2);
    GST_BUFFER_FLAG_SET(gap.get(), GST_BUFFER_FLAG_GAP);
    const Bytes before = bytesOf(gap.get());
    ASSERT_EQ(h.push(std::move(gap)), GST_FLOW_OK);
    const Buffer out = h.pull();
    ASSERT_NE(out, nullptr);
    EXPECT_TRUE(GST_BUFFER_FLAG_IS_SET(out.get(), GST_BUFFER_FLAG_GAP));
    EXPECT_EQ(bytesOf(out.get()), before);
    expectInverted(h, info, 3);
}

TEST(Caps, MayChangeWithEveryFrame)
{
    const std::vector<std::string> all = {
        kCaps,
        "video/x-raw,format=I420,width=37,height=21,framerate=30/1",
        "video/x-raw,format=RGBA,width=8,height=64,framerate=30/1",
        "video/x-raw,format=GRAY8,width=1,height=1,framerate=30/1",
        "video/x-raw,format=NV12,width=640,height=480,framerate=30/1",
    };
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    for (unsigned round = 0; round < 4; ++round) {
        for (const std::string &caps : all) {
            gst_harness_set_src_caps_str(h.get(), caps.c_str());
            for (const Store store : {Store::System, Store::Memfd})
                expectInverted(h, infoOf(caps), round, store);
        }
    }
    GstCaps *out = gst_pad_get_current_caps(h.get()->sinkpad);
    GstCaps *in = gst_caps_from_string(all.back().c_str());
    EXPECT_TRUE(gst_caps_can_intersect(out, in));
    gst_caps_unref(out);
    gst_caps_unref(in);
}

// The same memory, seen as another picture.
TEST(Caps, AMemoryMayComeBackUnderOtherCaps)
{
    const std::string wide = "video/x-raw,format=GRAY8,width=64,height=32,framerate=30/1";
    const std::string narrow = "video/x-raw,format=GRAY8,width=32,height=16,framerate=30/1";
    ElementHarness h("cudazerocopy kernel=invert", narrow);
    Buffer buffer = frame(infoOf(wide), 1, Store::Memfd);
    Bytes wanted = bytesOf(buffer.get());
    for (const std::string &caps : {narrow, wide, narrow}) {
        gst_harness_set_src_caps_str(h.get(), caps.c_str());
        for (std::size_t i = 0; i < infoOf(caps).size; ++i) // limited range: 16..235 mirrored, clamped outside
            wanted[i] = expected("invert", infoOf(caps), nullptr, wanted)[i];
        ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
        buffer = h.pull();
        ASSERT_NE(buffer, nullptr);
    }
    EXPECT_EQ(gst_buffer_get_size(buffer.get()), infoOf(wide).size);
}

TEST(Caps, ThatMeanNothingAreRefusedAndGoodOnesWorkAfterwards)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    const GstVideoInfo info = infoOf(kCaps);
    expectInverted(h, info, 1);
    GstCaps *bad = gst_caps_from_string("video/x-raw,format=v210,width=32,height=16,framerate=30/1");
    gst_harness_push_event(h.get(), gst_event_new_caps(bad));
    gst_caps_unref(bad);
    EXPECT_EQ(h.push(frame(info, 2)), GST_FLOW_NOT_NEGOTIATED) << "the refused caps come again with the buffer";
    EXPECT_EQ(h.pull(), nullptr);
    gst_harness_set_src_caps_str(h.get(), "video/x-raw,format=NV12,width=32,height=16,framerate=25/1");
    expectInverted(h, info, 3);
}

TEST(Caps, ThatMeanNothingAreToldAgainAfterGoodOnes)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    const auto send = [&h](const char *text) {
        GstCaps *caps = gst_caps_from_string(text);
        gst_harness_push_event(h.get(), gst_event_new_caps(caps));
        gst_caps_unref(caps);
        return h.posted(GST_MESSAGE_ERROR).size();
    };
    const char *bad = "video/x-raw,format=NV12,width=32,height=16,interlace-mode=alternate";
    EXPECT_EQ(send(bad), 1U);
    EXPECT_EQ(send(bad), 0U) << "once is enough";
    EXPECT_EQ(send(kCaps), 0U) << "those of before";
    EXPECT_EQ(send(bad), 1U);
}

TEST(Reconfigure, FromDownstreamKeepsTheStreamRunning)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    const GstVideoInfo info = infoOf(kCaps);
    for (unsigned i = 0; i < 20; ++i) {
        gst_harness_push_upstream_event(h.get(), gst_event_new_reconfigure());
        expectInverted(h, info, i);
    }
    EXPECT_EQ(h.stat("in-place"), 20U);
}

TEST(Reconfigure, FromAnotherThread)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    const GstVideoInfo info = infoOf(kCaps);
    Repeater asker([&h] { gst_pad_push_event(h.get()->sinkpad, gst_event_new_reconfigure()); });
    for (unsigned i = 0; i < 100 || !asker.busy(); ++i) {
        expectInverted(h, info, i);
        if (HasFailure())
            return;
    }
}

TEST(End, DrainsAndIsForwarded)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    const GstVideoInfo info = infoOf(kCaps);
    for (unsigned i = 0; i < 5; ++i)
        ASSERT_EQ(h.push(frame(info, i)), GST_FLOW_OK);
    EXPECT_TRUE(gst_harness_push_event(h.get(), gst_event_new_eos()));
    EXPECT_EQ(gst_harness_buffers_received(h.get()), 5U);
    EXPECT_TRUE(has(eventsOf(h), GST_EVENT_EOS));
    EXPECT_EQ(h.push(frame(info, 9)), GST_FLOW_EOS);
    flush(h);
    while (h.pull()) {
    }
    expectInverted(h, info, 1);
}

TEST(Queries, AddNoLatency)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    gst_harness_set_upstream_latency(h.get(), 5 * GST_MSECOND);
    EXPECT_EQ(gst_harness_query_latency(h.get()), 5 * GST_MSECOND);
}

TEST(Segment, AnOpenOneOrBuffersWithoutTimesAreFine)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    const GstVideoInfo info = infoOf(kCaps);
    Buffer buffer = frame(info, 1);
    GST_BUFFER_PTS(buffer.get()) = GST_CLOCK_TIME_NONE;
    const Bytes wanted = expected("invert", info, nullptr, bytesOf(buffer.get()));
    ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
    EXPECT_EQ(bytesOf(h.pull().get()), wanted);
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_BYTES);
    EXPECT_TRUE(gst_harness_push_event(h.get(), gst_event_new_segment(&segment)));
    expectInverted(h, info, 2);
}

} // namespace
} // namespace zc::test
