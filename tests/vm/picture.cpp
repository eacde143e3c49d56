// SPDX-License-Identifier: MIT
// Reading of frames, and the two kernels written a second time, byte by byte.
#include "picture.hpp"

#include <gst/allocators/gstdmabuf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <sys/mman.h>

namespace zc::vm {
namespace {

void appendDmabuf(GstMemory *memory, std::vector<std::uint8_t> &bytes)
{
    gsize offset = 0, whole = 0;
    const gsize size = gst_memory_get_sizes(memory, &offset, &whole);
    void *address = mmap(nullptr, whole, PROT_READ, MAP_SHARED, gst_dmabuf_memory_get_fd(memory), 0);
    if (address == MAP_FAILED) {
        ADD_FAILURE() << "a dmabuf of " << whole << " bytes cannot be mapped: " << std::strerror(errno);
        return;
    }
    const auto *start = static_cast<const std::uint8_t *>(address) + offset;
    bytes.insert(bytes.end(), start, start + size);
    munmap(address, whole);
}

// GStreamer before 1.24 cannot read DMA_DRM caps, so they are put into the older words.
GstCaps *withPixelFormat(const GstCaps *caps)
{
    static constexpr const char *kNames[][2] = {{"NV12", "NV12"}, {"YU12", "I420"}, {"UYVY", "UYVY"}, {"AB24", "RGBA"}};
    GstCaps *copy = gst_caps_copy(caps);
    GstStructure *structure = gst_caps_get_structure(copy, 0);
    if (g_strcmp0(gst_structure_get_string(structure, "format"), "DMA_DRM") != 0)
        return copy;
    const std::string drm = gst_structure_get_string(structure, "drm-format");
    for (const auto &name : kNames) {
        if (drm == name[0])
            gst_structure_set(structure, "format", G_TYPE_STRING, name[1], nullptr);
    }
    gst_structure_remove_field(structure, "drm-format");
    return copy;
}

// What one byte of a picture is; grey and each colour of RGBA count as luma.
enum class Sample { Luma, Chroma, Alpha };

Sample sampleAt(GstVideoFormat format, guint plane, gint x)
{
    switch (format) {
    case GST_VIDEO_FORMAT_UYVY:
        return x % 2 == 0 ? Sample::Chroma : Sample::Luma;
    case GST_VIDEO_FORMAT_RGBA:
        return x % 4 == 3 ? Sample::Alpha : Sample::Luma;
    default:
        return plane == 0 ? Sample::Luma : Sample::Chroma;
    }
}

// What each value must become, for each kind of byte. Bytes of the same kind lie in the same column modulo four.
using Table = std::array<std::uint8_t, 256>;
using Tables = std::array<const Table *, 4>;

struct Rule {
    Table luma{}, chroma{}, alpha{};
};

Rule grayRule()
{
    Rule rule;
    for (std::size_t i = 0; i < rule.luma.size(); ++i)
        rule.luma[i] = rule.alpha[i] = static_cast<std::uint8_t>(i);
    rule.chroma.fill(128);
    return rule;
}

Rule inverseRule(bool limited)
{
    Rule rule = grayRule();
    const int luma = limited ? 16 + 235 : 255;
    const int chroma = limited ? 16 + 240 : 256;
    for (int i = 0; i < 256; ++i) {
        rule.luma[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(std::clamp(luma - i, 0, 255));
        rule.chroma[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(std::clamp(chroma - i, 0, 255));
    }
    return rule;
}

Tables tablesFor(const Rule &rule, GstVideoFormat format, guint plane)
{
    Tables tables{};
    for (gint x = 0; x < 4; ++x) {
        const Sample sample = sampleAt(format, plane, x);
        tables[static_cast<std::size_t>(x)] =
            sample == Sample::Luma ? &rule.luma : (sample == Sample::Chroma ? &rule.chroma : &rule.alpha);
    }
    return tables;
}

bool known(GstVideoFormat format)
{
    return format == GST_VIDEO_FORMAT_NV12 || format == GST_VIDEO_FORMAT_I420 || format == GST_VIDEO_FORMAT_UYVY ||
           format == GST_VIDEO_FORMAT_GRAY8 || format == GST_VIDEO_FORMAT_RGBA;
}

// Every visible byte.
testing::AssertionResult follows(const Rule &rule, const Picture &after, const Picture &before)
{
    const GstVideoFormat format = GST_VIDEO_INFO_FORMAT(&after.info);
    if (!known(format) || format != GST_VIDEO_INFO_FORMAT(&before.info))
        return testing::AssertionFailure() << "cannot compare " << gst_video_format_to_string(format);
    for (guint plane = 0; plane < GST_VIDEO_INFO_N_PLANES(&after.info); ++plane) {
        const Tables tables = tablesFor(rule, format, plane);
        for (gint y = 0; y < after.rows(plane); ++y) {
            const std::uint8_t *is = after.row(plane, y);
            const std::uint8_t *was = before.row(plane, y);
            for (gint x = 0; x < after.rowBytes(plane); ++x) {
                const int should = (*tables[static_cast<std::size_t>(x % 4)])[was[x]];
                if (is[x] != should)
                    return testing::AssertionFailure()
                           << gst_video_format_to_string(format) << " plane " << plane << ", row " << y << ", byte "
                           << x << ": " << int{is[x]} << ", expected " << should << " (was " << int{was[x]} << ")";
            }
        }
    }
    return testing::AssertionSuccess();
}

// Luma of RGB depends on the matrix; grey is three equal colours between the smallest and the largest.
testing::AssertionResult isGrayRgba(const Picture &after, const Picture &before)
{
    for (gint y = 0; y < after.rows(0); ++y) {
        for (gint x = 0; x < after.rowBytes(0); x += 4) {
            const std::uint8_t *is = after.row(0, y) + x;
            const std::uint8_t *was = before.row(0, y) + x;
            const auto [low, high] = std::minmax({was[0], was[1], was[2]});
            if (is[0] != is[1] || is[1] != is[2] || is[0] < low || is[0] > high || is[3] != was[3])
                return testing::AssertionFailure()
                       << "row " << y << ", byte " << x << ": " << int{is[0]} << " " << int{is[1]} << " " << int{is[2]}
                       << " " << int{is[3]} << " is no grey of " << int{was[0]} << " " << int{was[1]} << " "
                       << int{was[2]} << " " << int{was[3]};
        }
    }
    return testing::AssertionSuccess();
}

} // namespace

gint Picture::rows(guint plane) const
{
    const bool subsampled = plane > 0;
    const GstVideoFormatInfo *format = info.finfo;
    return subsampled ? GST_VIDEO_FORMAT_INFO_SCALE_HEIGHT(format, 1, info.height) : info.height;
}

gint Picture::rowBytes(guint plane) const
{
    switch (GST_VIDEO_INFO_FORMAT(&info)) {
    case GST_VIDEO_FORMAT_UYVY:
        return (info.width + 1) / 2 * 4;
    case GST_VIDEO_FORMAT_RGBA:
        return info.width * 4;
    case GST_VIDEO_FORMAT_NV12:
        return plane == 0 ? info.width : (info.width + 1) / 2 * 2;
    default:
        return plane == 0 ? info.width : (info.width + 1) / 2;
    }
}

std::vector<std::uint8_t> bytesOf(GstBuffer *buffer)
{
    std::vector<std::uint8_t> bytes;
    for (guint i = 0; i < gst_buffer_n_memory(buffer); ++i) {
        GstMemory *memory = gst_buffer_peek_memory(buffer, i);
        if (gst_is_dmabuf_memory(memory)) {
            appendDmabuf(memory, bytes);
            continue;
        }
        GstMapInfo map;
        if (!gst_memory_map(memory, &map, GST_MAP_READ)) {
            ADD_FAILURE() << "a memory cannot be mapped";
            continue;
        }
        bytes.insert(bytes.end(), map.data, map.data + map.size);
        gst_memory_unmap(memory, &map);
    }
    return bytes;
}

Picture pictureOf(GstBuffer *buffer, const GstCaps *caps)
{
    Picture picture;
    gst_video_info_init(&picture.info);
    GstCaps *pixels = withPixelFormat(caps);
    EXPECT_TRUE(gst_video_info_from_caps(&picture.info, pixels));
    gst_caps_unref(pixels);
    const GstVideoMeta *meta = gst_buffer_get_video_meta(buffer);
    std::copy_n(meta ? meta->offset : picture.info.offset, GST_VIDEO_MAX_PLANES, picture.offset);
    std::copy_n(meta ? meta->stride : picture.info.stride, GST_VIDEO_MAX_PLANES, picture.stride);
    picture.bytes = bytesOf(buffer);
    for (guint plane = 0; plane < GST_VIDEO_INFO_N_PLANES(&picture.info); ++plane) {
        const gsize end =
            picture.offset[plane] + gsize(picture.rows(plane) - 1) * picture.stride[plane] + picture.rowBytes(plane);
        if (end > picture.bytes.size()) {
            ADD_FAILURE() << "plane " << plane << " ends at " << end << ", the buffer at " << picture.bytes.size();
            picture.bytes.resize(end);
        }
    }
    return picture;
}

bool samePixels(const Picture &a, const Picture &b)
{
    for (guint plane = 0; plane < GST_VIDEO_INFO_N_PLANES(&a.info); ++plane) {
        for (gint y = 0; y < a.rows(plane); ++y) {
            if (std::memcmp(a.row(plane, y), b.row(plane, y), static_cast<std::size_t>(a.rowBytes(plane))) != 0)
                return false;
        }
    }
    return true;
}

testing::AssertionResult isGrayOf(const Picture &after, const Picture &before)
{
    const GstVideoFormat format = GST_VIDEO_INFO_FORMAT(&after.info);
    if (format == GST_VIDEO_FORMAT_RGBA)
        return isGrayRgba(after, before);
    return follows(grayRule(), after, before);
}

testing::AssertionResult isInverseOf(const Picture &after, const Picture &before)
{
    const bool limited = after.info.colorimetry.range == GST_VIDEO_COLOR_RANGE_16_235;
    return follows(inverseRule(limited), after, before);
}

testing::AssertionResult isResultOf(const std::string &kernel, const Picture &after, const Picture &before)
{
    if (kernel == "gray")
        return isGrayOf(after, before);
    if (kernel == "invert")
        return isInverseOf(after, before);
    return testing::AssertionFailure() << "no second opinion about kernel " << kernel;
}

} // namespace zc::vm
