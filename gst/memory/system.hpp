// SPDX-License-Identifier: MIT
// Memory that the CPU can address by GStreamer's own map.
#pragma once

#include "importer.hpp"

namespace zc::gst {

std::unique_ptr<Importer> makeSystemImporter();

} // namespace zc::gst
