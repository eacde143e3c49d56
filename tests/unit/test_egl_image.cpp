// SPDX-License-Identifier: MIT
// The import of EGLImages with the stand-in driver: what becomes of their planes, what is refused, what is left behind.
#include "egl_image.h"
#include "fake_cuda.h"

#include "backend/backend.hpp"
#include "backend/cuda_backend.hpp"
#include "cuda/egl_frame.hpp"
#include "cuda/handles.hpp"
#include "memory/egl_image.hpp"
#include "runtime/built_in.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#ifdef ZC_HAVE_CUDA_EGL_H
#include <cudaEGL.h>
#endif

namespace {

using zc::Code;
using zc::EglImageImport;
using zc::Format;
using zc::Frame;
using zc::Status;

constexpr unsigned kWidth = 40, kHeight = 12;
constexpr std::size_t kPitch = 256;

// CU_EGL_COLOR_FORMAT_*
constexpr unsigned kColorI420 = 0x00, kColorNv12 = 0x01, kColorNv16 = 0x03, kColorArgb = 0x06, kColorAbgr = 0x0e,
                   kColorGray = 0x08, kColorNv24 = 0x0b, kColorYuyv = 0x0c, kColorAyuv = 0x12, kColorBayer = 0x2d,
                   kColorP010 = 0x17, kColorNv12Of709 = 0x57, kColorLater = 0x90;

// An image of the stand-in's, with memory of the test's.
class Image {
public:
    Image(bool array, unsigned color, std::vector<zc_fake_egl_plane> planes) : memory_(planes.size())
    {
        zc_fake_egl_image what{};
        what.is_array = array ? 1 : 0;
        what.planes = static_cast<unsigned>(planes.size());
        what.color_format = color;
        for (std::size_t i = 0; i < planes.size(); ++i) {
            memory_[i].assign(planes[i].pitch * planes[i].height, static_cast<std::uint8_t>(0x10 + i));
            what.plane[i] = planes[i];
            what.plane[i].data = memory_[i].data();
        }
        image_ = zc_fake_egl_image_create(&what);
    }
    ~Image()
    {
        if (image_ != nullptr)
            zc_fake_egl_image_destroy(image_);
    }
    Image(const Image &) = delete;
    Image &operator=(const Image &) = delete;

    void *get() const { return image_; }
    std::vector<std::uint8_t> &memory(std::size_t plane) { return memory_[plane]; }

private:
    void *image_ = nullptr;
    std::vector<std::vector<std::uint8_t>> memory_;
};

zc_fake_egl_plane plane(unsigned width, unsigned height, unsigned channels, unsigned bytes = 1,
                        std::size_t pitch = kPitch)
{
    return {nullptr, pitch, width, height, channels, bytes};
}

std::vector<zc_fake_egl_plane> nv12(unsigned width = kWidth, unsigned height = kHeight, unsigned bytes = 1)
{
    return {plane(width, height, 1, bytes), plane(width / 2, height / 2, 2, bytes)};
}

std::vector<zc_fake_egl_plane> rgba(unsigned width = kWidth, unsigned height = kHeight)
{
    return {plane(width, height, 4)};
}

Frame frameOf(Format format, int width = kWidth, int height = kHeight)
{
    Frame frame;
    frame.format = format;
    frame.width = width;
    frame.height = height;
    frame.memory = zc::MemoryKind::Nvmm;
    zc::setPlaneSizes(frame);
    return frame;
}

class EglImage : public testing::Test {
protected:
    void SetUp() override
    {
        ASSERT_TRUE(zc::cuda::driver());
        zc_fake_reset();
    }
    // Nothing of the import may outlive it.
    void TearDown() override
    {
        EXPECT_STREQ(zc_fake_misuse(), "");
        EXPECT_STREQ(zc_fake_live_text(), "");
        EXPECT_EQ(zc_fake_stack_depth(), 0u);
    }
    static void expectText(const Status &status, Code code, std::initializer_list<const char *> parts)
    {
        EXPECT_EQ(static_cast<int>(status.code()), static_cast<int>(code)) << status.message();
        for (const char *part : parts)
            EXPECT_NE(status.message().find(part), std::string::npos)
                << "\"" << part << "\" is not in: " << status.message();
    }
};

TEST_F(EglImage, ArraysBecomeSurfaces)
{
    const Image image(true, kColorNv12Of709, nv12());
    const auto import = EglImageImport::make(0, nullptr, image.get());
    ASSERT_TRUE(import) << import.status().message();
    EXPECT_EQ(import.value().image(), image.get());
    EXPECT_TRUE(import.value().isArray());
    Frame frame = frameOf(Format::Nv12);
    frame.planes[1].data = &frame; // of a frame before
    const Status placed = import.value().place(frame);
    ASSERT_TRUE(placed) << placed.message();
    EXPECT_NE(frame.planes[0].surface, 0u);
    EXPECT_NE(frame.planes[1].surface, 0u);
    EXPECT_NE(frame.planes[0].surface, frame.planes[1].surface);
    EXPECT_EQ(frame.planes[0].data, nullptr);
    EXPECT_EQ(frame.planes[1].data, nullptr);
    EXPECT_EQ(frame.device, 0);
    EXPECT_EQ(frame.context, nullptr); // the primary one, which a backend retains
    EXPECT_TRUE(zc::checkFrame(frame));
    EXPECT_EQ(zc_fake_live("surface"), 2u);
    EXPECT_EQ(zc_fake_live("primary"), 1u);
}

TEST_F(EglImage, PointersBecomeAddresses)
{
    Image image(false, kColorNv12, nv12());
    const auto import = EglImageImport::make(0, nullptr, image.get());
    ASSERT_TRUE(import) << import.status().message();
    EXPECT_FALSE(import.value().isArray());
    Frame frame = frameOf(Format::Nv12);
    frame.planes[0].surface = 77; // of a frame before
    const Status placed = import.value().place(frame);
    ASSERT_TRUE(placed) << placed.message();
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(frame.planes[i].data, image.memory(i).data());
        EXPECT_EQ(frame.planes[i].pitch, static_cast<std::int64_t>(kPitch));
        EXPECT_EQ(frame.planes[i].surface, 0u);
    }
    EXPECT_EQ(zc_fake_live("surface"), 0u);
}

// CUDA tells the pitch of the first plane alone.
TEST_F(EglImage, PitchesOfLaterPlanesAreDerived)
{
    const Image planar(false, kColorI420,
                       {plane(kWidth, kHeight, 1), plane(kWidth / 2, kHeight / 2, 1, 1, kPitch / 2),
                        plane(kWidth / 2, kHeight / 2, 1, 1, kPitch / 2)});
    const Image wide(false, kColorNv24, {plane(kWidth, kHeight, 1), plane(kWidth, kHeight, 2, 1, kPitch * 2)});
    const auto first = EglImageImport::make(0, nullptr, planar.get());
    const auto second = EglImageImport::make(0, nullptr, wide.get());
    ASSERT_TRUE(first && second);
    Frame i420 = frameOf(Format::I420), nv24 = frameOf(Format::Nv24);
    ASSERT_TRUE(first.value().place(i420));
    ASSERT_TRUE(second.value().place(nv24));
    EXPECT_EQ(i420.planes[1].pitch, static_cast<std::int64_t>(kPitch / 2));
    EXPECT_EQ(i420.planes[2].pitch, static_cast<std::int64_t>(kPitch / 2));
    EXPECT_EQ(nv24.planes[1].pitch, static_cast<std::int64_t>(kPitch * 2));
}

TEST_F(EglImage, PitchesThatTheOwnerSetStay)
{
    const Image image(
        false, kColorI420,
        {plane(kWidth, kHeight, 1), plane(kWidth / 2, kHeight / 2, 1), plane(kWidth / 2, kHeight / 2, 1)});
    const auto import = EglImageImport::make(0, nullptr, image.get());
    ASSERT_TRUE(import);
    Frame frame = frameOf(Format::I420);
    for (zc::Plane &one : frame.planes)
        one.pitch = kPitch;
    ASSERT_TRUE(import.value().place(frame));
    EXPECT_EQ(frame.planes[1].pitch, static_cast<std::int64_t>(kPitch));
    frame.planes[1].pitch = kWidth / 2 - 1;
    expectText(import.value().place(frame), Code::BadLayout, {"plane 1 has a pitch of 19 bytes", "a row holds 20"});
}

TEST_F(EglImage, EveryPlaceNeedsNoCallOfTheDriver)
{
    const Image image(true, kColorNv12, nv12());
    const auto import = EglImageImport::make(0, nullptr, image.get());
    ASSERT_TRUE(import);
    Frame frame = frameOf(Format::Nv12);
    const unsigned long before = zc_fake_calls_total();
    ASSERT_TRUE(import.value().place(frame));
    ASSERT_TRUE(import.value().place(frame));
    EXPECT_EQ(zc_fake_calls_total(), before);
}

TEST_F(EglImage, KernelsReachIt)
{
    Image image(false, kColorAbgr, rgba());
    const auto import = EglImageImport::make(0, nullptr, image.get());
    ASSERT_TRUE(import);
    Frame frame = frameOf(Format::Rgba);
    ASSERT_TRUE(import.value().place(frame));
    auto backend = zc::makeCudaBackend();
    ASSERT_TRUE(backend) << backend.status().message();
    const zc::KernelInfo *kernel = zc::findKernel("invert");
    const zc::ParamValues params(kernel->params);
    zc::Launch launch;
    launch.kernel = kernel;
    launch.params = &params;
    const Status ran = backend.value()->run(frame, launch);
    ASSERT_TRUE(ran) << ran.message();
    ASSERT_TRUE(backend.value()->wait());
    EXPECT_EQ(image.memory(0)[0], 0xef);
    EXPECT_EQ(image.memory(0)[kWidth * 4], 0x10); // padding
}

TEST_F(EglImage, ALargerImageHoldsTheFrameInItsCorner)
{
    for (const bool array : {false, true}) {
        const Image image(array, kColorNv12, nv12(kWidth + 8, kHeight + 4));
        const auto import = EglImageImport::make(0, nullptr, image.get());
        ASSERT_TRUE(import);
        Frame frame = frameOf(Format::Nv12);
        EXPECT_TRUE(import.value().place(frame));
    }
}

struct Misfit {
    const char *what;
    unsigned color;
    std::vector<zc_fake_egl_plane> planes;
    Format format;
    std::vector<const char *> text;
};

TEST_F(EglImage, WhatDoesNotFitIsRefused)
{
    const std::vector<Misfit> misfits = {
        {"kind", kColorNv16, nv12(), Format::Nv12, {"another kind", "4:2:2", "4:2:0", "0x03", "expected NV12"}},
        {"packed", kColorYuyv, rgba(), Format::Rgba, {"another kind", "packed 4:2:2", "expected RGBA 40x12"}},
        {"yuv with alpha", kColorAyuv, rgba(), Format::Rgba, {"another kind", "0x12"}},
        {"bayer", kColorBayer, {plane(kWidth, kHeight, 1)}, Format::Gray8, {"another kind", "0x2d"}},
        {"ten bits in a word", kColorArgb, rgba(), Format::Rgb10a2Le, {"another kind", "RGB10A2_LE"}},
        {"one plane",
         kColorNv12,
         {plane(kWidth, kHeight, 1)},
         Format::Nv12,
         {"number of planes", "planes: 1", "planes: 2"}},
        {"channels", kColorAbgr, {plane(kWidth, kHeight, 2)}, Format::Rgba, {"number of channels", "of the first: 2"}},
        {"samples of two bytes",
         kColorP010,
         nv12(kWidth, kHeight, 2),
         Format::Nv12,
         {"size of a sample", "of 2 bytes", "of 1 bytes"}},
        {"samples of one byte", kColorP010, nv12(), Format::P010Le, {"size of a sample", "P010_10LE"}},
        {"narrow", kColorNv12, nv12(kWidth - 2, kHeight), Format::Nv12, {"too small", "38x12", "40x12"}},
        {"low", kColorNv12, nv12(kWidth, kHeight - 2), Format::Nv12, {"too small", "40x10", "40x12"}},
        {"a later driver's", kColorLater, rgba(), Format::Nv12, {"number of planes", "unknown, colour format 0x90"}},
    };
    for (const Misfit &one : misfits) {
        for (const bool array : {false, true}) {
            SCOPED_TRACE(std::string(one.what) + (array ? ", array" : ", pitched"));
            const Image image(array, one.color, one.planes);
            const auto import = EglImageImport::make(0, nullptr, image.get());
            ASSERT_TRUE(import) << import.status().message();
            Frame frame = frameOf(one.format);
            const Status status = import.value().place(frame);
            expectText(status, Code::BadLayout,
                       {"does not hold the frame", array ? "found array" : "found pitch-linear"});
            for (const char *part : one.text)
                expectText(status, Code::BadLayout, {part});
            EXPECT_EQ(frame.device, -1) << "a frame that was refused must stay as it was";
        }
    }
}

// The first plane fits, and the driver tells no sizes of the others.
TEST_F(EglImage, SmallArraysOfChromaAreRefused)
{
    const Image narrow(true, kColorNv12, {plane(kWidth, kHeight, 1), plane(kWidth / 2 - 1, kHeight / 2, 2)});
    const Image low(true, kColorNv12, {plane(kWidth, kHeight, 1), plane(kWidth / 2, kHeight / 2 - 1, 2)});
    for (const Image *image : {&narrow, &low}) {
        const auto import = EglImageImport::make(0, nullptr, image->get());
        ASSERT_TRUE(import);
        Frame frame = frameOf(Format::Nv12);
        expectText(import.value().place(frame), Code::BadLayout, {"array of plane 1", "6 rows of 40 are needed"});
    }
}

TEST_F(EglImage, KnownFormatsAreTaken)
{
    const std::vector<std::pair<Format, Misfit>> all = {
        {Format::P010Le, {"", kColorP010, nv12(kWidth, kHeight, 2), Format::P010Le, {}}},
        {Format::Bgra, {"", kColorArgb, rgba(), Format::Bgra, {}}},
        {Format::Rgbx, {"", kColorAbgr, rgba(), Format::Rgbx, {}}},
        {Format::Rgba, {"", kColorLater, rgba(), Format::Rgba, {}}},
        {Format::Gray8, {"", kColorGray, {plane(kWidth, kHeight, 1)}, Format::Gray8, {}}},
        {Format::Yuy2, {"", kColorYuyv, {plane(kWidth, kHeight, 2)}, Format::Yuy2, {}}},
        {Format::Nv21, {"", kColorNv12, nv12(), Format::Nv21, {}}},
    };
    for (const auto &[format, one] : all) {
        for (const bool array : {false, true}) {
            const Image image(array, one.color, one.planes);
            const auto import = EglImageImport::make(0, nullptr, image.get());
            ASSERT_TRUE(import) << import.status().message();
            Frame frame = frameOf(format);
            const Status status = import.value().place(frame);
            EXPECT_TRUE(status) << zc::formatInfo(format).name << ": " << status.message();
        }
    }
}

TEST_F(EglImage, NoImageAndADeadOne)
{
    expectText(EglImageImport::make(0, nullptr, nullptr).status(), Code::InvalidArgument, {"no EGLImage"});
    void *dead = nullptr;
    {
        const Image image(true, kColorAbgr, rgba());
        dead = image.get();
    }
    expectText(EglImageImport::make(0, nullptr, dead).status(), Code::Access,
               {"cuGraphicsEGLRegisterImage", "CUDA_ERROR_INVALID_VALUE", "images that live"});
    expectText(EglImageImport::make(7, nullptr, dead).status(), Code::InvalidArgument, {"there is no GPU 7"});
}

// What was made before the failure must be given back.
TEST_F(EglImage, EveryFailureLeavesNothing)
{
    struct Failure {
        const char *function;
        unsigned long call;
    };
    const std::vector<Failure> failures = {
        {"cuDevicePrimaryCtxRetain", 1},   {"cuCtxPushCurrent_v2", 1},
        {"cuGraphicsEGLRegisterImage", 1}, {"cuGraphicsResourceGetMappedEglFrame", 1},
        {"cuArray3DGetDescriptor_v2", 1},  {"cuArray3DGetDescriptor_v2", 2},
        {"cuSurfObjectCreate", 1},         {"cuSurfObjectCreate", 2}};
    const Image image(true, kColorNv12, nv12());
    for (const Failure &one : failures) {
        SCOPED_TRACE(one.function);
        zc_fake_reset();
        zc_fake_fail(one.function, one.call, zc::cuda::kOutOfMemory);
        const auto import = EglImageImport::make(0, nullptr, image.get());
        EXPECT_FALSE(import);
        EXPECT_EQ(zc_fake_failures(), 1u);
        EXPECT_NE(import.status().message().find("out of memory"), std::string::npos) << import.status().message();
        EXPECT_STREQ(zc_fake_live_text(), "");
        EXPECT_EQ(zc_fake_egl_image_users(image.get()), 0u);
    }
}

TEST_F(EglImage, ALostGpuIsToldAsSuch)
{
    const Image image(true, kColorNv12, nv12());
    zc_fake_fail("cuGraphicsEGLRegisterImage", 1, 700);
    EXPECT_EQ(static_cast<int>(EglImageImport::make(0, nullptr, image.get()).status().code()),
              static_cast<int>(Code::GpuLost));
    zc_fake_lose(0);
}

TEST_F(EglImage, GoesOnAnyThread)
{
    const Image image(true, kColorAbgr, rgba());
    auto import = EglImageImport::make(0, nullptr, image.get());
    ASSERT_TRUE(import);
    EXPECT_EQ(zc_fake_egl_image_users(image.get()), 1u);
    std::thread([moved = std::move(import.value())]() mutable { const EglImageImport last = std::move(moved); }).join();
    EXPECT_EQ(zc_fake_egl_image_users(image.get()), 0u);
}

TEST_F(EglImage, ANewOneTakesThePlaceOfTheOld)
{
    const Image one(true, kColorAbgr, rgba()), two(false, kColorAbgr, rgba());
    auto import = EglImageImport::make(0, nullptr, one.get());
    auto next = EglImageImport::make(0, nullptr, two.get());
    ASSERT_TRUE(import && next);
    import.value() = std::move(next.value());
    EXPECT_EQ(zc_fake_egl_image_users(one.get()), 0u);
    EXPECT_EQ(import.value().image(), two.get());
    EXPECT_FALSE(import.value().isArray());
}

// In a context of somebody else's, which is not retained.
TEST_F(EglImage, WorksInTheContextThatItIsGiven)
{
    auto primary = zc::cuda::PrimaryContext::retain(0);
    ASSERT_TRUE(primary);
    const Image image(true, kColorAbgr, rgba());
    const auto import = EglImageImport::make(0, primary.value().get(), image.get());
    ASSERT_TRUE(import) << import.status().message();
    EXPECT_EQ(zc_fake_calls("cuDevicePrimaryCtxRetain"), 1u);
    Frame frame = frameOf(Format::Rgba);
    ASSERT_TRUE(import.value().place(frame));
    EXPECT_EQ(frame.context, primary.value().get());
}

#ifdef ZC_HAVE_CUDA_EGL_H
TEST(EglFrameAbi, IsTheToolkits)
{
    using Ours = zc::cuda::EglFrame;
    EXPECT_EQ(sizeof(Ours), sizeof(CUeglFrame));
    EXPECT_EQ(offsetof(Ours, width), offsetof(CUeglFrame, width));
    EXPECT_EQ(offsetof(Ours, height), offsetof(CUeglFrame, height));
    EXPECT_EQ(offsetof(Ours, depth), offsetof(CUeglFrame, depth));
    EXPECT_EQ(offsetof(Ours, pitch), offsetof(CUeglFrame, pitch));
    EXPECT_EQ(offsetof(Ours, planeCount), offsetof(CUeglFrame, planeCount));
    EXPECT_EQ(offsetof(Ours, numChannels), offsetof(CUeglFrame, numChannels));
    EXPECT_EQ(offsetof(Ours, frameType), offsetof(CUeglFrame, frameType));
    EXPECT_EQ(offsetof(Ours, colorFormat), offsetof(CUeglFrame, eglColorFormat));
    EXPECT_EQ(offsetof(Ours, arrayFormat), offsetof(CUeglFrame, cuFormat));
    EXPECT_EQ(zc::cuda::kEglFramePlanes, static_cast<unsigned>(MAX_PLANES));
    EXPECT_EQ(zc::cuda::kEglFrameArray, static_cast<unsigned>(CU_EGL_FRAME_TYPE_ARRAY));
    EXPECT_EQ(zc::cuda::kEglFramePitch, static_cast<unsigned>(CU_EGL_FRAME_TYPE_PITCH));
    EXPECT_EQ(kColorNv12Of709, static_cast<unsigned>(CU_EGL_COLOR_FORMAT_YUV420_SEMIPLANAR_709));
    EXPECT_GE(kColorLater, static_cast<unsigned>(CU_EGL_COLOR_FORMAT_MAX));
}
#endif

} // namespace
