// SPDX-License-Identifier: MIT
// What the driver knows of an address that came from somebody else, before a kernel writes there.
#pragma once

#include "core/status.hpp"
#include "memory/host_mapping.hpp"

#include <cstdint>

namespace zc {

enum class PointerUse {
    DeviceMemory, // of that GPU
    AnyMemory,    // pinned or managed as well
};

// Access if the driver does not know the address, if less than `bytes` lie behind it, if it belongs to another GPU
// than `gpu`, or, for device memory, to another context than the primary one of that GPU. Takes a few microseconds.
Status checkPointer(HostGpu &gpu, const void *data, std::uint64_t bytes, PointerUse use);

// Whether the driver knows the address at all.
bool isKnownPointer(HostGpu &gpu, const void *data);

} // namespace zc
