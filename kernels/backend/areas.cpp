// SPDX-License-Identifier: MIT
// Regions of a launch, cut to its frame, until one of both changes.
#include "backend/areas.hpp"

#include <algorithm>

namespace zc {

bool AreaCache::Areas::madeFrom(const Frame &of, bool pointWise, std::span<const Rect> wanted) const
{
    return frame.format == of.format && frame.width == of.width && frame.height == of.height && disjoint == pointWise &&
           std::equal(regions.begin(), regions.end(), wanted.begin(), wanted.end());
}

std::span<const Rect> AreaCache::areasOf(const Frame &frame, const Launch &launch)
{
    if (launch.wholeFrame) {
        whole_ = {0, 0, frame.width, frame.height};
        return {&whole_, 1};
    }
    const bool pointWise = launch.kernel->shape != Shape::Frame;
    for (int i = 0; i < 2; ++i) {
        if (areas_[i].madeFrom(frame, pointWise, launch.regions)) {
            older_ = 1 - i;
            return areas_[i].rects;
        }
    }
    Areas &made = areas_[older_];
    older_ = 1 - older_;
    made.frame = frame;
    made.disjoint = pointWise;
    made.regions.assign(launch.regions.begin(), launch.regions.end());
    clipToFrame(made.regions, frame, made.rects);
    if (pointWise)
        splitter_.split(made.rects);
    else
        dropInner(made.rects);
    return made.rects;
}

} // namespace zc
