// SPDX-License-Identifier: MIT
// Which EGLDisplay belongs to which GPU. No window system is asked: DISPLAY, broken or not, plays no part.
#pragma once

#include "core/status.hpp"
#include "egl/library.hpp"

namespace zc::egl {

// The display of the EGL device that says of itself that it is this CUDA device, initialised. It is shared with whoever
// else in the process asks EGL for that device, and therefore never terminated. Found once per GPU; thread-safe.
Result<Display> displayOfGpu(int gpu);

// The ordinal of the CUDA device that draws on a display of anybody's. Unsupported if there is none: the message names
// the display's vendor. Any thread.
Result<int> gpuOfDisplay(Display display);

} // namespace zc::egl
