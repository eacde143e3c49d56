// SPDX-License-Identifier: MIT
// The CPU backend against one plain loop for each kernel, at 1080p; with one thread and with its default.
// Usage: plain [FILE.json [PART OF A NAME]], such as "flip" or "RGB"
#include "measure.hpp"
#include "pictures.hpp"
#include "plain_loops.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

using namespace zc;
using namespace zc::bench;

namespace {

constexpr Size kSmall = {"small", 192, 108};

using Loop = Loops::value_type;

std::string nameOf(const PlainLoop &plain, Format format)
{
    return std::string(plain.what) + ", " + formatInfo(format).name;
}

// Both must do the same work, or the race means nothing. Below a sample's significant bits anything may be.
void checkSameResult(const PlainLoop &plain, Loop loop, Format format, Backend &backend)
{
    const FormatInfo &info = formatInfo(format);
    Ring first(format, kSmall), second(format, kSmall);
    loop(first.frame());
    runOrStop(backend, second.frame(), Work(plain.kernel, plain.params));
    const auto codeAt = [&](const Ring &ring, std::size_t i) {
        return (info.sampleBytes == 1 ? ring.bytes()[i] : ring.bytes()[i] | ring.bytes()[i + 1] << 8) >> info.shift;
    };
    for (std::size_t i = 0; i < first.size(); i += info.sampleBytes) {
        const int a = codeAt(first, i), b = codeAt(second, i);
        if (std::abs(a - b) > plain.tolerance) {
            std::fprintf(stderr, "%s on %s: the sample at byte %zu is %d by the plain loop and %d by the backend\n",
                         plain.what, info.name, i, a, b);
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
    const double oneIs = times[0].cpu / times[1].cpu, defaultIs = times[0].wall / times[2].wall;
    figures.push_back({.group = "plain",
                       .name = nameOf(plain, format),
                       .value = std::min(oneIs, defaultIs), // neither may be slower
                       .goal = Goal::AtLeast,
                       .target = 1,
                       .details = {{"plain loop (ms)", times[0].cpu * 1e3},
                                   {"one thread (ms)", times[1].cpu * 1e3},
                                   {"default (ms)", times[2].wall * 1e3},
                                   {"one thread (x)", oneIs},
                                   {"default (x)", defaultIs}}});
}

} // namespace

int main(int argc, char **argv)
{
    const auto one = makeHostBackend({.threads = 1}), all = makeHostBackend();
    std::vector<Figure> figures;
    for (const PlainLoop &plain : plainLoops()) {
        for (std::size_t i = 0; i < plain.loops.size(); ++i)
            if (plain.loops[i] && (argc < 3 || nameOf(plain, kPlainFormats[i]).find(argv[2]) != std::string::npos))
                measure(plain, plain.loops[i], kPlainFormats[i], *one, *all, figures);
    }
    return report("plain", figures, argc, argv);
}
