// SPDX-License-Identifier: MIT
// The state behind the GObject: what happens to each buffer, between start and stop.
#pragma once

#include "compute.hpp"
#include "copier.hpp"
#include "memory/importer.hpp"
#include "reach.hpp"
#include "regions.hpp"
#include "settings.hpp"
#include "stats.hpp"
#include "writability.hpp"

#include <gst/base/gstbasetransform.h>

#include <atomic>
#include <memory>
#include <span>
#include <vector>

namespace zc::gst {

// Methods are called as GstBaseTransform's of the same name, on the threads that it uses.
class Element {
public:
    explicit Element(GstBaseTransform *base);

    Settings &settings() { return *settings_; }
    std::shared_ptr<Settings> sharedSettings() { return settings_; }
    GstStructure *statsStructure() const;

    bool start();
    void stop();
    // Ends a wait for a kernel to be compiled, whose frame is then dropped as when flushing, and lets frames wait
    // again. Any thread.
    void interrupt() { interrupt_.set(); }
    void endInterrupt() { interrupt_.clear(); }
    bool setCaps(GstCaps *caps);
    GstCaps *transformCaps(GstCaps *caps, GstCaps *filter);
    void beforeTransform(GstBuffer *buffer, GstObject *kernelObject);
    GstFlowReturn prepareOutput(GstBuffer *in, GstBuffer **out);
    GstFlowReturn transformInPlace(GstBuffer *buffer);
    void atEos();
    // Posts, once, why caps with CUDAMemory or GLMemory are refused, for which negotiation has no word but "not
    // negotiated".
    void explainCaps(GstCaps *caps);
    void setContext(GstContext *context);                                                              // any thread
    bool answerContext(GstQuery *query) const { return contexts_.answer(query) || gl_.answer(query); } // any thread
    // Adds to upstream's allocation query; false if it ends without a pool of CUDA or GL memory.
    bool proposeMemory(GstQuery *query);
    void downstreamChanged() { copier_.reconfigure(); } // any thread

    void warn(const std::string &text) const;

private:
    // What to do with the buffer between prepareOutput() and transformInPlace().
    enum class Plan { Leave, Run };

    ImportSite site();
    GstFlowReturn fail(const Status &status);
    GstFlowReturn resolveSharing(Sharing sharing, GstBuffer *in, GstBuffer **out);
    GstFlowReturn copyShared(Sharing sharing, GstBuffer *in, GstBuffer **out);
    GstFlowReturn leave();
    bool hasNoTarget(GstBuffer *buffer);
    void compileAhead() const;
    Importer *importerFor(GstBuffer *buffer);
    std::size_t countOfTarget(const Target &target, std::size_t first, std::span<const Frame> frames);
    Status runOn(std::span<const Frame> frames, const Target &target, Backend &backend, GstBuffer *buffer);
    Status runFrames(std::span<const Frame> frames, bool mayStayQueued, GstBuffer *buffer);
    Status runFields(const Frame &frame, Backend &backend, Launch launch);
    void record(Outcome outcome);
    void postStats();
    bool mayPostPathChange();

    GstBaseTransform *base_;
    std::shared_ptr<Settings> settings_ = std::make_shared<Settings>();
    Stats stats_;

    CudaContexts contexts_;
    GlContexts gl_;
    Reach reach_;
    std::atomic<bool> toldOfGl_{false}; // why GLMemory is not offered, once between start and stop
    Interrupt interrupt_;

    // Core opens the pads just before it calls start(), so another thread's buffer may come too early.
    std::atomic<bool> started_{false};

    // The rest belongs to the streaming thread, between start and stop.
    Choices choices_;
    std::uint64_t seen_ = 0;
    bool neutral_ = false;
    Compute compute_{GST_ELEMENT(base_), interrupt_};
    bool gpuIsLost_ = false; // told once; from then on no frame reaches the driver
    std::vector<std::unique_ptr<Importer>> importers_;
    Copier copier_;
    Regions regions_{GST_ELEMENT(base_)};
    Negotiated negotiated_;
    bool haveCaps_ = false;
    Frame picture_;                  // size and format, no memory
    GstCaps *caps_ = nullptr;        // of negotiated_, owned
    GstCaps *refusedCaps_ = nullptr; // the last that could not be worked on, owned

    Plan plan_ = Plan::Leave;
    Outcome outcome_ = Outcome::InPlace;
    MemoryKind memory_ = MemoryKind::System;
    std::vector<Rect> fieldRects_;
    GstClockTime began_ = 0;
    std::uint64_t frameIndex_ = 0;
    bool copyAnnounced_ = false;
    unsigned pathPosts_ = 0;
    GstClockTime lastPathPost_ = 0;
};

} // namespace zc::gst
