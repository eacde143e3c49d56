// SPDX-License-Identifier: MIT
// GStreamer's leaks tracer, asked in the process: what lives after twenty lives of the element that did not before?
#include "element_harness.hpp"

#include <gst/app/gstappsink.h>
#include <gtest/gtest.h>

#include <map>

namespace zc::test {
namespace {

constexpr const char *kCaps = "video/x-raw,format=NV12,width=32,height=16,framerate=30/1";

GstTracer *leaksTracer()
{
    GstTracer *found = nullptr;
    GList *tracers = gst_tracing_get_active_tracers();
    for (GList *item = tracers; item != nullptr; item = item->next) {
        if (std::string(G_OBJECT_TYPE_NAME(item->data)) == "GstLeaksTracer")
            found = static_cast<GstTracer *>(gst_object_ref(item->data));
    }
    g_list_free_full(tracers, gst_object_unref);
    return found;
}

using Census = std::map<std::string, int>; // "GstMemory" -> how many of them are alive

void countLine(GstDebugCategory *category, GstDebugLevel, const gchar *, const gchar *, gint, GObject *,
               GstDebugMessage *message, gpointer census)
{
    if (std::string(gst_debug_category_get_name(category)) != "GST_TRACER")
        return;
    const std::string text = gst_debug_message_get(message);
    const std::string before = "type-name=(string)";
    const std::size_t at = text.find(before);
    if (text.rfind("object-alive", 0) == 0 && at != std::string::npos) {
        const std::size_t start = at + before.size();
        ++(*static_cast<Census *>(census))[text.substr(start, text.find(',', start) - start)];
    }
}

// Read from the log: the structure that the tracer's other signal returns takes a reference too many of buffers (1.22).
Census alive(GstTracer *tracer)
{
    Census census;
    gst_debug_set_threshold_for_name("GST_TRACER", GST_LEVEL_TRACE);
    gst_debug_remove_log_function(gst_debug_log_default);
    gst_debug_add_log_function(countLine, &census, nullptr);
    g_signal_emit_by_name(tracer, "log-live-objects");
    gst_debug_remove_log_function_by_data(&census);
    gst_debug_add_log_function(gst_debug_log_default, nullptr, nullptr);
    gst_debug_unset_threshold_for_name("GST_TRACER");
    return census;
}

// Everything that makes or takes references: both kinds of memory, copies, errors, flushes, caps, kernels.
void liveOnce()
{
    const GstVideoInfo info = infoOf(kCaps);
    ElementHarness h("cudazerocopy kernel=\"box-blur,radius=2\"", kCaps);
    for (unsigned i = 0; i < 6; ++i) {
        const Store store = i % 2 == 0 ? Store::System : Store::Memfd;
        Buffer buffer = makeBuffer(info, {.name = "", .store = store, .padding = 16}, i);
        const Buffer held(i >= 4 ? gst_buffer_ref(buffer.get()) : nullptr);
        EXPECT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
        EXPECT_NE(h.pull(), nullptr);
        g_object_set(h.element(), "kernel", i % 2 == 0 ? "invert" : "pixelate,block=3", nullptr);
    }
    gst_harness_set_src_caps_str(h.get(), "video/x-raw,format=NV12,width=16,height=16,framerate=30/1");
    gst_harness_push_event(h.get(), gst_event_new_flush_start());
    gst_harness_push_event(h.get(), gst_event_new_flush_stop(TRUE));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_harness_push_event(h.get(), gst_event_new_segment(&segment));
    g_object_set(h.element(), "on-shared", 1, "kernel", "invert", nullptr);
    Buffer buffer = makeBuffer(info, {"system"}, 1);
    const Buffer held(gst_buffer_ref(buffer.get()));
    EXPECT_EQ(h.push(std::move(buffer)), GST_FLOW_ERROR);
    gst_harness_push_event(h.get(), gst_event_new_eos());
}

TEST(Leaks, TheTracerSeesALostBuffer)
{
    GstTracer *tracer = leaksTracer();
    ASSERT_NE(tracer, nullptr) << "this GStreamer has no leaks tracer (libgstcoretracers.so)";
    const Census before = alive(tracer);
    Buffer lost(gst_buffer_new());
    Census with = alive(tracer);
    EXPECT_NE(with, before);
    EXPECT_GE(with["GstBuffer"], 1);
    lost.reset();
    EXPECT_EQ(alive(tracer), before);
    gst_object_unref(tracer);
}

TEST(Leaks, ElementsLeaveNothingAlive)
{
    GstTracer *tracer = leaksTracer();
    ASSERT_NE(tracer, nullptr);
    liveOnce(); // types, templates and pools of the core that are made once
    const Census before = alive(tracer);
    for (int i = 0; i < 20; ++i)
        liveOnce();
    EXPECT_EQ(alive(tracer), before);
    gst_object_unref(tracer);
}

} // namespace
} // namespace zc::test

int main(int argc, char **argv)
{
    testing::InitGoogleTest(&argc, argv);
    g_setenv("GST_TRACERS", "leaks", TRUE); // read by gst_init
    gst_init(&argc, &argv);
    return RUN_ALL_TESTS();
}
