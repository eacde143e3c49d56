// SPDX-License-Identifier: MIT
// The facade over the driver and the CUDA backend.
#include "backend/gpu.hpp"

#include "backend/cuda_backend.hpp"
#include "cuda/driver.hpp"
#include "cuda/modules.hpp"

namespace zc {

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
    return cuda::driver().status().message();
}

bool gpuDriverIsInstalled()
{
    return cuda::driverIsInstalled();
}

void prefetchGpuKernel(int device, const std::string &name)
{
    cuda::prefetchKernel(device, name);
    cuda::prefetchKernel(device, "device_copy");
}

Result<std::unique_ptr<Backend>> makeGpuBackend(int device, void *context, const Interrupt &interrupt)
{
    CudaOptions options;
    options.device = device;
    options.context = static_cast<cuda::Context>(context);
    options.interrupt = &interrupt;
    return makeCudaBackend(options);
}

} // namespace zc
