// SPDX-License-Identifier: MIT
// What a test may ask of the stand-in for NVRTC. Its "code" is PTX-like text made of the options and the source.
#pragma once

#include <atomic>
#include <string>
#include <vector>

namespace zc::test {

struct FakeNvrtc {
    FakeNvrtc() { reset(); }
    void reset()
    {
        major = 12;
        minor = 9;
        architectures = {75, 80, 86, 90};
        delayMs = 0;
        compiled = 0;
        inOwnLocale = 0;
        options.clear();
    }

    int major, minor;
    std::vector<int> architectures;
    int delayMs; // of each compilation
    // What happened.
    std::atomic<int> compiled;    // read while a thread compiles ahead
    std::atomic<int> inOwnLocale; // compilations in a thread whose locale was not the process's
    std::string options;          // of the last one, each with a blank before it
};

// The library's one state. But for the counts not protected: tests change it while nothing compiles.
__attribute__((visibility("default"))) FakeNvrtc &fakeNvrtc();

} // namespace zc::test
