// SPDX-License-Identifier: MIT
// Dmabufs for the CPU.
#pragma once

#include "importer.hpp"

namespace zc::gst {

std::unique_ptr<Importer> makeDmabufImporter();

} // namespace zc::gst
