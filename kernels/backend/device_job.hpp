// SPDX-License-Identifier: MIT
// What a launch on the GPU is told, as plain data that the host fills and the device reads. C++17, NVRTC-safe.
#pragma once

#include "cudazerocopy/device.cuh"

namespace zc::device {

inline constexpr int kPlanes = 3;
inline constexpr int kFrames = 32;     // of a batch that one launch does
inline constexpr int kChunkBytes = 16; // what a thread loads at once
inline constexpr int kBlockX = 32;     // threads of a block along a row
inline constexpr int kBlockY = 4;
inline constexpr int kChunksEach = 2; // chunks of a thread, kBlockX apart: two loads under way hide more latency
inline constexpr int kLaneBytes = 16; // of samples side by side that a frame kernel's thread computes at once
inline constexpr int kStripLanes = 8; // samples side by side of a thread that slides a sum down a column,
inline constexpr int kStripRows = 4;  // and how many rows it does

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

// The way back in units of the largest code value, which clamp for nothing: unit = normalised * back + zero.
struct Units {
    float lumaBack, lumaZero, chromaBack, chromaZero;
};

// Luma weights, and what else the way between RGB and luma and chroma takes, so that no thread divides.
struct Weights {
    float kr, kg, kb;
    float red, blue;              // 2(1-Kr), 2(1-Kb)
    float perRed, perBlue, perKg; // reciprocals
};

// One sample of a picture that is handled pixel by pixel: `step` and `at` in samples of the plane's rows.
struct Channel {
    int plane, step, at;
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
    uint64 moves[kFrames]; // of a batch: how far each frame's planes lie behind those of the first
    int planes;
    int planarChroma; // planes 1 and 2 are U and V and go together
    int vectors;      // every plane begins and steps in multiples of 16 bytes
    Codes codes;
    Units units;
    ColourPlan plan; // line, turn and matrix in units
    Weights weights;
    // Packed words of four bytes, and chroma pairs: which byte is what; alphaAt < 0: none. Of 10-bit fields: which bit.
    int rAt, gAt, bAt, alphaAt;
    int yAt, uAt, vAt;
    uint32 pick; // __byte_perm selector that puts new bytes in their places, the old word's (4 to 7) elsewhere
    uint32 keep; // 10-bit fields: bits that stay
    // Sample shape: by byte position modulo 4 (8 bit), or by plane (more).
    int low[4], high[4];
    uint32 keepBytes; // 0xff where a byte of a word is left alone
    int lowOfPlane[kPlanes], highOfPlane[kPlanes];
    int maxValue;
    int oddPair; // 4:2:2 of odd width: byte of the last chroma sample, else -1
    // YUV through RGB: one thread a chroma sample and the pixels that it covers.
    Channel y, u, v;
    int subX, subY;
    int chromaRows;           // of the plane; none for grey
    int x, y0, width, height; // of the area, in pixels
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
    uint64 in, out; // intermediate results, 16 or 32 bits each
    int64 inPitch, outPitch;
    int blockRows; // rows of blocks of the grid
};

// All groups of a region: their blocks follow one another in the grid's second dimension.
struct FrameJob {
    PassJob group[kPlanes];
    int groups;
};

// Texels of one plane or group change places with their partners.
struct SwapPlane {
    PlaneJob rows; // lo: byte of the region's first texel; hi: behind its last one
    int texels;    // of a row
    int stride;    // bytes from one texel to the next
    int bytes;     // of a texel, at most 4
    uint32 mask;   // bits of four bytes that move
    uint32 turn;   // __byte_perm selector for four bytes that are turned round
    int whole;     // 16 (48 of 3-byte texels) bytes at a time
    Area area;
    int blockRows;
};

struct SwapJob {
    SwapPlane plane[kPlanes];
    int planes;
};

} // namespace zc::device
