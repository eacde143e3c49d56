// SPDX-License-Identifier: MIT
// The build without gstcuda: no CUDAMemory, and whoever asks is told why.
#include "cuda_memory.hpp"

namespace zc::gst {

bool cudaMemoryBuilt()
{
    return false;
}

void setRunningVersion(VersionFn) {}

Status cudaMemoryUsable()
{
    return {Code::Unsupported, "memory:CUDAMemory is not built into this version (no GStreamer CUDA library, or no "
                               "cuda.h, when it was built)"};
}

Status cudaMemoryReachable()
{
    return cudaMemoryUsable();
}

bool cudaMemoryWorthOffering()
{
    return false;
}

bool cudaMemoryHolds(Format)
{
    return false;
}

void CudaContexts::take(GstContext *, int) {}

bool CudaContexts::answer(GstQuery *) const
{
    return false;
}

Result<GstCudaContext *> CudaContexts::ensure(int)
{
    return cudaMemoryUsable();
}

void CudaContexts::adopt(GstCudaContext *, GstMiniObject *) {}

GstMiniObject *CudaContexts::proposedStream(GstCudaContext *)
{
    return nullptr;
}

int CudaContexts::device() const
{
    return -1;
}

void CudaContexts::keepOnly(void *) {}

void CudaContexts::release() {}

std::unique_ptr<Importer> makeCudaMemoryImporter(const ImportSite &)
{
    return nullptr;
}

bool isCudaMemoryOfOtherProcess(GstMemory *)
{
    return false;
}

bool proposeCudaPool(GstQuery *, CudaContexts &, int)
{
    return false;
}

} // namespace zc::gst
