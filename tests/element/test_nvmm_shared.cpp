// SPDX-License-Identifier: MIT
// NVMM frames that others hold: real copies into surfaces of the same kind, with the metas, and never of the struct.
#include "nvmm_rig.hpp"

namespace zc::test {
namespace {

constexpr int kDevice = fake_nvbuf::kMemCudaDevice, kUnified = fake_nvbuf::kMemCudaUnified,
              kArray = fake_nvbuf::kMemSurfaceArray, kSystem = fake_nvbuf::kMemSystem;

// Another buffer around the same memory, as tee and identity make them.
Buffer sharing(const Buffer &buffer)
{
    return Buffer(gst_buffer_copy(buffer.get()));
}

struct Kind {
    const char *name;
    int memType;
    bool blockLinear;
    const char *device;
};
constexpr Kind kKinds[] = {
    {"Device", kDevice, false, "auto"},    {"Unified", kUnified, false, "cpu"},     {"Array", kArray, false, "auto"},
    {"BlockLinear", kArray, true, "auto"}, {"ArrayOnTheCpu", kArray, false, "cpu"}, {"System", kSystem, false, "cpu"},
};

class NvmmShared : public Nvmm, public testing::WithParamInterface<Kind> {
protected:
    NvmmShared()
    {
        if (GetParam().memType == kArray)
            zc_nvbuf_set_platform("nvgpu");
    }
    static nvmm_test::Settings settings()
    {
        nvmm_test::Settings made = surfaces(GetParam().memType);
        made.blockLinear = GetParam().blockLinear;
        return made;
    }
    static std::string element(const std::string &more)
    {
        return std::string("cudazerocopy kernel=invert device=") + GetParam().device + " " + more;
    }
    // As the device in use inverts.
    static Bytes changed(const GstVideoInfo &info, Bytes bytes)
    {
        const bool cpu = std::string(GetParam().device) == "cpu";
        return cpu ? after("invert", info, std::move(bytes)) : invertedBits(info, std::move(bytes));
    }
};

TEST_P(NvmmShared, CopiesThePixels)
{
    for (const unsigned batch : {1U, 3U}) {
        nvmm_test::Settings made = settings();
        made.batchSize = batch;
        made.objects = "0:1:2:4:4:8:8";
        NvmmFeed feed(made, nvmmCaps("NV12"));
        ElementHarness harness(element(""), feed.caps());
        const unsigned before = nvmm_test::copiedNvdsMetas();
        for (guint64 frame = 0; frame < 5; ++frame) {
            const Buffer source = feed.next();
            const Buffer out = pass(harness, sharing(source));
            ASSERT_NE(out, nullptr) << lines(textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR));
            EXPECT_NE(surfaceOf(out), surfaceOf(source));
            EXPECT_EQ(GST_BUFFER_PTS(out.get()), GST_BUFFER_PTS(source.get()));
            for (unsigned i = 0; i < batch; ++i) {
                const Bytes drew = drawn(feed.info(), frame, i);
                EXPECT_EQ(pictureOf(source, feed.info(), i), drew) << "the others' picture";
                EXPECT_EQ(pictureOf(out, feed.info(), i), changed(feed.info(), drew)) << frame << " " << i;
            }
            const auto *mine = static_cast<const fake_nvbuf::Surface *>(surfaceOf(out));
            const auto *theirs = static_cast<const fake_nvbuf::Surface *>(surfaceOf(source));
            EXPECT_EQ(mine->memType, theirs->memType);
            EXPECT_EQ(mine->batchSize, theirs->batchSize);
            EXPECT_EQ(mine->numFilled, theirs->numFilled);
        }
        EXPECT_EQ(harness.stat("copied"), 5U);
        EXPECT_GE(nvmm_test::copiedNvdsMetas() - before, 5U) << "the batch's meta goes along";
        EXPECT_EQ(textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_WARNING).size(), 1U);
    }
    EXPECT_LE(zc_nvbuf_calls("NvBufSurfaceCreate"), 2U) << "one for each batch size: surfaces come back";
}

TEST_P(NvmmShared, OtherPoliciesMakeNone)
{
    NvmmFeed feed(settings(), nvmmCaps("NV12"));
    {
        ElementHarness harness(element("on-shared=passthrough"), feed.caps());
        const Buffer source = feed.next();
        const Buffer out = pass(harness, sharing(source));
        EXPECT_EQ(surfaceOf(out), surfaceOf(source));
        EXPECT_EQ(pictureOf(out, feed.info()), drawn(feed.info(), 0));
    }
    {
        ElementHarness harness(element("on-shared=write"), feed.caps());
        const Buffer source = feed.next();
        const Buffer out = pass(harness, sharing(source));
        EXPECT_EQ(surfaceOf(out), surfaceOf(source));
        EXPECT_EQ(pictureOf(source, feed.info()), changed(feed.info(), drawn(feed.info(), 1))) << "others see it";
    }
    for (const char *policy : {"on-shared=error", "zero-copy=required"}) {
        ElementHarness harness(element(policy), feed.caps());
        const Buffer source = feed.next();
        EXPECT_EQ(harness.push(sharing(source)), GST_FLOW_ERROR);
        EXPECT_NE(onlyError(harness), "");
    }
    EXPECT_EQ(zc_nvbuf_calls("NvBufSurfaceCreate"), 0U);
}

INSTANTIATE_TEST_SUITE_P(Kinds, NvmmShared, testing::ValuesIn(kKinds),
                         [](const auto &test) { return std::string(test.param.name); });

// Memory that cannot be shared is what the base class would copy the struct of.
TEST_F(Nvmm, NeverCopiesTheStruct)
{
    nvmm_test::Settings settings = surfaces(kDevice);
    settings.producer = Producer::Converter;
    NvmmFeed feed(settings, nvmmCaps("NV12"));
    ElementHarness harness("cudazerocopy kernel=invert", feed.caps());
    Buffer buffer = feed.next();
    const Buffer held(gst_buffer_ref(buffer.get())); // the buffer itself is shared, not only its memory
    const Buffer out = pass(harness, std::move(buffer));
    ASSERT_NE(out, nullptr) << lines(textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR));
    EXPECT_NE(surfaceOf(out), surfaceOf(held));
    EXPECT_EQ(pictureOf(held, feed.info()), drawn(feed.info(), 0));
    EXPECT_EQ(harness.stat("copied"), 1U);
    ElementHarness neutral("cudazerocopy kernel=identity", feed.caps());
    const Buffer same = pass(neutral, Buffer(gst_buffer_ref(held.get())));
    EXPECT_EQ(same.get(), held.get());
}

// On a Jetson the decoder's surface may be a reference frame, whoever holds the buffer.
TEST_F(Nvmm, DecodersSurfaceArraysCountAsShared)
{
    zc_nvbuf_set_platform("nvgpu");
    nvmm_test::Settings settings = surfaces(kArray);
    settings.producer = Producer::Decoder;
    NvmmFeed feed(settings, nvmmCaps("NV12"));
    {
        ElementHarness harness("cudazerocopy kernel=invert zero-copy=required", feed.caps());
        EXPECT_EQ(harness.push(feed.next()), GST_FLOW_ERROR);
        const std::string error = onlyError(harness);
        EXPECT_TRUE(contains(error, "nvvidconv")) << error;
        EXPECT_TRUE(contains(error, "on-shared=write")) << error;
    }
    {
        ElementHarness harness("cudazerocopy kernel=invert on-shared=write", feed.caps());
        const Buffer out = pass(harness, feed.next());
        ASSERT_NE(out, nullptr);
        EXPECT_EQ(pictureOf(out, feed.info()), invertedBits(feed.info(), drawn(feed.info(), 1)));
        EXPECT_EQ(harness.stat("in-place"), 1U);
    }
    ElementHarness harness("cudazerocopy kernel=invert", feed.caps());
    const Buffer out = pass(harness, feed.next());
    ASSERT_NE(out, nullptr);
    EXPECT_EQ(harness.stat("copied"), 1U);
    EXPECT_EQ(pictureOf(out, feed.info()), invertedBits(feed.info(), drawn(feed.info(), 2)));
}

// With a GPU of its own, NVIDIA's decoder hands out copies.
TEST_F(Nvmm, DecodersCudaMemoryDoesNot)
{
    nvmm_test::Settings settings = surfaces(kDevice);
    settings.producer = Producer::Decoder;
    NvmmFeed feed(settings, nvmmCaps("NV12"));
    ElementHarness harness("cudazerocopy kernel=invert zero-copy=required", feed.caps());
    EXPECT_NE(pass(harness, feed.next()), nullptr);
    EXPECT_EQ(harness.stat("in-place"), 1U);
}

TEST_F(Nvmm, SaysWhyThereIsNoSurfaceToCopyInto)
{
    NvmmFeed feed(surfaces(kDevice), nvmmCaps("NV12"));
    ElementHarness harness("cudazerocopy kernel=invert", feed.caps());
    const Buffer source = feed.next();
    zc_nvbuf_fail("NvBufSurfaceCreate", 0);
    EXPECT_EQ(harness.push(sharing(source)), GST_FLOW_ERROR);
    const std::string error = onlyError(harness);
    EXPECT_TRUE(contains(error, "NvBufSurfaceCreate") && contains(error, "64x48")) << error;
}

} // namespace
} // namespace zc::test
