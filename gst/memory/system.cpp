// SPDX-License-Identifier: MIT
// The importer of system memory: one gst_memory_map() a memory and frame, which for plain memory is a pointer.
#include "system.hpp"

#include "copy_allocator.hpp"
#include "memory_maps.hpp"
#include "plane_data.hpp"

#include <gst/allocators/gstdmabuf.h>

namespace zc::gst {
namespace {

class SystemImporter final : public Importer {
public:
    MemoryKind kind() const override { return MemoryKind::System; }
    bool accepts(GstBuffer *buffer) const override;
    Result<std::span<const Frame>> open(GstBuffer *buffer, const BufferLayout &layout, const Negotiated &negotiated,
                                        Access access) override;
    Status close() override
    {
        maps_.unmapAll();
        return {};
    }
    Result<GstBuffer *> allocateLike(GstBuffer *source, const Negotiated &negotiated, GstCaps *caps,
                                     GstBufferPool *downstream) override
    {
        return copies_.allocate(source, negotiated, caps, downstream);
    }
    void clear() override { copies_.clear(); }
    ImportCounters counters() const override { return {}; } // nothing lasting is made

private:
    MemoryMaps maps_;
    Frame frame_;
    CopyAllocator copies_;
};

bool SystemImporter::accepts(GstBuffer *buffer) const
{
    const guint count = gst_buffer_n_memory(buffer);
    for (guint i = 0; i < count; i++) {
        GstMemory *memory = gst_buffer_peek_memory(buffer, i);
        if (gst_is_dmabuf_memory(memory) || GST_MEMORY_FLAG_IS_SET(memory, GST_MEMORY_FLAG_NOT_MAPPABLE))
            return false;
    }
    return count > 0;
}

Result<std::span<const Frame>> SystemImporter::open(GstBuffer *, const BufferLayout &layout,
                                                    const Negotiated &negotiated, Access access)
{
    frame_ = frameFor(layout, negotiated);
    frame_.memory = MemoryKind::System;
    for (guint i = 0; i < layout.planes; i++) {
        const PlaneLocation &plane = layout.plane[i];
        const auto base = maps_.map(plane.memory, plane.offset + plane.bytes, access);
        Status status = base ? setPlaneData(frame_, i, base.value() + plane.offset) : base.status();
        if (!status) {
            maps_.unmapAll();
            return status;
        }
    }
    return std::span<const Frame>(&frame_, 1);
}

} // namespace

std::unique_ptr<Importer> makeSystemImporter()
{
    return std::make_unique<SystemImporter>();
}

} // namespace zc::gst
