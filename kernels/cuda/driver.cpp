// SPDX-License-Identifier: MIT
// libcuda, opened at run time.
#include "cuda/driver.hpp"

#include <atomic>
#include <cstdlib>
#include <dlfcn.h>
#include <mutex>
#include <type_traits>

namespace zc::cuda {

namespace {

constexpr const char *kLibrary = "libcuda.so.1";

constexpr int kOldestVersion = 11020; // as cuDriverGetVersion counts

std::atomic<const Driver *> opened{nullptr};

std::string versionText(int version)
{
    return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

template <class Fn> struct Slot {
    Fn &pointer;
    const char *symbol;
};
template <class Fn> Slot(Fn &, const char *) -> Slot<Fn>;

// All of them, or none and the first that is missing.
template <class... Fns> const char *bind(void *library, Slot<Fns>... slots)
{
    const char *missing = nullptr;
    const auto get = [&](auto &slot) {
        slot.pointer = reinterpret_cast<std::remove_reference_t<decltype(slot.pointer)>>(dlsym(library, slot.symbol));
        if (!slot.pointer && !missing)
            missing = slot.symbol;
    };
    (get(slots), ...);
    if (missing)
        ((slots.pointer = nullptr), ...);
    return missing;
}

// Versioned names: the plain ones are older ABIs.
const char *bindRequired(void *library, Driver &d)
{
    return bind(library, Slot{d.init, "cuInit"}, Slot{d.driverGetVersion, "cuDriverGetVersion"},
                Slot{d.deviceGetCount, "cuDeviceGetCount"}, Slot{d.deviceGet, "cuDeviceGet"},
                Slot{d.deviceGetName, "cuDeviceGetName"}, Slot{d.deviceGetAttribute, "cuDeviceGetAttribute"},
                Slot{d.primaryCtxRetain, "cuDevicePrimaryCtxRetain"},
                Slot{d.primaryCtxRelease, "cuDevicePrimaryCtxRelease_v2"},
                Slot{d.ctxPushCurrent, "cuCtxPushCurrent_v2"}, Slot{d.ctxPopCurrent, "cuCtxPopCurrent_v2"},
                Slot{d.ctxGetDevice, "cuCtxGetDevice"}, Slot{d.streamCreate, "cuStreamCreate"},
                Slot{d.streamDestroy, "cuStreamDestroy_v2"}, Slot{d.streamQuery, "cuStreamQuery"},
                Slot{d.streamSynchronize, "cuStreamSynchronize"}, Slot{d.streamWaitEvent, "cuStreamWaitEvent"},
                Slot{d.eventCreate, "cuEventCreate"}, Slot{d.eventRecord, "cuEventRecord"},
                Slot{d.eventSynchronize, "cuEventSynchronize"}, Slot{d.eventQuery, "cuEventQuery"},
                Slot{d.eventElapsedTime, "cuEventElapsedTime"}, Slot{d.eventDestroy, "cuEventDestroy_v2"},
                Slot{d.memAlloc, "cuMemAlloc_v2"}, Slot{d.memFree, "cuMemFree_v2"},
                Slot{d.memHostRegister, "cuMemHostRegister_v2"}, Slot{d.memHostUnregister, "cuMemHostUnregister"},
                Slot{d.memHostGetDevicePointer, "cuMemHostGetDevicePointer_v2"},
                Slot{d.moduleLoadData, "cuModuleLoadData"}, Slot{d.moduleUnload, "cuModuleUnload"},
                Slot{d.moduleGetFunction, "cuModuleGetFunction"}, Slot{d.launchKernel, "cuLaunchKernel"},
                Slot{d.getErrorName, "cuGetErrorName"}, Slot{d.getErrorString, "cuGetErrorString"});
}

void bindGroups(void *library, Driver &d)
{
    const auto missing = [&](Group group) -> const char *& { return d.missing[static_cast<std::size_t>(group)]; };
    missing(Group::Copies) =
        bind(library, Slot{d.memcpy2DAsync, "cuMemcpy2DAsync_v2"}, Slot{d.memcpyDtoDAsync, "cuMemcpyDtoDAsync_v2"},
             Slot{d.memcpyHtoDAsync, "cuMemcpyHtoDAsync_v2"}, Slot{d.memcpyDtoHAsync, "cuMemcpyDtoHAsync_v2"});
    missing(Group::Arrays) =
        bind(library, Slot{d.arrayCreate, "cuArray3DCreate_v2"}, Slot{d.arrayDestroy, "cuArrayDestroy"},
             Slot{d.surfObjectCreate, "cuSurfObjectCreate"}, Slot{d.surfObjectDestroy, "cuSurfObjectDestroy"});
    missing(Group::Pointers) = bind(library, Slot{d.pointerGetAttribute, "cuPointerGetAttribute"});
    missing(Group::Egl) = bind(library, Slot{d.graphicsEglRegisterImage, "cuGraphicsEGLRegisterImage"},
                               Slot{d.graphicsResourceGetMappedEglFrame, "cuGraphicsResourceGetMappedEglFrame"},
                               Slot{d.arrayGetDescriptor, "cuArray3DGetDescriptor_v2"});
    missing(Group::Gl) = bind(library, Slot{d.graphicsGlRegisterImage, "cuGraphicsGLRegisterImage"},
                              Slot{d.graphicsMapResources, "cuGraphicsMapResources"},
                              Slot{d.graphicsUnmapResources, "cuGraphicsUnmapResources"},
                              Slot{d.graphicsSubResourceGetMappedArray, "cuGraphicsSubResourceGetMappedArray"});
    missing(Group::Export) = bind(library, Slot{d.memGetHandleForAddressRange, "cuMemGetHandleForAddressRange"});
    // Of both; what cannot be given back must not be taken.
    if (const char *release = bind(library, Slot{d.graphicsUnregisterResource, "cuGraphicsUnregisterResource"})) {
        d.graphicsEglRegisterImage = nullptr;
        d.graphicsResourceGetMappedEglFrame = nullptr;
        d.arrayGetDescriptor = nullptr;
        d.graphicsGlRegisterImage = nullptr;
        d.graphicsMapResources = d.graphicsUnmapResources = nullptr;
        d.graphicsSubResourceGetMappedArray = nullptr;
        missing(Group::Egl) = missing(Group::Gl) = release;
    }
}

// What to do about it, where that depends on nothing else.
const char *cureFor(DriverResult result)
{
    switch (result) {
    case kOutOfMemory:
        return "; the GPU is out of memory: close other programs that use it (nvidia-smi lists them), use smaller "
               "frames, fewer buffers or device=cpu";
    case kDeviceUnavailable:
        return "; another program has the GPU for itself (nvidia-smi lists them): close it, or use device=cpu";
    case kInvalidContext:
    case kContextIsDestroyed:
        return "; the CUDA context was destroyed while it was in use, by the application or the element that made it: "
               "restart the pipeline";
    case kInvalidHandle:
        return "; a CUDA stream, event or module was destroyed while it was in use, by the application or the element "
               "that made it: restart the pipeline";
    default:
        return isSticky(result)
                   ? "; no CUDA work of this process can go on: start the program again (compute-sanitizer "
                     "names the cause)"
                   : "";
    }
}

Status failed(const Driver &d, DriverResult result, std::string_view what)
{
    const char *name = nullptr, *text = nullptr;
    if (d.getErrorName)
        d.getErrorName(result, &name);
    if (d.getErrorString)
        d.getErrorString(result, &text);
    return {isSticky(result) ? Code::GpuLost : Code::Gpu,
            std::string(what) + " failed: " + (name ? name : ("CUDA error " + std::to_string(result)).c_str()) +
                (text ? std::string(" (") + text + ")" : "") + cureFor(result)};
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
    if (const char *missing = bindRequired(library, table))
        return Status{Code::Unsupported, std::string(kLibrary) + " has no " + missing +
                                             "; the driver is too old (CUDA " + versionText(kOldestVersion) +
                                             " or later is needed): update it, or use device=cpu"};
    bindGroups(library, table);
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

std::string noSuchDevice(const Driver &d, int ordinal)
{
    const std::string last = std::to_string(d.devices - 1);
    return "there is no GPU " + std::to_string(ordinal) + "; the driver sees " +
           (d.devices == 1 ? "one GPU (0)" : std::to_string(d.devices) + " GPUs (0 to " + last + ")") +
           visibleDevices() + "; set cuda-device-id to one of these numbers, which nvidia-smi -L lists";
}

Status need(const Driver &d, Group group)
{
    static constexpr const char *kUse[kGroups] = {
        "copies", "CUDA arrays", "telling what an address is", "EGLImages", "OpenGL textures", "dmabufs of CUDA memory",
    };
    const auto index = static_cast<std::size_t>(group);
    const char *missing = d.missing[index];
    if (!missing)
        return {};
    return {Code::Unsupported, std::string(kLibrary) + " has no " + missing + ", which is needed for " + kUse[index] +
                                   "; update the driver (it supports CUDA " + versionText(d.version) + ")"};
}

const Driver *driverIfOpen()
{
    return opened.load(std::memory_order_acquire);
}

Status statusOf(DriverResult result, std::string_view what)
{
    if (result == kSuccess)
        return {};
    const Driver *d = driverIfOpen();
    return d ? failed(*d, result, what) : Status{Code::Gpu, std::string(what) + " without a driver"};
}

// cuda.h says of these that the process must be started again or the context is gone; nothing else makes work possible.
bool isSticky(DriverResult result)
{
    switch (result) {
    case 4:   // DEINITIALIZED
    case 214: // ECC_UNCORRECTABLE
    case 220: // NVLINK_UNCORRECTABLE
    case 226: // CONTAINED
    case 700: // ILLEGAL_ADDRESS
    case 702: // LAUNCH_TIMEOUT
    case 709: // CONTEXT_IS_DESTROYED
    case 710: // ASSERT
    case 714: // HARDWARE_STACK_ERROR
    case 715: // ILLEGAL_INSTRUCTION
    case 716: // MISALIGNED_ADDRESS
    case 717: // INVALID_ADDRESS_SPACE
    case 718: // INVALID_PC
    case 719: // LAUNCH_FAILED
    case 721: // TENSOR_MEMORY_LEAK
    case 810: // MPS_CLIENT_TERMINATED
    case 911: // EXTERNAL_DEVICE
        return true;
    default:
        return false;
    }
}

Status lossOf(Context context)
{
    const Driver *d = driverIfOpen();
    if (!d)
        return {};
    DriverResult result = d->ctxPushCurrent(context);
    if (result == kSuccess) {
        Context popped = nullptr;
        result = d->streamQuery(nullptr);
        (void)d->ctxPopCurrent(&popped);
    }
    return isSticky(result) ? statusOf(result, "asking the GPU") : Status{};
}

} // namespace zc::cuda
