// SPDX-License-Identifier: MIT
// Where a kernel acts: parsing, clipping, chroma alignment and overlap of rectangles.
#pragma once

#include "core/frame.hpp"
#include "core/status.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace zc {

// "x,y,w,h;x,y,w,h". Empty text is no rectangle. Negative x and y are allowed, negative sizes are not.
Result<std::vector<Rect>> parseRegions(std::string_view text);
std::string regionsToString(const std::vector<Rect> &rects);

// Widened by `percent` of its size, half of that on each side. Saturates instead of overflowing.
Rect grown(const Rect &rect, double percent);

// Cut to the frame, then widened to whole chroma samples of its format (still inside the frame). Empty ones vanish.
std::vector<Rect> clipToFrame(const std::vector<Rect> &rects, const Frame &frame);

// The same area as rectangles that do not overlap, so that a point-wise kernel meets each pixel once.
std::vector<Rect> disjoint(const std::vector<Rect> &rects);

} // namespace zc
