// SPDX-License-Identifier: MIT
// Pinning by memory: plain memory where it lies, memory of a descriptor through a mapping of our own.
#include "host_memories.hpp"

#include "../log.hpp"
#include "copy_allocator.hpp"

#include <gst/allocators/gstfdmemory.h>

#include <string>

namespace zc::gst {
namespace {

// Parts of one memory are reached through the whole of it.
GstMemory *rootOf(GstMemory *memory)
{
    while (memory->parent != nullptr)
        memory = memory->parent;
    return memory;
}

} // namespace

Status setPlace(Frame &frame, HostGpu *gpu)
{
    if (gpu == nullptr)
        return {};
    const auto context = gpu->context();
    if (!context)
        return context.status();
    frame.device = gpu->device();
    frame.context = context.value();
    return {};
}

Status withCure(const Status &status, const std::string &memory)
{
    if (status.code() != Code::Access)
        return status;
    return {Code::Access, memory + " cannot be used by the GPU where it is: " + status.message() +
                              "; put cudaupload before cudazerocopy, let upstream take the memory that is offered to "
                              "it (page-aligned), or use device=cpu"};
}

Result<HostMapping> pinMapping(const std::shared_ptr<HostGpu> &gpu, const DmabufMapping &mapping, Access access)
{
    return HostMapping::make(gpu, mapping.data(), (mapping.size() + pageAlign()) & ~pageAlign(), access);
}

Result<std::uint8_t *> HostMemories::reach(const PlaneLocation &plane, Access access)
{
    GstMemory *memory = plane.memory;
    GstMemory *root = rootOf(memory);
    if (gpu_ && gst_is_fd_memory(root))
        return reachFile(root, plane, access);
    if (gpu_ && !gst_memory_is_type(root, GST_ALLOCATOR_SYSMEM))
        return Status{Code::Unsupported, describeMemory(memory) +
                                             " may lie elsewhere for each frame, so that the GPU cannot use it where "
                                             "it is; let v4l2src export dmabufs (io-mode=dmabuf), put cudaupload "
                                             "before cudazerocopy, or use device=cpu"};
    const auto mapped = maps_.map(memory, plane.offset + plane.bytes, access);
    if (!mapped)
        return mapped;
    std::uint8_t *visible = mapped.value();
    if (!gpu_)
        return visible + plane.offset;
    const auto begin = reachRange(root, visible - memory->offset, memory->maxsize, access);
    return begin ? Result<std::uint8_t *>(begin.value() + memory->offset + plane.offset) : begin;
}

Result<std::uint8_t *> HostMemories::reachRange(GstMemory *root, std::uint8_t *begin, gsize bytes, Access access)
{
    if (const auto known = cache_.find(root);
        known && known->range.host() == begin && known->range.size() >= bytes && known->serves(access))
        return known->range.data();
    auto made = HostMapping::make(gpu_, begin, bytes, access);
    if (!made)
        return withCure(made.status(), describeMemory(root));
    ++imports_;
    GST_CAT_LOG(logImport, "pinned %" G_GSIZE_FORMAT " bytes at %p", bytes, static_cast<void *>(begin));
    std::uint8_t *data = made->data();
    cache_.put(root, std::make_shared<Pinned>(Pinned{std::nullopt, std::move(made.value())}));
    return data;
}

// GStreamer maps a descriptor anew for each use, each time elsewhere.
Result<std::uint8_t *> HostMemories::reachFile(GstMemory *root, const PlaneLocation &plane, Access access)
{
    GstMemory *memory = plane.memory;
    if (Status status = checkUse(memory, plane.offset + plane.bytes, access); !status)
        return status;
    const gsize at = memory->offset + plane.offset, needed = at + plane.bytes;
    if (const auto known = cache_.find(root);
        known && known->file && known->file->size() >= needed && known->serves(access))
        return known->range.data() + at;
    const int fd = gst_fd_memory_get_fd(root);
    const Access mapped = fdIsReadWrite(fd) ? Access::ReadWrite : access;
    auto file = DmabufMapping::map(fd, needed, mapped);
    if (!file)
        return Status{file.status().code(), describeMemory(memory) + ": " + file.status().message()};
    auto made = pinMapping(gpu_, file.value(), mapped);
    if (!made)
        return withCure(made.status(), describeMemory(memory));
    ++imports_;
    GST_CAT_LOG(logImport, "mapped and pinned fd %d, %" G_GSIZE_FORMAT " bytes", fd, file->size());
    std::uint8_t *data = made->data();
    cache_.put(root, std::make_shared<Pinned>(Pinned{std::move(file.value()), std::move(made.value())}));
    return data + at;
}

} // namespace zc::gst
