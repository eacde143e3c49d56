// SPDX-License-Identifier: MIT
// Runs something in a child process, for what a process can do only once: opening a driver, losing a GPU.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace zc::test {

struct ChildResult {
    int status = 0; // of exit(); 128 plus the number of the signal that ended it
    std::string text;
};

// `body` returns the text; it must not use GoogleTest's macros. A child that hangs is ended after 60 seconds. No
// thread of this process may be running.
template <class Body> ChildResult inChild(Body body)
{
    int ends[2];
    if (pipe(ends) != 0)
        return {-1, "pipe() failed"};
    const pid_t child = fork();
    if (child == 0) {
        alarm(60);
        close(ends[0]);
        const std::string text = body();
        for (std::size_t at = 0; at < text.size();) {
            const ssize_t n = write(ends[1], text.data() + at, text.size() - at);
            if (n < 0)
                _exit(100);
            at += static_cast<std::size_t>(n);
        }
        close(ends[1]);
        _exit(0);
    }
    close(ends[1]);
    ChildResult result;
    char buffer[4096];
    ssize_t n = 0;
    while ((n = read(ends[0], buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            result.text.append(buffer, static_cast<std::size_t>(n));
    close(ends[0]);
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child)
        return {-1, "fork() or waitpid() failed"};
    result.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return result;
}

} // namespace zc::test
