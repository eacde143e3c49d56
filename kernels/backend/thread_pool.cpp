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

void ThreadPool::drain(Call call, const void *body, int count)
{
    for (int i = next_.fetch_add(1); i < count; i = next_.fetch_add(1))
        call(body, i);
}

void ThreadPool::runErased(int count, Call call, const void *body)
{
    if (!started_ && count > 1 && threads_ > 1)
        start();
    if (count <= 1 || crew_.empty()) {
        for (int i = 0; i < count; ++i)
            call(body, i);
        return;
    }
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
