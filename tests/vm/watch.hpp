// SPDX-License-Identifier: MIT
// Looks at each frame before and after the element named zc, without holding on to it.
#pragma once

#include "dmabufs.hpp"
#include "picture.hpp"
#include "pipeline.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>

namespace zc::vm {

// One side of the element.
struct View {
    const GstBuffer *buffer = nullptr; // only to be compared
    std::vector<const GstMemory *> memories;
    std::vector<ino_t> inodes;
    std::vector<std::string> exporters; // empty for memory that is no dmabuf
    GstClockTime time = GST_CLOCK_TIME_NONE;
    std::string caps;
    Picture picture;

    bool dmabuf() const;
};

struct Passage {
    View before, after;
    std::vector<SyncCall> syncs; // between the two
    bool complete = false;

    // The same buffer with the same memory of the same files.
    bool inPlace() const;
};

class Watch {
public:
    explicit Watch(Pipeline &pipeline);
    Watch(const Watch &) = delete;
    Watch &operator=(const Watch &) = delete;
    ~Watch(); // stops the pipeline

    // Called with each frame that leaves, on the streaming thread.
    std::function<void(GstBuffer *)> onLeave;

    // Only after the pipeline has stopped.
    const std::vector<Passage> &passages() const { return passages_; }
    // Wait until the frame of that time, or so many frames, have left the element; false if they do not.
    bool waitFor(GstClockTime time);
    bool waitForFrames(std::size_t count);
    // Until the first frame has come to the element.
    bool waitForArrival();

private:
    static GstPadProbeReturn arrives(GstPad *, GstPadProbeInfo *, gpointer);
    static GstPadProbeReturn leaves(GstPad *, GstPadProbeInfo *, gpointer);

    Pipeline &pipeline_;
    GstPad *sink_, *src_;
    gulong sinkProbe_, srcProbe_;
    std::mutex mutex_;
    std::condition_variable left_;
    bool arrived_ = false;
    std::vector<GstClockTime> times_;
    std::vector<Passage> passages_;
    std::vector<SyncCall> syncs_;
};

// Every frame left as it came, but for what the kernel changed.
void expectInPlace(const Watch &watch, const std::string &kernel);

} // namespace zc::vm
