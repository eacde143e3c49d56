// SPDX-License-Identifier: MIT
// Owners of GStreamer's and GLib's counted things.
#pragma once

#include <gst/gst.h>

#include <memory>

namespace zc::gst {

// One deleter for all: several of GStreamer's unref functions are static inline, so they cannot name a type.
struct Release {
    void operator()(gchar *text) const { g_free(text); }
    void operator()(GstCaps *caps) const { gst_caps_unref(caps); }
    void operator()(GstBuffer *buffer) const { gst_buffer_unref(buffer); }
    void operator()(GstMemory *memory) const { gst_memory_unref(memory); }
    void operator()(GstAllocator *allocator) const { gst_object_unref(allocator); }
    void operator()(GstBufferPool *pool) const { gst_object_unref(pool); }
    void operator()(GstContext *context) const { gst_context_unref(context); }
};

using GCharPtr = std::unique_ptr<gchar, Release>;
using CapsPtr = std::unique_ptr<GstCaps, Release>;
using BufferPtr = std::unique_ptr<GstBuffer, Release>;
using MemoryPtr = std::unique_ptr<GstMemory, Release>;
using AllocatorPtr = std::unique_ptr<GstAllocator, Release>;
using ContextPtr = std::unique_ptr<GstContext, Release>;
using BufferPoolPtr = std::unique_ptr<GstBufferPool, Release>;

} // namespace zc::gst
