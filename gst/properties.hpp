// SPDX-License-Identifier: MIT
// The table of the element's properties: names, ranges, defaults, descriptions.
#pragma once

#include <gst/gst.h>

namespace zc::gst {

// Ids of GObject, which start at 1.
enum class Property : guint {
    Kernel = 1,
    Params,
    Device,
    CudaDeviceId,
    GpuId,
    ZeroCopy,
    OnShared,
    Region,
    RegionsFrom,
    RegionGrow,
    NvdsClasses,
    UniqueId,
    ConfigFile,
    Stats,
};

// For a class_init; the class must have its set_property and get_property.
void installProperties(GObjectClass *klass);

} // namespace zc::gst
