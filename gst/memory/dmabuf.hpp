// SPDX-License-Identifier: MIT
// Dmabufs for the CPU; with device=cuda, for the GPU through a mapping of the CPU that is pinned.
#pragma once

#include "importer.hpp"

namespace zc::gst {

std::unique_ptr<Importer> makeDmabufImporter(const ImportSite &site = {});

} // namespace zc::gst
