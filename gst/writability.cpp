// SPDX-License-Identifier: MIT
// The conditions of an exclusive buffer.
#include "writability.hpp"

#include "core/dmabuf.hpp"
#include "memory/cuda_memory.hpp"
#include "memory/nvmm.hpp"

#include <gst/allocators/gstfdmemory.h>

namespace zc::gst {
namespace {

// A sub-memory holds one reference and one lock of its parent; any more of either belong to somebody else. The lock
// alone does not tell: whoever keeps a plain reference to the parent can still look at it.
bool parentShared(const GstMemory *memory)
{
    for (GstMemory *parent = memory->parent; parent; parent = parent->parent) {
        if (GST_MINI_OBJECT_REFCOUNT_VALUE(parent) > 1 || !gst_memory_is_writable(parent))
            return true;
    }
    return false;
}

Sharing sharingOfMemory(GstMemory *memory)
{
    // GStreamer marks parts of a memory read-only; that others hold the whole is the better reason.
    if (parentShared(memory))
        return Sharing::ParentShared;
    // gst_memory_is_writable() is TRUE for READONLY memory: it counts holders only.
    if (GST_MEMORY_IS_READONLY(memory))
        return isCudaMemoryOfOtherProcess(memory) ? Sharing::OtherProcess : Sharing::MemoryReadOnly;
    if (!gst_memory_is_writable(memory))
        return Sharing::MemoryShared;
    if (gst_is_fd_memory(memory) && !fdIsReadWrite(gst_fd_memory_get_fd(memory)))
        return Sharing::FdReadOnly;
    return Sharing::Exclusive;
}

} // namespace

Sharing sharingOf(GstBuffer *buffer, MemoryKind feature)
{
    if (!gst_buffer_is_writable(buffer))
        return Sharing::BufferShared;
    for (guint i = 0; i < gst_buffer_n_memory(buffer); i++) {
        const Sharing sharing = sharingOfMemory(gst_buffer_peek_memory(buffer, i));
        if (sharing != Sharing::Exclusive)
            return sharing;
        if (feature == MemoryKind::Nvmm && isDecoderSurface(gst_buffer_peek_memory(buffer, i)))
            return Sharing::DecoderSurface;
    }
    return Sharing::Exclusive;
}

const char *sharingReason(Sharing sharing)
{
    switch (sharing) {
    case Sharing::Exclusive:
        return "nobody else holds it";
    case Sharing::BufferShared:
        return "somebody else holds the buffer (a tee branch, or an application that kept a reference)";
    case Sharing::MemoryShared:
        return "another buffer holds one of its memories (a tee branch, or a decoder's reference frame)";
    case Sharing::MemoryReadOnly:
        return "one of its memories is marked read-only (another process or the source owns it)";
    case Sharing::ParentShared:
        return "one of its memories is part of a larger one that others hold";
    case Sharing::FdReadOnly:
        return "the file descriptor of one of its memories was opened without write access";
    case Sharing::OtherProcess:
        return "its CUDA memory belongs to another process, which shares it through cudaipcsink";
    case Sharing::DecoderSurface:
        return "it lies in the decoder's own memory, from which the decoder may predict later frames";
    }
    return "unknown";
}

const char *sharingCure(Sharing sharing)
{
    switch (sharing) {
    case Sharing::BufferShared:
    case Sharing::MemoryShared:
        return "put cudazerocopy before the tee, or after an element that makes its own buffers. A decoder may hold a "
               "frame as a reference, shown or not, to predict later ones from: \"queue min-threshold-buffers=32 "
               "max-size-buffers=40 max-size-bytes=0 max-size-time=0\" before cudazerocopy gives it the time to drop "
               "the frame; on-shared=write is only for a decoder whose output is never a reference";
    case Sharing::MemoryReadOnly:
        return "the memory belongs to another process or the source; the copy can only be avoided on that side";
    case Sharing::ParentShared:
        return "the buffer is a part of a bigger one that others hold; let upstream give whole buffers away";
    case Sharing::FdReadOnly:
        return "let the exporter open the dmabuf for reading and writing (O_RDWR)";
    case Sharing::OtherProcess:
        return "cudaipcsrc io-mode=copy makes the copy itself, into memory of this process";
    case Sharing::DecoderSurface:
        // With bl-output at its default, it hands frames on whose caps are those that it is asked for.
        return "put \"nvvidconv bl-output=false\" or \"nvvideoconvert disable-passthrough=true\" between the "
               "decoder and cudazerocopy, which makes frames of its own; on-shared=write writes into the decoder's "
               "memory all the same, and later frames may show it";
    case Sharing::Exclusive:
        break;
    }
    return "";
}

} // namespace zc::gst
