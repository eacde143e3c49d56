// SPDX-License-Identifier: MIT
// Surface arrays end to end on a real GPU: the stand-in libnvbufsurface hands out EGLImages of GL textures, the element
// registers them with the real driver, and GL reads what became of them. Skipped without a GPU of NVIDIA's and its EGL.
#include "egl/textures.hpp"
#include "nvmm_rig.hpp"

#include "cuda/driver.hpp"
#include "egl/display.hpp"
#include "gstcudazerocopy.h"

#include <map>
#include <optional>
#include <random>

namespace zc::test {
namespace {

constexpr int kWidth = 320, kHeight = 180;
constexpr unsigned kSurfaces = 3, kBatch = 2;

class NvmmGlSurfaces : public testing::Test {
protected:
    void SetUp() override
    {
        static const bool known = GST_ELEMENT_REGISTER(cudazerocopy, nullptr);
        ASSERT_TRUE(known);
        if (const auto driver = cuda::driver(); !driver)
            GTEST_SKIP() << driver.status().message();
        const auto display = egl::displayOfGpu(0);
        if (!display)
            GTEST_SKIP() << display.status().message();
        auto context = GlContext::make(display.value());
        ASSERT_TRUE(context) << context.status().message();
        context_.emplace(std::move(context.value()));
        zc_nvbuf_reset();
        zc_nvbuf_set_egl(image, nullptr, this);
    }
    void TearDown() override
    {
        EXPECT_STREQ(zc_nvbuf_misuse(), "");
        EXPECT_EQ(zc_nvbuf_live(nullptr), 0u) << zc_nvbuf_live_text();
        zc_nvbuf_reset();
    }

    // The texture of one picture of a surface; made when it is first asked for.
    ImageTexture &texture(void *surface, unsigned index)
    {
        auto &slot = textures_[{surface, index}];
        if (!slot) {
            auto made = ImageTexture::make(*context_, kind_, kWidth, kHeight);
            EXPECT_TRUE(made) << made.status().message();
            slot.emplace(std::move(made.value()));
        }
        return *slot;
    }
    static void *image(void *surface, unsigned index, void *self)
    {
        return static_cast<NvmmGlSurfaces *>(self)->texture(surface, index).image();
    }

    static Bytes noise(std::size_t bytes, unsigned seed)
    {
        std::mt19937 random(seed);
        Bytes all(bytes);
        std::generate(all.begin(), all.end(), [&] { return static_cast<std::uint8_t>(random()); });
        return all;
    }

    // Frames through the element; GL writes each before and reads it after.
    void run(const char *format, const char *kernel, unsigned frames)
    {
        nvmm_test::Settings settings = zc::test::surfaces(fake_nvbuf::kMemSurfaceArray);
        settings.blockLinear = true;
        settings.batchSize = kBatch;
        settings.poolSize = kSurfaces;
        settings.draw = false;
        NvmmFeed feed(settings, nvmmCaps(format, kWidth, kHeight));
        ElementHarness harness(std::string("cudazerocopy device=cuda zero-copy=required kernel=\"") + kernel + "\"",
                               feed.caps());
        for (unsigned frame = 0; frame < frames; ++frame) {
            Buffer buffer = feed.next();
            void *surface = surfaceOf(buffer);
            std::array<Bytes, kBatch> before;
            for (unsigned i = 0; i < kBatch; ++i) {
                before[i] = noise(std::size_t{kWidth} * kHeight * static_cast<std::size_t>(kind_.bytes), frame * 7 + i);
                texture(surface, i).upload(before[i]);
            }
            const GstBuffer *sent = buffer.get();
            const Buffer out = pass(harness, std::move(buffer));
            ASSERT_NE(out, nullptr) << lines(textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR));
            EXPECT_EQ(out.get(), sent);
            for (unsigned i = 0; i < kBatch; ++i)
                EXPECT_LE(biggestDifference(texture(surface, i).download(), after(kernel, feed.info(), before[i])), 1)
                    << format << " " << kernel << " frame " << frame << " picture " << i;
        }
        EXPECT_EQ(harness.stat("imports"), std::min(frames, kSurfaces));
        EXPECT_EQ(harness.stat("cache-hits"), frames - std::min(frames, kSurfaces));
        EXPECT_EQ(harness.stat("copied"), 0u);
    }

    TexelKind kind_ = kRgba8;

private:
    std::optional<GlContext> context_;
    std::map<std::pair<void *, unsigned>, std::optional<ImageTexture>> textures_;
};

TEST_F(NvmmGlSurfaces, KernelsOnRgba)
{
    for (const char *kernel : {"invert", "gray", "flip,method=horizontal", "box-blur,radius=3", "adjust,contrast=1.4"})
        run("RGBA", kernel, 7);
}

TEST_F(NvmmGlSurfaces, KernelsOnGray)
{
    kind_ = kR8;
    for (const char *kernel : {"invert", "pixelate,block=8"})
        run("GRAY8", kernel, 7);
}

TEST_F(NvmmGlSurfaces, ManyFrames)
{
    run("RGBA", "invert", 600);
}

} // namespace
} // namespace zc::test
