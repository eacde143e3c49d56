// SPDX-License-Identifier: MIT
// The suite on the CPU backend, with every instruction set that this machine has, on one thread and on three.
#include "target.hpp"

namespace zc::conformance {

std::vector<Target> makeTargets()
{
    std::vector<const char *> sets = {"baseline"};
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        sets.push_back("avx2");
#endif
    std::vector<int> threadCounts = {1, 3};
    // Under a sanitizer all is slow, and less tells it apart: races need threads, memory errors need each loop once.
#if defined(__SANITIZE_THREAD__)
    sets = {sets.back()};
    threadCounts = {3};
#elif defined(__SANITIZE_ADDRESS__)
    threadCounts = {3};
#endif
    std::vector<Target> out;
    for (const char *isa : sets)
        for (int threads : threadCounts)
            out.push_back({std::string(isa) + "_" + std::to_string(threads), makeHostBackend({threads, isa}),
                           test::makeHostAllocator()});
    return out;
}

} // namespace zc::conformance
