// SPDX-License-Identifier: MIT
// Times rivals against each other in one run: alternating, medians, and the best of several batches, so that what else
// the machine does falls on all of them alike or is left out. Figures are printed as JSON; no time decides a result.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace zc::bench {

// Seconds of one call. CPU time is the calling thread's alone: it leaves out the time that other processes took, but
// also the work of other threads, so it can only be compared where each contestant keeps to one.
struct Times {
    double cpu = 0, wall = 0;
};

struct Contestant {
    std::function<void()> run;
    std::function<void()> prepare = {}; // before each timed call, not timed
};

struct Effort {
    double seconds = 1.2; // for all contestants together
    int batches = 5;
};

// One result for each contestant.
std::vector<Times> race(std::span<const Contestant> contestants, const Effort &effort = {});

enum class Goal { AtLeast, AtMost, None };

// One line of a table in docs/performance.md.
struct Figure {
    std::string group; // which table
    std::string name;
    double value = 0;
    std::string unit = "x";
    Goal goal = Goal::None;
    double target = 0;
    std::vector<std::pair<std::string, double>> details = {}; // "ours (ms)" and the like
    std::string note = {};
};

// Prints the figures as one JSON object and writes them to the file that argv[1] names, if it does. Returns main()'s
// status: a failure only if the file cannot be written or there is no figure.
int report(const char *bench, std::span<const Figure> figures, int argc, char **argv);

} // namespace zc::bench
