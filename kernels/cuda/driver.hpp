// SPDX-License-Identifier: MIT
// libcuda, opened at run time. One table of functions for the process; absent groups leave their pointers null.
#pragma once

#include "core/status.hpp"
#include "cuda/api.hpp"

#include <array>
#include <string>
#include <string_view>

namespace zc::cuda {

// Functions that not every user needs, nor every driver has. A group is there whole, or all its pointers are null.
enum class Group { Copies, Arrays, Pointers, Egl, Gl, Export };
inline constexpr std::size_t kGroups = 6;

// The strings beside them in driver.cpp are the exported names. A driver that lacks one of the first block is refused.
struct Driver {
    DriverResult (*init)(unsigned flags);
    DriverResult (*driverGetVersion)(int *version);
    DriverResult (*deviceGetCount)(int *count);
    DriverResult (*deviceGet)(Device *device, int ordinal);
    DriverResult (*deviceGetName)(char *name, int length, Device device);
    DriverResult (*deviceGetAttribute)(int *value, int attribute, Device device);
    DriverResult (*primaryCtxRetain)(Context *context, Device device);
    DriverResult (*primaryCtxRelease)(Device device);
    DriverResult (*ctxPushCurrent)(Context context);
    DriverResult (*ctxPopCurrent)(Context *context);
    DriverResult (*ctxGetDevice)(Device *device);
    DriverResult (*streamCreate)(Stream *stream, unsigned flags);
    DriverResult (*streamDestroy)(Stream stream);
    DriverResult (*streamQuery)(Stream stream);
    DriverResult (*streamSynchronize)(Stream stream);
    DriverResult (*streamWaitEvent)(Stream stream, Event event, unsigned flags);
    DriverResult (*eventCreate)(Event *event, unsigned flags);
    DriverResult (*eventRecord)(Event event, Stream stream);
    DriverResult (*eventSynchronize)(Event event);
    DriverResult (*eventQuery)(Event event);
    DriverResult (*eventElapsedTime)(float *milliseconds, Event start, Event end);
    DriverResult (*eventDestroy)(Event event);
    DriverResult (*memAlloc)(Address *address, std::size_t bytes);
    DriverResult (*memFree)(Address address);
    DriverResult (*memHostRegister)(void *memory, std::size_t bytes, unsigned flags);
    DriverResult (*memHostUnregister)(void *memory);
    DriverResult (*memHostGetDevicePointer)(Address *address, void *memory, unsigned flags);
    DriverResult (*moduleLoadData)(Module *module, const void *image);
    DriverResult (*moduleUnload)(Module module);
    DriverResult (*moduleGetFunction)(Function *function, Module module, const char *name);
    DriverResult (*launchKernel)(Function function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                                 unsigned blockY, unsigned blockZ, unsigned sharedBytes, Stream stream, void **params,
                                 void **extra);
    DriverResult (*getErrorName)(DriverResult result, const char **text);
    DriverResult (*getErrorString)(DriverResult result, const char **text);

    // Group::Copies
    DriverResult (*memcpy2DAsync)(const Memcpy2D *copy, Stream stream);
    DriverResult (*memcpyDtoDAsync)(Address to, Address from, std::size_t bytes, Stream stream);
    DriverResult (*memcpyHtoDAsync)(Address to, const void *from, std::size_t bytes, Stream stream);
    DriverResult (*memcpyDtoHAsync)(void *to, Address from, std::size_t bytes, Stream stream);
    // Group::Arrays
    DriverResult (*arrayCreate)(Array *array, const ArrayDescriptor *descriptor);
    DriverResult (*arrayDestroy)(Array array);
    DriverResult (*surfObjectCreate)(Surface *surface, const ResourceDescriptor *resource);
    DriverResult (*surfObjectDestroy)(Surface surface);
    // Group::Pointers
    DriverResult (*pointerGetAttribute)(void *value, int attribute, Address address);
    // Group::Egl and Group::Gl
    DriverResult (*graphicsUnregisterResource)(GraphicsResource resource);
    // Group::Egl
    DriverResult (*graphicsEglRegisterImage)(GraphicsResource *resource, void *image, unsigned flags);
    DriverResult (*graphicsResourceGetMappedEglFrame)(EglFrame *frame, GraphicsResource resource, unsigned index,
                                                      unsigned level);
    DriverResult (*arrayGetDescriptor)(ArrayDescriptor *descriptor, Array array);
    // Group::Gl
    DriverResult (*graphicsGlRegisterImage)(GraphicsResource *resource, unsigned texture, unsigned target,
                                            unsigned flags);
    DriverResult (*graphicsMapResources)(unsigned count, GraphicsResource *resources, Stream stream);
    DriverResult (*graphicsUnmapResources)(unsigned count, GraphicsResource *resources, Stream stream);
    DriverResult (*graphicsSubResourceGetMappedArray)(Array *array, GraphicsResource resource, unsigned index,
                                                      unsigned level);
    // Group::Export
    DriverResult (*memGetHandleForAddressRange)(void *handle, Address address, std::size_t bytes, int type,
                                                unsigned long long flags);

    std::array<const char *, kGroups> missing; // the first function that a group lacks; null where it is whole
    int version = 0;                           // 13000 is 13.0
    int devices = 0;
};

// Opens and initialises libcuda at the first call that succeeds; later calls answer the same. Thread-safe. The Status
// says what was looked for (the library, a symbol, a device) and what to do. The library stays open for the life of
// the process: its own threads do not survive a dlclose.
Result<const Driver *> driver();

// Unsupported if the driver lacks the group: the message names the function, what needs it and what to do.
Status need(const Driver &driver, Group group);

// Whether the loader finds the library at all. Makes no call into it.
bool driverIsInstalled();

// "there is no GPU 5; the driver sees 2 GPUs (0 to 1); set cuda-device-id to ...", and the environment's list where
// there is one.
std::string noSuchDevice(const Driver &driver, int ordinal);

// "cuda, GPU 0, NVIDIA H200, sm_90"; what the driver does not tell is left vague, since this is for people.
std::string describeDevice(const Driver &driver, Device device);

// As driver(), but never opens anything: null unless driver() has succeeded. For destructors.
const Driver *driverIfOpen();

// "cuMemAlloc failed: CUDA_ERROR_OUT_OF_MEMORY (out of memory); the GPU's memory is full: ...": the call, CUDA's name
// and text, and what to do about errors that a user can do something about.
Status statusOf(DriverResult result, std::string_view what);

// Errors after which every call in the process's contexts fails: an illegal address, a failed launch, a lost device.
bool isSticky(DriverResult result);

// GpuLost with CUDA's name if an earlier error has made the context useless, for who was told less by a library that
// called the driver itself. Waits for nothing.
Status lossOf(Context context);

} // namespace zc::cuda
