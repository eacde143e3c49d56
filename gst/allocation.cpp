// SPDX-License-Identifier: MIT
// Room for one copy in the pool, no system memory under DMABuf caps, and whole pages for what a GPU is to pin.
#include "allocation.hpp"

#include "caps.hpp"
#include "gst_ptr.hpp"
#include "memory/copy_allocator.hpp"

namespace zc::gst {
namespace {

// One frame is inside the element at a time, and so is its copy; those pushed on are downstream's own to count.
constexpr guint kCopiesHeld = 1;

guint raised(guint count)
{
    return count > G_MAXUINT - kCopiesHeld ? count : count + kCopiesHeld;
}

void makeRoomForCopies(GstQuery *query)
{
    GstBufferPool *pool = nullptr;
    guint size = 0, least = 0, most = 0;
    gst_query_parse_nth_allocation_pool(query, 0, &pool, &size, &least, &most);
    const BufferPoolPtr owned(pool);
    if (pool != nullptr) // without a pool, upstream's is not the one that copies come from
        gst_query_set_nth_allocation_pool(query, 0, pool, size, raised(least), most == 0 ? 0 : raised(most));
}

const GstCapsFeatures *featuresOf(GstQuery *query)
{
    GstCaps *caps = nullptr;
    gst_query_parse_allocation(query, &caps, nullptr);
    return caps != nullptr && !gst_caps_is_empty(caps) && !gst_caps_is_any(caps) ? gst_caps_get_features(caps, 0)
                                                                                 : nullptr;
}

bool isFor(GstQuery *query, const char *feature)
{
    const GstCapsFeatures *features = featuresOf(query);
    return features != nullptr && gst_caps_features_contains(features, feature);
}

bool isForSystemMemory(GstQuery *query)
{
    const GstCapsFeatures *features = featuresOf(query);
    return features != nullptr && gst_caps_features_is_equal(features, GST_CAPS_FEATURES_MEMORY_SYSTEM_MEMORY);
}

bool isSystem(GstAllocator *allocator)
{
    return allocator == nullptr || g_strcmp0(allocator->mem_type, GST_ALLOCATOR_SYSMEM) == 0;
}

// Of two frames whose ends share a page, both can be pinned only on some GPUs.
void alignToPages(GstQuery *query)
{
    GstAllocationParams params;
    if (gst_query_get_n_allocation_params(query) == 0) {
        gst_allocation_params_init(&params);
        gst_query_add_allocation_param(query, nullptr, &params);
    }
    for (guint i = 0; i < gst_query_get_n_allocation_params(query); i++) {
        GstAllocator *allocator = nullptr;
        gst_query_parse_nth_allocation_param(query, i, &allocator, &params);
        const AllocatorPtr owned(allocator);
        params.align |= pageAlign();
        if (isSystem(allocator))
            gst_query_set_nth_allocation_param(query, i, allocator, &params);
    }
}

void dropSystemAllocators(GstQuery *query)
{
    for (guint i = gst_query_get_n_allocation_params(query); i-- > 0;) {
        GstAllocator *allocator = nullptr;
        gst_query_parse_nth_allocation_param(query, i, &allocator, nullptr);
        const AllocatorPtr owned(allocator);
        if (allocator != nullptr && isSystem(allocator))
            gst_query_remove_nth_allocation_param(query, i);
    }
}

} // namespace

void adjustAllocation(GstQuery *query, bool mayCopy, bool pins)
{
    if (mayCopy && gst_query_get_n_allocation_pools(query) > 0 && !isFor(query, kFeatureNvmm))
        makeRoomForCopies(query); // of NVMM, copies have a pool of their own
    if (isFor(query, kFeatureDmabuf))
        dropSystemAllocators(query);
    if (pins && isForSystemMemory(query))
        alignToPages(query);
}

} // namespace zc::gst
