// SPDX-License-Identifier: MIT
// memory:CUDAMemory of gstcuda, adopted with its context and stream; nothing of it is mapped to the CPU.
#pragma once

#include "importer.hpp"

namespace zc::gst {

// Null in a build without gstcuda, where cudaMemoryUsable() says no, and for device=cpu.
std::unique_ptr<Importer> makeCudaMemoryImporter(const ImportSite &site);

// Memory that a cudaipcsrc took over from another process, which goes on looking at it.
bool isCudaMemoryOfOtherProcess(GstMemory *memory);

// Adds a pool of CUDA memory to an allocation query about CUDAMemory caps that has none, in the element's context.
// False if it has none in the end; `contexts` is asked for one only then.
bool proposeCudaPool(GstQuery *query, CudaContexts &contexts, int deviceId);

} // namespace zc::gst
