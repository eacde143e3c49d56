// SPDX-License-Identifier: MIT
// A picture of a few pixels for tests that write out what they expect.
#pragma once

#include "picture.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace zc::conformance {

class SmallPicture {
public:
    SmallPicture(Target &target, const PictureSpec &spec);

    // Code values of one channel, row by row.
    void set(char role, std::initializer_list<int> codes);
    void setAll(char role, int code);
    std::vector<int> get(char role);
    int first(char role) { return get(role).front(); }

    // Runs a kernel as a user would name it; adds a test failure if it cannot.
    void run(const char *kernel, const char *params = "", std::vector<Rect> regions = {});

    Bytes &bytes() { return bytes_; }

private:
    Target &target_;
    PictureSpec spec_;
    PictureLayout layout_;
    Bytes bytes_;
};

} // namespace zc::conformance
