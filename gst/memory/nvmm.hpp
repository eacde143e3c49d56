// SPDX-License-Identifier: MIT
// memory:NVMM: buffers whose memory maps to an NvBufSurface, of whatever allocator. It is only ever mapped for reading,
// since a map for writing may copy the struct, and its pixels are written where it says that they are.
#pragma once

#include "importer.hpp"

namespace zc::gst {

std::unique_ptr<Importer> makeNvmmImporter(const ImportSite &site);

// Whether a buffer under NVMM caps is a frame in a Jetson decoder's own memory, which may go on predicting from it,
// whoever holds it here.
bool isDecoderSurface(GstMemory *memory);

} // namespace zc::gst
