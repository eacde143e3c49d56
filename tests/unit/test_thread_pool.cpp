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

// Threads that wake late must find their round over: rounds differ in their body and in how much there is to do.
TEST(ThreadPool, takesNothingOfAnotherRound)
{
    constexpr int kRounds = 20000, kMany = 6, kFew = 2;
    ThreadPool pool(16); // more than cores: some are stopped between waking and working
    std::array<std::atomic<int>, kMany> many{}, few{};
    for (int round = 1; round <= kRounds; ++round) {
        pool.run(kMany, [&](int i) { ++many[static_cast<std::size_t>(i)]; });
        pool.run(kFew, [&](int i) { ++few[static_cast<std::size_t>(i)]; });
        for (int i = 0; i < kMany; ++i) {
            const auto at = static_cast<std::size_t>(i);
            ASSERT_EQ(many[at], round);
            ASSERT_EQ(few[at], i < kFew ? round : 0);
        }
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
