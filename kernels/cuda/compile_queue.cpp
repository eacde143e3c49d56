// SPDX-License-Identifier: MIT
// Built-in kernels being compiled at run time.
#include "cuda/compile_queue.hpp"

#include "core/log.hpp"
#include "cuda/programs.hpp"

#include <cstdlib>
#include <cstring>
#include <dlfcn.h>

namespace zc::cuda {

namespace {

// A thread that is in this library must never see it unmapped, and joining it from dlclose() would wait for ever: the
// loader's lock is held then, and NVRTC opens a library of its own while it compiles.
void stayLoaded()
{
    Dl_info info{};
    if (dladdr(reinterpret_cast<void *>(&stayLoaded), &info) != 0 && info.dli_fname)
        (void)dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE); // fails for the program itself
}

Result<std::shared_ptr<const CompiledCode>> compileBuiltIn(int computeCapability, const std::string &name,
                                                           const std::atomic<bool> *cancel)
{
    const auto program = builtInProgram(name);
    if (!program)
        return program.status();
    const auto with = compiler();
    if (!with)
        return with.status();
    const auto target = targetFor(with.value()->nvrtc(), computeCapability);
    if (!target)
        return target.status();
    auto code = with.value()->compile(program.value(), target.value(), cancel);
    if (!code)
        return code.status();
    return std::make_shared<const CompiledCode>(std::move(code.value()));
}

} // namespace

CompileQueue &CompileQueue::instance()
{
    // Outlives all who may still call it while the process ends.
    static CompileQueue &queue = *new CompileQueue;
    return queue;
}

// exit() calls what was registered last first. NVRTC registers the destruction of what it works with, partly when it
// first compiles: our thread must be joined before that, or it works with the destroyed. Hence something is compiled
// before end() is registered.
Status CompileQueue::prepareForExit(int computeCapability)
{
    static std::mutex mutex;
    static bool ready = false;
    const std::lock_guard lock(mutex);
    if (ready)
        return {};
    const auto with = compiler();
    if (!with)
        return with.status();
    const auto target = targetFor(with.value()->nvrtc(), computeCapability);
    if (!target)
        return target.status();
    // Past the cache, which would spare NVRTC the work.
    Compiler &compiling = *with.value();
    const Program program{{"warm_up.cu", "extern \"C\" __global__ void warmUp(float *p) { *p = __expf(*p); }"}, {}, {}};
    if (const auto warm = compiling.compileAnew(program, target.value()); !warm)
        return warm.status();
    ready = std::atexit([] { instance().end(); }) == 0;
    return ready ? Status() : Status{Code::System, "no room for another function that exit() calls"};
}

void CompileQueue::end()
{
    {
        const std::lock_guard lock(mutex_);
        quit_ = true;
        waiting_.clear();
        changed_.notify_all();
    }
    if (started_)
        pthread_join(thread_, nullptr);
}

Status CompileQueue::startThread()
{
    stayLoaded();
    // A thread that has left its loop only waits to be joined.
    if (started_)
        pthread_join(thread_, nullptr);
    const auto body = [](void *queue) -> void * {
        static_cast<CompileQueue *>(queue)->work();
        return nullptr;
    };
    const int error = pthread_create(&thread_, nullptr, body, this);
    started_ = error == 0;
    return started_ ? Status()
                    : Status{Code::System, std::string("there is no thread to compile on: ") + std::strerror(error)};
}

// Runs with the lock held but for the compilation.
void CompileQueue::runJob(std::unique_lock<std::mutex> &lock, const Key &key, const std::shared_ptr<Job> &job)
{
    job->state = State::Running;
    lock.unlock();
    Outcome outcome = compileBuiltIn(key.first, key.second, &quit_);
    lock.lock();
    job->outcome = std::move(outcome);
    job->state = State::Done;
    if (!job->outcome.ok())
        jobs_.erase(key);
    changed_.notify_all();
}

void CompileQueue::work()
{
    std::unique_lock lock(mutex_);
    while (!waiting_.empty() && !quit_) {
        const Key key = waiting_.front();
        waiting_.pop_front();
        const std::shared_ptr<Job> job = jobs_.at(key);
        runJob(lock, key, job);
        if (!job->outcome.ok())
            log(LogLevel::Debug, "compiling: " + job->outcome.status().message());
    }
    working_ = false;
}

// The job, begun or put into the queue. With the lock held.
Result<std::shared_ptr<CompileQueue::Job>> CompileQueue::enqueue(const Key &key, bool urgent)
{
    if (const auto found = jobs_.find(key); found != jobs_.end()) {
        if (urgent && std::erase(waiting_, key) > 0)
            waiting_.push_front(key);
        return found->second;
    }
    if (quit_)
        return Status{Code::Interrupted, "the process ends"};
    if (!working_)
        if (const Status started = startThread(); !started.ok())
            return started;
    working_ = true;
    waiting_.insert(urgent ? waiting_.begin() : waiting_.end(), key);
    return jobs_.emplace(key, std::make_shared<Job>()).first->second;
}

void CompileQueue::prefetch(int computeCapability, const std::string &name)
{
    Status status = prepareForExit(computeCapability);
    const std::lock_guard lock(mutex_);
    if (status.ok())
        status = enqueue({computeCapability, name}, false).status();
    if (!status.ok())
        log(LogLevel::Debug, "\"" + name + "\" is not compiled ahead: " + status.message());
}

Result<std::shared_ptr<const CompiledCode>> CompileQueue::codeFor(int computeCapability, const std::string &name,
                                                                  const std::stop_token &stop)
{
    if (const Status ready = prepareForExit(computeCapability); !ready.ok())
        return ready;
    std::unique_lock lock(mutex_);
    const auto job = enqueue({computeCapability, name}, true);
    if (!job)
        return job.status();
    changed_.wait(lock, stop, [&] { return job.value()->state == State::Done || quit_; });
    if (job.value()->state != State::Done)
        return Status{Code::Interrupted, "nobody waits for the compilation any more"};
    return job.value()->outcome;
}

} // namespace zc::cuda
