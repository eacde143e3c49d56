// SPDX-License-Identifier: MIT
// adjust: brightness, contrast, saturation and hue as videobalance means them; gamma and exposure.
#include "gold/gold.hpp"

#include <cmath>

namespace zc::gold {
namespace {

void run(Picture &picture, const Args &args, const Where &where)
{
    const double e = std::exp2(args.number("exposure") / 2.2);
    const double brightness = args.number("brightness") * 255.0 / 219.0;
    const double contrast = args.number("contrast");
    const double gamma = args.number("gamma");
    const double saturation = args.number("saturation");
    const double angle = std::acos(-1.0) * args.number("hue");
    const auto luma = [&](double y) {
        const double out = (y * contrast + brightness) * e;
        return out > 0 ? std::pow(out, 1.0 / gamma) : out;
    };
    const auto chroma = [&](Ycc c) {
        return Ycc{0, (c.cb * std::cos(angle) + c.cr * std::sin(angle)) * saturation * e,
                   (c.cr * std::cos(angle) - c.cb * std::sin(angle)) * saturation * e};
    };
    lumaAndChroma(picture, where, luma, chroma);
}

const Register entry({"adjust",
                      {
                          "brightness=0.1,saturation=0.3",
                          "brightness=-0.35,contrast=1.7,saturation=1.4,hue=0.3",
                          "contrast=0.4",
                          "contrast=0,brightness=0.5",
                          "brightness=-1",
                          "saturation=0",
                          "saturation=2",
                          "hue=-0.6",
                          "hue=1",
                          "gamma=2.2",
                          "gamma=0.45",
                          "exposure=1.5",
                          "gamma=10",
                          "gamma=0.01",
                          "exposure=4,contrast=2,saturation=2,hue=0.25",
                          "exposure=-4",
                          "exposure=-2,gamma=1.6,brightness=0.07,contrast=1.2,saturation=0.8,hue=-0.1",
                      },
                      {"", "brightness=0,contrast=1,saturation=1,hue=0,gamma=1,exposure=0"},
                      run});

} // namespace
} // namespace zc::gold
