// SPDX-License-Identifier: MIT
// What the element says on the bus: errors by the kind of failure, and warnings that nobody must miss.
#pragma once

#include "settings.hpp"

#include <gst/gst.h>

#include <string>

namespace zc::gst {

// Any thread, all of them.
void postError(GstElement *element, const Status &status);
void postWarning(GstElement *element, const std::string &text);

// A warning that the user should see, in the log at once and on the bus: while stopped, that waits for start(), since
// the text of a pipeline is read before there is a bus.
void warnUser(GstElement *element, Settings &settings, const std::string &text);

} // namespace zc::gst
