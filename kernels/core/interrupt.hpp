// SPDX-License-Identifier: MIT
// A way to end somebody's wait from another thread.
#pragma once

#include <mutex>
#include <stop_token>

namespace zc {

// Thread-safe. Who waits asks for the token first and gives up when it is stopped.
class Interrupt {
public:
    // Ends the waits that there are, and those to come until clear().
    void set()
    {
        // Outside the lock, since it calls those who wait.
        current().request_stop();
    }
    void clear()
    {
        const std::lock_guard lock(mutex_);
        if (source_.stop_requested())
            source_ = std::stop_source();
    }
    std::stop_token token() const { return current().get_token(); }

private:
    std::stop_source current() const
    {
        const std::lock_guard lock(mutex_);
        return source_;
    }

    mutable std::mutex mutex_;
    std::stop_source source_;
};

} // namespace zc
