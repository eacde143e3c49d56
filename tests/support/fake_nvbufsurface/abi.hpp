// SPDX-License-Identifier: MIT
// NvBufSurface as NVIDIA's libraries lay it out, both ABIs: the tests' own description, on purpose not the plugin's, so
// that an error in either shows. test_nvbuf_abi.cpp compares it with NVIDIA's header where one is installed.
//
// Old: DeepStream 5 to 7.1, Jetson Linux 35 and 36. New: DeepStream 8 and later, Jetson Linux 38 and later.
#pragma once

#include <cstddef>
#include <cstdint>

namespace zc::fake_nvbuf {

inline constexpr int kMostPlanes = 4;

enum MemType {
    kMemDefault = 0,
    kMemCudaPinned = 1,
    kMemCudaDevice = 2,
    kMemCudaUnified = 3,
    kMemSurfaceArray = 4,
    kMemHandle = 5,
    kMemSystem = 6,
    kMemCudaArray = 7, // DeepStream 9.1
};
enum MapFlags { kMapRead = 0, kMapWrite = 1, kMapReadWrite = 2 };
enum Layout { kLayoutPitch = 0, kLayoutBlockLinear = 1 };
enum DriverType { kDriverUnknown = 0, kDriverNvgpu = 1, kDriverRm = 2 };

struct PlaneParams {
    std::uint32_t numPlanes;
    std::uint32_t width[kMostPlanes];
    std::uint32_t height[kMostPlanes];
    std::uint32_t pitch[kMostPlanes];
    std::uint32_t offset[kMostPlanes];
    std::uint32_t psize[kMostPlanes];
    std::uint32_t bytesPerPix[kMostPlanes];
    void *reserved[16];
};
static_assert(sizeof(PlaneParams) == 232 && offsetof(PlaneParams, bytesPerPix) == 84 &&
              offsetof(PlaneParams, reserved) == 104);

// What both ABIs have of one surface of a batch.
struct Params {
    std::uint32_t width, height, pitch;
    std::int32_t colorFormat, layout;
    std::uint64_t bufferDesc;
    std::uint32_t dataSize;
    void *dataPtr;
    PlaneParams planes;
    void *mappedAddr[kMostPlanes];
    void *eglImage;
};
static_assert(sizeof(Params) == 320 && offsetof(Params, bufferDesc) == 24 && offsetof(Params, dataSize) == 32 &&
              offsetof(Params, dataPtr) == 40 && offsetof(Params, planes) == 48 &&
              offsetof(Params, mappedAddr) == 280 && offsetof(Params, eglImage) == 312);

struct ParamsEx {
    std::int32_t startOfValidData, validBytes;
    // Chroma subsampling (2 or 8 bytes), then whether the content is protected, then plane parameters.
    unsigned char rest[312 - 8];
};
inline constexpr std::size_t kProtectedOld = 10, kProtectedNew = 16; // a bool

struct CudaBuffer {
    void *basePtr, *dataPtr, *extMem, *mipmap;
    void *reserved[8];
};
static_assert(sizeof(CudaBuffer) == 96);

struct OldParams {
    Params common;
    void *mappedReserved[4];
    ParamsEx *paramex;
    void *reserved[3];
};
static_assert(sizeof(OldParams) == 384 && offsetof(OldParams, paramex) == 352);

struct NewParams {
    Params common;
    void *nvmmPtr;
    CudaBuffer *cudaPtr;
    void *mappedReserved[4];
    ParamsEx *paramex;
    CudaBuffer *cudaBuffer;
    void *reserved[4];
};
static_assert(sizeof(NewParams) == 416 && offsetof(NewParams, cudaPtr) == 328 && offsetof(NewParams, paramex) == 368 &&
              offsetof(NewParams, cudaBuffer) == 376);

// What both ABIs have of a batch.
struct Surface {
    std::uint32_t gpuId, batchSize, numFilled;
    bool isContiguous;
    std::int32_t memType;
    void *surfaceList; // OldParams or NewParams, batchSize of them
};
static_assert(sizeof(Surface) == 32 && offsetof(Surface, isContiguous) == 12 && offsetof(Surface, memType) == 16 &&
              offsetof(Surface, surfaceList) == 24);

struct OldSurface {
    Surface common;
    void *reserved[4];
};
static_assert(sizeof(OldSurface) == 64);

struct NewSurface {
    Surface common;
    bool isImported;
    void *reserved[4];
};
static_assert(sizeof(NewSurface) == 72);

// The new ABI adds 32 reserved bytes.
struct CreateParams {
    std::uint32_t gpuId, width, height, size;
    bool isContiguous;
    std::int32_t colorFormat, layout, memType;
};
static_assert(sizeof(CreateParams) == 32 && offsetof(CreateParams, colorFormat) == 20);
struct NewCreateParams {
    CreateParams common;
    void *reserved[4];
};
static_assert(sizeof(NewCreateParams) == 64);

struct DeviceInfo { // new ABI
    std::int32_t driverType;
    bool isVicPresent;
    bool isIntegratedGpu; // 9.1
    std::int32_t platformType;
    unsigned char reserved[60];
};
static_assert(sizeof(DeviceInfo) == 72);

// A batch of either ABI, told at run time.
class Batch {
public:
    Batch(void *surface, bool newAbi) : surface_(static_cast<Surface *>(surface)), newAbi_(newAbi) {}
    Surface &head() const { return *surface_; }
    std::size_t stride() const { return newAbi_ ? sizeof(NewParams) : sizeof(OldParams); }
    std::size_t bytes() const { return newAbi_ ? sizeof(NewSurface) : sizeof(OldSurface); }
    Params &operator[](std::uint32_t i) const
    {
        return *reinterpret_cast<Params *>(static_cast<unsigned char *>(surface_->surfaceList) + i * stride());
    }
    ParamsEx *&extra(std::uint32_t i) const
    {
        return newAbi_ ? reinterpret_cast<NewParams &>((*this)[i]).paramex
                       : reinterpret_cast<OldParams &>((*this)[i]).paramex;
    }

private:
    Surface *surface_;
    bool newAbi_;
};

} // namespace zc::fake_nvbuf
