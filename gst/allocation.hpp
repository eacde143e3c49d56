// SPDX-License-Identifier: MIT
// What the element changes in downstream's answer to upstream's allocation query.
#pragma once

#include <gst/gst.h>

namespace zc::gst {

// Whoever fills downstream's pool shares it with the copies that are made out of it (`mayCopy`), so they are added to
// the first pool. Under DMABuf caps the system allocator is of no use to anybody and is struck off; what a pool would
// yield cannot be told before it is configured. System memory that a GPU is to pin (`pins`) is asked for in pages of
// its own. No pool is added: downstream is who receives these buffers.
void adjustAllocation(GstQuery *query, bool mayCopy, bool pins);

} // namespace zc::gst
