// SPDX-License-Identifier: MIT
// The debug categories of the plugin.
#include "log.hpp"

#include "core/log.hpp"

namespace zc::gst {

GstDebugCategory *logElement;
GstDebugCategory *logImport;
GstDebugCategory *logKernel;
GstDebugCategory *logCopies;

namespace {

// What the kernel layer says about code that it compiles or loads.
void logFromKernels(LogLevel level, const char *text)
{
    const GstDebugLevel of = level == LogLevel::Warning ? GST_LEVEL_WARNING
                             : level == LogLevel::Info  ? GST_LEVEL_INFO
                                                        : GST_LEVEL_DEBUG;
    GST_CAT_LEVEL_LOG(logKernel, of, nullptr, "%s", text);
}

} // namespace

void initLog()
{
    GST_DEBUG_CATEGORY_INIT(logElement, "cudazerocopy", 0, "in-place kernels on video buffers");
    GST_DEBUG_CATEGORY_INIT(logImport, "cudazerocopy-import", 0, "cudazerocopy: memory made addressable");
    GST_DEBUG_CATEGORY_INIT(logKernel, "cudazerocopy-kernel", 0, "cudazerocopy: kernels and parameters");
    GST_DEBUG_CATEGORY_GET(logCopies, "GST_PERFORMANCE");
    setLogSink(logFromKernels);
}

} // namespace zc::gst
