// SPDX-License-Identifier: MIT
#include "memory.hpp"

using zc::nvmm_test::Producer;
using zc::nvmm_test::SurfaceMemory;
using zc::nvmm_test::SurfaceStore;

// ---- The allocator. The three producers' differ in name and flags alone.

struct NvmmTestAllocator {
    GstAllocator parent;
};
struct NvmmTestAllocatorClass {
    GstAllocatorClass parent;
};
G_DEFINE_TYPE(NvmmTestAllocator, nvmm_test_allocator, GST_TYPE_ALLOCATOR)

static void freeMemory(GstAllocator *, GstMemory *memory)
{
    auto *own = reinterpret_cast<SurfaceMemory *>(memory);
    if (memory->parent == nullptr) {
        own->breakage->restore();
        (*own->store)->give(own->surface);
        delete own->breakage;
        delete own->store;
    }
    g_free(own);
}

static gpointer mapMemory(GstMemory *memory, GstMapInfo *info, gsize)
{
    auto *own = reinterpret_cast<SurfaceMemory *>(memory);
    if ((info->flags & GST_MAP_WRITE) != 0)
        g_critical("an NVMM memory is mapped for writing; the struct in it is for reading only");
    return own->breakage->active() ? own->breakage->shown() : own->surface;
}

static GstMemory *shareMemory(GstMemory *memory, gssize offset, gssize size)
{
    if (GST_MEMORY_FLAG_IS_SET(memory, GST_MEMORY_FLAG_NO_SHARE)) {
        g_critical("an NVMM memory that cannot be shared is shared");
        return nullptr;
    }
    GstMemory *root = memory->parent != nullptr ? memory->parent : memory;
    auto *part = g_new0(SurfaceMemory, 1);
    *part = *reinterpret_cast<SurfaceMemory *>(memory);
    part->memory = GstMemory{};
    gst_memory_init(&part->memory, GST_MEMORY_FLAG_READONLY, memory->allocator, root, memory->maxsize, memory->align,
                    memory->offset + static_cast<gsize>(offset),
                    size < 0 ? memory->size - static_cast<gsize>(offset) : static_cast<gsize>(size));
    return &part->memory;
}

static void nvmm_test_allocator_class_init(NvmmTestAllocatorClass *klass)
{
    GST_ALLOCATOR_CLASS(klass)->free = freeMemory;
}

static void nvmm_test_allocator_init(NvmmTestAllocator *self)
{
    auto *allocator = GST_ALLOCATOR(self);
    allocator->mem_map_full = mapMemory;
    allocator->mem_unmap = [](GstMemory *) {};
    allocator->mem_share = shareMemory;
    // mem_copy stays the default of GstAllocator, which copies the struct and not the pixels, as with all producers.
    GST_OBJECT_FLAG_SET(allocator, GST_ALLOCATOR_FLAG_CUSTOM_ALLOC);
}

static GstAllocator *allocatorOf(Producer producer)
{
    static const char *const names[] = {"V4l2Memory", "nvds", "nvfilter"};
    static GstAllocator *made[3];
    static gsize once = 0;
    if (g_once_init_enter(&once)) {
        for (int i = 0; i < 3; ++i) {
            made[i] = GST_ALLOCATOR(g_object_new(nvmm_test_allocator_get_type(), nullptr));
            gst_object_ref_sink(made[i]);
            GST_OBJECT_FLAG_SET(made[i], GST_OBJECT_FLAG_MAY_BE_LEAKED);
            made[i]->mem_type = names[i];
        }
        g_once_init_leave(&once, 1);
    }
    return made[static_cast<int>(producer)];
}

// ---- The pool.

struct NvmmTestPool {
    GstBufferPool parent;
    std::shared_ptr<SurfaceStore> *store;
};
struct NvmmTestPoolClass {
    GstBufferPoolClass parent;
};
G_DEFINE_TYPE(NvmmTestPool, nvmm_test_pool, GST_TYPE_BUFFER_POOL)

static GstFlowReturn allocBuffer(GstBufferPool *pool, GstBuffer **buffer, GstBufferPoolAcquireParams *)
{
    auto *self = reinterpret_cast<NvmmTestPool *>(pool);
    GstMemory *memory = zc::nvmm_test::newSurfaceMemory(*self->store);
    if (memory == nullptr)
        return GST_FLOW_ERROR;
    *buffer = gst_buffer_new();
    gst_buffer_append_memory(*buffer, memory);
    return GST_FLOW_OK;
}

static void nvmm_test_pool_finalize(GObject *object)
{
    delete reinterpret_cast<NvmmTestPool *>(object)->store;
    G_OBJECT_CLASS(nvmm_test_pool_parent_class)->finalize(object);
}

static void nvmm_test_pool_class_init(NvmmTestPoolClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = nvmm_test_pool_finalize;
    GST_BUFFER_POOL_CLASS(klass)->alloc_buffer = allocBuffer;
}

static void nvmm_test_pool_init(NvmmTestPool *self)
{
    self->store = new std::shared_ptr<SurfaceStore>;
}

namespace zc::nvmm_test {

SurfaceStore::~SurfaceStore()
{
    for (void *surface : idle_)
        destroy(surface);
}

void *SurfaceStore::take()
{
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            void *surface = idle_.front();
            idle_.erase(idle_.begin());
            return surface;
        }
    }
    const Quiet quiet(library_);
    fake_nvbuf::NewCreateParams wanted{};
    wanted.common = wish_.create;
    void *surface = nullptr;
    return library_.create(&surface, wish_.batchSize, &wanted) == 0 ? surface : nullptr;
}

void SurfaceStore::give(void *surface)
{
    const Quiet quiet(library_);
    if (library_.checkSynced != nullptr)
        library_.checkSynced(surface);
    if (!wish_.keep) {
        destroy(surface);
        return;
    }
    const std::lock_guard lock(mutex_);
    idle_.push_back(surface);
}

void SurfaceStore::destroy(void *surface)
{
    const Quiet quiet(library_);
    const fake_nvbuf::Batch batch(surface, library_.newAbi);
    for (std::uint32_t i = 0; wish_.ownsEgl && i < batch.head().batchSize; ++i)
        if (batch[i].eglImage != nullptr)
            library_.unmapEgl(surface, static_cast<int>(i));
    library_.destroy(surface);
}

GstMemory *newSurfaceMemory(const std::shared_ptr<SurfaceStore> &store)
{
    void *surface = store->take();
    if (surface == nullptr)
        return nullptr;
    const SurfaceWish &wish = store->wish();
    const gsize bytes = fake_nvbuf::Batch(surface, store->library().newAbi).bytes();
    const bool decoder = wish.producer == Producer::Decoder, converter = wish.producer == Producer::Converter;
    // The decoder's memory was made for a plane of the picture, and shrunk to the struct.
    const gsize maxsize = decoder ? gsize{wish.create.width} * ((wish.create.height + 15) / 16 * 16) : bytes;
    auto *own = g_new0(SurfaceMemory, 1);
    gst_memory_init(&own->memory, converter ? GST_MEMORY_FLAG_NO_SHARE : static_cast<GstMemoryFlags>(0),
                    allocatorOf(wish.producer), nullptr, MAX(maxsize, sizeof(fake_nvbuf::NewSurface)), 0, 0, bytes);
    own->store = new std::shared_ptr<SurfaceStore>(store);
    own->surface = surface;
    own->breakage = new Breakage;
    return &own->memory;
}

SurfaceMemory *surfaceMemory(GstMemory *memory)
{
    const bool ours =
        memory != nullptr && G_TYPE_CHECK_INSTANCE_TYPE(memory->allocator, nvmm_test_allocator_get_type());
    return ours ? reinterpret_cast<SurfaceMemory *>(memory) : nullptr;
}

SurfaceMemory *surfaceMemory(GstBuffer *buffer)
{
    return gst_buffer_n_memory(buffer) != 0 ? surfaceMemory(gst_buffer_peek_memory(buffer, 0)) : nullptr;
}

GstBufferPool *newSurfacePool(const std::shared_ptr<SurfaceStore> &store, GstCaps *caps, unsigned buffers)
{
    auto *pool = GST_BUFFER_POOL(g_object_new(nvmm_test_pool_get_type(), nullptr));
    gst_object_ref_sink(pool);
    *reinterpret_cast<NvmmTestPool *>(pool)->store = store;
    GstStructure *config = gst_buffer_pool_get_config(pool);
    const std::size_t bytes = store->library().newAbi ? sizeof(fake_nvbuf::NewSurface) : sizeof(fake_nvbuf::OldSurface);
    // All made at once, so that they take turns.
    gst_buffer_pool_config_set_params(config, caps, static_cast<guint>(bytes), buffers, buffers);
    gst_buffer_pool_set_config(pool, config);
    return pool;
}

} // namespace zc::nvmm_test
