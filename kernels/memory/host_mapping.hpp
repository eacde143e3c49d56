// SPDX-License-Identifier: MIT
// Memory of the CPU, made reachable for a GPU: pinned, mapped, and used where it is, over the bus.
#pragma once

#include "core/access.hpp"
#include "core/status.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace zc {

// A GPU whose primary context is retained from the first use to the end of the last mapping. Thread-safe.
class HostGpu {
public:
    explicit HostGpu(int device);
    HostGpu(const HostGpu &) = delete;
    HostGpu &operator=(const HostGpu &) = delete;
    ~HostGpu();

    int device() const { return device_; }
    // The CUcontext. NotFound without a driver or that GPU.
    Result<void *> context();

private:
    class Impl;
    const int device_;
    std::unique_ptr<Impl> impl_;
};

// A range of host memory as a GPU sees it.
//
// The driver pins whole pages and refuses pages that are pinned already. So pages that a range shares with its
// neighbours are registered each by itself, counted, and shared by every mapping of the process, as are ranges that
// are mapped twice (two elements in a row). That needs a GPU which uses host addresses as they are (all on x86-64);
// for any other, memory must begin and end with a page of its own.
class HostMapping {
public:
    // The memory must stay where it is until the mapping is gone. With Access::Read, pages that the CPU itself may only
    // read do, too; writing to those is the caller's to prevent. Access if the driver refuses the memory: the message
    // says why and what would work. May take milliseconds. Any thread.
    static Result<HostMapping> make(const std::shared_ptr<HostGpu> &gpu, void *host, std::size_t bytes, Access access);

    HostMapping(HostMapping &&other) noexcept;
    HostMapping &operator=(HostMapping &&other) noexcept;
    HostMapping(const HostMapping &) = delete;
    HostMapping &operator=(const HostMapping &) = delete;
    ~HostMapping(); // any thread; the owning context is made current there

    // The GPU's address of the range's first byte.
    std::uint8_t *data() const { return data_; }
    const void *host() const { return host_; }
    std::size_t size() const { return size_; }
    bool writable() const { return writable_; } // false where pages could be pinned for reading only

private:
    HostMapping() = default;
    void release();

    std::vector<std::uintptr_t> pieces_; // begins of the registrations held
    std::uint8_t *data_ = nullptr;
    const void *host_ = nullptr;
    std::size_t size_ = 0;
    bool writable_ = true;
};

} // namespace zc
