// SPDX-License-Identifier: MIT
// GStreamer's own maps of up to one memory a plane, held for one frame.
#pragma once

#include "core/dmabuf.hpp"
#include "core/format.hpp"

#include <gst/gst.h>

#include <array>

#include <string>

namespace zc::gst {

// "memory of type SystemMemory", for messages.
std::string describeMemory(const GstMemory *memory);

// Whether on-shared=write may change memory that others see (the table in docs/zero-copy.md). Never what its owner
// marked read-only; of a part, the mark of the whole counts, since GStreamer marks every part. What others hold: where
// no write map is needed, which GStreamer grants to one holder alone: plain memory and, with a lasting mapping of the
// element's own, dmabufs.
Status checkWrite(GstMemory *memory);

// Whether the memory's visible bytes reach as far as `needed`, in its file too, and may be used so. To be asked for
// each frame, since a file can be truncated.
Status checkUse(GstMemory *memory, gsize needed, Access access);

class MemoryMaps {
public:
    MemoryMaps() = default;
    MemoryMaps(const MemoryMaps &) = delete;
    MemoryMaps &operator=(const MemoryMaps &) = delete;
    ~MemoryMaps() { unmapAll(); }

    // The memory's visible bytes; mapped once however often it is asked for. Never replaces or copies the memory.
    Result<std::uint8_t *> map(GstMemory *memory, gsize needed, Access access);

    void unmapAll();

private:
    struct Entry {
        GstMemory *memory = nullptr; // a reference of ours, so that unmapping is always safe
        GstMapInfo info = GST_MAP_INFO_INIT;
    };
    std::array<Entry, kMaxPlanes> entries_;
    std::size_t count_ = 0;
};

} // namespace zc::gst
