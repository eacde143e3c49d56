// SPDX-License-Identifier: MIT
// Pictures of known bytes in every arrangement of memories, and what a kernel must make of them.
#pragma once

#include <gst/gst.h>
#include <gst/video/video.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace zc::test {

struct UnrefBuffer {
    void operator()(GstBuffer *buffer) const { gst_buffer_unref(buffer); }
};
using Buffer = std::unique_ptr<GstBuffer, UnrefBuffer>;
using Bytes = std::vector<std::uint8_t>;

enum class Store {
    System,
    Memfd, // poses as a dmabuf
    Mixed, // the first plane in a memfd, the others in system memory
};

enum class Split {
    Together, // one memory
    Apart,    // one memory a plane, each with storage of its own
    OneFile,  // one memory a plane, all through descriptors of one memfd (of Store::Memfd only)
};

struct Arrangement {
    const char *name;
    Store store = Store::System;
    Split split = Split::Together;
    int padding = 0;       // bytes behind each row; they must survive
    int lead = 0;          // bytes of each memory's storage before what the memory shows (mem->offset)
    bool describe = false; // attaches a GstVideoMeta; forced where the layout is not the caps' own
};

// Caps text -> info; the test stops if it does not parse.
GstVideoInfo infoOf(const std::string &caps);

// A buffer with one reference, filled with bytes that depend on `seed` alone.
Buffer makeBuffer(const GstVideoInfo &info, const Arrangement &how, unsigned seed);

// What the memories show, one after another; read without GStreamer's mapping where there is a descriptor.
Bytes bytesOf(GstBuffer *buffer);
// The storage behind each memory too, with what lies before and behind the visible part.
Bytes storageOf(GstBuffer *buffer);

// `bytes` laid out as the buffer's GstVideoMeta (or else the info) says, changed by the tests' own slow kernels.
// `kernel` as the element's property takes it: "adjust,brightness=0.1".
Bytes expected(const std::string &kernel, const GstVideoInfo &info, GstBuffer *layout, Bytes bytes);

// Sets bytes outside the visible picture to zero, so that copies can be compared that need not keep them, and packs
// rows tightly.
Bytes visible(const GstVideoInfo &info, GstBuffer *buffer);

// The biggest difference between two lists of 8-bit samples; 256 if their lengths differ.
int biggestDifference(const Bytes &a, const Bytes &b);

GstMemory *memfdMemory(std::size_t size);

} // namespace zc::test
