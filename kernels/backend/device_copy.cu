// SPDX-License-Identifier: MIT
// Copies rows between linear memory and surfaces; the driver's own copies need the array, which importers may not have.
#include "backend/device_memory.cuh"

namespace zc::device {

template <class From, class To> ZC_D void copyRows(const CopyJob &job)
{
    const int byte = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x) * kChunkBytes;
    const int y = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
    if (byte >= job.bytes || y >= job.rows)
        return;
    const From from = rowOf<From>(job.from, y + job.from.row);
    const To to = rowOf<To>(job.to, y + job.to.row);
    if (job.vectors != 0 && byte + kChunkBytes <= job.bytes)
        storeWhole(to, byte + job.to.lo, loadWhole<4>(from, byte + job.from.lo));
    else
        for (int i = byte; i < minOf(byte + kChunkBytes, job.bytes); ++i)
            to.template write<unsigned char>(i + job.to.lo, from.template read<unsigned char>(i + job.from.lo));
}

} // namespace zc::device

using namespace zc::device;
using Args = int; // none

#ifndef ZC_ENTRY
#define ZC_ENTRY(name, Job, call)                                                                                      \
    extern "C" __global__ void name(const __grid_constant__ Job job, const __grid_constant__ Args)                     \
    {                                                                                                                  \
        call;                                                                                                          \
    }
#endif

ZC_ENTRY(zc_copy_pitch_pitch, CopyJob, (copyRows<PitchRow, PitchRow>(job)))
ZC_ENTRY(zc_copy_pitch_surface, CopyJob, (copyRows<PitchRow, SurfaceRow>(job)))
ZC_ENTRY(zc_copy_surface_pitch, CopyJob, (copyRows<SurfaceRow, PitchRow>(job)))
ZC_ENTRY(zc_copy_surface_surface, CopyJob, (copyRows<SurfaceRow, SurfaceRow>(job)))
