// SPDX-License-Identifier: MIT
// The importer of dmabufs: one lasting mapping a file (pinned if a GPU is to use it), fences awaited and CPU access
// bracketed every frame.
#include "dmabuf.hpp"

#include "../log.hpp"
#include "copy_allocator.hpp"
#include "dmabuf_images.hpp"
#include "host_memories.hpp"
#include "import_cache.hpp"
#include "plane_data.hpp"

#include "core/open_file.hpp"

#include <gst/allocators/gstdmabuf.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace zc::gst {
namespace {

// Longer than any frame takes to be rendered or captured; a device that needs more has hung.
constexpr int kFenceTimeoutMs = 2000;

// Which file a descriptor names; its number alone is reused.
struct FileId {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    bool operator==(const FileId &) const = default;
};

std::optional<FileId> fileIdOf(int fd)
{
    struct stat status = {};
    if (fstat(fd, &status) < 0)
        return std::nullopt;
    return FileId{status.st_dev, status.st_ino, status.st_size};
}

struct Import {
    int number; // of the descriptor that it was made from
    FileId file;
    bool writable = false;
    DmabufMapping mapping;
    std::optional<HostMapping> pinned; // for a GPU; undone before the mapping
    std::uint8_t *data() const { return pinned ? pinned->data() : mapping.data(); }
};

// Bytes from the start of the memory's file to the end of the last plane in it.
gsize neededOf(const BufferLayout &layout, const GstMemory *memory)
{
    gsize needed = 0;
    for (guint i = 0; i < layout.planes; i++) {
        const PlaneLocation &plane = layout.plane[i];
        if (plane.memory == memory)
            needed = std::max(needed, memory->offset + plane.offset + plane.bytes);
    }
    return needed;
}

std::string describe(int fd)
{
    const std::string exporter = dmabufExporter(fd);
    return "dmabuf of exporter \"" + (exporter.empty() ? "unknown" : exporter) + "\" (fd " + std::to_string(fd) + ", " +
           std::to_string(fdSize(fd)) + " bytes)";
}

class DmabufImporter final : public Importer {
public:
    explicit DmabufImporter(const ImportSite &site)
        : element_(site.element),
          gpu_(site.hostGpu),
          others_(gpu_),
          images_(element_, gpu_),
          copies_(DmabufAllocator(), gpu_ ? pageAlign() : kRowAlign, element_)
    {}
    ~DmabufImporter() override { (void)endAccess(); }
    MemoryKind kind() const override { return MemoryKind::Dmabuf; }
    bool accepts(GstBuffer *buffer) const override;
    Result<std::span<const Frame>> open(GstBuffer *buffer, const BufferLayout &layout, const Negotiated &negotiated,
                                        Access access) override;
    Status close() override { return endAccess(); }
    Result<GstBuffer *> allocateLike(GstBuffer *source, const Negotiated &negotiated, GstCaps *caps,
                                     GstBufferPool *downstream) override
    {
        return copies_.allocate(source, negotiated, caps, downstream);
    }
    void clear() override
    {
        cache_.clear();
        others_.clear();
        images_.clear();
        copies_.clear();
    }
    ImportCounters counters() const override { return {imports(), hits_}; }

private:
    // One file in use for the frame at hand.
    struct Window {
        std::shared_ptr<Import> import;
        std::optional<DmabufSync> sync;
    };

    guint64 imports() const { return imports_ + others_.imports() + images_.imports(); }
    Status map(const BufferLayout &layout, Access access);
    Result<std::uint8_t *> planeData(const BufferLayout &layout, guint index, Access access);
    Result<std::shared_ptr<Import>> importOf(GstMemory *memory, gsize needed, Access access);
    Result<std::shared_ptr<Import>> newImport(int fd, const FileId &file, gsize needed, Access access);
    Status beginAccess(const std::shared_ptr<Import> &import, Access access);
    Status endAccess();

    GstElement *element_;          // borrowed, for the log; null in tests
    std::shared_ptr<HostGpu> gpu_; // null: kernels run on the CPU
    ImportCache<Import> cache_;
    guint64 imports_ = 0, hits_ = 0;
    std::array<Window, kMaxPlanes> windows_;
    std::size_t windowCount_ = 0;
    HostMemories others_; // where a buffer mixes both kinds
    DmabufImages images_; // where EGL is the way to the GPU
    Frame frame_;
    CopyAllocator copies_;
};

// One dmabuf is enough: planes in other memory are mapped by GStreamer.
bool DmabufImporter::accepts(GstBuffer *buffer) const
{
    bool found = false;
    for (guint i = 0; i < gst_buffer_n_memory(buffer); i++) {
        GstMemory *memory = gst_buffer_peek_memory(buffer, i);
        const bool dmabuf = gst_is_dmabuf_memory(memory);
        if (!dmabuf && GST_MEMORY_FLAG_IS_SET(memory, GST_MEMORY_FLAG_NOT_MAPPABLE))
            return false;
        found = found || dmabuf;
    }
    return found;
}

Result<std::shared_ptr<Import>> DmabufImporter::newImport(int fd, const FileId &file, gsize needed, Access access)
{
    const bool writable = fdIsReadWrite(fd);
    if (writes(access) && !writable)
        return Status{Code::Access, describe(fd) + " was opened without write access; export it with O_RDWR, or use "
                                                   "on-shared=copy to work on a copy"};
    const gsize size = fdSize(fd);
    if (size != 0 && size < needed)
        return Status{Code::BadLayout,
                      describe(fd) + " is shorter than the picture, which needs " + std::to_string(needed) + " bytes"};
    Result<DmabufMapping> mapping = DmabufMapping::map(fd, needed, writable ? Access::ReadWrite : Access::Read);
    if (!mapping)
        return Status{mapping.status().code(), describe(fd) + " cannot be mapped (" + mapping.status().message() +
                                                   "); expected a mappable dmabuf of at least " +
                                                   std::to_string(needed) + " bytes"};
    imports_++;
    if (!mapping->needsSync())
        GST_CAT_DEBUG_OBJECT(logImport, element_, "fd %d is no dmabuf to the kernel: mapped without sync brackets", fd);
    GST_CAT_LOG_OBJECT(logImport, element_, "mapped fd %d, %" G_GSIZE_FORMAT " bytes", fd, mapping->size());
    auto import = std::make_shared<Import>(Import{fd, file, writable, std::move(mapping.value()), std::nullopt});
    if (!gpu_)
        return import;
    Result<HostMapping> pinned = pinMapping(gpu_, import->mapping, writable ? Access::ReadWrite : Access::Read);
    if (!pinned)
        return withCure(pinned.status(), describe(fd));
    import->pinned.emplace(std::move(pinned.value()));
    return import;
}

Result<std::shared_ptr<Import>> DmabufImporter::importOf(GstMemory *memory, gsize needed, Access access)
{
    if (writes(access)) {
        if (Status status = checkWrite(memory); !status)
            return status;
    }
    const int fd = gst_dmabuf_memory_get_fd(memory);
    const std::optional<FileId> file = fileIdOf(fd);
    if (!file)
        return Status{Code::Access, "fd " + std::to_string(fd) + " of a dmabuf memory is not open (" +
                                        std::strerror(errno) +
                                        "); expected a descriptor that lives as long as its "
                                        "memory"};
    const auto fits = [&](const Import &import) {
        return import.file == *file && import.mapping.size() >= needed && (import.writable || !writes(access));
    };
    std::shared_ptr<Import> import = cache_.find(memory);
    if (import && fits(*import))
        return import;
    // Exporters may give all their dmabufs one inode (CUDA does, as did Linux before 5.3), so that another memory's
    // file must be proven to be this one.
    const auto isThatFile = [&](const Import &other) { return fits(other) && sameOpenFile(other.mapping.fd(), fd); };
    import = cache_.findIf(isThatFile);
    for (std::size_t i = 0; i < windowCount_ && !import; i++) {
        if (windows_[i].import->number == fd && fits(*windows_[i].import))
            import = windows_[i].import;
    }
    if (!import) {
        Result<std::shared_ptr<Import>> made = newImport(fd, *file, needed, access);
        if (!made)
            return made;
        import = std::move(made.value());
    }
    cache_.put(memory, import);
    return import;
}

Status DmabufImporter::beginAccess(const std::shared_ptr<Import> &import, Access access)
{
    for (std::size_t i = 0; i < windowCount_; i++) {
        if (windows_[i].import == import)
            return {};
    }
    Window &window = windows_[windowCount_];
    if (import->mapping.needsSync()) {
        const int fd = import->mapping.fd();
        if (Status status = waitForFences(fd, access, kFenceTimeoutMs); !status)
            return {status.code(), describe(fd) + ": " + status.message()};
        Result<DmabufSync> sync = DmabufSync::begin(import->mapping, access);
        if (!sync)
            return {sync.status().code(), describe(fd) + ": " + sync.status().message()};
        window.sync = std::move(sync.value());
    }
    window.import = import;
    windowCount_++;
    return {};
}

Status DmabufImporter::endAccess()
{
    Status first;
    for (std::size_t i = 0; i < windowCount_; i++) {
        if (windows_[i].sync) {
            if (Status status = windows_[i].sync->end(); !status && first)
                first = status;
        }
        windows_[i].sync.reset();
        windows_[i].import.reset();
    }
    windowCount_ = 0;
    others_.endFrame();
    images_.endFrame();
    return first;
}

Result<std::uint8_t *> DmabufImporter::planeData(const BufferLayout &layout, guint index, Access access)
{
    const PlaneLocation &plane = layout.plane[index];
    if (!gst_is_dmabuf_memory(plane.memory))
        return others_.reach(plane, access);
    const auto import = importOf(plane.memory, neededOf(layout, plane.memory), access);
    if (!import)
        return import.status();
    if (Status status = beginAccess(import.value(), access); !status)
        return status;
    return import.value()->data() + plane.memory->offset + plane.offset;
}

// Every plane by its mapping, pinned where there is a GPU.
Status DmabufImporter::map(const BufferLayout &layout, Access access)
{
    Status status = setPlace(frame_, gpu_.get());
    for (guint i = 0; i < layout.planes && status; i++) {
        const auto data = planeData(layout, i, access);
        status = data ? setPlaneData(frame_, i, data.value()) : data.status();
    }
    return status;
}

Result<std::span<const Frame>> DmabufImporter::open(GstBuffer *, const BufferLayout &layout,
                                                    const Negotiated &negotiated, Access access)
{
    const Frame fresh = frameFor(layout, negotiated);
    frame_ = fresh;
    frame_.memory = MemoryKind::Dmabuf;
    const guint64 importsBefore = imports();
    // Of what is mapped already, nothing more is asked.
    const bool first = !cache_.find(layout.plane[0].memory) && images_.comeFirst(layout, negotiated);
    Result<bool> placed = first ? images_.place(layout, negotiated, access, frame_) : Result<bool>(false);
    Status status = placed.status();
    if (placed && !placed.value()) {
        status = map(layout, access);
        // The last way is the first one's other: memory that the driver does not pin may be a GPU's own.
        if (status.code() == Code::Access && gpu_ && !first) {
            (void)endAccess();
            frame_ = fresh;
            frame_.memory = MemoryKind::Dmabuf;
            placed = images_.place(layout, negotiated, access, frame_);
            if (!placed || placed.value())
                status = placed.status();
        }
    }
    if (!status) {
        (void)endAccess();
        return status;
    }
    if (imports() == importsBefore && (windowCount_ > 0 || (placed && placed.value())))
        hits_++;
    return std::span<const Frame>(&frame_, 1);
}

} // namespace

std::unique_ptr<Importer> makeDmabufImporter(const ImportSite &site)
{
    return std::make_unique<DmabufImporter>(site);
}

} // namespace zc::gst
