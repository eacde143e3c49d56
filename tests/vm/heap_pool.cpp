// SPDX-License-Identifier: MIT
// The pool, and the answer to the allocation query.
#include "heap_pool.hpp"

#include "source.hpp"

#include <gst/video/video.h>

namespace zc::vm {
namespace {

struct HeapPool {
    GstBufferPool parent;
};
struct HeapPoolClass {
    GstBufferPoolClass parent;
};

GstFlowReturn allocBuffer(GstBufferPool *, GstBuffer **buffer, GstBufferPoolAcquireParams *)
{
    *buffer = bufferOf({wrapDmabuf(makeDmabuf(Maker::Heap, kFrameBytes), kFrameBytes)});
    return GST_FLOW_OK;
}

void initClass(gpointer klass, gpointer)
{
    GST_BUFFER_POOL_CLASS(klass)->alloc_buffer = allocBuffer;
}

GType poolType()
{
    static const GType type = g_type_register_static_simple(GST_TYPE_BUFFER_POOL, "ZcVmHeapPool", sizeof(HeapPoolClass),
                                                            initClass, sizeof(HeapPool), nullptr, GTypeFlags(0));
    return type;
}

GstPadProbeReturn answer(GstPad *, GstPadProbeInfo *info, gpointer pool)
{
    GstQuery *query = GST_PAD_PROBE_INFO_QUERY(info);
    if (GST_QUERY_TYPE(query) != GST_QUERY_ALLOCATION)
        return GST_PAD_PROBE_OK;
    gst_query_add_allocation_pool(query, GST_BUFFER_POOL(pool), kFrameBytes, 2, 0);
    gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr);
    return GST_PAD_PROBE_HANDLED;
}

} // namespace

GstBufferPool *newHeapPool()
{
    auto *pool = static_cast<GstBufferPool *>(g_object_new(poolType(), nullptr));
    gst_object_ref_sink(pool);
    return pool;
}

void proposePool(GstPad *sink, GstBufferPool *pool)
{
    gst_pad_add_probe(sink, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, answer, pool, nullptr);
}

} // namespace zc::vm
