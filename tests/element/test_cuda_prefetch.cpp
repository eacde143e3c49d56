// SPDX-License-Identifier: MIT
// Kernels without code for the GPU, compiled before a frame needs them: with device=auto, too, as soon as CUDA memory
// is negotiated, and when the kernel changes. The driver and the compiler are stand-ins.
#include "cuda_rig.hpp"

#include "fake_cuda.h"
#include "fake_nvrtc.hpp"
#include "rig.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <dlfcn.h>
#include <thread>

namespace zc::test {
namespace {

constexpr int kWidth = 64, kHeight = 32;

class CudaPrefetch : public testing::Test {
protected:
    CudaPrefetch()
    {
        zc_fake_reset();
        Dl_info info{};
        dladdr(reinterpret_cast<void *>(&fakeNvrtc), &info);
        setenv("CUDAZEROCOPY_NVRTC", info.dli_fname, 1);
        setenv("CUDAZEROCOPY_IMAGES", "none", 1);
        unsetenv("XDG_CACHE_HOME");
        unsetenv("HOME"); // no cache
    }

    // Whether so many compilations are done before long.
    static bool compiles(int count)
    {
        for (int i = 0; i < 5000 && fakeNvrtc().compiled < count; ++i)
            g_usleep(1000);
        return fakeNvrtc().compiled == count;
    }
};

TEST_F(CudaPrefetch, BeginsWithTheCapsAndWithAnotherKernel)
{
    const std::string caps = cudaCaps("NV12", kWidth, kHeight);
    ElementHarness h("cudazerocopy kernel=invert", "");
    g_usleep(50000);
    EXPECT_EQ(fakeNvrtc().compiled, 0) << "auto has no use for a GPU yet";
    gst_harness_set_src_caps_str(h.get(), caps.c_str());
    EXPECT_TRUE(compiles(2)) << "the kernel, and that of copies";
    EXPECT_EQ(zc_fake_calls("cuModuleLoadData"), 0U) << "no frame has come";

    // A frame that needs no kernel tells of the change.
    const CudaContextPtr context = makeCudaContext();
    const CudaSource source(context.get(), caps);
    set(h.element(), "kernel", "gray");
    Buffer gap = source.acquire();
    GST_BUFFER_FLAG_SET(gap.get(), GST_BUFFER_FLAG_GAP);
    ASSERT_NE(pass(h, std::move(gap)), nullptr);
    EXPECT_TRUE(compiles(3));
    EXPECT_EQ(zc_fake_calls("cuModuleLoadData"), 0U);

    (void)h.push(source.acquire()); // ends in an error: there is no function in what the stand-in makes
    EXPECT_EQ(fakeNvrtc().compiled, 3) << "the frame found it ready";
    EXPECT_EQ(zc_fake_calls("cuModuleLoadData"), 1U);
}

TEST_F(CudaPrefetch, IsNotForSystemMemoryInAuto)
{
    const int before = fakeNvrtc().compiled;
    ElementHarness h("cudazerocopy kernel=flip", rawCaps("NV12", kWidth, kHeight));
    ASSERT_NE(pass(h, filled(infoOf(rawCaps("NV12", kWidth, kHeight)).size, 1)), nullptr);
    g_usleep(50000);
    EXPECT_EQ(fakeNvrtc().compiled, before);
}

// Compilations end when the test lets them.
struct HeldCompiler {
    HeldCompiler() { fakeNvrtc().delayMs = 600000; }
    ~HeldCompiler() { release(); }
    HeldCompiler(const HeldCompiler &) = delete;
    HeldCompiler &operator=(const HeldCompiler &) = delete;
    static void release() { fakeNvrtc().delayMs = 0; }
};

// A frame pushed on a thread of its own.
class PushedFrame {
public:
    PushedFrame(ElementHarness &h, const std::string &caps)
        : thread_([this, &h, caps] { flow_ = h.push(makeBuffer(infoOf(caps), {.name = ""}, 1)); })
    {}
    // It has its backend, and all that is left to do is to get the kernel.
    static void waitUntilItNeedsTheKernel()
    {
        while (zc_fake_calls("cuEventCreate") == 0)
            g_usleep(1000);
        g_usleep(50000);
    }
    GstFlowReturn end()
    {
        thread_.join();
        return flow_;
    }

private:
    GstFlowReturn flow_ = GST_FLOW_OK;
    std::thread thread_;
};

TEST_F(CudaPrefetch, AStopDoesNotWaitForIt)
{
    const std::string caps = rawCaps("NV12", kWidth, kHeight);
    const HeldCompiler compiler;
    ElementHarness h("cudazerocopy kernel=box-blur device=cuda", caps);
    PushedFrame frame(h, caps);
    PushedFrame::waitUntilItNeedsTheKernel();
    gst_element_set_state(h.element(), GST_STATE_READY);
    EXPECT_EQ(frame.end(), GST_FLOW_FLUSHING);
    EXPECT_EQ(h.posted(GST_MESSAGE_ERROR).size(), 0U);
    EXPECT_EQ(zc_fake_live(nullptr), 0U) << zc_fake_live_text();
}

TEST_F(CudaPrefetch, AFlushDoesNotWaitForItAndLaterFramesDo)
{
    const std::string caps = rawCaps("NV12", kWidth, kHeight);
    const HeldCompiler compiler;
    ElementHarness h("cudazerocopy kernel=pixelate device=cuda", caps);
    for (int round = 0; round < 2; ++round) {
        PushedFrame frame(h, caps);
        PushedFrame::waitUntilItNeedsTheKernel();
        gst_harness_push_event(h.get(), gst_event_new_flush_start());
        EXPECT_EQ(frame.end(), GST_FLOW_FLUSHING);
        gst_harness_push_event(h.get(), gst_event_new_flush_stop(TRUE));
        GstSegment segment;
        gst_segment_init(&segment, GST_FORMAT_TIME);
        gst_harness_push_event(h.get(), gst_event_new_segment(&segment));
    }
    EXPECT_EQ(h.posted(GST_MESSAGE_ERROR).size(), 0U);
    HeldCompiler::release();
    (void)h.push(makeBuffer(infoOf(caps), {.name = ""}, 2)); // there is no function in what the stand-in makes
    const auto errors = h.posted(GST_MESSAGE_ERROR);
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_TRUE(contains(errors[0].text, "cuModuleGetFunction")) << errors[0].text;
}

} // namespace
} // namespace zc::test
