// SPDX-License-Identifier: MIT
// A frame's bytes, read without the element under test, and what a kernel must have made of them.
#pragma once

#include <gst/video/video.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace zc::vm {

struct Picture {
    GstVideoInfo info;                       // of the caps
    gsize offset[GST_VIDEO_MAX_PLANES] = {}; // into `bytes`, from the buffer's GstVideoMeta if it has one
    gint stride[GST_VIDEO_MAX_PLANES] = {};
    std::vector<std::uint8_t> bytes; // of all memories, one after the other

    const std::uint8_t *row(guint plane, gint y) const
    {
        return bytes.data() + offset[plane] + gsize(y) * stride[plane];
    }
    gint rows(guint plane) const;
    gint rowBytes(guint plane) const;
};

// Dmabufs are read through a mapping of their own, other memory through GStreamer's; no memory is merged or replaced.
std::vector<std::uint8_t> bytesOf(GstBuffer *buffer);
Picture pictureOf(GstBuffer *buffer, const GstCaps *caps);

// Only what can be seen; padding is left out.
bool samePixels(const Picture &a, const Picture &b);

// NV12, I420, UYVY, GRAY8 and RGBA.
testing::AssertionResult isGrayOf(const Picture &after, const Picture &before);
testing::AssertionResult isInverseOf(const Picture &after, const Picture &before);
testing::AssertionResult isResultOf(const std::string &kernel, const Picture &after, const Picture &before);

} // namespace zc::vm
