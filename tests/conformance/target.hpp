// SPDX-License-Identifier: MIT
// What an executable of this suite puts to the test.
#pragma once

#include "backend/backend.hpp"
#include "frame_memory.hpp"

#include <memory>
#include <string>
#include <vector>

namespace zc::conformance {

struct Target {
    std::string name;
    std::unique_ptr<Backend> backend;
    std::unique_ptr<test::FrameAllocator> memory;
    bool arrays = false; // memory without addresses and pitches
    bool slow = false;   // fewer and smaller pictures, which still reach each entry point

    // Whether the memory can hold the format at all.
    bool takes(Format format) const { return !arrays || (format != Format::Rgb && format != Format::Bgr); }
};

// Defined once per executable (host.cpp, gold.cpp). The first target is compared with the gold code and the others,
// byte for byte, with the first: the same backend with another instruction set or number of threads.
std::vector<Target> makeTargets();

// Made at the first call and kept.
std::vector<Target> &targets();

} // namespace zc::conformance
