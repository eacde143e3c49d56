// SPDX-License-Identifier: MIT
// The suite on the CUDA backend, in linear memory and in arrays. Without a GPU the executable exits with 77, skipped.
#include "backend/cuda_backend.hpp"
#include "cuda_memory.hpp"
#include "picture.hpp"
#include "target.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <functional>

namespace zc::conformance {
namespace {

bool driverFound()
{
    const auto driver = cuda::driver();
    return driver.ok() || driver.status().code() != Code::NotFound;
}

void addTarget(std::vector<Target> &out, const char *name, bool arrays)
{
    auto backend = makeCudaBackend();
    auto context = cuda::PrimaryContext::retain(0);
    EXPECT_TRUE(backend.ok()) << backend.status().message();
    EXPECT_TRUE(context.ok()) << context.status().message();
    if (!backend.ok() || !context.ok())
        return;
    // The driver of tests/support/cuda_on_host runs one thread of the GPU after another.
    const bool slow = backend.value()->describe().find("the host") != std::string::npos;
    out.push_back(
        {name, std::move(backend.value()),
         arrays ? makeArrayAllocator(std::move(context.value())) : makeLinearAllocator(std::move(context.value())),
         arrays, slow});
}

TEST(CudaBackend, RefusesWhatNoArrayHolds)
{
    const KernelInfo &kernel = *findKernel("invert");
    const ParamValues params(kernel.params);
    for (Target &target : targets()) {
        PictureMemory memory(targets().front(), PictureLayout({Format::Rgb, 16, 16}));
        Frame frame = memory.frame();
        frame.planes[0].data = nullptr;
        frame.planes[0].surface = 1;
        const Status status = target.backend->run(frame, {&kernel, &params});
        EXPECT_EQ(status.code(), Code::Unsupported);
        EXPECT_NE(status.message().find("RGB"), std::string::npos) << status.message();
    }
}

TEST(CudaBackend, RefusesFramesOfAnotherDeviceOrContext)
{
    const KernelInfo &kernel = *findKernel("invert");
    const ParamValues params(kernel.params);
    Target &target = targets().front();
    const PictureLayout layout({Format::Nv12, 16, 16});
    PictureMemory memory(target, layout);
    Bytes before(layout.size(), 77);
    memory.upload(before);
    int other = 0;
    const std::pair<const char *, std::function<void(Frame &)>> breaks[] = {
        {"not imported", [](Frame &f) { f.device = -1; }},
        {"GPU 5", [](Frame &f) { f.device = 5; }},
        {"context", [&](Frame &f) { f.context = &other; }},
    };
    for (const auto &[word, breakIt] : breaks) {
        Frame frame = memory.frame();
        breakIt(frame);
        for (const Status &status :
             {target.backend->run(frame, {&kernel, &params}), target.backend->copy(frame, memory.frame())}) {
            EXPECT_EQ(status.code(), Code::Unsupported) << word;
            EXPECT_NE(status.message().find(word), std::string::npos) << status.message();
        }
    }
    EXPECT_TRUE(target.backend->wait().ok());
    EXPECT_EQ(memory.download(), before);
}

// Work on one frame, queued on streams in turn, happens in the order of the calls: the last colour stays.
TEST(CudaBackend, KeepsTheOrderAcrossStreams)
{
    Target &target = targets().front();
    const PictureSpec spec = {Format::Rgba, 1920, 1080, ColorRange::Full};
    const PictureLayout layout(spec);
    PictureMemory memory(target, layout);
    const Bytes input(layout.size(), 0);
    memory.upload(input);
    const KernelInfo &fill = *findKernel("fill");
    ParamValues colour(fill.params);
    auto context = cuda::PrimaryContext::retain(0);
    ASSERT_TRUE(context.ok());
    const cuda::ContextGuard guard(context->get());
    std::vector<cuda::OwnedStream> streams;
    for (int i = 0; i < 4; ++i)
        streams.push_back(std::move(cuda::makeStream(context->get()).value()));
    Frame frame = memory.frame();
    for (std::size_t i = 0; i < 32; ++i) {
        ASSERT_TRUE(colour.setText("color", i % 2 == 0 ? "#ff0000" : "#0000ff").ok());
        frame.stream = streams[i % streams.size()].get();
        ASSERT_TRUE(target.backend->run(frame, {&fill, &colour}).ok());
    }
    ASSERT_TRUE(target.backend->wait().ok());
    streams.clear(); // not before: the driver would be asked about a stream that is no more
    Bytes got = memory.download();
    const gold::Picture picture(layout.at(got.data()));
    int wrong = 0;
    for (int y = 0; y < spec.height; ++y)
        for (int x = 0; x < spec.width; ++x)
            wrong += picture.code(picture.channel('R'), x, y) != 0 || picture.code(picture.channel('B'), x, y) != 255;
    EXPECT_EQ(wrong, 0) << "pixels of an earlier colour";
}

TEST(CudaBackend, HandsOutTheTimeOfRunsThatWereTimed)
{
    Target &target = targets().front();
    PictureMemory memory(target, PictureLayout({Format::Nv12, 640, 480}));
    const KernelInfo &kernel = *findKernel("invert");
    const ParamValues params(kernel.params);
    double seconds = -1;
    const auto runs = [&](int count) {
        for (int i = 0; i < count; ++i)
            ASSERT_TRUE(target.backend->run(memory.frame(), {&kernel, &params}).ok());
        ASSERT_TRUE(target.backend->wait().ok());
    };
    runs(1);
    EXPECT_FALSE(target.backend->takeGpuTime(seconds)) << "nobody asked for it";
    target.backend->timeRuns(true);
    runs(20);
    ASSERT_TRUE(target.backend->takeGpuTime(seconds));
    EXPECT_GT(seconds, 0);
    EXPECT_LT(seconds, 1);
    EXPECT_FALSE(target.backend->takeGpuTime(seconds)) << "each run counts once";
    runs(2);
    EXPECT_TRUE(target.backend->takeGpuTime(seconds)) << "fetching makes room again";
    target.backend->timeRuns(false);
    runs(1);
    EXPECT_FALSE(target.backend->takeGpuTime(seconds));
}

} // namespace

std::vector<Target> makeTargets()
{
    std::vector<Target> out;
    if (!driverFound())
        return out; // main() says so
    addTarget(out, "cuda", false);
    addTarget(out, "cuda_array", true);
    return out;
}

} // namespace zc::conformance

int main(int argc, char **argv)
{
    testing::InitGoogleTest(&argc, argv);
    if (!zc::conformance::driverFound()) {
        std::printf("skipped: %s\n", zc::cuda::driver().status().message().c_str());
        return 77;
    }
    return RUN_ALL_TESTS();
}
