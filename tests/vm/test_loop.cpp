// SPDX-License-Identifier: MIT
// End to end: what the display shows, captured by a third device, is what the kernel made.
#include "watch.hpp"

#include <gst/app/gstappsink.h>

#include <cstdlib>

namespace zc::vm {
namespace {

constexpr int kShown = 8;

struct Shown {
    const char *format, *kernel;
};

class Loop : public testing::TestWithParam<Shown> {
protected:
    void SetUp() override
    {
        const bool rgb = std::string(GetParam().format) == "RGBA";
        const std::string command = std::string("v4l2-ctl -d /dev/video0 -c colorspace=") + (rgb ? "2" : "1");
        ASSERT_EQ(std::system(command.c_str()), 0) << command;
    }
};

std::string caps(const char *format)
{
    return std::string("video/x-raw,format=") + format + ",width=1280,height=720";
}

// The next frames that the display shows.
std::vector<Picture> capture(const char *format)
{
    Pipeline pipeline("v4l2src device=/dev/video2 io-mode=mmap num-buffers=" + std::to_string(kShown) + " ! " +
                      caps(format) + " ! appsink name=sink sync=false");
    pipeline.start();
    std::vector<Picture> pictures;
    while (GstSample *sample = gst_app_sink_try_pull_sample(GST_APP_SINK(pipeline.get("sink")), 30 * GST_SECOND)) {
        pictures.push_back(pictureOf(gst_sample_get_buffer(sample), gst_sample_get_caps(sample)));
        gst_sample_unref(sample);
    }
    return pictures;
}

template <class Pick> bool among(const Picture &shown, const Watch &watch, Pick pick)
{
    for (const Passage &passage : watch.passages()) {
        if (passage.complete && samePixels(shown, pick(passage).picture))
            return true;
    }
    return false;
}

TEST_P(Loop, ShowsWhatTheKernelMade)
{
    const auto [format, kernel] = GetParam();
    Pipeline pipeline("v4l2src name=source device=/dev/video0 io-mode=dmabuf ! " + caps(format) +
                      ",framerate=15/1 ! cudazerocopy name=zc zero-copy=required kernel=" + kernel +
                      " ! v4l2sink device=/dev/video1 io-mode=dmabuf-import sync=false");
    Watch watch(pipeline);
    pipeline.start();
    ASSERT_TRUE(watch.waitForFrames(3)) << "no frame reached the display";
    const std::vector<Picture> shown = capture(format);
    gst_element_send_event(pipeline.get("source"), gst_event_new_eos());
    EXPECT_TRUE(pipeline.wait()) << pipeline.error();
    pipeline.stop();
    expectInPlace(watch, kernel);

    // The device shows noise at the moments when it has no buffer. An unchanged frame is never right.
    int made = 0, unchanged = 0;
    for (const Picture &picture : shown) {
        made += among(picture, watch, [](const Passage &p) -> const View & { return p.after; }) ? 1 : 0;
        unchanged += among(picture, watch, [](const Passage &p) -> const View & { return p.before; }) ? 1 : 0;
    }
    EXPECT_EQ(shown.size(), std::size_t{kShown});
    EXPECT_GE(made, kShown / 2) << "of " << shown.size() << " frames";
    EXPECT_EQ(unchanged, 0);
}

INSTANTIATE_TEST_SUITE_P(Vm, Loop,
                         testing::Values(Shown{"NV12", "gray"}, Shown{"I420", "invert"}, Shown{"UYVY", "gray"},
                                         Shown{"GRAY8", "invert"}, Shown{"RGBA", "gray"}),
                         [](const auto &test) { return std::string(test.param.format) + "_" + test.param.kernel; });

} // namespace
} // namespace zc::vm
