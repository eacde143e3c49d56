// SPDX-License-Identifier: MIT
// The debug categories of the plugin.
#include "log.hpp"

namespace zc::gst {

GstDebugCategory *logElement;
GstDebugCategory *logImport;
GstDebugCategory *logKernel;
GstDebugCategory *logCopies;

void initLog()
{
    GST_DEBUG_CATEGORY_INIT(logElement, "cudazerocopy", 0, "in-place kernels on video buffers");
    GST_DEBUG_CATEGORY_INIT(logImport, "cudazerocopy-import", 0, "cudazerocopy: memory made addressable");
    GST_DEBUG_CATEGORY_INIT(logKernel, "cudazerocopy-kernel", 0, "cudazerocopy: kernels and parameters");
    GST_DEBUG_CATEGORY_GET(logCopies, "GST_PERFORMANCE");
}

} // namespace zc::gst
