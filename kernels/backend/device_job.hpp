// SPDX-License-Identifier: MIT
// What a launch on the GPU is told, as plain data that the host fills and the device reads. C++17, NVRTC-safe.
#pragma once

#include "cudazerocopy/device.cuh"

namespace zc::device {

inline constexpr int kPlanes = 3;
inline constexpr int kChunkBytes = 16; // what a thread loads at once
inline constexpr int kBlockX = 32;     // threads of a block along a row
inline constexpr int kBlockY = 8;
inline constexpr int kChunksEach = 2; // chunks of a thread, kBlockX apart: two loads under way hide more latency

// v' = gain * v + offset in code values.
struct Line {
    float gain, offset;
};

// Chroma as a 2x2 matrix and a constant, in code values.
struct Turn {
    float uu, uv, u0, vu, vv, v0;
};

// Everything about a kernel of luma and chroma that does not depend on the pixel, worked out by the host.
struct ColourPlan {
    bool lumaAffine, chromaAffine; // then the line, the turn and the matrix say all
    bool keepsLuma, keepsChroma;   // nothing to do there
    Line line;
    Turn turn;
    float matrix[3][4]; // RGB in code values, if both are affine
};

struct Codes {
    float lumaZero, lumaScale, lumaBack; // normalised = (code - zero) * scale; back = 1 / scale
    float chromaZero, chromaScale, chromaBack;
    float max;
    int shift;
    uint32 mask;
};

struct PlaneJob {
    uint64 base; // address of row 0, or surface object
    int64 pitch;
    int lo, hi; // bytes of a row to work on
    int row, rows;
};

// Colour and sample shape. Rows of all planes follow one another in the grid's second dimension.
struct RowsJob {
    PlaneJob plane[kPlanes];
    int planes;
    int planarChroma; // planes 1 and 2 are U and V and go together
    int vectors;      // every plane begins and steps in multiples of 16 bytes
    Codes codes;
    ColourPlan plan;
    // Packed words: bit positions; alphaAt < 0: none.
    int rAt, gAt, bAt, alphaAt;
    uint32 fieldMask, alphaMask, keep;
    int yAt, uAt, vAt; // 4:2:2 in 32-bit words, and chroma pairs (uAt 0 or one sample)
    float kr, kb;
    // Sample shape: by byte position modulo 4 (8 bit), or by plane (more).
    int low[4], high[4];
    uint32 keepBytes; // 0xff where a byte of a word is left alone
    int lowOfPlane[kPlanes], highOfPlane[kPlanes];
    int maxValue;
    int oddPair; // 4:2:2 of odd width: byte of the last chroma sample, else -1
};

// Rows from one place to another; lo, hi and row say where in each.
struct CopyJob {
    PlaneJob from, to;
    int bytes, rows;
    int vectors;
};

// Frame shape: one pass over one channel group.
struct PassJob {
    uint64 picture; // address of the group's sample 0 of texel (0, 0), or surface object
    uint64 source;  // what the first pass reads: the picture, or a snapshot addressed like it
    int64 pitch, sourcePitch;
    int firstSample; // of the group in its plane's row, for surfaces
    int step, channels;
    int sampleBytes, depth, shift;
    int bitFields;
    int width, height; // of the plane, in texels
    Area area;
    Extent extent;
    uint64 in, out; // intermediate results, 32 bits each
    int64 inPitch, outPitch;
};

} // namespace zc::device
