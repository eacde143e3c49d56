// SPDX-License-Identifier: MIT
// invert: low + high - v.
#include "gold/gold.hpp"

#include <algorithm>

namespace zc::gold {
namespace {

void run(Picture &picture, const Args &, const Where &where)
{
    const bool full = picture.range() == ColorRange::Full;
    eachSample(picture, where, [&](const Channel &c, int v) {
        const bool chroma = c.role == 'U' || c.role == 'V';
        const int k = 1 << (c.depth - 8);
        const int low = full ? (chroma ? 1 : 0) : 16 * k;
        const int high = full ? maxCode(c) : (chroma ? 240 : 235) * k;
        return std::clamp(low + high - v, 0, maxCode(c));
    });
}

const Register entry({"invert", {""}, {}, run});

} // namespace
} // namespace zc::gold
