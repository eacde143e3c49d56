// SPDX-License-Identifier: MIT
// Memory that the CPU can address by GStreamer's own map; with device=cuda, the GPU too, over the bus.
#pragma once

#include "importer.hpp"

namespace zc::gst {

std::unique_ptr<Importer> makeSystemImporter(const ImportSite &site = {});

} // namespace zc::gst
