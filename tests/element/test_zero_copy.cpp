// SPDX-License-Identifier: MIT
// The buffer that leaves is the buffer that came: its identity, core's own log of copies, and the element's stats.
#include "copy_detector.hpp"
#include "element_harness.hpp"

#include <gst/allocators/gstdmabuf.h>
#include <gtest/gtest.h>

namespace zc::test {
namespace {

GQuark markOf(const char *name)
{
    return g_quark_from_string(name);
}

// Which objects a buffer is made of. Addresses alone could be those of new objects in freed places, so each object is
// marked, and a mark dies with its object.
class Identity {
public:
    explicit Identity(GstBuffer *buffer) : buffer_(buffer)
    {
        mark(GST_MINI_OBJECT_CAST(buffer));
        for (guint i = 0; i < gst_buffer_n_memory(buffer); ++i) {
            GstMemory *memory = gst_buffer_peek_memory(buffer, i);
            mark(GST_MINI_OBJECT_CAST(memory));
            memories_.push_back(memory);
            fds_.push_back(gst_is_dmabuf_memory(memory) ? gst_dmabuf_memory_get_fd(memory) : -1);
        }
    }

    void expectSame(GstBuffer *other) const
    {
        EXPECT_EQ(other, buffer_);
        EXPECT_TRUE(marked(GST_MINI_OBJECT_CAST(other)));
        ASSERT_EQ(gst_buffer_n_memory(other), memories_.size());
        for (guint i = 0; i < gst_buffer_n_memory(other); ++i) {
            GstMemory *memory = gst_buffer_peek_memory(other, i);
            EXPECT_EQ(memory, memories_[i]);
            EXPECT_TRUE(marked(GST_MINI_OBJECT_CAST(memory)));
            EXPECT_EQ(gst_is_dmabuf_memory(memory) ? gst_dmabuf_memory_get_fd(memory) : -1, fds_[i]);
        }
    }

private:
    void mark(GstMiniObject *object) { gst_mini_object_set_qdata(object, markOf("zc-mark"), &mark_, nullptr); }
    bool marked(GstMiniObject *object) const { return gst_mini_object_get_qdata(object, markOf("zc-mark")) == &mark_; }

    char mark_ = 0;
    GstBuffer *buffer_;
    std::vector<GstMemory *> memories_;
    std::vector<int> fds_;
};

constexpr const char *kPlainCaps = "video/x-raw,format=NV12,width=32,height=16,framerate=30/1";

TEST(CopyDetector, SeesACopiedMemory)
{
    const Buffer buffer = makeBuffer(infoOf(kPlainCaps), {"system"}, 1);
    const CopyDetector detector;
    EXPECT_TRUE(detector.copies().empty());
    gst_memory_unref(gst_memory_copy(gst_buffer_peek_memory(buffer.get(), 0), 0, -1));
    EXPECT_EQ(detector.copies().size(), 1U);
}

TEST(CopyDetector, SeesMergedMemories)
{
    const Buffer buffer = makeBuffer(infoOf(kPlainCaps), {.name = "apart", .split = Split::Apart}, 1);
    const CopyDetector detector;
    GstMapInfo map;
    ASSERT_TRUE(gst_buffer_map(buffer.get(), &map, GST_MAP_READ));
    gst_buffer_unmap(buffer.get(), &map);
    EXPECT_FALSE(detector.copies().empty());
}

TEST(CopyDetector, SeesASharedDmabufMappedForWriting)
{
    const Buffer buffer = makeBuffer(infoOf(kPlainCaps), {.name = "memfd", .store = Store::Memfd}, 1);
    GstMemory *held = gst_memory_ref(gst_buffer_peek_memory(buffer.get(), 0));
    const Buffer other(gst_buffer_new());
    gst_buffer_append_memory(other.get(), held);
    const CopyDetector detector;
    GstMapInfo map;
    ASSERT_TRUE(gst_buffer_map(buffer.get(), &map, GST_MAP_WRITE));
    gst_buffer_unmap(buffer.get(), &map);
    EXPECT_FALSE(detector.copies().empty());
}

TEST(CopyDetector, SeesTheElementsOwnCopy)
{
    ElementHarness h("cudazerocopy kernel=invert", kPlainCaps);
    Buffer buffer = makeBuffer(infoOf(kPlainCaps), {"system"}, 1);
    const Buffer held(gst_buffer_ref(buffer.get()));
    const CopyDetector detector;
    EXPECT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
    EXPECT_EQ(detector.copies().size(), 1U);
}

// ---- every kernel over formats and kinds of memory

struct Work {
    const char *kernel;
    int tolerance; // colour kernels may differ from the gold code by one code value
};

constexpr Work kWorks[] = {
    {"invert", 0},
    {"adjust,brightness=0.1,saturation=0.3", 1},
    {"adjust,gamma=1.7,hue=0.2", 1},
    {"gray", 1},
    {"pixelate,block=6", 0},
    {"fill,color=#ff2080c0", 1},
    {"flip,method=rotate-180", 0},
    {"box-blur,radius=2", 0},
};

constexpr const char *kFormats[] = {"NV12", "I420", "UYVY", "YUY2", "GRAY8", "RGBA", "BGRx", "RGB"};
// Bytes of 16-bit samples say nothing about a tolerance, so those formats see the exact kernels alone.
constexpr const char *kWideFormats[] = {"P010_10LE", "I420_10LE", "GRAY16_LE"};
constexpr Work kExactWorks[] = {{"invert", 0}, {"pixelate,block=6", 0}, {"box-blur,radius=2", 0}};

constexpr Arrangement kArrangements[] = {
    {.name = "system"},
    {.name = "memfd", .store = Store::Memfd},
    {.name = "paddedMemfd", .store = Store::Memfd, .padding = 32},
};

std::string capsFor(const char *format)
{
    return std::string("video/x-raw,format=") + format +
           ",width=38,height=22,framerate=30/1,colorimetry=bt601,pixel-aspect-ratio=1/1,interlace-mode=progressive";
}

using Case = std::tuple<const char *, Arrangement, Work>;

class ZeroCopy : public testing::TestWithParam<Case> {};

TEST_P(ZeroCopy, SameBufferNoCopyCountedInPlace)
{
    const auto &[format, arrangement, work] = GetParam();
    const std::string caps = capsFor(format);
    const GstVideoInfo info = infoOf(caps);
    ElementHarness h(std::string("cudazerocopy zero-copy=required kernel=\"") + work.kernel + "\"", caps);
    const CopyDetector detector;
    constexpr unsigned kFrames = 3;
    for (unsigned i = 0; i < kFrames; ++i) {
        Buffer buffer = makeBuffer(info, arrangement, i);
        const Identity identity(buffer.get());
        const Bytes wanted = expected(work.kernel, info, buffer.get(), bytesOf(buffer.get()));
        ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
        const Buffer out = h.pull();
        ASSERT_NE(out, nullptr);
        identity.expectSame(out.get());
        EXPECT_LE(biggestDifference(bytesOf(out.get()), wanted), work.tolerance) << "frame " << i;
    }
    EXPECT_EQ(detector.copies(), std::vector<std::string>{});
    EXPECT_EQ(h.stat("frames"), kFrames);
    EXPECT_EQ(h.stat("in-place"), kFrames);
    EXPECT_EQ(h.stat("copied"), 0U);
    EXPECT_EQ(h.stat("passed-through"), 0U);
    EXPECT_EQ(statTextOf(h.element(), "memory"), arrangement.store == Store::System ? "SystemMemory" : "DMABuf");
}

std::string nameOf(const testing::TestParamInfo<Case> &one)
{
    return std::string(std::get<0>(one.param)) + "_" + std::get<1>(one.param).name + "_" + std::to_string(one.index);
}

INSTANTIATE_TEST_SUITE_P(Every, ZeroCopy,
                         testing::Combine(testing::ValuesIn(kFormats), testing::ValuesIn(kArrangements),
                                          testing::ValuesIn(kWorks)),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Wide, ZeroCopy,
                         testing::Combine(testing::ValuesIn(kWideFormats), testing::ValuesIn(kArrangements),
                                          testing::ValuesIn(kExactWorks)),
                         nameOf);

// ---- the ways past the kernel are zero copy as well

void expectUntouched(const char *launch, const std::string &caps, const Arrangement &how, GstBufferFlags flags)
{
    const GstVideoInfo info = infoOf(capsFor("NV12"));
    ElementHarness h(launch, caps);
    Buffer buffer = makeBuffer(info, how, 7);
    GST_BUFFER_FLAG_SET(buffer.get(), flags);
    const Bytes before = bytesOf(buffer.get());
    const Identity identity(buffer.get());
    const CopyDetector detector;
    ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
    const Buffer out = h.pull();
    ASSERT_NE(out, nullptr);
    identity.expectSame(out.get());
    EXPECT_EQ(bytesOf(out.get()), before);
    EXPECT_EQ(detector.copies(), std::vector<std::string>{});
    EXPECT_EQ(h.stat("passed-through"), 1U);
    EXPECT_EQ(h.stat("in-place"), 0U);
}

TEST(PassedThrough, NeutralParametersAndIdentity)
{
    const std::string caps = capsFor("NV12");
    expectUntouched("cudazerocopy", caps, {"system"}, GstBufferFlags{});
    expectUntouched("cudazerocopy kernel=adjust", caps, {"system"}, GstBufferFlags{});
    expectUntouched("cudazerocopy kernel=adjust", caps, {.name = "memfd", .store = Store::Memfd}, GstBufferFlags{});
}

TEST(PassedThrough, GapBuffersAndEmptyRegions)
{
    const std::string caps = capsFor("NV12");
    expectUntouched("cudazerocopy kernel=invert", caps, {"system"}, GST_BUFFER_FLAG_GAP);
    expectUntouched("cudazerocopy kernel=invert region=\"5000,5000,10,10\"", caps, {"system"}, GstBufferFlags{});
}

TEST(ZeroCopyDmabufCaps, StaysADmabuf)
{
    const std::string plain = "video/x-raw,format=NV12,width=38,height=22,framerate=30/1";
    const std::string dmabuf = "video/x-raw(memory:DMABuf),format=NV12,width=38,height=22,framerate=30/1";
    const GstVideoInfo info = infoOf(plain);
    ElementHarness h("cudazerocopy kernel=invert zero-copy=required", dmabuf);
    Buffer buffer = makeBuffer(info, {.name = "memfd", .store = Store::Memfd, .describe = true}, 3);
    const Identity identity(buffer.get());
    const Bytes wanted = expected("invert", info, buffer.get(), bytesOf(buffer.get()));
    const CopyDetector detector;
    ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
    const Buffer out = h.pull();
    ASSERT_NE(out, nullptr);
    identity.expectSame(out.get());
    EXPECT_EQ(bytesOf(out.get()), wanted);
    EXPECT_EQ(detector.copies(), std::vector<std::string>{});
}

// One mapping serves a memory for as long as it lives.
TEST(ZeroCopyDmabuf, MapsAMemoryOnce)
{
    const std::string caps = capsFor("NV12");
    ElementHarness h("cudazerocopy kernel=invert", caps);
    Buffer buffer = makeBuffer(infoOf(caps), {.name = "memfd", .store = Store::Memfd}, 3);
    Bytes wanted = bytesOf(buffer.get());
    constexpr int kFrames = 10;
    for (int i = 0; i < kFrames; ++i) {
        wanted = expected("invert", infoOf(caps), nullptr, wanted);
        ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
        buffer = h.pull();
        ASSERT_NE(buffer, nullptr);
    }
    EXPECT_EQ(bytesOf(buffer.get()), wanted);
    EXPECT_EQ(h.stat("imports"), 1U);
    EXPECT_GE(h.stat("cache-hits"), static_cast<guint64>(kFrames - 1));
}

} // namespace
} // namespace zc::test
