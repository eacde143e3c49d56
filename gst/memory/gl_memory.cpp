// SPDX-License-Identifier: MIT
// The importer of GL memory: an EGLImage of the texture, registered with CUDA for as long as the memory lives.
#include "gl_memory.hpp"

#include "../gst_ptr.hpp"
#include "../log.hpp"
#include "copy_allocator.hpp"
#include "import_cache.hpp"
#include "memory/egl_image.hpp"

#include <gst/gl/egl/gsteglimage.h>
#include <gst/gl/gl.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace zc::gst {
namespace {

std::atomic<const GlImageMaker *> testMaker{nullptr};

// An EGLImage of a texture, which shows what is drawn there and keeps what is written.
class GlImage {
public:
    // On the GL thread. Empty if EGL makes none.
    explicit GlImage(GstGLMemory *memory) : maker_(testMaker)
    {
        static constexpr guintptr kPreserved[] = {0x30d2, 1, 0x3038}; // EGL_IMAGE_PRESERVED_KHR, TRUE, NONE
        if (maker_ != nullptr)
            handle_ = maker_->make(GST_MEMORY_CAST(memory));
        else if ((image_ = gst_egl_image_from_texture(memory->mem.context, memory, const_cast<guintptr *>(kPreserved))))
            handle_ = gst_egl_image_get_image(image_);
    }
    GlImage(GlImage &&other) noexcept
        : maker_(other.maker_),
          image_(std::exchange(other.image_, nullptr)),
          handle_(std::exchange(other.handle_, nullptr))
    {}
    GlImage &operator=(GlImage &&) = delete;
    // On any thread: EGL destroys images without a context.
    ~GlImage()
    {
        if (maker_ != nullptr && handle_ != nullptr)
            maker_->destroy(handle_);
        if (image_ != nullptr)
            gst_egl_image_unref(image_);
    }
    void *handle() const { return handle_; }

private:
    const GlImageMaker *maker_;
    GstEGLImage *image_ = nullptr;
    void *handle_ = nullptr;
};

// Undone in reverse order.
struct Import {
    guint texture;
    int device;
    GlImage image;
    EglImageImport registered;
};

// What the elements of the process share: EGL makes no second image of a texture that has one (EGL_BAD_ACCESS).
class SharedImports {
public:
    static SharedImports &ofProcess()
    {
        static auto &all = *new SharedImports; // never destroyed: elements may outlive static objects
        return all;
    }

    // Held from find() to put(), so that of two elements one makes the image and the other one finds it.
    std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }

    std::shared_ptr<Import> find(GstMemory *memory, guint texture, int device) const
    {
        const auto slot = imports_.find(memory);
        const auto import = slot == imports_.end() ? nullptr : slot->second.lock();
        return import && import->texture == texture && import->device == device ? import : nullptr;
    }
    void put(GstMemory *memory, const std::shared_ptr<Import> &import)
    {
        std::erase_if(imports_, [](const auto &slot) { return slot.second.expired(); });
        imports_[memory] = import;
    }

private:
    std::mutex mutex_;
    // An import dies with its memory at the latest, so that an address which is used again finds nothing.
    std::unordered_map<GstMemory *, std::weak_ptr<Import>> imports_;
};

// GStreamer's map with GST_MAP_GL: a pending change of the CPU is uploaded, and later maps of the CPU see ours.
class GlMap {
public:
    GlMap() = default;
    GlMap(const GlMap &) = delete;
    GlMap &operator=(const GlMap &) = delete;
    ~GlMap() { unmap(); }

    Status map(GstMemory *memory, Access access);
    void unmap()
    {
        if (memory_ == nullptr)
            return;
        gst_memory_unmap(memory_, &info_);
        gst_memory_unref(std::exchange(memory_, nullptr));
    }

private:
    GstMemory *memory_ = nullptr; // a reference of ours
    GstMapInfo info_ = GST_MAP_INFO_INIT;
};

Status GlMap::map(GstMemory *memory, Access access)
{
    if (writes(access) && GST_MEMORY_IS_READONLY(memory))
        return {Code::Access, "the GL memory is marked read-only and cannot be written; on-shared=copy works on a copy "
                              "instead"};
    // Memory with several holders refuses a map for writing; on-shared=write means it all the same.
    const bool exclusive = gst_memory_is_writable(memory);
    const int flags = GST_MAP_READ | static_cast<int>(GST_MAP_GL) |
                      (writes(access) && exclusive ? static_cast<int>(GST_MAP_WRITE) : 0);
    if (!gst_memory_map(memory, &info_, static_cast<GstMapFlags>(flags)))
        return {Code::Access,
                "the GL memory cannot be mapped for OpenGL: somebody else has it mapped, or the upload of "
                "what the CPU wrote to it failed (GST_DEBUG=gl*:4 tells)"};
    memory_ = gst_memory_ref(memory);
    if (writes(access) && !exclusive)
        GST_MINI_OBJECT_FLAG_SET(memory, GST_GL_BASE_MEMORY_TRANSFER_NEED_DOWNLOAD);
    return {};
}

// What is to be done on the GL thread for one frame.
struct GlWork {
    GstBuffer *buffer;
    GstGLMemory *memory;
    bool wantsImage;
    std::optional<GlImage> image;
    bool finished = false;
};

// CUDA and OpenGL order nothing between them, so all drawing must be over before CUDA begins.
void onGlThread(GstGLContext *context, gpointer data)
{
    auto *work = static_cast<GlWork *>(data);
    if (GstGLSyncMeta *sync = gst_buffer_get_gl_sync_meta(work->buffer); sync != nullptr)
        gst_gl_sync_meta_wait(sync, context);
    if (work->wantsImage)
        work->image.emplace(work->memory);
    using Finish = void (*)();
    const auto finish = reinterpret_cast<Finish>(gst_gl_context_get_proc_address(context, "glFinish"));
    if (finish == nullptr)
        return;
    finish();
    work->finished = true;
}

// Pools of GL memory for textures of the plain kind.
Result<BufferPoolPtr> makeGlPool(GstGLContext *context, GstCaps *caps, gsize size)
{
    BufferPoolPtr pool(gst_gl_buffer_pool_new(context));
    GstStructure *config = gst_buffer_pool_get_config(pool.get());
    gst_buffer_pool_config_set_params(config, caps, static_cast<guint>(size), 0, 0);
    gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_META);
    gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_GL_SYNC_META);
    gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_GL_TEXTURE_TARGET_2D);
    if (!gst_buffer_pool_set_config(pool.get(), config))
        return Status{Code::System, "GStreamer refuses to configure a pool of GL memory for these caps"};
    return pool;
}

class GlMemoryImporter final : public Importer {
public:
    explicit GlMemoryImporter(const ImportSite &site)
        : element_(site.element), contexts_(*site.gl), wantedDevice_(site.cudaDeviceId), downstream_(site.element)
    {}
    ~GlMemoryImporter() override { reset(); }
    MemoryKind kind() const override { return MemoryKind::Gl; }
    bool serves(const Negotiated &negotiated) const override { return negotiated.feature == MemoryKind::Gl; }
    bool accepts(GstBuffer *buffer) const override;
    Result<std::span<const Frame>> open(GstBuffer *buffer, const BufferLayout &layout, const Negotiated &negotiated,
                                        Access access) override;
    Status close() override
    {
        map_.unmap();
        used_.reset();
        return {};
    }
    Result<GstBuffer *> allocateLike(GstBuffer *source, const Negotiated &negotiated, GstCaps *caps,
                                     GstBufferPool *downstream) override;
    void clear() override { reset(); }
    ImportCounters counters() const override { return {imports_, hits_}; }

private:
    void reset();
    Status adopt(GstGLContext *context);
    Result<std::shared_ptr<Import>> importOf(GstBuffer *buffer, GstGLMemory *memory);

    GstElement *element_; // borrowed, for the log
    GlContexts &contexts_;
    int wantedDevice_;
    GstGLContext *context_ = nullptr; // of the last frame, owned
    int device_ = -1;                 // of that context
    ImportCache<Import> cache_;
    guint64 imports_ = 0, hits_ = 0;
    GlMap map_;
    std::shared_ptr<Import> used_; // by the frame at hand
    Frame frame_;
    BufferPoolPtr pool_; // for copies, in context_
    DownstreamPool downstream_;
};

bool GlMemoryImporter::accepts(GstBuffer *buffer) const
{
    const guint count = gst_buffer_n_memory(buffer);
    for (guint i = 0; i < count; i++) {
        if (!gst_is_gl_memory(gst_buffer_peek_memory(buffer, i)))
            return false;
    }
    return count > 0;
}

void GlMemoryImporter::reset()
{
    cache_.clear();
    downstream_.reset();
    if (pool_)
        gst_buffer_pool_set_active(pool_.get(), FALSE);
    pool_.reset();
    gst_clear_object(&context_);
}

Status GlMemoryImporter::adopt(GstGLContext *context)
{
    if (context == context_)
        return {};
    const Result<int> gpu = gpuOfGlContext(context);
    if (!gpu)
        return gpu.status();
    if (wantedDevice_ >= 0 && gpu.value() != wantedDevice_) {
        const std::string found = std::to_string(gpu.value());
        return {Code::InvalidArgument, "the buffer's GL memory lies on GPU " + found + ", but cuda-device-id=" +
                                           std::to_string(wantedDevice_) + "; set cuda-device-id=" + found + " or -1"};
    }
    reset();
    context_ = static_cast<GstGLContext *>(gst_object_ref(context));
    device_ = gpu.value();
    contexts_.adopt(context);
    return {};
}

Status checkTexture(GstGLMemory *memory)
{
    if (const auto target = gst_gl_memory_get_texture_target(memory); target != GST_GL_TEXTURE_TARGET_2D)
        return {Code::Unsupported, std::string("the texture's target is ") + gst_gl_texture_target_to_string(target) +
                                       "; expected 2D: put \"video/x-raw(memory:GLMemory),texture-target=2D\" or "
                                       "glcolorconvert before cudazerocopy"};
    const GstGLFormat format = gst_gl_memory_get_texture_format(memory);
    if (format == GST_GL_RGBA || format == GST_GL_RGBA8)
        return {};
    return {Code::Unsupported, "the texture's format is number " + std::to_string(static_cast<int>(format)) +
                                   " of OpenGL; expected RGBA8: put glcolorconvert before cudazerocopy"};
}

// On the GL thread, everything that OpenGL has to do with the frame; then, once a memory, CUDA's part.
Result<std::shared_ptr<Import>> GlMemoryImporter::importOf(GstBuffer *buffer, GstGLMemory *memory)
{
    std::shared_ptr<Import> import = cache_.find(GST_MEMORY_CAST(memory));
    const guint texture = gst_gl_memory_get_texture_id(memory);
    if (import && import->texture != texture)
        import.reset();
    SharedImports &shared = SharedImports::ofProcess();
    std::unique_lock<std::mutex> making;
    if (!import) {
        making = shared.lock();
        import = shared.find(GST_MEMORY_CAST(memory), texture, device_);
        if (import)
            cache_.put(GST_MEMORY_CAST(memory), import);
    }
    GlWork work{buffer, memory, !import, std::nullopt};
    gst_gl_context_thread_add(context_, onGlThread, &work);
    if (!work.finished)
        return Status{Code::Unsupported, "the OpenGL library of the buffer's context has no glFinish"};
    if (import) {
        hits_++;
        return import;
    }
    if (work.image->handle() == nullptr)
        return Status{Code::Access, "EGL makes no image of the buffer's texture (GST_DEBUG=eglimage:5 tells why); "
                                    "EGL_KHR_gl_texture_2D_image is needed"};
    Result<EglImageImport> registered = EglImageImport::make(device_, nullptr, work.image->handle());
    if (!registered)
        return Status{registered.status().code(),
                      "GPU " + std::to_string(device_) + " and the buffer's texture: " + registered.status().message()};
    imports_++;
    GST_CAT_LOG_OBJECT(logImport, element_, "registered texture %u with CUDA", texture);
    import = std::make_shared<Import>(Import{texture, device_, std::move(*work.image), std::move(registered.value())});
    cache_.put(GST_MEMORY_CAST(memory), import);
    shared.put(GST_MEMORY_CAST(memory), import);
    return import;
}

Result<std::span<const Frame>> GlMemoryImporter::open(GstBuffer *buffer, const BufferLayout &layout,
                                                      const Negotiated &negotiated, Access access)
{
    GstMemory *memory = layout.plane[0].memory;
    auto *texture = reinterpret_cast<GstGLMemory *>(memory);
    if (layout.planes != 1 || layout.plane[0].offset != 0)
        return Status{Code::Unsupported, "GL memory is worked on whole and in one plane, but the buffer has " +
                                             std::to_string(layout.planes) + " and its picture begins at byte " +
                                             std::to_string(layout.plane[0].offset) +
                                             "; put glcolorconvert before cudazerocopy, and videocrop behind it"};
    if (Status status = checkTexture(texture); !status)
        return status;
    if (Status status = adopt(texture->mem.context); !status)
        return status;
    if (Status status = map_.map(memory, access); !status)
        return status;
    auto import = importOf(buffer, texture);
    Status status = import.status();
    if (import) {
        used_ = std::move(import.value());
        frame_ = frameFor(layout, negotiated);
        frame_.memory = MemoryKind::Gl;
        frame_.planes[0].pitch = 0; // the meta's is that of a download
        status = used_->registered.place(frame_);
    }
    if (!status) {
        (void)close();
        return status;
    }
    return std::span<const Frame>(&frame_, 1);
}

Result<GstBuffer *> GlMemoryImporter::allocateLike(GstBuffer *source, const Negotiated &negotiated, GstCaps *caps,
                                                   GstBufferPool *downstream)
{
    auto *memory = reinterpret_cast<GstGLMemory *>(gst_buffer_peek_memory(source, 0));
    if (Status status = adopt(memory->mem.context); !status)
        return status;
    if (downstream != nullptr && GST_IS_GL_BUFFER_POOL(downstream) &&
        GST_GL_BUFFER_POOL(downstream)->context == context_) {
        if (BufferPtr buffer = downstream_.acquire(downstream, negotiated, caps); buffer)
            return buffer.release();
    }
    if (!pool_) {
        auto made = makeGlPool(context_, caps, GST_VIDEO_INFO_SIZE(&negotiated.pixels));
        if (!made)
            return made.status();
        if (!gst_buffer_pool_set_active(made.value().get(), TRUE))
            return Status{Code::System, "a pool of GL memory cannot be started; the GPU may be out of memory"};
        pool_ = std::move(made.value());
    }
    GstBuffer *buffer = nullptr;
    if (gst_buffer_pool_acquire_buffer(pool_.get(), &buffer, nullptr) != GST_FLOW_OK)
        return Status{Code::System, "no texture can be made to copy into; the GPU may be out of memory"};
    return buffer;
}

} // namespace

void setGlImageMaker(const GlImageMaker *maker)
{
    testMaker = maker;
}

std::unique_ptr<Importer> makeGlMemoryImporter(const ImportSite &site)
{
    if (site.device == Device::Cpu || site.gl == nullptr)
        return nullptr;
    return std::make_unique<GlMemoryImporter>(site);
}

bool proposeGlPool(GstQuery *query, GlContexts &contexts)
{
    GstCaps *caps = nullptr;
    gst_query_parse_allocation(query, &caps, nullptr);
    const Result<Negotiated> negotiated = parseCaps(caps);
    if (!negotiated || negotiated.value().feature != MemoryKind::Gl)
        return false;
    gst_query_add_allocation_meta(query, GST_GL_SYNC_META_API_TYPE, nullptr);
    for (guint i = 0; i < gst_query_get_n_allocation_pools(query); i++) {
        GstBufferPool *pool = nullptr;
        gst_query_parse_nth_allocation_pool(query, i, &pool, nullptr, nullptr, nullptr);
        if (const BufferPoolPtr owned(pool); owned)
            return true;
    }
    GstGLContext *context = contexts.ensure();
    if (context == nullptr)
        return false;
    const gsize size = GST_VIDEO_INFO_SIZE(&negotiated.value().pixels);
    const auto pool = makeGlPool(context, caps, size);
    gst_object_unref(context);
    if (!pool) {
        GST_CAT_WARNING(logImport, "upstream is offered no pool: %s", pool.status().message().c_str());
        return false;
    }
    gst_query_add_allocation_pool(query, pool.value().get(), static_cast<guint>(size), 0, 0);
    return true;
}

} // namespace zc::gst
