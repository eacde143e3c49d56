// SPDX-License-Identifier: MIT
// The only file that may test GStreamer's version.
#pragma once

#include <gst/gst.h>

// What gstcuda can do. Its ABI changes between minor versions, so these hold only where the running one is the built
// one.
#if GST_CHECK_VERSION(1, 24, 0)
#define ZC_GST_CUDA_STREAMS                                                                                            \
    1 // memory carries the stream that work on it is queued on; memory can wrap foreign pointers
#endif

namespace zc::gst {

inline constexpr guint kBuiltMajor = GST_VERSION_MAJOR;
inline constexpr guint kBuiltMinor = GST_VERSION_MINOR;
inline constexpr bool kCudaHoldsP012 = GST_CHECK_VERSION(1, 24, 0);

} // namespace zc::gst
