// SPDX-License-Identifier: MIT
// Where an element's kernels run: the CPU, or one or more contexts of GPUs, each opened when its first frame comes.
#pragma once

#include "backend/backend.hpp"
#include "caps.hpp"
#include "core/interrupt.hpp"
#include "memory/host_mapping.hpp"

#include <gst/gst.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zc::gst {

// Streaming thread only, between start and stop. Must be cleared before the importers, which keep contexts alive.
class Compute {
public:
    // `interrupt` ends waits for compilations: what is under way then fails with Code::Interrupted.
    Compute(GstElement *element, const Interrupt &interrupt) : element_(element), interrupt_(interrupt) {}

    // `gpu` is the one that the user asked for, or -1 for that of the buffers, and the first for memory of the CPU.
    // With device=cuda the driver is opened and the GPU looked for: the Status says what is missing and what to do.
    // Otherwise no driver is touched.
    Status start(Device device, int gpu);

    // In auto, why no GPU can be used; else empty. Looks for one at each call, and opens the driver where there is one.
    // After start().
    std::string whyNoGpu() const;
    // Whether somebody counts on a GPU: one is named, or a driver is installed.
    bool expectsGpu() const;

    // What memory of the CPU is to be pinned for; null where the CPU works on it.
    const std::shared_ptr<HostGpu> &hostGpu() const { return hostGpu_; }

    // The backend that reaches the frame: by Frame::device and Frame::context. Borrowed until clear() or keepLast().
    Result<Backend *> backendFor(const Frame &frame);

    // Copies the pixels with the backend of the destination, which must reach both, and waits, unless both frames are
    // of one stream.
    Status copy(const Frame &from, const Frame &to);

    // Waits for what the backend has queued, again if the first wait failed: memory must not go away under it. The
    // first failure.
    static Status finish(Backend &backend);

    // Before the runs of a frame: one in eight is timed, and none before the time of the one before was taken.
    void timeFrame(Backend &backend);
    // What the runs of a timed frame took on the GPU, in seconds, once they are over; else 0.
    double takeGpuSeconds();

    // "cpu, 8 threads, avx2" of what ran last; what would run first, before that.
    const std::string &describe() const { return description_; }
    BackendUse use() const; // of all backends

    // Waits for all work and forgets the GPU's contexts but the one used last, which it returns (or null). Those with
    // work that cannot be waited for stay, and nothing is returned.
    std::optional<void *> keepLast();

    void clear();

private:
    struct Place {
        int device = -1; // -1: the CPU
        void *context = nullptr;
        std::unique_ptr<Backend> backend;
    };

    Result<const Place *> open(int device, void *context);

    GstElement *element_; // borrowed, for the log
    const Interrupt &interrupt_;
    std::vector<std::unique_ptr<Place>> places_;
    const Place *last_ = nullptr;
    Backend *timed_ = nullptr; // has a time to be taken
    unsigned turn_ = 0;
    Device device_ = Device::Auto;
    int gpu_ = -1;
    std::shared_ptr<HostGpu> hostGpu_;
    std::string description_;
};

} // namespace zc::gst
