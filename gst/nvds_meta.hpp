// SPDX-License-Identifier: MIT
// Object boxes of NVIDIA DeepStream's batch metadata, read without its libraries and headers.
#pragma once

#include "core/frame.hpp"
#include "core/status.hpp"

#include <gst/gst.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zc::gst {

// Which objects count: those of one component (the unique-id of an nvinfer), of one class or of all.
struct NvdsClass {
    std::int32_t component = 0;
    std::optional<std::int32_t> classId; // none: all classes
    bool operator==(const NvdsClass &) const = default;
};

// "1:0,2;5" is classes 0 and 2 of component 1 and all classes of component 5. Empty text: every object.
Result<std::vector<NvdsClass>> parseNvdsClasses(std::string_view text);
std::string nvdsClassesToString(const std::vector<NvdsClass> &classes);

// Surfaces that one buffer may have; more is taken for a broken batch.
inline constexpr guint kMostSurfaces = 1024;

struct NvdsBox {
    guint surface = 0; // NvDsFrameMeta::batch_id, smaller than kMostSurfaces
    Rect rect;         // covers every pixel that the object's box touches; may leave the frame
};

// The first thing that was wrong with a buffer's metadata; what it speaks of was skipped.
struct NvdsFault {
    enum class Kind { None, Box, Surface, Entry, Endless };
    Kind kind = Kind::None;
    float left = 0, top = 0, width = 0, height = 0; // of Box
    guint surface = 0;                              // of Surface
};
// A sentence; empty for None.
std::string describe(const NvdsFault &fault);

struct NvdsReading {
    guint frames = 0; // entries of frames, with or without objects
    NvdsFault fault;
};

// Adds the boxes of the wanted objects (empty: of all) of all NvDsBatchMeta on the buffer. Trusts no pointer to be set,
// no list to end and no number to be sane; a pointer that is set must lead to memory. Allocates only as `into` grows.
NvdsReading readNvdsBoxes(GstBuffer *buffer, std::span<const NvdsClass> wanted, std::vector<NvdsBox> &into);

} // namespace zc::gst
