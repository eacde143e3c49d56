// SPDX-License-Identifier: MIT
// The suite on the CUDA backend, in device memory. Without a GPU the executable exits with 77, skipped.
#include "target.hpp"

#include "backend/cuda_backend.hpp"
#include "cuda/handles.hpp"

#include <gtest/gtest.h>

#include <cstdio>

namespace zc::conformance {
namespace {

class CudaMemory final : public test::FrameMemory {
public:
    CudaMemory(cuda::Context context, std::size_t bytes) : context_(context)
    {
        const cuda::ContextGuard guard(context_);
        auto made = cuda::allocate(context_, bytes);
        EXPECT_TRUE(made.ok()) << made.status().message();
        if (made.ok())
            memory_ = std::move(made.value());
    }

    void *address() override { return reinterpret_cast<void *>(memory_.get()); }
    void upload(std::span<const std::uint8_t> bytes) override
    {
        const cuda::ContextGuard guard(context_);
        const auto result = cuda::driverIfOpen()->memcpyHtoDAsync(memory_.get(), bytes.data(), bytes.size(), nullptr);
        EXPECT_EQ(result, cuda::kSuccess);
        EXPECT_EQ(cuda::driverIfOpen()->streamSynchronize(nullptr), cuda::kSuccess);
    }
    void download(std::span<std::uint8_t> bytes) override
    {
        const cuda::ContextGuard guard(context_);
        const auto result = cuda::driverIfOpen()->memcpyDtoHAsync(bytes.data(), memory_.get(), bytes.size(), nullptr);
        EXPECT_EQ(result, cuda::kSuccess);
        EXPECT_EQ(cuda::driverIfOpen()->streamSynchronize(nullptr), cuda::kSuccess);
    }

private:
    cuda::Context context_;
    cuda::DeviceMemory memory_;
};

class CudaAllocator final : public test::FrameAllocator {
public:
    explicit CudaAllocator(cuda::PrimaryContext context) : context_(std::move(context)) {}
    std::unique_ptr<test::FrameMemory> allocate(std::size_t bytes) override
    {
        return std::make_unique<CudaMemory>(context_.get(), bytes);
    }
    MemoryKind kind() const override { return MemoryKind::Cuda; }
    int device() const override { return 0; }

private:
    cuda::PrimaryContext context_;
};

bool driverFound()
{
    const auto driver = cuda::driver();
    return driver.ok() || driver.status().code() != Code::NotFound;
}

} // namespace

std::vector<Target> makeTargets()
{
    std::vector<Target> out;
    if (!driverFound())
        return out; // main() says so
    auto backend = makeCudaBackend();
    auto context = cuda::PrimaryContext::retain(0);
    EXPECT_TRUE(backend.ok()) << backend.status().message();
    EXPECT_TRUE(context.ok()) << context.status().message();
    if (backend.ok() && context.ok())
        out.push_back(
            {"cuda", std::move(backend.value()), std::make_unique<CudaAllocator>(std::move(context.value()))});
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
