// SPDX-License-Identifier: MIT
// The machine: driver, GPUs, names of errors.
#include "state.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace zc::fake {

namespace {

int numberFrom(const char *variable, int otherwise)
{
    const char *text = std::getenv(variable);
    return text && *text ? std::atoi(text) : otherwise;
}

// As the real driver: ordinals up to the first that does not exist; "" hides all.
int visible(int count)
{
    const char *text = std::getenv("CUDA_VISIBLE_DEVICES");
    if (!text)
        return count;
    int seen = 0;
    while (*text != '\0') {
        char *end = nullptr;
        const long ordinal = std::strtol(text, &end, 10);
        if (end == text || ordinal < 0 || ordinal >= count)
            break;
        ++seen;
        text = *end == ',' ? end + 1 : end;
    }
    return seen;
}

// CU_DEVICE_ATTRIBUTE_* of a GPU of compute capability `compute`, 90 for 9.0; what is not here is 0.
std::map<int, int> attributesOf(int compute)
{
    return {{1, 1024}, // threads of a block
            {2, 1024}, // along x, y, z
            {3, 1024},
            {4, 64},
            {5, 2147483647}, // blocks of a grid along x, y, z
            {6, 65535},
            {7, 65535},
            {8, 49152},     // shared bytes of a block
            {10, 32},       // warp
            {13, 1980000},  // clock in kHz
            {14, 512},      // texture alignment
            {16, 132},      // multiprocessors
            {19, 1},        // can map host memory
            {36, 2619000},  // memory clock in kHz
            {37, 5120},     // bus width
            {38, 52428800}, // L2 bytes
            {40, 2},        // copy engines
            {41, 1},        // unified addressing
            {51, 32},       // texture pitch alignment
            {75, compute / 10},
            {76, compute % 10},
            {91, 1},   // registered host memory has the host's address
            {99, 1},   // host registration
            {113, 1}}; // for reading only
}

struct ErrorName {
    int error;
    const char *name, *text;
};

constexpr ErrorName kErrors[] = {
    {0, "CUDA_SUCCESS", "no error"},
    {1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {4, "CUDA_ERROR_DEINITIALIZED", "driver shutting down"},
    {46, "CUDA_ERROR_DEVICE_UNAVAILABLE", "CUDA-capable device(s) is/are busy or unavailable"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {200, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {209, "CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available for execution on the device"},
    {214, "CUDA_ERROR_ECC_UNCORRECTABLE", "uncorrectable ECC error encountered"},
    {218, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {220, "CUDA_ERROR_NVLINK_UNCORRECTABLE", "uncorrectable NVLink error detected during the execution"},
    {221, "CUDA_ERROR_JIT_COMPILER_NOT_FOUND", "PTX JIT compiler library not found"},
    {222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "the provided PTX was compiled with an unsupported toolchain."},
    {226, "CUDA_ERROR_CONTAINED", "contained exception"},
    {400, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {500, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {600, "CUDA_ERROR_NOT_READY", "device not ready"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"},
    {702, "CUDA_ERROR_LAUNCH_TIMEOUT", "the launch timed out and was terminated"},
    {704, "CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED", "peer access is already enabled"},
    {705, "CUDA_ERROR_PEER_ACCESS_NOT_ENABLED", "peer access has not been enabled"},
    {709, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed"},
    {710, "CUDA_ERROR_ASSERT", "device-side assert triggered"},
    {712, "CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED", "part or all of the requested memory range is already mapped"},
    {713, "CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED", "pointer does not correspond to a registered memory region"},
    {714, "CUDA_ERROR_HARDWARE_STACK_ERROR", "hardware stack error"},
    {715, "CUDA_ERROR_ILLEGAL_INSTRUCTION", "an illegal instruction was encountered"},
    {716, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {717, "CUDA_ERROR_INVALID_ADDRESS_SPACE", "operation not supported on global/shared address space"},
    {718, "CUDA_ERROR_INVALID_PC", "invalid program counter"},
    {719, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {721, "CUDA_ERROR_TENSOR_MEMORY_LEAK", "tensor memory was not given back"},
    {800, "CUDA_ERROR_NOT_PERMITTED", "operation not permitted"},
    {801, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {802, "CUDA_ERROR_SYSTEM_NOT_READY", "system not yet initialized"},
    {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "system has unsupported display driver / cuda driver combination"},
    {810, "CUDA_ERROR_MPS_CLIENT_TERMINATED", "MPS client has been terminated"},
    {911, "CUDA_ERROR_EXTERNAL_DEVICE", "an asynchronous error has occurred in an external entity"},
    {999, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

const ErrorName *findError(int error)
{
    for (const ErrorName &one : kErrors)
        if (one.error == error)
            return &one;
    return nullptr;
}

bool known(int device)
{
    return device >= 0 && device < state().deviceCount;
}

} // namespace

void configure(State &s)
{
    s.driverVersion = numberFrom("FAKE_CUDA_DRIVER", 13000);
    s.deviceCount = visible(numberFrom("FAKE_CUDA_DEVICES", 1));
    for (int i = 0; i < 16; ++i) {
        s.devices[i].name = "Stand-in GPU " + std::to_string(i);
        s.devices[i].attributes = attributesOf(numberFrom("FAKE_CUDA_COMPUTE", 90));
    }
    if (applyRules(s, std::getenv("FAKE_CUDA_FAIL")) != 0) {
        std::fprintf(stderr, "fake_cuda: FAKE_CUDA_FAIL=\"%s\" is not NAME[:N]=ERROR or #N=ERROR\n",
                     std::getenv("FAKE_CUDA_FAIL"));
        std::exit(2);
    }
}

} // namespace zc::fake

using namespace zc::fake;

FAKE_EXPORT int cuInit(unsigned flags)
{
    return call(__func__, kBeforeInit | kSurvivesLoss, [&] {
        if (flags != 0)
            return kInvalidValue;
        if (state().deviceCount == 0)
            return kNoDevice;
        state().initialised = true;
        return kSuccess;
    });
}

FAKE_EXPORT int cuDriverGetVersion(int *version)
{
    return call(__func__, kBeforeInit | kSurvivesLoss, [&] {
        if (!version)
            return kInvalidValue;
        *version = state().driverVersion;
        return kSuccess;
    });
}

FAKE_EXPORT int cuDeviceGetCount(int *count)
{
    return call(__func__, kSurvivesLoss, [&] {
        if (!count)
            return kInvalidValue;
        *count = state().deviceCount;
        return kSuccess;
    });
}

FAKE_EXPORT int cuDeviceGet(int *device, int ordinal)
{
    return call(__func__, kSurvivesLoss, [&] {
        if (!device)
            return kInvalidValue;
        if (!known(ordinal))
            return kInvalidDevice;
        *device = ordinal;
        return kSuccess;
    });
}

FAKE_EXPORT int cuDeviceGetName(char *name, int length, int device)
{
    return call(__func__, kSurvivesLoss, [&] {
        if (!name || length <= 0)
            return kInvalidValue;
        if (!known(device))
            return kInvalidDevice;
        std::snprintf(name, static_cast<std::size_t>(length), "%s", state().devices[device].name.c_str());
        return kSuccess;
    });
}

FAKE_EXPORT int cuDeviceGetAttribute(int *value, int attribute, int device)
{
    return call(__func__, kSurvivesLoss, [&] {
        if (!value)
            return kInvalidValue;
        if (!known(device))
            return kInvalidDevice;
        const auto &attributes = state().devices[device].attributes;
        const auto it = attributes.find(attribute);
        *value = it == attributes.end() ? 0 : it->second;
        return kSuccess;
    });
}

FAKE_EXPORT int cuDeviceGetUuid(void *uuid, int device)
{
    return call(__func__, kSurvivesLoss, [&] {
        if (!uuid)
            return kInvalidValue;
        if (!known(device))
            return kInvalidDevice;
        std::memset(uuid, 0x10 + device, 16);
        return kSuccess;
    });
}

FAKE_EXPORT int cuDeviceGetUuid_v2(void *uuid, int device)
{
    return cuDeviceGetUuid(uuid, device);
}

FAKE_EXPORT int cuDeviceTotalMem_v2(std::size_t *bytes, int device)
{
    return call(__func__, kSurvivesLoss, [&] {
        if (!bytes)
            return kInvalidValue;
        if (!known(device))
            return kInvalidDevice;
        *bytes = std::size_t{8} << 30;
        return kSuccess;
    });
}

FAKE_EXPORT int cuDeviceGetPCIBusId(char *text, int length, int device)
{
    return call(__func__, kSurvivesLoss, [&] {
        if (!text || length <= 0)
            return kInvalidValue;
        if (!known(device))
            return kInvalidDevice;
        std::snprintf(text, static_cast<std::size_t>(length), "0000:%02x:00.0", device + 1);
        return kSuccess;
    });
}

FAKE_EXPORT int cuGetErrorName(int error, const char **text)
{
    return call(__func__, kPure, [&] {
        const ErrorName *found = findError(error);
        *text = found ? found->name : nullptr;
        return found ? kSuccess : kInvalidValue;
    });
}

FAKE_EXPORT int cuGetErrorString(int error, const char **text)
{
    return call(__func__, kPure, [&] {
        const ErrorName *found = findError(error);
        *text = found ? found->text : nullptr;
        return found ? kSuccess : kInvalidValue;
    });
}

FAKE_EXPORT void zc_fake_set_devices(int count)
{
    const std::lock_guard lock(state().mutex);
    state().deviceCount = count;
}

FAKE_EXPORT void zc_fake_set_driver_version(int version)
{
    const std::lock_guard lock(state().mutex);
    state().driverVersion = version;
}

FAKE_EXPORT void zc_fake_set_attribute(int device, int attribute, int value)
{
    const std::lock_guard lock(state().mutex);
    state().devices[device].attributes[attribute] = value;
}

FAKE_EXPORT void zc_fake_set_name(int device, const char *name)
{
    const std::lock_guard lock(state().mutex);
    state().devices[device].name = name;
}
