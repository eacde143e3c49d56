// SPDX-License-Identifier: MIT
// How long runs took on the GPU.
#include "backend/cuda_times.hpp"

namespace zc::cuda {

Status RunTimes::start(Context context)
{
    for (Pair &pair : pairs_) {
        for (OwnedEvent *event : {&pair.begin, &pair.end}) {
            if (*event)
                continue;
            auto made = makeEvent(context, kEventTiming);
            if (!made)
                return made.status();
            *event = std::move(made.value());
        }
    }
    on_ = true;
    return {};
}

void RunTimes::begin(Stream stream)
{
    begun_ = false;
    if (!on_ || pending_ == kMost)
        return;
    const Pair &pair = pairs_[pending_];
    begun_ = driverIfOpen()->eventRecord(pair.begin.get(), stream) == kSuccess;
}

void RunTimes::end(Stream stream)
{
    if (!begun_)
        return;
    begun_ = false;
    const Pair &pair = pairs_[pending_];
    if (driverIfOpen()->eventRecord(pair.end.get(), stream) == kSuccess)
        ++pending_;
}

bool RunTimes::take(double &seconds)
{
    const Driver &d = *driverIfOpen();
    // One run follows the other, on whatever stream.
    if (pending_ == 0 || d.eventQuery(pairs_[pending_ - 1].end.get()) == kNotReady)
        return false;
    seconds = 0;
    for (; pending_ > 0; --pending_) {
        const Pair &pair = pairs_[pending_ - 1];
        float milliseconds = 0;
        if (d.eventElapsedTime(&milliseconds, pair.begin.get(), pair.end.get()) != kSuccess) {
            pending_ = 0;
            return false;
        }
        seconds += static_cast<double>(milliseconds) / 1000;
    }
    return true;
}

} // namespace zc::cuda
