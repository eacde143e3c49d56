// SPDX-License-Identifier: MIT
// NvBufSurfaceCreate, for a surface like another.
#include "memory/nvbufsurface_create.hpp"

#include <string>

namespace zc::nvbuf {

Result<SurfaceKind> kindOfSurface(void *data, std::size_t bytes)
{
    const auto view = readSurface(data, bytes);
    if (!view)
        return view.status();
    const Surface &surface = *view.value().surface;
    const Params &first = surface.list[0];
    SurfaceKind kind;
    kind.gpuId = surface.gpuId;
    kind.batchSize = surface.batchSize;
    kind.width = first.width;
    kind.height = first.height;
    kind.contiguous = surface.isContiguous != 0;
    kind.colorFormat = first.colorFormat;
    kind.layout = first.layout;
    kind.memType = surface.memType;
    if (view.value().filled < 2)
        return kind;
    const auto found = library();
    if (!found)
        return found.status();
    const Abi abi = found.value()->abi;
    if (Status status = checkAbi(view.value(), bytes, abi); !status)
        return status;
    for (std::uint32_t i = 1; i < view.value().filled; ++i) {
        const Params &other = *pictureAt(surface, abi, i);
        if (other.width != kind.width || other.height != kind.height || other.colorFormat != kind.colorFormat ||
            other.layout != kind.layout)
            return Status{Code::Unsupported,
                          "a batch whose pictures differ cannot be copied (picture 0 is " + std::to_string(kind.width) +
                              "x" + std::to_string(kind.height) + ", picture " + std::to_string(i) + " " +
                              std::to_string(other.width) + "x" + std::to_string(other.height) +
                              "); put the element before nvstreammux, or see on-shared for what else may happen"};
    }
    return kind;
}

Result<OwnedSurface> OwnedSurface::create(const SurfaceKind &kind)
{
    const auto found = library();
    if (!found)
        return Status{found.status().code(),
                      "no surface to copy into: NvBufSurfaceCreate is needed, and " + found.status().message()};
    const Library &l = *found.value();
    CreateParams params{};
    params.gpuId = kind.gpuId;
    params.width = kind.width;
    params.height = kind.height;
    params.isContiguous = kind.contiguous ? 1 : 0;
    params.colorFormat = kind.colorFormat;
    params.layout = kind.layout;
    params.memType = kind.memType;
    Surface *surface = nullptr;
    if (l.create(&surface, kind.batchSize, &params) != 0 || surface == nullptr)
        return Status{Code::System,
                      "NvBufSurfaceCreate makes no surface to copy into (" + std::to_string(kind.width) + "x" +
                          std::to_string(kind.height) + ", " + describeColorFormat(kind.colorFormat) + ", batch of " +
                          std::to_string(kind.batchSize) + ", " + memTypeName(static_cast<MemType>(kind.memType)) +
                          ", GPU " + std::to_string(kind.gpuId) +
                          "); its memory may be full, or on-shared=passthrough may do"};
    return OwnedSurface(&l, surface);
}

OwnedSurface::~OwnedSurface()
{
    if (surface_ != nullptr)
        (void)library_->destroy(surface_);
}

} // namespace zc::nvbuf
