// SPDX-License-Identifier: MIT
// A hundred lives of one element: no descriptor, mapping or frame gets lost on the way.
#include "element_harness.hpp"
#include "memfd.hpp"
#include "repeater.hpp"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gtest/gtest.h>

namespace zc::test {
namespace {

constexpr const char *kCaps = "video/x-raw,format=NV12,width=64,height=48,framerate=30/1";
constexpr int kCycles = 100;

// appsrc ! cudazerocopy ! appsink, played and stopped as often as a test likes.
class Pipeline {
public:
    explicit Pipeline(const std::string &kernel)
        : pipeline_(makeElement(std::string("appsrc name=in format=time caps=\"") + kCaps +
                                "\" ! cudazerocopy name=zc kernel=\"" + kernel + "\" ! appsink name=out sync=false")),
          in_(gst_bin_get_by_name(GST_BIN(pipeline_), "in")),
          out_(gst_bin_get_by_name(GST_BIN(pipeline_), "out")),
          zc_(gst_bin_get_by_name(GST_BIN(pipeline_), "zc"))
    {}
    Pipeline(const Pipeline &) = delete;
    Pipeline &operator=(const Pipeline &) = delete;
    ~Pipeline()
    {
        setState(GST_STATE_NULL);
        for (GstElement *element : {in_, out_, zc_, pipeline_})
            gst_object_unref(element);
    }

    void setState(GstState state)
    {
        gst_element_set_state(pipeline_, state);
        EXPECT_NE(gst_element_get_state(pipeline_, nullptr, nullptr, 10 * GST_SECOND), GST_STATE_CHANGE_FAILURE);
    }

    void play() { gst_element_set_state(pipeline_, GST_STATE_PLAYING); }

    // A frame in, the same frame changed out.
    void roundTrip(Store store, unsigned seed, const std::string &kernel)
    {
        const GstVideoInfo info = infoOf(kCaps);
        Buffer buffer = makeBuffer(info, {.name = "", .store = store}, seed);
        const Bytes wanted = expected(kernel, info, nullptr, bytesOf(buffer.get()));
        GST_BUFFER_PTS(buffer.get()) = seed * GST_MSECOND;
        ASSERT_EQ(gst_app_src_push_buffer(GST_APP_SRC(in_), buffer.release()), GST_FLOW_OK);
        GstSample *sample = gst_app_sink_try_pull_sample(GST_APP_SINK(out_), 10 * GST_SECOND);
        ASSERT_NE(sample, nullptr);
        EXPECT_EQ(bytesOf(gst_sample_get_buffer(sample)), wanted);
        gst_sample_unref(sample);
    }

    GstElement *element() const { return zc_; }

private:
    GstElement *pipeline_;
    GstElement *in_;
    GstElement *out_;
    GstElement *zc_;
};

void cycle(GstState rest)
{
    Pipeline pipeline("box-blur,radius=2");
    int fds = 0;
    int mappings = 0;
    for (int i = 0; i < kCycles; ++i) {
        pipeline.play();
        for (unsigned frame = 0; frame < 4; ++frame)
            pipeline.roundTrip(frame % 2 == 0 ? Store::System : Store::Memfd, frame, "box-blur,radius=2");
        EXPECT_EQ(statOf(pipeline.element(), "in-place"), 4U) << "cycle " << i;
        pipeline.setState(rest);
        if (testing::Test::HasFailure())
            return;
        if (i == kCycles / 10) { // heaps, threads' stacks and log buffers have settled
            fds = openFdCount();
            mappings = mappingCount();
        }
    }
    EXPECT_EQ(openFdCount(), fds);
    constexpr int kNoise = 40; // malloc's arenas come and go with threads; a leak is one a cycle
    EXPECT_LE(mappingCount(), mappings + kNoise);
}

TEST(States, NullToPlayingAHundredTimes)
{
    cycle(GST_STATE_NULL);
}

TEST(States, ReadyToPlayingAHundredTimes)
{
    cycle(GST_STATE_READY);
}

TEST(States, ManyElementsLeaveNothingOpen)
{
    const auto live = [] {
        ElementHarness h("cudazerocopy kernel=invert", kCaps);
        Buffer buffer = makeBuffer(infoOf(kCaps), {.name = "", .store = Store::Memfd}, 1);
        EXPECT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
        EXPECT_NE(h.pull(), nullptr);
    };
    live(); // plugins and types are loaded once
    const int fds = openFdCount();
    for (int i = 0; i < 20; ++i)
        live();
    EXPECT_EQ(openFdCount(), fds);
}

// The mapping of a memory goes with the memory, not with the element.
TEST(States, MappingsDieWithTheirMemory)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    const auto pushOne = [&h](unsigned seed) {
        Buffer buffer = makeBuffer(infoOf(kCaps), {.name = "", .store = Store::Memfd}, seed);
        EXPECT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
        return h.pull();
    };
    pushOne(0);
    const int fds = openFdCount();
    const int mappings = mappingCount();
    for (unsigned i = 1; i < 50; ++i)
        pushOne(i);
    EXPECT_EQ(openFdCount(), fds);
    EXPECT_LE(mappingCount(), mappings + 20);
    EXPECT_EQ(h.stat("imports"), 50U);
}

TEST(States, BuffersMayOutliveTheElement)
{
    Buffer out;
    {
        ElementHarness h("cudazerocopy kernel=invert", kCaps);
        Buffer buffer = makeBuffer(infoOf(kCaps), {.name = "", .store = Store::Memfd}, 1);
        EXPECT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
        out = h.pull();
    }
    ASSERT_NE(out, nullptr);
    const Buffer fresh = makeBuffer(infoOf(kCaps), {.name = "", .store = Store::Memfd}, 1);
    EXPECT_EQ(bytesOf(out.get()), expected("invert", infoOf(kCaps), nullptr, bytesOf(fresh.get())));
}

TEST(States, StopWhileFramesAreOnTheirWay)
{
    for (int i = 0; i < 10; ++i) {
        GstElement *pipeline = makeElement("videotestsrc ! video/x-raw,format=I420,width=320,height=240 ! "
                                           "cudazerocopy name=zc kernel=\"box-blur,radius=3\" ! fakesink sync=false");
        GstElement *zc = gst_bin_get_by_name(GST_BIN(pipeline), "zc");
        gst_element_set_state(pipeline, GST_STATE_PLAYING);
        for (int wait = 0; wait < 10000 && statOf(zc, "frames") == 0; ++wait)
            g_usleep(1000);
        EXPECT_GT(statOf(zc, "frames"), 0U);
        EXPECT_EQ(gst_element_set_state(pipeline, GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
        gst_object_unref(zc);
        gst_object_unref(pipeline);
    }
}

TEST(States, ChangedByOneThreadWhileAnotherPushes)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    Repeater changer([&h] {
        gst_element_set_state(h.element(), GST_STATE_NULL);
        gst_element_set_state(h.element(), GST_STATE_PLAYING);
    });
    const GstVideoInfo info = infoOf(kCaps);
    for (unsigned i = 0; i < 300 || !changer.busy(); ++i) {
        const GstFlowReturn flow = h.push(makeBuffer(info, {.name = "", .store = Store::Memfd}, i));
        // Core answers ERROR for an event that meets a pad half way up; the element must not have posted one.
        ASSERT_TRUE(flow == GST_FLOW_OK || flow == GST_FLOW_FLUSHING || flow == GST_FLOW_NOT_NEGOTIATED ||
                    flow == GST_FLOW_ERROR)
            << gst_flow_get_name(flow);
        h.pull();
    }
    changer.stop();
    for (const Posted &error : h.posted(GST_MESSAGE_ERROR))
        ADD_FAILURE() << error.text << " / " << error.debug;
}

} // namespace
} // namespace zc::test
