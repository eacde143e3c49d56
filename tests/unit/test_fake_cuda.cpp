// SPDX-License-Identifier: MIT
// The stand-in driver itself: it must notice what the tests of everything above it rely on.
#include "fake_cuda.h"
#include "in_child.hpp"

#include "backend/device_job.hpp"
#include "cuda/driver.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <numeric>
#include <string>
#include <sys/mman.h>
#include <thread>
#include <vector>

namespace {

using namespace zc::cuda;

constexpr const char *kPtx = ".version 8.0\n.target sm_75\n.visible .entry zc_copy_pitch_pitch(\n.param .b8 p[64]\n)\n"
                             ".entry zc_rows_8_pitch(\n.entry other (\n";

class FakeCuda : public testing::Test {
protected:
    void SetUp() override
    {
        zc_fake_reset();
        const auto opened = driver();
        ASSERT_TRUE(opened.ok()) << opened.status().message();
        d = opened.value();
        ASSERT_EQ(d->primaryCtxRetain(&context, 0), kSuccess);
        ASSERT_EQ(d->ctxPushCurrent(context), kSuccess);
    }
    void TearDown() override
    {
        zc_fake_lose(0);
        Context popped = nullptr;
        EXPECT_EQ(d->ctxPopCurrent(&popped), kSuccess);
        EXPECT_EQ(d->primaryCtxRelease(0), kSuccess);
        EXPECT_EQ(zc_fake_live(nullptr), 0u) << zc_fake_live_text();
        EXPECT_EQ(zc_fake_stack_depth(), 0u);
    }
    // What was misused since the last question.
    std::string misuse()
    {
        const std::string all = zc_fake_misuse();
        const std::string text = all.substr(told);
        told = all.size();
        return text;
    }
    Address memory(std::size_t bytes)
    {
        Address address = 0;
        EXPECT_EQ(d->memAlloc(&address, bytes), kSuccess);
        return address;
    }
    Function function(Module &module, const char *name)
    {
        Function found = nullptr;
        EXPECT_EQ(d->moduleLoadData(&module, kPtx), kSuccess);
        EXPECT_EQ(d->moduleGetFunction(&found, module, name), kSuccess);
        return found;
    }
    DriverResult launch(Function f, void *job, Stream stream = nullptr, unsigned grid = 1, unsigned block = 32)
    {
        void *params[] = {job, job};
        return d->launchKernel(f, grid, 1, 1, block, 8, 1, 0, stream, params, nullptr);
    }

    const Driver *d = nullptr;
    Context context = nullptr;
    std::size_t told = 0;
};

#define EXPECT_MISUSE(text) EXPECT_NE(misuse().find(text), std::string::npos) << zc_fake_misuse()

TEST_F(FakeCuda, MemoryIsReadableWhereItLies)
{
    const Address device = memory(1000);
    std::vector<std::uint8_t> sent(1000), got(1000);
    std::iota(sent.begin(), sent.end(), 0);
    EXPECT_EQ(d->memcpyHtoDAsync(device, sent.data(), sent.size(), nullptr), kSuccess);
    EXPECT_EQ(std::memcmp(reinterpret_cast<void *>(device), sent.data(), sent.size()), 0);
    EXPECT_EQ(d->memcpyDtoHAsync(got.data(), device, got.size(), nullptr), kSuccess);
    EXPECT_EQ(d->streamSynchronize(nullptr), kSuccess);
    EXPECT_EQ(got, sent);
    EXPECT_EQ(zc_fake_copied("htod"), 1000u);
    EXPECT_EQ(zc_fake_copied("dtoh"), 1000u);
    EXPECT_EQ(zc_fake_live("memory"), 1u);
    EXPECT_EQ(d->memFree(device), kSuccess);
    EXPECT_EQ(misuse(), "");
}

TEST_F(FakeCuda, CopiesRowsByPitch)
{
    const Address device = memory(64 * 3);
    const std::string rows = "abcdefghi";
    Memcpy2D up{};
    up.srcMemoryType = kMemoryHost;
    up.srcHost = rows.data();
    up.srcPitch = 3;
    up.dstMemoryType = kMemoryDevice;
    up.dstDevice = device;
    up.dstPitch = 64;
    up.dstXInBytes = 1;
    up.widthInBytes = 3;
    up.height = 3;
    EXPECT_EQ(d->memcpy2DAsync(&up, nullptr), kSuccess);
    EXPECT_EQ(std::memcmp(reinterpret_cast<char *>(device) + 64 + 1, "def", 3), 0);
    EXPECT_EQ(misuse(), "");
    up.dstY = 1;
    EXPECT_EQ(d->memcpy2DAsync(&up, nullptr), kInvalidValue);
    EXPECT_MISUSE("leave the 192");
    up.dstY = 0;
    up.dstPitch = 2;
    EXPECT_EQ(d->memcpy2DAsync(&up, nullptr), kInvalidValue);
    EXPECT_MISUSE("pitch 2 is less than a row");
    EXPECT_EQ(d->streamSynchronize(nullptr), kSuccess);
    EXPECT_EQ(d->memFree(device), kSuccess);
}

TEST_F(FakeCuda, FreedMemoryIsNoMemory)
{
    const Address device = memory(4096);
    EXPECT_EQ(d->memFree(device), kSuccess);
    EXPECT_EQ(d->memFree(device), kInvalidValue);
    EXPECT_MISUSE("was freed before");
    char byte = 0;
    EXPECT_EQ(d->memcpyDtoHAsync(&byte, device + 1, 1, nullptr), kInvalidValue);
    EXPECT_MISUSE("lies in memory that was freed");
    EXPECT_EQ(d->memFree(device + 4), kInvalidValue);
    EXPECT_MISUSE("was freed before");
    EXPECT_EQ(d->memFree(64), kInvalidValue);
    EXPECT_MISUSE("is not the start of");
}

TEST_F(FakeCuda, FreeingBeforeTheWorkIsWaitedForIsMisuse)
{
    const Address device = memory(16);
    Stream stream = nullptr;
    Event event = nullptr;
    ASSERT_EQ(d->streamCreate(&stream, 1), kSuccess);
    ASSERT_EQ(d->eventCreate(&event, kEventNoTiming), kSuccess);
    char byte = 0;
    EXPECT_EQ(d->memcpyHtoDAsync(device, &byte, 1, stream), kSuccess);
    EXPECT_EQ(d->memFree(device), kSuccess);
    EXPECT_MISUSE("was not waited for");

    const Address waited = memory(16);
    EXPECT_EQ(d->memcpyHtoDAsync(waited, &byte, 1, stream), kSuccess);
    EXPECT_EQ(d->eventRecord(event, stream), kSuccess);
    EXPECT_EQ(d->streamWaitEvent(nullptr, event, 0), kSuccess);
    EXPECT_EQ(d->streamSynchronize(nullptr), kSuccess); // so waits for the other stream, too
    EXPECT_EQ(d->memFree(waited), kSuccess);
    EXPECT_EQ(misuse(), "");

    const Address late = memory(16);
    EXPECT_EQ(d->eventRecord(event, stream), kSuccess);
    EXPECT_EQ(d->memcpyHtoDAsync(late, &byte, 1, stream), kSuccess);
    EXPECT_EQ(d->eventSynchronize(event), kSuccess); // recorded too early for this
    EXPECT_EQ(d->memFree(late), kSuccess);
    EXPECT_MISUSE("was not waited for");
    EXPECT_EQ(d->eventDestroy(event), kSuccess);
    EXPECT_EQ(d->streamDestroy(stream), kSuccess);
}

TEST_F(FakeCuda, HostRegistrations)
{
    std::vector<std::uint8_t> host(4096);
    Address address = 0;
    EXPECT_EQ(d->memHostGetDevicePointer(&address, host.data(), 0), kInvalidValue);
    EXPECT_EQ(d->memHostRegister(host.data(), host.size(), kHostRegister), kSuccess);
    EXPECT_EQ(zc_fake_live("registration"), 1u);
    EXPECT_EQ(d->memHostRegister(host.data() + 5, 1, kHostRegister), kHostAlreadyRegistered);
    EXPECT_MISUSE("overlaps what is registered");
    EXPECT_EQ(d->memHostGetDevicePointer(&address, host.data(), 0), kSuccess);
    EXPECT_EQ(address, reinterpret_cast<Address>(host.data()));
    EXPECT_EQ(d->memHostUnregister(host.data()), kSuccess);
    EXPECT_EQ(d->memHostUnregister(host.data()), 713);
    EXPECT_MISUSE("is not the start of a registration");
}

TEST_F(FakeCuda, HostMemoryThatCannotBeWrittenIsNotRegistered)
{
    void *page = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(page, MAP_FAILED);
    EXPECT_EQ(d->memHostRegister(page, 4096, kHostRegister), kInvalidValue);
    munmap(page, 4096);
    EXPECT_EQ(d->memHostRegister(page, 4096, kHostRegister), kInvalidValue);
    EXPECT_EQ(zc_fake_live("registration"), 0u);
}

TEST_F(FakeCuda, PagesThatMayOnlyBeReadAreRegisteredAsSuch)
{
    void *page = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(page, MAP_FAILED);
    ASSERT_EQ(d->memHostRegister(page, 4096, kHostRegister | kHostRegisterReadOnly), kSuccess);
    Module module = nullptr;
    const Function copy = function(module, "zc_copy_pitch_pitch");
    const Address target = memory(16);
    zc::device::CopyJob job{};
    job.from = {reinterpret_cast<Address>(page), 16, 0, 16, 0, 1};
    job.to = {target, 16, 0, 16, 0, 1};
    job.bytes = 16, job.rows = 1;
    EXPECT_EQ(launch(copy, &job), kSuccess);
    EXPECT_EQ(misuse(), "");
    std::swap(job.from, job.to);
    EXPECT_EQ(launch(copy, &job), kSuccess);
    EXPECT_EQ(d->streamSynchronize(nullptr), 700);
    EXPECT_MISUSE("may only be read");
    zc_fake_lose(0);
    EXPECT_EQ(d->streamSynchronize(nullptr), kSuccess);
    EXPECT_EQ(d->memHostUnregister(page), kSuccess);
    EXPECT_EQ(d->memFree(target), kSuccess);
    EXPECT_EQ(d->moduleUnload(module), kSuccess);
    zc_fake_set_attribute(0, 113, 0);
    EXPECT_EQ(d->memHostRegister(page, 4096, kHostRegister | kHostRegisterReadOnly), kNotSupported);
    munmap(page, 4096);
}

TEST_F(FakeCuda, ThingsOfAnotherContextAreRefused)
{
    zc_fake_set_devices(2);
    Context other = nullptr, popped = nullptr;
    ASSERT_EQ(d->primaryCtxRetain(&other, 1), kSuccess);
    EXPECT_NE(other, context);
    const Address device = memory(16);
    Stream stream = nullptr;
    Event event = nullptr;
    Module module = nullptr;
    const Function f = function(module, "other");
    ASSERT_EQ(d->streamCreate(&stream, 0), kSuccess);
    ASSERT_EQ(d->eventCreate(&event, 0), kSuccess);
    ASSERT_EQ(d->ctxPushCurrent(other), kSuccess);
    char byte = 0;
    EXPECT_EQ(d->memcpyDtoHAsync(&byte, device, 1, nullptr), kInvalidValue);
    EXPECT_MISUSE("belongs to context");
    EXPECT_EQ(d->memFree(device), kInvalidValue);
    EXPECT_MISUSE("belongs to context");
    EXPECT_EQ(d->streamSynchronize(stream), 400);
    EXPECT_MISUSE("belongs to context");
    EXPECT_EQ(d->eventRecord(event, nullptr), 400);
    EXPECT_MISUSE("belongs to context");
    EXPECT_EQ(launch(f, &byte), 400);
    EXPECT_MISUSE("belongs to context");
    EXPECT_EQ(d->moduleUnload(module), 400);
    EXPECT_EQ(d->streamDestroy(stream), 400);
    EXPECT_EQ(d->ctxPopCurrent(&popped), kSuccess);
    EXPECT_EQ(d->primaryCtxRelease(1), kSuccess);
    EXPECT_EQ(d->moduleUnload(module), kSuccess);
    EXPECT_EQ(d->eventDestroy(event), kSuccess);
    EXPECT_EQ(d->streamDestroy(stream), kSuccess);
    EXPECT_EQ(d->memFree(device), kSuccess);
}

TEST_F(FakeCuda, NothingWorksWithoutAContext)
{
    Context popped = nullptr;
    ASSERT_EQ(d->ctxPopCurrent(&popped), kSuccess);
    EXPECT_EQ(popped, context);
    EXPECT_EQ(d->ctxPopCurrent(&popped), 201);
    EXPECT_MISUSE("has pushed nothing");
    Address address = 0;
    EXPECT_EQ(d->memAlloc(&address, 16), 201);
    EXPECT_MISUSE("no current context");
    char byte = 0;
    EXPECT_EQ(launch(reinterpret_cast<Function>(1), &byte), 201);
    EXPECT_MISUSE("no current context");
    ASSERT_EQ(d->ctxPushCurrent(context), kSuccess);
}

TEST_F(FakeCuda, AThreadThatLeavesAContextPushedIsNoticed)
{
    std::thread([&] { d->ctxPushCurrent(context); }).join();
    EXPECT_MISUSE("a thread ended with 1 contexts still pushed");
}

TEST_F(FakeCuda, AContextThatGoesTakesWhatItHolds)
{
    zc_fake_set_devices(2);
    Context other = nullptr, popped = nullptr;
    Stream stream = nullptr;
    ASSERT_EQ(d->primaryCtxRetain(&other, 1), kSuccess);
    ASSERT_EQ(d->ctxPushCurrent(other), kSuccess);
    ASSERT_EQ(d->streamCreate(&stream, 0), kSuccess);
    EXPECT_NE(memory(16), 0u);
    EXPECT_EQ(d->primaryCtxRelease(1), kSuccess);
    EXPECT_MISUSE("goes while it holds 1 stream, 1 memory");
    EXPECT_EQ(d->streamSynchronize(nullptr), 709);
    EXPECT_MISUSE("the current context was destroyed");
    EXPECT_EQ(d->ctxPopCurrent(&popped), kSuccess);
    EXPECT_EQ(d->ctxPushCurrent(other), 201);
    EXPECT_MISUSE("was destroyed before");
    EXPECT_EQ(d->streamDestroy(stream), 400);
    EXPECT_MISUSE("was destroyed before");
    EXPECT_EQ(d->primaryCtxRelease(1), 201);
    EXPECT_MISUSE("nobody holds the primary context");
}

TEST_F(FakeCuda, DestroyedHandlesAreToldFromWrongOnes)
{
    Stream stream = nullptr;
    Event event = nullptr;
    ASSERT_EQ(d->streamCreate(&stream, 0), kSuccess);
    ASSERT_EQ(d->eventCreate(&event, kEventNoTiming), kSuccess);
    EXPECT_EQ(d->streamDestroy(stream), kSuccess);
    EXPECT_EQ(d->streamDestroy(stream), 400);
    EXPECT_MISUSE("was destroyed before");
    EXPECT_EQ(d->eventRecord(event, stream), 400);
    EXPECT_MISUSE("was destroyed before");
    EXPECT_EQ(d->streamSynchronize(reinterpret_cast<Stream>(event)), 400);
    EXPECT_MISUSE("does not exist");
    float milliseconds = 0;
    EXPECT_EQ(d->eventElapsedTime(&milliseconds, event, event), 400);
    EXPECT_MISUSE("events without a time");
    EXPECT_EQ(d->eventDestroy(event), kSuccess);
    EXPECT_EQ(d->eventDestroy(event), 400);
    EXPECT_MISUSE("was destroyed before");
}

TEST_F(FakeCuda, LaunchesAreChecked)
{
    Module module = nullptr;
    const Function f = function(module, "other");
    int job = 0;
    EXPECT_EQ(launch(f, &job), kSuccess);
    EXPECT_EQ(zc_fake_launches("oth"), 1u);
    EXPECT_STREQ(zc_fake_launch_name(1), "other");
    EXPECT_EQ(launch(f, &job, nullptr, 0), kInvalidValue);
    EXPECT_MISUSE("grid x is 0");
    EXPECT_EQ(launch(f, &job, nullptr, 1, 1000), kInvalidValue);
    EXPECT_MISUSE("a block of 8000 threads");
    EXPECT_EQ(launch(f, nullptr), kInvalidValue);
    EXPECT_MISUSE("the first parameter is null");
    Function none = nullptr;
    EXPECT_EQ(d->moduleGetFunction(&none, module, "absent"), 500);
    EXPECT_EQ(d->moduleUnload(module), kSuccess);
    EXPECT_EQ(launch(f, &job), 400);
    EXPECT_MISUSE("of an unloaded module");
    EXPECT_EQ(d->moduleUnload(module), 400);
    EXPECT_MISUSE("was destroyed before");
}

TEST_F(FakeCuda, TheProjectsKernelsAreReadAndChecked)
{
    Module module = nullptr;
    const Function copy = function(module, "zc_copy_pitch_pitch");
    const Address from = memory(64), to = memory(64);
    std::memcpy(reinterpret_cast<void *>(from), "0123456789", 10);
    zc::device::CopyJob job{};
    job.from = {from, 16, 2, 8, 0, 1};
    job.to = {to, 16, 0, 6, 1, 1};
    job.bytes = 6;
    job.rows = 1;
    EXPECT_EQ(launch(copy, &job), kSuccess);
    EXPECT_EQ(std::memcmp(reinterpret_cast<char *>(to) + 16, "234567", 6), 0);
    EXPECT_EQ(misuse(), "");
    job.rows = 4;
    EXPECT_EQ(launch(copy, &job), kSuccess) << "the harm is told later";
    EXPECT_MISUSE("leave the 64");
    EXPECT_EQ(d->streamSynchronize(nullptr), 700);
    zc_fake_lose(0);
    EXPECT_EQ(d->streamSynchronize(nullptr), kSuccess);
    EXPECT_EQ(d->memFree(from), kSuccess);
    EXPECT_EQ(d->memFree(to), kSuccess);
    EXPECT_EQ(d->moduleUnload(module), kSuccess);
}

TEST_F(FakeCuda, SurfacesReachTheirArrays)
{
    ArrayDescriptor descriptor{16, 4, 0, kArrayUint8, 1, kArraySurface};
    Array array = nullptr;
    Surface surface = 0;
    ASSERT_EQ(d->arrayCreate(&array, &descriptor), kSuccess);
    ResourceDescriptor resource{};
    resource.array = array;
    ASSERT_EQ(d->surfObjectCreate(&surface, &resource), kSuccess);
    Memcpy2D up{};
    up.srcMemoryType = kMemoryHost;
    up.srcHost = "xyz";
    up.dstMemoryType = kMemoryArray;
    up.dstArray = array;
    up.dstY = 3;
    up.widthInBytes = 3;
    up.height = 1;
    EXPECT_EQ(d->memcpy2DAsync(&up, nullptr), kSuccess);
    up.dstXInBytes = 14;
    EXPECT_EQ(d->memcpy2DAsync(&up, nullptr), kInvalidValue);
    EXPECT_MISUSE("leaves its array");
    EXPECT_EQ(d->arrayDestroy(array), kSuccess);
    EXPECT_MISUSE("while a surface or texture shows it");
    EXPECT_EQ(d->surfObjectDestroy(surface), kSuccess);
    EXPECT_EQ(d->surfObjectDestroy(surface), 400);
    EXPECT_MISUSE("was destroyed before");
}

TEST_F(FakeCuda, FailsTheCallThatItIsTold)
{
    Address address = 0;
    zc_fake_fail("cuMemAlloc_v2", 2, kOutOfMemory);
    EXPECT_EQ(d->memAlloc(&address, 16), kSuccess);
    Address second = 0;
    EXPECT_EQ(d->memAlloc(&second, 16), kOutOfMemory);
    EXPECT_EQ(d->memFree(address), kSuccess);
    EXPECT_EQ(zc_fake_failures(), 1u);

    const unsigned long before = zc_fake_calls_total();
    zc_fake_fail(nullptr, 2, 999);
    EXPECT_EQ(d->memAlloc(&address, 16), kSuccess);
    EXPECT_EQ(d->memFree(address), 999);
    EXPECT_EQ(zc_fake_calls_total(), before + 2);
    EXPECT_STREQ(zc_fake_call_name(before + 2), "cuMemFree_v2");
    EXPECT_EQ(zc_fake_live("memory"), 0u) << "nobody can give it back any more";

    EXPECT_EQ(zc_fake_fail_rules("cuMemAlloc_v2=2,#3=700"), 0);
    EXPECT_EQ(d->memAlloc(&address, 16), kOutOfMemory);
    EXPECT_EQ(d->memAlloc(&address, 16), kOutOfMemory);
    EXPECT_EQ(d->memAlloc(&address, 16), kOutOfMemory) << "the first rule that strikes counts";
    for (const char *wrong : {"cuInit", "=2", "cuInit=", "cuInit:x=2", "cuInit:0=2", "cuInit=two"})
        EXPECT_EQ(zc_fake_fail_rules(wrong), -1) << wrong;
    EXPECT_EQ(misuse(), "");
}

TEST_F(FakeCuda, ALostGpuStaysLost)
{
    Stream stream = nullptr;
    ASSERT_EQ(d->streamCreate(&stream, 0), kSuccess);
    zc_fake_fail("cuStreamSynchronize", 1, 700);
    EXPECT_EQ(d->streamSynchronize(stream), 700);
    Address address = 0;
    EXPECT_EQ(d->memAlloc(&address, 16), 700);
    Context popped = nullptr;
    EXPECT_EQ(d->ctxPopCurrent(&popped), kSuccess);
    EXPECT_EQ(d->ctxPushCurrent(context), kSuccess);
    EXPECT_EQ(d->streamDestroy(stream), 700);
    EXPECT_EQ(zc_fake_live("stream"), 0u);
    EXPECT_EQ(misuse(), "");
}

TEST_F(FakeCuda, TheSameErrorsAreForGoodAsInTheLibrary)
{
    for (int error = 1; error < 1000; ++error) {
        zc_fake_fail("cuStreamQuery", 1, error);
        EXPECT_EQ(d->streamQuery(nullptr), error);
        EXPECT_EQ(d->streamQuery(nullptr), isSticky(error) ? error : kSuccess) << error;
        EXPECT_EQ(lossOf(context).code() == zc::Code::GpuLost, isSticky(error)) << error;
        zc_fake_lose(0);
    }
    EXPECT_TRUE(isSticky(710) && !isSticky(kDeviceUnavailable)) << "an assertion; a GPU that another process has";
}

TEST_F(FakeCuda, WorkIsNotReadyForAWhile)
{
    Event event = nullptr;
    ASSERT_EQ(d->eventCreate(&event, 0), kSuccess);
    zc_fake_not_ready(2);
    EXPECT_EQ(d->eventQuery(event), kNotReady);
    EXPECT_EQ(d->eventQuery(event), kNotReady);
    EXPECT_EQ(d->eventQuery(event), kSuccess);
    EXPECT_EQ(d->eventDestroy(event), kSuccess);
}

TEST_F(FakeCuda, ImagesNewerThanTheDriverAreRefused)
{
    Module module = nullptr;
    zc_fake_set_driver_version(11040);
    EXPECT_EQ(d->moduleLoadData(&module, kPtx), 222);
    const std::array<std::uint32_t, 4> fatbin{0xba55ed50u, 0, 0, 0};
    EXPECT_EQ(d->moduleLoadData(&module, fatbin.data()), 222);
    zc_fake_set_driver_version(13000);
    zc_fake_set_attribute(0, kComputeMajor, 5);
    EXPECT_EQ(d->moduleLoadData(&module, fatbin.data()), 209);
    EXPECT_EQ(d->moduleLoadData(&module, "no image at all"), 200);
    EXPECT_EQ(zc_fake_live("module"), 0u);
}

std::string checkedExit(bool leak)
{
    const auto result = zc::test::inChild([&]() -> std::string {
        setenv("FAKE_CUDA_CHECK", "1", 1);
        if (leak) {
            const Driver *d = driver().value();
            Context context = nullptr;
            d->primaryCtxRetain(&context, 0);
        }
        std::exit(0);
    });
    return std::to_string(result.status);
}

TEST(FakeCudaAtExit, LeaksEndInAStatusOfTheirOwn)
{
    EXPECT_EQ(checkedExit(false), "0");
    EXPECT_EQ(checkedExit(true), "86");
}

} // namespace
