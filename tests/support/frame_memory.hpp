// SPDX-License-Identifier: MIT
// Memory for a test's frames, wherever the backend under test can reach it.
#pragma once

#include "core/frame.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace zc::test {

class FrameMemory {
public:
    FrameMemory() = default;
    FrameMemory(const FrameMemory &) = delete;
    FrameMemory &operator=(const FrameMemory &) = delete;
    virtual ~FrameMemory() = default;

    virtual void *address() = 0; // as the backend sees it; aligned to 256 bytes
    virtual void upload(std::span<const std::uint8_t> bytes) = 0;
    virtual void download(std::span<std::uint8_t> bytes) = 0;
    // The frame lies in this block. Memory that has no addresses makes its planes from it now; before the first upload.
    virtual void place(Frame & /*frame*/) {}
};

class FrameAllocator {
public:
    FrameAllocator() = default;
    FrameAllocator(const FrameAllocator &) = delete;
    FrameAllocator &operator=(const FrameAllocator &) = delete;
    virtual ~FrameAllocator() = default;

    virtual std::unique_ptr<FrameMemory> allocate(std::size_t bytes) = 0;
    virtual MemoryKind kind() const = 0;
    virtual int device() const = 0;
};

// Heap blocks of exactly the size asked for, so that ASan sees the first byte beyond.
std::unique_ptr<FrameAllocator> makeHostAllocator();

} // namespace zc::test
