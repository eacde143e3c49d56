// SPDX-License-Identifier: MIT
// From metas and caps to the place of each plane, with every contradiction refused before a byte is touched.
#include "buffer_layout.hpp"

#include "core/open_file.hpp"

#include <gst/allocators/allocators.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace zc::gst {
namespace {

// A stored side beyond this is a broken meta; below it all sums of places stay far below 2^63.
constexpr guint kMaxStoredSide = 1U << 24;

// The stored picture as metas or caps describe it, before anything is checked.
struct Stored {
    guint width = 0, height = 0; // of the stored picture
    const gsize *offset = nullptr;
    const gint *stride = nullptr;
    guint x = 0, y = 0; // of the visible picture inside it
};

std::string sizeText(guint64 width, guint64 height)
{
    return std::to_string(width) + "x" + std::to_string(height);
}

Status bad(const std::string &what)
{
    return {Code::BadLayout, what};
}

// The running GStreamer may know formats that this build's enumeration cannot hold, so it is read as a number.
Format formatOfMeta(const GstVideoMeta &meta, const Negotiated &negotiated)
{
    static_assert(sizeof(meta.format) == sizeof(guint));
    guint number = 0;
    std::memcpy(&number, &meta.format, sizeof(number));
    if (number == static_cast<guint>(GST_VIDEO_INFO_FORMAT(&negotiated.pixels)))
        return negotiated.format;
    for (const FormatInfo &info : allFormats()) {
        if (info.format != Format::Unknown && number == static_cast<guint>(formatToGst(info.format)))
            return info.format;
    }
    return Format::Unknown;
}

// The meta of a DMA_DRM stream may carry DMA_DRM as its format, which is unknown here and so says nothing.
Status checkMeta(const GstVideoMeta &meta, const FormatInfo &format, const Negotiated &negotiated)
{
    const Format described = formatOfMeta(meta, negotiated);
    if (described != Format::Unknown && described != negotiated.format)
        return bad(std::string("the buffer's GstVideoMeta says ") + formatInfo(described).name + ", the caps say " +
                   format.name);
    if (meta.n_planes != format.planes)
        return bad("the buffer's GstVideoMeta has " + std::to_string(meta.n_planes) + " planes, " + format.name +
                   " has " + std::to_string(format.planes));
    return {};
}

Status applyCrop(GstBuffer *buffer, const FormatInfo &format, const Negotiated &negotiated, Stored &stored)
{
    const GstVideoCropMeta *crop = gst_buffer_get_video_crop_meta(buffer);
    if (!crop)
        return {};
    const guint width = GST_VIDEO_INFO_WIDTH(&negotiated.pixels);
    const guint height = GST_VIDEO_INFO_HEIGHT(&negotiated.pixels);
    const std::string found = "the buffer's GstVideoCropMeta is " + sizeText(crop->width, crop->height) + " at " +
                              std::to_string(crop->x) + "," + std::to_string(crop->y);
    if (crop->width != width || crop->height != height)
        return bad(found + ", the caps are " + sizeText(width, height) + "; expected one size");
    // Rows of an interlaced picture alternate between two fields; an odd offset would swap them.
    const guint alignX = 1U << format.subX;
    const guint alignY = (1U << format.subY) * (negotiated.interlaced ? 2 : 1);
    if (crop->x % alignX != 0 || crop->y % alignY != 0)
        return bad(found + "; " + format.name + " needs an offset in steps of " + std::to_string(alignX) + "," +
                   std::to_string(alignY) + ": crop upstream in such steps, or put videoconvert before the element");
    stored.x = crop->x;
    stored.y = crop->y;
    return {};
}

Result<Stored> storedPicture(GstBuffer *buffer, const FormatInfo &format, const Negotiated &negotiated)
{
    const GstVideoInfo &info = negotiated.pixels;
    Stored stored;
    if (const GstVideoMeta *meta = gst_buffer_get_video_meta(buffer)) {
        if (Status status = checkMeta(*meta, format, negotiated); !status)
            return status;
        stored.width = meta->width;
        stored.height = meta->height;
        stored.offset = meta->offset;
        stored.stride = meta->stride;
    } else {
        stored.width = GST_VIDEO_INFO_WIDTH(&info);
        stored.height = GST_VIDEO_INFO_HEIGHT(&info);
        stored.offset = info.offset;
        stored.stride = info.stride;
    }
    if (Status status = applyCrop(buffer, format, negotiated, stored); !status)
        return status;
    const guint64 right = guint64{stored.x} + GST_VIDEO_INFO_WIDTH(&info);
    const guint64 bottom = guint64{stored.y} + GST_VIDEO_INFO_HEIGHT(&info);
    if (stored.width > kMaxStoredSide || stored.height > kMaxStoredSide)
        return bad("the buffer claims to hold a picture of " + sizeText(stored.width, stored.height) +
                   "; no side may exceed " + std::to_string(kMaxStoredSide));
    if (right > stored.width || bottom > stored.height)
        return bad("the buffer holds a picture of " + sizeText(stored.width, stored.height) + ", but " +
                   sizeText(right, bottom) + " are needed for the visible part");
    return stored;
}

std::string planeText(guint plane, const FormatInfo &format)
{
    return "plane " + std::to_string(plane) + " of " + format.name;
}

// `needed` is how long the whole frame is, for the message.
Status findPlane(GstBuffer *buffer, guint index, const FormatInfo &format, gsize needed, PlaneLocation &plane)
{
    guint memories = 0;
    gsize skip = 0;
    // Texts are made only for an error: this runs for every frame, which must not allocate.
    const auto where = [&] {
        return planeText(index, format) + " needs " + std::to_string(plane.bytes) + " bytes from offset " +
               std::to_string(plane.offset) + " of the buffer";
    };
    if (!gst_buffer_find_memory(buffer, plane.offset, 1, &plane.memoryIndex, &memories, &skip))
        return bad(where() + ", which has only " + std::to_string(gst_buffer_get_size(buffer)) + " bytes; at least " +
                   std::to_string(needed) + " would be needed for the whole frame");
    plane.memory = gst_buffer_peek_memory(buffer, plane.memoryIndex);
    const gsize size = gst_memory_get_sizes(plane.memory, nullptr, nullptr);
    if (skip > size || plane.bytes > size - skip)
        return bad(where() + ", but memory " + std::to_string(plane.memoryIndex) + " holds " +
                   std::to_string(size > skip ? size - skip : 0) +
                   " bytes from there on; a plane must lie in one memory, which would have to be at least " +
                   std::to_string(skip + plane.bytes) + " bytes long; the whole frame needs " + std::to_string(needed) +
                   " bytes of the buffer");
    plane.offset = skip;
    return {};
}

// `pitch`, and the offset from the start of the buffer, for the visible part.
Result<PlaneLocation> describePlane(const Stored &stored, guint index, const FormatInfo &format,
                                    const Negotiated &negotiated)
{
    const int plane = static_cast<int>(index);
    const gint64 pitch = stored.stride[index];
    const gint64 leftBytes = rowBytes(format, plane, static_cast<gint32>(stored.x));
    const gint64 visible = rowBytes(format, plane, GST_VIDEO_INFO_WIDTH(&negotiated.pixels));
    const gint64 rows = planeRows(format, plane, GST_VIDEO_INFO_HEIGHT(&negotiated.pixels));
    const gint64 rowsAbove = planeRows(format, plane, static_cast<gint32>(stored.y));
    const auto found = [&] {
        return planeText(index, format) + " has a stride of " + std::to_string(pitch) + " bytes";
    };
    if (pitch < 0)
        return bad(found() + "; pictures stored from the bottom up are not supported, expected at least " +
                   std::to_string(leftBytes + visible));
    if (pitch < leftBytes + visible)
        return bad(found() + ", one row needs " + std::to_string(leftBytes + visible));
    if (pitch % format.sampleBytes != 0 || stored.offset[index] % format.sampleBytes != 0)
        return bad(found() + " and an offset of " + std::to_string(stored.offset[index]) +
                   "; both must be multiples of its samples' " + std::to_string(format.sampleBytes) + " bytes");
    // Sides are below 2^25 and a stride below 2^31, so only adding the offset can overflow.
    const guint64 start = static_cast<guint64>(rowsAbove * pitch + leftBytes);
    const guint64 bytes = static_cast<guint64>(pitch * (rows - 1) + visible);
    if (stored.offset[index] > G_MAXINT64 - start - bytes)
        return bad(planeText(index, format) + " has an offset of " + std::to_string(stored.offset[index]) +
                   " bytes, which no memory can hold");
    PlaneLocation location;
    location.pitch = static_cast<gint>(pitch);
    location.offset = stored.offset[index] + start;
    location.bytes = bytes;
    return location;
}

// Whether two memories are windows on one: both parts of a third, or made from one file.
bool sameStorage(const GstMemory *a, const GstMemory *b)
{
    const auto whole = [](const GstMemory *memory) { return memory->parent != nullptr ? memory->parent : memory; };
    if (whole(a) == whole(b))
        return true;
    GstMemory *first = const_cast<GstMemory *>(a), *second = const_cast<GstMemory *>(b);
    if (!gst_is_fd_memory(first) || !gst_is_fd_memory(second))
        return false;
    const int fdA = gst_fd_memory_get_fd(first), fdB = gst_fd_memory_get_fd(second);
    const bool dmabufs = gst_is_dmabuf_memory(first) || gst_is_dmabuf_memory(second);
    return sameOpenFile(fdA, fdB) || (!dmabufs && sameInode(fdA, fdB));
}

// Two planes may interleave row by row (one pitch, different columns); anything else that overlaps is a mistake.
bool collide(const PlaneLocation &a, const PlaneLocation &b, gsize rowA, gsize rowB)
{
    const gsize startA = a.memory->offset + a.offset, startB = b.memory->offset + b.offset;
    if (startA + a.bytes <= startB || startB + b.bytes <= startA || !sameStorage(a.memory, b.memory))
        return false;
    if (a.pitch != b.pitch)
        return true;
    const gsize pitch = static_cast<gsize>(a.pitch);
    const gsize columnA = startA % pitch;
    const gsize columnB = startB % pitch;
    // Distance going right from one's first column to the other's, round the pitch.
    return (columnB + pitch - columnA) % pitch < rowA || (columnA + pitch - columnB) % pitch < rowB;
}

Status checkOverlap(const BufferLayout &layout, const FormatInfo &format, gint width)
{
    for (guint a = 0; a < layout.planes; a++) {
        for (guint b = a + 1; b < layout.planes; b++) {
            const gsize rowA = static_cast<gsize>(rowBytes(format, static_cast<int>(a), width));
            const gsize rowB = static_cast<gsize>(rowBytes(format, static_cast<int>(b), width));
            if (collide(layout.plane[a], layout.plane[b], rowA, rowB))
                return bad("planes " + std::to_string(a) + " and " + std::to_string(b) + " of " + format.name +
                           " overlap in memory (offsets " + std::to_string(layout.plane[a].offset) + " and " +
                           std::to_string(layout.plane[b].offset) + ")");
        }
    }
    return {};
}

} // namespace

Result<BufferLayout> layoutOf(GstBuffer *buffer, const Negotiated &negotiated)
{
    if (negotiated.format == Format::Unknown)
        return Status{Code::InvalidArgument, "no format is negotiated"};
    const FormatInfo &format = formatInfo(negotiated.format);
    if (gst_buffer_n_memory(buffer) == 0)
        return bad("the buffer holds no memory");
    const Result<Stored> stored = storedPicture(buffer, format, negotiated);
    if (!stored)
        return stored.status();
    BufferLayout layout;
    layout.planes = format.planes;
    gsize needed = 0;
    for (guint i = 0; i < layout.planes; i++) {
        const Result<PlaneLocation> plane = describePlane(stored.value(), i, format, negotiated);
        if (!plane)
            return plane.status();
        layout.plane[i] = plane.value();
        needed = std::max<gsize>(needed, plane.value().offset + plane.value().bytes);
    }
    for (guint i = 0; i < layout.planes; i++) {
        if (Status status = findPlane(buffer, i, format, needed, layout.plane[i]); !status)
            return status;
    }
    if (Status status = checkOverlap(layout, format, GST_VIDEO_INFO_WIDTH(&negotiated.pixels)); !status)
        return status;
    return layout;
}

Frame frameFor(const BufferLayout &layout, const Negotiated &negotiated)
{
    Frame frame;
    frame.format = negotiated.format;
    frame.width = GST_VIDEO_INFO_WIDTH(&negotiated.pixels);
    frame.height = GST_VIDEO_INFO_HEIGHT(&negotiated.pixels);
    frame.range = negotiated.range;
    frame.matrix = negotiated.matrix;
    setPlaneSizes(frame);
    for (guint i = 0; i < layout.planes; i++)
        frame.planes[i].pitch = layout.plane[i].pitch;
    return frame;
}

} // namespace zc::gst
