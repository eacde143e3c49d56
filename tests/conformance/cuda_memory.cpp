// SPDX-License-Identifier: MIT
#include "cuda_memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace zc::conformance {
namespace {

const cuda::Driver &driver()
{
    return *cuda::driverIfOpen();
}

class LinearMemory final : public test::FrameMemory {
public:
    LinearMemory(cuda::Context context, std::size_t bytes) : context_(context)
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
        const auto result = driver().memcpyHtoDAsync(memory_.get(), bytes.data(), bytes.size(), nullptr);
        EXPECT_EQ(result, cuda::kSuccess);
        EXPECT_EQ(driver().streamSynchronize(nullptr), cuda::kSuccess);
    }
    void download(std::span<std::uint8_t> bytes) override
    {
        const cuda::ContextGuard guard(context_);
        const auto result = driver().memcpyDtoHAsync(bytes.data(), memory_.get(), bytes.size(), nullptr);
        EXPECT_EQ(result, cuda::kSuccess);
        EXPECT_EQ(driver().streamSynchronize(nullptr), cuda::kSuccess);
    }

private:
    cuda::Context context_;
    cuda::DeviceMemory memory_;
};

// How an array holds the rows of one plane: texels of one, two or four bytes, words or double words.
struct Texel {
    unsigned format, channels;
    std::size_t bytes;
};

Texel texelOf(const FormatInfo &info, int plane)
{
    if (info.layout == Layout::Rgb10a2)
        return {cuda::kArrayUint32, 1, 4};
    unsigned channels = 1;
    if (info.layout == Layout::Packed422 || info.layout == Layout::PackedRgb)
        channels = 4;
    else if (info.layout == Layout::SemiPlanar && plane == 1)
        channels = 2;
    return {info.sampleBytes == 2 ? cuda::kArrayUint16 : cuda::kArrayUint8, channels, channels * info.sampleBytes};
}

// The block itself stays on the host, for what lies between the rows.
class ArrayMemory final : public test::FrameMemory {
public:
    ArrayMemory(cuda::Context context, std::size_t bytes) : context_(context), block_(bytes + kAlignment) {}

    void *address() override
    {
        const auto at = reinterpret_cast<std::uintptr_t>(block_.data());
        return block_.data() + (kAlignment - at % kAlignment) % kAlignment;
    }
    void place(Frame &frame) override
    {
        const FormatInfo &info = formatInfo(frame.format);
        const cuda::ContextGuard guard(context_);
        for (int i = 0; i < info.planes; ++i) {
            Plane &plane = frame.planes[i];
            rows_[i] = {static_cast<std::uint8_t *>(plane.data), static_cast<std::size_t>(plane.pitch),
                        static_cast<std::size_t>(rowBytes(info, i, frame.width)),
                        static_cast<std::size_t>(plane.height)};
            makeArray(i, texelOf(info, i));
            plane.data = nullptr;
            plane.pitch = 0;
            plane.surface = surfaces_[i].get();
        }
    }
    void upload(std::span<const std::uint8_t> bytes) override
    {
        std::copy(bytes.begin(), bytes.end(), static_cast<std::uint8_t *>(address()));
        copyRows(true);
    }
    void download(std::span<std::uint8_t> bytes) override
    {
        copyRows(false);
        std::copy_n(static_cast<std::uint8_t *>(address()), bytes.size(), bytes.begin());
    }

private:
    static constexpr std::size_t kAlignment = 256;
    struct Rows {
        std::uint8_t *first = nullptr;
        std::size_t pitch = 0, bytes = 0, count = 0;
    };

    void makeArray(int i, const Texel &texel)
    {
        const cuda::ArrayDescriptor descriptor = {(rows_[i].bytes + texel.bytes - 1) / texel.bytes,
                                                  rows_[i].count,
                                                  0,
                                                  texel.format,
                                                  texel.channels,
                                                  cuda::kArraySurface};
        cuda::Array array = nullptr;
        ASSERT_EQ(driver().arrayCreate(&array, &descriptor), cuda::kSuccess);
        arrays_[i] = cuda::OwnedArray(context_, array);
        cuda::ResourceDescriptor resource{};
        resource.array = array;
        cuda::Surface surface = 0;
        ASSERT_EQ(driver().surfObjectCreate(&surface, &resource), cuda::kSuccess);
        surfaces_[i] = cuda::OwnedSurface(context_, surface);
    }
    void copyRows(bool up)
    {
        const cuda::ContextGuard guard(context_);
        for (int i = 0; i < kMaxPlanes; ++i) {
            if (!arrays_[i])
                continue;
            cuda::Memcpy2D copy{};
            copy.srcMemoryType = up ? cuda::kMemoryHost : cuda::kMemoryArray;
            copy.dstMemoryType = up ? cuda::kMemoryArray : cuda::kMemoryHost;
            copy.srcHost = copy.dstHost = rows_[i].first;
            copy.srcPitch = copy.dstPitch = rows_[i].pitch;
            copy.srcArray = copy.dstArray = arrays_[i].get();
            copy.widthInBytes = rows_[i].bytes;
            copy.height = rows_[i].count;
            EXPECT_EQ(driver().memcpy2DAsync(&copy, nullptr), cuda::kSuccess);
        }
        EXPECT_EQ(driver().streamSynchronize(nullptr), cuda::kSuccess);
    }

    cuda::Context context_;
    std::vector<std::uint8_t> block_;
    Rows rows_[kMaxPlanes];
    cuda::OwnedArray arrays_[kMaxPlanes];
    cuda::OwnedSurface surfaces_[kMaxPlanes]; // gone before their arrays
};

template <class Memory> class Allocator final : public test::FrameAllocator {
public:
    explicit Allocator(cuda::PrimaryContext context) : context_(std::move(context)) {}
    std::unique_ptr<test::FrameMemory> allocate(std::size_t bytes) override
    {
        return std::make_unique<Memory>(context_.get(), bytes);
    }
    MemoryKind kind() const override { return MemoryKind::Cuda; }
    int device() const override { return 0; }

private:
    cuda::PrimaryContext context_;
};

} // namespace

std::unique_ptr<test::FrameAllocator> makeLinearAllocator(cuda::PrimaryContext context)
{
    return std::make_unique<Allocator<LinearMemory>>(std::move(context));
}

std::unique_ptr<test::FrameAllocator> makeArrayAllocator(cuda::PrimaryContext context)
{
    return std::make_unique<Allocator<ArrayMemory>>(std::move(context));
}

} // namespace zc::conformance
