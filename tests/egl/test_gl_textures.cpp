// SPDX-License-Identifier: MIT
// Kernels on OpenGL textures, in place: GL draws, CUDA changes, GL reads. Needs a GPU of NVIDIA's with its EGL.
#include "textures.hpp"

#include "backend/backend.hpp"
#include "backend/cuda_backend.hpp"
#include "cuda/handles.hpp"
#include "egl/display.hpp"
#include "memory/egl_image.hpp"
#include "runtime/built_in.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using zc::EglImageImport;
using zc::Format;
using zc::Frame;
using zc::Status;
using zc::test::GlContext;
using zc::test::ImageTexture;
using Bytes = std::vector<std::uint8_t>;

Frame frameOf(Format format, int width, int height)
{
    Frame frame;
    frame.format = format;
    frame.width = width;
    frame.height = height;
    frame.range = zc::ColorRange::Full;
    frame.memory = zc::MemoryKind::Gl;
    zc::setPlaneSizes(frame);
    return frame;
}

Bytes noise(int width, int height, int bytes)
{
    std::mt19937 random(1);
    Bytes pixels(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * static_cast<std::size_t>(bytes));
    std::generate(pixels.begin(), pixels.end(), [&] { return static_cast<std::uint8_t>(random()); });
    return pixels;
}

Status run(zc::Backend &backend, const Frame &frame, const std::string &name)
{
    const zc::KernelInfo *kernel = zc::findKernel(name);
    const zc::ParamValues params(kernel->params);
    zc::Launch launch;
    launch.kernel = kernel;
    launch.params = &params;
    Status status = backend.run(frame, launch);
    return status ? backend.wait() : status;
}

// What the CPU makes of the same picture.
Bytes onCpu(Bytes pixels, Format format, int width, int height, const std::string &kernel)
{
    Frame frame = frameOf(format, width, height);
    frame.planes[0].data = pixels.data();
    frame.planes[0].pitch = static_cast<std::int64_t>(pixels.size()) / height;
    const auto cpu = zc::makeHostBackend();
    const Status status = run(*cpu, frame, kernel);
    EXPECT_TRUE(status) << status.message();
    return pixels;
}

int furthest(const Bytes &a, const Bytes &b)
{
    int most = a.size() == b.size() ? 0 : 256;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
        most = std::max(most, std::abs(a[i] - b[i]));
    return most;
}

class GlTextures : public testing::Test {
protected:
    void SetUp() override
    {
        if (const auto driver = zc::cuda::driver(); !driver)
            GTEST_SKIP() << driver.status().message();
        const auto display = zc::egl::displayOfGpu(0);
        if (!display)
            GTEST_SKIP() << display.status().message();
        auto context = GlContext::make(display.value());
        ASSERT_TRUE(context) << context.status().message();
        context_.emplace(std::move(context.value()));
        auto backend = zc::makeCudaBackend();
        ASSERT_TRUE(backend) << backend.status().message();
        backend_ = std::move(backend.value());
    }
    std::optional<ImageTexture> texture(zc::test::TexelKind kind, int width, int height)
    {
        auto made = ImageTexture::make(*context_, kind, width, height);
        EXPECT_TRUE(made) << made.status().message();
        return made ? std::optional<ImageTexture>(std::move(made.value())) : std::nullopt;
    }
    std::optional<GlContext> context_;
    std::unique_ptr<zc::Backend> backend_;
};

TEST_F(GlTextures, TheDisplayIsOfTheGpu)
{
    const auto gpu = zc::egl::gpuOfDisplay(context_->display());
    ASSERT_TRUE(gpu) << gpu.status().message();
    EXPECT_EQ(gpu.value(), 0);
    std::printf("GL_RENDERER %s, GL_VERSION %s\n", reinterpret_cast<const char *>(context_->gl().getString(0x1f01)),
                reinterpret_cast<const char *>(context_->gl().getString(0x1f02)));
    // A broken DISPLAY plays no part.
    setenv("DISPLAY", "nowhere:99", 1);
    EXPECT_TRUE(zc::egl::displayOfGpu(0));
}

TEST_F(GlTextures, EveryKernelInPlace)
{
    constexpr std::pair<int, int> kSizes[] = {{64, 48}, {1920, 1080}, {37, 11}, {1, 1}};
    constexpr const char *kKernels[] = {"invert", "identity", "flip", "pixelate", "box-blur", "gray", "adjust", "fill"};
    for (const auto &[width, height] : kSizes) {
        for (const char *kernel : kKernels) {
            SCOPED_TRACE(std::string(kernel) + " " + std::to_string(width) + "x" + std::to_string(height));
            const auto picture = texture(zc::test::kRgba8, width, height);
            ASSERT_TRUE(picture);
            const Bytes before = noise(width, height, 4);
            picture->upload(before);
            const auto import = EglImageImport::make(0, nullptr, picture->image());
            ASSERT_TRUE(import) << import.status().message();
            Frame frame = frameOf(Format::Rgba, width, height);
            const Status placed = import.value().place(frame);
            ASSERT_TRUE(placed) << placed.message();
            const Status ran = run(*backend_, frame, kernel);
            ASSERT_TRUE(ran) << ran.message();
            EXPECT_LE(furthest(picture->download(), onCpu(before, Format::Rgba, width, height, kernel)), 1);
        }
    }
}

TEST_F(GlTextures, GrayTexture)
{
    const auto picture = texture(zc::test::kR8, 640, 360);
    ASSERT_TRUE(picture);
    const Bytes before = noise(640, 360, 1);
    picture->upload(before);
    const auto import = EglImageImport::make(0, nullptr, picture->image());
    ASSERT_TRUE(import) << import.status().message();
    Frame frame = frameOf(Format::Gray8, 640, 360);
    const Status placed = import.value().place(frame);
    ASSERT_TRUE(placed) << placed.message();
    ASSERT_TRUE(run(*backend_, frame, "invert"));
    EXPECT_EQ(furthest(picture->download(), onCpu(before, Format::Gray8, 640, 360, "invert")), 0);
}

// One registration, many frames: what GL draws meanwhile is what CUDA sees.
TEST_F(GlTextures, OneRegistrationServesManyFrames)
{
    constexpr int kWidth = 256, kHeight = 128;
    const auto picture = texture(zc::test::kRgba8, kWidth, kHeight);
    ASSERT_TRUE(picture);
    const auto import = EglImageImport::make(0, nullptr, picture->image());
    ASSERT_TRUE(import) << import.status().message();
    Frame frame = frameOf(Format::Rgba, kWidth, kHeight);
    ASSERT_TRUE(import.value().place(frame));
    for (int i = 0; i < 300; ++i) {
        const float shade = static_cast<float>(i % 256) / 255;
        picture->fill(shade, 0, 1 - shade, 1);
        ASSERT_TRUE(run(*backend_, frame, "invert"));
        const Bytes got = picture->download();
        const int red = i % 256;
        ASSERT_EQ(got[0], 255 - red) << "frame " << i;
        ASSERT_EQ(got[1], 255) << "frame " << i;
        ASSERT_EQ(got[got.size() - 2], red) << "frame " << i;
    }
}

// The driver needs no GL context for it, neither at the beginning nor at the end.
TEST_F(GlTextures, RegisteredAndReleasedOnThreadsWithoutGl)
{
    const auto picture = texture(zc::test::kRgba8, 64, 64);
    ASSERT_TRUE(picture);
    picture->upload(noise(64, 64, 4));
    std::optional<EglImageImport> import;
    std::thread([&] {
        auto made = EglImageImport::make(0, nullptr, picture->image());
        EXPECT_TRUE(made) << made.status().message();
        if (made)
            import.emplace(std::move(made.value()));
    }).join();
    ASSERT_TRUE(import);
    Frame frame = frameOf(Format::Rgba, 64, 64);
    ASSERT_TRUE(import->place(frame));
    ASSERT_TRUE(run(*backend_, frame, "invert"));
    EXPECT_EQ(furthest(picture->download(), onCpu(noise(64, 64, 4), Format::Rgba, 64, 64, "invert")), 0);
    std::thread([&] { import.reset(); }).join();
}

TEST_F(GlTextures, MisfitsAreNamed)
{
    const auto picture = texture(zc::test::kRgba8, 64, 64);
    ASSERT_TRUE(picture);
    const auto import = EglImageImport::make(0, nullptr, picture->image());
    ASSERT_TRUE(import) << import.status().message();
    Frame nv12 = frameOf(Format::Nv12, 64, 64), large = frameOf(Format::Rgba, 65, 64);
    const Status kind = import.value().place(nv12), size = import.value().place(large);
    EXPECT_EQ(static_cast<int>(kind.code()), static_cast<int>(zc::Code::BadLayout));
    EXPECT_NE(size.message().find("65x64"), std::string::npos) << size.message();
    std::printf("a GL texture to CUDA: %s\n", kind.message().c_str());
}

double microseconds(std::chrono::steady_clock::time_point begin)
{
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
}

void tell(const char *what, std::vector<double> times)
{
    std::sort(times.begin(), times.end());
    std::printf("%-28s median %7.1f us, p99 %7.1f us, worst %7.1f us\n", what, times[times.size() / 2],
                times[times.size() * 99 / 100], times.back());
}

TEST_F(GlTextures, Costs)
{
    constexpr int kWidth = 1920, kHeight = 1080, kTimes = 500;
    const auto picture = texture(zc::test::kRgba8, kWidth, kHeight);
    ASSERT_TRUE(picture);
    picture->upload(noise(kWidth, kHeight, 4));
    std::vector<double> registering, releasing, placing, frames;
    for (int i = 0; i < kTimes; ++i) {
        auto begin = std::chrono::steady_clock::now();
        std::optional<EglImageImport> import;
        {
            auto made = EglImageImport::make(0, nullptr, picture->image());
            ASSERT_TRUE(made) << made.status().message();
            import.emplace(std::move(made.value()));
        }
        registering.push_back(microseconds(begin));
        Frame frame = frameOf(Format::Rgba, kWidth, kHeight);
        begin = std::chrono::steady_clock::now();
        ASSERT_TRUE(import->place(frame));
        placing.push_back(microseconds(begin));
        begin = std::chrono::steady_clock::now();
        ASSERT_TRUE(run(*backend_, frame, "invert"));
        frames.push_back(microseconds(begin));
        begin = std::chrono::steady_clock::now();
        import.reset();
        releasing.push_back(microseconds(begin));
    }
    tell("register 1080p RGBA", registering);
    tell("place", placing);
    tell("invert, with the wait", frames);
    tell("unregister", releasing);
    EXPECT_EQ(frames.size(), std::size_t{kTimes});
}

} // namespace
