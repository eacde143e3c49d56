// SPDX-License-Identifier: MIT
// How device code reaches a row of a plane: linear memory, or a CUDA array through its surface object.
#pragma once

#include "backend/device_job.hpp"

#define ZC_D static __device__ __forceinline__
#define ZC_M __device__ __forceinline__ // a member

namespace zc::device {

// Planes never lie in shared or local memory, which spares the loads and stores the question.
template <class T> ZC_D T *globalAt(uint64 address)
{
    T *p = reinterpret_cast<T *>(address);
    __builtin_assume(__isGlobal(p));
    return p;
}

struct PitchRow {
    uint64 at;

    // Neither is negative and both fit 32 bits, which makes one instruction of it.
    ZC_D PitchRow of(uint64 base, int64 pitch, int row)
    {
        return {base + static_cast<uint64>(static_cast<uint32>(pitch)) * static_cast<uint32>(row)};
    }
    // For words the compiler forgets what globalAt() told it; these functions name the space.
    template <class T> ZC_M T read(int byte) const
    {
        const T *p = globalAt<T>(at + static_cast<uint64>(int64{byte}));
        if constexpr (sizeof(T) >= 4)
            return __ldca(p);
        else
            return *p;
    }
    template <class T> ZC_M void write(int byte, T v) const
    {
        T *p = globalAt<T>(at + static_cast<uint64>(int64{byte}));
        if constexpr (sizeof(T) >= 4)
            __stwb(p, v);
        else
            *p = v;
    }
};

struct SurfaceRow {
    uint64 surface;
    int row;

    ZC_D SurfaceRow of(uint64 object, int64, int row) { return {object, row}; }
    template <class T> ZC_M T read(int byte) const { return surf2Dread<T>(surface, byte, row); }
    template <class T> ZC_M void write(int byte, T v) const { surf2Dwrite(v, surface, byte, row); }
};

template <class Row> ZC_D Row rowOf(const PlaneJob &p, int row)
{
    return Row::of(p.base, p.pitch, row);
}

template <int Words> struct Chunk {
    uint32 w[Words];
};

template <int Words, class Row> ZC_D Chunk<Words> loadWhole(const Row &row, int byte)
{
    Chunk<Words> c;
    if constexpr (Words == 2) {
        const uint2 v = row.template read<uint2>(byte);
        c.w[0] = v.x;
        c.w[1] = v.y;
    }
#pragma unroll
    for (int i = 0; i < Words / 4; ++i) {
        const uint4 v = row.template read<uint4>(byte + 16 * i);
        c.w[4 * i] = v.x;
        c.w[4 * i + 1] = v.y;
        c.w[4 * i + 2] = v.z;
        c.w[4 * i + 3] = v.w;
    }
    return c;
}

template <int Words, class Row> ZC_D void storeWhole(const Row &row, int byte, const Chunk<Words> &c)
{
    if constexpr (Words == 2)
        row.template write<uint2>(byte, make_uint2(c.w[0], c.w[1]));
#pragma unroll
    for (int i = 0; i < Words / 4; ++i)
        row.template write<uint4>(byte + 16 * i,
                                  make_uint4(c.w[4 * i], c.w[4 * i + 1], c.w[4 * i + 2], c.w[4 * i + 3]));
}

// Byte by byte, those in [lo, hi) only.
template <int Words, class Row> ZC_D Chunk<Words> loadPart(const Row &row, int byte, int lo, int hi)
{
    Chunk<Words> c;
#pragma unroll
    for (int i = 0; i < Words; ++i) {
        c.w[i] = 0;
#pragma unroll 1
        for (int j = 0; j < 4; ++j)
            if (byte + 4 * i + j >= lo && byte + 4 * i + j < hi)
                c.w[i] |= static_cast<uint32>(row.template read<unsigned char>(byte + 4 * i + j)) << (8 * j);
    }
    return c;
}

template <int Words, class Row> ZC_D void storePart(const Row &row, int byte, int lo, int hi, const Chunk<Words> &c)
{
#pragma unroll
    for (int i = 0; i < Words; ++i)
#pragma unroll 1
        for (int j = 0; j < 4; ++j)
            if (byte + 4 * i + j >= lo && byte + 4 * i + j < hi)
                row.template write<unsigned char>(byte + 4 * i + j, static_cast<unsigned char>(c.w[i] >> (8 * j)));
}

} // namespace zc::device
