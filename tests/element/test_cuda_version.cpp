// SPDX-License-Identifier: MIT
// A plugin in another GStreamer than it was built for: gstcuda, whose ABI changes, is left alone. The element is linked
// into the test, which can thus claim another version.
#include "compat.hpp"
#include "cuda_rig.hpp"
#include "fake_cuda.h"
#include "gstcudazerocopy.h"
#include "memory/cuda_memory.hpp"
#include "rig.hpp"

#include <gtest/gtest.h>

namespace zc::test {
namespace {

constexpr const char *kCudaCaps = "video/x-raw(memory:CUDAMemory),format=NV12,width=64,height=32,framerate=30/1";

class CudaVersion : public testing::Test {
protected:
    CudaVersion()
    {
        static const bool known = GST_ELEMENT_REGISTER(cudazerocopy, nullptr);
        EXPECT_TRUE(known);
        zc_fake_reset();
        gst::setRunningVersion([](guint *major, guint *minor, guint *micro, guint *nano) {
            *major = gst::kBuiltMajor;
            *minor = gst::kBuiltMinor + 2;
            *micro = *nano = 0;
        });
    }
    ~CudaVersion() override { gst::setRunningVersion(nullptr); }
};

TEST_F(CudaVersion, CudaMemoryIsNotOfferedAndOneWarningSaysWhy)
{
    ElementHarness h("cudazerocopy kernel=invert", "");
    const auto warnings = h.posted(GST_MESSAGE_WARNING);
    ASSERT_EQ(warnings.size(), 1U);
    const std::string built = "1." + std::to_string(gst::kBuiltMinor);
    const std::string runs = "1." + std::to_string(gst::kBuiltMinor + 2);
    EXPECT_NE(warnings[0].text.find(built + " "), std::string::npos) << warnings[0].text;
    EXPECT_NE(warnings[0].text.find(runs + ","), std::string::npos) << warnings[0].text;

    const CapsPtr cuda = capsFrom(kCudaCaps);
    GstCaps *offered = gst_pad_peer_query_caps(h.get()->srcpad, nullptr);
    EXPECT_FALSE(gst_caps_can_intersect(offered, cuda.get()));
    gst_caps_unref(offered);
    EXPECT_EQ(gst::makeCudaMemoryImporter({h.element(), gst::Device::Auto, -1, nullptr, nullptr}), nullptr);
    EXPECT_EQ(zc_fake_calls("cuCtxCreate_v2"), 0U);
}

TEST_F(CudaVersion, CudaCapsAreOneErrorAndSystemMemoryWorks)
{
    {
        ElementHarness h("cudazerocopy kernel=invert", "");
        const CapsPtr cuda = capsFrom(kCudaCaps);
        offer(h.get(), cuda.get());
        const auto errors = h.posted(GST_MESSAGE_ERROR);
        ASSERT_EQ(errors.size(), 1U);
        EXPECT_NE(errors[0].text.find("built for GStreamer"), std::string::npos) << errors[0].text;
    }
    ElementHarness h("cudazerocopy kernel=invert", rawCaps("GRAY8", 16, 16));
    EXPECT_TRUE(allBytesAre(pass(h, filled(256, 0x0f)), 0xf0));
}

TEST_F(CudaVersion, TheSameVersionIsUsable)
{
    gst::setRunningVersion(nullptr);
    EXPECT_TRUE(gst::cudaMemoryUsable().ok());
    ElementHarness h("cudazerocopy kernel=invert", "");
    EXPECT_TRUE(h.posted(GST_MESSAGE_WARNING).empty());
}

} // namespace
} // namespace zc::test
