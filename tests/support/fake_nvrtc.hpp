// SPDX-License-Identifier: MIT
// What a test may ask of the stand-in for NVRTC. Its "code" is PTX-like text made of the options and the source.
#pragma once

#include <string>
#include <vector>

namespace zc::test {

struct FakeNvrtc {
    int major = 12, minor = 9;
    std::vector<int> architectures = {75, 80, 86, 90};
    int delayMs = 0; // of each compilation
    // What happened.
    int compiled = 0;
    int inOwnLocale = 0; // compilations in a thread whose locale was not the process's
    std::string options; // of the last one, each with a blank before it
};

// The library's one state. Not protected: tests change it while nothing compiles.
__attribute__((visibility("default"))) FakeNvrtc &fakeNvrtc();

} // namespace zc::test
