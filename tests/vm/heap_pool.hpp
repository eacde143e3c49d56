// SPDX-License-Identifier: MIT
// A downstream that proposes a pool of dmabufs.
#pragma once

#include <gst/gst.h>

namespace zc::vm {

// Allocates NV12 frames of source.hpp's size from a dma-heap. Transfer: full.
GstBufferPool *newHeapPool();

// Answers every allocation query at the pad with the pool, which must outlive the pad.
void proposePool(GstPad *sink, GstBufferPool *pool);

} // namespace zc::vm
