// SPDX-License-Identifier: MIT
// Which GPU an element runs on, and when it touches the driver at all.
#include "fake_gpu.hpp"

namespace zc::test {
namespace {

class CudaDevice : public FakeGpu {
protected:
    CudaDevice()
    {
        zc_fake_set_devices(2);
        zc_fake_set_name(1, "Second GPU");
    }
    // Opens the driver, which looks only once.
    static void SetUpTestSuite()
    {
        zc_fake_reset();
        zc_fake_set_devices(2);
        const Alone alone("cudazerocopy device=cuda");
        ASSERT_NE(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    }
};

TEST_F(CudaDevice, IsNamedBeforeTheFirstFrame)
{
    const ElementHarness h("cudazerocopy device=cuda cuda-device-id=1", kSmall);
    const std::string device = statTextOf(h.element(), "device");
    EXPECT_TRUE(contains(device, "GPU 1")) << device;
    EXPECT_TRUE(contains(device, "Second GPU")) << device;
    EXPECT_EQ(zc_fake_live("context"), 0U) << "no context before there is something to do";
}

TEST_F(CudaDevice, IsTheOneAskedFor)
{
    for (const char *id : {"cuda-device-id=1", "gpu-id=1"}) {
        ElementHarness h(std::string("cudazerocopy kernel=invert device=cuda ") + id, kSmall);
        pushFrames(h, kSmall, 2);
        const std::string device = statTextOf(h.element(), "device");
        EXPECT_TRUE(contains(device, "cuda, GPU 1, Second GPU")) << device;
    }
}

TEST_F(CudaDevice, IsTheFirstIfNoneIsNamed)
{
    ElementHarness h("cudazerocopy kernel=invert device=cuda", kSmall);
    pushFrames(h, kSmall, 1);
    EXPECT_TRUE(contains(statTextOf(h.element(), "device"), "GPU 0"));
}

TEST_F(CudaDevice, ThatIsNotThereIsAnErrorThatSaysHowManyThereAre)
{
    const Alone alone("cudazerocopy device=cuda cuda-device-id=5");
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    const auto errors = textsOf(alone.bus.get(), GST_MESSAGE_ERROR);
    ASSERT_EQ(errors.size(), 1U) << lines(errors);
    EXPECT_TRUE(contains(errors[0], "cuda-device-id=5")) << errors[0];
    EXPECT_TRUE(contains(errors[0], "2 GPUs (0 to 1)")) << errors[0];
}

TEST_F(CudaDevice, IsLeftAloneByAutoOnSystemMemory)
{
    ElementHarness h("cudazerocopy kernel=invert", kSmall);
    pushFrames(h, kSmall, 3);
    EXPECT_EQ(zc_fake_calls_total(), 0U);
    EXPECT_EQ(statTextOf(h.element(), "device").rfind("cpu", 0), 0U);
    EXPECT_EQ(h.posted(GST_MESSAGE_WARNING).size(), 0U);
}

TEST_F(CudaDevice, NamedInAutoIsLookedForAndNotUsedOnSystemMemory)
{
    ElementHarness h("cudazerocopy kernel=invert cuda-device-id=1", kSmall);
    pushFrames(h, kSmall, 3);
    EXPECT_EQ(zc_fake_launches(nullptr), 0U);
    EXPECT_EQ(h.posted(GST_MESSAGE_WARNING).size(), 0U);
}

TEST_F(CudaDevice, TimeOfTheGpuIsInTheStats)
{
    ElementHarness h("cudazerocopy kernel=invert device=cuda", kSmall);
    pushFrames(h, kSmall, 5);
    EXPECT_GT(zc_fake_calls("cuEventElapsedTime"), 0U);
    for (const char *field : {"gpu-time-mean", "gpu-time-p50", "gpu-time-p99", "gpu-time-max"})
        EXPECT_LE(h.stat(field), h.stat("gpu-time-max")) << field;
}

TEST_F(CudaDevice, RunsAgainAfterAStop)
{
    ElementHarness h("cudazerocopy kernel=box-blur device=cuda", kSmall);
    for (int life = 0; life < 3; ++life) {
        pushFrames(h, kSmall, 2);
        EXPECT_GT(h.stat("scratch-bytes"), 0U);
        EXPECT_EQ(h.stat("in-place"), 2U);
        gst_element_set_state(h.element(), GST_STATE_READY);
        EXPECT_EQ(zc_fake_live(nullptr), 0U) << zc_fake_live_text();
        gst_element_set_state(h.element(), GST_STATE_PLAYING);
        gst_harness_set_src_caps_str(h.get(), kSmall);
    }
}

} // namespace
} // namespace zc::test
