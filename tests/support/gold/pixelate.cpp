// SPDX-License-Identifier: MIT
// pixelate: each cell becomes its mean.
#include "gold/gold.hpp"

#include <map>
#include <utility>

namespace zc::gold {
namespace {

struct Sum {
    std::int64_t sum = 0;
    std::int64_t count = 0;
};

void change(const Grid &before, const Part &part, int block, Grid &after)
{
    const auto cellOf = [&](int x, int y) { return std::pair{(y << part.subY) / block, (x << part.subX) / block}; };
    std::map<std::pair<int, int>, Sum> cells;
    for (int y = 0; y < part.height; ++y) {
        for (int x = 0; x < part.width; ++x) {
            Sum &cell = cells[cellOf(x, y)];
            cell.sum += before.at(part.x + x, part.y + y);
            cell.count += 1;
        }
    }
    for (int y = 0; y < part.height; ++y) {
        for (int x = 0; x < part.width; ++x) {
            const Sum &cell = cells[cellOf(x, y)];
            after.at(part.x + x, part.y + y) = meanOf(cell.sum, cell.count);
        }
    }
}

void run(Picture &picture, const Args &args, const Where &where)
{
    const int block = args.integer("block");
    eachChannel(picture, where,
                [&](const Grid &before, const Part &part, Grid &after) { change(before, part, block, after); });
}

const Register
    entry({"pixelate", {"block=2", "block=3", "block=5", "block=8", "block=24", "block=97"}, {"block=1"}, run});

} // namespace
} // namespace zc::gold
