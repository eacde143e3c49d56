// SPDX-License-Identifier: MIT
// How many launches the frames of a batch take.
#include "fake_cuda.h"

#include "backend/cuda_backend.hpp"
#include "cuda/handles.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

constexpr int kWidth = 64, kHeight = 32, kPitch = 256;
constexpr std::size_t kFrameBytes = std::size_t{kPitch} * kHeight * 2;

// NV12 frames behind one another in a block of memory.
class Frames : public testing::Test {
protected:
    void SetUp() override
    {
        auto made = zc::makeCudaBackend();
        ASSERT_TRUE(made.ok()) << made.status().message();
        backend_ = std::move(made.value());
        context_.emplace(std::move(zc::cuda::PrimaryContext::retain(0).value()));
    }

    void make(std::size_t count)
    {
        const zc::cuda::ContextGuard guard(context_->get());
        memory_ = std::move(zc::cuda::allocate(context_->get(), count * kFrameBytes).value());
        frames_.assign(count, {});
        for (std::size_t i = 0; i < count; ++i) {
            zc::Frame &frame = frames_[i];
            frame.format = zc::Format::Nv12;
            frame.width = kWidth;
            frame.height = kHeight;
            frame.device = 0;
            zc::setPlaneSizes(frame);
            std::uint8_t *at = bytes() + i * kFrameBytes;
            frame.planes[0].data = at;
            frame.planes[1].data = at + std::size_t{kPitch} * kHeight;
            frame.planes[0].pitch = frame.planes[1].pitch = kPitch;
        }
    }

    // Of the stand-in, which the CPU may look at.
    std::uint8_t *bytes() { return reinterpret_cast<std::uint8_t *>(memory_.get()); }

    unsigned long launchesOf(const char *name)
    {
        const zc::KernelInfo &kernel = *zc::findKernel(name);
        const zc::ParamValues params(kernel.params);
        const unsigned long before = zc_fake_launches(nullptr);
        EXPECT_TRUE(backend_->runBatch(frames_, {&kernel, &params}).ok());
        EXPECT_TRUE(backend_->wait().ok());
        EXPECT_STREQ(zc_fake_misuse(), "");
        return zc_fake_launches(nullptr) - before;
    }

    std::optional<zc::cuda::PrimaryContext> context_;
    zc::cuda::DeviceMemory memory_;
    std::vector<zc::Frame> frames_;
    std::unique_ptr<zc::Backend> backend_;
};

TEST_F(Frames, ThatAreAlikeTakeOneLaunch)
{
    make(4);
    std::fill_n(bytes(), 4 * kFrameBytes, std::uint8_t{0x11});
    EXPECT_EQ(launchesOf("invert"), 1U);
    for (std::size_t i = 0; i < 4; ++i) // the stand-in inverts every bit
        EXPECT_EQ(bytes()[i * kFrameBytes + kPitch], 0xee) << "frame " << i;
    EXPECT_EQ(bytes()[kWidth], 0x11) << "padding";
    EXPECT_EQ(launchesOf("gray"), 1U);
}

TEST_F(Frames, BeyondWhatOneLaunchTakesAreSplit)
{
    make(70);
    EXPECT_EQ(launchesOf("invert"), 3U);
}

TEST_F(Frames, ThatDifferTakeALaunchEach)
{
    make(3);
    frames_[1].height /= 2;
    zc::setPlaneSizes(frames_[1]);
    EXPECT_EQ(launchesOf("invert"), 3U);
    make(3);
    frames_[2].planes[1].pitch = 2 * kPitch - 128;
    EXPECT_EQ(launchesOf("invert"), 2U);
    make(2);
    frames_[1].range = zc::ColorRange::Full;
    EXPECT_EQ(launchesOf("invert"), 2U);
    make(2);
    for (zc::Plane &plane : frames_[1].planes)
        plane.data = plane.data != nullptr ? static_cast<std::uint8_t *>(plane.data) + 1 : nullptr;
    EXPECT_EQ(launchesOf("invert"), 2U) << "less aligned than the first";
}

// Their scratch memory is that of one frame.
TEST_F(Frames, OfKernelsWithPassesTakeTheirOwn)
{
    make(3);
    EXPECT_EQ(launchesOf("box-blur"), 6U);
}

} // namespace
