// SPDX-License-Identifier: MIT
// The only file that may test GStreamer's version.
#pragma once

#include <gst/gst.h>
