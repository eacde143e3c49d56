// SPDX-License-Identifier: MIT
// Where the kernel acts on one buffer: rectangles of the property and boxes that ride on the buffer.
#pragma once

#include "settings.hpp"

#include <gst/gst.h>

#include <span>
#include <vector>

namespace zc::gst {

struct Target {
    bool wholeFrame = true;
    std::span<const Rect> rects; // clipped; valid until the next call
    bool nothing() const { return !wholeFrame && rects.empty(); }
};

// Streaming thread only. Allocates only when there are more boxes than before.
class Regions {
public:
    explicit Regions(GstElement *element) : element_(element) {}

    Target find(GstBuffer *buffer, const Choices &choices, const Frame &picture);
    void clear();

private:
    void bound();

    GstElement *element_;      // borrowed, for the log
    std::vector<Rect> wanted_; // scratch of find()
    std::vector<Rect> before_; // what clipped_ was made from
    bool told_ = false;        // of too many boxes
    std::vector<Rect> clipped_;
    Frame picture_;
};

// The rows of one field (0: even, 1: odd) that a rectangle of the frame covers.
Rect rectOfField(const Rect &rect, int parity);

// Whether this build can read GstAnalytics object detections (GStreamer 1.24 and later).
bool haveAnalytics();
void addAnalyticsBoxes(GstBuffer *buffer, std::vector<Rect> &into);

} // namespace zc::gst
