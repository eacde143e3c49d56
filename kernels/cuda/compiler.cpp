// SPDX-License-Identifier: MIT
// Source text to code for one GPU.
#include "cuda/compiler.hpp"

#include "core/log.hpp"
#include "cuda/driver.hpp"

#include <algorithm>
#include <mutex>

namespace zc::cuda {

namespace {

constexpr const char *kFormat = "cudazerocopy code 1"; // part of every key: change it when keys or options change

std::vector<std::string> optionsFor(const Nvrtc &nvrtc, const Program &program, Target target)
{
    // There is no host here, and NVRTC takes some nested lambdas of device functions for the host's.
    std::vector<std::string> out = {"--std=c++17", "--device-as-default-execution-space",
                                    std::string("--gpu-architecture=") +
                                        (target.form == CodeForm::Ptx ? "compute_" : "sm_") +
                                        std::to_string(target.architecture)};
    if (std::pair(nvrtc.major(), nvrtc.minor()) < std::pair(11, 7))
        out.emplace_back("-D__grid_constant__="); // a hint that came with 11.7
    out.insert(out.end(), program.options.begin(), program.options.end());
    return out;
}

Sha256::Digest keyOf(const Nvrtc &nvrtc, const Program &program, const std::vector<std::string> &options)
{
    Sha256 key;
    key.addField(kFormat);
    key.addField(nvrtc.identity());
    key.addField(std::to_string(options.size())); // no option can be mistaken for a source
    for (const std::string &option : options)
        key.addField(option);
    key.addField(program.source.name);
    key.addField(program.source.text);
    for (const SourceText &header : program.headers) {
        key.addField(header.name);
        key.addField(header.text);
    }
    return key.finish();
}

std::string named(Target target)
{
    return (target.form == CodeForm::Ptx ? "PTX for compute_" : "a cubin for sm_") +
           std::to_string(target.architecture);
}

} // namespace

Result<Target> targetFor(const Nvrtc &nvrtc, int computeCapability)
{
    const auto known = nvrtc.architectures();
    const auto above = std::upper_bound(known.begin(), known.end(), computeCapability);
    if (above == known.begin()) {
        const std::string version = std::to_string(nvrtc.major()) + "." + std::to_string(nvrtc.minor());
        return Status{Code::Unsupported,
                      "NVRTC " + version + " (" + nvrtc.path() + ") " +
                          (known.empty() ? "names no architecture that it compiles for"
                                         : "compiles for sm_" + std::to_string(known.front()) + " and later") +
                          ", the GPU is sm_" + std::to_string(computeCapability) +
                          "; install the NVRTC of an older CUDA and name it in CUDAZEROCOPY_NVRTC, or use device=cpu"};
    }
    const int best = *(above - 1);
    return Target{best, best == computeCapability ? CodeForm::Cubin : CodeForm::Ptx};
}

std::optional<CodeCache> Compiler::openCache() const
{
    auto cache = CodeCache::open(cacheDirectory_);
    if (cache)
        return std::move(cache.value());
    log(LogLevel::Debug, "compiled kernels are not cached: " + cache.status().message());
    return {};
}

Result<CompiledCode> Compiler::compile(const Program &program, Target target, const std::atomic<bool> *cancel)
{
    const std::vector<std::string> options = optionsFor(*nvrtc_, program, target);
    const Sha256::Digest key = keyOf(*nvrtc_, program, options);
    const auto cache = openCache();
    if (cache)
        if (auto bytes = cache->find(key)) {
            ++fromCache_;
            log(LogLevel::Debug, program.source.name + ": " + named(target) + " from the cache");
            return CompiledCode{target, std::move(*bytes), {}};
        }
    auto made = compileAnew(program, target, cancel);
    if (made && cache)
        if (const Status stored = cache->store(key, made->bytes); !stored.ok())
            log(LogLevel::Debug, stored.message());
    return made;
}

Result<CompiledCode> Compiler::compileAnew(const Program &program, Target target, const std::atomic<bool> *cancel)
{
    ++compiled_;
    auto made =
        nvrtc_->compile(program.source, program.headers, optionsFor(*nvrtc_, program, target), target.form, cancel);
    if (!made)
        return made.status();
    log(LogLevel::Info, program.source.name + ": NVRTC " + std::to_string(nvrtc_->major()) + "." +
                            std::to_string(nvrtc_->minor()) + " made " + named(target));
    if (!made->log.empty())
        log(LogLevel::Debug, program.source.name + ": " + made->log);
    return CompiledCode{target, std::move(made->code), std::move(made->log)};
}

Result<Compiler *> compiler()
{
    static std::mutex mutex;
    static Compiler *opened = nullptr; // never destroyed: a compilation may be under way when the process ends
    const std::lock_guard lock(mutex);
    if (opened)
        return opened;
    const Driver *driver = driverIfOpen();
    auto nvrtc = Nvrtc::open(driver ? driver->version : 0);
    if (!nvrtc)
        return nvrtc.status();
    opened = new Compiler(std::move(nvrtc.value()), CodeCache::defaultDirectory());
    return opened;
}

} // namespace zc::cuda
