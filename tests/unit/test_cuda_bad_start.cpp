// SPDX-License-Identifier: MIT
// What is wrong before or beneath the CUDA backend: no driver, no GPU, an old driver, a GPU that is not there, things
// that somebody destroyed. One error each, which names what was looked for and what to do.
#include "fake_cuda.h"
#include "in_child.hpp"
#include "real_dlsym.hpp"

#include "backend/cuda_backend.hpp"
#include "cuda/embedded.hpp"
#include "cuda/handles.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <dlfcn.h>
#include <string>

namespace {
bool libraryIsMissing = false;
const char *missingFunction = "";
} // namespace

// Takes the C library's place, to hide the driver.
extern "C" void *dlopen(const char *name, int flags)
{
    using Open = void *(*)(const char *, int);
    static const auto real = reinterpret_cast<Open>(dlsym(RTLD_NEXT, "dlopen"));
    const bool hidden = libraryIsMissing && name && std::string(name) == "libcuda.so.1";
    return real(hidden ? "libcuda.so.1-that-is-not-there" : name, flags);
}

// The same for one function of it.
extern "C" void *dlsym(void *library, const char *name)
{
    static const auto real = zc::test::realDlsym();
    return std::string(name) == missingFunction ? nullptr : real(library, name);
}

namespace {

using zc::Code;
using zc::Status;
using namespace zc::cuda;

// "CODE message" of what the body says, in a process of its own, then anything misused or left.
template <class Body> std::string told(Body body)
{
    const auto child = zc::test::inChild([&] {
        const Status status = body();
        return std::to_string(static_cast<int>(status.code())) + " " + status.message() + zc_fake_misuse() +
               zc_fake_live_text();
    });
    return child.status == 0 ? child.text : "the child ended with " + std::to_string(child.status) + child.text;
}

std::string codeText(Code code)
{
    return std::to_string(static_cast<int>(code)) + " ";
}

void expectTold(const std::string &text, Code code, std::initializer_list<const char *> parts)
{
    EXPECT_EQ(text.rfind(codeText(code), 0), 0u) << text;
    for (const char *part : parts)
        EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" is not in: " << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text; // misuse and leaks end in one
}

zc::Frame frameAt(Address address, int device = 0)
{
    zc::Frame frame;
    frame.format = zc::Format::Rgba;
    frame.width = 32;
    frame.height = 16;
    frame.memory = zc::MemoryKind::Cuda;
    frame.device = device;
    zc::setPlaneSizes(frame);
    frame.planes[0].data = reinterpret_cast<void *>(address);
    frame.planes[0].pitch = 128;
    return frame;
}

constexpr std::size_t kFrameBytes = 128 * 16;

Status run(zc::Backend &backend, const zc::Frame &frame, const char *kernel = "invert")
{
    const zc::KernelInfo *info = zc::findKernel(kernel);
    const zc::ParamValues params(info->params);
    zc::Launch launch;
    launch.kernel = info;
    launch.params = &params;
    return backend.run(frame, launch);
}

Status made(const zc::CudaOptions &options = {})
{
    return zc::makeCudaBackend(options).status();
}

TEST(BadStart, NoLibrary)
{
    expectTold(told([] {
                   libraryIsMissing = true;
                   return made();
               }),
               Code::NotFound, {"no NVIDIA driver", "libcuda.so.1", "device=cpu"});
}

TEST(BadStart, NoDevice)
{
    expectTold(told([] {
                   zc_fake_set_devices(0);
                   return made();
               }),
               Code::NotFound, {"no GPU", "device=cpu"});
}

TEST(BadStart, EveryDeviceHidden)
{
    expectTold(told([] {
                   setenv("CUDA_VISIBLE_DEVICES", "", 1);
                   zc_fake_reset();
                   return made();
               }),
               Code::NotFound, {"CUDA_VISIBLE_DEVICES", "hides every GPU", "unset it"});
}

TEST(BadStart, BrokenDriver)
{
    expectTold(told([] {
                   zc_fake_fail("cuInit", 0, kSystemDriverMismatch);
                   return made();
               }),
               Code::Gpu, {"cuInit", "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "nvidia-smi", "device=cpu"});
}

TEST(BadStart, DriverTooOld)
{
    expectTold(told([] {
                   zc_fake_set_driver_version(11000);
                   return made();
               }),
               Code::Unsupported, {"11.0", "11.2 or later", "update the driver", "device=cpu"});
}

TEST(BadStart, NeededFunctionMissing)
{
    expectTold(told([] {
                   missingFunction = "cuLaunchKernel";
                   return made();
               }),
               Code::Unsupported, {"libcuda.so.1 has no cuLaunchKernel", "too old", "update it", "device=cpu"});
}

struct Lack {
    const char *function;
    Group group;
    const char *use;
};

constexpr Lack kLacks[] = {
    {"cuMemcpy2DAsync_v2", Group::Copies, "copies"},
    {"cuSurfObjectCreate", Group::Arrays, "CUDA arrays"},
    {"cuPointerGetAttribute", Group::Pointers, "address"},
    {"cuGraphicsEGLRegisterImage", Group::Egl, "EGLImages"},
    {"cuGraphicsUnregisterResource", Group::Egl, "EGLImages"},
    {"cuGraphicsGLRegisterImage", Group::Gl, "OpenGL"},
    {"cuGraphicsUnregisterResource", Group::Gl, "OpenGL"},
    {"cuMemGetHandleForAddressRange", Group::Export, "dmabufs"},
};

// Everything else goes on, and who asks for the group is told.
TEST(BadStart, GroupOfFunctionsMissing)
{
    for (const Lack &lack : kLacks)
        expectTold(told([&] {
                       missingFunction = lack.function;
                       if (Status works = made(); !works.ok())
                           return works;
                       const Driver &d = *driver().value();
                       const bool null = !d.graphicsEglRegisterImage && !d.graphicsResourceGetMappedEglFrame;
                       if (lack.group == Group::Egl && !null)
                           return Status(Code::System, "a part of the group is there");
                       return need(d, lack.group);
                   }),
                   Code::Unsupported, {lack.function, lack.use, "update the driver", "13.0"});
}

TEST(BadStart, EveryGroupIsThere)
{
    expectTold(told([] {
                   if (Status works = made(); !works.ok())
                       return works;
                   for (std::size_t i = 0; i < kGroups; ++i)
                       if (Status whole = need(*driver().value(), static_cast<Group>(i)); !whole.ok())
                           return whole;
                   return driver().value()->graphicsUnregisterResource ? Status() : Status(Code::System, "null");
               }),
               Code::Ok, {});
}

TEST(BadStart, NoSuchDevice)
{
    for (const int device : {2, 99, -1})
        expectTold(told([&] {
                       zc_fake_set_devices(2);
                       zc::CudaOptions options;
                       options.device = device;
                       return made(options);
                   }),
                   Code::InvalidArgument,
                   {("there is no GPU " + std::to_string(device)).c_str(), "2 GPUs (0 to 1)", "cuda-device-id",
                    "nvidia-smi -L"});
}

// The driver cannot run what nvcc made, and there is no compiler that could make something else.
void expectImageRefused(void (*machine)(), const char *error)
{
    if (embeddedImages().empty())
        GTEST_SKIP() << "built without nvcc: there is no image to refuse";
    expectTold(told([&] {
                   setenv("CUDAZEROCOPY_NVRTC", "/nonexistent/libnvrtc.so", 1);
                   setenv("XDG_CACHE_HOME", "/nonexistent", 1);
                   machine();
                   auto backend = zc::makeCudaBackend();
                   auto context = PrimaryContext::retain(0);
                   if (!backend || !context)
                       return Status(Code::Ok, "no backend");
                   const ContextGuard guard(context.value().get());
                   auto memory = allocate(context.value().get(), kFrameBytes);
                   return memory ? run(*backend.value(), frameAt(memory.value().get())) : memory.status();
               }),
               Code::NotFound, {"invert", error, "libnvrtc.so", "-Dcuda-arch"});
}

TEST(BadStart, DriverOlderThanTheToolkit)
{
    expectImageRefused([] { zc_fake_set_driver_version(12040); }, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION");
}

TEST(BadStart, DriverThatCannotReadTheImages)
{
    expectImageRefused([] { zc_fake_fail("cuModuleLoadData", 1, 200); }, "CUDA_ERROR_INVALID_IMAGE");
}

TEST(BadStart, GpuOlderThanTheImages)
{
    expectImageRefused(
        [] {
            zc_fake_set_attribute(0, kComputeMajor, 5);
            zc_fake_set_attribute(0, kComputeMinor, 2);
        },
        "CUDA_ERROR_NO_BINARY_FOR_GPU");
}

// With a backend and one frame of its context.
template <class Body> std::string toldWithFrame(Body body)
{
    return told([&] {
        auto context = PrimaryContext::retain(0);
        if (!context)
            return context.status();
        const ContextGuard guard(context.value().get());
        auto memory = allocate(context.value().get(), kFrameBytes);
        auto backend = zc::makeCudaBackend();
        if (!memory || !backend)
            return Status(Code::Ok, "no memory or backend");
        return body(*backend.value(), frameAt(memory.value().get()));
    });
}

class BadMachine : public testing::Test {
protected:
    void SetUp() override
    {
        if (embeddedImages().empty())
            GTEST_SKIP() << "built without nvcc: there is no image to load";
    }
};

TEST_F(BadMachine, OutOfMemory)
{
    expectTold(toldWithFrame([](zc::Backend &backend, const zc::Frame &frame) {
                   zc_fake_fail("cuMemAlloc_v2", 0, kOutOfMemory);
                   return run(backend, frame, "box-blur");
               }),
               Code::Gpu,
               {"cuMemAlloc", "CUDA_ERROR_OUT_OF_MEMORY", " bytes", "close other programs", "nvidia-smi", "smaller",
                "device=cpu"});
}

TEST_F(BadMachine, WorksAgainWhenThereIsMemory)
{
    expectTold(toldWithFrame([](zc::Backend &backend, const zc::Frame &frame) {
                   zc_fake_fail("cuMemAlloc_v2", 1, kOutOfMemory);
                   if (run(backend, frame, "box-blur").ok())
                       return Status(Code::System, "nothing failed");
                   Status again = run(backend, frame, "box-blur");
                   return again.ok() ? backend.wait() : again;
               }),
               Code::Ok, {});
}

TEST_F(BadMachine, LostContext)
{
    expectTold(toldWithFrame([](zc::Backend &backend, const zc::Frame &frame) {
                   if (Status ran = run(backend, frame); !ran.ok())
                       return ran;
                   zc_fake_lose(719);
                   const Status lost = backend.wait();
                   const unsigned long calls = zc_fake_calls_total();
                   for (int i = 0; i < 100; ++i)
                       if (run(backend, frame).code() != Code::GpuLost)
                           return Status(Code::System, "a lost GPU works");
                   return zc_fake_calls_total() == calls ? lost : Status(Code::System, "the driver was asked again");
               }),
               Code::GpuLost, {"CUDA_ERROR_LAUNCH_FAILED", "start the program again"});
}

TEST_F(BadMachine, FrameOfAnotherGpu)
{
    expectTold(toldWithFrame([](zc::Backend &backend, const zc::Frame &frame) {
                   zc::Frame other = frame;
                   other.device = 1;
                   return run(backend, other);
               }),
               Code::Unsupported, {"GPU 1", "GPU 0", "cuda-device-id=1"});
}

TEST_F(BadMachine, FrameOfAnotherContext)
{
    expectTold(toldWithFrame([](zc::Backend &backend, const zc::Frame &frame) {
                   zc::Frame other = frame;
                   int somewhere = 0;
                   other.context = &somewhere;
                   return run(backend, other);
               }),
               Code::Unsupported, {"another CUDA context"});
}

TEST_F(BadMachine, StreamDestroyedUnderUs)
{
    const std::string text = told([] {
        auto context = PrimaryContext::retain(0);
        if (!context)
            return context.status();
        const ContextGuard guard(context.value().get());
        auto memory = allocate(context.value().get(), kFrameBytes);
        auto stream = makeStream(context.value().get());
        if (!memory || !stream)
            return Status(Code::Ok, "no memory or stream");
        zc::CudaOptions options;
        options.context = context.value().get();
        options.stream = stream.value().get();
        auto backend = zc::makeCudaBackend(options);
        stream.value().reset();
        return backend ? run(*backend.value(), frameAt(memory.value().get())) : backend.status();
    });
    EXPECT_EQ(text.rfind(codeText(Code::Gpu) + "cuLaunchKernel failed: CUDA_ERROR_INVALID_HANDLE", 0), 0u) << text;
    EXPECT_NE(text.find("restart the pipeline"), std::string::npos) << text;
    EXPECT_NE(text.find("the element that made it"), std::string::npos) << text;
    // The driver notices it at each call with that stream; nothing is left behind.
    EXPECT_EQ(text.find("of context"), std::string::npos) << text;
}

TEST_F(BadMachine, ContextDestroyedUnderUs)
{
    const std::string text = told([] {
        auto context = PrimaryContext::retain(0);
        if (!context)
            return context.status();
        zc::CudaOptions options;
        options.context = context.value().get();
        auto backend = zc::makeCudaBackend(options);
        {
            const PrimaryContext gone = std::move(context.value());
        }
        return backend ? run(*backend.value(), frameAt(0x1000)) : backend.status();
    });
    EXPECT_EQ(text.rfind(codeText(Code::Gpu) + "cuCtxPushCurrent failed: CUDA_ERROR_INVALID_CONTEXT", 0), 0u) << text;
    EXPECT_NE(text.find("restart the pipeline"), std::string::npos) << text;
    EXPECT_EQ(text.find("of device"), std::string::npos) << text; // nothing is alive
}

} // namespace
