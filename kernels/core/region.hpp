// SPDX-License-Identifier: MIT
// Where a kernel acts: parsing, clipping, chroma alignment and overlap of rectangles.
#pragma once

#include "core/frame.hpp"
#include "core/status.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
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
// `into` is replaced, and its memory reused.
void clipToFrame(std::span<const Rect> rects, const Frame &frame, std::vector<Rect> &into);
std::vector<Rect> clipToFrame(const std::vector<Rect> &rects, const Frame &frame);

// Leaves out what is wholly inside another one, and all but the first of equal ones: the rest cover the same area, in
// the order they had. So a kernel that sees neighbours meets a thing once that several boxes name. Allocates nothing.
void dropInner(std::vector<Rect> &rects);

// Makes of rectangles the same area without overlap, so that a point-wise kernel meets each pixel once. Thread-bound.
class RectSplitter {
public:
    // In place. Rectangles that move cost no allocation, however they come to overlap, as long as they are no more than
    // in an earlier call, nor more than twenty.
    void split(std::vector<Rect> &rects);

private:
    struct Span {
        std::int32_t left, right;
        bool operator==(const Span &) const = default;
    };

    void reserve(std::size_t count, std::vector<Rect> &result);
    void cover(std::int32_t top, std::int32_t bottom);

    // Scratch.
    std::vector<Rect> whole_;
    std::vector<std::int32_t> rows_; // where one begins or ends
    std::vector<Span> spans_, open_;
};
std::vector<Rect> disjoint(std::vector<Rect> rects);

} // namespace zc
