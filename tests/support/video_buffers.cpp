// SPDX-License-Identifier: MIT
// Buffers out of memfds and heap blocks, and gold pictures over their bytes.
#include "video_buffers.hpp"

#include "gold/gold_backend.hpp"
#include "memfd.hpp"

#include <gst/allocators/gstdmabuf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sys/stat.h>

namespace zc::test {
namespace {

struct Layout {
    guint planes = 0;
    gsize offset[GST_VIDEO_MAX_PLANES] = {}; // in the buffer, lead not counted
    gint stride[GST_VIDEO_MAX_PLANES] = {};
    gsize bytes[GST_VIDEO_MAX_PLANES] = {};
    gsize total = 0;
};

int planeRowsOf(const GstVideoInfo &info, guint plane)
{
    gint components[GST_VIDEO_MAX_COMPONENTS];
    gst_video_format_info_component(info.finfo, plane, components);
    return GST_VIDEO_INFO_COMP_HEIGHT(&info, components[0]);
}

Layout arrange(const GstVideoInfo &info, const Arrangement &how)
{
    Layout layout;
    layout.planes = GST_VIDEO_INFO_N_PLANES(&info);
    for (guint p = 0; p < layout.planes; ++p) {
        layout.stride[p] = GST_VIDEO_INFO_PLANE_STRIDE(&info, p) + how.padding;
        layout.bytes[p] = static_cast<gsize>(layout.stride[p]) * static_cast<gsize>(planeRowsOf(info, p));
        layout.offset[p] = layout.total;
        layout.total += layout.bytes[p];
    }
    if (how.padding == 0 && how.split == Split::Together) {
        std::copy_n(info.offset, layout.planes, layout.offset);
        layout.total = info.size;
    }
    return layout;
}

GstMemory *wrapFd(UniqueFd fd, gsize size)
{
    GstAllocator *allocator = gst_dmabuf_allocator_new();
    GstMemory *memory = gst_dmabuf_allocator_alloc(allocator, fd.release(), size);
    gst_object_unref(allocator);
    return memory;
}

GstMemory *storage(Store store, gsize lead, gsize size)
{
    GstMemory *memory =
        store == Store::Memfd ? memfdMemory(lead + size) : gst_allocator_alloc(nullptr, lead + size, nullptr);
    gst_memory_resize(memory, static_cast<gssize>(lead), size);
    return memory;
}

void appendPlanesOfOneFile(GstBuffer *buffer, const Layout &layout, gsize lead)
{
    const UniqueFd file = makeMemfd(lead + layout.total);
    for (guint p = 0; p < layout.planes; ++p) {
        GstMemory *memory = wrapFd(UniqueFd(dup(file.get())), lead + layout.total);
        gst_memory_resize(memory, static_cast<gssize>(lead + layout.offset[p]), layout.bytes[p]);
        gst_buffer_append_memory(buffer, memory);
    }
}

void appendMemories(GstBuffer *buffer, const Layout &layout, const Arrangement &how)
{
    const auto lead = static_cast<gsize>(how.lead);
    if (how.split == Split::OneFile) {
        appendPlanesOfOneFile(buffer, layout, lead);
        return;
    }
    if (how.split == Split::Together) {
        gst_buffer_append_memory(buffer, storage(how.store, lead, layout.total));
        return;
    }
    for (guint p = 0; p < layout.planes; ++p) {
        const bool memfd = how.store == Store::Memfd || (how.store == Store::Mixed && p == 0);
        gst_buffer_append_memory(buffer, storage(memfd ? Store::Memfd : Store::System, lead, layout.bytes[p]));
    }
}

// Reads or writes storage bytes of a memory, from its start and not from its offset.
void transfer(GstMemory *memory, gsize from, std::uint8_t *bytes, gsize size, bool write)
{
    if (gst_is_dmabuf_memory(memory)) {
        const int fd = gst_dmabuf_memory_get_fd(memory);
        const ssize_t done = write ? pwrite(fd, bytes, size, static_cast<off_t>(from))
                                   : pread(fd, bytes, size, static_cast<off_t>(from));
        ASSERT_EQ(done, static_cast<ssize_t>(size));
        return;
    }
    GstMapInfo map;
    ASSERT_TRUE(gst_memory_map(memory, &map, write ? GST_MAP_WRITE : GST_MAP_READ));
    std::uint8_t *start = map.data - memory->offset + from;
    if (write)
        std::copy_n(bytes, size, start);
    else
        std::copy_n(start, size, bytes);
    gst_memory_unmap(memory, &map);
}

Frame frameOver(const GstVideoInfo &info, GstBuffer *buffer, Bytes &bytes)
{
    Frame frame;
    frame.format = formatFromName(GST_VIDEO_INFO_NAME(&info));
    frame.width = GST_VIDEO_INFO_WIDTH(&info);
    frame.height = GST_VIDEO_INFO_HEIGHT(&info);
    frame.range = info.colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255 ? ColorRange::Full : ColorRange::Limited;
    frame.matrix = info.colorimetry.matrix == GST_VIDEO_COLOR_MATRIX_BT709 ? ColorMatrix::Bt709 : ColorMatrix::Bt601;
    setPlaneSizes(frame);
    const GstVideoMeta *meta = buffer != nullptr ? gst_buffer_get_video_meta(buffer) : nullptr;
    for (guint p = 0; p < GST_VIDEO_INFO_N_PLANES(&info); ++p) {
        frame.planes[p].data = bytes.data() + (meta != nullptr ? meta->offset[p] : info.offset[p]);
        frame.planes[p].pitch = meta != nullptr ? meta->stride[p] : info.stride[p];
    }
    return frame;
}

} // namespace

GstMemory *memfdMemory(std::size_t size)
{
    return wrapFd(makeMemfd(size), size);
}

GstVideoInfo infoOf(const std::string &text)
{
    GstVideoInfo info;
    gst_video_info_init(&info);
    GstCaps *caps = gst_caps_from_string(text.c_str());
    EXPECT_TRUE(caps != nullptr && gst_video_info_from_caps(&info, caps)) << text;
    if (caps != nullptr)
        gst_caps_unref(caps);
    return info;
}

Buffer makeBuffer(const GstVideoInfo &info, const Arrangement &how, unsigned seed)
{
    Layout layout = arrange(info, how);
    Buffer buffer(gst_buffer_new());
    appendMemories(buffer.get(), layout, how);
    std::uint32_t state = seed * 2654435761U + 12345U;
    for (guint i = 0; i < gst_buffer_n_memory(buffer.get()); ++i) {
        GstMemory *memory = gst_buffer_peek_memory(buffer.get(), i);
        // A file seen through several memories is filled several times; the last time counts.
        Bytes bytes(how.split == Split::OneFile ? static_cast<gsize>(how.lead) + layout.total
                                                : memory->offset + memory->size);
        for (auto &byte : bytes) {
            state = state * 1664525U + 1013904223U;
            byte = static_cast<std::uint8_t>(state >> 24);
        }
        transfer(memory, 0, bytes.data(), bytes.size(), true);
    }
    if (how.describe || how.padding != 0 || how.split != Split::Together)
        gst_buffer_add_video_meta_full(buffer.get(), GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_INFO_FORMAT(&info),
                                       static_cast<guint>(GST_VIDEO_INFO_WIDTH(&info)),
                                       static_cast<guint>(GST_VIDEO_INFO_HEIGHT(&info)), layout.planes, layout.offset,
                                       layout.stride);
    return buffer;
}

Bytes bytesOf(GstBuffer *buffer)
{
    Bytes all;
    for (guint i = 0; i < gst_buffer_n_memory(buffer); ++i) {
        GstMemory *memory = gst_buffer_peek_memory(buffer, i);
        Bytes bytes(memory->size);
        transfer(memory, memory->offset, bytes.data(), bytes.size(), false);
        all.insert(all.end(), bytes.begin(), bytes.end());
    }
    return all;
}

Bytes storageOf(GstBuffer *buffer)
{
    Bytes all;
    for (guint i = 0; i < gst_buffer_n_memory(buffer); ++i) {
        GstMemory *memory = gst_buffer_peek_memory(buffer, i);
        Bytes bytes(memory->offset + memory->size);
        transfer(memory, 0, bytes.data(), bytes.size(), false);
        all.insert(all.end(), bytes.begin(), bytes.end());
    }
    return all;
}

Bytes expected(const std::string &kernel, const GstVideoInfo &info, GstBuffer *layout, Bytes bytes)
{
    const auto [name, rest] = splitKernel(kernel);
    Launch launch;
    launch.kernel = findKernel(name);
    EXPECT_NE(launch.kernel, nullptr) << kernel;
    if (launch.kernel == nullptr)
        return bytes;
    ParamValues values(launch.kernel->params);
    const auto parts = splitParams(rest);
    EXPECT_TRUE(parts.ok()) << kernel;
    for (const auto &part : parts.ok() ? parts.value() : std::vector<NamedText>())
        EXPECT_TRUE(values.setText(part.name, part.text).ok()) << kernel;
    launch.params = &values;
    EXPECT_TRUE(gold::makeGoldBackend()->run(frameOver(info, layout, bytes), launch).ok()) << kernel;
    return bytes;
}

Bytes visible(const GstVideoInfo &info, GstBuffer *buffer)
{
    Bytes bytes = bytesOf(buffer);
    const Frame frame = frameOver(info, buffer, bytes);
    const FormatInfo &format = formatInfo(frame.format);
    Bytes packed;
    for (int p = 0; p < format.planes; ++p) {
        const auto width = static_cast<std::ptrdiff_t>(rowBytes(format, p, frame.width));
        for (int y = 0; y < planeRows(format, p, frame.height); ++y) {
            const auto *row = static_cast<const std::uint8_t *>(frame.planes[p].data) + frame.planes[p].pitch * y;
            packed.insert(packed.end(), row, row + width);
        }
    }
    return packed;
}

int biggestDifference(const Bytes &a, const Bytes &b)
{
    if (a.size() != b.size())
        return 256;
    int biggest = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        biggest = std::max(biggest, std::abs(static_cast<int>(a[i]) - static_cast<int>(b[i])));
    return biggest;
}

} // namespace zc::test
