// SPDX-License-Identifier: MIT
// gray: luma stays, chroma becomes neutral.
#include "gold/gold.hpp"

namespace zc::gold {
namespace {

void run(Picture &picture, const Args &, const Where &where)
{
    lumaAndChroma(
        picture, where, [](double y) { return y; },
        [](Ycc) {
            return Ycc{0, 0, 0};
        });
}

const Register entry({"gray", {""}, {}, run});

} // namespace
} // namespace zc::gold
