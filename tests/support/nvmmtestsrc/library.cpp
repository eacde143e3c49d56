// SPDX-License-Identifier: MIT
#include "library.hpp"

#include "cuda/api.hpp"

#include <cstring>
#include <dlfcn.h>

namespace zc::nvmm_test {

namespace {

using fake_nvbuf::Batch;
using fake_nvbuf::Params;

template <class F> bool find(void *library, F &function, const char *name)
{
    function = reinterpret_cast<F>(dlsym(library, name));
    return function != nullptr;
}

bool bind(void *handle, Library &l)
{
    find(handle, l.quiet, "zc_nvbuf_quiet");
    find(handle, l.checkSynced, "zc_nvbuf_check_synced");
    find(handle, l.plane, "zc_nvbuf_plane");
    find(handle, l.setProtected, "zc_nvbuf_set_protected");
    l.newAbi = dlsym(handle, "NvBufSurfaceMapCudaBuffer") != nullptr;
    return find(handle, l.create, "NvBufSurfaceCreate") && find(handle, l.destroy, "NvBufSurfaceDestroy") &&
           find(handle, l.map, "NvBufSurfaceMap") && find(handle, l.unmap, "NvBufSurfaceUnMap") &&
           find(handle, l.syncForDevice, "NvBufSurfaceSyncForDevice") &&
           find(handle, l.mapEgl, "NvBufSurfaceMapEglImage") && find(handle, l.unmapEgl, "NvBufSurfaceUnMapEglImage");
}

void copyRows(unsigned char *to, std::size_t pitch, const unsigned char *rows, std::size_t rowBytes, unsigned count)
{
    for (unsigned y = 0; y < count; ++y)
        std::memcpy(to + y * pitch, rows + y * rowBytes, rowBytes);
}

// A real GPU's memory, in its primary context.
bool writeDevice(unsigned gpu, unsigned char *to, std::size_t pitch, const unsigned char *rows, std::size_t rowBytes,
                 unsigned count)
{
    void *handle = dlopen("libcuda.so.1", RTLD_NOW);
    int (*init)(unsigned) = nullptr, (*retain)(void **, int) = nullptr, (*drop)(int) = nullptr;
    int (*push)(void *) = nullptr, (*pop)(void **) = nullptr, (*copy)(const cuda::Memcpy2D *) = nullptr;
    if (handle == nullptr || !find(handle, init, "cuInit") || !find(handle, retain, "cuDevicePrimaryCtxRetain") ||
        !find(handle, drop, "cuDevicePrimaryCtxRelease_v2") || !find(handle, push, "cuCtxPushCurrent_v2") ||
        !find(handle, pop, "cuCtxPopCurrent_v2") || !find(handle, copy, "cuMemcpy2D_v2"))
        return false;
    void *context = nullptr;
    if (init(0) != 0 || retain(&context, static_cast<int>(gpu)) != 0)
        return false;
    bool done = false;
    if (push(context) == 0) {
        cuda::Memcpy2D c{};
        c.srcMemoryType = cuda::kMemoryHost;
        c.srcHost = rows;
        c.srcPitch = rowBytes;
        c.dstMemoryType = cuda::kMemoryDevice;
        c.dstDevice = reinterpret_cast<cuda::Address>(to);
        c.dstPitch = pitch;
        c.widthInBytes = rowBytes;
        c.height = count;
        done = copy(&c) == 0;
        pop(&context);
    }
    drop(static_cast<int>(gpu));
    return done;
}

bool writeArray(const Library &l, void *surface, unsigned index, unsigned plane, const Params &params,
                const unsigned char *rows, std::size_t rowBytes, unsigned count)
{
    const int i = static_cast<int>(index), p = static_cast<int>(plane);
    if (params.layout != fake_nvbuf::kLayoutPitch || l.map(surface, i, p, fake_nvbuf::kMapReadWrite) != 0)
        return false;
    copyRows(static_cast<unsigned char *>(params.mappedAddr[plane]), params.planes.pitch[plane], rows, rowBytes, count);
    const bool synced = l.syncForDevice(surface, i, p) == 0;
    return l.unmap(surface, i, p) == 0 && synced;
}

} // namespace

const Library *library(std::string &why)
{
    static Library found;
    static std::string missing;
    static const bool ready = [] {
        void *handle = dlopen("libnvbufsurface.so", RTLD_NOW);
        if (handle == nullptr)
            missing = dlerror();
        else if (!bind(handle, found))
            missing = "libnvbufsurface.so lacks a function";
        return missing.empty();
    }();
    why = missing;
    return ready ? &found : nullptr;
}

bool writePlane(const Library &l, void *surface, unsigned index, unsigned plane, const unsigned char *rows,
                std::size_t rowBytes, unsigned count)
{
    const Quiet quiet(l);
    const Batch batch(surface, l.newAbi);
    const Params &params = batch[index];
    const int memType = batch.head().memType;
    if (l.plane != nullptr) {
        std::size_t pitch = 0;
        unsigned char *to = l.plane(surface, index, plane, &pitch);
        if (to != nullptr)
            copyRows(to, pitch, rows, rowBytes, count);
        return to != nullptr;
    }
    if (memType == fake_nvbuf::kMemSurfaceArray || memType == fake_nvbuf::kMemHandle)
        return writeArray(l, surface, index, plane, params, rows, rowBytes, count);
    if (params.dataPtr == nullptr)
        return false;
    unsigned char *to = static_cast<unsigned char *>(params.dataPtr) + params.planes.offset[plane];
    const std::size_t pitch = params.planes.pitch[plane];
    if (memType == fake_nvbuf::kMemCudaDevice || memType == fake_nvbuf::kMemDefault)
        return writeDevice(batch.head().gpuId, to, pitch, rows, rowBytes, count);
    copyRows(to, pitch, rows, rowBytes, count);
    return true;
}

} // namespace zc::nvmm_test
