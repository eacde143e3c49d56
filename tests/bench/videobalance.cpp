// SPDX-License-Identifier: MIT
// adjust against videobalance with the same settings, as time inside each element's chain function.
#include "element_rig.hpp"
#include "measure.hpp"

#include <atomic>
#include <cstdlib>
#include <unistd.h>

// Takes the C library's place, so that an element started meanwhile believes that the machine has so many cores and
// starts as many threads; there is no property for it. 0: the truth.
static std::atomic<int> claimedCores{0};

extern "C" [[gnu::visibility("default")]] int get_nprocs()
{
    const int claimed = claimedCores.load();
    return claimed > 0 ? claimed : static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
}

using namespace zc;
using namespace zc::bench;

namespace {

constexpr const char *kSettings = "brightness=0.1 contrast=1.1 saturation=1.2 hue=0.1";
constexpr const char *kParams = "brightness=0.1,contrast=1.1,saturation=1.2,hue=0.1";

Rig makeOurs(Format format)
{
    return Rig(std::string("cudazerocopy kernel=adjust params=\"") + kParams + "\"", capsFor(format, k1080p));
}

struct Pair {
    Times rival, ours;
    std::string device;
};

Pair measure(Format format, Rig &ours)
{
    Rig rival(std::string("videobalance ") + kSettings, capsFor(format, k1080p));
    BufferRing theirs(format, k1080p), mine(format, k1080p);
    const Contestant contestants[] = {
        {[&] { rival.push(theirs.buffer()); }, [&] { theirs.advance(); }},
        {[&] { ours.push(mine.buffer()); }, [&] { mine.advance(); }},
    };
    const auto times = race(contestants, {.seconds = 5, .batches = 7});
    return {times[0], times[1], ours.deviceInUse()};
}

Figure figure(Format format, const char *mode, double rival, double ours, double target, const std::string &note)
{
    const bool named = format == Format::I420; // the one that has a target
    return {.group = "videobalance",
            .name = std::string(formatInfo(format).name) + " 1080p, " + mode,
            .value = rival / ours,
            .goal = named ? Goal::AtLeast : Goal::None,
            .target = target,
            .details = {{"videobalance (ms)", rival * 1e3}, {"cudazerocopy (ms)", ours * 1e3}},
            .note = note};
}

void measureBoth(Format format, std::vector<Figure> &figures)
{
    {
        Rig ours = makeOurs(format);
        const Pair p = measure(format, ours);
        figures.push_back(figure(format, "defaults", p.rival.wall, p.ours.wall, 3, p.device + "; wall-clock time"));
    }
    claimedCores = 1;
    Rig ours = makeOurs(format);
    claimedCores = 0;
    if (ours.deviceInUse().find(" 1 thread,") == std::string::npos) {
        g_printerr("the element cannot be held to one thread here: \"%s\"\n", ours.deviceInUse().c_str());
        std::exit(EXIT_FAILURE);
    }
    const Pair p = measure(format, ours);
    figures.push_back(figure(format, "one thread", p.rival.cpu, p.ours.cpu, 1.5, p.device + "; CPU time"));
}

} // namespace

int main(int argc, char **argv)
{
    gst_init(nullptr, nullptr);
    std::vector<Figure> figures;
    for (const Format format : {Format::I420, Format::Nv12, Format::Yuy2})
        measureBoth(format, figures);
    return report("videobalance", figures, argc, argv);
}
