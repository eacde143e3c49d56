// SPDX-License-Identifier: MIT
// Owners of what the driver hands out.
#include "cuda/handles.hpp"

namespace zc::cuda {

Result<PrimaryContext> PrimaryContext::retain(int ordinal)
{
    const auto found = driver();
    if (!found)
        return found.status();
    const Driver &d = *found.value();
    if (ordinal < 0 || ordinal >= d.devices)
        return Status{Code::InvalidArgument, noSuchDevice(d, ordinal)};
    Device device = 0;
    if (const DriverResult result = d.deviceGet(&device, ordinal); result != kSuccess)
        return statusOf(result, "cuDeviceGet");
    Context context = nullptr;
    if (const DriverResult result = d.primaryCtxRetain(&context, device); result != kSuccess)
        return statusOf(result, "cuDevicePrimaryCtxRetain");
    return PrimaryContext(context, device);
}

Result<OwnedStream> makeStream(Context context)
{
    Stream stream = nullptr;
    if (const DriverResult result = driverIfOpen()->streamCreate(&stream, kStreamDefault); result != kSuccess)
        return statusOf(result, "cuStreamCreate");
    return OwnedStream(context, stream);
}

Result<OwnedEvent> makeEvent(Context context, unsigned flags)
{
    Event event = nullptr;
    if (const DriverResult result = driverIfOpen()->eventCreate(&event, flags); result != kSuccess)
        return statusOf(result, "cuEventCreate");
    return OwnedEvent(context, event);
}

Result<DeviceMemory> allocate(Context context, std::size_t bytes)
{
    Address address = 0;
    if (const DriverResult result = driverIfOpen()->memAlloc(&address, bytes); result != kSuccess)
        return statusOf(result, "cuMemAlloc of " + std::to_string(bytes) + " bytes");
    return DeviceMemory(context, address);
}

} // namespace zc::cuda
