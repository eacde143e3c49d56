// SPDX-License-Identifier: MIT
// On a real GPU: what comes out of CUDA memory is what the CPU makes of the same picture. Skipped, with the reason,
// where there is no GPU.
#include "cuda_rig.hpp"
#include "rig.hpp"

#include <gst/app/gstappsink.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace zc::test {
namespace {

constexpr int kFrames = 4;
constexpr GstClockTime kLongest = 60 * GST_SECOND;

// The visible bytes of every frame that reaches the sink called `out`.
std::vector<Bytes> play(const std::string &line, const GstVideoInfo &info)
{
    std::vector<Bytes> frames;
    const ElementPtr pipeline(GST_ELEMENT(gst_object_ref_sink(makeElement(line))));
    const ElementPtr sink(gst_bin_get_by_name(GST_BIN(pipeline.get()), "out"));
    gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
    while (GstSample *sample = gst_app_sink_try_pull_sample(GST_APP_SINK(sink.get()), kLongest)) {
        frames.push_back(visible(info, gst_sample_get_buffer(sample)));
        gst_sample_unref(sample);
    }
    const BusPtr bus(gst_element_get_bus(pipeline.get()));
    for (const std::string &text : textsOf(bus.get(), GST_MESSAGE_ERROR))
        ADD_FAILURE() << line << ": " << text;
    gst_element_set_state(pipeline.get(), GST_STATE_NULL);
    return frames;
}

struct Picture {
    std::string format, kernel;
    int width, height;
};

class CudaPixels : public testing::TestWithParam<Picture> {};

// Empty if everything is there.
std::string whatIsMissing()
{
    if (makeCudaContext() == nullptr)
        return "no usable GPU: GStreamer cannot make a CUDA context";
    for (const char *name : {"cudaupload", "cudadownload"}) {
        GstElementFactory *factory = gst_element_factory_find(name);
        if (factory == nullptr)
            return std::string("no ") + name + ": nvcodec found no libnvcuvid and no libnvidia-encode";
        gst_object_unref(factory);
    }
    return {};
}

std::string sourceOf(const Picture &picture)
{
    return "videotestsrc pattern=smpte num-buffers=" + std::to_string(kFrames) + " ! " +
           rawCaps(picture.format.c_str(), picture.width, picture.height) + " ! ";
}

constexpr const char *kUp = "cudaupload ! video/x-raw(memory:CUDAMemory) ! ";
constexpr const char *kDown = " ! cudadownload ! video/x-raw ! appsink name=out sync=false";

// Sample kernels are bit for bit the same, colour kernels within one code value.
void expectSame(const std::vector<Bytes> &gpu, const std::vector<Bytes> &cpu, const Picture &picture)
{
    ASSERT_EQ(gpu.size(), std::size_t{kFrames});
    ASSERT_EQ(cpu.size(), gpu.size());
    const bool wide = formatInfo(formatFromName(picture.format)).sampleBytes != 1;
    for (std::size_t i = 0; i < gpu.size(); ++i) {
        if (wide || picture.kernel.rfind("invert", 0) == 0)
            EXPECT_EQ(gpu[i], cpu[i]) << "frame " << i;
        else
            EXPECT_LE(biggestDifference(gpu[i], cpu[i]), 1) << "frame " << i;
    }
}

TEST_P(CudaPixels, AreThoseOfTheCpu)
{
    const Picture &p = GetParam();
    const GstVideoInfo info = infoOf(rawCaps(p.format.c_str(), p.width, p.height));
    const std::string element = "cudazerocopy kernel=\"" + p.kernel + "\" ";
    for (const char *region : {"", "region=\"3,5,17,9;8,0,40,12\" "}) {
        const auto cpu = play(sourceOf(p) + element + region + "device=cpu ! appsink name=out sync=false", info);
        expectSame(play(sourceOf(p) + kUp + element + region + "zero-copy=required" + kDown, info), cpu, p);
        // Another branch holds the frames, so that they are copied first; it must see them unchanged.
        const std::string branch = " t. ! queue ! cudadownload ! video/x-raw ! ";
        expectSame(
            play(sourceOf(p) + kUp + "tee name=t ! queue ! " + element + region + kDown + branch + "fakesink", info),
            cpu, p);
        expectSame(play(sourceOf(p) + kUp + "tee name=t ! queue ! " + element + region +
                            " ! cudadownload ! video/x-raw ! fakesink" + branch + "appsink name=out sync=false",
                        info),
                   play(sourceOf(p) + "appsink name=out sync=false", info), p);
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, CudaPixels,
                         testing::Values(Picture{"NV12", "invert", 64, 32}, Picture{"NV12", "invert", 61, 33},
                                         Picture{"I420", "invert", 61, 33}, Picture{"RGBA", "invert", 61, 33},
                                         Picture{"RGBA", "adjust,brightness=0.1,saturation=0.5", 61, 33},
                                         Picture{"NV12", "adjust,brightness=0.1,saturation=0.5", 62, 34},
                                         Picture{"I420", "box-blur,radius=3", 61, 33},
                                         Picture{"NV12", "pixelate,block=8", 62, 34},
                                         Picture{"P010_10LE", "invert", 62, 34}, Picture{"BGRx", "flip", 61, 33}),
                         [](const auto &picture) {
                             const Picture &p = picture.param;
                             std::string kernel = p.kernel.substr(0, p.kernel.find(','));
                             std::erase(kernel, '-');
                             return kernel + "_" + p.format + "_" + std::to_string(p.width) + "x" +
                                    std::to_string(p.height);
                         });

} // namespace
} // namespace zc::test

int main(int argc, char **argv)
{
    testing::InitGoogleTest(&argc, argv);
    gst_init(&argc, &argv);
    constexpr int kSkipped = 77;
    if (const std::string missing = zc::test::whatIsMissing(); !missing.empty()) {
        g_printerr("skipped: %s\n", missing.c_str());
        return kSkipped;
    }
    return RUN_ALL_TESTS();
}
