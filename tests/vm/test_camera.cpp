// SPDX-License-Identifier: MIT
// A camera's dmabufs to a display through the element: formats, sizes, one and several dmabufs a frame.
#include "watch.hpp"

#include <cstdlib>
#include <sstream>

namespace zc::vm {
namespace {

constexpr int kFrames = 4;

std::string variable(const char *name, const char *fallback)
{
    const char *value = std::getenv(name);
    return value && *value ? value : fallback;
}

std::vector<std::string> formats()
{
    std::vector<std::string> names;
    std::istringstream list(variable("CZC_VM_FORMATS", "NV12,I420,UYVY,GRAY8,RGBA"));
    for (std::string name; std::getline(list, name, ',');)
        names.push_back(name);
    return names;
}

struct Shot {
    const char *kernel;
    int width, height;
};

class Camera : public testing::TestWithParam<std::tuple<std::string, Shot>> {
protected:
    // The virtual camera offers RGB only in sRGB, and YUV only in a colour space that the display takes.
    void SetUp() override
    {
        const bool rgb = std::get<0>(GetParam()) == "RGBA";
        const std::string command = std::string("v4l2-ctl -d /dev/video0 -c colorspace=") + (rgb ? "2" : "1");
        ASSERT_EQ(std::system(command.c_str()), 0) << command;
    }

    static std::string line()
    {
        const auto &[format, shot] = GetParam();
        return "v4l2src device=/dev/video0 io-mode=dmabuf num-buffers=" + std::to_string(kFrames) +
               " ! video/x-raw,format=" + format + ",width=" + std::to_string(shot.width) +
               ",height=" + std::to_string(shot.height) +
               ",framerate=30/1 ! cudazerocopy name=zc kernel=" + shot.kernel +
               " zero-copy=required ! v4l2sink device=/dev/video1 io-mode=dmabuf-import sync=false";
    }
};

// The camera copies into plain memory when its own buffers run short; such frames are changed in place as well.
void expectMemories(const Watch &watch, guint planes)
{
    const std::string exporter = variable("CZC_VM_EXPORTER", "videobuf2_vmalloc");
    const bool several = variable("CZC_VM_PLANES", "one") == "several";
    int dmabufs = 0;
    for (const Passage &passage : watch.passages()) {
        if (!passage.before.dmabuf())
            continue;
        ++dmabufs;
        EXPECT_EQ(passage.before.memories.size(), several ? planes : 1U);
        for (const std::string &name : passage.before.exporters)
            EXPECT_EQ(name, exporter);
    }
    EXPECT_GT(dmabufs, 0) << "not one frame was a dmabuf";
}

TEST_P(Camera, InPlace)
{
    const char *kernel = std::get<1>(GetParam()).kernel;
    Pipeline pipeline(line());
    const Watch watch(pipeline);
    EXPECT_TRUE(pipeline.run()) << pipeline.error();
    EXPECT_EQ(watch.passages().size(), std::size_t{kFrames});
    expectInPlace(watch, kernel);
    ASSERT_FALSE(watch.passages().empty());
    expectMemories(watch, GST_VIDEO_INFO_N_PLANES(&watch.passages()[0].before.picture.info));
    EXPECT_EQ(pipeline.stat("frames"), guint64{kFrames});
    EXPECT_EQ(pipeline.stat("in-place"), guint64{kFrames});
    EXPECT_EQ(pipeline.stat("copied"), 0U);
    EXPECT_EQ(pipeline.stat("passed-through"), 0U);
}

INSTANTIATE_TEST_SUITE_P(Vm, Camera,
                         testing::Combine(testing::ValuesIn(formats()),
                                          testing::Values(Shot{"gray", 320, 180}, Shot{"gray", 640, 360},
                                                          Shot{"gray", 1280, 720}, Shot{"invert", 640, 360})),
                         [](const auto &test) {
                             const Shot shot = std::get<1>(test.param);
                             return std::get<0>(test.param) + "_" + shot.kernel + "_" + std::to_string(shot.width) +
                                    "x" + std::to_string(shot.height);
                         });

} // namespace
} // namespace zc::vm
