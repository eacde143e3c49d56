// SPDX-License-Identifier: MIT
// Buffers that contradict themselves or their caps: one error each, in words that help, and not a byte written.
#include "rig.hpp"

#include <gst/base/gstbasetransform.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <climits>
#include <fcntl.h>
#include <functional>
#include <iterator>
#include <random>

namespace zc::test {
namespace {

using gst::test::bufferOf;
using gst::test::dmabufMemory;
using gst::test::fdMemory;

constexpr int kWidth = 16, kHeight = 8;
constexpr gsize kBytes = kWidth * kHeight * 3 / 2;

Buffer of(GstMemory *memory)
{
    return Buffer(bufferOf({memory}).release());
}

Buffer withMeta(Buffer buffer, guint planes, const std::vector<gint> &strides, const std::vector<gsize> &offsets)
{
    GstVideoMeta *meta =
        gst_buffer_add_video_meta(buffer.get(), GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_NV12, kWidth, kHeight);
    meta->n_planes = planes;
    for (std::size_t i = 0; i < strides.size(); i++) {
        meta->stride[i] = strides[i];
        meta->offset[i] = offsets[i];
    }
    return buffer;
}

Buffer plain(gsize size = kBytes)
{
    return filled(size, 0x40);
}

struct Case {
    const char *name;
    std::function<Buffer()> make;
    std::vector<const char *> says; // what was offered, and what would work
};

std::vector<Case> memoryCases()
{
    return {
        {"one byte short",
         [] { return plain(kBytes - 1); },
         {"plane 1 of NV12 needs 64 bytes", "offset 128 of the buffer", "63 bytes", "at least 192 bytes"}},
        {"one byte",
         [] { return plain(1); },
         {"plane 0 of NV12 needs 128 bytes", "1 bytes", "at least 128 bytes", "frame needs 192"}},
        {"no bytes", [] { return plain(0); }, {"0 memories", "system memory"}},
        {"short fd", [] { return of(dmabufMemory(makeMemfd(100), kBytes)); }, {"100 bytes", "192 bytes"}},
        {"empty fd", [] { return of(dmabufMemory(makeMemfd(0), kBytes)); }, {"192 bytes"}},
        {"fd of a device",
         [] { return of(dmabufMemory(UniqueFd(open("/dev/null", O_RDWR | O_CLOEXEC)), kBytes)); },
         {"dmabuf"}},
        {"short file",
         [] { return of(fdMemory(makeMemfd(100), kBytes)); },
         {"memory of type fd", "100 bytes", "128 bytes"}},
        {"file short by its second plane",
         [] { return of(fdMemory(makeMemfd(150), kBytes)); },
         {"150 bytes", "192 bytes"}},
        {"empty file", [] { return of(fdMemory(makeMemfd(0), kBytes)); }, {"0 bytes", "128 bytes"}},
        {"no memory", [] { return Buffer(gst_buffer_new()); }, {"0 memories", "system memory"}},
    };
}

std::vector<Case> metaCases()
{
    const gsize second = kWidth * kHeight;
    return {
        {"negative stride",
         [=] {
             return withMeta(plain(), 2, {-16, 16}, {112, second});
         },
         {"-16", "bottom up"}},
        {"stride of 0",
         [=] {
             return withMeta(plain(), 2, {0, 16}, {0, second});
         },
         {"stride of 0", "16"}},
        {"stride below a row",
         [=] {
             return withMeta(plain(), 2, {15, 16}, {0, second});
         },
         {"15", "16"}},
        {"stride beyond the buffer",
         [=] {
             return withMeta(plain(), 2, {4096, 16}, {0, second});
         },
         {"plane 0 of NV12 needs 28688 bytes", "192 bytes", "at least 28688 bytes"}},
        {"absurd stride",
         [=] {
             return withMeta(plain(), 2, {INT_MAX, INT_MAX}, {0, second});
         },
         {"plane 0"}},
        {"most negative stride",
         [=] {
             return withMeta(plain(), 2, {16, INT_MIN}, {0, second});
         },
         {"bottom up"}},
        {"offset beyond the buffer",
         [=] {
             return withMeta(plain(), 2, {16, 16}, {0, kBytes});
         },
         {"plane 1", "192"}},
        {"offset that overflows",
         [=] {
             return withMeta(plain(), 2, {16, 16}, {0, static_cast<gsize>(-8)});
         },
         {"plane 1"}},
        {"planes overlap",
         [=] {
             return withMeta(plain(), 2, {16, 16}, {0, 64});
         },
         {"overlap"}},
        {"one plane too few", [=] { return withMeta(plain(), 1, {16}, {0}); }, {"1 planes", "NV12 has 2"}},
        {"one plane too many",
         [=] {
             return withMeta(plain(), 3, {16, 16, 16}, {0, second, second});
         },
         {"3 planes", "NV12 has 2"}},
    };
}

std::vector<Case> cases()
{
    std::vector<Case> all = memoryCases();
    for (Case &test : metaCases())
        all.push_back(std::move(test));
    return all;
}

// Everything that must hold after a buffer that cannot be processed.
void expectOneError(ElementHarness &harness, Buffer buffer, const Case &test)
{
    EXPECT_EQ(harness.push(std::move(buffer)), GST_FLOW_ERROR) << test.name;
    EXPECT_EQ(harness.pull(), nullptr) << test.name;
    const auto errors = textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR);
    ASSERT_EQ(errors.size(), 1U) << test.name << ":\n" << lines(errors);
    for (const char *part : test.says)
        EXPECT_TRUE(contains(errors[0], part)) << test.name << ": " << errors[0] << " lacks " << part;
    EXPECT_TRUE(g_utf8_validate(errors[0].c_str(), -1, nullptr)) << test.name;
    EXPECT_EQ(harness.stat("frames"), 0U) << test.name;
}

TEST(BadBuffers, AreOneErrorEach)
{
    for (const Case &test : cases()) {
        for (const char *kernel : {"invert", "flip", "adjust,brightness=0.5"}) {
            ElementHarness harness(std::string("cudazerocopy kernel=\"") + kernel + "\"",
                                   rawCaps("NV12", kWidth, kHeight));
            expectOneError(harness, test.make(), test);
        }
    }
}

TEST(BadBuffers, AreOneErrorEachWhereACopyIsMade)
{
    for (const Case &test : cases()) {
        ElementHarness harness("cudazerocopy kernel=invert on-shared=copy", rawCaps("NV12", kWidth, kHeight));
        Buffer buffer = test.make();
        const Buffer holder(gst_buffer_ref(buffer.get()));
        expectOneError(harness, std::move(buffer), test);
        EXPECT_EQ(harness.stat("copied"), 0U) << test.name;
    }
}

TEST(BadBuffers, LeaveNoByteChanged)
{
    for (const Case &test : cases()) {
        ElementHarness harness("cudazerocopy kernel=invert on-shared=write", rawCaps("NV12", kWidth, kHeight));
        Buffer buffer = test.make();
        // A descriptor that is too short holds nothing to compare.
        const bool system =
            gst_buffer_n_memory(buffer.get()) > 0 && !gst_is_fd_memory(gst_buffer_peek_memory(buffer.get(), 0));
        const Buffer holder(gst_buffer_ref(buffer.get()));
        EXPECT_EQ(harness.push(std::move(buffer)), GST_FLOW_ERROR) << test.name;
        if (system) {
            EXPECT_TRUE(allBytesAre(holder, 0x40)) << test.name;
        }
    }
}

TEST(BadBuffers, LeaveTheElementUsableAfterAFreshStart)
{
    ElementHarness harness("cudazerocopy kernel=invert", rawCaps("NV12", kWidth, kHeight));
    EXPECT_EQ(harness.push(plain(3)), GST_FLOW_ERROR);
    gst_element_set_state(harness.element(), GST_STATE_READY);
    gst_element_set_state(harness.element(), GST_STATE_PLAYING);
    const CapsPtr caps = capsFrom(rawCaps("NV12", kWidth, kHeight));
    offer(harness.get(), caps.get());
    EXPECT_EQ(byteOf(pass(harness, plain()), 0), 16 + 235 - 0x40);
}

TEST(BadBuffers, AClosedDescriptorIsOneError)
{
    ElementHarness harness("cudazerocopy kernel=invert on-shared=write", rawCaps("NV12", kWidth, kHeight));
    GstMemory *memory = dmabufMemory(kBytes);
    const int fd = gst_dmabuf_memory_get_fd(memory);
    const UniqueFd kept = UniqueFd::duplicate(fd);
    Buffer buffer = of(memory);
    const Buffer holder(gst_buffer_ref(buffer.get()));
    close(fd);
    EXPECT_EQ(harness.push(std::move(buffer)), GST_FLOW_ERROR);
    // Put back before the memory closes it, so that nobody else's descriptor is hit.
    ASSERT_EQ(dup2(kept.get(), fd), fd);
    const auto errors = textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR);
    ASSERT_EQ(errors.size(), 1U) << lines(errors);
    EXPECT_TRUE(contains(errors[0], "not open")) << errors[0];
}

TEST(ReadOnlyDescriptor, IsCopiedOrAnErrorAsThePolicySays)
{
    const struct {
        const char *properties;
        GstFlowReturn flow;
        const char *says;
    } cases[] = {
        {"on-shared=copy", GST_FLOW_OK, nullptr},
        {"on-shared=error", GST_FLOW_ERROR, "on-shared=copy"},
        {"on-shared=write", GST_FLOW_ERROR, "write access"},
        {"zero-copy=required", GST_FLOW_ERROR, "zero-copy=preferred"},
    };
    for (const auto &test : cases) {
        const UniqueFd file = makeMemfd(kBytes);
        ElementHarness harness(std::string("cudazerocopy kernel=invert ") + test.properties,
                               rawCaps("NV12", kWidth, kHeight));
        EXPECT_EQ(harness.push(of(dmabufMemory(reopenReadOnly(file), kBytes))), test.flow) << test.properties;
        const auto errors = textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR);
        if (test.says == nullptr) {
            EXPECT_TRUE(errors.empty()) << lines(errors);
            EXPECT_EQ(byteOf(harness.pull(), 0), 16 + 235 - 0);
            EXPECT_EQ(harness.stat("copied"), 1U);
            continue;
        }
        ASSERT_EQ(errors.size(), 1U) << test.properties;
        EXPECT_TRUE(contains(errors[0], test.says)) << errors[0];
    }
}

TEST(ReadOnlyFile, NamesTheCauseAndTheCopyWhereItCannotBeWritten)
{
    const UniqueFd file = makeMemfd(kBytes);
    ElementHarness harness("cudazerocopy kernel=invert on-shared=write", rawCaps("NV12", kWidth, kHeight));
    EXPECT_EQ(harness.push(of(fdMemory(reopenReadOnly(file), kBytes))), GST_FLOW_ERROR);
    const auto errors = textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR);
    ASSERT_EQ(errors.size(), 1U);
    for (const char *part : {"without write access", "O_RDWR", "on-shared=copy"})
        EXPECT_TRUE(contains(errors[0], part)) << errors[0];
}

TEST(ZeroCopyRequired, TurnsTheFirstCopyIntoAnError)
{
    ElementHarness harness("cudazerocopy kernel=invert zero-copy=required", rawCaps("NV12", kWidth, kHeight));
    EXPECT_EQ(byteOf(pass(harness, plain()), 0), 16 + 235 - 0x40) << "a frame of our own is fine";
    Buffer shared = plain();
    const Buffer holder(gst_buffer_ref(shared.get()));
    EXPECT_EQ(harness.push(std::move(shared)), GST_FLOW_ERROR);
    EXPECT_TRUE(allBytesAre(holder, 0x40));
    const auto errors = textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR);
    ASSERT_EQ(errors.size(), 1U);
    for (const char *part : {"zero-copy=required", "tee", "zero-copy=preferred"})
        EXPECT_TRUE(contains(errors[0], part)) << errors[0];
    EXPECT_EQ(harness.stat("copied"), 0U);
}

TEST(BufferBeforeCaps, IsRefused)
{
    ElementHarness harness("cudazerocopy kernel=invert", "");
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_harness_push_event(harness.get(), gst_event_new_stream_start("test"));
    gst_harness_push_event(harness.get(), gst_event_new_segment(&segment));
    EXPECT_NE(harness.push(plain()), GST_FLOW_OK);
    EXPECT_EQ(harness.pull(), nullptr);
}

struct FuzzedShape {
    const char *format;
    int width, height;
    int worked;
};

// A meta whose numbers are mostly right.
void addFuzzedMeta(GstBuffer *buffer, const GstVideoInfo &info, std::mt19937 &random)
{
    const auto mostly = [&random](long long right, const std::vector<long long> &wrong) {
        return random() % 8 != 0 ? right : wrong[random() % wrong.size()];
    };
    GstVideoMeta *meta = gst_buffer_add_video_meta(buffer, GST_VIDEO_FRAME_FLAG_NONE,
                                                   random() % 20 == 0 ? GST_VIDEO_FORMAT_NV12 : info.finfo->format,
                                                   static_cast<guint>(info.width), static_cast<guint>(info.height));
    meta->n_planes = static_cast<guint>(mostly(info.finfo->n_planes, {0, 1, 3, UINT_MAX}));
    for (guint i = 0; i < GST_VIDEO_MAX_PLANES; ++i) {
        const long long stride = info.stride[i];
        const auto offset = static_cast<long long>(info.offset[i]);
        meta->stride[i] =
            static_cast<gint>(mostly(stride, {stride + 8, stride - 1, stride + 1, 0, -stride, INT_MAX, INT_MIN}));
        meta->offset[i] =
            static_cast<gsize>(mostly(offset, {offset + 8, offset + 1, 500, offset - 64, -1, LLONG_MAX, LLONG_MIN}));
    }
}

// Metas and memories put together at random: whatever it is, an answer comes, and guards around the bytes stay.
TEST(Fuzz, LayoutsNeverWriteOutsideTheirMemory)
{
    std::mt19937 random(20240607);
    FuzzedShape shapes[] = {{"NV12", 16, 8, 0}, {"NV12", 15, 7, 0},     {"I420", 18, 10, 0}, {"YUY2", 17, 5, 0},
                            {"RGBA", 5, 4, 0},  {"P010_10LE", 9, 6, 0}, {"GRAY8", 3, 3, 0},  {"RGB", 7, 3, 0}};
    int refused = 0;
    for (int round = 0; round < 2400; round++) {
        FuzzedShape &shape = shapes[static_cast<std::size_t>(round) % std::size(shapes)];
        const std::string caps = rawCaps(shape.format, shape.width, shape.height);
        const GstVideoInfo info = infoOf(caps);
        ElementHarness harness("cudazerocopy kernel=invert", caps);
        constexpr gsize kGuard = 64;
        const gsize sizes[] = {info.size * 3, info.size * 3, info.size,     info.size, info.size,
                               info.size + 1, info.size - 1, info.size / 2, 1};
        const gsize size = sizes[random() % std::size(sizes)];
        GstMemory *whole = gst_allocator_alloc(nullptr, size + 2 * kGuard, nullptr);
        GstMapInfo map;
        ASSERT_TRUE(gst_memory_map(whole, &map, GST_MAP_WRITE));
        std::fill_n(map.data, map.size, static_cast<guint8>(0x40));
        gst_memory_unmap(whole, &map);
        gst_memory_resize(whole, kGuard, size);
        Buffer buffer = of(gst_memory_ref(whole));
        addFuzzedMeta(buffer.get(), info, random);
        // The reference that is kept would make the memory shared.
        set(harness.element(), "on-shared", "write");
        const GstFlowReturn flow = harness.push(std::move(buffer));
        ++(flow == GST_FLOW_OK ? shape.worked : refused);
        const auto errors = textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR);
        EXPECT_EQ(errors.size(), flow == GST_FLOW_OK ? 0U : 1U) << lines(errors);
        gst_memory_resize(whole, -static_cast<gssize>(kGuard), size + 2 * kGuard);
        ASSERT_TRUE(gst_memory_map(whole, &map, GST_MAP_READ));
        for (gsize i = 0; i < kGuard; i++) {
            EXPECT_EQ(map.data[i], 0x40) << "round " << round;
            EXPECT_EQ(map.data[map.size - 1 - i], 0x40) << "round " << round;
        }
        gst_memory_unmap(whole, &map);
        gst_memory_unref(whole);
    }
    for (const FuzzedShape &shape : shapes)
        EXPECT_GT(shape.worked, 5) << shape.format << " " << shape.width;
    EXPECT_GT(refused, 800);
}

} // namespace
} // namespace zc::test
