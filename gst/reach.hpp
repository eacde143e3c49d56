// SPDX-License-Identifier: MIT
// Which kinds of memory an element can work on where it is: what negotiation offers, and why it refuses.
#pragma once

#include "caps.hpp"
#include "memory/gl_context.hpp"

#include <gst/gst.h>

#include <string>

namespace zc::gst {

// Any thread.
class Reach {
public:
    Reach(GstElement *element, GlContexts &gl) : element_(element), gl_(gl) {}

    // Of `caps`, what the element could pass on; `filter` (or null) gives the order. While the element is not set up,
    // that is whatever might be there: links are made then, and drivers are left alone. GLMemory is looked into only
    // where both sides speak of it. If nothing is left for want of GLMemory, `why` says what would help. Transfer:
    // full.
    GstCaps *narrow(GstCaps *caps, GstCaps *filter, Device device, int deviceId, std::string &why);

    // Whether memory of the caps' kind can be worked on.
    Status check(const Negotiated &negotiated, Device device, int deviceId);

private:
    bool offersCuda(Device device) const;

    GstElement *element_; // borrowed
    GlContexts &gl_;
};

} // namespace zc::gst
