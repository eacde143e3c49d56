// SPDX-License-Identifier: MIT
// Memory of a GPU for the suite: linear, and arrays that kernels see through surfaces.
#pragma once

#include "frame_memory.hpp"

#include "cuda/handles.hpp"

namespace zc::conformance {

// Both keep the context retained. device: 0.
std::unique_ptr<test::FrameAllocator> makeLinearAllocator(cuda::PrimaryContext context);
std::unique_ptr<test::FrameAllocator> makeArrayAllocator(cuda::PrimaryContext context);

} // namespace zc::conformance
