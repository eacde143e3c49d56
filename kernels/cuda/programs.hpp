// SPDX-License-Identifier: MIT
// The source text of built-in kernels, as it travels in the library.
#pragma once

#include "cuda/compiler.hpp"
#include "cuda/embedded.hpp"

#include <string_view>

namespace zc::cuda {

// The framework's headers and all kernels, named by their paths under kernels/.
std::span<const Embedded> embeddedSources();

// The program that nvcc compiles to the image of this name: a kernel ("box-blur"), or "device_copy". NotFound for
// others.
Result<Program> builtInProgram(std::string_view name);

} // namespace zc::cuda
