// SPDX-License-Identifier: MIT
// fill: one colour laid over the picture with its opacity.
#include "gold/gold.hpp"

#include <cstdint>

namespace zc::gold {
namespace {

void run(Picture &picture, const Args &args, const Where &where)
{
    const auto color = static_cast<std::uint32_t>(args.number("color"));
    const auto part = [&](int shift) { return ((color >> shift) & 0xffu) / 255.0; };
    const double opacity = part(24);
    const Ycc fresh = toYcc({part(16), part(8), part(0), 1}, weightsOf(picture));
    const auto blend = [&](double old, double now) { return old + (now - old) * opacity; };
    lumaAndChroma(
        picture, where, [&](double y) { return blend(y, fresh.y); },
        [&](Ycc c) {
            return Ycc{0, blend(c.cb, fresh.cb), blend(c.cr, fresh.cr)};
        });
}

const Register entry({"fill",
                      {"color=#ff0000ff", "color=#ff20c040", "color=#80ff8000", "color=#01ffffff", "color=#fe000000",
                       "color=#ffffffff"},
                      {"color=#00ff8040"},
                      run});

} // namespace
} // namespace zc::gold
