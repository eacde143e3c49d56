// SPDX-License-Identifier: MIT
// What the element agrees to between what upstream offers and what downstream takes.
#include "negotiation.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <unistd.h>

namespace zc::test {
namespace {

class Negotiation : public testing::TestWithParam<std::tuple<const char *, NegotiationCase>> {};

TEST_P(Negotiation, Follows)
{
    const auto &[device, row] = GetParam();
    if (row.onGpu && std::string(device) == "auto" && access("/dev/nvidiactl", F_OK) == 0)
        GTEST_SKIP() << "a GPU is here, on which auto does take CUDA memory; the tests of CUDA memory have it";
    expectNegotiated(device, row, row.onGpu ? "" : row.expected);
}

INSTANTIATE_TEST_SUITE_P(Table, Negotiation,
                         testing::Combine(testing::Values("auto", "cpu"), testing::ValuesIn(negotiationCases())),
                         [](const auto &test) {
                             return std::string(std::get<0>(test.param)) + "_" + std::get<1>(test.param).name;
                         });

struct Refused {
    const char *name;
    std::string caps;
    std::size_t errors = 1;
};

// Caps that match the template, or at least one version's idea of it, and cannot be worked on.
TEST(RefusedCaps, NoBufferPasses)
{
    const Refused cases[] = {
        {"no size", "video/x-raw,format=NV12"},
        {"no format", "video/x-raw,width=64,height=48"},
        {"huge", "video/x-raw,format=NV12,width=2147483647,height=2147483647"},
        {"zero", "video/x-raw,format=NV12,width=0,height=48", 0},
        {"negative", "video/x-raw,format=NV12,width=-64,height=48", 0},
        {"size as text", "video/x-raw,format=NV12,width=(string)wide,height=48", 0},
        {"format as number", "video/x-raw,format=12,width=64,height=48", 0},
        {"no drm-format", "video/x-raw(memory:DMABuf),format=DMA_DRM,width=64,height=48"},
        {"alternate", "video/x-raw,format=NV12,width=64,height=48,interlace-mode=alternate"},
        {"fields apart", "video/x-raw,format=NV12,width=64,height=48,interlace-mode=fields"},
    };
    for (const Refused &test : cases) {
        ElementHarness harness("cudazerocopy kernel=invert", "");
        const CapsPtr caps = capsFrom(test.caps);
        ASSERT_NE(caps, nullptr) << test.name;
        offer(harness.get(), caps.get());
        EXPECT_NE(harness.push(gapFrame()), GST_FLOW_OK) << test.name;
        EXPECT_EQ(harness.pull(), nullptr) << test.name;
        // None where the base class refuses what the template does not list.
        EXPECT_EQ(harness.posted(GST_MESSAGE_ERROR).size(), test.errors) << test.name;
    }
}

TEST(Offer, TemplatesAreEqualAndDmabufComesBeforePlain)
{
    const Alone alone;
    const CapsPtr sink(gst_pad_query_caps(GST_PAD(alone.get()->sinkpads->data), nullptr));
    const CapsPtr src(gst_pad_query_caps(GST_PAD(alone.get()->srcpads->data), nullptr));
    EXPECT_TRUE(gst_caps_is_strictly_equal(sink.get(), src.get()));
    // Memory of GPUs comes before all; that of gstcuda where this build knows it.
    guint first = 0;
    while (first + 3 < gst_caps_get_size(sink.get()) &&
           !gst_caps_features_contains(gst_caps_get_features(sink.get(), first), "memory:DMABuf"))
        ++first;
    EXPECT_TRUE(gst_caps_features_contains(gst_caps_get_features(sink.get(), 0), "memory:NVMM"));
    ASSERT_EQ(gst_caps_get_size(sink.get()), first + 3);
    const GstStructure *drm = gst_caps_get_structure(sink.get(), first);
    EXPECT_STREQ(gst_structure_get_string(drm, "format"), "DMA_DRM");
    EXPECT_TRUE(gst_structure_has_field(drm, "drm-format")) << "without it, tiled layouts would be accepted";
    EXPECT_TRUE(gst_caps_features_contains(gst_caps_get_features(sink.get(), first), "memory:DMABuf"));
    EXPECT_TRUE(gst_caps_features_contains(gst_caps_get_features(sink.get(), first + 1), "memory:DMABuf"));
    EXPECT_TRUE(gst_caps_features_is_equal(gst_caps_get_features(sink.get(), first + 2),
                                           GST_CAPS_FEATURES_MEMORY_SYSTEM_MEMORY));
    const CapsPtr any(gst_caps_new_any());
    EXPECT_FALSE(gst_caps_is_subset(any.get(), sink.get()));
}

TEST(Offer, FilterComesFirst)
{
    ElementHarness harness("cudazerocopy", "");
    const CapsPtr filter = capsFrom("video/x-raw,format=YUY2;video/x-raw,format=NV12");
    const CapsPtr result(gst_pad_peer_query_caps(harness.get()->srcpad, filter.get()));
    ASSERT_EQ(gst_caps_get_size(result.get()), 2U);
    EXPECT_STREQ(gst_structure_get_string(gst_caps_get_structure(result.get(), 0), "format"), "YUY2");
    const CapsPtr empty(gst_caps_new_empty());
    EXPECT_TRUE(gst_caps_is_empty(CapsPtr(gst_pad_peer_query_caps(harness.get()->srcpad, empty.get())).get()));
}

bool driverIsHere()
{
    void *library = dlopen("libcuda.so.1", RTLD_LAZY);
    if (library != nullptr)
        dlclose(library);
    return library != nullptr;
}

// What it says with a driver is said in test_cuda_absent.cpp.
TEST(Device, CudaWithoutADriverIsAClearErrorAtStart)
{
    if (driverIsHere())
        GTEST_SKIP() << "this machine has an NVIDIA driver";
    const Alone alone("cudazerocopy device=cuda");
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    const auto errors = textsOf(alone.bus.get(), GST_MESSAGE_ERROR);
    ASSERT_EQ(errors.size(), 1U) << lines(errors);
    EXPECT_TRUE(contains(errors[0], "device=cuda")) << errors[0];
    EXPECT_TRUE(contains(errors[0], "looked for libcuda.so.1")) << errors[0];
    EXPECT_TRUE(contains(errors[0], "device=cpu")) << errors[0];
    gst_element_set_state(alone.get(), GST_STATE_NULL);
    set(alone.get(), "device", "cpu");
    EXPECT_NE(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
}

// A laptop that never had an NVIDIA GPU is told nothing.
TEST(Device, AutoWithoutADriverIsSilent)
{
    if (driverIsHere())
        GTEST_SKIP() << "this machine has an NVIDIA driver";
    ElementHarness harness("cudazerocopy kernel=invert", rawCaps("GRAY8", 4, 4));
    EXPECT_TRUE(allBytesAre(pass(harness, filled(16, 0x10)), 0xef));
    EXPECT_EQ(lines(textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_WARNING)), "");
}

TEST(Caps, ChangeWhilePlaying)
{
    ElementHarness harness("cudazerocopy kernel=invert", rawCaps("GRAY8", 4, 4));
    EXPECT_TRUE(allBytesAre(pass(harness, filled(16, 0x10)), 0xef));
    gst_harness_set_src_caps_str(harness.get(), rawCaps("GRAY8", 8, 2).c_str());
    EXPECT_TRUE(allBytesAre(pass(harness, filled(16, 0x20)), 0xdf));
    gst_harness_set_src_caps_str(harness.get(), rawCaps("Y444", 4, 4).c_str());
    const Buffer out = pass(harness, filled(48, 0x40));
    EXPECT_EQ(byteOf(out, 0), 16 + 235 - 0x40) << "luma in limited range";
    EXPECT_EQ(byteOf(out, 16), 256 - 0x40);
    EXPECT_EQ(byteOf(out, 47), 256 - 0x40);
}

} // namespace
} // namespace zc::test
