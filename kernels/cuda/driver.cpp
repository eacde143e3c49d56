// SPDX-License-Identifier: MIT
// libcuda, opened at run time.
#include "cuda/driver.hpp"

#include <atomic>
#include <cstdlib>
#include <dlfcn.h>
#include <mutex>

namespace zc::cuda {

namespace {

constexpr const char *kLibrary = "libcuda.so.1";

constexpr int kOldestVersion = 11020; // as cuDriverGetVersion counts

std::atomic<const Driver *> opened{nullptr};

std::string versionText(int version)
{
    return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

template <class Fn> bool bind(void *library, Fn &slot, const char *symbol, std::string &missing)
{
    slot = reinterpret_cast<Fn>(dlsym(library, symbol));
    if (!slot && missing.empty())
        missing = symbol;
    return slot != nullptr;
}

// Versioned names: the plain ones are older ABIs.
std::string bindAll(void *library, Driver &d)
{
    std::string missing;
    const auto get = [&](auto &slot, const char *symbol) { bind(library, slot, symbol, missing); };
    get(d.init, "cuInit");
    get(d.driverGetVersion, "cuDriverGetVersion");
    get(d.deviceGetCount, "cuDeviceGetCount");
    get(d.deviceGet, "cuDeviceGet");
    get(d.deviceGetName, "cuDeviceGetName");
    get(d.deviceGetAttribute, "cuDeviceGetAttribute");
    get(d.deviceGetUuid, "cuDeviceGetUuid");
    get(d.primaryCtxRetain, "cuDevicePrimaryCtxRetain");
    get(d.primaryCtxRelease, "cuDevicePrimaryCtxRelease_v2");
    get(d.ctxPushCurrent, "cuCtxPushCurrent_v2");
    get(d.ctxPopCurrent, "cuCtxPopCurrent_v2");
    get(d.ctxGetCurrent, "cuCtxGetCurrent");
    get(d.ctxGetDevice, "cuCtxGetDevice");
    get(d.streamCreate, "cuStreamCreate");
    get(d.streamDestroy, "cuStreamDestroy_v2");
    get(d.streamSynchronize, "cuStreamSynchronize");
    get(d.streamWaitEvent, "cuStreamWaitEvent");
    get(d.eventCreate, "cuEventCreate");
    get(d.eventRecord, "cuEventRecord");
    get(d.eventSynchronize, "cuEventSynchronize");
    get(d.eventQuery, "cuEventQuery");
    get(d.eventElapsedTime, "cuEventElapsedTime");
    get(d.eventDestroy, "cuEventDestroy_v2");
    get(d.memAlloc, "cuMemAlloc_v2");
    get(d.memFree, "cuMemFree_v2");
    get(d.memcpy2DAsync, "cuMemcpy2DAsync_v2");
    get(d.memcpyDtoDAsync, "cuMemcpyDtoDAsync_v2");
    get(d.memcpyHtoDAsync, "cuMemcpyHtoDAsync_v2");
    get(d.memcpyDtoHAsync, "cuMemcpyDtoHAsync_v2");
    get(d.memHostRegister, "cuMemHostRegister_v2");
    get(d.memHostUnregister, "cuMemHostUnregister");
    get(d.memHostGetDevicePointer, "cuMemHostGetDevicePointer_v2");
    get(d.pointerGetAttribute, "cuPointerGetAttribute");
    get(d.moduleLoadData, "cuModuleLoadData");
    get(d.moduleUnload, "cuModuleUnload");
    get(d.moduleGetFunction, "cuModuleGetFunction");
    get(d.launchKernel, "cuLaunchKernel");
    get(d.getErrorName, "cuGetErrorName");
    get(d.getErrorString, "cuGetErrorString");
    get(d.arrayCreate, "cuArray3DCreate_v2");
    get(d.arrayDestroy, "cuArrayDestroy");
    get(d.surfObjectCreate, "cuSurfObjectCreate");
    get(d.surfObjectDestroy, "cuSurfObjectDestroy");
    return missing;
}

Status failed(const Driver &d, DriverResult result, const char *what)
{
    const char *name = nullptr, *text = nullptr;
    if (d.getErrorName)
        d.getErrorName(result, &name);
    if (d.getErrorString)
        d.getErrorString(result, &text);
    return {isSticky(result) ? Code::GpuLost : Code::Gpu,
            std::string(what) + " failed: " + (name ? name : ("CUDA error " + std::to_string(result)).c_str()) +
                (text ? std::string(" (") + text + ")" : "")};
}

// CUDA renumbers and hides GPUs by this list; an empty one hides them all.
std::string visibleDevices()
{
    const char *visible = std::getenv("CUDA_VISIBLE_DEVICES");
    if (!visible)
        return {};
    return *visible ? std::string("; CUDA_VISIBLE_DEVICES is \"") + visible + "\""
                    : std::string("; CUDA_VISIBLE_DEVICES is set and empty, which hides every GPU: unset it");
}

Status noDevice()
{
    return {Code::NotFound, "the CUDA driver finds no GPU" + visibleDevices() +
                                "; nvidia-smi tells whether the driver works, device=cpu runs without a GPU"};
}

Status broken(const Driver &d, DriverResult result, const char *what)
{
    return {Code::Gpu, failed(d, result, what).message() + visibleDevices() +
                           "; nvidia-smi tells whether the driver works, device=cpu runs without it"};
}

Status initialise(Driver &d)
{
    if (const DriverResult result = d.init(0); result != kSuccess)
        return result == kNoDevice ? noDevice() : broken(d, result, "cuInit");
    if (const DriverResult result = d.driverGetVersion(&d.version); result != kSuccess)
        return broken(d, result, "cuDriverGetVersion");
    if (d.version < kOldestVersion)
        return {Code::Unsupported, "the NVIDIA driver supports CUDA " + versionText(d.version) + ", but " +
                                       versionText(kOldestVersion) +
                                       " or later is needed; update the driver, or use device=cpu"};
    if (const DriverResult result = d.deviceGetCount(&d.devices); result != kSuccess)
        return broken(d, result, "cuDeviceGetCount");
    return d.devices > 0 ? Status{} : noDevice();
}

Result<const Driver *> open()
{
    void *library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return Status{Code::NotFound, std::string("no NVIDIA driver: looked for ") + kLibrary + " (" + dlerror() +
                                          "); install the driver, or use device=cpu"};
    static Driver table;
    table = {};
    const std::string missing = bindAll(library, table);
    if (!missing.empty())
        return Status{Code::Unsupported, std::string(kLibrary) + " has no " + missing +
                                             "; the driver is too old (CUDA " + versionText(kOldestVersion) +
                                             " or later is needed): update it, or use device=cpu"};
    if (Status status = initialise(table); !status.ok())
        return status;
    opened.store(&table, std::memory_order_release);
    return &table;
}

} // namespace

Result<const Driver *> driver()
{
    static std::mutex mutex;
    if (const Driver *d = driverIfOpen())
        return d;
    const std::lock_guard lock(mutex);
    if (const Driver *d = driverIfOpen())
        return d;
    return open();
}

bool driverIsInstalled()
{
    void *library = dlopen(kLibrary, RTLD_LAZY | RTLD_LOCAL);
    if (library)
        dlclose(library);
    return library != nullptr;
}

std::string describeDevice(const Driver &d, Device device)
{
    char name[128] = "unnamed";
    int major = 0, minor = 0;
    (void)d.deviceGetName(name, sizeof name, device);
    (void)d.deviceGetAttribute(&major, kComputeMajor, device);
    (void)d.deviceGetAttribute(&minor, kComputeMinor, device);
    return "cuda, GPU " + std::to_string(device) + ", " + name + ", sm_" + std::to_string(major) +
           std::to_string(minor);
}

std::string describeDevices(const Driver &d)
{
    const std::string count = std::to_string(d.devices);
    return "the driver sees " +
           (d.devices == 1 ? "one GPU (0)" : count + " GPUs (0 to " + std::to_string(d.devices - 1) + ")") +
           visibleDevices();
}

const Driver *driverIfOpen()
{
    return opened.load(std::memory_order_acquire);
}

Status statusOf(DriverResult result, const char *what)
{
    if (result == kSuccess)
        return {};
    const Driver *d = driverIfOpen();
    return d ? failed(*d, result, what) : Status{Code::Gpu, std::string(what) + " without a driver"};
}

bool isSticky(DriverResult result)
{
    switch (result) {
    case 46:  // DEVICE_UNAVAILABLE
    case 214: // ECC_UNCORRECTABLE
    case 700: // ILLEGAL_ADDRESS
    case 702: // LAUNCH_TIMEOUT
    case 709: // CONTEXT_IS_DESTROYED
    case 714: // HARDWARE_STACK_ERROR
    case 715: // ILLEGAL_INSTRUCTION
    case 716: // MISALIGNED_ADDRESS
    case 717: // INVALID_ADDRESS_SPACE
    case 718: // INVALID_PC
    case 719: // LAUNCH_FAILED
        return true;
    default:
        return false;
    }
}

} // namespace zc::cuda
