// SPDX-License-Identifier: MIT
// Displays by GPU, and dmabufs as EGLImages, with an EGL and a CUDA driver of the tests' own.
#include "egl_stand_in.hpp"
#include "fake_cuda.h"
#include "memfd.hpp"

#include "cuda/driver.hpp"
#include "egl/display.hpp"
#include "egl/dmabuf_image.hpp"
#include "memory/dmabuf_import.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using zc::Code;
using zc::Format;
using zc::Frame;
using zc::Status;
using zc::egl::DmabufImage;
using zc::egl::DmabufPicture;
using zc::test::EglStandIn;

void expectText(const Status &status, Code code, std::initializer_list<const char *> parts)
{
    EXPECT_EQ(static_cast<int>(status.code()), static_cast<int>(code)) << status.message();
    for (const char *part : parts)
        EXPECT_NE(status.message().find(part), std::string::npos)
            << "\"" << part << "\" is not in: " << status.message();
}

TEST(EglDisplay, IsFoundByTheCudaDevice)
{
    EglStandIn egl;
    egl.devices = {-1, 1, 0};
    setenv("DISPLAY", "nowhere:99", 1); // plays no part
    for (const int gpu : {0, 1}) {
        const auto display = zc::egl::displayOfGpu(gpu);
        ASSERT_TRUE(display) << display.status().message();
        EXPECT_EQ(display.value(), EglStandIn::display(gpu == 0 ? 2 : 1));
        const auto back = zc::egl::gpuOfDisplay(display.value());
        ASSERT_TRUE(back) << back.status().message();
        EXPECT_EQ(back.value(), gpu);
    }
    const unsigned opened = egl.displaysOpened;
    ASSERT_TRUE(zc::egl::displayOfGpu(0));
    EXPECT_EQ(egl.displaysOpened, opened) << "a display that is known is not opened again";
    expectText(zc::egl::displayOfGpu(2).status(), Code::NotFound,
               {"no EGL device is GPU 2", "EGL has 3 devices: one without CUDA, CUDA device 1, CUDA device 0",
                "egl_vendor.d"});
    expectText(zc::egl::gpuOfDisplay(EglStandIn::display(0)).status(), Code::Unsupported,
               {"vendor \"stand-in\"", "NVIDIA"});
}

TEST(EglDisplay, WhatIsMissingIsNamed)
{
    EglStandIn egl;
    egl.client = "EGL_EXT_platform_base EGL_EXT_device_base EGL_EXT_platform_device_but_longer";
    expectText(zc::egl::displayOfGpu(0).status(), Code::Unsupported, {"EGL_EXT_platform_device", "egl_vendor.d"});
    egl.client = "EGL_EXT_platform_device EGL_EXT_device_enumeration";
    egl.opens = false;
    expectText(zc::egl::displayOfGpu(0).status(), Code::Access, {"GPU 0", "EGL_BAD_MATCH", "/dev/nvidia"});
    egl.opens = true;
    EXPECT_TRUE(zc::egl::displayOfGpu(0)) << "a failure is not remembered";
}

TEST(EglNames, ListsAndErrors)
{
    EXPECT_TRUE(zc::egl::hasExtension("EGL_a EGL_b", "EGL_b"));
    EXPECT_TRUE(zc::egl::hasExtension("EGL_a EGL_b ", "EGL_a"));
    EXPECT_FALSE(zc::egl::hasExtension("EGL_a EGL_bc", "EGL_b"));
    EXPECT_FALSE(zc::egl::hasExtension(nullptr, "EGL_b"));
    EXPECT_EQ(zc::egl::errorName(0x3000), "EGL_SUCCESS");
    EXPECT_EQ(zc::egl::errorName(0x3003), "EGL_BAD_ALLOC");
    EXPECT_EQ(zc::egl::errorName(0x300e), "EGL_CONTEXT_LOST");
    EXPECT_EQ(zc::egl::errorName(0x1234), "EGL error 0x1234");
}

TEST(EglDmabuf, OnlyWhatEglListsIsHandedToIt)
{
    EglStandIn egl;
    constexpr std::uint64_t kTiled = 0x0300000000606010;
    EXPECT_TRUE(zc::egl::takesDmabuf(0, Format::Nv12, 0));
    expectText(zc::egl::takesDmabuf(0, Format::Nv12, kTiled), Code::Unsupported,
               {"NV12", "0x0000000000000000", "found 0x0300000000606010"});
    egl.modifiers = {kTiled, 0};
    EXPECT_TRUE(zc::egl::takesDmabuf(0, Format::Nv12, kTiled));
    expectText(zc::egl::takesDmabuf(0, Format::Nv12, 0x0100000000000002), Code::Unsupported,
               {"a layout of Intel", "NVIDIA's reads its own"});
    expectText(zc::egl::takesDmabuf(0, Format::Nv12, 0x0200000000000001), Code::Unsupported, {"a layout of AMD"});
    expectText(zc::egl::takesDmabuf(0, Format::I420_10Le, 0), Code::Unsupported, {"no fourcc for I420_10LE"});
    egl.modifiers = {};
    expectText(zc::egl::takesDmabuf(0, Format::Bgrx, 0), Code::Unsupported, {"no dmabufs of fourcc AR24"});
    egl.extensions = "EGL_EXT_image_dma_buf_import";
    EXPECT_TRUE(zc::egl::takesDmabuf(0, Format::Nv12, 0)) << "without a list, linear ones are tried";
    expectText(zc::egl::takesDmabuf(0, Format::Nv12, kTiled), Code::Unsupported, {"_modifiers"});
    egl.extensions = "EGL_KHR_image_base EGL_EXT_image_dma_buf_import_modifiers";
    expectText(zc::egl::takesDmabuf(0, Format::Nv12, 0), Code::Unsupported,
               {"has no EGL_EXT_image_dma_buf_import ", "modeset=1"});
}

// Of a memfd with two planes of noise.
class EglImport : public testing::Test {
protected:
    static constexpr int kWidth = 40, kHeight = 12;
    static constexpr std::uint32_t kPitch = 64, kSecond = 1024;

    void SetUp() override
    {
        ASSERT_TRUE(zc::cuda::driver());
        zc_fake_reset();
        content_.resize(4096);
        for (std::size_t i = 0; i < content_.size(); ++i)
            content_[i] = static_cast<std::uint8_t>(i * 7 + 3);
        ASSERT_EQ(pwrite(file_.get(), content_.data(), content_.size(), 0), static_cast<ssize_t>(content_.size()));
        picture_.format = Format::Nv12;
        picture_.width = kWidth;
        picture_.height = kHeight;
        picture_.planes[0] = {file_.get(), 0, kPitch};
        picture_.planes[1] = {file_.get(), kSecond, kPitch};
    }
    void TearDown() override
    {
        EXPECT_STREQ(zc_fake_misuse(), "");
        EXPECT_STREQ(zc_fake_live_text(), "");
        EXPECT_EQ(egl_.imagesAlive, 0u);
        std::vector<std::uint8_t> now(content_.size());
        EXPECT_EQ(pread(file_.get(), now.data(), now.size(), 0), static_cast<ssize_t>(now.size()));
        EXPECT_EQ(now, content_) << "a check leaves the picture as it was";
    }
    Frame frame() const
    {
        Frame frame;
        frame.format = picture_.format;
        frame.width = picture_.width;
        frame.height = picture_.height;
        zc::setPlaneSizes(frame);
        return frame;
    }

    EglStandIn egl_;
    zc::UniqueFd file_ = zc::test::makeMemfd(4096);
    std::vector<std::uint8_t> content_;
    DmabufPicture picture_;
};

TEST_F(EglImport, PlanesAndModifiersAreHandedOn)
{
    ASSERT_TRUE(DmabufImage::make(0, picture_));
    auto &got = egl_.attributes;
    EXPECT_EQ(got[zc::egl::kWidth], kWidth);
    EXPECT_EQ(got[zc::egl::kHeight], kHeight);
    EXPECT_EQ(got[zc::egl::kFourcc], 0x3231564e);
    EXPECT_EQ(got[zc::egl::kPlaneFd[1]], file_.get());
    EXPECT_EQ(got[zc::egl::kPlaneOffset[1]], static_cast<int>(kSecond));
    EXPECT_EQ(got[zc::egl::kPlanePitch[1]], static_cast<int>(kPitch));
    EXPECT_EQ(got.count(zc::egl::kPlaneModifierLow[1]), 1u);
    EXPECT_EQ(got.count(zc::egl::kPlaneFd[2]), 0u);
    egl_.extensions = "EGL_EXT_image_dma_buf_import";
    ASSERT_TRUE(DmabufImage::make(0, picture_));
    EXPECT_EQ(egl_.attributes.count(zc::egl::kPlaneModifierLow[0]), 0u);
}

// CUDA refuses the fourccs with padding, and the bytes are the same.
TEST_F(EglImport, PaddingIsCalledAlpha)
{
    picture_.planes[0].pitch = kWidth * 4;
    constexpr struct {
        Format format;
        const char *fourcc;
    } kCases[] = {{Format::Bgrx, "AR24"}, {Format::Rgbx, "AB24"}, {Format::Xrgb, "BA24"},
                  {Format::Xbgr, "RA24"}, {Format::Bgra, "AR24"}, {Format::Rgba, "AB24"}};
    for (const auto &one : kCases) {
        picture_.format = one.format;
        ASSERT_TRUE(DmabufImage::make(0, picture_));
        EXPECT_EQ(std::memcmp(&egl_.attributes[zc::egl::kFourcc], one.fourcc, 4), 0) << one.fourcc;
    }
}

TEST_F(EglImport, ARefusalNamesThePicture)
{
    egl_.imports = false;
    expectText(DmabufImage::make(0, picture_).status(), Code::Access,
               {"NV12, 40x12, pitch 64", "0x0000000000000000", "EGL_BAD_MATCH"});
}

TEST_F(EglImport, TheSameMemoryPassesTheCheck)
{
    for (const bool arrays : {false, true}) {
        egl_.arrays = arrays;
        const auto import = zc::DmabufImport::make(0, picture_);
        ASSERT_TRUE(import) << import.status().message();
        Frame placed = frame();
        ASSERT_TRUE(import.value().place(placed));
        const Status checked = import.value().verify(picture_, placed, true);
        EXPECT_TRUE(checked) << checked.message();
    }
}

TEST_F(EglImport, ACopyIsFoundOut)
{
    egl_.shared = false;
    const auto import = zc::DmabufImport::make(0, picture_);
    ASSERT_TRUE(import) << import.status().message();
    Frame placed = frame();
    ASSERT_TRUE(import.value().place(placed));
    EXPECT_TRUE(import.value().verify(picture_, placed, false)) << "the bytes are the same so far";
    expectText(import.value().verify(picture_, placed, true), Code::Access,
               {"plane 0", "what the GPU wrote", "do not see the same memory"});
}

TEST_F(EglImport, OtherContentIsFoundOut)
{
    const auto import = zc::DmabufImport::make(0, picture_);
    ASSERT_TRUE(import) << import.status().message();
    Frame placed = frame();
    ASSERT_TRUE(import.value().place(placed));
    DmabufPicture elsewhere = picture_;
    elsewhere.planes[1].offset += 2 * kPitch;
    expectText(import.value().verify(elsewhere, placed, true), Code::Access,
               {"plane 1 of the dmabuf differs in row 0"});
}

TEST_F(EglImport, WhatTheCpuCannotMapIsNotTrusted)
{
    const auto import = zc::DmabufImport::make(0, picture_);
    ASSERT_TRUE(import) << import.status().message();
    Frame placed = frame();
    ASSERT_TRUE(import.value().place(placed));
    DmabufPicture unmappable = picture_;
    unmappable.planes[0].fd = -1;
    expectText(import.value().verify(unmappable, placed, true), Code::Access, {"cannot map the dmabuf"});
}

TEST(DmabufWays, AreRememberedByKind)
{
    zc::forgetDmabufWays();
    const zc::DmabufKind kind{0, Format::Nv12, 0, "someone"};
    zc::DmabufKind other = kind;
    other.exporter = "another";
    EXPECT_EQ(zc::dmabufWay(kind), zc::DmabufWay::Unknown);
    zc::noteDmabufWay(kind, zc::DmabufWay::Image);
    EXPECT_EQ(zc::dmabufWay(kind), zc::DmabufWay::Image);
    EXPECT_EQ(zc::dmabufWay(other), zc::DmabufWay::Unknown);
    other = kind;
    other.gpu = 1;
    EXPECT_EQ(zc::dmabufWay(other), zc::DmabufWay::Unknown);
    other = kind;
    other.format = Format::Rgba;
    EXPECT_EQ(zc::dmabufWay(other), zc::DmabufWay::Unknown);
    other = kind;
    other.modifier = 1;
    EXPECT_EQ(zc::dmabufWay(other), zc::DmabufWay::Unknown);
    zc::forgetDmabufWays();
}

TEST(DmabufWays, ImagesComeFirstForTheGpusOwnMemory)
{
    ASSERT_TRUE(zc::cuda::driver());
    zc_fake_reset();
    EXPECT_FALSE(zc::prefersDmabufImage({0, Format::Nv12, 0, "udmabuf"}));
    EXPECT_TRUE(zc::prefersDmabufImage({0, Format::Nv12, 0, "nvidia_drm"}));
    zc_fake_set_attribute(0, zc::cuda::kIntegrated, 1);
    EXPECT_TRUE(zc::prefersDmabufImage({0, Format::Nv12, 0, "udmabuf"}));
    zc_fake_reset();
}

} // namespace
