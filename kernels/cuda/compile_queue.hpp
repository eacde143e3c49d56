// SPDX-License-Identifier: MIT
// Built-in kernels being compiled at run time: on one thread, ahead of need or waited for, and once for all who want
// the same.
#pragma once

#include "cuda/compiler.hpp"

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <pthread.h>
#include <stop_token>
#include <string>
#include <utility>

namespace zc::cuda {

// One for the process. Thread-safe.
class CompileQueue {
public:
    // Its thread ends before the process does. The library that holds it cannot be unloaded once the thread ran.
    static CompileQueue &instance();

    // Starts compiling in the background unless the code is there or under way. The first call opens NVRTC and takes
    // about a tenth of a second, later ones none. What goes wrong is codeFor()'s to tell.
    void prefetch(int computeCapability, const std::string &name);

    // The code; waited for, and compiled before all that nobody waits for yet. Failures are told to all who wait, then
    // forgotten. What succeeded is kept for other contexts. Interrupted once `stop` is requested: NVRTC goes on, and
    // who asks again finds what it made.
    Result<std::shared_ptr<const CompiledCode>> codeFor(int computeCapability, const std::string &name,
                                                        const std::stop_token &stop);

private:
    using Key = std::pair<int, std::string>;
    using Outcome = Result<std::shared_ptr<const CompiledCode>>;
    enum class State { Waiting, Running, Done };
    struct Job {
        State state = State::Waiting;
        Outcome outcome = Status{};
    };

    CompileQueue() = default;
    Status prepareForExit(int computeCapability);
    void end();
    void work();
    void runJob(std::unique_lock<std::mutex> &lock, const Key &key, const std::shared_ptr<Job> &job);
    Result<std::shared_ptr<Job>> enqueue(const Key &key, bool urgent);
    Status startThread();

    std::mutex mutex_; // protects all below; never held while compiling
    std::condition_variable_any changed_;
    std::map<Key, std::shared_ptr<Job>> jobs_;
    std::deque<Key> waiting_;
    pthread_t thread_{};
    bool started_ = false; // the thread exists and must be joined
    bool working_ = false; // it will look at waiting_ again
    std::atomic<bool> quit_{false};
};

} // namespace zc::cuda
