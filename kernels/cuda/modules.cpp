// SPDX-License-Identifier: MIT
// Kernels loaded into contexts.
#include "cuda/modules.hpp"

#include "cuda/embedded.hpp"

#include <mutex>

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
        return Status{Code::System, statusOf(result, "cuModuleGetFunction").message() + " for " + symbol +
                                        " of kernel \"" + name_ + "\""};
    entries_.emplace(symbol, function);
    return function;
}

Result<std::shared_ptr<LoadedKernel>> loadKernel(Context context, const std::string &name)
{
    static std::mutex mutex;
    static std::map<std::pair<Context, std::string>, std::weak_ptr<LoadedKernel>> loaded;

    const std::lock_guard lock(mutex);
    auto &slot = loaded[{context, name}];
    if (auto kernel = slot.lock())
        return kernel;
    const Embedded *image = findEmbedded(embeddedImages(), name);
    if (!image)
        return Status{Code::Unsupported,
                      "this build has no GPU code for kernel \"" + name + "\"; build with nvcc, or use device=cpu"};
    Module module = nullptr;
    if (const DriverResult result = driverIfOpen()->moduleLoadData(&module, image->data); result != kSuccess) {
        // 209: no kernel image for this device; 222: the driver is older than the PTX.
        const char *cure =
            result == 209 || result == 222 ? "; rebuild with -Dcuda-arch naming this GPU, or update the driver" : "";
        return Status{Code::Unsupported,
                      "kernel \"" + name + "\": " + statusOf(result, "cuModuleLoadData").message() + cure};
    }
    auto kernel = std::make_shared<LoadedKernel>(OwnedModule(context, module), name);
    slot = kernel;
    return kernel;
}

} // namespace zc::cuda
