// SPDX-License-Identifier: MIT
// libcuda, opened at run time. One table of functions for the process; absent groups leave their pointers null.
#pragma once

#include "core/status.hpp"
#include "cuda/api.hpp"

#include <string>

namespace zc::cuda {

// Functions that every supported driver has. The strings beside them in driver.cpp are the exported names.
struct Driver {
    DriverResult (*init)(unsigned flags);
    DriverResult (*driverGetVersion)(int *version);
    DriverResult (*deviceGetCount)(int *count);
    DriverResult (*deviceGet)(Device *device, int ordinal);
    DriverResult (*deviceGetName)(char *name, int length, Device device);
    DriverResult (*deviceGetAttribute)(int *value, int attribute, Device device);
    DriverResult (*deviceGetUuid)(Uuid *uuid, Device device);
    DriverResult (*primaryCtxRetain)(Context *context, Device device);
    DriverResult (*primaryCtxRelease)(Device device);
    DriverResult (*ctxPushCurrent)(Context context);
    DriverResult (*ctxPopCurrent)(Context *context);
    DriverResult (*ctxGetCurrent)(Context *context);
    DriverResult (*ctxGetDevice)(Device *device);
    DriverResult (*streamCreate)(Stream *stream, unsigned flags);
    DriverResult (*streamDestroy)(Stream stream);
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
    DriverResult (*memcpy2DAsync)(const Memcpy2D *copy, Stream stream);
    DriverResult (*memcpyDtoDAsync)(Address to, Address from, std::size_t bytes, Stream stream);
    DriverResult (*memcpyHtoDAsync)(Address to, const void *from, std::size_t bytes, Stream stream);
    DriverResult (*memcpyDtoHAsync)(void *to, Address from, std::size_t bytes, Stream stream);
    DriverResult (*memHostRegister)(void *memory, std::size_t bytes, unsigned flags);
    DriverResult (*memHostUnregister)(void *memory);
    DriverResult (*memHostGetDevicePointer)(Address *address, void *memory, unsigned flags);
    DriverResult (*pointerGetAttribute)(void *value, int attribute, Address address);
    DriverResult (*moduleLoadData)(Module *module, const void *image);
    DriverResult (*moduleUnload)(Module module);
    DriverResult (*moduleGetFunction)(Function *function, Module module, const char *name);
    DriverResult (*launchKernel)(Function function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                                 unsigned blockY, unsigned blockZ, unsigned sharedBytes, Stream stream, void **params,
                                 void **extra);
    DriverResult (*getErrorName)(DriverResult result, const char **text);
    DriverResult (*getErrorString)(DriverResult result, const char **text);
    DriverResult (*arrayCreate)(Array *array, const ArrayDescriptor *descriptor);
    DriverResult (*arrayDestroy)(Array array);
    DriverResult (*surfObjectCreate)(Surface *surface, const ResourceDescriptor *resource);
    DriverResult (*surfObjectDestroy)(Surface surface);

    int version = 0; // 13000 is 13.0
    int devices = 0;
};

// Opens and initialises libcuda at the first call that succeeds; later calls answer the same. Thread-safe. The Status
// says what was looked for (the library, a symbol, a device) and what to do. The library stays open for the life of
// the process: its own threads do not survive a dlclose.
Result<const Driver *> driver();

// Whether the loader finds the library at all. Makes no call into it.
bool driverIsInstalled();

// "the driver sees 2 GPUs (0 to 1)", and the environment's list where there is one.
std::string describeDevices(const Driver &driver);

// "cuda, GPU 0, NVIDIA H200, sm_90"; what the driver does not tell is left vague, since this is for people.
std::string describeDevice(const Driver &driver, Device device);

// As driver(), but never opens anything: null unless driver() has succeeded. For destructors.
const Driver *driverIfOpen();

// "cuMemAlloc failed: CUDA_ERROR_OUT_OF_MEMORY (out of memory)"
Status statusOf(DriverResult result, const char *what);

// Errors after which every call in the process's contexts fails: an illegal address, a failed launch, a lost device.
bool isSticky(DriverResult result);

} // namespace zc::cuda
