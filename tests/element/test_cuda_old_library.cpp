// SPDX-License-Identifier: MIT
// A driver that this project can use and GStreamer's CUDA library cannot, since it lacks a function: CUDA memory is not
// offered, system memory works, and both are told why.
#include "fake_cuda.h"
#include "real_dlsym.hpp"
#include "rig.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <dlfcn.h>

// Takes the C library's place, to hide a function that only GStreamer looks for.
extern "C" __attribute__((visibility("default"))) void *dlsym(void *library, const char *name)
{
    static const auto real = zc::test::realDlsym();
    const bool hidden = std::strcmp(name, "cuMemAllocPitch_v2") == 0;
    return real(library, hidden ? "cuMemAllocPitch_that_is_not_there" : name); // GLib asks dlerror()
}

namespace zc::test {
namespace {

constexpr const char *kCudaCaps = "video/x-raw(memory:CUDAMemory),format=NV12,width=64,height=32,framerate=30/1";
constexpr const char *kWhy = "GStreamer's CUDA library cannot use this libcuda.so.1";

TEST(OldLibrary, AutoWarnsOnceAndWorksOnTheCpu)
{
    ElementHarness h("cudazerocopy kernel=invert", rawCaps("GRAY8", 4, 4));
    EXPECT_TRUE(allBytesAre(pass(h, filled(16, 0x10)), 0xef));
    const auto warnings = h.posted(GST_MESSAGE_WARNING);
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_TRUE(contains(warnings[0].text, kWhy)) << warnings[0].text;
    EXPECT_TRUE(contains(warnings[0].text, "update the driver")) << warnings[0].text;
    EXPECT_EQ(zc_fake_live(nullptr), 0U) << zc_fake_live_text();
}

TEST(OldLibrary, CudaCapsAreOneError)
{
    ElementHarness h("cudazerocopy kernel=invert", "");
    (void)h.posted(GST_MESSAGE_ANY);
    const CapsPtr caps = capsFrom(kCudaCaps);
    offer(h.get(), caps.get());
    const auto errors = h.posted(GST_MESSAGE_ERROR);
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_TRUE(contains(errors[0].text, kWhy)) << errors[0].text;
}

} // namespace
} // namespace zc::test
