// SPDX-License-Identifier: MIT
// Compiled when the build is configured, to see whether nvcc gets along with the host compiler.
#include <cstdint>

__global__ void probe(std::uint8_t *bytes)
{
    bytes[threadIdx.x] = static_cast<std::uint8_t>(~bytes[threadIdx.x]);
}
