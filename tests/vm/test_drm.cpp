// SPDX-License-Identifier: MIT
// DMA_DRM caps from a camera to a display, as GStreamer's V4L2 elements negotiate them since 1.26.
#include "watch.hpp"

namespace zc::vm {
namespace {

constexpr int kFrames = 6;

struct Shape {
    const char *drmFormat;
    int width, height;
};

std::string drmCaps(const std::string &drmFormat, int width, int height)
{
    return "video/x-raw(memory:DMABuf),format=DMA_DRM,drm-format=" + drmFormat + ",width=" + std::to_string(width) +
           ",height=" + std::to_string(height) + ",framerate=30/1";
}

std::string cameraLine(const std::string &caps, const std::string &rest)
{
    return "v4l2src device=/dev/video0 io-mode=dmabuf num-buffers=" + std::to_string(kFrames) + " ! " + caps + " ! " +
           rest;
}

class Drm : public testing::TestWithParam<Shape> {};

TEST_P(Drm, CameraToDisplayInPlace)
{
    const Shape &shape = GetParam();
    Pipeline pipeline(cameraLine(drmCaps(shape.drmFormat, shape.width, shape.height),
                                 "cudazerocopy name=zc kernel=gray zero-copy=required ! "
                                 "v4l2sink device=/dev/video1 io-mode=dmabuf-import sync=false"));
    const Watch watch(pipeline);
    EXPECT_TRUE(pipeline.run()) << pipeline.error();
    ASSERT_EQ(watch.passages().size(), std::size_t{kFrames});
    expectInPlace(watch, "gray");
    // These caps leave no room for plain memory.
    for (const Passage &passage : watch.passages()) {
        EXPECT_TRUE(passage.after.dmabuf());
        EXPECT_NE(passage.after.caps.find("DMA_DRM"), std::string::npos) << passage.after.caps;
    }
    EXPECT_EQ(pipeline.stat("in-place"), guint64{kFrames});
    EXPECT_EQ(pipeline.stat("copied"), 0U);
}

INSTANTIATE_TEST_SUITE_P(Vm, Drm,
                         testing::Values(Shape{"NV12", 320, 180}, Shape{"NV12", 640, 360}, Shape{"NV12", 1280, 720},
                                         Shape{"YU12", 640, 360}, Shape{"UYVY", 640, 360}),
                         [](const auto &test) {
                             return std::string(test.param.drmFormat) + "_" + std::to_string(test.param.width) + "x" +
                                    std::to_string(test.param.height);
                         });

// The line as one would type it: caps come about without a filter.
TEST(DrmNegotiation, PrefersDmabufsByItself)
{
    Pipeline pipeline(cameraLine("cudazerocopy name=zc kernel=invert zero-copy=required",
                                 "v4l2sink device=/dev/video1 io-mode=dmabuf-import sync=false"));
    const Watch watch(pipeline);
    EXPECT_TRUE(pipeline.run()) << pipeline.error();
    ASSERT_EQ(watch.passages().size(), std::size_t{kFrames});
    for (const Passage &passage : watch.passages()) {
        EXPECT_TRUE(passage.inPlace());
        EXPECT_TRUE(passage.after.dmabuf());
        EXPECT_NE(passage.after.caps.find("DMA_DRM"), std::string::npos) << passage.after.caps;
    }
}

TEST(DrmNegotiation, ASharedFrameIsCopiedIntoADmabuf)
{
    Pipeline pipeline(cameraLine(drmCaps("NV12", 640, 360),
                                 "tee name=t t. ! queue ! cudazerocopy name=zc kernel=invert ! fakesink sync=false "
                                 "async=false enable-last-sample=false t. ! queue ! fakesink name=other sync=false "
                                 "async=false enable-last-sample=false"));
    Watch watch(pipeline);
    GstPad *pad = gst_element_get_static_pad(pipeline.get("other"), "sink");
    gst_pad_add_probe(
        pad, GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad *, GstPadProbeInfo *info, gpointer data) {
            // Holds the frame until the other branch is through with it.
            EXPECT_TRUE(static_cast<Watch *>(data)->waitFor(GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info))));
            return GST_PAD_PROBE_OK;
        },
        &watch, nullptr);
    gst_object_unref(pad);
    EXPECT_TRUE(pipeline.run()) << pipeline.error();
    ASSERT_EQ(watch.passages().size(), std::size_t{kFrames});
    for (const Passage &passage : watch.passages()) {
        EXPECT_EQ(passage.after.exporters, std::vector<std::string>{"system"}) << "not from the dma-heap";
        EXPECT_TRUE(isInverseOf(passage.after.picture, passage.before.picture));
    }
    EXPECT_EQ(pipeline.stat("copied"), guint64{kFrames});
}

} // namespace
} // namespace zc::vm
