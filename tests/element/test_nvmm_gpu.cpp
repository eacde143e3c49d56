// SPDX-License-Identifier: MIT
// NVMM surfaces on a GPU that the stand-in driver plays: addresses, EGLImages, CUDA's buffers, and everything about
// them that may be wrong.
#include "nvmm_rig.hpp"

#include <deque>

namespace zc::test {
namespace {

constexpr int kPinned = fake_nvbuf::kMemCudaPinned, kDevice = fake_nvbuf::kMemCudaDevice,
              kUnified = fake_nvbuf::kMemCudaUnified, kArray = fake_nvbuf::kMemSurfaceArray,
              kHandle = fake_nvbuf::kMemHandle, kCudaArray = fake_nvbuf::kMemCudaArray;

constexpr const char *kInvert = "cudazerocopy kernel=invert zero-copy=required";

// Four buffers take turns.
class Turns {
public:
    Buffer keep(Buffer buffer)
    {
        kept_.push_back(std::move(buffer));
        Buffer oldest;
        if (kept_.size() == 4) {
            oldest = std::move(kept_.front());
            kept_.pop_front();
        }
        return oldest;
    }

private:
    std::deque<Buffer> kept_;
};

class NvmmCuda : public Nvmm, public testing::WithParamInterface<int> {};

TEST_P(NvmmCuda, ChangesThePictureWhereItIs)
{
    nvmm_test::Settings settings = surfaces(GetParam());
    settings.producer = Producer::Decoder;
    NvmmFeed feed(settings, nvmmCaps("NV12"));
    {
        ElementHarness harness(kInvert, feed.caps());
        for (guint64 frame = 0; frame < 6; ++frame) {
            Buffer buffer = feed.next();
            const GstBuffer *sent = buffer.get();
            const Buffer out = pass(harness, std::move(buffer));
            EXPECT_EQ(out.get(), sent);
            EXPECT_EQ(pictureOf(out, feed.info()), invertedBits(feed.info(), drawn(feed.info(), frame))) << frame;
        }
        EXPECT_EQ(harness.stat("in-place"), 6U);
        EXPECT_EQ(harness.stat("imports"), 4U) << "four surfaces in turn";
        EXPECT_EQ(harness.stat("cache-hits"), 2U);
        EXPECT_EQ(statTextOf(harness.element(), "memory"), "NVMM");
        EXPECT_TRUE(contains(statTextOf(harness.element(), "device"), "cuda"));
        EXPECT_EQ(zc_fake_copied("htod") + zc_fake_copied("dtoh") + zc_fake_copied("dtod"), 0U);
        EXPECT_EQ(zc_nvbuf_calls_total(), 0U) << "an address needs no library";
    }
}

INSTANTIATE_TEST_SUITE_P(Memory, NvmmCuda, testing::Values(kPinned, kDevice, kUnified),
                         [](const auto &test) { return "Type" + std::to_string(test.param); });

TEST_F(Nvmm, DriverIsAskedAboutAnAddressOnce)
{
    NvmmFeed feed(surfaces(kDevice), nvmmCaps("NV12"));
    ElementHarness harness(kInvert, feed.caps());
    for (int i = 0; i < 4; ++i) // four surfaces in turn
        pass(harness, feed.next());
    const unsigned long asked = zc_fake_calls("cuPointerGetAttribute");
    EXPECT_GT(asked, 0U);
    for (int i = 0; i < 5; ++i)
        pass(harness, feed.next());
    EXPECT_EQ(zc_fake_calls("cuPointerGetAttribute"), asked);
}

TEST_F(Nvmm, BatchesInTheirOwnLayout)
{
    for (const bool contiguous : {false, true}) {
        nvmm_test::Settings settings = surfaces(kDevice);
        settings.batchSize = 4;
        settings.contiguous = contiguous;
        NvmmFeed feed(settings, nvmmCaps("RGBA"));
        ElementHarness harness(kInvert, feed.caps());
        const Buffer out = pass(harness, feed.next());
        for (unsigned i = 0; i < 4; ++i)
            EXPECT_EQ(pictureOf(out, feed.info(), i), invertedBits(feed.info(), drawn(feed.info(), 0, i))) << i;
        EXPECT_EQ(harness.stat("in-place"), 1U);
    }
}

TEST_F(Nvmm, AnEmptyBatchPassesThrough)
{
    nvmm_test::Settings settings = surfaces(kDevice);
    settings.batchSize = 4;
    settings.fault = Break::NoneFilled;
    NvmmFeed feed(settings, nvmmCaps("NV12"));
    ElementHarness harness(kInvert, feed.caps());
    EXPECT_NE(pass(harness, feed.next()), nullptr);
    EXPECT_EQ(harness.stat("passed-through"), 1U);
}

// ---- EGLImages, as on Jetsons up to Orin.

class NvmmEgl : public Nvmm, public testing::WithParamInterface<bool> {
protected:
    NvmmEgl() { zc_nvbuf_set_platform("nvgpu"); }
    static nvmm_test::Settings settings(bool blockLinear, EglUse use = EglUse::Users)
    {
        nvmm_test::Settings made = surfaces(kArray);
        made.blockLinear = blockLinear;
        made.egl = use;
        return made;
    }
};

TEST_P(NvmmEgl, RegistersOnceASurface)
{
    for (const char *format : {"NV12", "RGBA"}) {
        zc_nvbuf_reset();
        zc_nvbuf_set_platform("nvgpu");
        zc_fake_reset();
        {
            NvmmFeed feed(settings(GetParam()), nvmmCaps(format));
            Turns turns;
            ElementHarness harness(kInvert, feed.caps());
            for (guint64 frame = 0; frame < 12; ++frame) {
                Buffer out = pass(harness, feed.next());
                ASSERT_NE(out, nullptr) << lines(textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR));
                EXPECT_EQ(pictureOf(out, feed.info()), invertedBits(feed.info(), drawn(feed.info(), frame))) << frame;
                turns.keep(std::move(out));
            }
            EXPECT_EQ(zc_nvbuf_calls("NvBufSurfaceMapEglImage"), 4U);
            EXPECT_EQ(zc_fake_calls("cuGraphicsEGLRegisterImage"), 4U);
            EXPECT_EQ(zc_nvbuf_calls("NvBufSurfaceUnMapEglImage"), 0U);
            EXPECT_EQ(harness.stat("imports"), 4U);
            EXPECT_EQ(harness.stat("cache-hits"), 8U);
        }
        EXPECT_EQ(zc_nvbuf_calls("NvBufSurfaceUnMapEglImage"), 4U) << "we mapped them";
        EXPECT_EQ(zc_fake_calls("cuGraphicsUnregisterResource"), 4U);
    }
}

TEST_P(NvmmEgl, BatchesToo)
{
    nvmm_test::Settings four = settings(GetParam());
    four.batchSize = 4;
    NvmmFeed feed(four, nvmmCaps("NV12"));
    ElementHarness harness(kInvert, feed.caps());
    const Buffer out = pass(harness, feed.next());
    for (unsigned i = 0; i < 4; ++i)
        EXPECT_EQ(pictureOf(out, feed.info(), i), invertedBits(feed.info(), drawn(feed.info(), 0, i))) << i;
}

INSTANTIATE_TEST_SUITE_P(Layout, NvmmEgl, testing::Bool(),
                         [](const auto &test) { return test.param ? "BlockLinear" : "Pitch"; });

TEST_F(NvmmEgl, LeavesTheProducersMappingAlone)
{
    NvmmFeed feed(settings(false, EglUse::Producer), nvmmCaps("NV12"));
    {
        ElementHarness harness(kInvert, feed.caps());
        for (int i = 0; i < 6; ++i)
            pass(harness, feed.next());
    }
    EXPECT_EQ(zc_nvbuf_calls("NvBufSurfaceMapEglImage"), 0U);
    EXPECT_EQ(zc_nvbuf_calls("NvBufSurfaceUnMapEglImage"), 0U);
    EXPECT_EQ(zc_fake_calls("cuGraphicsEGLRegisterImage"), 4U) << "four surfaces in turn";
}

TEST_F(NvmmEgl, RegistersAgainWhenTheImageChangedOrVanished)
{
    for (const EglUse use : {EglUse::Changing, EglUse::Rude}) {
        zc_fake_reset();
        NvmmFeed feed(settings(false, use), nvmmCaps("NV12"));
        ElementHarness harness(kInvert, feed.caps());
        for (guint64 frame = 0; frame < 5; ++frame) {
            const Buffer out = pass(harness, feed.next());
            ASSERT_NE(out, nullptr);
            EXPECT_EQ(pictureOf(out, feed.info()), invertedBits(feed.info(), drawn(feed.info(), frame)));
        }
        EXPECT_EQ(zc_fake_calls("cuGraphicsEGLRegisterImage"), 5U);
    }
}

TEST_F(NvmmEgl, NewMemoryForAnOldSurfaceIsNewToUs)
{
    for (const Recycle recycle : {Recycle::Surfaces, Recycle::Nothing}) {
        nvmm_test::Settings made = settings(false);
        made.recycle = recycle;
        NvmmFeed feed(made, nvmmCaps("NV12"));
        ElementHarness harness(kInvert, feed.caps());
        for (guint64 frame = 0; frame < 5; ++frame) {
            const Buffer out = pass(harness, feed.next());
            ASSERT_NE(out, nullptr);
            EXPECT_EQ(pictureOf(out, feed.info()), invertedBits(feed.info(), drawn(feed.info(), frame)));
        }
    }
}

TEST_F(NvmmEgl, TwoElementsInARow)
{
    NvmmFeed feed(settings(false), nvmmCaps("NV12"));
    ElementHarness first(kInvert, feed.caps());
    ElementHarness second(kInvert, feed.caps());
    for (guint64 frame = 0; frame < 5; ++frame) {
        const Buffer out = pass(second, pass(first, feed.next()));
        EXPECT_EQ(pictureOf(out, feed.info()), drawn(feed.info(), frame)) << "twice the bits' opposite";
    }
    EXPECT_EQ(zc_nvbuf_calls("NvBufSurfaceMapEglImage"), 4U) << "four surfaces in turn";
}

// Whichever went first, the image stays as long as the other has it registered.
TEST_F(NvmmEgl, TheFirstElementMayStopFirst)
{
    NvmmFeed feed(settings(false), nvmmCaps("NV12"));
    ElementHarness second(kInvert, feed.caps());
    {
        ElementHarness first(kInvert, feed.caps());
        pass(second, pass(first, feed.next()));
    }
    EXPECT_EQ(zc_nvbuf_calls("NvBufSurfaceUnMapEglImage"), 0U);
    EXPECT_NE(pass(second, feed.next()), nullptr);
}

TEST_F(NvmmEgl, ClearErrors)
{
    const struct {
        const char *rule, *call;
        std::vector<const char *> says;
    } cases[] = {
        {"", "NvBufSurfaceMapEglImage", {"NvBufSurfaceMapEglImage", "DISPLAY"}},
        {"cuGraphicsEGLRegisterImage=1", "", {"EGL"}},
    };
    for (const auto &test : cases) {
        NvmmFeed feed(settings(false), nvmmCaps("NV12"));
        ElementHarness harness(kInvert, feed.caps());
        if (*test.call != '\0')
            zc_nvbuf_fail(test.call, 0);
        zc_fake_fail_rules(test.rule);
        EXPECT_EQ(harness.push(feed.next()), GST_FLOW_ERROR);
        const std::string error = onlyError(harness);
        for (const char *part : test.says)
            EXPECT_TRUE(contains(error, part)) << error;
        zc_nvbuf_reset();
        zc_nvbuf_set_platform("nvgpu");
        zc_fake_reset();
    }
}

TEST_F(NvmmEgl, ProtectedAndFreedImages)
{
    const struct {
        Break fault;
        const char *says;
    } cases[] = {{Break::Protected, "protected content"}, {Break::FreedEgl, "EGLImage"}};
    for (const auto &test : cases) {
        nvmm_test::Settings made = settings(false);
        made.fault = test.fault;
        NvmmFeed feed(made, nvmmCaps("NV12"));
        ElementHarness harness(kInvert, feed.caps());
        EXPECT_EQ(harness.push(feed.next()), GST_FLOW_ERROR);
        const std::string error = onlyError(harness);
        EXPECT_TRUE(contains(error, test.says)) << error;
    }
}

// ---- CUDA's buffers, as on Jetsons from Thor on; of the new layout alone.

class NvmmRm : public Nvmm {
protected:
    void SetUp() override
    {
        if (!newAbi())
            GTEST_SKIP() << "the old layout has none";
        // Asked for once a process.
        if (g_strcmp0(g_getenv("FAKE_NVBUF_PLATFORM"), "rm") != 0)
            GTEST_SKIP() << "FAKE_NVBUF_PLATFORM is not rm";
    }
};

TEST_F(NvmmRm, SurfaceArraysWithoutAnEglImage)
{
    {
        NvmmFeed feed(surfaces(kArray), nvmmCaps("NV12"));
        ElementHarness harness(kInvert, feed.caps());
        for (guint64 frame = 0; frame < 5; ++frame) {
            const Buffer out = pass(harness, feed.next());
            ASSERT_NE(out, nullptr) << lines(textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR));
            EXPECT_EQ(pictureOf(out, feed.info()), invertedBits(feed.info(), drawn(feed.info(), frame)));
        }
        EXPECT_EQ(zc_nvbuf_calls("NvBufSurfaceMapCudaBuffer"), 4U);
        EXPECT_EQ(zc_nvbuf_calls("NvBufSurfaceMapEglImage"), 0U);
    }
    EXPECT_EQ(zc_nvbuf_calls("NvBufSurfaceUnMapCudaBuffer"), 4U);
}

TEST_F(NvmmRm, CudaMemoryWithoutAnAddress)
{
    for (const int memType : {kPinned, kDevice, kUnified}) {
        NvmmFeed feed(surfaces(memType), nvmmCaps("NV12"));
        ElementHarness harness(kInvert, feed.caps());
        const Buffer out = pass(harness, feed.next());
        ASSERT_NE(out, nullptr) << lines(textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR));
        EXPECT_EQ(pictureOf(out, feed.info()), invertedBits(feed.info(), drawn(feed.info(), 0))) << memType;
    }
}

TEST_F(NvmmRm, BothWaysFailed)
{
    NvmmFeed feed(surfaces(kArray), nvmmCaps("NV12"));
    ElementHarness harness(kInvert, feed.caps());
    zc_nvbuf_fail("NvBufSurfaceMapCudaBuffer", 0);
    EXPECT_EQ(harness.push(feed.next()), GST_FLOW_ERROR);
    const std::string error = onlyError(harness);
    EXPECT_TRUE(contains(error, "NvBufSurfaceMapCudaBuffer")) << error;
    EXPECT_TRUE(contains(error, "NvBufSurfaceMapEglImage")) << error;
}

// ---- What the default stands for, and what nothing reaches.

TEST_F(Nvmm, DefaultIsWhatItTurnsOutToBe)
{
    for (const char *platform : {"dgpu", "nvgpu"}) {
        zc_nvbuf_set_platform(platform);
        const bool jetson = std::string(platform) == "nvgpu";
        nvmm_test::Settings settings = surfaces(jetson ? kArray : kDevice);
        settings.showDefault = true;
        NvmmFeed feed(settings, nvmmCaps("NV12"));
        ElementHarness harness(kInvert, feed.caps());
        const Buffer out = pass(harness, feed.next());
        ASSERT_NE(out, nullptr) << lines(textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR));
        EXPECT_EQ(pictureOf(out, feed.info()), invertedBits(feed.info(), drawn(feed.info(), 0))) << platform;
        EXPECT_EQ(zc_nvbuf_calls("NvBufSurfaceMapEglImage"), jetson ? 1U : 0U);
    }
}

TEST_F(Nvmm, RefusesMemoryThatNothingReaches)
{
    zc_nvbuf_set_platform("nvgpu");
    for (const int memType : {kHandle, kCudaArray}) {
        nvmm_test::Settings settings = surfaces(memType);
        settings.draw = false;
        NvmmFeed feed(settings, nvmmCaps("NV12"));
        ElementHarness harness(kInvert, feed.caps());
        EXPECT_EQ(harness.push(feed.next()), GST_FLOW_ERROR);
        const std::string error = onlyError(harness);
        EXPECT_TRUE(contains(error, memType == kHandle ? "nvbuf-mem-handle" : "nvbuf-mem-cuda-array")) << error;
    }
}

struct Fault {
    const char *name;
    Break how;
    const char *says;
};

TEST_F(Nvmm, OneClearErrorForWhateverIsWrong)
{
    const Fault cases[] = {
        {"Garbage", Break::Garbage, "no NvBufSurface"},
        {"Zeros", Break::Zeros, "no NvBufSurface"},
        {"TooSmall", Break::TooSmall, "32 bytes"},
        {"NullList", Break::NullList, "null"},
        {"AbsurdBatch", Break::AbsurdBatch, "batch size is 2147483647"},
        {"TooManyFilled", Break::TooManyFilled, "5 pictures of a batch of 4"},
        {"MemType", Break::MemType, "memory type is 99"},
        {"OtherAbi", Break::OtherAbi, "one version of DeepStream or JetPack"},
        {"WrongGpu", Break::WrongGpu, "GPU 1"},
        {"NullData", Break::NullData, "address"},
        {"ForeignData", Break::ForeignData, "does not know the address"},
        {"FreedData", Break::FreedData, "does not know the address"},
        {"PlaneOutside", Break::PlaneOutside, "plane 1"},
        {"SmallData", Break::SmallData, "ends at byte"},
        {"ThinPitch", Break::ThinPitch, "pitch of 32 bytes"},
        {"AbsurdPitch", Break::AbsurdPitch, "plane 1"},
        {"NoPlanes", Break::NoPlanes, "has 0 planes"},
        {"ManyPlanes", Break::ManyPlanes, "has 9 planes"},
        {"WrongFormat", Break::WrongFormat, "the caps say NV12, the surface holds RGBA (19)"},
        {"UnknownFormat", Break::UnknownFormat, "colour format 500"},
        {"Layout", Break::Layout, "layout is 7"},
        {"TwoMemories", Break::TwoMemories, "2 memories"},
        {"PlainMemory", Break::PlainMemory, "no NvBufSurface"},
    };
    for (const Fault &test : cases) {
        nvmm_test::Settings settings = surfaces(kDevice);
        settings.batchSize = 4;
        settings.fault = test.how;
        NvmmFeed feed(settings, nvmmCaps("NV12"));
        for (const char *element : {"cudazerocopy kernel=invert", "cudazerocopy kernel=invert device=cpu"}) {
            ElementHarness harness(element, feed.caps());
            EXPECT_EQ(harness.push(feed.next()), GST_FLOW_ERROR) << test.name << " " << element;
            const std::string error = onlyError(harness);
            const bool ofGpu = test.how >= Break::WrongGpu && test.how <= Break::FreedData;
            EXPECT_TRUE(contains(error, test.says) || (ofGpu && contains(element, "cpu")))
                << test.name << ": " << error;
            EXPECT_LT(error.size(), 700U) << error;
        }
        EXPECT_EQ(zc_fake_launches("zc_rows"), 0U) << test.name;
    }
}

// The machine has two.
TEST_F(Nvmm, WrongGpuOfTheUser)
{
    NvmmFeed feed(surfaces(kDevice), nvmmCaps("NV12"));
    for (const char *property : {"cuda-device-id", "gpu-id"}) {
        ElementHarness harness(std::string("cudazerocopy kernel=invert ") + property + "=1", feed.caps());
        EXPECT_EQ(harness.push(feed.next()), GST_FLOW_ERROR);
        const std::string error = onlyError(harness);
        EXPECT_TRUE(contains(error, "lies on GPU 0") && contains(error, "gpu-id=1")) << error;
        ElementHarness right(std::string("cudazerocopy kernel=invert ") + property + "=0", feed.caps());
        EXPECT_NE(pass(right, feed.next()), nullptr);
    }
}

TEST_F(Nvmm, TheSecondGpu)
{
    nvmm_test::Settings settings = surfaces(kDevice);
    settings.gpuId = 1;
    NvmmFeed feed(settings, nvmmCaps("NV12"));
    ElementHarness harness(kInvert, feed.caps());
    const Buffer out = pass(harness, feed.next());
    ASSERT_NE(out, nullptr) << lines(textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR));
    EXPECT_EQ(pictureOf(out, feed.info()), invertedBits(feed.info(), drawn(feed.info(), 0)));
    EXPECT_TRUE(contains(statTextOf(harness.element(), "device"), "GPU 1"));
}

} // namespace
} // namespace zc::test
