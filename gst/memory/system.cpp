// SPDX-License-Identifier: MIT
// The importer of system memory: one gst_memory_map() a memory and frame, which for plain memory is a pointer; for a
// GPU, pinned once a memory.
#include "system.hpp"

#include "copy_allocator.hpp"
#include "host_memories.hpp"
#include "plane_data.hpp"

#include <gst/allocators/gstdmabuf.h>

namespace zc::gst {
namespace {

class SystemImporter final : public Importer {
public:
    explicit SystemImporter(const ImportSite &site)
        : gpu_(site.hostGpu), memories_(gpu_), copies_(DmabufAllocator(), gpu_ ? pageAlign() : kRowAlign, site.element)
    {}
    MemoryKind kind() const override { return MemoryKind::System; }
    bool accepts(GstBuffer *buffer) const override;
    Result<std::span<const Frame>> open(GstBuffer *buffer, const BufferLayout &layout, const Negotiated &negotiated,
                                        Access access) override;
    Status close() override
    {
        memories_.endFrame();
        return {};
    }
    Result<GstBuffer *> allocateLike(GstBuffer *source, const Negotiated &negotiated, GstCaps *caps,
                                     GstBufferPool *downstream) override
    {
        return copies_.allocate(source, negotiated, caps, downstream);
    }
    void clear() override
    {
        memories_.clear();
        copies_.clear();
    }
    // Nothing lasting is made for the CPU.
    ImportCounters counters() const override { return {memories_.imports(), hits_}; }

private:
    std::shared_ptr<HostGpu> gpu_; // null: kernels run on the CPU
    HostMemories memories_;
    guint64 hits_ = 0;
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
        // CUDA memory can be mapped for the CPU, but that is a copy down now and one up later.
        if (gst_memory_is_type(memory, "gst.cuda.memory"))
            return false;
    }
    return count > 0;
}

Result<std::span<const Frame>> SystemImporter::open(GstBuffer *, const BufferLayout &layout,
                                                    const Negotiated &negotiated, Access access)
{
    frame_ = frameFor(layout, negotiated);
    frame_.memory = MemoryKind::System;
    const guint64 importsBefore = memories_.imports();
    Status status = setPlace(frame_, gpu_.get());
    for (guint i = 0; i < layout.planes && status; i++) {
        const auto data = memories_.reach(layout.plane[i], access);
        status = data ? setPlaneData(frame_, i, data.value()) : data.status();
    }
    if (!status) {
        memories_.endFrame();
        return status;
    }
    if (gpu_ && memories_.imports() == importsBefore)
        hits_++;
    return std::span<const Frame>(&frame_, 1);
}

} // namespace

std::unique_ptr<Importer> makeSystemImporter(const ImportSite &site)
{
    return std::make_unique<SystemImporter>(site);
}

} // namespace zc::gst
