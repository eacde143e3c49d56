// SPDX-License-Identifier: MIT
// A fixed crew of threads that runs one numbered loop at a time.
#include "backend/thread_pool.hpp"

namespace zc {

ThreadPool::~ThreadPool()
{
    {
        const std::lock_guard lock(mutex_);
        quit_ = true;
    }
    wake_.notify_all();
    for (const pthread_t thread : crew_)
        pthread_join(thread, nullptr);
}

void ThreadPool::start()
{
    started_ = true;
    crew_.reserve(static_cast<std::size_t>(threads_ - 1));
    const auto body = [](void *pool) -> void * {
        static_cast<ThreadPool *>(pool)->work();
        return nullptr;
    };
    while (static_cast<int>(crew_.size()) < threads_ - 1) {
        pthread_t thread;
        if (pthread_create(&thread, nullptr, body, this) != 0)
            break;
        crew_.push_back(thread);
    }
}

bool ThreadPool::take(std::uint32_t round, int count, int &index)
{
    std::uint64_t ticket = ticket_;
    do {
        index = static_cast<int>(static_cast<std::uint32_t>(ticket));
        if (static_cast<std::uint32_t>(ticket >> 32) != round || index >= count)
            return false;
    } while (!ticket_.compare_exchange_weak(ticket, ticket + 1));
    return true;
}

void ThreadPool::drain(std::uint32_t round, Call call, const void *body, int count)
{
    for (int index = 0; take(round, count, index);) {
        call(body, index);
        if (++finished_ != count)
            continue;
        const std::lock_guard lock(mutex_); // or the caller could miss it between its look and its sleep
        done_.notify_one();
    }
}

// Waits for the work, not for the crew: a thread that the system has not let run yet finds nothing left.
void ThreadPool::runErased(int count, Call call, const void *body)
{
    if (!started_ && count > 1 && threads_ > 1)
        start();
    if (count <= 1 || crew_.empty()) {
        for (int i = 0; i < count; ++i)
            call(body, i);
        return;
    }
    std::uint32_t round = 0;
    {
        const std::lock_guard lock(mutex_);
        call_ = call;
        body_ = body;
        count_ = count;
        round = ++round_;
        finished_ = 0;
        ticket_ = static_cast<std::uint64_t>(round) << 32;
    }
    wake_.notify_all();
    drain(round, call, body, count);
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return finished_ == count; });
}

void ThreadPool::work()
{
    std::uint32_t seen = 0;
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [&] { return quit_ || round_ != seen; });
        if (quit_)
            return;
        seen = round_;
        const Call call = call_;
        const void *body = body_;
        const int count = count_;
        lock.unlock();
        drain(seen, call, body, count);
        lock.lock();
    }
}

} // namespace zc
