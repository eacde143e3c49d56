// SPDX-License-Identifier: MIT
// The device platform of EGL, matched with CUDA's devices.
#include "egl/display.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace zc::egl {

namespace {

constexpr std::size_t kMostDevices = 64;

std::optional<int> ordinalOf(const Library &egl, Device device)
{
    Attrib ordinal = 0;
    const bool known = hasExtension(egl.queryDeviceString(device, kExtensions), "EGL_NV_device_cuda") &&
                       egl.queryDeviceAttrib(device, kCudaDevice, &ordinal) != 0;
    return known ? std::optional<int>(static_cast<int>(ordinal)) : std::nullopt;
}

bool canAskDevices(const Library &egl)
{
    return egl.queryDeviceAttrib != nullptr && egl.queryDeviceString != nullptr;
}

// "EGL has 2 devices: CUDA device 0, one without CUDA"
std::string describe(const Library &egl, const Device *devices, Int count)
{
    std::string text = "EGL has " + std::to_string(count) + (count == 1 ? " device" : " devices");
    for (Int i = 0; i < count; ++i) {
        const auto ordinal = ordinalOf(egl, devices[i]);
        text += i == 0 ? ": " : ", ";
        text += ordinal ? "CUDA device " + std::to_string(*ordinal) : std::string("one without CUDA");
    }
    return text;
}

Result<Display> open(const Library &egl, int gpu)
{
    const char *client = egl.queryString(nullptr, kExtensions);
    const bool enumerates =
        hasExtension(client, "EGL_EXT_device_base") || hasExtension(client, "EGL_EXT_device_enumeration");
    if (!enumerates || !hasExtension(client, "EGL_EXT_platform_device") || !canAskDevices(egl) ||
        egl.queryDevices == nullptr || egl.getPlatformDisplay == nullptr)
        return Status{Code::Unsupported,
                      "libEGL.so.1 has no EGL_EXT_platform_device, with which a GPU is found without "
                      "a window system; the EGL of NVIDIA's driver has it (GLVND finds that by a "
                      "file in glvnd/egl_vendor.d or by __EGL_VENDOR_LIBRARY_FILENAMES)"};
    std::array<Device, kMostDevices> devices{};
    Int count = 0;
    if (egl.queryDevices(static_cast<Int>(devices.size()), devices.data(), &count) == 0)
        return Status{Code::Unsupported, "eglQueryDevicesEXT failed: " + errorName(egl.getError())};
    const Device *begin = devices.data(), *end = begin + std::clamp<Int>(count, 0, static_cast<Int>(devices.size()));
    const auto *found = std::find_if(begin, end, [&](Device d) { return ordinalOf(egl, d) == gpu; });
    if (found == end)
        return Status{Code::NotFound, "no EGL device is GPU " + std::to_string(gpu) +
                                          " of CUDA: " + describe(egl, begin, static_cast<Int>(end - begin)) +
                                          "; the EGL of NVIDIA's driver is needed (GLVND finds it by a file in "
                                          "glvnd/egl_vendor.d or by __EGL_VENDOR_LIBRARY_FILENAMES)"};
    const Display display = egl.getPlatformDisplay(kPlatformDevice, *found, nullptr);
    if (display == nullptr || egl.initialize(display, nullptr, nullptr) == 0)
        return Status{Code::Access, "the EGL display of GPU " + std::to_string(gpu) + " cannot be opened: " +
                                        errorName(egl.getError()) + "; /dev/nvidia* must be readable and writable"};
    return display;
}

} // namespace

Result<Display> displayOfGpu(int gpu)
{
    static auto &mutex = *new std::mutex;
    static auto &known = *new std::map<int, Display>;
    const auto egl = library();
    if (!egl)
        return egl.status();
    static unsigned generation = 0;
    const std::lock_guard lock(mutex);
    if (const unsigned current = libraryGeneration(); current != generation) {
        generation = current;
        known.clear();
    }
    if (const auto it = known.find(gpu); it != known.end())
        return it->second;
    auto opened = open(*egl.value(), gpu);
    if (opened)
        known.emplace(gpu, opened.value());
    return opened;
}

Result<int> gpuOfDisplay(Display display)
{
    const auto found = library();
    if (!found)
        return found.status();
    const Library &egl = *found.value();
    Attrib device = 0;
    // Whoever made the display may not have opened it yet, and an open one stays as it is.
    const bool told = egl.initialize(display, nullptr, nullptr) != 0 && canAskDevices(egl) &&
                      egl.queryDisplayAttrib != nullptr &&
                      egl.queryDisplayAttrib(display, kDeviceOfDisplay, &device) != 0 && device != 0;
    const auto ordinal = told ? ordinalOf(egl, reinterpret_cast<Device>(device)) : std::nullopt;
    if (ordinal)
        return *ordinal;
    const char *vendor = egl.queryString(display, kVendor);
    return Status{Code::Unsupported, std::string("the EGL display is of vendor \"") +
                                         (vendor != nullptr ? vendor : "unknown") +
                                         "\" and tells of no CUDA device; expected one of NVIDIA's driver"};
}

} // namespace zc::egl
