// SPDX-License-Identifier: MIT
// Counters and a window of frame times.
#include "stats.hpp"

#include <algorithm>

namespace zc::gst {

void Times::add(GstClockTime time)
{
    recent_[count_ % kWindow] = time;
    ++count_;
    sum_ += time;
    max_ = std::max(max_, time);
}

void Times::tell(GstStructure *structure, const std::string &name) const
{
    auto sorted = recent_;
    const auto count = static_cast<std::size_t>(std::min<guint64>(count_, kWindow));
    std::sort(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(count));
    const auto percentile = [&](std::size_t percent) {
        return count == 0 ? GstClockTime{0} : sorted[(count - 1) * percent / 100];
    };
    gst_structure_set(structure, (name + "-mean").c_str(), G_TYPE_UINT64, count_ == 0 ? GstClockTime{0} : sum_ / count_,
                      (name + "-p50").c_str(), G_TYPE_UINT64, percentile(50), (name + "-p99").c_str(), G_TYPE_UINT64,
                      percentile(99), (name + "-max").c_str(), G_TYPE_UINT64, max_, nullptr);
}

void Stats::reset()
{
    const std::lock_guard lock(mutex_);
    device_.clear();
    frames_ = inPlace_ = copied_ = passedThrough_ = 0;
    worked_ = false;
    imports_ = {};
    scratchBytes_ = 0;
    cpu_.reset();
    gpu_.reset();
}

void Stats::setDevice(const std::string &description)
{
    const std::lock_guard lock(mutex_);
    if (device_ != description)
        device_ = description;
}

bool Stats::add(const FrameRecord &record)
{
    const std::lock_guard lock(mutex_);
    ++frames_;
    imports_ = record.imports;
    scratchBytes_ = record.scratchBytes;
    if (record.gpuTime > 0)
        gpu_.add(record.gpuTime);
    if (record.outcome == Outcome::PassedThrough) {
        ++passedThrough_;
        return false;
    }
    ++(record.outcome == Outcome::InPlace ? inPlace_ : copied_);
    cpu_.add(record.time);

    const bool changed = worked_ && (record.outcome != lastOutcome_ || record.memory != lastMemory_);
    worked_ = true;
    lastOutcome_ = record.outcome;
    lastMemory_ = record.memory;
    return changed;
}

GstStructure *Stats::toStructure(const std::string &kernel) const
{
    const std::lock_guard lock(mutex_);
    const char *memory = worked_ ? memoryKindName(lastMemory_) : "none";
    GstStructure *structure = gst_structure_new(
        kName, "frames", G_TYPE_UINT64, frames_, "in-place", G_TYPE_UINT64, inPlace_, "copied", G_TYPE_UINT64, copied_,
        "passed-through", G_TYPE_UINT64, passedThrough_, "imports", G_TYPE_UINT64, imports_.imports, "cache-hits",
        G_TYPE_UINT64, imports_.cacheHits, "memory", G_TYPE_STRING, memory, "device", G_TYPE_STRING, device_.c_str(),
        "kernel", G_TYPE_STRING, kernel.c_str(), "scratch-bytes", G_TYPE_UINT64, scratchBytes_, nullptr);
    cpu_.tell(structure, "cpu-time");
    gpu_.tell(structure, "gpu-time");
    return structure;
}

} // namespace zc::gst
