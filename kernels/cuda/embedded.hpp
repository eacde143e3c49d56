// SPDX-License-Identifier: MIT
// The kernels as the library carries them: compiled images and source text, sorted by name.
#pragma once

#include <span>
#include <string_view>

namespace zc::cuda {

struct Embedded {
    const char *name; // "adjust", or the path of a source file
    const unsigned char *data;
    unsigned long long bytes;
};

// Fat binaries made by nvcc at build time; empty in a build without it.
std::span<const Embedded> embeddedImages();

const Embedded *findEmbedded(std::span<const Embedded> all, std::string_view name);

} // namespace zc::cuda
