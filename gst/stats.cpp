// SPDX-License-Identifier: MIT
// Counters and a window of frame times.
#include "stats.hpp"

#include <algorithm>

namespace zc::gst {

void Stats::reset()
{
    const std::lock_guard lock(mutex_);
    device_.clear();
    frames_ = inPlace_ = copied_ = passedThrough_ = 0;
    worked_ = false;
    imports_ = {};
    scratchBytes_ = 0;
    timed_ = 0;
    timeSum_ = timeMax_ = 0;
}

void Stats::setDevice(std::string description)
{
    const std::lock_guard lock(mutex_);
    device_ = std::move(description);
}

bool Stats::add(const FrameRecord &record)
{
    const std::lock_guard lock(mutex_);
    ++frames_;
    imports_ = record.imports;
    scratchBytes_ = record.scratchBytes;
    if (record.outcome == Outcome::PassedThrough) {
        ++passedThrough_;
        return false;
    }
    ++(record.outcome == Outcome::InPlace ? inPlace_ : copied_);
    recent_[timed_ % kWindow] = record.time;
    ++timed_;
    timeSum_ += record.time;
    timeMax_ = std::max(timeMax_, record.time);

    const bool changed = worked_ && (record.outcome != lastOutcome_ || record.memory != lastMemory_);
    worked_ = true;
    lastOutcome_ = record.outcome;
    lastMemory_ = record.memory;
    return changed;
}

GstStructure *Stats::toStructure(const std::string &kernel) const
{
    const std::lock_guard lock(mutex_);
    auto sorted = recent_;
    const auto count = static_cast<std::size_t>(std::min<guint64>(timed_, kWindow));
    std::sort(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(count));
    const auto percentile = [&](std::size_t percent) {
        return count == 0 ? GstClockTime{0} : sorted[(count - 1) * percent / 100];
    };
    const char *memory = worked_ ? memoryKindName(lastMemory_) : "none";
    return gst_structure_new(
        kName, "frames", G_TYPE_UINT64, frames_, "in-place", G_TYPE_UINT64, inPlace_, "copied", G_TYPE_UINT64, copied_,
        "passed-through", G_TYPE_UINT64, passedThrough_, "imports", G_TYPE_UINT64, imports_.imports, "cache-hits",
        G_TYPE_UINT64, imports_.cacheHits, "memory", G_TYPE_STRING, memory, "device", G_TYPE_STRING, device_.c_str(),
        "kernel", G_TYPE_STRING, kernel.c_str(), "scratch-bytes", G_TYPE_UINT64, scratchBytes_, "cpu-time-mean",
        G_TYPE_UINT64, timed_ == 0 ? GstClockTime{0} : timeSum_ / timed_, "cpu-time-p50", G_TYPE_UINT64, percentile(50),
        "cpu-time-p99", G_TYPE_UINT64, percentile(99), "cpu-time-max", G_TYPE_UINT64, timeMax_, nullptr);
}

} // namespace zc::gst
