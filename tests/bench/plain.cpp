// SPDX-License-Identifier: MIT
// The CPU backend against one plain loop for each kernel, at 1080p; with one thread and with its default.
// Usage: plain [FILE.json [PART OF A KERNEL'S NAME]]
#include "measure.hpp"
#include "pictures.hpp"
#include "plain_loops.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace zc;
using namespace zc::bench;

namespace {

constexpr Size kSmall = {"small", 192, 108};

using Loop = void (*)(const Frame &);

// Both must do the same work, or the race means nothing.
void checkSameResult(const PlainLoop &plain, Loop loop, Format format, Backend &backend)
{
    Ring first(format, kSmall), second(format, kSmall);
    loop(first.frame());
    runOrStop(backend, second.frame(), Work(plain.kernel, plain.params));
    for (std::size_t i = 0; i < first.size(); ++i) {
        const int a = first.bytes()[i], b = second.bytes()[i];
        if (std::abs(a - b) > plain.tolerance) {
            std::fprintf(stderr, "%s on %s: byte %zu is %d by the plain loop and %d by the backend\n", plain.what,
                         formatInfo(format).name, i, a, b);
            std::exit(EXIT_FAILURE);
        }
    }
}

void measure(const PlainLoop &plain, Loop loop, Format format, Backend &one, Backend &all, std::vector<Figure> &figures)
{
    checkSameResult(plain, loop, format, one);
    const Work work(plain.kernel, plain.params);
    Ring a(format, k1080p), b(format, k1080p), c(format, k1080p);
    const Contestant contestants[] = {
        {[&] { loop(a.frame()); }, [&] { a.advance(); }},
        {[&] { runOrStop(one, b.frame(), work); }, [&] { b.advance(); }},
        {[&] { runOrStop(all, c.frame(), work); }, [&] { c.advance(); }},
    };
    const auto times = race(contestants, {.seconds = 1.2, .batches = 3});
    figures.push_back({.group = "plain",
                       .name = std::string(plain.what) + ", " + formatInfo(format).name,
                       .value = times[0].cpu / times[1].cpu,
                       .goal = Goal::AtLeast,
                       .target = 1,
                       .details = {{"plain loop (ms)", times[0].cpu * 1e3},
                                   {"one thread (ms)", times[1].cpu * 1e3},
                                   {"default (ms)", times[2].wall * 1e3},
                                   {"default (x)", times[0].wall / times[2].wall}}});
}

} // namespace

int main(int argc, char **argv)
{
    const auto one = makeHostBackend({.threads = 1}), all = makeHostBackend();
    std::vector<Figure> figures;
    for (const PlainLoop &plain : plainLoops()) {
        if (argc > 2 && std::strstr(plain.what, argv[2]) == nullptr)
            continue;
        const std::pair<Format, Loop> loops[] = {
            {Format::Nv12, plain.nv12}, {Format::Rgba, plain.rgba}, {Format::Yuy2, plain.yuy2}};
        for (const auto &[format, loop] : loops)
            if (loop)
                measure(plain, loop, format, *one, *all, figures);
    }
    return report("plain", figures, argc, argv);
}
