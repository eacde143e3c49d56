// SPDX-License-Identifier: MIT
// Built-in kernels being compiled at run time: ahead of need on a thread, and once for all who want the same.
#pragma once

#include "cuda/compiler.hpp"

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <pthread.h>
#include <string>
#include <utility>

namespace zc::cuda {

// One for the process. Thread-safe.
class CompileQueue {
public:
    // Its thread ends before the process does. The library that holds it cannot be unloaded once the thread ran.
    static CompileQueue &instance();

    // Starts compiling in the background unless the code is there or under way. The first call opens NVRTC and takes
    // about a tenth of a second, later ones none. Where there is no NVRTC, or no thread to be had, nothing happens, and
    // codeFor() does the work or says why not.
    void prefetch(int computeCapability, const std::string &name);

    // The code; compiled here, or waited for. Failures are told to all who wait, then forgotten. What succeeded is
    // kept for other contexts.
    Result<std::shared_ptr<const CompiledCode>> codeFor(int computeCapability, const std::string &name);

private:
    using Key = std::pair<int, std::string>;
    using Outcome = Result<std::shared_ptr<const CompiledCode>>;
    enum class State { Waiting, Running, Done };
    struct Job {
        State state = State::Waiting;
        Outcome outcome = Status{};
    };

    CompileQueue() = default;
    bool prepareForExit(int computeCapability);
    void end();
    void work();
    void runJob(std::unique_lock<std::mutex> &lock, const Key &key, const std::shared_ptr<Job> &job);
    bool startThread();

    std::mutex mutex_; // protects all below; never held while compiling
    std::condition_variable changed_;
    std::map<Key, std::shared_ptr<Job>> jobs_;
    std::deque<Key> waiting_;
    pthread_t thread_{};
    bool started_ = false; // the thread exists and must be joined
    bool working_ = false; // it will look at waiting_ again
    std::atomic<bool> quit_{false};
};

} // namespace zc::cuda
