// SPDX-License-Identifier: MIT
#include "frame_memory.hpp"

#include <cstring>
#include <new>

namespace zc::test {
namespace {

constexpr std::align_val_t kAlignment{256};

class HostMemory final : public FrameMemory {
public:
    explicit HostMemory(std::size_t bytes) : data_(::operator new(bytes, kAlignment)) {}
    ~HostMemory() override { ::operator delete(data_, kAlignment); }

    void *address() override { return data_; }
    void upload(std::span<const std::uint8_t> bytes) override { std::memcpy(data_, bytes.data(), bytes.size()); }
    void download(std::span<std::uint8_t> bytes) override { std::memcpy(bytes.data(), data_, bytes.size()); }

private:
    void *data_;
};

class HostAllocator final : public FrameAllocator {
public:
    std::unique_ptr<FrameMemory> allocate(std::size_t bytes) override { return std::make_unique<HostMemory>(bytes); }
    MemoryKind kind() const override { return MemoryKind::System; }
    int device() const override { return -1; }
};

} // namespace

std::unique_ptr<FrameAllocator> makeHostAllocator()
{
    return std::make_unique<HostAllocator>();
}

} // namespace zc::test
