// SPDX-License-Identifier: MIT
// The ways from a dmabuf to a GPU, with a CUDA driver and an EGL of the tests' own: which comes first, what is trusted,
// what is remembered.
#include "buffers.hpp"
#include "egl_stand_in.hpp"
#include "fake_gpu.hpp"
#include "memory/dmabuf.hpp"

#include "cuda/driver.hpp"
#include "memory/dmabuf_import.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace zc::test {
namespace {

using gst::BufferPtr;

constexpr gsize kSize = 64 * 48 * 3 / 2;
constexpr int kIntegratedGpu = 1;

class DmabufWaysOf : public FakeGpu {
protected:
    void SetUp() override
    {
        ASSERT_TRUE(zc::cuda::driver());
        zc_fake_reset();
        forgetDmabufWays();
    }
    void TearDown() override
    {
        importer_.reset();
        EXPECT_EQ(egl_.imagesAlive, 0U);
        forgetDmabufWays();
    }
    static void shareMemory() { zc_fake_set_attribute(0, cuda::kIntegrated, kIntegratedGpu); }
    static BufferPtr buffer()
    {
        BufferPtr made(gst_buffer_new());
        gst_buffer_append_memory(made.get(), gst::test::dmabufMemory(kSize));
        return made;
    }
    // Whether the frame is reached through EGL; both planes must be there.
    Status visit(GstBuffer *buffer, bool &image, Access access = Access::ReadWrite)
    {
        if (!importer_) {
            gst::ImportSite site;
            site.device = gst::Device::Cuda;
            site.hostGpu = std::make_shared<HostGpu>(0);
            importer_ = gst::makeDmabufImporter(site);
        }
        const unsigned long mapped = registrations();
        const auto layout = gst::layoutOf(buffer, nv12_);
        const auto frames = importer_->open(buffer, layout.value(), nv12_, access);
        if (!frames)
            return frames.status();
        const Frame &frame = frames.value()[0];
        EXPECT_EQ(frame.device, 0);
        EXPECT_EQ(frame.memory, MemoryKind::Dmabuf);
        for (int i = 0; i < 2; ++i)
            EXPECT_TRUE(frame.planes[i].data != nullptr || frame.planes[i].surface != 0);
        EXPECT_TRUE(checkFrame(frame));
        image = egl_.imagesAlive > 0 && registrations() == mapped;
        return importer_->close();
    }

    EglStandIn egl_;
    gst::Negotiated nv12_ = gst::test::negotiateSize("NV12", 64, 48);
    std::unique_ptr<gst::Importer> importer_;
};

TEST_F(DmabufWaysOf, AGpuWithMemoryOfItsOwnMapsThem)
{
    bool image = true;
    const BufferPtr one = buffer();
    ASSERT_TRUE(visit(one.get(), image));
    EXPECT_FALSE(image);
    EXPECT_EQ(egl_.imagesMade, 0U);
}

TEST_F(DmabufWaysOf, AGpuThatSharesMemoryImportsThemOnce)
{
    shareMemory();
    for (const bool arrays : {false, true}) {
        egl_.arrays = arrays;
        forgetDmabufWays();
        const unsigned before = egl_.imagesMade;
        bool image = false;
        const BufferPtr one = buffer(), two = buffer();
        for (int i = 0; i < 3; ++i) {
            for (const BufferPtr *each : {&one, &two}) {
                const Status status = visit(each->get(), image);
                ASSERT_TRUE(status) << status.message();
                EXPECT_TRUE(image);
            }
        }
        EXPECT_EQ(egl_.imagesMade, before + 2);
    }
    EXPECT_EQ(registrations(), 0U);
    EXPECT_EQ(importer_->counters().imports, 4U);
    EXPECT_EQ(importer_->counters().cacheHits, 8U);
    EXPECT_EQ(egl_.imagesAlive, 0U) << "an image goes with its memory";
}

// Importing is no proof: drivers have shown something else than the dmabuf.
TEST_F(DmabufWaysOf, AnImageThatShowsSomethingElseIsNotUsed)
{
    shareMemory();
    egl_.shared = false;
    bool image = true;
    const BufferPtr one = buffer(), two = buffer();
    ASSERT_TRUE(visit(one.get(), image));
    EXPECT_FALSE(image);
    ASSERT_TRUE(visit(two.get(), image));
    EXPECT_FALSE(image);
    EXPECT_EQ(egl_.imagesMade, 1U) << "what was found out is remembered";
}

TEST_F(DmabufWaysOf, OnlyTheFirstImportIsChecked)
{
    shareMemory();
    bool image = false;
    const BufferPtr one = buffer(), two = buffer();
    ASSERT_TRUE(visit(one.get(), image));
    const unsigned long copies = zc_fake_calls("cuMemcpy2DAsync_v2");
    EXPECT_GT(copies, 0U);
    ASSERT_TRUE(visit(two.get(), image));
    EXPECT_TRUE(image);
    EXPECT_EQ(zc_fake_calls("cuMemcpy2DAsync_v2"), copies);
}

TEST_F(DmabufWaysOf, WhatIsNotKnownIsTriedForWritingOnly)
{
    shareMemory();
    bool image = true;
    const BufferPtr one = buffer();
    ASSERT_TRUE(visit(one.get(), image, Access::Read));
    EXPECT_FALSE(image);
    EXPECT_EQ(egl_.imagesMade, 0U);
}

TEST_F(DmabufWaysOf, RefusalsOfEglFallBackToTheMapping)
{
    shareMemory();
    egl_.imports = false;
    bool image = true;
    const BufferPtr one = buffer();
    ASSERT_TRUE(visit(one.get(), image));
    EXPECT_FALSE(image);
    forgetDmabufWays();
    egl_.imports = true;
    zc_fake_fail("cuGraphicsEGLRegisterImage", 0, 1);
    const BufferPtr two = buffer();
    ASSERT_TRUE(visit(two.get(), image));
    EXPECT_FALSE(image);
}

// Device memory to the kernel, which the driver does not pin.
TEST_F(DmabufWaysOf, WhatCannotBePinnedIsImported)
{
    zc_fake_fail("cuMemHostRegister_v2", 0, 801);
    bool image = false;
    const BufferPtr one = buffer(), two = buffer();
    Status status = visit(one.get(), image);
    ASSERT_TRUE(status) << status.message();
    EXPECT_TRUE(image);
    status = visit(two.get(), image);
    ASSERT_TRUE(status) << status.message();
    EXPECT_TRUE(image);
    EXPECT_EQ(zc_fake_calls("cuMemHostRegister_v2"), 1U) << "not for the second buffer";
}

TEST_F(DmabufWaysOf, WhatNobodyTakesIsTheMappingsError)
{
    zc_fake_fail("cuMemHostRegister_v2", 0, 801);
    egl_.imports = false;
    bool image = false;
    const BufferPtr one = buffer();
    const Status status = visit(one.get(), image);
    EXPECT_EQ(static_cast<int>(status.code()), static_cast<int>(Code::Access));
    EXPECT_NE(status.message().find("does not pin"), std::string::npos) << status.message();
}

TEST_F(DmabufWaysOf, AKindThatWorkedBeforeIsAnErrorWhenItFails)
{
    shareMemory();
    bool image = false;
    const BufferPtr one = buffer(), two = buffer();
    ASSERT_TRUE(visit(one.get(), image));
    egl_.imports = false;
    const Status status = visit(two.get(), image);
    EXPECT_EQ(static_cast<int>(status.code()), static_cast<int>(Code::Access));
    EXPECT_NE(status.message().find("EGL does not import the dmabuf as NV12"), std::string::npos) << status.message();
}

} // namespace
} // namespace zc::test
