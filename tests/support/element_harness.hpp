// SPDX-License-Identifier: MIT
// One cudazerocopy between a GstHarness's pads, with a bus to read.
#pragma once

#include "video_buffers.hpp"

#include <gst/check/gstharness.h>

#include <string>
#include <vector>

namespace zc::test {

// "cudazerocopy kernel=invert on-shared=error": what gst-launch would take.
GstElement *makeElement(const std::string &launchText);

// A field of the element's stats; fails the test if it is missing or no guint64.
guint64 statOf(GstElement *element, const char *field);
std::string statTextOf(GstElement *element, const char *field);

struct Posted {
    GstMessageType type;
    std::string text; // of errors and warnings; of element messages, the structure's name
    std::string debug;
    std::string structure; // of element messages, serialised
};

class ElementHarness {
public:
    // Plays at once. `caps` may be empty: then push caps yourself.
    ElementHarness(const std::string &launchText, const std::string &caps);
    ElementHarness(const ElementHarness &) = delete;
    ElementHarness &operator=(const ElementHarness &) = delete;
    ~ElementHarness();

    GstHarness *get() const { return harness_; }
    GstElement *element() const { return harness_->element; }

    GstFlowReturn push(Buffer buffer) { return gst_harness_push(harness_, buffer.release()); }
    // Null if nothing is queued; never waits, since push() is synchronous here.
    Buffer pull() { return Buffer(gst_harness_try_pull(harness_)); }
    guint64 stat(const char *field) const { return statOf(element(), field); }

    // Takes the messages of these types off the bus; others are dropped with them.
    std::vector<Posted> posted(GstMessageType types);

private:
    GstHarness *harness_;
    GstBus *bus_;
};

std::vector<Posted> popMessages(GstBus *bus, GstMessageType types);

// Memory mappings of this process.
int mappingCount();

} // namespace zc::test
