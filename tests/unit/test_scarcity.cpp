// SPDX-License-Identifier: MIT
// The CPU backend where the system has no thread or no memory to give: it works alone, or says so; it never aborts.
#include "backend/backend.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <pthread.h>
#include <sys/resource.h>
#include <vector>

namespace {

int refused = 0;

} // namespace

// In place of the C library's: no thread is to be had.
extern "C" int pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *)
{
    ++refused;
    return EAGAIN;
}

namespace {

using namespace zc;

Frame grayFrame(std::vector<std::uint8_t> &bytes, int width, int height)
{
    bytes.assign(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), 10);
    Frame frame;
    frame.format = Format::Gray8;
    frame.width = width;
    frame.height = height;
    frame.range = ColorRange::Full;
    setPlaneSizes(frame);
    frame.planes[0].data = bytes.data();
    frame.planes[0].pitch = width;
    return frame;
}

Status runKernel(Backend &backend, const Frame &frame, const char *name)
{
    const KernelInfo *kernel = findKernel(name);
    const ParamValues params(kernel->params);
    Launch launch;
    launch.kernel = kernel;
    launch.params = &params;
    return backend.run(frame, launch);
}

TEST(Scarcity, worksAloneWithoutThreads)
{
    const auto backend = makeHostBackend({.threads = 4});
    std::vector<std::uint8_t> bytes;
    const Frame frame = grayFrame(bytes, 2000, 1000);
    for (int round = 0; round < 3; ++round) {
        const Status status = runKernel(*backend, frame, "invert");
        EXPECT_TRUE(status.ok()) << status.message();
        const std::uint8_t want = round % 2 == 0 ? 245 : 10;
        EXPECT_EQ(bytes, std::vector<std::uint8_t>(bytes.size(), want));
    }
    EXPECT_EQ(refused, 1) << "asked once, not for every frame";
}

TEST(Scarcity, saysHowMuchScratchIsMissing)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer needs the address space that this test takes away";
#endif
    const auto backend = makeHostBackend({.threads = 1});
    std::vector<std::uint8_t> bytes;
    const Frame frame = grayFrame(bytes, 16000, 16000);
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
    const rlimit tight{std::size_t{700} << 20, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_AS, &tight), 0);
    const Status status = runKernel(*backend, frame, "box-blur"); // wants 1 GB of sums
    ASSERT_EQ(setrlimit(RLIMIT_AS, &before), 0);
    EXPECT_FALSE(status.ok());
    EXPECT_NE(status.message().find("no memory for"), std::string::npos) << status.message();
    EXPECT_EQ(backend->use().scratchBytes, 0u);
    EXPECT_TRUE(runKernel(*backend, frame, "box-blur").ok()) << "and works again once there is memory";
}

} // namespace
