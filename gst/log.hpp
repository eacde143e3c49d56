// SPDX-License-Identifier: MIT
// The debug categories of the plugin, all made by initLog().
#pragma once

#include <gst/gst.h>

namespace zc::gst {

extern GstDebugCategory *logElement; // "cudazerocopy"
extern GstDebugCategory *logImport;  // "cudazerocopy-import": memory becoming addressable
extern GstDebugCategory *logKernel;  // "cudazerocopy-kernel": kernels and their parameters
extern GstDebugCategory *logCopies;  // core's GST_PERFORMANCE, where every copy of pixels is reported

void initLog();

} // namespace zc::gst
