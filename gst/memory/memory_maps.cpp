// SPDX-License-Identifier: MIT
// Mapping of single memories, without the copies that mapping a whole buffer may make.
#include "memory_maps.hpp"

#include <string>

namespace zc::gst {
namespace {

bool contains(Access access, Access part)
{
    return (static_cast<int>(access) & static_cast<int>(part)) != 0;
}

std::string describe(const GstMemory *memory)
{
    const char *type = memory->allocator ? memory->allocator->mem_type : nullptr;
    return std::string("memory of type ") + (type ? type : "(unknown)");
}

// A write map of memory with several holders fails in gst_memory_map() (and becomes a silent copy of the pixels in
// gst_buffer_map()). on-shared=write asks for the very bytes that others see, so such memory is mapped for reading
// and written through that pointer. That is sound only for plain memory: of an fd, a read map is a read-only page.
Result<GstMapFlags> flagsFor(GstMemory *memory, Access access)
{
    int flags = 0;
    if (contains(access, Access::Read))
        flags |= GST_MAP_READ;
    if (!contains(access, Access::Write))
        return static_cast<GstMapFlags>(flags);
    if (GST_MEMORY_IS_READONLY(memory))
        return Status{Code::Access, describe(memory) + " is marked read-only and cannot be written; on-shared=copy "
                                                       "works on a copy instead"};
    if (gst_memory_is_writable(memory))
        return static_cast<GstMapFlags>(flags | GST_MAP_WRITE);
    if (gst_memory_is_type(memory, GST_ALLOCATOR_SYSMEM))
        return GST_MAP_READ;
    return Status{Code::Access, describe(memory) + " has other holders and cannot be mapped for writing; "
                                                   "on-shared=copy works on a copy instead"};
}

} // namespace

Result<std::uint8_t *> MemoryMaps::map(GstMemory *memory, gsize needed, Access access)
{
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
        return Status{Code::Access, describe(memory) + " (" + std::to_string(memory->size) +
                                        " bytes) cannot be mapped; expected memory that the CPU can address"};
    entry.memory = gst_memory_ref(memory);
    count_++;
    if (!entry.info.data || entry.info.size < needed)
        return Status{Code::BadLayout, describe(memory) + " maps to " + std::to_string(entry.info.size) +
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
