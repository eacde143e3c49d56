// SPDX-License-Identifier: MIT
// memory:CUDAMemory on the stand-in driver, as time goes by: contexts and streams that come and go, pools that are made
// once, a GPU that GStreamer notices to be lost, and calls that fail outside of frames.
#include "cuda_rig.hpp"

#include "fake_cuda.h"
#include "rig.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace zc::test {
namespace {

constexpr int kWidth = 64, kHeight = 32;
constexpr int kIllegalAddress = 700;
constexpr const char *kElement = "cudazerocopy kernel=invert";

class CudaContexts : public testing::Test {
protected:
    CudaContexts()
    {
        zc_fake_reset();
        context = makeCudaContext();
    }
    ~CudaContexts() override { EXPECT_STREQ(zc_fake_misuse(), ""); }

    const std::string caps = cudaCaps("NV12", kWidth, kHeight);
    CudaContextPtr context;
};

// What somebody else holds, too.
Buffer alsoHeld(const Buffer &buffer)
{
    return Buffer(gst_buffer_ref(buffer.get()));
}

std::string onlyError(ElementHarness &h)
{
    const auto errors = h.posted(GST_MESSAGE_ERROR);
    EXPECT_EQ(errors.size(), 1U);
    return errors.empty() ? "" : errors[0].text;
}

// A pool as upstream is offered it; null if it is not.
gst::BufferPoolPtr poolFor(ElementHarness &h, const std::string &caps)
{
    const gst::CapsPtr parsed = gst::test::capsFrom(caps);
    GstQuery *query = gst_query_new_allocation(parsed.get(), TRUE);
    GstBufferPool *pool = nullptr;
    if (gst_pad_peer_query(h.get()->srcpad, query) && gst_query_get_n_allocation_pools(query) > 0)
        gst_query_parse_nth_allocation_pool(query, 0, &pool, nullptr, nullptr, nullptr);
    gst_query_unref(query);
    return gst::BufferPoolPtr(pool);
}

// The frames after it must not ask the driver again.
void expectLossToldOnce(ElementHarness &h, Buffer first, const std::vector<Buffer> &later)
{
    zc_fake_lose(kIllegalAddress);
    EXPECT_EQ(h.push(std::move(first)), GST_FLOW_ERROR);
    const unsigned long calls = zc_fake_calls_total();
    for (const Buffer &buffer : later)
        EXPECT_EQ(h.push(alsoHeld(buffer)), GST_FLOW_ERROR);
    EXPECT_EQ(zc_fake_calls_total(), calls);
    const std::string error = onlyError(h);
    EXPECT_TRUE(contains(error, "CUDA_ERROR_ILLEGAL_ADDRESS")) << error;
    EXPECT_TRUE(contains(error, "start the program again")) << error;
    zc_fake_lose(0);
}

TEST_F(CudaContexts, ALossThatThePoolOfCopiesNoticesIsToldOnce)
{
    const CudaSource source(context.get(), caps);
    std::vector<Buffer> frames;
    for (int i = 0; i < 5; ++i)
        frames.push_back(source.acquire());
    ElementHarness h(kElement, caps);
    ASSERT_EQ(h.push(alsoHeld(frames[0])), GST_FLOW_OK);
    const Buffer out = h.pull(); // so that the pool has to grow
    expectLossToldOnce(h, alsoHeld(frames[1]), frames);
}

TEST_F(CudaContexts, ALossThatTheUploadNoticesIsToldOnce)
{
    const CudaSource source(context.get(), caps);
    ElementHarness h(kElement, caps);
    Buffer written = source.acquire();
    gst_buffer_memset(written.get(), 0, 1, gst_buffer_get_size(written.get()));
    std::vector<Buffer> later;
    later.push_back(source.acquire());
    expectLossToldOnce(h, std::move(written), later);
}

TEST_F(CudaContexts, AnUploadThatFailsIsOneErrorAndTheNextFrameWorks)
{
    const CudaSource source(context.get(), caps);
    ElementHarness h(kElement, caps);
    Buffer written = source.acquire();
    gst_buffer_memset(written.get(), 0, 1, gst_buffer_get_size(written.get()));
    for (const char *call : {"cuMemcpy2D_v2", "cuMemcpy2DAsync_v2"}) // GStreamer 1.22, and later ones
        zc_fake_fail(call, 1, 999);
    EXPECT_EQ(h.push(std::move(written)), GST_FLOW_ERROR);
    const std::string error = onlyError(h);
    EXPECT_TRUE(contains(error, "cannot be mapped for the GPU")) << error;
    EXPECT_TRUE(contains(error, "upload")) << error;
    EXPECT_EQ(h.push(source.acquire()), GST_FLOW_OK);
}

TEST_F(CudaContexts, PlanesOfTwoContextsAreAnError)
{
    const CudaContextPtr other = makeCudaContext();
    const GstVideoInfo info = infoOf(caps);
    Buffer buffer(gst_buffer_new());
    for (GstCudaContext *one : {context.get(), other.get()})
        gst_buffer_append_memory(buffer.get(), newCudaMemory(one, info));
    GstVideoInfo own = cudaMemory(buffer)->info;
    own.offset[1] = gst_buffer_peek_memory(buffer.get(), 0)->size;
    gst_buffer_add_video_meta_full(buffer.get(), GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_NV12, kWidth, kHeight, 2,
                                   own.offset, own.stride);
    ElementHarness h(kElement, caps);
    EXPECT_EQ(h.push(std::move(buffer)), GST_FLOW_ERROR);
    const std::string error = onlyError(h);
    EXPECT_TRUE(contains(error, "different contexts")) << error;
}

// Upstream is set up anew for each of fifty caps, with a stream and sometimes a context of its own.
TEST_F(CudaContexts, RenegotiationPilesNothingUp)
{
    const unsigned long before = zc_fake_live("context");
    ElementHarness h(kElement, "");
    unsigned long streams = 0, contexts = 0, events = 0;
    for (int round = 0; round < 50; ++round) {
        if (round % 5 == 4)
            context = makeCudaContext();
        const std::string now = cudaCaps("NV12", kWidth + 2 * (round % 2), kHeight);
        gst_harness_set_src_caps_str(h.get(), now.c_str());
        EXPECT_NE(poolFor(h, now), nullptr);
        EXPECT_NE(poolFor(h, now), nullptr) << "asked again";
        {
            const CudaSource source(context.get(), now), second(context.get(), now);
            ASSERT_NE(pass(h, source.acquire()), nullptr);
            ASSERT_NE(pass(h, second.acquire()), nullptr);
            const Buffer held = source.acquire();
            ASSERT_NE(pass(h, alsoHeld(held)), nullptr);
        }
        streams = std::max(streams, zc_fake_live("stream"));
        contexts = std::max(contexts, zc_fake_live("context"));
        events = std::max(events, zc_fake_live("event"));
    }
    // Of the context at hand and of the one before: the backend's, the proposed one, three adopted, and a pool's.
    EXPECT_LE(streams, 12U) << zc_fake_live_text();
    EXPECT_LE(contexts, before + 3) << zc_fake_live_text();
    EXPECT_EQ(h.posted(GST_MESSAGE_ERROR).size(), 0U);
    EXPECT_EQ(h.stat("frames"), 150U);
}

// Each has a pool of its own for the copies of its frames.
TEST_F(CudaContexts, SourcesInTurnAllocateNothing)
{
    const CudaContextPtr other = makeCudaContext();
    const CudaSource one(context.get(), caps), two(other.get(), caps), three(other.get(), caps);
    std::vector<Buffer> held;
    for (const CudaSource *source : {&one, &two, &three})
        held.push_back(source->acquire());
    ElementHarness h(kElement, caps);
    const auto pushAll = [&] {
        for (const Buffer &buffer : held)
            EXPECT_NE(pass(h, alsoHeld(buffer)), nullptr);
    };
    const auto allocations = [] { return zc_fake_calls("cuMemAlloc_v2") + zc_fake_calls("cuMemAllocPitch_v2"); };
    pushAll();
    pushAll();
    const unsigned long before = allocations();
    for (int i = 0; i < 10; ++i)
        pushAll();
    EXPECT_EQ(allocations(), before);
    EXPECT_EQ(h.stat("copied"), 36U);
}

// What upstream's question costs may fail at each call; it ends without a pool and a line in the log, or with one.
TEST_F(CudaContexts, AFailedCallWhileAPoolIsProposedIsSaid)
{
    context.reset();
    unsigned long n = 1;
    std::set<std::string> told;
    for (bool struck = true; struck && n < 200; ++n) {
        zc_fake_reset();
        const unsigned long alive = zc_fake_live(nullptr);
        LogCapture log;
        unsigned long base = 0;
        const auto failed = [&] { // the rule may also strike when all is given back
            const char *name = zc_fake_call_name(base + n);
            return std::string(name != nullptr ? name : "none");
        };
        {
            ElementHarness h("cudazerocopy kernel=invert cuda-device-id=0", "");
            gst_harness_set_src_caps_str(h.get(), caps.c_str());
            base = zc_fake_calls_total();
            zc_fake_fail(nullptr, n, 999);
            const gst::BufferPoolPtr pool = poolFor(h, caps);
            struck = zc_fake_failures() > 0;
            const std::string text = log.take();
            EXPECT_EQ(pool == nullptr, contains(text, "upstream is offered no pool")) << "call " << n << ": " << text;
            if (pool == nullptr)
                told.insert(failed());
            EXPECT_EQ(h.posted(GST_MESSAGE_ERROR).size(), 0U);
        }
        EXPECT_EQ(zc_fake_live(nullptr), alive) << "call " << n << "\n" << zc_fake_live_text();
        if (failed() != "cuCtxPushCurrent_v2") { // GStreamer then pops and frees all the same
            EXPECT_STREQ(zc_fake_misuse(), "") << "call " << n << ", " << failed();
        }
    }
    zc_fake_reset();
    EXPECT_GT(n, 3U);
    EXPECT_EQ(told.count("cuCtxCreate_v2"), 1U) << "which call cannot do without";
}

} // namespace
} // namespace zc::test
