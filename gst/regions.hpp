// SPDX-License-Identifier: MIT
// Where the kernel acts on each frame of a buffer: rectangles of the property and boxes that ride on the buffer.
#pragma once

#include "nvds_meta.hpp"
#include "settings.hpp"

#include <gst/gst.h>

#include <span>
#include <vector>

namespace zc::gst {

struct Target {
    bool wholeFrame = true;
    std::span<const Rect> rects; // clipped; valid until the same frame is asked for again, or read()
    bool nothing() const { return !wholeFrame && rects.empty(); }
};

// Streaming thread only. Allocates only when there are more boxes or frames than before. Regions of the property, and
// boxes of metas that name no frame of a batch, hold for each of them; those of NvDsBatchMeta for the one they name.
class Regions {
public:
    explicit Regions(GstElement *element) : element_(element) {}

    // Looks at the buffer; what follows is about this one.
    void read(GstBuffer *buffer, const Choices &choices);
    // Whether no frame is acted on, however many there are and whatever their size.
    bool nothing() const;
    // How many frames there are. Must come before of().
    void setFrames(std::size_t count);
    Target of(std::size_t index, const Frame &frame);

    void clear();

private:
    // Of the frame at one place of the batch, kept from buffer to buffer.
    struct Place {
        std::vector<Rect> own;    // boxes that name this frame
        std::vector<Rect> before; // what clipped was made from
        std::vector<Rect> clipped;
        Frame picture;
    };

    void bound();
    void tell(const NvdsFault &fault);

    GstElement *element_; // borrowed, for the log and messages
    bool wholeFrame_ = true;
    double grow_ = 0;
    std::vector<Rect> common_;
    std::vector<NvdsBox> boxes_; // with the frame that they name
    guint namedFrames_ = 0;
    std::vector<Place> places_;
    std::vector<Rect> wanted_; // scratch of of()
    bool told_ = false;        // of too many boxes
    unsigned faultsTold_ = 0;  // a bit for each kind
};

// The rows of one field (0: even, 1: odd) that a rectangle of the frame covers.
Rect rectOfField(const Rect &rect, int parity);

// Whether this build can read GstAnalytics object detections (GStreamer 1.24 and later).
bool haveAnalytics();
void addAnalyticsBoxes(GstBuffer *buffer, std::vector<Rect> &into);

} // namespace zc::gst
