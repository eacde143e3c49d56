// SPDX-License-Identifier: MIT
// How long runs took on the GPU: pairs of events around each, read when they have passed, without waiting.
#pragma once

#include "cuda/handles.hpp"

#include <array>
#include <cstddef>

namespace zc::cuda {

// Thread-bound, like the backend that owns it. Every call needs the context current.
class RunTimes {
public:
    static constexpr std::size_t kMost = 16;

    // Makes the events at the first time, so that a run allocates nothing. After a failure it is off as before.
    Status start(Context context);
    void stop() { on_ = false; }
    bool on() const { return on_; }
    bool pending() const { return pending_ > 0; } // runs whose time was not taken

    // Around the work of one run on a stream. Without a free pair, or if an event cannot be recorded, the run is not
    // timed: a figure less, never an error of the run.
    void begin(Stream stream);
    void end(Stream stream);

    // Of all runs whose time was not taken, once the last of them has finished; false before.
    bool take(double &seconds);

private:
    struct Pair {
        OwnedEvent begin, end;
    };
    std::array<Pair, kMost> pairs_;
    std::size_t pending_ = 0;
    bool on_ = false, begun_ = false;
};

} // namespace zc::cuda
