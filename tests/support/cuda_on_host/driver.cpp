// SPDX-License-Identifier: MIT
// A libcuda.so.1 whose one GPU is the host: kernels run, compiled from the same text, thread after thread. It checks
// nothing that the stand-in of ../fake_cuda checks; what it is for is the kernels' arithmetic.
#include "cuda/api.hpp"
#include "device.hpp"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace zc::on_host {

thread_local Index block, thread, blockSize;

namespace {

using Run = void (*)(void **params);

std::map<std::string, std::map<std::string, Run>> &kernels()
{
    static std::map<std::string, std::map<std::string, Run>> all;
    return all;
}

std::map<const void *, std::string> &images()
{
    static std::map<const void *, std::string> all;
    return all;
}

[[noreturn]] void fail(const std::string &what)
{
    std::fprintf(stderr, "cuda_on_host: %s\n", what.c_str());
    std::abort();
}

} // namespace

Entry::Entry(const char *kernel, const char *name, void (*run)(void **params))
{
    kernels()[kernel][name] = run;
}

std::uint8_t *surfaceAt(std::uint64_t object, int byte, int row, std::size_t bytes)
{
    const auto &s = *reinterpret_cast<const Surface *>(object);
    const auto at = static_cast<std::size_t>(byte);
    if (byte < 0 || row < 0 || at + bytes > s.width || static_cast<std::size_t>(row) >= s.rows || at % bytes != 0)
        fail("bytes " + std::to_string(byte) + " + " + std::to_string(bytes) + " of row " + std::to_string(row) +
             " of a surface of " + std::to_string(s.width) + "x" + std::to_string(s.rows));
    return s.data + static_cast<std::size_t>(row) * s.pitch + at;
}

} // namespace zc::on_host

using namespace zc::cuda;
using zc::on_host::Run;

#define EXPORT extern "C" __attribute__((visibility("default")))

// Which kernel an image is: a test says so for each that it carries.
EXPORT void zc_on_host_image(const void *image, const char *kernel)
{
    zc::on_host::images()[image] = kernel;
}

namespace {

// Handles that need to be no more than different from null.
template <class Handle> DriverResult make(Handle *handle)
{
    *handle = reinterpret_cast<Handle>(new char);
    return kSuccess;
}
template <class Handle> DriverResult destroy(Handle handle)
{
    delete reinterpret_cast<char *>(handle);
    return kSuccess;
}

char contextTag;
Context theContext()
{
    return reinterpret_cast<Context>(&contextTag);
}

} // namespace

EXPORT DriverResult cuInit(unsigned)
{
    return kSuccess;
}
EXPORT DriverResult cuDriverGetVersion(int *version)
{
    *version = 13000;
    return kSuccess;
}
EXPORT DriverResult cuDeviceGetCount(int *count)
{
    *count = 1;
    return kSuccess;
}
EXPORT DriverResult cuDeviceGet(Device *device, int ordinal)
{
    *device = ordinal;
    return kSuccess;
}
EXPORT DriverResult cuDeviceGetName(char *name, int length, Device)
{
    std::snprintf(name, static_cast<std::size_t>(length), "the host");
    return kSuccess;
}
EXPORT DriverResult cuDeviceGetAttribute(int *value, int attribute, Device)
{
    *value = attribute == kComputeMajor ? 9 : 0;
    return kSuccess;
}
EXPORT DriverResult cuDevicePrimaryCtxRetain(Context *context, Device)
{
    *context = theContext();
    return kSuccess;
}
EXPORT DriverResult cuDevicePrimaryCtxRelease_v2(Device)
{
    return kSuccess;
}
EXPORT DriverResult cuCtxPushCurrent_v2(Context)
{
    return kSuccess;
}
EXPORT DriverResult cuCtxPopCurrent_v2(Context *context)
{
    *context = theContext();
    return kSuccess;
}
EXPORT DriverResult cuCtxGetDevice(Device *device)
{
    *device = 0;
    return kSuccess;
}
EXPORT DriverResult cuStreamCreate(Stream *stream, unsigned)
{
    return make(stream);
}
EXPORT DriverResult cuStreamDestroy_v2(Stream stream)
{
    return destroy(stream);
}
EXPORT DriverResult cuStreamQuery(Stream)
{
    return kSuccess;
}

EXPORT DriverResult cuStreamSynchronize(Stream)
{
    return kSuccess;
}
EXPORT DriverResult cuStreamWaitEvent(Stream, Event, unsigned)
{
    return kSuccess;
}
EXPORT DriverResult cuEventCreate(Event *event, unsigned)
{
    return make(event);
}
EXPORT DriverResult cuEventRecord(Event, Stream)
{
    return kSuccess;
}
EXPORT DriverResult cuEventSynchronize(Event)
{
    return kSuccess;
}
EXPORT DriverResult cuEventQuery(Event)
{
    return kSuccess;
}
EXPORT DriverResult cuEventElapsedTime(float *milliseconds, Event, Event)
{
    *milliseconds = 1;
    return kSuccess;
}
EXPORT DriverResult cuEventDestroy_v2(Event event)
{
    return destroy(event);
}
EXPORT DriverResult cuMemAlloc_v2(Address *address, std::size_t bytes)
{
    *address = reinterpret_cast<Address>(std::aligned_alloc(256, (bytes + 255) / 256 * 256));
    return *address != 0 ? kSuccess : kOutOfMemory;
}
EXPORT DriverResult cuMemAllocManaged(Address *address, std::size_t bytes, unsigned)
{
    return cuMemAlloc_v2(address, bytes);
}
EXPORT DriverResult cuMemAllocHost_v2(void **memory, std::size_t bytes)
{
    return cuMemAlloc_v2(reinterpret_cast<Address *>(memory), bytes);
}
EXPORT DriverResult cuMemFreeHost(void *memory)
{
    std::free(memory);
    return kSuccess;
}
EXPORT DriverResult cuMemFree_v2(Address address)
{
    std::free(reinterpret_cast<void *>(address));
    return kSuccess;
}
EXPORT DriverResult cuMemcpy2DAsync_v2(const Memcpy2D *c, Stream)
{
    for (std::size_t y = 0; y < c->height; ++y) {
        const auto side = [&](unsigned type, const void *host, Address device, Array array, std::size_t pitch,
                              std::size_t x, std::size_t row) -> std::uint8_t * {
            if (type == kMemoryArray) {
                const auto &s = *reinterpret_cast<zc::on_host::Surface *>(array);
                return s.data + (row + y) * s.pitch + x;
            }
            auto *base = type == kMemoryHost ? static_cast<std::uint8_t *>(const_cast<void *>(host))
                                             : reinterpret_cast<std::uint8_t *>(device);
            return base + (row + y) * pitch + x;
        };
        std::memcpy(side(c->dstMemoryType, c->dstHost, c->dstDevice, c->dstArray, c->dstPitch, c->dstXInBytes, c->dstY),
                    side(c->srcMemoryType, c->srcHost, c->srcDevice, c->srcArray, c->srcPitch, c->srcXInBytes, c->srcY),
                    c->widthInBytes);
    }
    return kSuccess;
}
EXPORT DriverResult cuMemcpyDtoDAsync_v2(Address to, Address from, std::size_t bytes, Stream)
{
    std::memcpy(reinterpret_cast<void *>(to), reinterpret_cast<void *>(from), bytes);
    return kSuccess;
}
EXPORT DriverResult cuMemcpyHtoDAsync_v2(Address to, const void *from, std::size_t bytes, Stream)
{
    std::memcpy(reinterpret_cast<void *>(to), from, bytes);
    return kSuccess;
}
EXPORT DriverResult cuMemcpyDtoHAsync_v2(void *to, Address from, std::size_t bytes, Stream)
{
    std::memcpy(to, reinterpret_cast<void *>(from), bytes);
    return kSuccess;
}
EXPORT DriverResult cuMemHostRegister_v2(void *, std::size_t, unsigned)
{
    return kSuccess;
}
EXPORT DriverResult cuMemHostUnregister(void *)
{
    return kSuccess;
}
EXPORT DriverResult cuMemHostGetDevicePointer_v2(Address *address, void *memory, unsigned)
{
    *address = reinterpret_cast<Address>(memory);
    return kSuccess;
}
// Every address is the one GPU's.
EXPORT DriverResult cuPointerGetAttribute(void *value, int attribute, Address address)
{
    switch (attribute) {
    case kPointerContext:
        *static_cast<Context *>(value) = theContext();
        return kSuccess;
    case kPointerMemoryType:
        *static_cast<unsigned *>(value) = kMemoryDevice;
        return kSuccess;
    case kPointerOrdinal:
        *static_cast<int *>(value) = 0;
        return kSuccess;
    default:
        *static_cast<Address *>(value) = address;
        return kNotSupported;
    }
}
EXPORT DriverResult cuModuleLoadData(Module *module, const void *image)
{
    const auto known = zc::on_host::images().find(image);
    if (known == zc::on_host::images().end())
        return 200; // CUDA_ERROR_INVALID_IMAGE
    *module = reinterpret_cast<Module>(&known->second);
    return kSuccess;
}
EXPORT DriverResult cuModuleUnload(Module)
{
    return kSuccess;
}
EXPORT DriverResult cuModuleGetFunction(Function *function, Module module, const char *name)
{
    const auto &entries = zc::on_host::kernels()[*reinterpret_cast<const std::string *>(module)];
    const auto found = entries.find(name);
    if (found == entries.end())
        return 500; // CUDA_ERROR_NOT_FOUND
    *function = reinterpret_cast<Function>(found->second);
    return kSuccess;
}
EXPORT DriverResult cuLaunchKernel(Function function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                                   unsigned blockY, unsigned blockZ, unsigned, Stream, void **params, void **)
{
    using namespace zc::on_host;
    if (blockZ != 1 || gridX == 0 || gridY == 0 || gridY > 65535 || gridZ == 0 || gridZ > 65535)
        return kInvalidValue;
    blockSize = {blockX, blockY, 1};
    for (block.z = 0; block.z < gridZ; ++block.z)
        for (block.y = 0; block.y < gridY; ++block.y)
            for (block.x = 0; block.x < gridX; ++block.x)
                for (thread.y = 0; thread.y < blockY; ++thread.y)
                    for (thread.x = 0; thread.x < blockX; ++thread.x)
                        reinterpret_cast<Run>(function)(params);
    return kSuccess;
}
EXPORT DriverResult cuGetErrorName(DriverResult, const char **text)
{
    *text = "CUDA_ERROR_ON_HOST";
    return kSuccess;
}
EXPORT DriverResult cuGetErrorString(DriverResult, const char **text)
{
    *text = "an error of the stand-in driver";
    return kSuccess;
}
EXPORT DriverResult cuArray3DCreate_v2(Array *array, const ArrayDescriptor *d)
{
    const std::size_t bytes = d->format == kArrayUint8 ? 1 : d->format == kArrayUint16 ? 2 : 4;
    if (d->channels == 3)
        return kInvalidValue;
    const std::size_t width = d->width * d->channels * bytes;
    auto *made = new zc::on_host::Surface{nullptr, width, d->height, width};
    made->data = static_cast<std::uint8_t *>(std::calloc(made->width, made->rows));
    *array = reinterpret_cast<Array>(made);
    return kSuccess;
}
EXPORT DriverResult cuArrayDestroy(Array array)
{
    auto *surface = reinterpret_cast<zc::on_host::Surface *>(array);
    std::free(surface->data);
    delete surface;
    return kSuccess;
}
EXPORT DriverResult cuSurfObjectCreate(Surface *surface, const ResourceDescriptor *resource)
{
    *surface = reinterpret_cast<Surface>(resource->array);
    return kSuccess;
}
EXPORT DriverResult cuSurfObjectDestroy(Surface)
{
    return kSuccess;
}
