// SPDX-License-Identifier: MIT
// Where an element's kernels run: the CPU, or one or more contexts of GPUs, each opened when its first frame comes.
#pragma once

#include "backend/backend.hpp"

#include <map>
#include <memory>
#include <string>

namespace zc::gst {

// Streaming thread only, between start and stop. Must be cleared before the importers, which keep contexts alive.
class Compute {
public:
    // The backend that reaches the frame: by Frame::device and Frame::context. Borrowed until clear().
    Result<Backend *> backendFor(const Frame &frame);

    // "cpu, 8 threads, avx2" of what ran last; what would run first, before that.
    std::string describe() const;
    BackendUse use() const; // of all backends

    void clear();
};

} // namespace zc::gst
