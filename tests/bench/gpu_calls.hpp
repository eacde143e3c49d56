// SPDX-License-Identifier: MIT
// How often the program, and every library in it, has called the CUDA driver's functions that cost time or memory.
#pragma once

namespace zc::bench {

enum class DriverCall { Allocation, Import, ModuleLoad, Copy, Wait, Count };

// Since the program began. Any thread. Counts only callers that asked dlsym() for the function, as this library,
// GStreamer and GLib do.
long driverCalls(DriverCall kind);

} // namespace zc::bench
