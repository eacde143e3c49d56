// SPDX-License-Identifier: MIT
// Turns frames and regions into what the device loops are told.
#pragma once

#include "backend/device_job.hpp"
#include "backend/host_op.hpp"
#include "core/frame.hpp"

namespace zc::cuda {

// Normalisation of this frame's code values.
device::Codes codesOf(const Frame &frame);

// Everything but the plan: where the samples lie, how words are taken apart. The area is aligned to chroma.
device::RowsJob rowsJob(const Frame &frame, const Rect &area);

// The suffix of the entry points that suit the frame: "8", "16", "24", "32" or "422" for colour, less for sample.
const char *rowsKind(const FormatInfo &info, Shape shape);

// One channel group of one region; passes fill in the rest.
device::PassJob passJob(const Frame &frame, const host::Group &group, int plane, const Area &area);

bool isArray(const Frame &frame);

} // namespace zc::cuda
