// SPDX-License-Identifier: MIT
// A driver that sees no GPU: CUDAMemory is not offered where the element may choose, and whoever sends it is told why.
#include "caps.hpp"
#include "fake_cuda.h"
#include "rig.hpp"

#include <gtest/gtest.h>

namespace zc::test {
namespace {

constexpr const char *kCudaCaps = "video/x-raw(memory:CUDAMemory),format=NV12,width=64,height=32,framerate=30/1";

bool offersCuda(GstElement *element)
{
    GstPad *pad = gst_element_get_static_pad(element, "sink");
    GstCaps *caps = gst_pad_query_caps(pad, nullptr);
    const CapsPtr cuda = capsFrom(kCudaCaps);
    const bool offers = gst_caps_can_intersect(caps, cuda.get());
    gst_caps_unref(caps);
    gst_object_unref(pad);
    return offers;
}

TEST(NoGpu, MakingAndLinkingTouchesNoDriver)
{
    zc_fake_reset();
    const Alone alone;
    EXPECT_TRUE(offersCuda(alone.get())) << "the template lists it, and nothing was looked up";
    EXPECT_EQ(zc_fake_calls_total(), 0U);
}

TEST(NoGpu, AutoOffersNoCudaMemoryAndWorks)
{
    const Alone alone;
    gst_element_set_state(alone.get(), GST_STATE_READY);
    EXPECT_FALSE(offersCuda(alone.get()));
    const unsigned long before = zc_fake_calls_total();
    EXPECT_FALSE(offersCuda(alone.get()));
    EXPECT_EQ(zc_fake_calls_total(), before) << "asked again";

    ElementHarness h("cudazerocopy kernel=invert", rawCaps("GRAY8", 16, 16));
    EXPECT_TRUE(allBytesAre(pass(h, filled(256, 0x0f)), 0xf0));
}

TEST(NoGpu, CudaCapsAreOneErrorThatSaysWhy)
{
    ElementHarness h("cudazerocopy kernel=invert", "");
    const CapsPtr caps = capsFrom(kCudaCaps);
    offer(h.get(), caps.get());
    gst_harness_push_event(h.get(), gst_event_new_caps(caps.get()));
    const auto errors = h.posted(GST_MESSAGE_ERROR);
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_NE(errors[0].text.find("GPU"), std::string::npos) << errors[0].text;
}

} // namespace
} // namespace zc::test
