// SPDX-License-Identifier: MIT
// Copies rows between linear memory and surfaces; the driver's own copies need the array, which importers may not have.
#include "backend/device_rows.cuh"

namespace zc::device {

template <class From, class To> static __device__ __forceinline__ void copyRows(const CopyJob &job)
{
    const int byte = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x) * kChunkBytes;
    const int row = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
    if (byte >= job.bytes || row >= job.rows)
        return;
    const bool whole = job.vectors && byte + kChunkBytes <= job.bytes;
    PlaneJob from = job.from, to = job.to;
    Chunk<4> k;
    loadChunk<From>(from, byte + from.lo, row + from.row, whole, k);
    storeChunk<To>(to, byte + to.lo, row + to.row, whole, k);
}

} // namespace zc::device

using namespace zc::device;
extern "C" __global__ void zc_copy_pitch_pitch(const CopyJob job)
{
    copyRows<Pitch, Pitch>(job);
}
extern "C" __global__ void zc_copy_pitch_surface(const CopyJob job)
{
    copyRows<Pitch, Surface>(job);
}
extern "C" __global__ void zc_copy_surface_pitch(const CopyJob job)
{
    copyRows<Surface, Pitch>(job);
}
extern "C" __global__ void zc_copy_surface_surface(const CopyJob job)
{
    copyRows<Surface, Surface>(job);
}
