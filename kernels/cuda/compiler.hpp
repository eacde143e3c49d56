// SPDX-License-Identifier: MIT
// Source text to code for one GPU, through NVRTC and the cache on disk.
#pragma once

#include "cuda/code_cache.hpp"
#include "cuda/nvrtc.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zc::cuda {

// A kernel's source with everything that it may include. The options, -D and the like, are added to the language's and
// the target's. None may name a directory: the cache would not notice when a file in it changes.
struct Program {
    SourceText source;
    std::vector<SourceText> headers; // found by #include "name"
    std::vector<std::string> options;
};

struct Target {
    int architecture; // compute capability times ten
    CodeForm form;
};

// What cuModuleLoadData() takes; PTX ends with the string's own zero.
struct CompiledCode {
    Target target;
    std::string bytes;
    std::string log; // warnings; empty if it came from the cache
};

// What a GPU of this compute capability is given: a cubin if the compiler knows it, else PTX of the highest that it
// knows below. Unsupported if it knows none.
Result<Target> targetFor(const Nvrtc &nvrtc, int computeCapability);

struct CompilerUse {
    int compiled = 0, fromCache = 0;
};

// Thread-safe.
class Compiler {
public:
    // The cache is left out where its directory is empty or cannot be used; a debug message says why.
    Compiler(std::unique_ptr<Nvrtc> nvrtc, std::string cacheDirectory)
        : nvrtc_(std::move(nvrtc)), cacheDirectory_(std::move(cacheDirectory))
    {}

    // Takes seconds unless the cache knows it. Failures as in Nvrtc::compile(); they are not cached.
    Result<CompiledCode> compile(const Program &program, Target target, const std::atomic<bool> *cancel = nullptr);

    // The same past the cache: neither looked into nor added to.
    Result<CompiledCode> compileAnew(const Program &program, Target target, const std::atomic<bool> *cancel = nullptr);

    const Nvrtc &nvrtc() const { return *nvrtc_; }
    CompilerUse use() const { return {compiled_, fromCache_}; }

private:
    std::optional<CodeCache> openCache() const;

    std::unique_ptr<Nvrtc> nvrtc_;
    std::string cacheDirectory_;
    std::atomic<int> compiled_{0}, fromCache_{0};
};

// The process's compiler, opened at the first call that succeeds; later calls answer the same. Wants the driver open,
// if there is one, to prefer a version that it runs. Thread-safe.
Result<Compiler *> compiler();

} // namespace zc::cuda
