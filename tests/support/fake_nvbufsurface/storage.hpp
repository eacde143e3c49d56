// SPDX-License-Identifier: MIT
// The memory behind surfaces, and the little of the driver that it needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace zc::fake_nvbuf {

// The stand-in driver, if one can be opened; a real driver is left alone.
struct Cuda {
    int (*init)(unsigned);
    int (*primaryRetain)(void **context, int device);
    int (*primaryRelease)(int device);
    int (*push)(void *context);
    int (*pop)(void **context);
    int (*memAlloc)(std::uint64_t *address, std::size_t bytes);
    int (*memAllocManaged)(std::uint64_t *address, std::size_t bytes, unsigned flags);
    int (*memAllocHost)(void **memory, std::size_t bytes);
    int (*memFree)(std::uint64_t address);
    int (*memFreeHost)(void *memory);
    void (*quiet)(int on);
    // egl_image.h; null: none.
    void *(*eglCreate)(const void *description);
    void (*eglDestroy)(void *image);
    unsigned long (*eglUsers)(void *image);
};

// Null where there is none.
const Cuda *cuda();

// One block of memory; frees itself.
class Storage {
public:
    enum class Kind { None, Pages, File, CudaDevice, CudaManaged, CudaPinned };

    Storage() = default;
    Storage(Storage &&other) noexcept { *this = std::move(other); }
    Storage &operator=(Storage &&other) noexcept;
    ~Storage() { reset(); }

    // Whole pages and one behind them that traps.
    static Storage pages(std::size_t bytes);
    // A memfd, mapped likewise; it owns the descriptor.
    static Storage file(std::size_t bytes);
    // Memory of the stand-in driver in the primary context of the GPU, else pages. Empty if there is no such GPU.
    static Storage ofCuda(Kind kind, unsigned gpu, std::size_t bytes);

    explicit operator bool() const { return kind_ != Kind::None; }
    std::uint8_t *data() const { return data_; }
    std::size_t bytes() const { return bytes_; }
    int fd() const { return fd_; }
    bool fdIsOurs() const; // nobody closed it behind our back
    void protect(bool writable) const;

private:
    void reset();

    Kind kind_ = Kind::None;
    std::uint8_t *data_ = nullptr;
    std::size_t bytes_ = 0, reserved_ = 0;
    int fd_ = -1;
    std::uint64_t inode_ = 0;
    unsigned gpu_ = 0;
};

} // namespace zc::fake_nvbuf
