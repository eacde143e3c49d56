// SPDX-License-Identifier: MIT
// Turns frames and regions into what the device loops are told.
#pragma once

#include "backend/cuda_entries.hpp"
#include "backend/device_job.hpp"
#include "backend/host_op.hpp"
#include "core/frame.hpp"
#include "runtime/kernel.hpp"

#include <span>

namespace zc::cuda {

// Threads of a grid.
struct Size {
    std::int64_t width = 0, height = 0;
    unsigned frames = 1;
};

// Colour and sample shape; the area is aligned to chroma. `size` and `kind` come back.
device::RowsJob rowsJob(const Frame &frame, const KernelInfo &kernel, const void *args, const Rect &area,
                        RowsKind &kind, Size &size);

// Every channel group of a region, without what differs from pass to pass.
device::FrameJob frameJob(const Frame &frame, const Rect &area);

// Texels that change places. `chunkBytes` (16 or 48) and `size` come back.
device::SwapJob swapJob(const Frame &frame, const Rect &area, int &chunkBytes, Size &size);

// One plane from frame to frame.
device::CopyJob copyJob(const Frame &from, const Frame &to, int plane);

bool isArray(const Frame &frame);

// How many frames, counted from the first, differ from it by nothing but where their memory begins: one launch does
// for all of them. At least 1, at most device::kFrames.
std::size_t countAlike(std::span<const Frame> frames);

// How far the planes of a frame that is alike lie behind those of the first.
std::uint64_t moveOf(const Frame &frame, const Frame &first);

} // namespace zc::cuda
