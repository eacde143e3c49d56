// SPDX-License-Identifier: MIT
// The colour formats of NvBufSurface by number: their names, and what they are to kernels.
#pragma once

#include "core/frame.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace zc::nvbuf {

struct ColorFormat {
    const char *name; // without NVBUF_COLOR_FORMAT_
    Format format;    // Unknown: no kernel knows it
    ColorMatrix matrix;
    ColorRange range;
};

// Indexed by value; those of DeepStream 9.1, of which every earlier version has the beginning.
std::span<const ColorFormat> colorFormats();

// Null if no version has such a value.
const ColorFormat *colorFormat(std::int32_t value);

// "NV12_709 (33)", or "colour format 200" where there is no name.
std::string describeColorFormat(std::int32_t value);

// The values that hold a format, for messages: "NV12, NV12_ER, ..."; empty if none does.
std::string colorFormatNames(Format format);

// Whether any value holds the format.
bool surfaceHolds(Format format);

} // namespace zc::nvbuf
