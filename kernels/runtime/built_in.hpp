// SPDX-License-Identifier: MIT
// The built-in kernels' numbers, for tables that run parallel to the registry.
#pragma once

#include "runtime/kernel.hpp"

namespace zc {

enum class KernelIndex {
#define ZC_KERNEL(type) type,
#include "registry_list.hpp"
#undef ZC_KERNEL
    Count
};

} // namespace zc
