// SPDX-License-Identifier: MIT
// A picture in memory as backends see it. Made by importers, consumed by backends; nothing else crosses.
#pragma once

#include "core/format.hpp"

#include <cstddef>
#include <cstdint>

namespace zc {

enum class ColorRange { Limited, Full };
enum class ColorMatrix { Bt601, Bt709, Bt2020, Smpte240m, Fcc };
enum class MemoryKind { System, Dmabuf, Cuda, Nvmm, Gl };

const char *memoryKindName(MemoryKind kind);

// Kr and Kb of docs/pixel-rules.md; green has the rest.
struct LumaWeights {
    float red, blue;
};
LumaWeights lumaWeights(ColorMatrix matrix);

struct Plane {
    void *data = nullptr;      // host or device address of the first sample, or null for array memory
    std::uint64_t surface = 0; // CUsurfObject of array memory, else 0
    std::int64_t pitch = 0;    // bytes from one row to the next; never negative
    std::int32_t width = 0;    // texels in a row: pixels of this plane, a chroma pair counts as one
    std::int32_t height = 0;   // rows
};

struct Frame {
    Format format = Format::Unknown;
    std::int32_t width = 0; // of the visible picture, in pixels
    std::int32_t height = 0;
    Plane planes[kMaxPlanes];
    ColorRange range = ColorRange::Limited;
    ColorMatrix matrix = ColorMatrix::Bt601;
    MemoryKind memory = MemoryKind::System;
    int device = -1; // CUDA device ordinal, -1 = host
    // Of GPU memory, both borrowed: the CUcontext that it belongs to (null: the primary one of `device`), and the
    // CUstream on which work on it is queued (null: the backend's own); both must live until the backend has waited.
    void *context = nullptr;
    void *stream = nullptr;
};

// Fills in each plane's width and height from the format and the size of the picture.
void setPlaneSizes(Frame &frame);

// The even (0) or odd (1) rows of an interlaced frame as a frame of its own, half as high.
Frame fieldOf(const Frame &frame, int parity);

struct Rect {
    std::int32_t x = 0, y = 0, width = 0, height = 0;
    bool empty() const { return width <= 0 || height <= 0; }
    bool operator==(const Rect &) const = default;
};

} // namespace zc
