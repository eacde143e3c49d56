// SPDX-License-Identifier: MIT
// flip: mirrored columns, mirrored rows, or both.
#include "gold/gold.hpp"

#include <stdexcept>

namespace zc::gold {
namespace {

void run(Picture &picture, const Args &args, const Where &where)
{
    const std::string method = args.text("method");
    if (method != "horizontal" && method != "vertical" && method != "rotate-180")
        throw std::out_of_range("gold: flip knows no method " + method);
    const bool columns = method != "vertical";
    const bool rows = method != "horizontal";
    eachChannel(picture, where, [&](const Grid &before, const Part &part, Grid &after) {
        for (int y = 0; y < part.height; ++y)
            for (int x = 0; x < part.width; ++x)
                after.at(part.x + x, part.y + y) =
                    before.at(part.x + (columns ? part.width - 1 - x : x), part.y + (rows ? part.height - 1 - y : y));
    });
}

const Register entry({"flip", {"method=horizontal", "method=vertical", "method=rotate-180"}, {}, run});

} // namespace
} // namespace zc::gold
