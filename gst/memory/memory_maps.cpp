// SPDX-License-Identifier: MIT
// Mapping of single memories, without the copies that mapping a whole buffer may make.
#include "memory_maps.hpp"

#include <gst/allocators/gstdmabuf.h>

#include <string>
#include <sys/stat.h>

namespace zc::gst {
namespace {

bool allowsWriteMap(const GstMemory *memory)
{
    return !GST_MEMORY_IS_READONLY(memory) && gst_memory_is_writable(memory);
}

// A write map of memory with several holders, or of a part, fails in gst_memory_map() (and becomes a silent copy of the
// pixels in gst_buffer_map()). on-shared=write asks for the very bytes that others see, so such memory is mapped for
// reading and written through that pointer. That is sound only for plain memory: of an fd, a read map is a read-only
// page.
Result<GstMapFlags> flagsFor(GstMemory *memory, Access access)
{
    const GstMapFlags flags = reads(access) ? GST_MAP_READ : static_cast<GstMapFlags>(0);
    if (!writes(access))
        return flags;
    if (Status status = checkWrite(memory); !status)
        return status;
    return allowsWriteMap(memory) ? static_cast<GstMapFlags>(flags | GST_MAP_WRITE) : GST_MAP_READ;
}

// A page beyond the end of a file can be mapped, and kills whoever touches it.
Status checkFileSize(GstMemory *memory, gsize needed)
{
    if (!gst_is_fd_memory(memory))
        return {};
    // Asked each time: a file can be truncated between two frames.
    const int fd = gst_fd_memory_get_fd(memory);
    struct stat file {};
    const bool regular = fstat(fd, &file) == 0 && S_ISREG(file.st_mode);
    const gsize size = regular ? static_cast<gsize>(file.st_size) : fdSize(fd);
    const gsize end = memory->offset + needed;
    if ((size == 0 && !regular) || size >= end) // a device need not know its size
        return {};
    return {Code::BadLayout, describeMemory(memory) + " (fd " + std::to_string(fd) + ", " + std::to_string(size) +
                                 " bytes) is shorter than the picture, which needs " + std::to_string(end) + " bytes"};
}

// Why the memory's own map function refused.
Status mapFailure(GstMemory *memory, Access access)
{
    const std::string what = describeMemory(memory) + " (" + std::to_string(memory->size) + " bytes)";
    if (!writes(access) || !gst_is_fd_memory(memory))
        return {Code::Access, what + " cannot be mapped; expected memory that the CPU can address"};
    if (!fdIsReadWrite(gst_fd_memory_get_fd(memory)))
        return {Code::Access, what + " cannot be mapped for writing: its file descriptor was opened without write "
                                     "access; export it with O_RDWR, or use on-shared=copy to work on a copy"};
    return {Code::Access, what + " cannot be mapped for writing, which fails while another holder has it mapped for "
                                 "reading; on-shared=copy works on a copy instead"};
}

} // namespace

std::string describeMemory(const GstMemory *memory)
{
    const char *type = memory->allocator ? memory->allocator->mem_type : nullptr;
    return std::string("memory of type ") + (type ? type : "(unknown)");
}

Status checkWrite(GstMemory *memory)
{
    const GstMemory *whole = memory;
    while (whole->parent != nullptr)
        whole = whole->parent;
    if (GST_MEMORY_IS_READONLY(whole))
        return {Code::Access, describeMemory(memory) + " is marked read-only and cannot be written; on-shared=copy "
                                                       "works on a copy instead"};
    if (allowsWriteMap(memory) || gst_memory_is_type(memory, GST_ALLOCATOR_SYSMEM) || gst_is_dmabuf_memory(memory))
        return {};
    return {Code::Access, describeMemory(memory) + " has other holders and cannot be mapped for writing; "
                                                   "on-shared=copy works on a copy instead"};
}

Status checkUse(GstMemory *memory, gsize needed, Access access)
{
    if (memory->size < needed)
        return {Code::BadLayout, describeMemory(memory) + " holds " + std::to_string(memory->size) +
                                     " bytes, the picture needs " + std::to_string(needed)};
    if (writes(access)) {
        if (Status status = checkWrite(memory); !status)
            return status;
    }
    return checkFileSize(memory, needed);
}

Result<std::uint8_t *> MemoryMaps::map(GstMemory *memory, gsize needed, Access access)
{
    if (Status status = checkFileSize(memory, needed); !status)
        return status;
    for (std::size_t i = 0; i < count_; i++) {
        if (entries_[i].memory == memory && entries_[i].info.size >= needed)
            return static_cast<std::uint8_t *>(entries_[i].info.data);
    }
    if (count_ == entries_.size())
        return Status{Code::BadLayout, "a buffer's planes lie in more memories than there are planes"};
    const Result<GstMapFlags> flags = flagsFor(memory, access);
    if (!flags)
        return flags.status();
    Entry &entry = entries_[count_];
    if (!gst_memory_map(memory, &entry.info, flags.value()))
        return mapFailure(memory, access);
    entry.memory = gst_memory_ref(memory);
    count_++;
    if (!entry.info.data || entry.info.size < needed)
        return Status{Code::BadLayout, describeMemory(memory) + " maps to " + std::to_string(entry.info.size) +
                                           " bytes, the picture needs " + std::to_string(needed)};
    return static_cast<std::uint8_t *>(entry.info.data);
}

void MemoryMaps::unmapAll()
{
    for (std::size_t i = 0; i < count_; i++) {
        gst_memory_unmap(entries_[i].memory, &entries_[i].info);
        gst_memory_unref(entries_[i].memory);
        entries_[i] = Entry{};
    }
    count_ = 0;
}

} // namespace zc::gst
