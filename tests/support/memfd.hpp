// SPDX-License-Identifier: MIT
// Files in memory that pose as dmabufs, and the number of open descriptors.
#pragma once

#include "core/unique_fd.hpp"

#include <dirent.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

namespace zc::test {

inline UniqueFd makeMemfd(std::size_t size)
{
    UniqueFd fd(memfd_create("zc-test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (fd.valid() && ftruncate(fd.get(), static_cast<off_t>(size)) != 0)
        fd.reset();
    return fd;
}

// The same file through a descriptor that may only read.
inline UniqueFd reopenReadOnly(const UniqueFd &fd)
{
    return UniqueFd(open(("/proc/self/fd/" + std::to_string(fd.get())).c_str(), O_RDONLY | O_CLOEXEC));
}

// Descriptors that this process has open; -1 where /proc is missing.
inline int openFdCount()
{
    DIR *folder = opendir("/proc/self/fd");
    if (folder == nullptr)
        return -1;
    int count = 0;
    while (const dirent *entry = readdir(folder))
        count += entry->d_name[0] != '.' ? 1 : 0;
    closedir(folder);
    return count - 1; // without the folder itself
}

} // namespace zc::test
