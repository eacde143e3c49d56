// SPDX-License-Identifier: MIT
// How a kernel's code reaches a context, with stand-ins for the driver and for NVRTC: nvcc's image, or what is compiled
// at run time, ahead of need or not.
#include "cuda/modules.hpp"

#include "core/log.hpp"
#include "fake_cuda.h"
#include "fake_nvrtc.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <mutex>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace zc::cuda {
namespace {

namespace fs = std::filesystem;
using test::FakeNvrtc;
using test::fakeNvrtc;

std::mutex logMutex;
std::string logged;

void keepLog(LogLevel level, const char *text)
{
    const std::lock_guard lock(logMutex);
    if (level != LogLevel::Debug)
        logged += std::string(text) + "\n";
}

// What was compiled once stays for the life of the process, so each test runs in a process of its own.
class LoadKernelTest : public testing::Test {
protected:
    // Runs `body` in a child with the library freshly set up; its failures are told by its exit status.
    void inChild(void (*body)(Context))
    {
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0)
            runChild(body);
        int status = -1;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0) << "see the failures above";
    }

private:
    [[noreturn]] static void runChild(void (*body)(Context))
    {
        Dl_info info{};
        dladdr(reinterpret_cast<void *>(&fakeNvrtc), &info);
        setenv("CUDAZEROCOPY_NVRTC", fs::canonical(info.dli_fname).c_str(), 1);
        unsetenv("XDG_CACHE_HOME");
        unsetenv("HOME"); // no cache
        fakeNvrtc().reset();
        setLogSink(keepLog);
        EXPECT_TRUE(driver().ok());
        {
            auto primary = PrimaryContext::retain(0);
            EXPECT_TRUE(primary.ok());
            const ContextGuard guard(primary.value().get());
            body(primary.value().get());
        }
        EXPECT_STREQ(zc_fake_misuse(), "");
        EXPECT_EQ(zc_fake_live("module"), 0u) << zc_fake_live_text();
        std::fflush(nullptr);
        std::exit(testing::Test::HasFailure() ? 1 : 0); // with the library's own end
    }
};

TEST_F(LoadKernelTest, compilesWhenImagesAreNotWanted)
{
    inChild([](Context context) {
        setenv("CUDAZEROCOPY_IMAGES", "none", 1);
        const auto kernel = loadKernel(context, "invert");
        EXPECT_TRUE(kernel.ok()) << kernel.status().message();
        EXPECT_EQ(fakeNvrtc().compiled, 1);
        EXPECT_NE(fakeNvrtc().options.find("=sm_90"), std::string::npos) << fakeNvrtc().options;
        EXPECT_EQ(loadKernel(context, "invert").value(), kernel.value());
        EXPECT_EQ(zc_fake_live("module"), 1u);
    });
}

TEST_F(LoadKernelTest, keepsWhatItCompiledForOtherContexts)
{
    inChild([](Context context) {
        setenv("CUDAZEROCOPY_IMAGES", "none", 1);
        for (int i = 0; i < 2; ++i) {
            const auto kernel = loadKernel(context, "invert");
            EXPECT_TRUE(kernel.ok()) << kernel.status().message();
        }
        EXPECT_EQ(fakeNvrtc().compiled, 1);
        EXPECT_EQ(zc_fake_calls("cuModuleLoadData"), 2u);
    });
}

TEST_F(LoadKernelTest, compilesWhatTheGpuRefusesAndSaysSo)
{
    inChild([](Context context) {
        setenv("CUDAZEROCOPY_IMAGES", "none", 1);
        const bool images = loadKernel(context, "fill").ok() && (unsetenv("CUDAZEROCOPY_IMAGES"), true) &&
                            loadKernel(context, "flip").ok() && fakeNvrtc().compiled == 1;
        if (!images) { // built without nvcc
            EXPECT_EQ(fakeNvrtc().compiled, 2);
            return;
        }
        struct Refusal {
            const char *kernel;
            int error;
        };
        for (const auto [name, error] : {Refusal{"adjust", 200}, Refusal{"invert", 209}, Refusal{"gray", 222}}) {
            logged.clear();
            zc_fake_fail("cuModuleLoadData", 1, error);
            const auto kernel = loadKernel(context, name);
            EXPECT_TRUE(kernel.ok()) << kernel.status().message();
            EXPECT_NE(logged.find("cannot run the code of this build (cuModuleLoadData failed: CUDA_ERROR_"),
                      std::string::npos)
                << logged;
        }
        EXPECT_EQ(fakeNvrtc().compiled, 4);
        // Any other error is told, not worked around.
        zc_fake_fail("cuModuleLoadData", 1, 2);
        const auto failed = loadKernel(context, "pixelate");
        EXPECT_FALSE(failed.ok());
        EXPECT_NE(failed.status().message().find("OUT_OF_MEMORY"), std::string::npos) << failed.status().message();
        EXPECT_EQ(fakeNvrtc().compiled, 4);
    });
}

// The stand-in answers as drivers before CUDA 12.4 do, which cannot read zstd.
TEST_F(LoadKernelTest, zstdIsNoImageForAnOldDriver)
{
    inChild([](Context) {
        constexpr std::uint32_t kMagic = 0xba55ed50, kHeader = 0x00100001, kZstd = 0xfd2fb528;
        const std::array<std::uint32_t, 6> plain{kMagic, kHeader, 8, 0, 0, 0}, zstd{kMagic, kHeader, 8, 0, 0, kZstd};
        const Driver &d = *driverIfOpen();
        Module module = nullptr;
        zc_fake_set_driver_version(12030);
        EXPECT_EQ(d.moduleLoadData(&module, zstd.data()), 200);
        EXPECT_EQ(d.moduleLoadData(&module, plain.data()), 222);
        zc_fake_set_driver_version(12040);
        EXPECT_EQ(d.moduleLoadData(&module, zstd.data()), 222);
        zc_fake_set_driver_version(13000);
        EXPECT_EQ(d.moduleLoadData(&module, zstd.data()), kSuccess);
        EXPECT_EQ(d.moduleUnload(module), kSuccess);
    });
}

TEST_F(LoadKernelTest, saysWhatIsMissing)
{
    inChild([](Context context) {
        setenv("CUDAZEROCOPY_IMAGES", "none", 1);
        setenv("CUDAZEROCOPY_NVRTC", "/nowhere/libnvrtc.so", 1);
        const auto kernel = loadKernel(context, "invert");
        EXPECT_FALSE(kernel.ok());
        const std::string &text = kernel.status().message();
        for (const char *part : {"kernel \"invert\"", "no GPU code", "/nowhere/libnvrtc.so", "nvcc"})
            EXPECT_NE(text.find(part), std::string::npos) << part << ": " << text;
        EXPECT_FALSE(loadKernel(context, "no-such-kernel").ok());
    });
}

TEST_F(LoadKernelTest, tellsThatTheDriverIsOlderThanTheCompiler)
{
    inChild([](Context context) {
        setenv("CUDAZEROCOPY_IMAGES", "none", 1);
        zc_fake_fail("cuModuleLoadData", 1, 222);
        const auto kernel = loadKernel(context, "invert");
        EXPECT_FALSE(kernel.ok());
        EXPECT_NE(kernel.status().message().find("update the driver"), std::string::npos) << kernel.status().message();
    });
}

TEST_F(LoadKernelTest, compilesAheadOnceAndInTheBackground)
{
    inChild([](Context context) {
        setenv("CUDAZEROCOPY_IMAGES", "none", 1);
        fakeNvrtc().delayMs = 1000; // much longer than any machine takes for the next two lines
        for (int i = 0; i < 3; ++i)
            prefetchKernel(0, "invert");
        EXPECT_EQ(fakeNvrtc().compiled, 0) << "prefetchKernel() waited";
        EXPECT_TRUE(loadKernel(context, "invert").ok());
        EXPECT_EQ(fakeNvrtc().compiled, 1);
        fakeNvrtc().delayMs = 0;
        // One after the end of the thread's first work.
        usleep(20000);
        prefetchKernel(0, "flip");
        EXPECT_TRUE(loadKernel(context, "flip").ok());
        EXPECT_EQ(fakeNvrtc().compiled, 2);
        prefetchKernel(0, "no-such-kernel");
        EXPECT_FALSE(loadKernel(context, "no-such-kernel").ok());
    });
}

// What nobody waits for any more is compiled all the same, and found by who asks again.
TEST_F(LoadKernelTest, isInterruptedWhileItWaits)
{
    inChild([](Context context) {
        setenv("CUDAZEROCOPY_IMAGES", "none", 1);
        fakeNvrtc().delayMs = 600000;
        Interrupt interrupt;
        std::thread other([&] {
            while (fakeNvrtc().begun == 0)
                usleep(1000);
            interrupt.set();
        });
        EXPECT_EQ(loadKernel(context, "invert", &interrupt).status().code(), Code::Interrupted);
        other.join();
        EXPECT_EQ(loadKernel(context, "invert", &interrupt).status().code(), Code::Interrupted);
        fakeNvrtc().delayMs = 0;
        interrupt.clear();
        const auto kernel = loadKernel(context, "invert", &interrupt);
        EXPECT_TRUE(kernel.ok()) << kernel.status().message();
        EXPECT_EQ(fakeNvrtc().compiled, 1);
    });
}

TEST_F(LoadKernelTest, compilesFirstWhatIsWaitedFor)
{
    inChild([](Context context) {
        setenv("CUDAZEROCOPY_IMAGES", "none", 1);
        fakeNvrtc().delayMs = 600000;
        for (const char *ahead : {"invert", "gray", "flip"})
            prefetchKernel(0, ahead);
        while (fakeNvrtc().begun == 0)
            usleep(1000);
        Interrupt interrupt;
        interrupt.set();
        for (const char *now : {"fill", "flip"})
            EXPECT_EQ(loadKernel(context, now, &interrupt).status().code(), Code::Interrupted);
        fakeNvrtc().delayMs = 0;
        EXPECT_TRUE(loadKernel(context, "gray").ok());
        while (fakeNvrtc().compiled < 4)
            usleep(1000);
        EXPECT_EQ(fakeNvrtc().sources.find("backend/device_op_invert.cu "), 0u) << fakeNvrtc().sources;
        const auto at = [](const char *kernel) { return fakeNvrtc().sources.find(kernel); };
        EXPECT_TRUE(at("flip") < at("fill") && at("fill") != std::string::npos) << fakeNvrtc().sources;
    });
}

// Which GPU it is for, before anything is compiled.
TEST_F(LoadKernelTest, tellsWhatTheDriverWouldNotSay)
{
    inChild([](Context context) {
        setenv("CUDAZEROCOPY_IMAGES", "none", 1);
        for (const char *call : {"cuCtxGetDevice", "cuDeviceGetAttribute"}) {
            zc_fake_fail(call, 1, 999);
            const auto kernel = loadKernel(context, "invert");
            EXPECT_FALSE(kernel.ok());
            EXPECT_NE(kernel.status().message().find(std::string(call) + " failed: CUDA_ERROR_UNKNOWN"),
                      std::string::npos)
                << kernel.status().message();
        }
        EXPECT_TRUE(loadKernel(context, "invert").ok());
        EXPECT_EQ(fakeNvrtc().compiled, 1);
        // Ahead of need nobody is told: that is left to the first frame.
        for (const char *call : {"cuDeviceGet", "cuDeviceGetAttribute"}) {
            zc_fake_fail(call, 1, 999);
            prefetchKernel(0, "flip");
        }
        EXPECT_EQ(zc_fake_failures(), 4u);
        EXPECT_TRUE(loadKernel(context, "flip").ok());
        EXPECT_EQ(fakeNvrtc().compiled, 2);
    });
}

TEST_F(LoadKernelTest, endsWhileItCompiles)
{
    const auto before = std::chrono::steady_clock::now();
    inChild([](Context) {
        setenv("CUDAZEROCOPY_IMAGES", "none", 1);
        fakeNvrtc().delayMs = 30000;
        prefetchKernel(0, "invert");
        prefetchKernel(0, "gray");
        usleep(20000);
    });
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(20)) << "the end waited for all of it";
}

// That an image is refused shows when the first one is loaded; from then on its like are compiled ahead.
TEST_F(LoadKernelTest, compilesAheadWhereImagesAreRefused)
{
    inChild([](Context context) {
        zc_fake_fail("cuModuleLoadData", 1, 222);
        zc_fake_fail("cuModuleLoadData", 3, 222);
        (void)loadKernel(context, "invert");
        EXPECT_EQ(fakeNvrtc().compiled, 1);
        prefetchKernel(0, "gray");
        while (fakeNvrtc().compiled < 2)
            usleep(1000);
        (void)loadKernel(context, "gray");
        EXPECT_EQ(fakeNvrtc().compiled, 2) << "it was compiled again, or for nothing";
    });
}

TEST_F(LoadKernelTest, usesNoCompilerWhereThereAreImages)
{
    inChild([](Context context) {
        prefetchKernel(0, "invert");
        EXPECT_TRUE(loadKernel(context, "invert").ok());
        EXPECT_LE(fakeNvrtc().compiled, 1); // 1: built without nvcc
        EXPECT_EQ(logged.find("cannot run"), std::string::npos) << logged;
    });
}

} // namespace
} // namespace zc::cuda
