// SPDX-License-Identifier: MIT
// The part of the CUDA driver's ABI that is used, declared here so that no toolkit is needed to build. Names carry
// the versions that the driver exports; values and layouts are those of cuda.h 11.2 to 13.0.
#pragma once

#include <cstddef>
#include <cstdint>

namespace zc::cuda {

using DriverResult = int; // 0 is success
using Device = int;
using Address = unsigned long long; // CUdeviceptr
using Context = struct ContextTag *;
using Stream = struct StreamTag *;
using Event = struct EventTag *;
using Module = struct ModuleTag *;
using Function = struct FunctionTag *;
using Array = struct ArrayTag *;
using Surface = unsigned long long; // CUsurfObject
using GraphicsResource = struct GraphicsResourceTag *;
struct EglFrame; // CUeglFrame

inline constexpr DriverResult kSuccess = 0;
inline constexpr DriverResult kInvalidValue = 1;
inline constexpr DriverResult kOutOfMemory = 2;
inline constexpr DriverResult kNotInitialized = 3;
inline constexpr DriverResult kDeinitialized = 4;
inline constexpr DriverResult kDeviceUnavailable = 46;
inline constexpr DriverResult kNoDevice = 100;
inline constexpr DriverResult kInvalidContext = 201;
inline constexpr DriverResult kInvalidHandle = 400;
inline constexpr DriverResult kNotReady = 600;
inline constexpr DriverResult kContextIsDestroyed = 709;
inline constexpr DriverResult kHostAlreadyRegistered = 712;
inline constexpr DriverResult kNotSupported = 801;
inline constexpr DriverResult kSystemDriverMismatch = 803;

// CU_DEVICE_ATTRIBUTE_*
inline constexpr int kComputeMajor = 75, kComputeMinor = 76, kIntegrated = 18, kMultiprocessors = 16;
inline constexpr int kSameHostAddresses = 91; // CAN_USE_HOST_POINTER_FOR_REGISTERED_MEM

// CU_POINTER_ATTRIBUTE_*
inline constexpr int kPointerContext = 1, kPointerMemoryType = 2, kPointerOrdinal = 9;

// CU_MEMORYTYPE_*
inline constexpr unsigned kMemoryHost = 1, kMemoryDevice = 2, kMemoryArray = 3;

// CU_STREAM_DEFAULT is ordered with the legacy default stream, which GStreamer before 1.24 copies on.
inline constexpr unsigned kStreamDefault = 0;
// CU_EVENT_DEFAULT takes the time; CU_EVENT_BLOCKING_SYNC: the waiting thread sleeps.
inline constexpr unsigned kEventTiming = 0;
inline constexpr unsigned kEventBlocking = 1, kEventNoTiming = 2;
// CU_MEMHOSTREGISTER_PORTABLE | DEVICEMAP; READ_ONLY for pages that the CPU itself may only read, which are refused
// without it.
inline constexpr unsigned kHostRegister = 1 | 2;
inline constexpr unsigned kHostRegisterReadOnly = 8;

struct Memcpy2D { // CUDA_MEMCPY2D
    std::size_t srcXInBytes, srcY;
    unsigned srcMemoryType;
    const void *srcHost;
    Address srcDevice;
    Array srcArray;
    std::size_t srcPitch;
    std::size_t dstXInBytes, dstY;
    unsigned dstMemoryType;
    void *dstHost;
    Address dstDevice;
    Array dstArray;
    std::size_t dstPitch;
    std::size_t widthInBytes, height;
};
static_assert(sizeof(Memcpy2D) == 128);

struct ArrayDescriptor { // CUDA_ARRAY3D_DESCRIPTOR
    std::size_t width, height, depth;
    unsigned format, channels, flags;
};
inline constexpr unsigned kArrayUint8 = 1, kArrayUint16 = 2, kArrayUint32 = 3, kArraySurface = 2;

struct ResourceDescriptor { // CUDA_RESOURCE_DESC, array resources only
    unsigned type;          // 0 = array
    union {
        Array array;
        int reserved[32];
    };
    unsigned flags;
};
static_assert(sizeof(ResourceDescriptor) == 144);

} // namespace zc::cuda
