// SPDX-License-Identifier: MIT
// box-blur: the mean of the samples around, coordinates clamped to the plane.
#include "gold/gold.hpp"

#include <algorithm>

namespace zc::gold {
namespace {

int clampedAt(const Grid &grid, int x, int y)
{
    return grid.at(std::clamp(x, 0, grid.width - 1), std::clamp(y, 0, grid.height - 1));
}

void change(const Grid &before, const Part &part, int radius, Grid &after)
{
    const int rx = part.subX > 0 ? std::max(radius >> part.subX, 1) : radius;
    const int ry = part.subY > 0 ? std::max(radius >> part.subY, 1) : radius;
    const int count = (2 * rx + 1) * (2 * ry + 1);
    // Sums along rows first, only to spare the suite a minute: integers, so the order does not matter.
    for (int x = 0; x < part.width; ++x) {
        std::vector<std::int64_t> rows;
        for (int y = -ry; y < part.height + ry; ++y) {
            std::int64_t sum = 0;
            for (int dx = -rx; dx <= rx; ++dx)
                sum += clampedAt(before, part.x + x + dx, part.y + y);
            rows.push_back(sum);
        }
        for (int y = 0; y < part.height; ++y) {
            std::int64_t sum = 0;
            for (int dy = 0; dy <= 2 * ry; ++dy)
                sum += rows[static_cast<std::size_t>(y + dy)];
            after.at(part.x + x, part.y + y) = meanOf(sum, count);
        }
    }
}

void run(Picture &picture, const Args &args, const Where &where)
{
    const int radius = args.integer("radius");
    if (radius == 0)
        return;
    eachChannel(picture, where,
                [&](const Grid &before, const Part &part, Grid &after) { change(before, part, radius, after); });
}

const Register entry({"box-blur",
                      {"radius=1", "radius=2", "radius=3", "radius=5", "radius=12", "radius=20", "radius=64"},
                      {"radius=0"},
                      run});

} // namespace
} // namespace zc::gold
