// SPDX-License-Identifier: MIT
// What the host backend knows of one kernel built for one instruction set.
#pragma once

#include "core/frame.hpp"
#include "cudazerocopy/device.cuh"

#include <cstddef>

namespace zc::host {

inline constexpr std::size_t kMaxArgsBytes = 512;
inline constexpr int kMaxPasses = 4;

// Colour and sample kernels: rows [row0, row1) of the area, counted in picture rows from its top; row0 is a multiple
// of the chroma subsampling.
struct RowsJob {
    const Frame *frame;
    const FormatInfo *info;
    Rect area; // clipped and aligned to chroma
    const void *args;
    float kr, kb; // luma weights
};

// Where the samples of one channel group lie; a group is what a frame kernel treats as one picture.
struct Group {
    std::uint8_t *data = nullptr; // sample 0 of texel (0, 0) of the plane
    std::int64_t pitch = 0;       // bytes
    int lead = 0;                 // bytes of the row before it, within the first texel
    int step = 1;                 // samples from one texel to the next
    int channels = 1;             // of them, side by side, belong to the group
    int sampleBytes = 1;
    int depth = 8;
    int shift = 0;
    bool bitFields = false;    // Rgb10a2: the channels share one 32-bit sample
    bool pairs = false;        // a texel is four bytes of YUY2 or UYVY
    int width = 0, height = 0; // of the whole plane, in texels
    int subX = 0, subY = 0;
};

// One pass over one group: results [row0, row1) of extent().
struct PassJob {
    Group group;
    Area area;
    Extent extent;
    const void *args;
    // The snapshot of a one-pass kernel: texel (0, 0) of the plane would lie here; same pitch rules as the group.
    std::uint8_t *snapshot;
    std::int64_t snapshotPitch;
    // Intermediate results: rows of `channels` numbers, each group's own number type.
    const std::uint8_t *in;
    std::int64_t inPitch;
    std::uint8_t *out;
    std::int64_t outPitch;
};

struct HostOp {
    // Colour and sample shape; null for frame kernels.
    void (*rows)(const RowsJob &job, int row0, int row1);
    // Frame shape.
    int passes;
    int (*reach)(const Area &area, const void *args);
    Extent (*extent)(int pass, const Area &area, const void *args);
    void (*pass)(int index, const PassJob &job, int row0, int row1);
    bool swaps; // texels change places, so that one pass needs no snapshot
};

// Bytes of one intermediate number: sums of 8-bit samples are kept in 32 bits only where a kernel needs them.
inline constexpr int kIntermediateBytes = 4;

// Splits a frame into channel groups; returns how many.
int groupsOf(const Frame &frame, Group groups[kMaxGroups]);

// A channel whose samples lie apart (YUY2's) as one field of words that lie side by side, which is what compilers make
// SIMD of. A word belongs to no other row, so that writing its other bits back as they were disturbs nobody.
Group asWords(const Group &group);

// YUY2 or UYVY as one group of pairs of pixels, for kernels that only move them; false if the area cuts a pair.
bool pairsOf(const Frame &frame, const Rect &area, Group &group);

} // namespace zc::host
