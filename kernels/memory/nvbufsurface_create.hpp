// SPDX-License-Identifier: MIT
// Surfaces of our own, to copy into.
#pragma once

#include "memory/nvbufsurface_library.hpp"
#include "memory/nvbufsurface_reader.hpp"

#include <utility>

namespace zc::nvbuf {

// What a surface has in common with its copies.
struct SurfaceKind {
    std::uint32_t gpuId = 0, batchSize = 0, width = 0, height = 0;
    bool contiguous = false;
    std::int32_t colorFormat = 0, layout = 0, memType = 0;
    bool operator==(const SurfaceKind &) const = default;
};

// Of the surface that a memory maps to. Unsupported if its pictures differ in size, which no library call makes.
Result<SurfaceKind> kindOfSurface(void *data, std::size_t bytes);

// One that NvBufSurfaceCreate made. Its pixels are whatever was there.
class OwnedSurface {
public:
    static Result<OwnedSurface> create(const SurfaceKind &kind);
    OwnedSurface(OwnedSurface &&other) noexcept
        : library_(other.library_), surface_(std::exchange(other.surface_, nullptr))
    {}
    OwnedSurface &operator=(OwnedSurface &&) = delete;
    ~OwnedSurface(); // any thread

    Surface *get() const { return surface_; }
    std::size_t bytes() const { return surfaceBytes(library_->abi); }

private:
    OwnedSurface(const Library *library, Surface *surface) : library_(library), surface_(surface) {}
    const Library *library_;
    Surface *surface_;
};

} // namespace zc::nvbuf
