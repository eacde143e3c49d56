// SPDX-License-Identifier: MIT
// What the stand-in driver must notice about EGLImages and addresses.
#include "egl.hpp"
#include "fake_cuda.h"

#include "backend/device_job.hpp"
#include "cuda/driver.hpp"

#include <gtest/gtest.h>

#include <dlfcn.h>
#include <string>
#include <vector>

#ifdef ZC_HAVE_CUDA_EGL_H
#include <cudaEGL.h>
#endif

namespace {

using namespace zc::cuda;

constexpr unsigned kWidth = 16, kHeight = 8;
constexpr std::size_t kPitch = 64;

class FakeEgl : public testing::Test {
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
        Context popped = nullptr;
        EXPECT_EQ(d->ctxPopCurrent(&popped), kSuccess);
        EXPECT_EQ(d->primaryCtxRelease(0), kSuccess);
        EXPECT_EQ(zc_fake_live(nullptr), 0u) << zc_fake_live_text();
    }
    std::string misuse()
    {
        const std::string all = zc_fake_misuse();
        const std::string text = all.substr(told_);
        told_ = all.size();
        return text;
    }
    // NV12 in the test's memory.
    void *image(bool array)
    {
        zc_fake_egl_image what{};
        what.is_array = array;
        what.planes = 2;
        what.color_format = 1;
        what.plane[0] = {luma.data(), kPitch, kWidth, kHeight, 1, 1};
        what.plane[1] = {chroma.data(), kPitch, kWidth / 2, kHeight / 2, 2, 1};
        return zc_fake_egl_image_create(&what);
    }
    GraphicsResource registered(void *handle)
    {
        GraphicsResource resource = nullptr;
        EXPECT_EQ(d->graphicsEglRegisterImage(&resource, handle, 0), kSuccess);
        return resource;
    }
    zc::fake::EglFrame frameOf(GraphicsResource resource)
    {
        zc::fake::EglFrame frame{};
        EXPECT_EQ(d->graphicsResourceGetMappedEglFrame(reinterpret_cast<EglFrame *>(&frame), resource, 0, 0), kSuccess);
        return frame;
    }
    Surface surfaceOn(std::uint64_t array)
    {
        ResourceDescriptor what{};
        what.array = reinterpret_cast<Array>(array);
        Surface surface = 0;
        EXPECT_EQ(d->surfObjectCreate(&surface, &what), kSuccess);
        return surface;
    }
    // The kernel that inverts bits, on one plane.
    void invert(zc::device::PlaneJob plane, const char *name)
    {
        const std::string ptx = std::string(".version 8.0\n.target sm_75\n.visible .entry ") + name + "(\n";
        Module module = nullptr;
        Function function = nullptr;
        ASSERT_EQ(d->moduleLoadData(&module, ptx.c_str()), kSuccess);
        ASSERT_EQ(d->moduleGetFunction(&function, module, name), kSuccess);
        zc::device::RowsJob job{};
        job.planes = 1;
        job.plane[0] = plane;
        void *params[] = {&job, &job};
        EXPECT_EQ(d->launchKernel(function, 1, 1, 1, 32, 1, 1, 0, nullptr, params, nullptr), kSuccess);
        d->moduleUnload(module); // fails where the launch has done harm
    }
    static zc::device::PlaneJob planeJob(std::uint64_t base, std::int64_t rows)
    {
        zc::device::PlaneJob job{};
        job.base = base;
        job.pitch = kPitch;
        job.rows = rows;
        job.lo = 0;
        job.hi = kWidth;
        return job;
    }

    const Driver *d = nullptr;
    Context context = nullptr;
    std::vector<std::uint8_t> luma = std::vector<std::uint8_t>(kPitch * kHeight, 0x0f);
    std::vector<std::uint8_t> chroma = std::vector<std::uint8_t>(kPitch * kHeight / 2, 0x33);

private:
    std::size_t told_ = 0;
};

#define EXPECT_MISUSE(text) EXPECT_NE(misuse().find(text), std::string::npos) << zc_fake_misuse()

TEST_F(FakeEgl, PointersLeadToTheMemory)
{
    void *handle = image(false);
    const GraphicsResource resource = registered(handle);
    const zc::fake::EglFrame frame = frameOf(resource);
    EXPECT_EQ(frame.frameType, 1u);
    EXPECT_EQ(frame.planeCount, 2u);
    EXPECT_EQ(frame.width, kWidth);
    EXPECT_EQ(frame.height, kHeight);
    EXPECT_EQ(frame.pitch, kPitch);
    EXPECT_EQ(frame.numChannels, 1u);
    EXPECT_EQ(frame.cuFormat, kArrayUint8);
    EXPECT_EQ(frame.eglColorFormat, 1u);
    EXPECT_EQ(frame.plane[1], reinterpret_cast<std::uint64_t>(chroma.data()));
    invert(planeJob(frame.plane[0], kHeight), "zc_rows_8_pitch");
    EXPECT_EQ(luma[0], 0xf0);
    EXPECT_EQ(luma[kWidth], 0x0f);
    EXPECT_EQ(d->streamSynchronize(nullptr), kSuccess);
    EXPECT_EQ(zc_fake_live("resource"), 1u);
    EXPECT_EQ(zc_fake_egl_image_users(handle), 1u);
    zc_fake_egl_image_destroy(handle);
    EXPECT_EQ(d->graphicsUnregisterResource(resource), kSuccess);
    EXPECT_EQ(misuse(), "");
}

TEST_F(FakeEgl, ArraysShowTheMemory)
{
    void *handle = image(true);
    const GraphicsResource resource = registered(handle);
    const zc::fake::EglFrame frame = frameOf(resource);
    EXPECT_EQ(frame.frameType, 0u);
    EXPECT_EQ(frame.planeCount, 2u);
    ArrayDescriptor descriptor{};
    EXPECT_EQ(d->arrayGetDescriptor(&descriptor, reinterpret_cast<Array>(frame.plane[1])), kSuccess);
    EXPECT_EQ(descriptor.width, kWidth / 2);
    EXPECT_EQ(descriptor.height, kHeight / 2);
    EXPECT_EQ(descriptor.channels, 2u);
    EXPECT_EQ(descriptor.format, kArrayUint8);
    const Surface surface = surfaceOn(frame.plane[1]);
    invert(planeJob(surface, kHeight / 2), "zc_rows_8_surface");
    EXPECT_EQ(chroma[0], 0xcc);
    EXPECT_EQ(chroma[kPitch], 0xcc);
    EXPECT_EQ(chroma[kWidth], 0x33);
    EXPECT_EQ(d->streamSynchronize(nullptr), kSuccess);
    EXPECT_EQ(d->arrayDestroy(reinterpret_cast<Array>(frame.plane[0])), kInvalidHandle);
    EXPECT_MISUSE("belongs to a registered EGLImage");
    EXPECT_EQ(d->surfObjectDestroy(surface), kSuccess);
    EXPECT_EQ(d->graphicsUnregisterResource(resource), kSuccess);
    EXPECT_EQ(d->arrayGetDescriptor(&descriptor, reinterpret_cast<Array>(frame.plane[1])), kInvalidHandle);
    EXPECT_MISUSE("was destroyed before");
    zc_fake_egl_image_destroy(handle);
}

TEST_F(FakeEgl, ImagesDieAndOthersMayNotKnow)
{
    void *handle = image(true);
    zc_fake_egl_image_destroy(handle);
    GraphicsResource resource = nullptr;
    EXPECT_EQ(d->graphicsEglRegisterImage(&resource, handle, 0), kInvalidValue);
    EXPECT_EQ(d->graphicsEglRegisterImage(&resource, &luma, 0), kInvalidValue);
    EXPECT_EQ(misuse(), "");
    zc_fake_egl_image_destroy(handle);
    EXPECT_MISUSE("was destroyed before");
    zc_fake_egl_image none{};
    EXPECT_EQ(zc_fake_egl_image_create(&none), nullptr);
}

TEST_F(FakeEgl, FlagsAndIndexesAreChecked)
{
    void *handle = image(false);
    GraphicsResource resource = nullptr;
    EXPECT_EQ(d->graphicsEglRegisterImage(&resource, handle, 4), kInvalidValue); // SURFACE_LDST, as on an H200
    resource = registered(handle);
    zc::fake::EglFrame frame{};
    EXPECT_EQ(d->graphicsResourceGetMappedEglFrame(reinterpret_cast<EglFrame *>(&frame), resource, 1, 0),
              kInvalidValue);
    EXPECT_EQ(d->graphicsUnregisterResource(resource), kSuccess);
    zc_fake_egl_image_destroy(handle);
    EXPECT_EQ(misuse(), "");
}

TEST_F(FakeEgl, UnregisteringIsWatched)
{
    void *handle = image(true);
    const GraphicsResource resource = registered(handle);
    const Surface surface = surfaceOn(frameOf(resource).plane[0]);
    invert(planeJob(surface, kHeight), "zc_rows_8_surface");
    EXPECT_EQ(d->graphicsUnregisterResource(resource), kSuccess);
    const std::string text = misuse();
    EXPECT_NE(text.find("was not waited for"), std::string::npos) << text;
    EXPECT_NE(text.find("while a surface shows array"), std::string::npos) << text;
    EXPECT_EQ(d->graphicsUnregisterResource(resource), kInvalidHandle);
    EXPECT_MISUSE("was destroyed before");
    EXPECT_EQ(d->surfObjectDestroy(surface), kSuccess);
    zc_fake_egl_image_destroy(handle);
}

TEST_F(FakeEgl, ContextsAreWatched)
{
    zc_fake_set_devices(2);
    void *handle = image(false);
    const GraphicsResource resource = registered(handle);
    const zc::fake::EglFrame frame = frameOf(resource);
    Context other = nullptr, popped = nullptr;
    ASSERT_EQ(d->primaryCtxRetain(&other, 1), kSuccess);
    ASSERT_EQ(d->ctxPushCurrent(other), kSuccess);
    EXPECT_EQ(d->graphicsUnregisterResource(resource), kInvalidHandle);
    EXPECT_MISUSE("belongs to context");
    zc::fake::EglFrame none{};
    EXPECT_EQ(d->graphicsResourceGetMappedEglFrame(reinterpret_cast<EglFrame *>(&none), resource, 0, 0),
              kInvalidHandle);
    EXPECT_MISUSE("belongs to context");
    invert(planeJob(frame.plane[0], kHeight), "zc_rows_8_pitch");
    EXPECT_MISUSE("belongs to context");
    zc_fake_lose(0);
    EXPECT_EQ(d->ctxPopCurrent(&popped), kSuccess);
    EXPECT_EQ(d->primaryCtxRelease(1), kSuccess);
    EXPECT_EQ(d->graphicsUnregisterResource(resource), kSuccess);
    zc_fake_egl_image_destroy(handle);
}

// Two elements have the same image registered, and go one after the other.
TEST_F(FakeEgl, TwoRegistrationsOfOneImage)
{
    void *handle = image(false);
    const GraphicsResource first = registered(handle), second = registered(handle);
    EXPECT_EQ(zc_fake_egl_image_users(handle), 2u);
    EXPECT_EQ(d->graphicsUnregisterResource(first), kSuccess);
    invert(planeJob(frameOf(second).plane[0], kHeight), "zc_rows_8_pitch");
    EXPECT_EQ(luma[0], 0xf0);
    EXPECT_EQ(d->streamSynchronize(nullptr), kSuccess);
    EXPECT_EQ(d->graphicsUnregisterResource(second), kSuccess);
    zc_fake_egl_image_destroy(handle);
    EXPECT_EQ(misuse(), "");
    const auto stale = reinterpret_cast<std::uint64_t>(luma.data());
    invert(planeJob(stale, kHeight), "zc_rows_8_pitch");
    EXPECT_MISUSE("lies in no memory of the device");
    zc_fake_lose(0);
}

TEST_F(FakeEgl, ContextsDoNotGoWithRegistrations)
{
    void *handle = image(true);
    Context other = nullptr, popped = nullptr;
    zc_fake_set_devices(2);
    ASSERT_EQ(d->primaryCtxRetain(&other, 1), kSuccess);
    ASSERT_EQ(d->ctxPushCurrent(other), kSuccess);
    registered(handle);
    EXPECT_EQ(d->ctxPopCurrent(&popped), kSuccess);
    EXPECT_EQ(d->primaryCtxRelease(1), kSuccess);
    EXPECT_MISUSE("goes while it holds 1 resource");
    zc_fake_egl_image_destroy(handle);
}

template <class F> F exported(const char *name)
{
    return reinterpret_cast<F>(dlsym(RTLD_DEFAULT, name));
}

TEST_F(FakeEgl, AddressesSayWhatTheyAre)
{
    const auto managed = exported<int (*)(Address *, std::size_t, unsigned)>("cuMemAllocManaged");
    const auto several = exported<int (*)(unsigned, const int *, void **, Address)>("cuPointerGetAttributes");
    Address device = 0, both = 0;
    ASSERT_EQ(d->memAlloc(&device, 100), kSuccess);
    ASSERT_EQ(managed(&both, 100, 1), kSuccess);
    Context of = nullptr;
    unsigned type = 0, isManaged = 7;
    int ordinal = -1;
    EXPECT_EQ(d->pointerGetAttribute(&of, kPointerContext, device + 99), kSuccess);
    EXPECT_EQ(of, context);
    EXPECT_EQ(d->pointerGetAttribute(&of, kPointerContext, device + 100), kInvalidValue);
    EXPECT_EQ(d->pointerGetAttribute(&type, kPointerMemoryType, both), kSuccess);
    EXPECT_EQ(type, kMemoryDevice);
    const int attributes[] = {8, kPointerOrdinal};
    void *values[] = {&isManaged, &ordinal};
    EXPECT_EQ(several(2, attributes, values, both), kSuccess);
    EXPECT_EQ(isManaged, 1u);
    EXPECT_EQ(ordinal, 0);
    EXPECT_EQ(several(2, attributes, values, 16), kSuccess);
    EXPECT_EQ(isManaged, 0u);
    EXPECT_EQ(ordinal, -2);
    EXPECT_EQ(zc_fake_live("managed"), 1u);
    EXPECT_EQ(d->memFree(both), kSuccess);
    EXPECT_EQ(d->memFree(device), kSuccess);
    EXPECT_EQ(misuse(), "");
}

TEST_F(FakeEgl, QuietCallsAreNotCounted)
{
    zc_fake_fail("cuMemAlloc_v2", 1, kOutOfMemory);
    const unsigned long before = zc_fake_calls_total();
    Address device = 0;
    zc_fake_quiet(1);
    EXPECT_EQ(d->memAlloc(&device, 100), kSuccess);
    EXPECT_EQ(d->memFree(device), kSuccess);
    zc_fake_quiet(0);
    EXPECT_EQ(zc_fake_calls_total(), before);
    EXPECT_EQ(zc_fake_calls("cuMemAlloc_v2"), 0u);
    EXPECT_EQ(d->memAlloc(&device, 100), kOutOfMemory);
}

TEST_F(FakeEgl, FailuresForget)
{
    void *handle = image(false);
    const GraphicsResource resource = registered(handle);
    zc_fake_fail("cuGraphicsUnregisterResource", 1, 999);
    EXPECT_EQ(d->graphicsUnregisterResource(resource), 999);
    EXPECT_EQ(zc_fake_live("resource"), 0u);
    zc_fake_egl_image_destroy(handle);
    EXPECT_EQ(misuse(), "");
}

#ifdef ZC_HAVE_CUDA_EGL_H
TEST(FakeEglAbi, IsTheToolkits)
{
    using zc::fake::EglFrame;
    static_assert(sizeof(EglFrame) == sizeof(CUeglFrame) && offsetof(EglFrame, width) == offsetof(CUeglFrame, width));
    static_assert(offsetof(EglFrame, planeCount) == offsetof(CUeglFrame, planeCount) &&
                  offsetof(EglFrame, numChannels) == offsetof(CUeglFrame, numChannels));
    static_assert(offsetof(EglFrame, eglColorFormat) == offsetof(CUeglFrame, eglColorFormat) &&
                  offsetof(EglFrame, cuFormat) == offsetof(CUeglFrame, cuFormat));
    EXPECT_EQ(int{CU_EGL_FRAME_TYPE_ARRAY}, 0);
    EXPECT_EQ(int{CU_EGL_FRAME_TYPE_PITCH}, 1);
    EXPECT_EQ(int{MAX_PLANES}, int{zc::fake::kMostEglPlanes});
}
#endif

} // namespace
