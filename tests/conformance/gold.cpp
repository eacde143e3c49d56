// SPDX-License-Identifier: MIT
// The tests with literal numbers on the gold code itself: an oracle needs one too.
#include "gold/gold_backend.hpp"
#include "target.hpp"

namespace zc::conformance {

std::vector<Target> makeTargets()
{
    std::vector<Target> out;
    out.push_back({"gold", gold::makeGoldBackend(), test::makeHostAllocator()});
    return out;
}

} // namespace zc::conformance
