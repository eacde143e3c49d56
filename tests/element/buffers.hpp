// SPDX-License-Identifier: MIT
// Caps, memories and buffers for the tests of the plugin's parts.
#pragma once

#include "caps.hpp"
#include "gst_ptr.hpp"
#include "memfd.hpp"

#include <gst/allocators/gstdmabuf.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace zc::gst::test {

inline CapsPtr capsFrom(const std::string &text)
{
    return CapsPtr(gst_caps_from_string(text.c_str()));
}

inline Negotiated negotiate(const std::string &text)
{
    const CapsPtr caps = capsFrom(text);
    const Result<Negotiated> result = parseCaps(caps.get());
    EXPECT_TRUE(result.ok()) << text << ": " << result.status().message();
    return result.ok() ? result.value() : Negotiated{};
}

inline Negotiated negotiateSize(const char *format, int width, int height)
{
    return negotiate(std::string("video/x-raw,format=") + format + ",width=" + std::to_string(width) +
                     ",height=" + std::to_string(height) + ",framerate=30/1");
}

inline GstMemory *systemMemory(gsize size)
{
    return gst_allocator_alloc(nullptr, size, nullptr);
}

// Takes the descriptor. To GStreamer this is a dmabuf; the kernel answers ENOTTY to the sync ioctl.
inline GstMemory *dmabufMemory(UniqueFd fd, gsize size)
{
    GstAllocator *allocator = gst_dmabuf_allocator_new();
    GstMemory *memory = gst_dmabuf_allocator_alloc(allocator, fd.release(), size);
    gst_object_unref(allocator);
    return memory;
}

inline GstMemory *dmabufMemory(gsize size)
{
    return dmabufMemory(zc::test::makeMemfd(size), size);
}

// Takes the descriptor. A file that does not pose as a dmabuf, as unixfdsrc and pipewiresrc make them.
inline GstMemory *fdMemory(UniqueFd fd, gsize size)
{
    GstAllocator *allocator = gst_fd_allocator_new();
    GstMemory *memory = gst_fd_allocator_alloc(allocator, fd.release(), size, GST_FD_MEMORY_FLAG_NONE);
    gst_object_unref(allocator);
    return memory;
}

// Takes the memories.
inline BufferPtr bufferOf(std::initializer_list<GstMemory *> memories)
{
    BufferPtr buffer(gst_buffer_new());
    for (GstMemory *memory : memories)
        gst_buffer_append_memory(buffer.get(), memory);
    return buffer;
}

inline bool contains(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

} // namespace zc::gst::test
