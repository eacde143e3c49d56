// SPDX-License-Identifier: MIT
// A driver that is there and no GPU that can be used: the reason in one error with device=cuda, one warning and the
// right pixels in auto. No test here may find a GPU, since an opened driver stays open.
#include "fake_gpu.hpp"

#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <functional>

namespace {
bool libraryIsMissing = false;
} // namespace

// Takes the C library's place, to hide the driver from the plugin.
extern "C" __attribute__((visibility("default"))) void *dlopen(const char *name, int flags)
{
    using Open = void *(*)(const char *, int);
    static const auto real = reinterpret_cast<Open>(dlsym(RTLD_NEXT, "dlopen"));
    const bool hidden = libraryIsMissing && name && std::strcmp(name, "libcuda.so.1") == 0;
    return real(hidden ? "libcuda.so.1-that-is-not-there" : name, flags);
}

namespace zc::test {
namespace {

// The stand-in reads the environment when it is reset.
void see(const char *devices)
{
    setenv("CUDA_VISIBLE_DEVICES", devices, 1);
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
    ~Absent() override
    {
        unsetenv("CUDA_VISIBLE_DEVICES");
        libraryIsMissing = false;
    }
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

// Where no driver is installed, nobody counts on a GPU: the log tells it, not the bus.
TEST_P(Absent, IsOneWarningAStartAndTheCpuInAuto)
{
    ElementHarness h("cudazerocopy kernel=invert", "");
    for (int start = 0; start < 2; ++start) {
        LogCapture log;
        gst_element_set_state(h.element(), GST_STATE_NULL);
        (void)h.posted(GST_MESSAGE_ANY);
        gst_element_set_state(h.element(), GST_STATE_PLAYING);
        gst_harness_set_src_caps_str(h.get(), rawCaps("GRAY8", 4, 4).c_str());
        EXPECT_TRUE(allBytesAre(pass(h, filled(16, 0x10)), 0xef));
        EXPECT_TRUE(allBytesAre(pass(h, filled(16, 0x20)), 0xdf));
        const auto warnings = h.posted(GST_MESSAGE_WARNING);
        ASSERT_EQ(warnings.size(), libraryIsMissing ? 0U : 1U);
        const std::string logged = log.take(), text = libraryIsMissing ? logged : warnings[0].text;
        for (const char *part : {"the CPU does the work", GetParam().why, "device=cpu"}) {
            EXPECT_TRUE(contains(text, part)) << text;
            EXPECT_TRUE(contains(logged, part)) << logged;
        }
        EXPECT_EQ(logged.find(GetParam().why), logged.rfind(GetParam().why)) << logged;
        EXPECT_EQ(statTextOf(h.element(), "device").rfind("cpu", 0), 0U);
    }
}

TEST_P(Absent, IsOneWarningAndTheCpuInAutoWhereItIsNamed)
{
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
    {"Hidden", [] { see(""); }, "CUDA_VISIBLE_DEVICES is set and empty"},
    {"HiddenByNumber", [] { see("7"); }, "CUDA_VISIBLE_DEVICES is \"7\""},
    {"DriverMismatch", [] { zc_fake_fail("cuInit", 0, 803); }, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"},
    {"NoLibrary", [] { libraryIsMissing = true; }, "no NVIDIA driver: looked for libcuda.so.1"},
};

INSTANTIATE_TEST_SUITE_P(Machines, Absent, testing::ValuesIn(kMachines),
                         [](const auto &test) { return std::string(test.param.name); });

} // namespace
} // namespace zc::test
