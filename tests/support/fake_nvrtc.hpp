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
        begun = 0;
        compiled = 0;
        inOwnLocale = 0;
        options.clear();
        sources.clear();
    }

    int major, minor;
    std::vector<int> architectures;
    std::atomic<int> delayMs; // of each compilation; may be shortened while one runs
    // What happened.
    std::atomic<int> begun;
    std::atomic<int> compiled;    // read while a thread compiles ahead
    std::atomic<int> inOwnLocale; // compilations in a thread whose locale was not the process's
    std::string options;          // of the last one, each with a blank before it
    std::string sources;          // the name of each one's source, with a blank behind it
};

// The library's one state. But for the counts not protected: tests change it while nothing compiles.
__attribute__((visibility("default"))) FakeNvrtc &fakeNvrtc();

} // namespace zc::test
