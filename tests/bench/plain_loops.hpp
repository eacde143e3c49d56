// SPDX-License-Identifier: MIT
// The loops that somebody writes who needs one kernel for one format by noon: what the backend must never be slower
// than. No intrinsics, no threads; compiled at -O3 for the instruction set that the compiler targets by default.
#pragma once

#include "core/frame.hpp"

#include <span>

namespace zc::bench {

struct PlainLoop {
    const char *what;   // "invert", "box-blur, naive"
    const char *kernel; // of the backend
    const char *params;
    int tolerance; // code values between the two results
    void (*nv12)(const Frame &);
    void (*rgba)(const Frame &);
    void (*yuy2)(const Frame &);
};

std::span<const PlainLoop> plainLoops();

} // namespace zc::bench
