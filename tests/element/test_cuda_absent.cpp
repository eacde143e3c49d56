// SPDX-License-Identifier: MIT
// A driver that is there and no GPU that can be used: the reason in one error with device=cuda, one warning and the
// right pixels in auto. No test here may find a GPU, since an opened driver stays open.
#include "fake_gpu.hpp"

#include <cstdlib>
#include <functional>

namespace zc::test {
namespace {

// The stand-in reads the environment when it is reset.
void hide()
{
    setenv("CUDA_VISIBLE_DEVICES", "", 1);
    zc_fake_reset();
}

struct Machine {
    const char *name;
    std::function<void()> break_;
    const char *why; // part of the message
};

class Absent : public FakeGpu, public testing::WithParamInterface<Machine> {
protected:
    Absent() { GetParam().break_(); }
    ~Absent() override { unsetenv("CUDA_VISIBLE_DEVICES"); }
};

TEST_P(Absent, IsOneErrorWithTheReasonWhereAGpuIsAskedFor)
{
    const Alone alone("cudazerocopy device=cuda");
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    const auto errors = textsOf(alone.bus.get(), GST_MESSAGE_ERROR);
    ASSERT_EQ(errors.size(), 1U) << lines(errors);
    EXPECT_TRUE(contains(errors[0], "device=cuda: ")) << errors[0];
    EXPECT_TRUE(contains(errors[0], GetParam().why)) << errors[0];
    EXPECT_TRUE(contains(errors[0], "device=cpu")) << errors[0];
    // The same element works once it is told to.
    gst_element_set_state(alone.get(), GST_STATE_NULL);
    set(alone.get(), "device", "cpu");
    EXPECT_NE(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
}

TEST_P(Absent, IsOneWarningAndTheCpuInAuto)
{
    // Said by name, so that a machine whose GPU only this driver does not see answers as well.
    ElementHarness h("cudazerocopy kernel=invert cuda-device-id=0", rawCaps("GRAY8", 4, 4));
    EXPECT_TRUE(allBytesAre(pass(h, filled(16, 0x10)), 0xef));
    EXPECT_TRUE(allBytesAre(pass(h, filled(16, 0x20)), 0xdf));
    const auto warnings = h.posted(GST_MESSAGE_WARNING);
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_TRUE(contains(warnings[0].text, "the CPU")) << warnings[0].text;
    EXPECT_TRUE(contains(warnings[0].text, GetParam().why)) << warnings[0].text;
    EXPECT_TRUE(contains(warnings[0].text, "device=cpu")) << warnings[0].text;
    EXPECT_EQ(statTextOf(h.element(), "device").rfind("cpu", 0), 0U);
}

TEST_P(Absent, IsNobodysBusinessOnTheCpu)
{
    ElementHarness h("cudazerocopy kernel=invert device=cpu cuda-device-id=0", rawCaps("GRAY8", 4, 4));
    EXPECT_TRUE(allBytesAre(pass(h, filled(16, 0x10)), 0xef));
    EXPECT_EQ(h.posted(GST_MESSAGE_WARNING).size(), 0U);
    EXPECT_EQ(zc_fake_calls_total(), 0U);
}

const Machine kMachines[] = {
    {"NoDevice", [] { zc_fake_set_devices(0); }, "finds no GPU"},
    {"InitSaysNoDevice", [] { zc_fake_fail("cuInit", 0, 100); }, "finds no GPU"},
    {"InitFails", [] { zc_fake_fail("cuInit", 0, 803); }, "cuInit failed"},
    {"CountFails", [] { zc_fake_fail("cuDeviceGetCount", 0, 999); }, "cuDeviceGetCount failed"},
    {"VersionFails", [] { zc_fake_fail("cuDriverGetVersion", 0, 999); }, "cuDriverGetVersion failed"},
    {"OldDriver", [] { zc_fake_set_driver_version(10020); }, "supports CUDA 10.2, but 11.2"},
    {"Hidden", hide, "CUDA_VISIBLE_DEVICES is set and empty"},
};

INSTANTIATE_TEST_SUITE_P(Machines, Absent, testing::ValuesIn(kMachines),
                         [](const auto &test) { return std::string(test.param.name); });

// Without a word about a GPU, only a driver that finds none is worth a warning.
TEST(Auto, WarnsOnceWhereADriverHasNoGpu)
{
    hide(); // as if a machine's GPU were not there
    {
        ElementHarness h("cudazerocopy kernel=invert", rawCaps("GRAY8", 4, 4));
        EXPECT_TRUE(allBytesAre(pass(h, filled(16, 0x10)), 0xef));
        const auto warnings = h.posted(GST_MESSAGE_WARNING);
        ASSERT_EQ(warnings.size(), 1U);
        EXPECT_TRUE(contains(warnings[0].text, "device=cpu")) << warnings[0].text;
    }
    unsetenv("CUDA_VISIBLE_DEVICES");
}

} // namespace
} // namespace zc::test
