// SPDX-License-Identifier: MIT
// Surfaces as EGL and CUDA see them.
#include "state.hpp"

#include "../fake_cuda/egl_image.h"

#include <memory>

namespace zc::fake_nvbuf {

namespace {

// A number like the driver's own, where there is no driver to hand one out.
void *anonymousImage()
{
    static std::uintptr_t last = 0xe600'0000'0000'0000;
    return reinterpret_cast<void *>(last += 16);
}

void *makeEgl(void *surface, const Record &record, unsigned i)
{
    const EglHooks &hooks = state().egl;
    if (hooks.make != nullptr)
        return hooks.make(surface, i, hooks.data);
    const Cuda *c = cuda();
    if (c == nullptr)
        return anonymousImage();
    const Piece &piece = record.pieces[i];
    if (piece.geometry.planes > 3)
        return nullptr;
    zc_fake_egl_image image{};
    image.is_array = record.layout == kLayoutBlockLinear;
    image.planes = piece.geometry.planes;
    image.color_format = piece.geometry.eglFormat;
    for (unsigned p = 0; p < image.planes; ++p) {
        const PlaneGeometry &g = piece.geometry.plane[p];
        image.plane[p] = {piece.picture.data() + g.offset, g.pitch, g.width, g.height, g.channels, g.channelBytes};
    }
    return c->eglCreate(&image);
}

bool mapOne(void *surface, Record &record, unsigned i)
{
    Piece &piece = record.pieces[i];
    if (piece.eglImage != nullptr) {
        misuse("NvBufSurfaceMapEglImage: " + name(surface, i) + " has its EGLImage mapped already");
        return false;
    }
    piece.eglImage = makeEgl(surface, record, i);
    batchOf(surface)[i].eglImage = piece.eglImage;
    return piece.eglImage != nullptr;
}

bool unmapOne(void *surface, Record &record, unsigned i)
{
    Piece &piece = record.pieces[i];
    if (piece.eglImage == nullptr) {
        misuse("NvBufSurfaceUnMapEglImage: the EGLImage of " + name(surface, i) + " is not mapped");
        return false;
    }
    destroyEgl(piece.eglImage);
    piece.pastEgl.push_back(std::exchange(piece.eglImage, nullptr));
    batchOf(surface)[i].eglImage = nullptr;
    return true;
}

} // namespace

void destroyEgl(void *image)
{
    const EglHooks &hooks = state().egl;
    if (hooks.make != nullptr && hooks.destroy != nullptr)
        hooks.destroy(image, hooks.data);
    else if (hooks.make == nullptr && cuda() != nullptr)
        cuda()->eglDestroy(image);
}

} // namespace zc::fake_nvbuf

using namespace zc::fake_nvbuf;

FAKE_EXPORT int NvBufSurfaceMapEglImage(void *surface, int index)
{
    return call(__func__, [&] {
        Record *record = find("NvBufSurfaceMapEglImage", surface);
        if (record == nullptr || record->memType != kMemSurfaceArray || state().platform != Platform::Nvgpu)
            return kFailure;
        const bool good =
            forEach(index, record->pieces.size(), [&](unsigned i) { return mapOne(surface, *record, i); });
        return good ? kSuccess : kFailure;
    });
}

FAKE_EXPORT int NvBufSurfaceUnMapEglImage(void *surface, int index)
{
    return release(__func__, [&] {
        Record *record = find("NvBufSurfaceUnMapEglImage", surface);
        if (record == nullptr)
            return kFailure;
        const bool good =
            forEach(index, record->pieces.size(), [&](unsigned i) { return unmapOne(surface, *record, i); });
        return good ? kSuccess : kFailure;
    });
}

#if ZC_FAKE_NVBUF_ABI == 72

namespace zc::fake_nvbuf {

namespace {

bool mapCuda(void *surface, Record &record, unsigned i)
{
    Piece &piece = record.pieces[i];
    if (piece.cudaMapped) {
        misuse("NvBufSurfaceMapCudaBuffer: " + name(surface, i) + " has its CUDA buffer mapped already");
        return false;
    }
    piece.mapped.basePtr = piece.mapped.dataPtr = piece.picture.data();
    reinterpret_cast<NewParams &>(batchOf(surface)[i]).cudaPtr = &piece.mapped;
    piece.cudaMapped = true;
    return true;
}

bool unmapCuda(void *surface, Record &record, unsigned i)
{
    Piece &piece = record.pieces[i];
    if (!piece.cudaMapped) {
        misuse("NvBufSurfaceUnMapCudaBuffer: the CUDA buffer of " + name(surface, i) + " is not mapped");
        return false;
    }
    reinterpret_cast<NewParams &>(batchOf(surface)[i]).cudaPtr = nullptr;
    piece.mapped = CudaBuffer{};
    piece.cudaMapped = false;
    return true;
}

} // namespace

} // namespace zc::fake_nvbuf

FAKE_EXPORT int NvBufSurfaceMapCudaBuffer(void *surface, int index)
{
    return call(__func__, [&] {
        Record *record = find("NvBufSurfaceMapCudaBuffer", surface);
        if (record == nullptr || record->memType != kMemSurfaceArray || state().platform != Platform::Rm)
            return kFailure;
        const bool good =
            forEach(index, record->pieces.size(), [&](unsigned i) { return mapCuda(surface, *record, i); });
        return good ? kSuccess : kFailure;
    });
}

FAKE_EXPORT int NvBufSurfaceUnMapCudaBuffer(void *surface, int index)
{
    return release(__func__, [&] {
        Record *record = find("NvBufSurfaceUnMapCudaBuffer", surface);
        if (record == nullptr)
            return kFailure;
        const bool good =
            forEach(index, record->pieces.size(), [&](unsigned i) { return unmapCuda(surface, *record, i); });
        return good ? kSuccess : kFailure;
    });
}

FAKE_EXPORT int NvBufSurfaceGetDeviceInfo(DeviceInfo *info)
{
    return call(__func__, [&] {
        if (info == nullptr)
            return kFailure;
        *info = DeviceInfo{};
        info->driverType = state().platform == Platform::Nvgpu ? kDriverNvgpu : kDriverRm;
        info->isVicPresent = info->isIntegratedGpu = state().platform != Platform::Dgpu;
        info->platformType = state().platform == Platform::Nvgpu ? 4 : state().platform == Platform::Rm ? 6 : 0;
        return kSuccess;
    });
}

#endif
