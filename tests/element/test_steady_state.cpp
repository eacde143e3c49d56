// SPDX-License-Identifier: MIT
// No allocation once a stream runs: every malloc of the process is counted while a frame is inside the element, and
// GStreamer's own, measured with its identity element in the same place, are taken off.
//
// This file defines malloc, so it cannot be built with a sanitizer that does the same.
#include "element_harness.hpp"
#include "nvds_batch.hpp"
#include "regions.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <optional>

extern "C" {
void *__libc_malloc(std::size_t size);
void *__libc_calloc(std::size_t count, std::size_t size);
void *__libc_realloc(void *block, std::size_t size);
void *__libc_memalign(std::size_t alignment, std::size_t size);
}

namespace {

std::atomic<bool> counting{false};
std::atomic<unsigned> allocations{0};

void note()
{
    if (counting.load(std::memory_order_relaxed))
        allocations.fetch_add(1, std::memory_order_relaxed);
}

} // namespace

// operator new, g_malloc and g_slice end here as well.
#pragma GCC visibility push(default)
extern "C" {
void *malloc(std::size_t size)
{
    note();
    return __libc_malloc(size);
}
void *calloc(std::size_t count, std::size_t size)
{
    note();
    return __libc_calloc(count, size);
}
void *realloc(void *block, std::size_t size)
{
    note();
    return __libc_realloc(block, size);
}
void *memalign(std::size_t alignment, std::size_t size)
{
    note();
    return __libc_memalign(alignment, size);
}
void *aligned_alloc(std::size_t alignment, std::size_t size)
{
    note();
    return __libc_memalign(alignment, size);
}
int posix_memalign(void **block, std::size_t alignment, std::size_t size)
{
    note();
    *block = __libc_memalign(alignment, size);
    return *block == nullptr ? ENOMEM : 0;
}
}
#pragma GCC visibility pop

namespace zc::test {
namespace {

constexpr const char *kCaps = "video/x-raw,format=I420,width=320,height=240,framerate=30/1";
// The region's odd edges make its two fields differ.
constexpr const char *kInterlaced =
    "video/x-raw,format=GRAY8,width=320,height=241,framerate=30/1,interlace-mode=interleaved";
constexpr unsigned kWarmUp = 10;
constexpr unsigned kCounted = 50;

using Prepare = void (*)(GstBuffer *buffer, unsigned frame);

void nothing(GstBuffer *, unsigned) {}

// Three boxes that cross each other at different speeds, as a detector puts them on each frame. In the first ten frames
// they are apart.
void moveBoxes(GstBuffer *buffer, unsigned frame)
{
    while (GstVideoRegionOfInterestMeta *old = gst_buffer_get_video_region_of_interest_meta(buffer))
        gst_buffer_remove_meta(buffer, reinterpret_cast<GstMeta *>(old));
    gst_buffer_add_video_region_of_interest_meta(buffer, "face", 2 * frame, frame, 40, 30);
    gst_buffer_add_video_region_of_interest_meta(buffer, "face", 200 - 2 * frame, 2 * frame, 50, 40);
    gst_buffer_add_video_region_of_interest_meta(buffer, "face", 80 + frame, 180 - 3 * frame, 60, 50);
}

// Three objects of DeepStream that move, in a batch that the buffer leads to.
void moveObjects(GstBuffer *buffer, unsigned frame)
{
    static std::array<std::optional<NvdsBatch>, 4> batches; // as many as the pool has buffers
    NvdsBatch &batch = batches[frame % batches.size()].emplace();
    const auto step = static_cast<float>(frame);
    batch.frame(0)
        .box(2.5F * step, step, 40, 30)
        .box(200 - 2 * step, 2 * step, 50, 40)
        .box(80 + step, 180 - 3 * step, 60, 50);
    NvdsBatch::removeFrom(buffer);
    batch.attachTo(buffer);
}

// Allocations in `kCounted` frames after the tenth, over a few buffers that go round as in a pool.
unsigned allocationsOf(const std::string &launch, Store store, const char *caps, Prepare prepare = nothing)
{
    ElementHarness h(launch, caps);
    const GstVideoInfo info = infoOf(caps);
    std::vector<Buffer> pool;
    for (unsigned i = 0; i < 4; ++i)
        pool.push_back(makeBuffer(info, {.name = "", .store = store}, i));
    allocations = 0;
    for (unsigned i = 0; i < kWarmUp + kCounted; ++i) {
        Buffer &slot = pool[i % pool.size()];
        GST_BUFFER_PTS(slot.get()) = i * GST_MSECOND;
        GstBuffer *buffer = slot.release();
        prepare(buffer, i);
        counting = i >= kWarmUp;
        const GstFlowReturn flow = gst_harness_push(h.get(), buffer);
        counting = false;
        EXPECT_EQ(flow, GST_FLOW_OK);
        slot = h.pull();
        EXPECT_EQ(slot.get(), buffer);
    }
    return allocations;
}

TEST(Counter, CountsEveryWayToAllocate)
{
    allocations = 0;
    counting = true;
    void *volatile plain = std::malloc(10);
    int *volatile number = new int(3);
    gpointer volatile fromGlib = g_malloc(10);
    counting = false;
    std::free(plain);
    delete number;
    g_free(fromGlib);
    EXPECT_EQ(allocations, 3U);
}

TEST(Counter, SeesTheCopyOfASharedFrame)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    Buffer buffer = makeBuffer(infoOf(kCaps), {"system"}, 1);
    const Buffer held(gst_buffer_ref(buffer.get()));
    allocations = 0;
    counting = true;
    h.push(std::move(buffer));
    counting = false;
    EXPECT_GT(allocations, 0U);
}

// Frames of a batch, each of another size and with boxes of its own.
TEST(SteadyBatch, RegionsOfEachFrameAllocateNothing)
{
    gst::Regions regions(nullptr);
    gst::Choices choices;
    choices.regions = {{4, 4, 20, 20}};
    choices.regionSources = gst::kFromProperty | gst::kFromNvdsMeta;
    choices.regionGrow = 25;
    const Buffer buffer(gst_buffer_new());
    std::array<Frame, 4> frames;
    for (int i = 0; i < 4; ++i) {
        frames[static_cast<std::size_t>(i)].format = Format::Nv12;
        frames[static_cast<std::size_t>(i)].width = 320 + 64 * i;
        frames[static_cast<std::size_t>(i)].height = 240;
    }
    allocations = 0;
    for (unsigned turn = 0; turn < kWarmUp + kCounted; ++turn) {
        NvdsBatch batch;
        for (guint i = 0; i < 4; ++i) {
            batch.frame(i, 10 + i);
            for (unsigned box = 0; box <= i; ++box)
                batch.box(static_cast<float>(3 * turn + 20 * box), static_cast<float>(turn), 30, 30);
        }
        NvdsBatch::removeFrom(buffer.get());
        batch.attachTo(buffer.get());
        counting = turn >= kWarmUp;
        regions.read(buffer.get(), choices);
        regions.setFrames(4);
        std::size_t rects = 0;
        for (std::size_t i = 0; i < 4; ++i)
            rects += regions.of(i, frames[i]).rects.size();
        counting = false;
        ASSERT_EQ(rects, 4U + 1 + 2 + 3 + 4);
    }
    EXPECT_EQ(allocations, 0U);
}

struct Case {
    const char *name;
    const char *settings;
    const char *caps = kCaps;
    Prepare prepare = nothing;
};

constexpr Case kCases[] = {
    {"identity", "kernel=identity"},
    {"invert", "kernel=invert"},
    {"adjust", "kernel=\"adjust,brightness=0.1,contrast=1.2,saturation=0.5,hue=0.1\""},
    {"adjustGamma", "kernel=\"adjust,gamma=1.8\""},
    {"gray", "kernel=gray"},
    {"pixelate", "kernel=\"pixelate,block=12\""},
    {"boxBlur", "kernel=\"box-blur,radius=4\""},
    {"flip", "kernel=\"flip,method=rotate-180\""},
    {"fill", "kernel=\"fill,color=#80ff0000\""},
    {"region", "kernel=\"box-blur,radius=4\" region=\"10,10,64,64;100,20,33,77\" region-grow=10"},
    {"movingBoxes", "kernel=invert regions-from=roi-meta region-grow=10", kCaps, moveBoxes},
    {"movingBoxesOfPasses", "kernel=\"box-blur,radius=4\" regions-from=roi-meta", kCaps, moveBoxes},
    {"movingBoxesInterlaced", "kernel=\"box-blur,radius=4\" regions-from=roi-meta", kInterlaced, moveBoxes},
    {"movingObjects", "kernel=invert regions-from=nvds-meta nvds-classes=\"0:7;1:0,2\" region-grow=10", kCaps,
     moveObjects},
    {"interlaced", "kernel=\"box-blur,radius=4\"", kInterlaced},
    {"interlacedRegion", "kernel=\"box-blur,radius=4\" region=\"10,11,64,64;100,20,33,77\"", kInterlaced},
};

using Param = std::tuple<Case, Store>;

class SteadyState : public testing::TestWithParam<Param> {};

TEST_P(SteadyState, AllocatesNoMoreThanIdentity)
{
    const auto &[work, store] = GetParam();
    const unsigned baseline = allocationsOf("identity silent=true", store, work.caps, work.prepare);
    const unsigned ours = allocationsOf(std::string("cudazerocopy ") + work.settings, store, work.caps, work.prepare);
    EXPECT_LE(ours, baseline) << ours << " allocations in " << kCounted << " frames, identity makes " << baseline;
}

INSTANTIATE_TEST_SUITE_P(Every, SteadyState,
                         testing::Combine(testing::ValuesIn(kCases), testing::Values(Store::System, Store::Memfd)),
                         [](const testing::TestParamInfo<Param> &one) {
                             return std::string(std::get<0>(one.param).name) +
                                    (std::get<1>(one.param) == Store::System ? "System" : "Memfd");
                         });

} // namespace
} // namespace zc::test
