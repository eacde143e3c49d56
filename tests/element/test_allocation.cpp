// SPDX-License-Identifier: MIT
// What upstream sees of downstream's answer to the allocation query, and nothing that was made up on the way.
#include "element_harness.hpp"

#include <gst/allocators/gstdmabuf.h>
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

struct Limits {
    guint least, most;
    bool operator==(const Limits &) const = default;
};

// What upstream sees of a pool that downstream proposed with these limits.
Limits limitsSeen(const std::string &launch, Limits proposed)
{
    ElementHarness h(launch, kCaps);
    GstQuery *answer = gst_query_new_allocation(nullptr, TRUE); // carries the proposal to the probe
    GstBufferPool *pool = gst_buffer_pool_new();
    gst_query_add_allocation_pool(answer, pool, 768, proposed.least, proposed.most);
    gst_pad_add_probe(
        h.get()->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM,
        [](GstPad *, GstPadProbeInfo *info, gpointer data) {
            GstQuery *asked = GST_PAD_PROBE_INFO_QUERY(info);
            if (GST_QUERY_TYPE(asked) == GST_QUERY_ALLOCATION && (info->type & GST_PAD_PROBE_TYPE_PUSH) != 0) {
                GstBufferPool *offered = nullptr;
                guint size = 0, least = 0, most = 0;
                gst_query_parse_nth_allocation_pool(GST_QUERY(data), 0, &offered, &size, &least, &most);
                gst_query_add_allocation_pool(asked, offered, size, least, most);
                gst_object_unref(offered);
            }
            return GST_PAD_PROBE_OK;
        },
        answer, nullptr);
    const Query query = allocationQuery();
    Limits seen{};
    EXPECT_TRUE(ask(h, query));
    EXPECT_EQ(gst_query_get_n_allocation_pools(query.get()), 1U);
    if (gst_query_get_n_allocation_pools(query.get()) == 1)
        gst_query_parse_nth_allocation_pool(query.get(), 0, nullptr, nullptr, &seen.least, &seen.most);
    gst_query_unref(answer);
    gst_object_unref(pool);
    return seen;
}

TEST(AllocationRoom, IsMadeForTheCopyAlone)
{
    EXPECT_EQ(limitsSeen("cudazerocopy kernel=invert", {3, 9}), (Limits{4, 10}));
    EXPECT_EQ(limitsSeen("cudazerocopy kernel=invert", {3, 0}), (Limits{4, 0})) << "0 is without limit";
    EXPECT_EQ(limitsSeen("cudazerocopy kernel=invert", {G_MAXUINT, G_MAXUINT}), (Limits{G_MAXUINT, G_MAXUINT}));
    for (const char *never : {"on-shared=error", "on-shared=passthrough", "on-shared=write", "zero-copy=required"})
        EXPECT_EQ(limitsSeen(std::string("cudazerocopy kernel=invert ") + never, {3, 9}), (Limits{3, 9})) << never;
}

// Types of the allocators that upstream sees under these caps, where downstream names system memory, none, dmabufs.
std::string allocatorsSeen(const char *caps)
{
    ElementHarness h("cudazerocopy kernel=invert", caps);
    gst_pad_add_probe(
        h.get()->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM,
        [](GstPad *, GstPadProbeInfo *info, gpointer) {
            GstQuery *asked = GST_PAD_PROBE_INFO_QUERY(info);
            if (GST_QUERY_TYPE(asked) == GST_QUERY_ALLOCATION && (info->type & GST_PAD_PROBE_TYPE_PUSH) != 0) {
                GstAllocator *system = gst_allocator_find(GST_ALLOCATOR_SYSMEM);
                GstAllocator *dmabuf = gst_dmabuf_allocator_new();
                GstAllocationParams params;
                gst_allocation_params_init(&params);
                for (GstAllocator *allocator : {system, static_cast<GstAllocator *>(nullptr), dmabuf})
                    gst_query_add_allocation_param(asked, allocator, &params);
                gst_object_unref(system);
                gst_object_unref(dmabuf);
                return GST_PAD_PROBE_HANDLED; // the harness would insist on being the first to answer
            }
            return GST_PAD_PROBE_OK;
        },
        nullptr, nullptr);
    GstCaps *asked = gst_caps_from_string(caps);
    const Query query(gst_query_new_allocation(asked, TRUE));
    gst_caps_unref(asked);
    EXPECT_TRUE(ask(h, query));
    std::string seen;
    for (guint i = 0; i < gst_query_get_n_allocation_params(query.get()); ++i) {
        GstAllocator *allocator = nullptr;
        gst_query_parse_nth_allocation_param(query.get(), i, &allocator, nullptr);
        seen += std::string(allocator != nullptr ? allocator->mem_type : "any") + " ";
        if (allocator != nullptr)
            gst_object_unref(allocator);
    }
    return seen;
}

TEST(AllocationUnderDmabufCaps, DropsTheSystemAllocatorAndNothingElse)
{
    EXPECT_EQ(allocatorsSeen("video/x-raw(memory:DMABuf),format=NV12,width=32,height=16,framerate=30/1"),
              "any dmabuf ");
    EXPECT_EQ(allocatorsSeen(kCaps), "SystemMemory any dmabuf ");
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
    EXPECT_EQ(least, 4U) << "three for downstream, one for the copy";
    EXPECT_EQ(most, 10U);
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

struct ReleaseObject {
    void operator()(gpointer object) const { gst_object_unref(object); }
};
using Pool = std::unique_ptr<GstBufferPool, ReleaseObject>;

// A copied frame's pool; null if the copy is of our own memory.
GstBufferPool *poolOfACopy(ElementHarness &h, unsigned seed)
{
    Buffer buffer = makeBuffer(infoOf(kCaps), {.name = "system"}, seed);
    const Buffer held(gst_buffer_ref(buffer.get()));
    EXPECT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
    const Buffer out = h.pull();
    EXPECT_NE(out, nullptr);
    return out ? out->pool : nullptr;
}

TEST(AllocationOfACopy, AsksAgainWhenDownstreamChangesUnderTheSameCaps)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    const Pool first(gst_video_buffer_pool_new()), second(gst_video_buffer_pool_new());
    GstPad *pad = h.get()->sinkpad;
    const auto offer = [pad](GstBufferPool *pool) {
        return gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, addPool, pool, nullptr);
    };
    gulong probe = offer(first.get());
    EXPECT_EQ(poolOfACopy(h, 1), first.get());
    gst_pad_remove_probe(pad, probe);
    probe = offer(second.get());
    EXPECT_EQ(poolOfACopy(h, 2), first.get()) << "nothing told us yet";
    ASSERT_TRUE(gst_pad_push_event(pad, gst_event_new_reconfigure()));
    EXPECT_EQ(poolOfACopy(h, 3), second.get());
    EXPECT_FALSE(gst_buffer_pool_is_active(first.get())) << "whoever starts a pool stops it";
    gst_pad_remove_probe(pad, probe);
    ASSERT_TRUE(gst_pad_push_event(pad, gst_event_new_reconfigure()));
    EXPECT_EQ(poolOfACopy(h, 4), nullptr);
    EXPECT_FALSE(gst_buffer_pool_is_active(second.get()));
    EXPECT_EQ(h.stat("copied"), 4U);
}

} // namespace
} // namespace zc::test
