// SPDX-License-Identifier: MIT
// Where kernels run. One object per user (an element, a C API context): it owns scratch memory and a queue of work.
#pragma once

#include "core/frame.hpp"
#include "core/region.hpp"
#include "core/status.hpp"
#include "runtime/kernel.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace zc {

// One kernel over one frame, in place.
struct Launch {
    const KernelInfo *kernel = nullptr;
    const ParamValues *params = nullptr; // of that kernel
    std::span<const Rect> regions;       // in pixels, may overlap and leave the frame; acted on in turn
    bool wholeFrame = true;              // regions are ignored
    std::uint64_t frameIndex = 0;
    double seconds = 0; // running time of the frame
};

struct BackendUse {
    std::uint64_t scratchBytes = 0; // held now for intermediate results
    std::uint64_t allocations = 0;  // how often scratch had to grow since the start
};

// Thread-bound: every call from one thread at a time.
class Backend {
public:
    virtual ~Backend() = default;
    Backend() = default;
    Backend(const Backend &) = delete;
    Backend &operator=(const Backend &) = delete;

    virtual const char *name() const = 0;     // "cpu", "cuda"
    virtual std::string describe() const = 0; // for logs and stats: "cpu, 8 threads, avx2"

    // Changes the pixels of the frame, inside the regions and nowhere else. Queued: the work is done when wait()
    // returns; the CPU backend has finished on return. The frame must have passed checkFrame().
    virtual Status run(const Frame &frame, const Launch &launch) = 0;

    // The same with the frames of a batch, in turn or all at once, if they are alike. Stops at the first that fails.
    virtual Status runBatch(std::span<const Frame> frames, const Launch &launch)
    {
        Status status;
        for (std::size_t i = 0; status.ok() && i < frames.size(); ++i)
            status = run(frames[i], launch);
        return status;
    }

    // Copies every visible pixel between frames of one format and size.
    virtual Status copy(const Frame &from, const Frame &to) = 0;

    virtual Status wait() = 0;
    virtual BackendUse use() const = 0;

    // Whether runs from now on are timed on the GPU; off at first. A backend without a GPU ignores it.
    virtual void timeRuns(bool /*on*/) {}

    // The time that all runs which were timed since the last time handed out spent on the GPU, in seconds. Never waits:
    // false until every one has finished. At most 16 runs are added up, and later ones are not timed.
    virtual bool takeGpuTime(double & /*seconds*/) { return false; }
};

// The front door's validation, so that backends may trust a frame: known format, sane size, pitches not smaller than
// a row, planes present. The message names the plane, what was found and what was expected.
Status checkFrame(const Frame &frame);

// The same for a launch on a frame that has passed: kernel and parameters are there and belong together. Then turns the
// parameters into the kernel's own arguments, for which `args` has host::kMaxArgsBytes.
Status prepareLaunch(const Frame &frame, const Launch &launch, void *args);

struct HostOptions {
    int threads = 0;           // 0: one per core that this process may use, at most 16
    const char *isa = nullptr; // "baseline", "avx2"; null: the best that this CPU has
};

std::unique_ptr<Backend> makeHostBackend(const HostOptions &options = {});

} // namespace zc
