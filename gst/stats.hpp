// SPDX-License-Identifier: MIT
// What happened to the frames, counted without allocating, and told as a GstStructure.
#pragma once

#include "memory/importer.hpp"

#include <gst/gst.h>

#include <array>
#include <mutex>
#include <string>

namespace zc::gst {

enum class Outcome { InPlace, Copied, PassedThrough };

struct FrameRecord {
    Outcome outcome = Outcome::PassedThrough;
    MemoryKind memory = MemoryKind::System; // meaningless when passed through
    GstClockTime time = 0;                  // spent on the frame by the CPU
    GstClockTime gpuTime = 0;               // that the GPU has finished since the last frame; 0: none
    ImportCounters imports;                 // totals so far
    guint64 scratchBytes = 0;               // held now
};

// Sum and maximum of all times, percentiles of the latest.
class Times {
public:
    void reset() { count_ = sum_ = max_ = 0; }
    void add(GstClockTime time);
    // Adds "<name>-mean", "-p50", "-p99" and "-max".
    void tell(GstStructure *structure, const std::string &name) const;

private:
    static constexpr std::size_t kWindow = 1024; // that the percentiles look back on

    guint64 count_ = 0;
    GstClockTime sum_ = 0, max_ = 0;
    std::array<GstClockTime, kWindow> recent_{};
};

// Written by the streaming thread, read by any.
class Stats {
public:
    static constexpr const char *kName = "cudazerocopy-stats";

    void reset();
    void setDevice(const std::string &description); // allocates only if it is a new one
    // True if the path (kind of memory, in place or copied) differs from the last frame that was worked on.
    bool add(const FrameRecord &record);
    // `kernel` is the kernel and its parameters as text. Transfer: full.
    GstStructure *toStructure(const std::string &kernel) const;

private:
    mutable std::mutex mutex_;
    std::string device_;
    guint64 frames_ = 0, inPlace_ = 0, copied_ = 0, passedThrough_ = 0;
    bool worked_ = false; // a frame was in place or copied
    Outcome lastOutcome_ = Outcome::PassedThrough;
    MemoryKind lastMemory_ = MemoryKind::System;
    ImportCounters imports_;
    guint64 scratchBytes_ = 0;
    Times cpu_, gpu_;
};

} // namespace zc::gst
