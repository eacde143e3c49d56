// SPDX-License-Identifier: MIT
// May this buffer be written in place? Conditions, each of which fails alone in practice.
#pragma once

#include "caps.hpp"

#include <gst/gst.h>

namespace zc::gst {

enum class Sharing {
    Exclusive,      // ours alone: write
    BufferShared,   // somebody else holds the GstBuffer
    MemoryShared,   // another GstBuffer holds one of its memories (tee, a decoder's reference frame)
    MemoryReadOnly, // GST_MEMORY_FLAG_READONLY: another process or the source owns it
    ParentShared,   // a sub-memory of something that others hold
    FdReadOnly,     // the dmabuf was opened without write access
    OtherProcess,   // CUDA memory that another process exported and looks at
    DecoderSurface, // a Jetson decoder's own NVMM memory, which it may predict later frames from
};

// `feature` is that of the caps that the buffer came under.
Sharing sharingOf(GstBuffer *buffer, MemoryKind feature = MemoryKind::System);

// "another buffer holds one of its memories (a tee branch, or a decoder's reference frame)"
const char *sharingReason(Sharing sharing);

// What to change so that it may be written, as a sentence for whoever reads the warning; empty for Exclusive.
const char *sharingCure(Sharing sharing);

} // namespace zc::gst
