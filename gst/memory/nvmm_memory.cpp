// SPDX-License-Identifier: MIT
// A GstMemory around a surface that NvBufSurfaceCreate made, as NVIDIA's own pools make them: it maps to the struct.
#include "nvmm_memory.hpp"

#include "memory_maps.hpp"

#include <string>

namespace zc::gst {
namespace {

constexpr const char *kTypeName = "GstCudaZeroCopyNvmmAllocator";
constexpr const char *kMemType = "cudazerocopy-nvmm";

struct SurfaceMemory {
    GstMemory base; // first: GStreamer sees nothing else
    nvbuf::OwnedSurface surface;
    nvbuf::SurfaceKind kind;
};

SurfaceMemory *ours(GstMemory *memory)
{
    return reinterpret_cast<SurfaceMemory *>(memory);
}

gpointer mapSurface(GstMemory *memory, gsize, GstMapFlags)
{
    return ours(memory)->surface.get();
}

void unmapSurface(GstMemory *) {}

// Another struct about the same pixels would outlive them.
GstMemory *refuseCopy(GstMemory *, gssize, gssize)
{
    return nullptr;
}

GstMemory *refuseAllocation(GstAllocator *, gsize, GstAllocationParams *)
{
    return nullptr;
}

void freeSurface(GstAllocator *, GstMemory *memory)
{
    delete ours(memory);
}

void initClass(gpointer klass, gpointer)
{
    auto *allocator = static_cast<GstAllocatorClass *>(klass);
    allocator->alloc = refuseAllocation;
    allocator->free = freeSurface;
}

void initAllocator(GTypeInstance *instance, gpointer)
{
    auto *allocator = reinterpret_cast<GstAllocator *>(instance);
    allocator->mem_type = kMemType;
    allocator->mem_map = mapSurface;
    allocator->mem_unmap = unmapSurface;
    allocator->mem_copy = refuseCopy;
    allocator->mem_share = refuseCopy;
    GST_OBJECT_FLAG_SET(allocator, GST_ALLOCATOR_FLAG_CUSTOM_ALLOC);
}

// Never destroyed, as GStreamer's own allocators.
GstAllocator *allocator()
{
    static GstAllocator *const instance = [] {
        GType type = g_type_from_name(kTypeName); // of another copy of this code in the process
        if (type == G_TYPE_INVALID)
            type = g_type_register_static_simple(GST_TYPE_ALLOCATOR, kTypeName, sizeof(GstAllocatorClass), initClass,
                                                 sizeof(GstAllocator), initAllocator, static_cast<GTypeFlags>(0));
        auto *made = static_cast<GstAllocator *>(g_object_new(type, nullptr));
        gst_object_ref_sink(made);
        GST_OBJECT_FLAG_SET(made, GST_OBJECT_FLAG_MAY_BE_LEAKED);
        return made;
    }();
    return instance;
}

} // namespace

Status SurfaceMap::map(GstMemory *memory)
{
    unmap();
    if (!gst_memory_map(memory, &info_, GST_MAP_READ))
        return {Code::Access, describeMemory(memory) + " under memory:NVMM caps cannot be mapped for reading: somebody "
                                                       "else has it mapped for writing"};
    memory_ = gst_memory_ref(memory);
    return {};
}

void SurfaceMap::unmap()
{
    if (memory_ == nullptr)
        return;
    gst_memory_unmap(memory_, &info_);
    gst_memory_unref(memory_);
    memory_ = nullptr;
    info_ = GST_MAP_INFO_INIT;
}

Result<GstMemory *> SurfacePool::acquire(const nvbuf::SurfaceKind &kind, std::uint32_t filled)
{
    MemoryPtr memory = recycled_.take([&](GstMemory *free) { return ours(free)->kind == kind; });
    if (!memory) {
        auto surface = nvbuf::OwnedSurface::create(kind);
        if (!surface)
            return surface.status();
        auto *made = new SurfaceMemory{{}, std::move(surface.value()), kind};
        const gsize size = made->surface.bytes();
        gst_memory_init(&made->base, static_cast<GstMemoryFlags>(0), allocator(), nullptr, size, 0, 0, size);
        memory.reset(&made->base);
        recycled_.remember(memory.get());
    }
    ours(memory.get())->surface.get()->numFilled = filled;
    return memory.release();
}

} // namespace zc::gst
