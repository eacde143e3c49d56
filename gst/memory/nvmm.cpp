// SPDX-License-Identifier: MIT
// The importer of NVMM memory: the surface behind the map, reached once a memory and checked every frame.
#include "nvmm.hpp"

#include "../log.hpp"
#include "import_cache.hpp"
#include "memory/nvbufsurface.hpp"
#include "memory_maps.hpp"
#include "nvmm_memory.hpp"

#include <string>

namespace zc::gst {
namespace {

// The allocator of nvv4l2decoder and nvv4l2h264enc, on every platform.
constexpr const char *kV4l2Memory = "V4l2Memory";

Status checkCount(GstBuffer *buffer)
{
    const guint count = gst_buffer_n_memory(buffer);
    if (count == 1)
        return {};
    return {Code::BadLayout,
            "the buffer holds " + std::to_string(count) + " memories; expected one, with the NvBufSurface"};
}

class NvmmImporter final : public Importer {
public:
    explicit NvmmImporter(const ImportSite &site)
        : element_(site.element), site_{site.device == Device::Cpu, site.device == Device::Cuda, site.cudaDeviceId}
    {}
    MemoryKind kind() const override { return MemoryKind::Nvmm; }
    bool serves(const Negotiated &negotiated) const override { return negotiated.feature == MemoryKind::Nvmm; }
    bool accepts(GstBuffer *) const override { return true; }
    // The surface says where its planes are, which open() reads.
    Result<BufferLayout> layout(GstBuffer *buffer, const Negotiated &) const override
    {
        const Status status = checkCount(buffer);
        return status ? Result<BufferLayout>(BufferLayout{}) : Result<BufferLayout>(status);
    }
    Result<std::span<const Frame>> open(GstBuffer *buffer, const BufferLayout &layout, const Negotiated &negotiated,
                                        Access access) override;
    Status close() override;
    Result<GstBuffer *> allocateLike(GstBuffer *source, const Negotiated &negotiated, GstCaps *caps,
                                     GstBufferPool *downstream) override;
    void clear() override
    {
        cache_.clear();
        pool_.clear();
    }
    ImportCounters counters() const override { return {imports_, hits_}; }

private:
    GstElement *element_; // borrowed, for the log; null in tests
    SurfaceSite site_;
    ImportCache<SurfaceImport> cache_;
    SurfaceMap map_;
    std::shared_ptr<SurfaceImport> current_;
    SurfacePool pool_;
    guint64 imports_ = 0, hits_ = 0;
};

Result<std::span<const Frame>> NvmmImporter::open(GstBuffer *buffer, const BufferLayout &, const Negotiated &negotiated,
                                                  Access access)
{
    GstMemory *memory = gst_buffer_peek_memory(buffer, 0);
    if (writes(access) && GST_MEMORY_IS_READONLY(memory))
        return Status{Code::Access, describeMemory(memory) + " is marked read-only and cannot be written; "
                                                             "on-shared=copy works on a copy instead"};
    if (Status status = map_.map(memory); !status)
        return status;
    nvbuf::Expected expected{negotiated.format, {}, {}};
    if (negotiated.rangeStated)
        expected.range = negotiated.range;
    if (negotiated.matrixStated)
        expected.matrix = negotiated.matrix;
    current_ = cache_.find(memory);
    const bool known = current_ != nullptr;
    if (!known)
        current_ = std::make_shared<SurfaceImport>(site_);
    auto frames = current_->open(map_.data(), map_.size(), expected, access);
    if (!frames) {
        current_.reset();
        map_.unmap();
        return frames;
    }
    if (!known)
        cache_.put(memory, current_);
    if (current_->madeSomething()) {
        imports_++;
        GST_CAT_LOG_OBJECT(logImport, element_, "reached the %" G_GSIZE_FORMAT " pictures of a surface at %p",
                           frames->size(), map_.data());
    } else {
        hits_++;
    }
    return frames;
}

Status NvmmImporter::close()
{
    const Status status = current_ ? current_->close() : Status{};
    current_.reset();
    map_.unmap();
    return status;
}

// Downstream's pool is left alone: NVIDIA's give surfaces of whatever kind they were set up for.
Result<GstBuffer *> NvmmImporter::allocateLike(GstBuffer *source, const Negotiated &, GstCaps *, GstBufferPool *)
{
    if (Status status = checkCount(source); !status)
        return status;
    SurfaceMap map;
    if (Status status = map.map(gst_buffer_peek_memory(source, 0)); !status)
        return status;
    const auto kind = nvbuf::kindOfSurface(map.data(), map.size());
    if (!kind)
        return kind.status();
    const std::uint32_t filled = static_cast<const nvbuf::Surface *>(map.data())->numFilled;
    const auto memory = pool_.acquire(kind.value(), filled);
    if (!memory)
        return memory.status();
    BufferPtr buffer(gst_buffer_new());
    gst_buffer_append_memory(buffer.get(), memory.value());
    return buffer.release();
}

} // namespace

std::unique_ptr<Importer> makeNvmmImporter(const ImportSite &site)
{
    return std::make_unique<NvmmImporter>(site);
}

bool isDecoderSurface(GstMemory *memory)
{
    if (memory->allocator == nullptr || g_strcmp0(memory->allocator->mem_type, kV4l2Memory) != 0)
        return false;
    SurfaceMap map;
    if (!map.map(memory))
        return false; // open() says why
    const auto view = nvbuf::readSurface(map.data(), map.size());
    // What the default stands for is a surface array where there is such a decoder at all.
    return view &&
           (view.value().memType == nvbuf::MemType::SurfaceArray ||
            (view.value().memType == nvbuf::MemType::Default && view.value().surface->list->dataPtr == nullptr));
}

} // namespace zc::gst
