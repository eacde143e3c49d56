// SPDX-License-Identifier: MIT
// The facade over the driver and the CUDA backend.
#include "backend/gpu.hpp"

#include "backend/cuda_backend.hpp"
#include "cuda/driver.hpp"
#include "cuda/modules.hpp"

#include <array>
#include <cstdlib>
#include <unistd.h>

namespace zc {

namespace {

// What a driver needs to reach a GPU: of the kernel module on a PC, of a Jetson, of Windows' subsystem for Linux.
constexpr std::array kNodes = {"/dev/nvidiactl", "/dev/nvhost-gpu", "/dev/nvgpu/igpu0/ctrl", "/dev/dxg"};

bool hasNode()
{
    for (const char *node : kNodes)
        if (access(node, F_OK) == 0)
            return true;
    return false;
}

// As the driver reads it: an empty list, or one that begins with an invalid ordinal.
bool hidesAll(const char *visible)
{
    return visible && (*visible == '\0' || *visible == '-');
}

} // namespace

Result<std::string> findGpu(int device)
{
    const auto opened = cuda::driver();
    if (!opened)
        return opened.status();
    const cuda::Driver &d = *opened.value();
    if (device < 0 || device >= d.devices)
        return Status{Code::NotFound, cuda::noSuchDevice(d, device)};
    cuda::Device handle = 0;
    if (const cuda::DriverResult result = d.deviceGet(&handle, device); result != cuda::kSuccess)
        return cuda::statusOf(result, "cuDeviceGet");
    return cuda::describeDevice(d, handle);
}

std::string whyGpuIsMissing()
{
    // Without the library nothing was meant to use a GPU here.
    if (!cuda::driverIsInstalled() || (hasNode() && !hidesAll(std::getenv("CUDA_VISIBLE_DEVICES"))))
        return {};
    return cuda::driver().status().message();
}

void prefetchGpuKernel(int device, const std::string &name)
{
    cuda::prefetchKernel(device, name);
    cuda::prefetchKernel(device, "device_copy");
}

Result<std::unique_ptr<Backend>> makeGpuBackend(int device, void *context)
{
    CudaOptions options;
    options.device = device;
    options.context = static_cast<cuda::Context>(context);
    return makeCudaBackend(options);
}

} // namespace zc
