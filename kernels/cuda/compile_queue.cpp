// SPDX-License-Identifier: MIT
// Built-in kernels being compiled at run time.
#include "cuda/compile_queue.hpp"

#include "core/log.hpp"
#include "cuda/programs.hpp"

#include <cstdlib>
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
bool CompileQueue::prepareForExit(int computeCapability)
{
    static std::mutex mutex;
    static bool ready = false;
    const std::lock_guard lock(mutex);
    if (ready)
        return true;
    const auto with = compiler();
    if (!with)
        return false;
    const auto target = targetFor(with.value()->nvrtc(), computeCapability);
    if (!target)
        return false;
    // Past the cache, which would spare NVRTC the work.
    Compiler &compiling = *with.value();
    const Program program{{"warm_up.cu", "extern \"C\" __global__ void warmUp(float *p) { *p = __expf(*p); }"}, {}, {}};
    if (!compiling.compileAnew(program, target.value()))
        return false;
    ready = std::atexit([] { instance().end(); }) == 0;
    return ready;
}

void CompileQueue::end()
{
    {
        const std::lock_guard lock(mutex_);
        quit_ = true;
        waiting_.clear();
    }
    if (started_)
        pthread_join(thread_, nullptr);
}

bool CompileQueue::startThread()
{
    stayLoaded();
    // A thread that has left its loop only waits to be joined.
    if (started_)
        pthread_join(thread_, nullptr);
    const auto body = [](void *queue) -> void * {
        static_cast<CompileQueue *>(queue)->work();
        return nullptr;
    };
    started_ = pthread_create(&thread_, nullptr, body, this) == 0;
    return started_;
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
        const auto found = jobs_.find(key);
        if (found == jobs_.end() || found->second->state != State::Waiting)
            continue; // somebody could not wait
        const std::shared_ptr<Job> job = found->second;
        runJob(lock, key, job);
        if (!job->outcome.ok())
            log(LogLevel::Debug, "compiling ahead: " + job->outcome.status().message());
    }
    working_ = false;
}

void CompileQueue::prefetch(int computeCapability, const std::string &name)
{
    const Key key{computeCapability, name};
    if (!prepareForExit(computeCapability))
        return;
    const std::lock_guard lock(mutex_);
    if (quit_ || jobs_.contains(key))
        return;
    if (!working_ && !startThread()) {
        log(LogLevel::Debug, "no thread to compile \"" + name + "\" ahead of its first frame");
        return;
    }
    working_ = true;
    jobs_.emplace(key, std::make_shared<Job>());
    waiting_.push_back(key);
}

Result<std::shared_ptr<const CompiledCode>> CompileQueue::codeFor(int computeCapability, const std::string &name)
{
    const Key key{computeCapability, name};
    std::unique_lock lock(mutex_);
    const auto [found, isNew] = jobs_.try_emplace(key);
    if (isNew)
        found->second = std::make_shared<Job>();
    const std::shared_ptr<Job> job = found->second;
    if (job->state == State::Waiting)
        runJob(lock, key, job);
    changed_.wait(lock, [&] { return job->state == State::Done; });
    return job->outcome;
}

} // namespace zc::cuda
