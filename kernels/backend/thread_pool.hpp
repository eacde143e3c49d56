// SPDX-License-Identifier: MIT
// A fixed crew of threads that runs one numbered loop at a time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <pthread.h>
#include <vector>

namespace zc {

// Thread-bound: run() from one thread at a time. Threads start at the first loop that can use them, so that small
// frames never cost one. Where the system refuses threads (a container's limit), those that started do the work, the
// caller alone if need be. Allocates nothing once they run.
class ThreadPool {
public:
    explicit ThreadPool(int threads) : threads_(threads) {}
    ~ThreadPool();
    ThreadPool(const ThreadPool &) = delete;
    ThreadPool &operator=(const ThreadPool &) = delete;

    int threads() const { return threads_; }

    // Calls body(0) ... body(count - 1), in any order, on the crew and the caller; returns when all are done.
    template <class Body> void run(int count, const Body &body)
    {
        runErased(
            count, [](const void *erased, int i) { (*static_cast<const Body *>(erased))(i); }, &body);
    }

private:
    using Call = void (*)(const void *body, int index);
    void runErased(int count, Call call, const void *body);
    void start();
    void work();
    bool take(std::uint32_t round, int count, int &index);
    void drain(std::uint32_t round, Call call, const void *body, int count);

    const int threads_;
    std::vector<pthread_t> crew_; // std::thread would end the process where none can be had
    bool started_ = false;

    // The round in the upper half, the next index in the lower: a thread that wakes late, for a round that is over,
    // can take nothing of the one that runs.
    std::atomic<std::uint64_t> ticket_{0};
    std::atomic<int> finished_{0}; // calls of this round that have returned

    // Protects what follows. Never held while a body runs.
    std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable done_;
    std::uint32_t round_ = 0;
    bool quit_ = false;
    Call call_ = nullptr;
    const void *body_ = nullptr;
    int count_ = 0;
};

} // namespace zc
