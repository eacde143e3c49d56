// SPDX-License-Identifier: MIT
// NVMM surfaces changed in place by the CPU, where it may touch them, and refused where it may not.
#include "nvmm_rig.hpp"

#include <deque>

namespace zc::test {
namespace {

constexpr int kPinned = fake_nvbuf::kMemCudaPinned, kDevice = fake_nvbuf::kMemCudaDevice,
              kUnified = fake_nvbuf::kMemCudaUnified, kArray = fake_nvbuf::kMemSurfaceArray,
              kHandle = fake_nvbuf::kMemHandle, kSystem = fake_nvbuf::kMemSystem;

constexpr const char *kInvert = "cudazerocopy kernel=invert device=cpu zero-copy=required";

void onJetson()
{
    ASSERT_EQ(zc_nvbuf_set_platform("nvgpu"), 0);
}

class NvmmCpu : public Nvmm, public testing::WithParamInterface<std::tuple<int, const char *>> {};

TEST_P(NvmmCpu, ChangesThePictureWhereItIs)
{
    const auto &[memType, format] = GetParam();
    if (memType == kArray)
        onJetson();
    NvmmFeed feed(surfaces(memType), nvmmCaps(format, 62, 46));
    ElementHarness harness(kInvert, feed.caps());
    for (guint64 frame = 0; frame < 6; ++frame) {
        Buffer buffer = feed.next();
        const GstBuffer *sent = buffer.get();
        const void *surface = surfaceOf(buffer);
        const Buffer out = pass(harness, std::move(buffer));
        EXPECT_EQ(out.get(), sent);
        EXPECT_EQ(surfaceOf(out), surface);
        EXPECT_EQ(pictureOf(out, feed.info()), after("invert", feed.info(), drawn(feed.info(), frame))) << frame;
    }
    EXPECT_EQ(harness.stat("in-place"), 6U);
    EXPECT_EQ(harness.stat("copied"), 0U);
    EXPECT_EQ(statTextOf(harness.element(), "memory"), "NVMM");
}

std::string nameOf(const testing::TestParamInfo<NvmmCpu::ParamType> &test)
{
    const int memType = std::get<0>(test.param);
    const char *kind = memType == kPinned ? "Pinned" : memType == kUnified ? "Unified" : "System";
    return std::string(memType == kArray ? "Array" : kind) + "_" + std::get<1>(test.param);
}

INSTANTIATE_TEST_SUITE_P(Memory, NvmmCpu,
                         testing::Combine(testing::Values(kPinned, kUnified, kArray, kSystem),
                                          testing::Values("NV12", "I420", "P010_10LE", "RGBA", "BGRx", "YUY2",
                                                          "GRAY8")),
                         nameOf);

TEST_F(Nvmm, EveryFormatThatSurfacesHold)
{
    for (const FormatInfo &format : allFormats()) {
        const int number = nvmm_test::colorFormatOf(infoOf(rawCaps(format.name, 64, 48)));
        if (number < 0)
            continue; // the source has none
        NvmmFeed feed(surfaces(kSystem), nvmmCaps(format.name));
        ElementHarness harness(kInvert, feed.caps());
        const Buffer out = pass(harness, feed.next());
        ASSERT_NE(out, nullptr) << format.name;
        EXPECT_EQ(pictureOf(out, feed.info()), after("invert", feed.info(), drawn(feed.info(), 0))) << format.name;
    }
}

TEST_F(Nvmm, EveryPictureOfABatch)
{
    onJetson();
    for (const int memType : {kUnified, kArray, kSystem}) {
        nvmm_test::Settings settings = surfaces(memType);
        settings.batchSize = 4;
        settings.numFilled = 3;
        NvmmFeed feed(settings, nvmmCaps("NV12"));
        ElementHarness harness(kInvert, feed.caps());
        for (guint64 frame = 0; frame < 6; ++frame) {
            const Buffer out = pass(harness, feed.next());
            for (unsigned i = 0; i < 4; ++i) {
                const Bytes before = drawn(feed.info(), frame, i);
                EXPECT_EQ(pictureOf(out, feed.info(), i), i < 3 ? after("invert", feed.info(), before) : before)
                    << memType << " frame " << frame << " picture " << i;
            }
        }
    }
}

// Mapped once a surface, synchronised plane by plane each frame, unmapped when the memory dies.
TEST_F(Nvmm, SurfaceArraysAreMappedOnce)
{
    onJetson();
    {
        NvmmFeed feed(surfaces(kArray), nvmmCaps("I420"));
        ElementHarness harness(kInvert, feed.caps());
        std::deque<Buffer> kept; // so that all four take turns
        for (int frame = 0; frame < 12; ++frame) {
            kept.push_back(pass(harness, feed.next()));
            if (kept.size() == 4)
                kept.pop_front();
        }
        EXPECT_EQ(zc_nvbuf_calls("NvBufSurfaceMap"), 4U * 3) << "four surfaces of three planes";
        EXPECT_EQ(zc_nvbuf_calls("NvBufSurfaceSyncForCpu"), 12U * 3);
        EXPECT_EQ(zc_nvbuf_calls("NvBufSurfaceSyncForDevice"), 12U * 3);
        EXPECT_EQ(zc_nvbuf_calls("NvBufSurfaceUnMap"), 0U);
        EXPECT_EQ(harness.stat("imports"), 4U);
        EXPECT_EQ(harness.stat("cache-hits"), 8U);
    }
    EXPECT_EQ(zc_nvbuf_calls("NvBufSurfaceUnMap"), 4U * 3);
}

// Whoever comes second uses what the first has mapped, and the last one undoes it.
TEST_F(Nvmm, TwoElementsInARowShareTheMapping)
{
    onJetson();
    NvmmFeed feed(surfaces(kArray), nvmmCaps("NV12"));
    ElementHarness first(kInvert, feed.caps());
    ElementHarness second("cudazerocopy kernel=gray device=cpu zero-copy=required", feed.caps());
    for (guint64 frame = 0; frame < 6; ++frame) {
        const Buffer out = pass(second, pass(first, feed.next()));
        Bytes wanted = after("invert", feed.info(), drawn(feed.info(), frame));
        wanted = after("gray", feed.info(), std::move(wanted));
        EXPECT_EQ(pictureOf(out, feed.info()), wanted) << frame;
    }
    EXPECT_EQ(zc_nvbuf_calls("NvBufSurfaceMap"), 4U * 2) << "four surfaces of two planes";
    EXPECT_EQ(second.stat("imports"), 4U) << "it had to find that out once for each";
}

struct Refused {
    const char *name;
    int memType;
    bool blockLinear;
    const char *device;
    std::vector<const char *> says;
};

TEST_F(Nvmm, RefusesWhatTheCpuCannotReach)
{
    const Refused cases[] = {
        {"Device", kDevice, false, "cpu", {"nvbuf-mem-cuda-device", "device=auto", "nvbuf-mem-cuda-unified"}},
        {"Handle", kHandle, false, "cpu", {"nvbuf-mem-handle", "nvbuf-mem-surface-array"}},
        {"BlockLinear", kArray, true, "cpu", {"block-linear", "bl-output=false"}},
        {"SystemOnTheGpu", kSystem, false, "cuda", {"nvbuf-mem-system", "device=cpu"}},
    };
    for (const Refused &test : cases) {
        onJetson();
        nvmm_test::Settings settings = surfaces(test.memType);
        settings.blockLinear = test.blockLinear;
        settings.draw = false;
        NvmmFeed feed(settings, nvmmCaps("NV12"));
        ElementHarness harness(std::string("cudazerocopy kernel=invert device=") + test.device, feed.caps());
        EXPECT_EQ(harness.push(feed.next()), GST_FLOW_ERROR) << test.name;
        const std::string error = onlyError(harness);
        for (const char *part : test.says)
            EXPECT_TRUE(contains(error, part)) << test.name << ": " << error;
        EXPECT_EQ(harness.stat("copied"), 0U);
    }
}

TEST_F(Nvmm, SystemMemoryIsTheCpusInAuto)
{
    NvmmFeed feed(surfaces(kSystem), nvmmCaps("NV12"));
    ElementHarness harness("cudazerocopy kernel=invert", feed.caps());
    EXPECT_EQ(pictureOf(pass(harness, feed.next()), feed.info()), after("invert", feed.info(), drawn(feed.info(), 0)));
}

// The caps' word first; where they are silent, that of the surface and not what GStreamer assumes for a size.
TEST_F(Nvmm, SurfacesSayTheirColours)
{
    const std::string kernel = "adjust,saturation=0.3,brightness=0.1";
    const struct {
        int colorFormat;
        const char *stated, *means;
    } cases[] = {
        {6, "", "2:4:0:0"},  {7, "", "1:4:0:0"},  {33, "", "2:3:0:0"},
        {34, "", "1:3:0:0"}, {36, "", "2:6:0:0"}, {34, ",colorimetry=bt601", "2:4:0:0"},
    };
    for (const auto &test : cases) {
        nvmm_test::Settings settings = surfaces(kSystem);
        settings.colorFormat = test.colorFormat;
        NvmmFeed feed(settings, nvmmCaps("NV12", 64, 48, test.stated));
        ElementHarness harness("cudazerocopy device=cpu kernel=\"" + kernel + "\"", feed.caps());
        const Bytes got = pictureOf(pass(harness, feed.next()), feed.info());
        const GstVideoInfo plain = plainInfo(feed.info(), test.means);
        EXPECT_LE(biggestDifference(got, after(kernel, plain, drawn(feed.info(), 0))), 1)
            << test.colorFormat << test.stated;
    }
}

} // namespace
} // namespace zc::test
