// SPDX-License-Identifier: MIT
// Where each plane of a GstBuffer lies: which memory, at which offset, with which pitch.
#pragma once

#include "caps.hpp"

namespace zc::gst {

struct PlaneLocation {
    GstMemory *memory = nullptr; // borrowed from the buffer
    guint memoryIndex = 0;
    gsize offset = 0; // from the start of the memory's visible data (mem->offset not included)
    gsize bytes = 0;  // that the plane spans: pitch * (rows - 1) + bytes of the last row
    gint pitch = 0;
};

struct BufferLayout {
    guint planes = 0;
    PlaneLocation plane[kMaxPlanes];
};

// GstVideoMeta first, then the negotiated info; GstVideoCropMeta honoured by offsetting. Each plane must lie inside
// one memory. Refuses negative or absurd strides, plane counts that disagree and planes that do not fit, with a
// BadLayout that names plane, found and needed.
Result<BufferLayout> layoutOf(GstBuffer *buffer, const Negotiated &negotiated);

// Format, sizes, colour and pitches of the visible picture; data pointers are left to the importer.
Frame frameFor(const BufferLayout &layout, const Negotiated &negotiated);

} // namespace zc::gst
