// SPDX-License-Identifier: MIT
// The layouts of NvBufSurface, declared here so that no header of NVIDIA's is needed. There are two: the old one of
// DeepStream up to 7.1 and Jetson Linux R32 to R36, and the new one of DeepStream 8 and Jetson Linux R38 and later.
// They agree in the first 32 bytes of a surface and the first 320 of each of its pictures, and differ in the distance
// from one picture to the next. Offsets are those that compilers gave for NVIDIA's headers of both (x86-64 and aarch64
// alike).
#pragma once

#include <cstddef>
#include <cstdint>

namespace zc::nvbuf {

enum class Abi { Old, New };

inline constexpr int kPlanes = 4;

// NVBUF_MEM_*
enum class MemType : std::int32_t {
    Default = 0, // what suits the platform: Device or SurfaceArray
    Pinned = 1,
    Device = 2,
    Unified = 3,
    SurfaceArray = 4,
    Handle = 5,
    System = 6,
    CudaArray = 7,
};
inline constexpr std::int32_t kMemTypes = 8;

// The nick that caps and properties have for it: "nvbuf-mem-cuda-device".
const char *memTypeName(MemType type);

// NVBUF_LAYOUT_*
inline constexpr std::int32_t kLayoutPitch = 0, kLayoutBlockLinear = 1;

// NVBUF_MAP_*: no bit mask.
inline constexpr int kMapRead = 0, kMapWrite = 1, kMapReadWrite = 2;

// NvBufSurfaceDeviceInfo::driverType
inline constexpr std::int32_t kDriverNvgpu = 1, kDriverRm = 2;

struct PlaneParams {
    std::uint32_t count;
    std::uint32_t width[kPlanes], height[kPlanes];
    std::uint32_t pitch[kPlanes], offset[kPlanes], bytes[kPlanes];
    std::uint32_t bytesPerPixel[kPlanes];
    void *reserved[16];
};
static_assert(sizeof(PlaneParams) == 232);
static_assert(offsetof(PlaneParams, width) == 4 && offsetof(PlaneParams, height) == 20 &&
              offsetof(PlaneParams, pitch) == 36 && offsetof(PlaneParams, offset) == 52 &&
              offsetof(PlaneParams, bytes) == 68 && offsetof(PlaneParams, bytesPerPixel) == 84 &&
              offsetof(PlaneParams, reserved) == 104);

// One picture of a surface, as far as both layouts agree.
struct Params {
    std::uint32_t width, height, pitch;
    std::int32_t colorFormat; // nvbufsurface_formats.hpp
    std::int32_t layout;
    std::uint64_t bufferDesc; // a dmabuf on a Jetson, elsewhere a number without meaning to others
    std::uint32_t dataSize;
    void *dataPtr; // not of SurfaceArray and Handle
    PlaneParams planes;
    void *mapped[kPlanes]; // by NvBufSurfaceMap
    void *eglImage;        // by NvBufSurfaceMapEglImage
};
static_assert(sizeof(Params) == 320);
static_assert(offsetof(Params, colorFormat) == 12 && offsetof(Params, layout) == 16 &&
              offsetof(Params, bufferDesc) == 24 && offsetof(Params, dataSize) == 32 &&
              offsetof(Params, dataPtr) == 40 && offsetof(Params, planes) == 48 && offsetof(Params, mapped) == 280 &&
              offsetof(Params, eglImage) == 312);

struct CudaBuffer {
    void *base, *data, *external, *mipmap;
    void *reserved[8];
};
static_assert(sizeof(CudaBuffer) == 96 && offsetof(CudaBuffer, data) == 8);

struct ParamsOld {
    Params common;
    void *mappedReserved[4];
    void *extended; // reserved, and null, before R35
    void *reserved[3];
};
static_assert(sizeof(ParamsOld) == 384 && offsetof(ParamsOld, extended) == 352);

struct ParamsNew {
    Params common;
    void *nvmmMapped;
    CudaBuffer *cudaMapped; // by NvBufSurfaceMapCudaBuffer
    void *mappedReserved[4];
    void *extended;
    CudaBuffer *cudaBuffer; // of CUDA memory on Jetsons with the RM driver
    void *reserved[4];
};
static_assert(sizeof(ParamsNew) == 416 && offsetof(ParamsNew, cudaMapped) == 328 &&
              offsetof(ParamsNew, extended) == 368 && offsetof(ParamsNew, cudaBuffer) == 376);

// Where `extended` has the byte that tells of protected content.
inline constexpr std::size_t kProtectedOld = 10, kProtectedNew = 16;

// A batch of pictures, as far as both layouts agree.
struct Surface {
    std::uint32_t gpuId, batchSize, numFilled;
    std::uint8_t isContiguous; // a bool, whose byte may hold anything here
    std::int32_t memType;
    Params *list; // pictureStride() bytes apart
};
static_assert(sizeof(Surface) == 32);
static_assert(offsetof(Surface, batchSize) == 4 && offsetof(Surface, numFilled) == 8 &&
              offsetof(Surface, isContiguous) == 12 && offsetof(Surface, memType) == 16 &&
              offsetof(Surface, list) == 24);

struct SurfaceOld {
    Surface common;
    void *reserved[4];
};
static_assert(sizeof(SurfaceOld) == 64);

struct SurfaceNew {
    Surface common;
    std::uint8_t isImported;
    void *reserved[4];
};
static_assert(sizeof(SurfaceNew) == 72 && offsetof(SurfaceNew, isImported) == 32);

constexpr std::size_t surfaceBytes(Abi abi)
{
    return abi == Abi::Old ? sizeof(SurfaceOld) : sizeof(SurfaceNew);
}

constexpr std::size_t pictureStride(Abi abi)
{
    return abi == Abi::Old ? sizeof(ParamsOld) : sizeof(ParamsNew);
}

inline Params *pictureAt(const Surface &surface, Abi abi, std::uint32_t index)
{
    auto *first = reinterpret_cast<unsigned char *>(surface.list);
    return reinterpret_cast<Params *>(first + index * pictureStride(abi));
}

// What NvBufSurfaceCreate takes; libraries of the old layout read the first 32 bytes.
struct CreateParams {
    std::uint32_t gpuId, width, height, size;
    std::uint8_t isContiguous;
    std::int32_t colorFormat, layout, memType;
    void *reserved[4];
};
static_assert(sizeof(CreateParams) == 64 && offsetof(CreateParams, isContiguous) == 16 &&
              offsetof(CreateParams, colorFormat) == 20 && offsetof(CreateParams, layout) == 24 &&
              offsetof(CreateParams, memType) == 28 && offsetof(CreateParams, reserved) == 32);

// NvBufSurfaceDeviceInfo; the rest differs between versions and is not used.
struct DeviceInfo {
    std::int32_t driverType;
    std::uint8_t rest[252]; // 68 in the versions that are known
};
static_assert(offsetof(DeviceInfo, rest) == 4);

} // namespace zc::nvbuf
