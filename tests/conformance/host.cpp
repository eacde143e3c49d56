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
    std::vector<Target> out;
    for (const char *isa : sets)
        for (int threads : {1, 3})
            out.push_back({std::string(isa) + "_" + std::to_string(threads), makeHostBackend({threads, isa}),
                           test::makeHostAllocator()});
    return out;
}

} // namespace zc::conformance
