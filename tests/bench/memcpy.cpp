// SPDX-License-Identifier: MIT
// invert against memcpy of as many bytes, one thread each: how much of the memory's speed a simple kernel reaches.
#include "measure.hpp"
#include "pictures.hpp"

#include <cstring>

using namespace zc;
using namespace zc::bench;

namespace {

Figure measure(Backend &backend, Format format, Size size)
{
    const Work invert("invert", "");
    Ring ours(format, size), source(format, size), target(format, size);
    const Contestant contestants[] = {
        {[&] { std::memcpy(target.bytes(), source.bytes(), source.size()); },
         [&] {
             source.advance();
             target.advance();
         }},
        {[&] { runOrStop(backend, ours.frame(), invert); }, [&] { ours.advance(); }},
    };
    const auto times = race(contestants);
    const double gigabytes = static_cast<double>(ours.size()) * 1e-9;
    return {.group = "memcpy",
            .name = std::string(formatInfo(format).name) + " " + size.name,
            .value = times[0].cpu / times[1].cpu,
            .goal = Goal::AtLeast,
            .target = 0.7,
            .details = {{"memcpy (GB/s)", gigabytes / times[0].cpu}, {"invert (GB/s)", gigabytes / times[1].cpu}}};
}

} // namespace

int main(int argc, char **argv)
{
    const auto backend = makeHostBackend({.threads = 1});
    std::vector<Figure> figures;
    for (const Size size : {k1080p, k2160p})
        for (const Format format : {Format::I420, Format::Nv12, Format::Rgba, Format::Yuy2})
            figures.push_back(measure(*backend, format, size));
    return report("memcpy", figures, argc, argv);
}
