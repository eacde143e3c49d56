// SPDX-License-Identifier: MIT
// The plugin's entry point. It runs in the registry scanner, so it touches no driver and no device.
#include "gstcudazerocopy.h"

static gboolean plugin_init(GstPlugin *plugin)
{
    return GST_ELEMENT_REGISTER(cudazerocopy, plugin);
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, cudazerocopy,
                  "Kernels on video frames, in place and without copies", plugin_init, VERSION, "MIT/X11", PACKAGE,
                  GST_PACKAGE_ORIGIN)
