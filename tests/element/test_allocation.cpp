// SPDX-License-Identifier: MIT
// What upstream sees of downstream's answer to the allocation query, and nothing that was made up on the way.
#include "element_harness.hpp"

#include <gtest/gtest.h>

namespace zc::test {
namespace {

constexpr const char *kCaps = "video/x-raw,format=NV12,width=32,height=16,framerate=30/1";

struct UnrefQuery {
    void operator()(GstQuery *query) const { gst_query_unref(query); }
};
using Query = std::unique_ptr<GstQuery, UnrefQuery>;

Query allocationQuery()
{
    GstCaps *caps = gst_caps_from_string(kCaps);
    Query query(gst_query_new_allocation(caps, TRUE));
    gst_caps_unref(caps);
    return query;
}

bool ask(ElementHarness &h, const Query &query)
{
    return gst_pad_peer_query(h.get()->srcpad, query.get());
}

GstPadProbeReturn refuse(GstPad *, GstPadProbeInfo *info, gpointer)
{
    return GST_QUERY_TYPE(GST_PAD_PROBE_INFO_QUERY(info)) == GST_QUERY_ALLOCATION ? GST_PAD_PROBE_DROP
                                                                                  : GST_PAD_PROBE_OK;
}

GstPadProbeReturn addPool(GstPad *, GstPadProbeInfo *info, gpointer pool)
{
    GstQuery *query = GST_PAD_PROBE_INFO_QUERY(info);
    if (GST_QUERY_TYPE(query) == GST_QUERY_ALLOCATION && (info->type & GST_PAD_PROBE_TYPE_PUSH) != 0)
        gst_query_add_allocation_pool(query, GST_BUFFER_POOL(pool), 768, 3, 9);
    return GST_PAD_PROBE_OK;
}

class Allocation : public testing::TestWithParam<const char *> {
protected:
    ElementHarness h_{std::string("cudazerocopy kernel=") + GetParam(), kCaps};
};

TEST_P(Allocation, DownstreamsMetasReachUpstream)
{
    gst_harness_add_propose_allocation_meta(h_.get(), GST_VIDEO_META_API_TYPE, nullptr);
    const Query query = allocationQuery();
    ASSERT_TRUE(ask(h_, query));
    EXPECT_EQ(gst_query_get_n_allocation_metas(query.get()), 1U);
    EXPECT_TRUE(gst_query_find_allocation_meta(query.get(), GST_VIDEO_META_API_TYPE, nullptr));
    EXPECT_FALSE(gst_query_find_allocation_meta(query.get(), GST_VIDEO_CROP_META_API_TYPE, nullptr));
}

TEST_P(Allocation, NothingIsPromisedThatDownstreamDidNot)
{
    const Query query = allocationQuery();
    ASSERT_TRUE(ask(h_, query));
    EXPECT_EQ(gst_query_get_n_allocation_metas(query.get()), 0U);
    EXPECT_EQ(gst_query_get_n_allocation_pools(query.get()), 0U);
}

TEST_P(Allocation, DownstreamsAllocatorReachesUpstream)
{
    GstAllocationParams params;
    gst_allocation_params_init(&params);
    params.align = 63;
    gst_harness_set_propose_allocator(h_.get(), gst_allocator_find(GST_ALLOCATOR_SYSMEM), &params);
    const Query query = allocationQuery();
    ASSERT_TRUE(ask(h_, query));
    ASSERT_EQ(gst_query_get_n_allocation_params(query.get()), 1U);
    GstAllocator *allocator = nullptr;
    GstAllocationParams seen;
    gst_query_parse_nth_allocation_param(query.get(), 0, &allocator, &seen);
    ASSERT_NE(allocator, nullptr);
    EXPECT_STREQ(allocator->mem_type, GST_ALLOCATOR_SYSMEM);
    EXPECT_EQ(seen.align, 63U);
    gst_object_unref(allocator);
}

TEST_P(Allocation, DownstreamsPoolReachesUpstream)
{
    GstBufferPool *pool = gst_buffer_pool_new();
    gst_pad_add_probe(h_.get()->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, addPool, pool, nullptr);
    const Query query = allocationQuery();
    ASSERT_TRUE(ask(h_, query));
    ASSERT_EQ(gst_query_get_n_allocation_pools(query.get()), 1U);
    GstBufferPool *seen = nullptr;
    guint size = 0, least = 0, most = 0;
    gst_query_parse_nth_allocation_pool(query.get(), 0, &seen, &size, &least, &most);
    EXPECT_EQ(seen, pool);
    EXPECT_EQ(size, 768U);
    EXPECT_GE(least, 3U);
    EXPECT_EQ(most, 9U);
    gst_object_unref(seen);
    gst_object_unref(pool);
}

TEST_P(Allocation, ARefusalStaysARefusalAndDoesNoHarm)
{
    gst_pad_add_probe(h_.get()->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, refuse, nullptr, nullptr);
    const Query query = allocationQuery();
    EXPECT_FALSE(ask(h_, query));
    EXPECT_EQ(gst_query_get_n_allocation_pools(query.get()), 0U);
    Buffer buffer = makeBuffer(infoOf(kCaps), {.name = "system"}, 1);
    const Buffer held(gst_buffer_ref(buffer.get())); // a copy has to do without a pool
    EXPECT_EQ(h_.push(std::move(buffer)), GST_FLOW_OK);
    EXPECT_NE(h_.pull(), nullptr);
}

// The first is passthrough, the second works.
INSTANTIATE_TEST_SUITE_P(Both, Allocation, testing::Values("identity", "invert"));

TEST(AllocationOfACopy, UsesDownstreamsPool)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    GstBufferPool *pool = gst_video_buffer_pool_new();
    gst_pad_add_probe(h.get()->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, addPool, pool, nullptr);
    const GstVideoInfo info = infoOf(kCaps);
    for (unsigned i = 0; i < 12; ++i) { // more than the pool's most: it must get its buffers back
        Buffer buffer = makeBuffer(info, {.name = "system"}, i);
        const Bytes wanted = expected("invert", info, nullptr, bytesOf(buffer.get()));
        const Buffer held(gst_buffer_ref(buffer.get()));
        ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
        const Buffer out = h.pull();
        ASSERT_NE(out, nullptr);
        EXPECT_EQ(visible(info, out.get()), wanted);
        EXPECT_EQ(out->pool, pool);
    }
    gst_object_unref(pool);
}

TEST(AllocationOfACopy, FallsBackToMemoryOfOurOwnWhenThePoolIsEmpty)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    GstBufferPool *pool = gst_video_buffer_pool_new();
    gst_pad_add_probe(h.get()->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, addPool, pool, nullptr);
    const GstVideoInfo info = infoOf(kCaps);
    std::vector<Buffer> kept;
    for (unsigned i = 0; i < 12; ++i) { // three more than the pool has
        Buffer buffer = makeBuffer(info, {.name = "system"}, i);
        const Bytes wanted = expected("invert", info, nullptr, bytesOf(buffer.get()));
        const Buffer held(gst_buffer_ref(buffer.get()));
        ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
        kept.push_back(h.pull());
        ASSERT_NE(kept.back(), nullptr);
        EXPECT_EQ(visible(info, kept.back().get()), wanted);
    }
    EXPECT_EQ(h.stat("copied"), 12U);
    gst_object_unref(pool);
}

} // namespace
} // namespace zc::test
