// SPDX-License-Identifier: MIT
// Buffers to copy into: of which memory, in which layout, and reused.
#include "buffer_layout.hpp"
#include "buffers.hpp"
#include "memory/copy_allocator.hpp"
#include "writability.hpp"

#include <gst/video/gstvideopool.h>

#include <set>

namespace zc::gst {
namespace {

using test::bufferOf;
using test::capsFrom;
using test::contains;
using test::dmabufMemory;
using test::negotiate;
using test::systemMemory;

constexpr const char *kPlain = "video/x-raw,format=NV12,width=16,height=8,framerate=30/1";
constexpr const char *kDmabuf = "video/x-raw(memory:DMABuf),format=NV12,width=16,height=8,framerate=30/1";

BufferPtr copyFor(CopyAllocator &copies, GstBuffer *source, const char *caps, GstBufferPool *pool = nullptr)
{
    const Negotiated negotiated = negotiate(caps);
    auto made = copies.allocate(source, negotiated, capsFrom(caps).get(), pool);
    EXPECT_TRUE(made.ok()) << made.status().message();
    BufferPtr buffer(made.ok() ? made.value() : nullptr);
    if (buffer) {
        EXPECT_EQ(sharingOf(buffer.get()), Sharing::Exclusive);
        EXPECT_TRUE(layoutOf(buffer.get(), negotiated).ok());
        EXPECT_NE(gst_buffer_get_video_meta(buffer.get()), nullptr);
    }
    return buffer;
}

void pad(GstBuffer *buffer)
{
    gsize offset[GST_VIDEO_MAX_PLANES] = {0, 256};
    gint stride[GST_VIDEO_MAX_PLANES] = {32, 32};
    gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_NV12, 16, 8, 2, offset, stride);
}

TEST(CopyAllocator, PlainCapsGetSystemMemoryInTheDefaultLayout)
{
    CopyAllocator copies;
    for (GstMemory *memory : {systemMemory(512), dmabufMemory(512)}) {
        const BufferPtr source = bufferOf({memory});
        pad(source.get());
        const BufferPtr copy = copyFor(copies, source.get(), kPlain);
        EXPECT_TRUE(gst_memory_is_type(gst_buffer_peek_memory(copy.get(), 0), GST_ALLOCATOR_SYSMEM));
        EXPECT_EQ(gst_buffer_get_video_meta(copy.get())->stride[0], 16);
        EXPECT_EQ(gst_buffer_get_size(copy.get()), 192U);
    }
}

TEST(CopyAllocator, MemoriesComeBack)
{
    CopyAllocator copies;
    const BufferPtr source = bufferOf({systemMemory(192)});
    std::set<GstMemory *> seen;
    for (int i = 0; i < 100; i++) {
        const BufferPtr first = copyFor(copies, source.get(), kPlain);
        const BufferPtr second = copyFor(copies, source.get(), kPlain);
        GstMemory *memories[] = {gst_buffer_peek_memory(first.get(), 0), gst_buffer_peek_memory(second.get(), 0)};
        EXPECT_NE(memories[0], memories[1]) << "one that is still in use must not be handed out again";
        seen.insert(std::begin(memories), std::end(memories));
        gst_buffer_resize(first.get(), 8, 100); // a consumer may trim what it owns
    }
    EXPECT_EQ(seen.size(), 2U);
}

TEST(CopyAllocator, DownstreamsPoolComesFirst)
{
    CopyAllocator copies;
    const BufferPtr source = bufferOf({systemMemory(192)});
    const BufferPoolPtr pool(gst_video_buffer_pool_new());
    BufferPtr copy = copyFor(copies, source.get(), kPlain, pool.get());
    EXPECT_EQ(copy->pool, pool.get());
    copy.reset();
    copies.clear();
    EXPECT_FALSE(gst_buffer_pool_is_active(pool.get())) << "whoever starts a pool stops it";
}

TEST(CopyAllocator, APoolWithoutFreeBuffersDoesNotBlock)
{
    CopyAllocator copies;
    const BufferPtr source = bufferOf({systemMemory(192)});
    const BufferPoolPtr pool(gst_video_buffer_pool_new());
    GstStructure *config = gst_buffer_pool_get_config(pool.get());
    gst_buffer_pool_config_set_params(config, capsFrom(kPlain).get(), 192, 0, 1);
    ASSERT_TRUE(gst_buffer_pool_set_config(pool.get(), config));
    const BufferPtr first = copyFor(copies, source.get(), kPlain, pool.get());
    EXPECT_EQ(first->pool, pool.get());
    const BufferPtr second = copyFor(copies, source.get(), kPlain, pool.get());
    EXPECT_EQ(second->pool, nullptr);
}

TEST(CopyAllocator, MemoriesOfABurstAreLetGo)
{
    CopyAllocator copies;
    const BufferPtr source = bufferOf({systemMemory(192)});
    int dead = 0;
    constexpr int kBurst = 40;
    {
        std::vector<BufferPtr> burst;
        for (int i = 0; i < kBurst; i++) {
            burst.push_back(copyFor(copies, source.get(), kPlain));
            gst_mini_object_weak_ref(
                GST_MINI_OBJECT_CAST(gst_buffer_peek_memory(burst.back().get(), 0)),
                [](gpointer count, GstMiniObject *) { ++*static_cast<int *>(count); }, &dead);
        }
    }
    EXPECT_EQ(dead, 0) << "all are kept for now";
    // Two at a time is what the stream comes back to.
    for (int i = 0; i < 200; i++) {
        const BufferPtr first = copyFor(copies, source.get(), kPlain);
        const BufferPtr second = copyFor(copies, source.get(), kPlain);
    }
    EXPECT_EQ(dead, kBurst - 2);
}

// Downstream may stop its pool at any time.
TEST(CopyAllocator, APoolThatGivesNothingSaysWhy)
{
    CopyAllocator copies(DmabufAllocator("/nonexistent/heaps", "/nonexistent/udmabuf"));
    const BufferPtr source = bufferOf({dmabufMemory(192)});
    const struct {
        guint most;
        bool stop;
        const char *says;
    } cases[] = {{1, false, "pool (it has no buffer free)"}, {0, true, "pool (it is flushing or inactive)"}};
    for (const auto &c : cases) {
        const BufferPoolPtr pool(gst_buffer_pool_new());
        GstStructure *config = gst_buffer_pool_get_config(pool.get());
        gst_buffer_pool_config_set_params(config, capsFrom(kDmabuf).get(), 192, 0, c.most);
        ASSERT_TRUE(gst_buffer_pool_set_config(pool.get(), config));
        ASSERT_TRUE(gst_buffer_pool_set_active(pool.get(), TRUE));
        GstBuffer *taken = nullptr;
        ASSERT_EQ(gst_buffer_pool_acquire_buffer(pool.get(), &taken, nullptr), GST_FLOW_OK);
        const BufferPtr held(taken);
        gst_buffer_pool_set_flushing(pool.get(), c.stop);
        const auto made = copies.allocate(source.get(), negotiate(kDmabuf), capsFrom(kDmabuf).get(), pool.get());
        ASSERT_FALSE(made.ok());
        EXPECT_TRUE(contains(made.status().message(), c.says)) << made.status().message();
    }
}

TEST(CopyAllocator, ASystemPoolIsOfNoUseUnderDmabufCaps)
{
    CopyAllocator copies(DmabufAllocator("/nonexistent/heaps", "/nonexistent/udmabuf"));
    const BufferPtr source = bufferOf({dmabufMemory(192)});
    const BufferPoolPtr pool(gst_video_buffer_pool_new());
    const auto made = copies.allocate(source.get(), negotiate(kDmabuf), capsFrom(kPlain).get(), pool.get());
    ASSERT_FALSE(made.ok());
    EXPECT_TRUE(contains(made.status().message(), "pool (it yields memory that is no dmabuf)"))
        << made.status().message();
}

TEST(CopyAllocator, WithoutAnyWayToADmabufOneErrorNamesAllThree)
{
    CopyAllocator copies(DmabufAllocator("/nonexistent/heaps", "/nonexistent/udmabuf"));
    const BufferPtr source = bufferOf({dmabufMemory(192)});
    const int fds = zc::test::openFdCount();
    const auto made = copies.allocate(source.get(), negotiate(kDmabuf), capsFrom(kDmabuf).get(), nullptr);
    ASSERT_FALSE(made.ok());
    for (const char *part : {"pool (downstream offered none)", "/nonexistent/heaps/system: No such file",
                             "/nonexistent/udmabuf: No such file", "/dev/dma_heap"})
        EXPECT_TRUE(contains(made.status().message(), part)) << part << " in " << made.status().message();
    EXPECT_EQ(zc::test::openFdCount(), fds);
}

TEST(CopyAllocator, DevicesThatAreNoneFailInWords)
{
    DmabufAllocator allocator("/dev", "/dev/null"); // no heap of these names, and a device that knows no ioctl
    const auto made = allocator.allocate(4096);
    ASSERT_FALSE(made.ok());
    EXPECT_TRUE(contains(made.status().message(), "udmabuf (/dev/null: ")) << made.status().message();
}

TEST(CopyAllocator, RealDmabufsKeepTheShapeOfTheSource)
{
    DmabufAllocator probe;
    if (!probe.allocate(4096).ok())
        GTEST_SKIP() << "this machine has neither a dma-heap nor /dev/udmabuf";
    CopyAllocator copies;
    const BufferPtr source = bufferOf({dmabufMemory(256), dmabufMemory(256)});
    pad(source.get());
    std::set<GstMemory *> seen;
    for (int i = 0; i < 10; i++) {
        const BufferPtr copy = copyFor(copies, source.get(), kDmabuf);
        ASSERT_EQ(gst_buffer_n_memory(copy.get()), 2U);
        for (guint m = 0; m < 2; m++) {
            GstMemory *memory = gst_buffer_peek_memory(copy.get(), m);
            EXPECT_TRUE(gst_is_dmabuf_memory(memory));
            EXPECT_EQ(gst_memory_get_sizes(memory, nullptr, nullptr), 256U);
            seen.insert(memory);
        }
        EXPECT_EQ(gst_buffer_get_video_meta(copy.get())->stride[1], 32);
        EXPECT_EQ(gst_buffer_get_video_meta(copy.get())->offset[1], 256U);
    }
    EXPECT_EQ(seen.size(), 2U);
}

} // namespace
} // namespace zc::gst
