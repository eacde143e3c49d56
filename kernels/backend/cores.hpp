// SPDX-License-Identifier: MIT
// How many cores this process may use, which may be fewer than the machine has.
#pragma once

#include <string>
#include <string_view>

namespace zc {

// Not more than the machine's, those of the calling thread's affinity mask, and the control group's quota; at least 1.
int usableCores();

// The least CPU quota of a control group (cgroup v2) and its parents, in cores, rounded up; 0 if there is none.
// `membership` is the text of /proc/self/cgroup, `root` where the groups are mounted.
int quotaCores(std::string_view membership, const std::string &root);

} // namespace zc
