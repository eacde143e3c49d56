// SPDX-License-Identifier: MIT
// GPUs as somebody sees them who knows no CUDA: whether there is one, and kernels on it. A build without CUDA has the
// same functions; they say so.
#pragma once

#include "backend/backend.hpp"
#include "core/interrupt.hpp"

#include <memory>
#include <string>

namespace zc {

// Opens the driver and looks for the GPU; no context is made. "cuda, GPU 0, NVIDIA H200, sm_90", or a Status that says
// what was looked for and what to do: no driver, one that is too old, no GPU, no such ordinal. Thread-safe.
Result<std::string> findGpu(int device);

// Why no GPU can be used; empty where one can. Opens the driver, at the first call that finds a GPU; no context is
// made. Thread-safe.
std::string whyGpuIsMissing();

// Whether the driver's library is there at all: where it is not, nobody counts on a GPU. Makes no call into it.
bool gpuDriverIsInstalled();

// Begins to compile a built-in kernel in the background where this build has no code of it for GPUs, so that the first
// frame waits less. Takes a tenth of a second at the first time, if at all. What goes wrong is told when the kernel is
// first run. Needs findGpu() to have succeeded. Thread-safe.
void prefetchGpuKernel(int device, const std::string &name);

// `context` (a CUcontext) is borrowed and must outlive the backend; null: the primary one of the GPU, retained. So is
// `interrupt`: a run that waits for a kernel to be compiled ends with Code::Interrupted once it is set.
Result<std::unique_ptr<Backend>> makeGpuBackend(int device, void *context, const Interrupt &interrupt);

} // namespace zc
