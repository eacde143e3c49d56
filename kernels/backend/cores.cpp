// SPDX-License-Identifier: MIT
// Reads what the scheduler was told about this process.
#include "backend/cores.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <sched.h>
#include <thread>

namespace zc {
namespace {

std::string contentOf(const std::string &path)
{
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

// "200000 100000" is two cores, "max 100000" no limit; microseconds of each period.
int coresIn(std::string_view limit)
{
    const std::size_t blank = limit.find(' ');
    std::int32_t quota = 0, period = 0;
    if (blank == std::string_view::npos || numberFrom(limit.substr(0, blank), quota).ec != std::errc() ||
        numberFrom(trimmed(limit.substr(blank)), period).ec != std::errc() || quota <= 0 || period <= 0)
        return 0;
    return static_cast<int>((std::int64_t{quota} + period - 1) / period);
}

// 0 if the mask does not tell.
int maskedCores()
{
    cpu_set_t mask;
    return sched_getaffinity(0, sizeof mask, &mask) == 0 ? CPU_COUNT(&mask) : 0;
}

} // namespace

int quotaCores(std::string_view membership, const std::string &root)
{
    constexpr std::string_view kUnified = "0::";
    std::size_t at = membership.starts_with(kUnified) ? 0 : membership.find("\n0::");
    if (at == std::string_view::npos)
        return 0;
    std::string_view group = membership.substr(membership.find(kUnified, at) + kUnified.size());
    group = group.substr(0, group.find('\n'));
    int least = 0;
    // Whether or not the group is "/": in a container the root itself may have the limit.
    while (true) {
        if (const int cores = coresIn(contentOf(root + std::string(group) + "/cpu.max")); cores > 0)
            least = least > 0 ? std::min(least, cores) : cores;
        if (group.empty())
            return least;
        group = group.substr(0, group.rfind('/') == std::string_view::npos ? 0 : group.rfind('/'));
    }
}

int usableCores()
{
    int cores = static_cast<int>(std::thread::hardware_concurrency());
    for (const int limit : {maskedCores(), quotaCores(contentOf("/proc/self/cgroup"), "/sys/fs/cgroup")}) {
        if (limit > 0)
            cores = std::min(cores, limit);
    }
    return std::max(cores, 1);
}

} // namespace zc
