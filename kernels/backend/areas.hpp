// SPDX-License-Identifier: MIT
// Where a kernel acts on a frame, and what that was made from, to make it only when it changes.
#pragma once

#include "backend/backend.hpp"

#include <span>
#include <vector>

namespace zc {

// Thread-bound. A steady stream allocates nothing, nor do regions that move.
class AreaCache {
public:
    // The launch's regions, cut to the frame and widened to whole chroma samples; disjoint for point-wise kernels,
    // none inside another for the others. Valid until the next call.
    std::span<const Rect> areasOf(const Frame &frame, const Launch &launch);

private:
    struct Areas {
        bool madeFrom(const Frame &of, bool pointWise, std::span<const Rect> wanted) const;

        Frame frame;
        bool disjoint = false;
        std::vector<Rect> regions;
        std::vector<Rect> rects;
    };
    // Two, since the fields of an interlaced frame come in turn and may differ by a row.
    Areas areas_[2];
    int older_ = 0;
    Rect whole_;
    RectSplitter splitter_;
};

} // namespace zc
