// SPDX-License-Identifier: MIT
// Property declarations that clamp with a warning naming the range, or leave the refusal to the setter, where GObject
// would refuse or stay silent.
#pragma once

#include <gst/gst.h>

#include <string>

namespace zc::gst {

struct ParamText {
    const char *name, *nick, *blurb; // static strings
};

GParamSpec *clampingDouble(const ParamText &text, double low, double high, double fallback, GParamFlags flags);
GParamSpec *clampingInt(const ParamText &text, int low, int high, int fallback, GParamFlags flags);
// Wider than any text that means a 32-bit word, which GStreamer would cut off in silence.
GParamSpec *clampingInt64(const ParamText &text, gint64 low, gint64 high, gint64 fallback, GParamFlags flags);

// Passes bits on that name nothing, which GObject would refuse with a warning that no user sees: the setter answers
// them.
GParamSpec *uncheckedFlags(const ParamText &text, GType flagsType, unsigned fallback, GParamFlags flags);

// For the setter of that property: what the value just passed to it was clamped from, or nothing.
std::string takeClampNote(const GParamSpec *spec);

} // namespace zc::gst
