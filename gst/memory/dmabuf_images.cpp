// SPDX-License-Identifier: MIT
// The order of ways from a dmabuf to a GPU, and which of them is in force.
#include "dmabuf_images.hpp"

#include "../log.hpp"

#include <gst/allocators/gstdmabuf.h>

#include <cstring>
#include <sys/stat.h>

namespace zc::gst {
namespace {

constexpr int kFenceTimeoutMs = 2000; // as for mapped dmabufs

// The one dmabuf that all planes lie in, or null.
GstMemory *onlyMemory(const BufferLayout &layout)
{
    GstMemory *memory = layout.plane[0].memory;
    for (guint i = 1; i < layout.planes; ++i) {
        if (layout.plane[i].memory != memory)
            return nullptr;
    }
    return gst_is_dmabuf_memory(memory) ? memory : nullptr;
}

egl::DmabufPicture pictureOf(const BufferLayout &layout, const Negotiated &negotiated)
{
    egl::DmabufPicture picture;
    picture.format = negotiated.format;
    picture.width = GST_VIDEO_INFO_WIDTH(&negotiated.pixels);
    picture.height = GST_VIDEO_INFO_HEIGHT(&negotiated.pixels);
    for (guint i = 0; i < layout.planes; ++i) {
        const PlaneLocation &plane = layout.plane[i];
        picture.planes[i] = {gst_dmabuf_memory_get_fd(plane.memory),
                             static_cast<std::uint32_t>(plane.memory->offset + plane.offset),
                             static_cast<std::uint32_t>(plane.pitch)};
    }
    return picture;
}

bool same(const egl::DmabufPicture &a, const egl::DmabufPicture &b)
{
    return a.format == b.format && a.width == b.width && a.height == b.height &&
           std::memcmp(a.planes, b.planes, sizeof a.planes) == 0;
}

ino_t fileOf(int fd)
{
    struct stat status = {};
    return fstat(fd, &status) == 0 ? status.st_ino : 0;
}

} // namespace

DmabufKind DmabufImages::kindOf(const BufferLayout &layout, const Negotiated &negotiated) const
{
    return {gpu_->device(), negotiated.format, 0, dmabufExporter(gst_dmabuf_memory_get_fd(layout.plane[0].memory))};
}

bool DmabufImages::comeFirst(const BufferLayout &layout, const Negotiated &negotiated) const
{
    if (!gpu_ || onlyMemory(layout) == nullptr)
        return false;
    if (cache_.find(layout.plane[0].memory))
        return true;
    const DmabufKind kind = kindOf(layout, negotiated);
    const DmabufWay way = dmabufWay(kind);
    return way == DmabufWay::Image || (way == DmabufWay::Unknown && prefersDmabufImage(kind));
}

bool DmabufImages::giveUp(const DmabufKind &kind, const Status &why)
{
    noteDmabufWay(kind, DmabufWay::Mapping);
    GST_CAT_INFO_OBJECT(logImport, element_, "dmabufs of exporter \"%s\" in %s are mapped, not imported by EGL: %s",
                        kind.exporter.c_str(), formatInfo(kind.format).name, why.message().c_str());
    return false;
}

// Leaves the frame placed.
Result<std::shared_ptr<DmabufImages::Entry>> DmabufImages::newEntry(const DmabufKind &kind,
                                                                    const egl::DmabufPicture &picture, Frame &frame)
{
    auto import = DmabufImport::make(kind.gpu, picture);
    if (!import)
        return import.status();
    if (Status status = import.value().place(frame); !status)
        return status;
    return std::make_shared<Entry>(Entry{picture, fileOf(picture.planes[0].fd), std::move(import.value())});
}

Result<bool> DmabufImages::place(const BufferLayout &layout, const Negotiated &negotiated, Access access, Frame &frame)
{
    GstMemory *memory = gpu_ ? onlyMemory(layout) : nullptr;
    if (memory == nullptr)
        return false;
    const egl::DmabufPicture picture = pictureOf(layout, negotiated);
    const int fd = picture.planes[0].fd;
    if (writes(access) && !fdIsReadWrite(fd))
        return false; // the mapping's refusal says what to do
    const Status waited = waitForFences(fd, access, kFenceTimeoutMs);
    std::shared_ptr<Entry> entry = cache_.find(memory);
    if (entry && (!same(entry->picture, picture) || entry->file != fileOf(fd)))
        entry.reset();
    Frame placed = frame;
    if (entry) {
        if (Status status = waited ? entry->import.place(placed) : waited; !status)
            return status;
    } else {
        const DmabufKind kind = kindOf(layout, negotiated);
        const DmabufWay way = dmabufWay(kind);
        if (way == DmabufWay::Mapping || (way == DmabufWay::Unknown && !writes(access)) || !waited)
            return waited ? Result<bool>(false) : Result<bool>(waited);
        auto made = newEntry(kind, picture, placed);
        Status status = made.status();
        if (status && way == DmabufWay::Unknown)
            status = made.value()->import.verify(picture, placed, true);
        if (!status)
            return way == DmabufWay::Unknown && status.code() != Code::GpuLost ? Result<bool>(giveUp(kind, status))
                                                                               : Result<bool>(status);
        noteDmabufWay(kind, DmabufWay::Image);
        entry = std::move(made.value());
        cache_.put(memory, entry);
        imports_++;
        GST_CAT_LOG_OBJECT(logImport, element_, "fd %d is an EGLImage of GPU %d", fd, kind.gpu);
    }
    frame = placed;
    used_ = std::move(entry);
    return true;
}

} // namespace zc::gst
