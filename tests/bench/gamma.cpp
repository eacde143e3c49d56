// SPDX-License-Identifier: MIT
// What a curve costs: adjust with gamma against adjust without, one thread.
#include "measure.hpp"
#include "pictures.hpp"

using namespace zc;
using namespace zc::bench;

namespace {

Figure measure(Backend &backend, Format format)
{
    const Work affine("adjust", "brightness=0.1,contrast=1.1,saturation=1.2,hue=0.1");
    const Work curved("adjust", "brightness=0.1,contrast=1.1,saturation=1.2,hue=0.1,gamma=1.5");
    Ring first(format, k1080p), second(format, k1080p);
    const Contestant contestants[] = {
        {[&] { runOrStop(backend, first.frame(), affine); }, [&] { first.advance(); }},
        {[&] { runOrStop(backend, second.frame(), curved); }, [&] { second.advance(); }},
    };
    const auto times = race(contestants);
    return {.group = "gamma",
            .name = std::string(formatInfo(format).name) + " 1080p",
            .value = times[1].cpu / times[0].cpu,
            .goal = Goal::AtMost,
            .target = 4,
            .details = {{"affine (ms)", times[0].cpu * 1e3}, {"gamma (ms)", times[1].cpu * 1e3}}};
}

} // namespace

int main(int argc, char **argv)
{
    const auto backend = makeHostBackend({.threads = 1});
    std::vector<Figure> figures;
    for (const Format format : {Format::I420, Format::Nv12, Format::Rgba})
        figures.push_back(measure(*backend, format));
    return report("gamma", figures, argc, argv);
}
