// SPDX-License-Identifier: MIT
// identity: nothing.
#include "gold/gold.hpp"

namespace zc::gold {
namespace {

void run(Picture &, const Args &, const Where &) {}

const Register entry({"identity", {""}, {""}, run});

} // namespace
} // namespace zc::gold
