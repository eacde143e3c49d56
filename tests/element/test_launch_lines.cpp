// SPDX-License-Identifier: MIT
// The launch lines that the documentation gives, run to their end. Where a display, a camera or an endless stream is in
// the way, the nearest thing takes its place, and the test's output says which.
#include "rig.hpp"

#include <gst/app/gstappsrc.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace zc::test {
namespace {

constexpr GstClockTime kPatience = 120 * GST_SECOND;

std::string replaced(std::string text, const std::vector<std::pair<const char *, const char *>> &instead)
{
    for (const auto &[what, by] : instead) {
        const std::size_t at = text.find(what);
        EXPECT_NE(at, std::string::npos) << what << " is not in: " << text;
        if (at != std::string::npos)
            text.replace(at, std::strlen(what), by);
    }
    return text;
}

ElementPtr pipelineOf(const std::string &text)
{
    GError *error = nullptr;
    GstElement *pipeline = gst_parse_launch(text.c_str(), &error);
    EXPECT_EQ(error, nullptr) << text << ": " << (error != nullptr ? error->message : "");
    g_clear_error(&error);
    return ElementPtr(pipeline != nullptr ? GST_ELEMENT(gst_object_ref_sink(pipeline)) : nullptr);
}

// Empty when the stream ended as it should; warnings count as failures too.
std::string runToTheEnd(GstElement *pipeline)
{
    const BusPtr bus(gst_element_get_bus(pipeline));
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    std::string trouble = "nothing happened in time";
    if (GstMessage *message = gst_bus_timed_pop_filtered(
            bus.get(), kPatience,
            static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_EOS | GST_MESSAGE_WARNING))) {
        trouble.clear();
        if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_EOS) {
            GError *error = nullptr;
            gchar *debug = nullptr;
            if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
                gst_message_parse_error(message, &error, &debug);
            else
                gst_message_parse_warning(message, &error, &debug);
            trouble = std::string(error->message) + " (" + (debug != nullptr ? debug : "") + ")";
            g_error_free(error);
            g_free(debug);
        }
        gst_message_unref(message);
    }
    return trouble;
}

ElementPtr cudazerocopyIn(GstElement *pipeline)
{
    GstIterator *all = gst_bin_iterate_recurse(GST_BIN(pipeline));
    GValue item = G_VALUE_INIT;
    ElementPtr found;
    while (!found && gst_iterator_next(all, &item) == GST_ITERATOR_OK) {
        auto *element = GST_ELEMENT(g_value_get_object(&item));
        if (g_strcmp0(G_OBJECT_TYPE_NAME(element), "GstCudaZeroCopy") == 0)
            found.reset(GST_ELEMENT(gst_object_ref(element)));
        g_value_reset(&item);
    }
    gst_iterator_free(all);
    return found;
}

// Copies of README's lines; readme-lines runs the originals, but asks less of each.
constexpr const char *kAdjust = "videotestsrc ! cudazerocopy kernel=adjust params=\"brightness=0.1,saturation=0.3\" ! "
                                "videoconvert ! autovideosink";
constexpr const char *kTenBits = "videotestsrc ! video/x-raw,format=P010_10LE ! cudazerocopy kernel=pixelate "
                                 "kernel::block=24 region=\"100,80,320,240\" ! fakesink";
constexpr const char *kMp4 =
    "videotestsrc ! cudazerocopy kernel=\"pixelate,block=24\" ! x264enc ! mp4mux ! filesink location=out.mp4";
constexpr const char *kCamera =
    "v4l2src io-mode=dmabuf ! cudazerocopy kernel=gray zero-copy=required ! v4l2sink io-mode=dmabuf-import";

TEST(Documentation, ReadmeHasTheseLines)
{
    std::ifstream file(ZC_SOURCE_ROOT "/README.md");
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    for (const std::string line : {kAdjust, kTenBits, kMp4, kCamera})
        EXPECT_NE(text.find(line + "\n"), std::string::npos) << "README.md does not have this line: " << line;
}

// Runs the line with its substitutions, and hands the pipeline over while it can still be asked.
ElementPtr runLine(const std::string &documented, const std::vector<std::pair<const char *, const char *>> &instead,
                   guint64 frames)
{
    const std::string line = replaced(documented, instead);
    std::printf("  documented: %s\n", documented.c_str());
    for (const auto &[what, by] : instead)
        std::printf("  instead of %s: %s\n", what, by);
    ElementPtr pipeline = pipelineOf(line);
    EXPECT_NE(pipeline, nullptr);
    if (!pipeline)
        return nullptr;
    EXPECT_EQ(runToTheEnd(pipeline.get()), "") << line;
    const ElementPtr element = cudazerocopyIn(pipeline.get());
    EXPECT_NE(element, nullptr);
    EXPECT_EQ(statOf(element.get(), "frames"), frames) << line;
    EXPECT_EQ(statOf(element.get(), "in-place"), frames) << line;
    EXPECT_EQ(statOf(element.get(), "copied"), 0U) << line;
    return pipeline;
}

void stop(const ElementPtr &pipeline)
{
    if (pipeline)
        gst_element_set_state(pipeline.get(), GST_STATE_NULL);
}

TEST(LaunchLines, AdjustToADisplay_FakevideosinkForAutovideosink)
{
    const ElementPtr pipeline = runLine(
        kAdjust, {{"videotestsrc", "videotestsrc num-buffers=20"}, {"autovideosink", "fakevideosink sync=false"}}, 20);
    ASSERT_NE(pipeline, nullptr);
    EXPECT_EQ(get(cudazerocopyIn(pipeline.get()).get(), "params"),
              "brightness=0.1,contrast=1,saturation=0.3,hue=0,gamma=1,exposure=0");
    stop(pipeline);
}

TEST(LaunchLines, PixelateOneRectangleOfTenBits)
{
    const ElementPtr pipeline = runLine(kTenBits, {{"videotestsrc", "videotestsrc num-buffers=20"}}, 20);
    ASSERT_NE(pipeline, nullptr);
    const ElementPtr element = cudazerocopyIn(pipeline.get());
    EXPECT_EQ(get(element.get(), "params"), "block=24");
    EXPECT_EQ(get(element.get(), "region"), "100,80,320,240");
    const CapsPtr caps(gst_pad_get_current_caps(GST_PAD(element->srcpads->data)));
    ASSERT_NE(caps, nullptr);
    EXPECT_STREQ(gst_structure_get_string(gst_caps_get_structure(caps.get(), 0), "format"), "P010_10LE");
    stop(pipeline);
}

TEST(LaunchLines, PixelateIntoAnMp4)
{
    for (const char *needed : {"x264enc", "mp4mux"}) {
        if (!gst_registry_check_feature_version(gst_registry_get(), needed, 1, 0, 0))
            GTEST_SKIP() << needed << " is not installed";
    }
    const auto out = std::filesystem::temp_directory_path() / ("zc-launch-" + std::to_string(getpid()) + ".mp4");
    const std::string sink = "location=" + out.string();
    const ElementPtr pipeline =
        runLine(kMp4, {{"videotestsrc", "videotestsrc num-buffers=20"}, {"location=out.mp4", sink.c_str()}}, 20);
    stop(pipeline);
    EXPECT_TRUE(std::filesystem::exists(out) && std::filesystem::file_size(out) > 1000);
    std::filesystem::remove(out);
}

TEST(LaunchLines, CameraDmabufs_MemfdAppsrcForV4l2src)
{
    constexpr guint64 kFrames = 20;
    constexpr gsize kBytes = 640 * 480 * 2;
    const std::string documented = kCamera;
    std::printf(
        "  documented: %s\n  instead of v4l2src, an appsrc of memfds that pose as dmabufs; instead of v4l2sink, "
        "a fakesink\n",
        documented.c_str());
    const ElementPtr pipeline = pipelineOf(replaced(
        documented,
        {{"v4l2src io-mode=dmabuf", "appsrc name=camera format=time caps=video/x-raw,format=YUY2,width=640,height=480,"
                                    "framerate=30/1"},
         {"v4l2sink io-mode=dmabuf-import", "fakesink name=sink enable-last-sample=false"}}));
    ASSERT_NE(pipeline, nullptr);
    std::vector<int> seen;
    const ElementPtr sink(gst_bin_get_by_name(GST_BIN(pipeline.get()), "sink"));
    g_object_set(sink.get(), "signal-handoffs", TRUE, nullptr);
    const auto handoff = +[](GstElement *, GstBuffer *buffer, GstPad *, gpointer data) {
        GstMemory *memory = gst_buffer_peek_memory(buffer, 0);
        static_cast<std::vector<int> *>(data)->push_back(gst_is_dmabuf_memory(memory) ? gst_dmabuf_memory_get_fd(memory)
                                                                                      : -1);
    };
    g_signal_connect(sink.get(), "handoff", G_CALLBACK(handoff), &seen);

    const ElementPtr camera(gst_bin_get_by_name(GST_BIN(pipeline.get()), "camera"));
    std::vector<int> sent;
    for (guint64 i = 0; i < kFrames; i++) {
        GstMemory *memory = gst::test::dmabufMemory(kBytes);
        sent.push_back(gst_dmabuf_memory_get_fd(memory));
        GstBuffer *buffer = gst::test::bufferOf({memory}).release();
        GST_BUFFER_PTS(buffer) = i * GST_MSECOND;
        ASSERT_EQ(gst_app_src_push_buffer(GST_APP_SRC(camera.get()), buffer), GST_FLOW_OK);
    }
    gst_app_src_end_of_stream(GST_APP_SRC(camera.get()));
    EXPECT_EQ(runToTheEnd(pipeline.get()), "");
    const ElementPtr element = cudazerocopyIn(pipeline.get());
    EXPECT_EQ(statOf(element.get(), "in-place"), kFrames);
    EXPECT_EQ(statOf(element.get(), "copied"), 0U);
    EXPECT_EQ(statTextOf(element.get(), "memory"), "DMABuf");
    EXPECT_EQ(seen, sent) << "the descriptors that went in are those that came out";
    stop(pipeline);
}

TEST(LaunchLines, GstLaunchItselfEndsWell)
{
    const int status = std::system("timeout 100 gst-launch-1.0 -q videotestsrc num-buffers=5 ! cudazerocopy "
                                   "kernel=\"pixelate,block=24\" region=\"0,0,64,64\" ! fakesink >/dev/null 2>&1");
    EXPECT_EQ(status, 0);
    const int bad = std::system("timeout 100 gst-launch-1.0 -q videotestsrc num-buffers=5 ! cudazerocopy "
                                "kernel=pixelat ! fakesink >/dev/null 2>&1");
    // 124 would be a hang, 128 and a signal's number a crash.
    EXPECT_TRUE(WIFEXITED(bad) && (WEXITSTATUS(bad) == 1 || WEXITSTATUS(bad) == 255)) << WEXITSTATUS(bad);
}

// As newer cameras and decoders say it.
TEST(LaunchLines, CameraDmabufsUnderDmaDrmCaps)
{
    const ElementPtr pipeline =
        pipelineOf("appsrc name=camera format=time "
                   "caps=\"video/x-raw(memory:DMABuf),format=DMA_DRM,drm-format=NV12,width=64,height=48,"
                   "framerate=30/1\" ! cudazerocopy kernel=gray zero-copy=required ! fakesink");
    ASSERT_NE(pipeline, nullptr);
    const ElementPtr camera(gst_bin_get_by_name(GST_BIN(pipeline.get()), "camera"));
    GstBuffer *buffer = gst::test::bufferOf({gst::test::dmabufMemory(64 * 48 * 3 / 2)}).release();
    gst_app_src_push_buffer(GST_APP_SRC(camera.get()), buffer);
    gst_app_src_end_of_stream(GST_APP_SRC(camera.get()));
    EXPECT_EQ(runToTheEnd(pipeline.get()), "");
    EXPECT_EQ(statOf(cudazerocopyIn(pipeline.get()).get(), "in-place"), 1U);
    stop(pipeline);
}

} // namespace
} // namespace zc::test
