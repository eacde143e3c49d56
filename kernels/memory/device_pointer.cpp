// SPDX-License-Identifier: MIT
// Pointer attributes, asked one by one, since not all drivers answer each of them.
#include "memory/device_pointer.hpp"

#include "cuda/handles.hpp"

#include <cstdio>
#include <string>

namespace zc {
namespace {

constexpr int kRangeStart = 11, kRangeSize = 12; // CU_POINTER_ATTRIBUTE_RANGE_*

std::string hex(const void *data)
{
    char text[32];
    (void)std::snprintf(text, sizeof text, "%p", data);
    return text;
}

template <class T> bool ask(T &value, int attribute, cuda::Address address)
{
    return cuda::driverIfOpen()->pointerGetAttribute(&value, attribute, address) == cuda::kSuccess;
}

Status foreign(const std::string &what)
{
    return {Code::Access, what};
}

// What lies behind the address, where the driver tells.
Status checkRange(cuda::Address address, std::uint64_t bytes)
{
    cuda::Address start = 0;
    std::size_t size = 0;
    if (!ask(start, kRangeStart, address) || !ask(size, kRangeSize, address) || size == 0)
        return {};
    const std::uint64_t left = address >= start && address - start < size ? size - (address - start) : 0;
    if (bytes <= left)
        return {};
    return foreign("the picture needs " + std::to_string(bytes) + " bytes of GPU memory, but only " +
                   std::to_string(left) + " were allocated behind its address");
}

} // namespace

bool isKnownPointer(HostGpu &gpu, const void *data)
{
    unsigned type = 0;
    return data != nullptr && gpu.context() && cuda::need(*cuda::driverIfOpen(), cuda::Group::Pointers) &&
           ask(type, cuda::kPointerMemoryType, reinterpret_cast<cuda::Address>(data));
}

Status checkPointer(HostGpu &gpu, const void *data, std::uint64_t bytes, PointerUse use)
{
    const auto primary = gpu.context();
    if (!primary)
        return primary.status();
    if (Status status = cuda::need(*cuda::driverIfOpen(), cuda::Group::Pointers); !status)
        return status;
    const auto address = reinterpret_cast<cuda::Address>(data);
    unsigned type = 0;
    if (!ask(type, cuda::kPointerMemoryType, address))
        return foreign("the CUDA driver does not know the address " + hex(data) +
                       ": it was freed, or is no memory of CUDA");
    if (use == PointerUse::DeviceMemory) {
        int ordinal = gpu.device();
        (void)ask(ordinal, cuda::kPointerOrdinal, address);
        if (ordinal != gpu.device())
            return foreign("the memory lies on GPU " + std::to_string(ordinal) + ", but is said to lie on GPU " +
                           std::to_string(gpu.device()));
        if (type != cuda::kMemoryDevice)
            return foreign("the address " + hex(data) + " is no memory of a GPU (CUDA's memory type " +
                           std::to_string(type) + ")");
        void *context = nullptr;
        (void)ask(context, cuda::kPointerContext, address);
        if (context != nullptr && context != primary.value())
            return foreign("the memory belongs to a CUDA context of its own; expected the primary one of GPU " +
                           std::to_string(gpu.device()) + ", as DeepStream and the CUDA runtime use it");
    }
    return checkRange(address, bytes);
}

} // namespace zc
