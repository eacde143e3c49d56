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
    const Pair &pair = pairs_[(oldest_ + pending_) % kMost];
    begun_ = driverIfOpen()->eventRecord(pair.begin.get(), stream) == kSuccess;
}

void RunTimes::end(Stream stream)
{
    if (!begun_)
        return;
    begun_ = false;
    const Pair &pair = pairs_[(oldest_ + pending_) % kMost];
    if (driverIfOpen()->eventRecord(pair.end.get(), stream) == kSuccess)
        ++pending_;
}

bool RunTimes::take(double &seconds)
{
    const Driver &d = *driverIfOpen();
    while (pending_ > 0) {
        const Pair &pair = pairs_[oldest_];
        const DriverResult passed = d.eventQuery(pair.end.get());
        if (passed == kNotReady)
            return false;
        oldest_ = (oldest_ + 1) % kMost;
        --pending_;
        float milliseconds = 0;
        if (passed == kSuccess && d.eventElapsedTime(&milliseconds, pair.begin.get(), pair.end.get()) == kSuccess) {
            seconds = static_cast<double>(milliseconds) / 1000;
            return true;
        }
    }
    return false;
}

} // namespace zc::cuda
