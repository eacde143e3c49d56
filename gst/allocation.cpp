// SPDX-License-Identifier: MIT
// Room for one copy in the pool, and no system memory under DMABuf caps.
#include "allocation.hpp"

#include "caps.hpp"
#include "gst_ptr.hpp"

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

bool isForDmabufs(GstQuery *query)
{
    GstCaps *caps = nullptr;
    gst_query_parse_allocation(query, &caps, nullptr);
    return caps != nullptr && !gst_caps_is_empty(caps) && !gst_caps_is_any(caps) &&
           gst_caps_features_contains(gst_caps_get_features(caps, 0), kFeatureDmabuf);
}

void dropSystemAllocators(GstQuery *query)
{
    for (guint i = gst_query_get_n_allocation_params(query); i-- > 0;) {
        GstAllocator *allocator = nullptr;
        gst_query_parse_nth_allocation_param(query, i, &allocator, nullptr);
        const AllocatorPtr owned(allocator);
        if (allocator != nullptr && g_strcmp0(allocator->mem_type, GST_ALLOCATOR_SYSMEM) == 0)
            gst_query_remove_nth_allocation_param(query, i);
    }
}

} // namespace

void adjustAllocation(GstQuery *query, bool mayCopy)
{
    if (mayCopy && gst_query_get_n_allocation_pools(query) > 0)
        makeRoomForCopies(query);
    if (isForDmabufs(query))
        dropSystemAllocators(query);
}

} // namespace zc::gst
