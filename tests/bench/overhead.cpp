// SPDX-License-Identifier: MIT
// What the element itself costs: invert on a frame of 16x16 pixels against GStreamer's identity, and how often each
// allocates memory once it runs.
#include "element_rig.hpp"
#include "measure.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>

// Counted by taking malloc's place; glibc offers these names for that.
extern "C" {
void *__libc_malloc(std::size_t size);                      // NOLINT(bugprone-reserved-identifier)
void *__libc_calloc(std::size_t count, std::size_t size);   // NOLINT(bugprone-reserved-identifier)
void *__libc_realloc(void *old, std::size_t size);          // NOLINT(bugprone-reserved-identifier)
void *__libc_memalign(std::size_t align, std::size_t size); // NOLINT(bugprone-reserved-identifier)
}

namespace {

std::atomic<long> allocations{0};

} // namespace

extern "C" {

[[gnu::visibility("default")]] void *malloc(std::size_t size)
{
    allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_malloc(size);
}
[[gnu::visibility("default")]] void *calloc(std::size_t count, std::size_t size)
{
    allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_calloc(count, size);
}
[[gnu::visibility("default")]] void *realloc(void *old, std::size_t size)
{
    allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_realloc(old, size);
}
[[gnu::visibility("default")]] void *memalign(std::size_t align, std::size_t size)
{
    allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_memalign(align, size);
}
[[gnu::visibility("default")]] void *aligned_alloc(std::size_t align, std::size_t size)
{
    return memalign(align, size);
}
[[gnu::visibility("default")]] int posix_memalign(void **out, std::size_t align, std::size_t size)
{
    *out = memalign(align, size);
    return *out ? 0 : ENOMEM;
}

} // extern "C"

using namespace zc;
using namespace zc::bench;

namespace {

constexpr Size kTiny = {"16x16", 16, 16};
constexpr int kWarmUp = 10, kCounted = 1000; // frames

double allocationsPerFrame(Rig &rig, BufferRing &ring)
{
    for (int i = 0; i < kWarmUp; ++i)
        rig.push(ring.buffer());
    const long before = allocations.load();
    for (int i = 0; i < kCounted; ++i)
        rig.push(ring.buffer());
    return static_cast<double>(allocations.load() - before) / kCounted;
}

void measure(Format format, Size size, std::vector<Figure> &figures)
{
    const std::string caps = capsFor(format, size);
    const std::string what = std::string(formatInfo(format).name) + " " + size.name;
    Rig identity("identity", caps), ours("cudazerocopy kernel=invert", caps);
    BufferRing first(format, size), second(format, size);
    const double theirs = allocationsPerFrame(identity, first), mine = allocationsPerFrame(ours, second);
    figures.push_back({.group = "overhead",
                       .name = what + ", allocations per frame after frame 10",
                       .value = mine - theirs,
                       .unit = "",
                       .goal = Goal::AtMost,
                       .target = 0,
                       .details = {{"identity", theirs}, {"cudazerocopy", mine}}});
    if (size.width != kTiny.width)
        return; // the kernel's own work is no overhead
    const Contestant contestants[] = {
        {[&] { identity.push(first.buffer()); }},
        {[&] { ours.push(second.buffer()); }},
    };
    const auto times = race(contestants);
    figures.push_back({.group = "overhead",
                       .name = what + ", time per buffer",
                       .value = (times[1].cpu - times[0].cpu) * 1e6,
                       .unit = "us",
                       .goal = Goal::AtMost,
                       .target = 10,
                       .details = {{"identity", times[0].cpu * 1e6}, {"cudazerocopy", times[1].cpu * 1e6}}});
}

} // namespace

int main(int argc, char **argv)
{
    g_setenv("G_SLICE", "always-malloc", TRUE); // so that GLib's own pools hide nothing
    gst_init(nullptr, nullptr);
    std::vector<Figure> figures;
    for (const Format format : {Format::I420, Format::Nv12, Format::Rgba})
        measure(format, kTiny, figures);
    measure(Format::I420, k1080p, figures);
    return report("overhead", figures, argc, argv);
}
