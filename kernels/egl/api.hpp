// SPDX-License-Identifier: MIT
// The part of EGL's ABI that is used, declared here so that nothing of EGL is needed to build. Values are those of the
// Khronos registry.
#pragma once

#include <cstdint>

namespace zc::egl {

using Boolean = unsigned;
using Int = std::int32_t;
using Attrib = std::intptr_t;
using Display = struct DisplayTag *;
using Device = struct DeviceTag *;
using Image = struct ImageTag *;
using ClientBuffer = void *;

inline constexpr Int kNone = 0x3038;
inline constexpr Int kSuccess = 0x3000, kVendor = 0x3053, kExtensions = 0x3055, kTrue = 1;

// EGL_EXT_platform_device, EGL_EXT_device_query, EGL_NV_device_cuda, EGL_EXT_device_drm
inline constexpr unsigned kPlatformDevice = 0x313f;
inline constexpr Int kDeviceOfDisplay = 0x322c, kCudaDevice = 0x323a, kDrmDeviceFile = 0x3233;

// EGL_KHR_image_base
inline constexpr Int kImagePreserved = 0x30d2, kWidth = 0x3057, kHeight = 0x3056;

// EGL_EXT_image_dma_buf_import, and its _modifiers
inline constexpr unsigned kLinuxDmabuf = 0x3270;
inline constexpr Int kFourcc = 0x3271;
inline constexpr Int kPlaneFd[4] = {0x3272, 0x3275, 0x3278, 0x3440};
inline constexpr Int kPlaneOffset[4] = {0x3273, 0x3276, 0x3279, 0x3441};
inline constexpr Int kPlanePitch[4] = {0x3274, 0x3277, 0x327a, 0x3442};
inline constexpr Int kPlaneModifierLow[4] = {0x3443, 0x3445, 0x3447, 0x3449};
inline constexpr Int kPlaneModifierHigh[4] = {0x3444, 0x3446, 0x3448, 0x344a};

} // namespace zc::egl
