// SPDX-License-Identifier: MIT
// The loops that somebody writes who needs one kernel for one format by noon: what the backend must never be slower
// than. No intrinsics, no threads; compiled at -O3 for the instruction set that the compiler targets by default.
#pragma once

#include "core/frame.hpp"

#include <array>
#include <span>

namespace zc::bench {

inline constexpr Format kPlainFormats[] = {Format::Nv12, Format::I420, Format::P010Le, Format::Yuy2,
                                           Format::Rgba, Format::Rgb,  Format::Gray8};

// One loop for each of these formats; null where there is nothing to do.
using Loops = std::array<void (*)(const Frame &), sizeof kPlainFormats / sizeof kPlainFormats[0]>;

struct PlainLoop {
    const char *what;   // "invert", "box-blur, naive"
    const char *kernel; // of the backend
    const char *params;
    int tolerance; // code values between the two results
    Loops loops;
};

std::span<const PlainLoop> plainLoops();

} // namespace zc::bench
