// SPDX-License-Identifier: MIT
// Owner of one file descriptor.
#pragma once

#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace zc {

class UniqueFd {
public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) : fd_(fd) {}
    UniqueFd(UniqueFd &&other) noexcept : fd_(other.release()) {}
    UniqueFd &operator=(UniqueFd &&other) noexcept
    {
        reset(other.release());
        return *this;
    }
    UniqueFd(const UniqueFd &) = delete;
    UniqueFd &operator=(const UniqueFd &) = delete;
    ~UniqueFd() { reset(); }

    // A second descriptor of the same file, closed on exec; invalid if the kernel refused.
    static UniqueFd duplicate(int fd) { return UniqueFd(fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

    bool valid() const { return fd_ >= 0; }
    int get() const { return fd_; }
    [[nodiscard]] int release() { return std::exchange(fd_, -1); }
    void reset(int fd = -1)
    {
        const int old = std::exchange(fd_, fd);
        if (old >= 0)
            close(old);
    }

private:
    int fd_ = -1;
};

} // namespace zc
