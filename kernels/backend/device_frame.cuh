// SPDX-License-Identifier: MIT
// Device loops of the frame shape: one thread computes one number of one pass.
#pragma once

#include "backend/device_job.hpp"

namespace zc::device {

template <class T> struct PitchSamples {
    static __device__ __forceinline__ T read(uint64 base, int64 pitch, int sample, int y)
    {
        return reinterpret_cast<const T *>(base + static_cast<uint64>(pitch * y))[sample];
    }
    static __device__ __forceinline__ void write(uint64 base, int64 pitch, int sample, int y, T v)
    {
        reinterpret_cast<T *>(base + static_cast<uint64>(pitch * y))[sample] = v;
    }
};

template <class T> struct SurfaceSamples {
    static __device__ __forceinline__ T read(uint64 base, int64, int sample, int y)
    {
        return surf2Dread<T>(base, sample * static_cast<int>(sizeof(T)), y);
    }
    static __device__ __forceinline__ void write(uint64 base, int64, int sample, int y, T v)
    {
        surf2Dwrite(v, base, sample * static_cast<int>(sizeof(T)), y);
    }
};

struct Field {
    int shift;
    uint32 mask;
};

static __device__ __forceinline__ Field fieldOf(const PassJob &job, int channel)
{
    if (job.bitFields)
        return {channel * 10, channel == 3 ? 3u : 1023u};
    return {job.shift, (1u << job.depth) - 1};
}

template <class T, class Source> struct PictureIn {
    using Value = uint32;
    using WideValue = uint64;
    const PassJob &job;
    int channel;
    Field field;

    __device__ __forceinline__ uint32 inside(int x, int y) const
    {
        const int sample = job.firstSample + x * job.step + (job.bitFields ? 0 : channel);
        return (Source::read(job.source, job.sourcePitch, sample, y) >> field.shift) & field.mask;
    }
    __device__ __forceinline__ uint32 operator()(int x, int y) const
    {
        return inside(clampTo(x, 0, job.width - 1), clampTo(y, 0, job.height - 1));
    }
};

struct ResultsIn {
    using Value = uint32;
    using WideValue = uint64;
    const PassJob &job;
    int channel;

    __device__ __forceinline__ uint32 inside(int x, int y) const
    {
        return PitchSamples<uint32>::read(job.in, job.inPitch, x * job.channels + channel, y);
    }
    __device__ __forceinline__ uint32 operator()(int x, int y) const { return inside(x, y); }
};

template <class Op, int N, class T, class Source>
static __device__ __forceinline__ uint32 resultOf(const PassJob &job, const typename Op::Args &args, int x, int y,
                                                  int channel)
{
    if constexpr (N == 0)
        return Op::run(Pass<N>{}, PictureIn<T, Source>{job, channel, fieldOf(job, channel)}, x, y, job.area, args);
    else
        return Op::run(Pass<N>{}, ResultsIn{job, channel}, x, y, job.area, args);
}

// Channels that share a word belong to one thread, or two would write it at once.
template <class Op, int N, class Mem, class Source>
static __device__ __forceinline__ void wordLoop(const PassJob &job, const typename Op::Args &args)
{
    const int x = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int y = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
    if (x >= job.extent.width || y >= job.extent.height)
        return;
    uint32 word = 0;
    for (int channel = 0; channel < 4; ++channel) {
        const uint32 v = resultOf<Op, N, uint32, Source>(job, args, x, y, channel);
        if constexpr (N + 1 < Op::kPasses)
            PitchSamples<uint32>::write(job.out, job.outPitch, x * 4 + channel, y, v);
        else
            word |= v << fieldOf(job, channel).shift;
    }
    if constexpr (N + 1 == Op::kPasses)
        Mem::write(job.picture, job.pitch, job.firstSample + job.area.x + x, job.area.y + y, word);
}

// Mem: the picture's memory. Source: what the first pass reads; a snapshot is linear even of an array.
template <class Op, int N, class T, class Mem, class Source>
static __device__ __forceinline__ void passLoop(const PassJob &job, const typename Op::Args &args)
{
    const int s = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int y = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
    if (s >= job.extent.width * job.channels || y >= job.extent.height)
        return;
    const int x = s / job.channels, channel = s - x * job.channels;
    const uint32 v = resultOf<Op, N, T, Source>(job, args, x, y, channel);
    if constexpr (N + 1 < Op::kPasses) {
        PitchSamples<uint32>::write(job.out, job.outPitch, s, y, v);
    } else {
        const Field field = fieldOf(job, channel);
        const int sample = job.firstSample + (job.area.x + x) * job.step + channel;
        const int row = job.area.y + y;
        // Bits of the word that are not the value's stay.
        const bool whole = job.depth == 8 * static_cast<int>(sizeof(T));
        const uint32 old = whole ? 0u : static_cast<uint32>(Mem::read(job.picture, job.pitch, sample, row));
        Mem::write(job.picture, job.pitch, sample, row,
                   static_cast<T>((old & ~(field.mask << field.shift)) | v << field.shift));
    }
}

} // namespace zc::device
