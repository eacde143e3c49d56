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
    for (std::thread &thread : crew_)
        thread.join();
}

void ThreadPool::start()
{
    crew_.reserve(static_cast<std::size_t>(threads_ - 1));
    while (static_cast<int>(crew_.size()) < threads_ - 1)
        crew_.emplace_back([this] { work(); });
}

void ThreadPool::drain(Call call, const void *body, int count)
{
    for (int i = next_.fetch_add(1); i < count; i = next_.fetch_add(1))
        call(body, i);
}

void ThreadPool::runErased(int count, Call call, const void *body)
{
    if (count <= 1 || threads_ <= 1) {
        for (int i = 0; i < count; ++i)
            call(body, i);
        return;
    }
    if (crew_.empty())
        start();
    {
        const std::lock_guard lock(mutex_);
        call_ = call;
        body_ = body;
        count_ = count;
        next_ = 0;
        busy_ = static_cast<int>(crew_.size());
        ++round_;
    }
    wake_.notify_all();
    drain(call, body, count);
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return busy_ == 0; });
}

void ThreadPool::work()
{
    std::uint64_t seen = 0;
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
        drain(call, body, count);
        lock.lock();
        if (--busy_ == 0)
            done_.notify_one();
    }
}

} // namespace zc
