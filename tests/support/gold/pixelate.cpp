// SPDX-License-Identifier: MIT
// pixelate: each cell becomes its mean.
#include "gold/gold.hpp"

namespace zc::gold {
namespace {

struct Sum {
    std::int64_t sum = 0;
    std::int64_t count = 0;
};

void change(const Grid &before, const Part &part, int block, Grid &after)
{
    const auto columns = static_cast<std::size_t>(((part.width - 1) << part.subX) / block + 1);
    const auto rows = static_cast<std::size_t>(((part.height - 1) << part.subY) / block + 1);
    const auto cellOf = [&](int x, int y) {
        return static_cast<std::size_t>((y << part.subY) / block) * columns +
               static_cast<std::size_t>((x << part.subX) / block);
    };
    std::vector<Sum> cells(columns * rows);
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

const Register entry({"pixelate",
                      {"block=2", "block=3", "block=5", "block=8", "block=24", "block=97", "block=7", "block=1024"},
                      {"block=1"},
                      run});

} // namespace
} // namespace zc::gold
