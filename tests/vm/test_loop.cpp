// SPDX-License-Identifier: MIT
// End to end: what the display shows, captured by a third device, is what the kernel made.
#include "watch.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace zc::vm {
namespace {

constexpr int kShown = 8;

struct Shown {
    const char *format, *fourcc, *kernel; // `fourcc` as V4L2 writes it
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

void call(const std::string &command)
{
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
}

// The next frames that the display shows. GStreamer takes no part in it.
std::vector<Picture> capture(const Shown &shown)
{
    const std::string path = "/run/shown.raw";
    call(std::string("v4l2-ctl -d /dev/video2 --set-fmt-video=width=1280,height=720,pixelformat=") + shown.fourcc);
    call("timeout 60 v4l2-ctl -d /dev/video2 --stream-mmap --stream-count=" + std::to_string(kShown) +
         " --stream-to=" + path + " >/dev/null 2>&1");
    Picture frame;
    GstCaps *fixed = gst_caps_from_string(caps(shown.format).c_str());
    EXPECT_TRUE(gst_video_info_from_caps(&frame.info, fixed));
    gst_caps_unref(fixed);
    std::copy_n(frame.info.offset, GST_VIDEO_MAX_PLANES, frame.offset);
    std::copy_n(frame.info.stride, GST_VIDEO_MAX_PLANES, frame.stride);
    frame.bytes.resize(frame.info.size);
    std::vector<Picture> pictures;
    std::ifstream file(path, std::ios::binary);
    while (file.read(reinterpret_cast<char *>(frame.bytes.data()), static_cast<std::streamsize>(frame.bytes.size())))
        pictures.push_back(frame);
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
    const Shown &parameters = GetParam();
    const auto [format, fourcc, kernel] = parameters;
    Pipeline pipeline("v4l2src name=source device=/dev/video0 io-mode=dmabuf ! " + caps(format) +
                      ",framerate=5/1 ! cudazerocopy name=zc zero-copy=required kernel=" + kernel +
                      " ! v4l2sink device=/dev/video1 io-mode=dmabuf-import sync=false");
    Watch watch(pipeline);
    pipeline.start();
    ASSERT_TRUE(watch.waitForFrames(3)) << "no frame reached the display";
    const std::vector<Picture> shown = capture(parameters);
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
                         testing::Values(Shown{"NV12", "NV12", "gray"}, Shown{"I420", "YU12", "invert"},
                                         Shown{"UYVY", "UYVY", "gray"}, Shown{"GRAY8", "GREY", "invert"},
                                         Shown{"RGBA", "AB24", "gray"}),
                         [](const auto &test) { return std::string(test.param.format) + "_" + test.param.kernel; });

} // namespace
} // namespace zc::vm
