// SPDX-License-Identifier: MIT
// Kernels loaded into contexts.
#include "cuda/modules.hpp"

#include "core/c_locale.hpp"
#include "core/log.hpp"
#include "cuda/compile_queue.hpp"
#include "cuda/embedded.hpp"

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>

namespace zc::cuda {

const Embedded *findEmbedded(std::span<const Embedded> all, std::string_view name)
{
    for (const Embedded &one : all)
        if (name == one.name)
            return &one;
    return nullptr;
}

Result<Function> LoadedKernel::entry(const std::string &symbol)
{
    const std::lock_guard lock(mutex_);
    if (const auto known = entries_.find(symbol); known != entries_.end())
        return known->second;
    Function function = nullptr;
    if (const DriverResult result = driverIfOpen()->moduleGetFunction(&function, module_.get(), symbol.c_str());
        result != kSuccess)
        return statusOf(result, "cuModuleGetFunction of " + symbol + " of kernel \"" + name_ + "\"");
    entries_.emplace(symbol, function);
    return function;
}

namespace {

constexpr DriverResult kInvalidImage = 200;        // the driver cannot read it: before CUDA 12.4, if it is zstd
constexpr DriverResult kNoBinaryForGpu = 209;      // no image of the fat binary is for this GPU
constexpr DriverResult kUnsupportedPtx = 222;      // the PTX is newer than the driver
constexpr DriverResult kJitCompilerNotFound = 221; // there is PTX, but this driver cannot compile it

// Whether images that nvcc made are to be used. Tests of the run-time compiler say no.
bool wantsImages()
{
    const char *images = std::getenv("CUDAZEROCOPY_IMAGES");
    return !images || std::strcmp(images, "none") != 0;
}

bool isRefusal(DriverResult result)
{
    return result == kInvalidImage || result == kNoBinaryForGpu || result == kUnsupportedPtx ||
           result == kJitCompilerNotFound;
}

// GPUs for which an image was refused. They all come from one nvcc, for the same architectures, so that the others will
// be refused, too. Thread-safe.
class Refusals {
public:
    void add(Device device)
    {
        const std::lock_guard lock(mutex_);
        devices_.insert(device);
    }
    bool has(Device device)
    {
        const std::lock_guard lock(mutex_);
        return devices_.contains(device);
    }

private:
    std::mutex mutex_;
    std::set<Device> devices_;
};

Refusals &refusals()
{
    static Refusals all;
    return all;
}

// The driver reads PTX, numbers and all, in the locale of the thread.
DriverResult loadModule(Module &module, const void *image)
{
    const ScopedCLocale locale;
    return driverIfOpen()->moduleLoadData(&module, image);
}

Result<int> computeCapability(Device device)
{
    const Driver &d = *driverIfOpen();
    int major = 0, minor = 0;
    DriverResult result = d.deviceGetAttribute(&major, kComputeMajor, device);
    if (result == kSuccess)
        result = d.deviceGetAttribute(&minor, kComputeMinor, device);
    if (result != kSuccess)
        return statusOf(result, "cuDeviceGetAttribute");
    return 10 * major + minor;
}

// The kernel's code, made at run time for the GPU of the current context. `reason`: why there is no other.
Result<OwnedModule> loadFromSource(Context context, const std::string &name, const std::string &reason,
                                   const Interrupt *interrupt)
{
    Device device = 0;
    if (const DriverResult result = driverIfOpen()->ctxGetDevice(&device); result != kSuccess)
        return statusOf(result, "cuCtxGetDevice");
    const auto capability = computeCapability(device);
    if (!capability)
        return capability.status();
    const auto code =
        CompileQueue::instance().codeFor(capability.value(), name, interrupt ? interrupt->token() : std::stop_token());
    if (code.status().code() == Code::Interrupted)
        return code.status();
    if (!code)
        return Status{code.status().code(), "kernel \"" + name + "\": " + reason + ", and " + code.status().message() +
                                                "; a build with nvcc and -Dcuda-arch=" +
                                                std::to_string(capability.value()) + " needs none of this"};
    Module module = nullptr;
    const DriverResult result = loadModule(module, code.value()->bytes.c_str());
    if (result == kSuccess)
        return OwnedModule(context, module);
    const Status refused = statusOf(result, "cuModuleLoadData");
    const char *cure = isRefusal(result) ? "; update the driver, or name an older NVRTC in CUDAZEROCOPY_NVRTC" : "";
    return Status{isRefusal(result) ? Code::Unsupported : refused.code(),
                  "kernel \"" + name + "\", compiled at run time: " + refused.message() + cure};
}

Result<OwnedModule> loadModuleOf(Context context, const std::string &name, const Interrupt *interrupt)
{
    const Embedded *image = wantsImages() ? findEmbedded(embeddedImages(), name) : nullptr;
    if (!image)
        return loadFromSource(context, name, "this build has no GPU code for it", interrupt);
    Module module = nullptr;
    const DriverResult result = loadModule(module, image->data);
    if (result == kSuccess)
        return OwnedModule(context, module);
    const Status refused = statusOf(result, "cuModuleLoadData");
    if (!isRefusal(result))
        return Status{refused.code(), "kernel \"" + name + "\": " + refused.message()};
    const std::string reason = "the GPU cannot run the code of this build (" + refused.message() + ")";
    log(LogLevel::Info, "kernel \"" + name + "\": " + reason + "; compiling its source");
    if (Device device = 0; driverIfOpen()->ctxGetDevice(&device) == kSuccess)
        refusals().add(device);
    return loadFromSource(context, name, reason, interrupt);
}

} // namespace

void prefetchKernel(int ordinal, const std::string &name)
{
    const Driver *d = driverIfOpen();
    Device device = 0;
    if (!d || d->deviceGet(&device, ordinal) != kSuccess)
        return;
    if (wantsImages() && findEmbedded(embeddedImages(), name) && !refusals().has(device))
        return;
    if (const auto capability = computeCapability(device))
        CompileQueue::instance().prefetch(capability.value(), name);
}

Result<std::shared_ptr<LoadedKernel>> loadKernel(Context context, const std::string &name, const Interrupt *interrupt)
{
    static std::mutex mutex; // never held while loading: that may take as long as a compilation
    static std::map<std::pair<Context, std::string>, std::weak_ptr<LoadedKernel>> loaded;

    const auto known = [&]() -> std::shared_ptr<LoadedKernel> {
        const auto found = loaded.find({context, name});
        return found == loaded.end() ? nullptr : found->second.lock();
    };
    {
        const std::lock_guard lock(mutex);
        if (auto kernel = known())
            return kernel;
    }
    auto module = loadModuleOf(context, name, interrupt);
    if (!module)
        return module.status();
    auto kernel = std::make_shared<LoadedKernel>(std::move(module.value()), name);
    const std::lock_guard lock(mutex);
    if (auto first = known()) // somebody else's thread was faster
        return first;
    std::erase_if(loaded, [](const auto &one) { return one.second.expired(); });
    loaded[{context, name}] = kernel;
    return kernel;
}

} // namespace zc::cuda
