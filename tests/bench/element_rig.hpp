// SPDX-License-Identifier: MIT
// One element between two bare pads: what it costs to push a buffer through it, and nothing else.
#pragma once

#include "pictures.hpp"

#include <gst/gst.h>

#include <string>
#include <vector>

namespace zc::bench {

// The element plays from construction to destruction. A fault ends the program: it would be one of the benchmark.
class Rig {
public:
    // `launch`: one element with its properties, or several with ! between them; `caps`: of every buffer.
    Rig(const std::string &launch, const std::string &caps);
    Rig(const Rig &) = delete;
    Rig &operator=(const Rig &) = delete;
    ~Rig();

    // Through the element's chain function, then back into the same variable. It must have one reference, and come
    // out as the same buffer.
    void push(GstBuffer *&buffer);
    // For elements that make new buffers. Takes the buffer; transfer of the result: full.
    GstBuffer *exchange(GstBuffer *buffer);
    GstElement *element() const { return element_; }
    std::string deviceInUse() const; // the element's own words from its stats; "" if it has none

private:
    GstElement *element_;
    GstBus *bus_;
    GstPad *before_, *after_;
    GstBuffer *arrived_ = nullptr;
};

// Buffers of system memory, one reference each, as Ring has frames.
class BufferRing {
public:
    BufferRing(Format format, Size size);
    BufferRing(const BufferRing &) = delete;
    BufferRing &operator=(const BufferRing &) = delete;
    ~BufferRing();

    void advance(); // not to be timed
    GstBuffer *&buffer() { return buffers_[at_]; }

private:
    std::vector<std::uint8_t> fresh_;
    std::vector<GstBuffer *> buffers_;
    std::size_t at_ = 0;
};

std::string capsFor(Format format, Size size);

} // namespace zc::bench
