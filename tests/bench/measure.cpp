// SPDX-License-Identifier: MIT
// The clocks, the medians and the JSON.
#include "measure.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace zc::bench {

namespace {

#if defined(__clang__)
constexpr const char *kCompiler = __VERSION__; // "Clang 14.0.6" or the like
#else
constexpr const char *kCompiler = "g++ " __VERSION__;
#endif
constexpr double kShortestRound = 100e-6; // seconds; shorter calls are repeated until the clocks can tell them apart

double secondsOf(clockid_t clock)
{
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

Times timed(const Contestant &contestant, int repeats)
{
    if (contestant.prepare)
        contestant.prepare();
    const double wall = secondsOf(CLOCK_MONOTONIC), cpu = secondsOf(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < repeats; ++i)
        contestant.run();
    return {(secondsOf(CLOCK_THREAD_CPUTIME_ID) - cpu) / repeats, (secondsOf(CLOCK_MONOTONIC) - wall) / repeats};
}

double median(std::vector<double> &values)
{
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

struct Rounds {
    std::vector<double> cpu, wall;
};

// Every contestant once, in turn, as often as `count` says.
void runBatch(std::span<const Contestant> contestants, std::span<const int> repeats, int count,
              std::vector<Times> &best)
{
    std::vector<Rounds> rounds(contestants.size());
    for (int round = 0; round < count; ++round) {
        for (std::size_t i = 0; i < contestants.size(); ++i) {
            const Times times = timed(contestants[i], repeats[i]);
            rounds[i].cpu.push_back(times.cpu);
            rounds[i].wall.push_back(times.wall);
        }
    }
    for (std::size_t i = 0; i < contestants.size(); ++i) {
        best[i].cpu = std::min(best[i].cpu, median(rounds[i].cpu));
        best[i].wall = std::min(best[i].wall, median(rounds[i].wall));
    }
}

std::string quoted(const std::string &text)
{
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            out += '\\';
        out += c;
    }
    return out + '"';
}

std::string number(double value)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", std::isfinite(value) ? value : 0.0);
    return text;
}

std::string jsonOf(const Figure &figure)
{
    std::string out = "{\"group\": " + quoted(figure.group) + ", \"name\": " + quoted(figure.name) +
                      ", \"value\": " + number(figure.value) + ", \"unit\": " + quoted(figure.unit);
    if (figure.goal != Goal::None)
        out += std::string(", \"goal\": \"") + (figure.goal == Goal::AtLeast ? ">=" : "<=") +
               "\", \"target\": " + number(figure.target);
    out += ", \"details\": {";
    const char *comma = "";
    for (const auto &[name, value] : figure.details) {
        out += comma + quoted(name) + ": " + number(value);
        comma = ", ";
    }
    return out + "}, \"note\": " + quoted(figure.note) + "}";
}

} // namespace

std::vector<Times> race(std::span<const Contestant> contestants, const Effort &effort)
{
    std::vector<int> repeats;
    double all = 0;
    for (const Contestant &contestant : contestants) {
        timed(contestant, 1); // warms caches, starts threads, grows scratch memory
        const double once = std::max(timed(contestant, 1).wall, 1e-8);
        repeats.push_back(static_cast<int>(std::clamp(std::ceil(kShortestRound / once), 1.0, 1000.0)));
        all += once * repeats.back();
    }
    const double wanted = effort.seconds / effort.batches / all;
    const int rounds = static_cast<int>(std::clamp(wanted, 3.0, 500.0));
    std::vector<Times> best(contestants.size(), Times{1e9, 1e9});
    for (int batch = 0; batch < effort.batches; ++batch)
        runBatch(contestants, repeats, rounds, best);
    return best;
}

int report(const char *bench, std::span<const Figure> figures, int argc, char **argv)
{
    std::string text = "{\"bench\": " + quoted(bench) + ", \"compiler\": " + quoted(kCompiler) + ", \"figures\": [";
    const char *comma = "\n  ";
    for (const Figure &figure : figures) {
        text += comma + jsonOf(figure);
        comma = ",\n  ";
    }
    text += "\n]}\n";
    std::fputs(text.c_str(), stdout);
    if (argc > 1) {
        FILE *file = std::fopen(argv[1], "w");
        const bool written = file && std::fputs(text.c_str(), file) >= 0;
        if ((file && std::fclose(file) != 0) || !written) {
            std::fprintf(stderr, "%s: cannot write the figures; give the path of a file that may be written\n",
                         argv[1]);
            return EXIT_FAILURE;
        }
    }
    return figures.empty() ? EXIT_FAILURE : EXIT_SUCCESS;
}

} // namespace zc::bench
