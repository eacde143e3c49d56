// SPDX-License-Identifier: MIT
// The crew of threads: every index once, nothing of a round after its end.
#include "backend/thread_pool.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <vector>

namespace zc {
namespace {

TEST(ThreadPool, callsEveryIndexOnce)
{
    for (const int threads : {1, 2, 5}) {
        ThreadPool pool(threads);
        for (const int count : {0, 1, 2, 7, 1000}) {
            std::vector<std::atomic<int>> calls(static_cast<std::size_t>(count));
            pool.run(count, [&](int i) { ++calls[static_cast<std::size_t>(i)]; });
            for (const auto &one : calls)
                ASSERT_EQ(one, 1) << threads << " threads, " << count << " calls";
        }
    }
}

// Threads that wake late must find their round over: each round has a body of its own, which is gone afterwards.
TEST(ThreadPool, takesNothingOfAnotherRound)
{
    constexpr int kRounds = 20000, kCount = 4;
    ThreadPool pool(4);
    std::array<std::atomic<int>, kCount> calls{};
    for (int round = 1; round <= kRounds; ++round) {
        const std::vector<int> mine(kCount, round); // freed memory is seen by a sanitizer
        pool.run(kCount, [&](int i) {
            calls[static_cast<std::size_t>(i)] += mine[static_cast<std::size_t>(i)] == round ? 1 : -kRounds;
        });
        for (const auto &one : calls)
            ASSERT_EQ(one, round);
    }
}

TEST(ThreadPool, runsIndicesAtTheSameTime)
{
    ThreadPool pool(2);
    std::mutex mutex;
    std::condition_variable met;
    int inside = 0;
    // Each waits for the other: one thread alone would never end.
    pool.run(2, [&](int) {
        std::unique_lock lock(mutex);
        ++inside;
        met.notify_all();
        met.wait(lock, [&] { return inside == 2; });
    });
    EXPECT_EQ(inside, 2);
}

} // namespace
} // namespace zc
