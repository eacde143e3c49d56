// SPDX-License-Identifier: MIT
// Kernels on an NVIDIA GPU.
#pragma once

#include "backend/backend.hpp"
#include "core/interrupt.hpp"
#include "cuda/api.hpp"

namespace zc {

struct CudaOptions {
    int device = 0;                       // ordinal; ignored with a context
    cuda::Context context = nullptr;      // borrowed; null: the primary context of `device`, retained
    cuda::Stream stream = nullptr;        // borrowed, of that context; null: a stream of its own
    const Interrupt *interrupt = nullptr; // borrowed; may end a run that waits for a compilation
};

// Opens the driver. NotFound without a driver or GPU; the Status says what was looked for and what to do.
Result<std::unique_ptr<Backend>> makeCudaBackend(const CudaOptions &options = {});

} // namespace zc
