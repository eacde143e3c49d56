// SPDX-License-Identifier: MIT
// Pictures in one memory or several, of one kind or two, with offsets and padding: every byte where it belongs.
#include "copy_detector.hpp"
#include "element_harness.hpp"

#include <gst/allocators/gstdmabuf.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace zc::test {
namespace {

constexpr Arrangement kArrangements[] = {
    {.name = "systemTogether"},
    {.name = "systemApart", .split = Split::Apart},
    {.name = "systemLead", .lead = 64, .describe = true},
    {.name = "systemApartPadded", .split = Split::Apart, .padding = 32, .lead = 16},
    {.name = "memfdTogether", .store = Store::Memfd},
    {.name = "memfdApart", .store = Store::Memfd, .split = Split::Apart},
    {.name = "memfdOneFile", .store = Store::Memfd, .split = Split::OneFile},
    {.name = "memfdOneFilePaddedLead", .store = Store::Memfd, .split = Split::OneFile, .padding = 32, .lead = 128},
    {.name = "memfdLead", .store = Store::Memfd, .lead = 4096},
    {.name = "memfdApartPaddedLead", .store = Store::Memfd, .split = Split::Apart, .padding = 32, .lead = 48},
    {.name = "mixed", .store = Store::Mixed, .split = Split::Apart},
    {.name = "mixedPadded", .store = Store::Mixed, .split = Split::Apart, .padding = 16},
};

// Planes of several numbers and widths; an odd size rounds chroma up.
constexpr const char *kCaps[] = {
    "video/x-raw,format=NV12,width=38,height=22,framerate=30/1",
    "video/x-raw,format=I420,width=37,height=21,framerate=30/1",
    "video/x-raw,format=Y444,width=19,height=7,framerate=30/1",
    "video/x-raw,format=P010_10LE,width=33,height=5,framerate=30/1",
    "video/x-raw,format=RGBA,width=17,height=9,framerate=30/1",
};

constexpr const char *kKernels[] = {"invert", "pixelate,block=6", "box-blur,radius=2", "flip,method=vertical"};

using Case = std::tuple<Arrangement, const char *, const char *>;

class MultiMemory : public testing::TestWithParam<Case> {
protected:
    Arrangement how_ = std::get<0>(GetParam());
    std::string caps_ = std::get<1>(GetParam());
    std::string kernel_ = std::get<2>(GetParam());
    GstVideoInfo info_ = infoOf(caps_);
};

TEST_P(MultiMemory, ChangesThePictureAndNothingElse)
{
    ElementHarness h("cudazerocopy zero-copy=required kernel=\"" + kernel_ + "\"", caps_);
    Buffer buffer = makeBuffer(info_, how_, 11);
    GstBuffer *in = buffer.get();
    const guint memories = gst_buffer_n_memory(in);
    const Bytes wanted = expected(kernel_, info_, in, bytesOf(in));
    const auto leadOf = [this](GstBuffer *of) {
        Bytes storage = storageOf(of); // of the first memory only the part before the picture
        storage.resize(static_cast<std::size_t>(how_.lead));
        return storage;
    };
    const Bytes lead = leadOf(in);
    const CopyDetector detector;
    ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
    const Buffer out = h.pull();
    ASSERT_EQ(out.get(), in);
    EXPECT_EQ(gst_buffer_n_memory(out.get()), memories) << "merged";
    EXPECT_EQ(bytesOf(out.get()), wanted) << "rows, or the padding behind them";
    EXPECT_EQ(leadOf(out.get()), lead);
    EXPECT_EQ(detector.copies(), std::vector<std::string>{});
    EXPECT_EQ(h.stat("in-place"), 1U);
}

TEST_P(MultiMemory, IsCopiedRightWhereItIsShared)
{
    ElementHarness h("cudazerocopy kernel=\"" + kernel_ + "\"", caps_);
    Buffer buffer = makeBuffer(info_, how_, 12);
    const Buffer held(gst_buffer_ref(buffer.get()));
    const Bytes before = storageOf(held.get());
    Buffer changed = makeBuffer(info_, how_, 12);
    ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
    const Buffer out = h.pull();
    ASSERT_NE(out, nullptr);
    ASSERT_NE(out.get(), held.get());
    EXPECT_EQ(storageOf(held.get()), before);

    // The same picture, owned alone, in place: what the copy must show.
    ASSERT_EQ(h.push(std::move(changed)), GST_FLOW_OK);
    const Buffer inPlace = h.pull();
    ASSERT_NE(inPlace, nullptr);
    EXPECT_EQ(visible(info_, out.get()), visible(info_, inPlace.get()));
    EXPECT_EQ(h.stat("copied"), 1U);
    EXPECT_EQ(h.stat("in-place"), 1U);
}

INSTANTIATE_TEST_SUITE_P(Every, MultiMemory,
                         testing::Combine(testing::ValuesIn(kArrangements), testing::ValuesIn(kCaps),
                                          testing::ValuesIn(kKernels)),
                         [](const testing::TestParamInfo<Case> &one) {
                             return std::string(std::get<0>(one.param).name) + "_" + std::to_string(one.index);
                         });

TEST(OneFile, IsMappedOnce)
{
    const char *caps = kCaps[0];
    ElementHarness h("cudazerocopy kernel=invert", caps);
    const Arrangement how{.name = "", .store = Store::Memfd, .split = Split::OneFile};
    Buffer buffer = makeBuffer(infoOf(caps), how, 1);
    for (int i = 0; i < 5; ++i) {
        ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
        buffer = h.pull();
    }
    // The second plane lies further into the file than the first one's mapping needs to reach.
    EXPECT_LE(h.stat("imports"), 2U);
    EXPECT_GT(h.stat("cache-hits"), 0U);
}

TEST(Crop, OnlyTheVisiblePartChanges)
{
    const char *caps = "video/x-raw,format=NV12,width=16,height=8,framerate=30/1";
    const GstVideoInfo stored = infoOf("video/x-raw,format=NV12,width=32,height=16,framerate=30/1");
    for (const Store store : {Store::System, Store::Memfd}) {
        ElementHarness h("cudazerocopy kernel=\"fill,color=#ffffffff\"", caps);
        Buffer buffer = makeBuffer(stored, {.name = "", .store = store, .describe = true}, 4);
        GstVideoCropMeta *crop = gst_buffer_add_video_crop_meta(buffer.get());
        crop->x = 6;
        crop->y = 4;
        crop->width = 16;
        crop->height = 8;
        Bytes wanted = bytesOf(buffer.get());
        for (int y = 4; y < 12; ++y)
            std::fill_n(wanted.begin() + y * 32 + 6, 16, std::uint8_t{235});
        for (int y = 2; y < 6; ++y)
            std::fill_n(wanted.begin() + 32 * 16 + y * 32 + 6, 16, std::uint8_t{128});
        ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
        const Buffer out = h.pull();
        ASSERT_NE(out, nullptr);
        EXPECT_EQ(bytesOf(out.get()), wanted);
        EXPECT_NE(gst_buffer_get_video_crop_meta(out.get()), nullptr);
    }
}

// One stream may bring dmabufs and system memory in turn.
TEST(OneStream, DecidesPerBuffer)
{
    const char *caps = kCaps[0];
    const GstVideoInfo info = infoOf(caps);
    ElementHarness h("cudazerocopy kernel=invert zero-copy=required", caps);
    for (unsigned i = 0; i < 8; ++i) {
        const Store store = i % 2 == 0 ? Store::System : Store::Memfd;
        Buffer buffer = makeBuffer(info, {.name = "", .store = store}, i);
        const Bytes wanted = expected("invert", info, buffer.get(), bytesOf(buffer.get()));
        ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
        const Buffer out = h.pull();
        ASSERT_NE(out, nullptr);
        EXPECT_EQ(bytesOf(out.get()), wanted);
        EXPECT_EQ(statTextOf(h.element(), "memory"), store == Store::System ? "SystemMemory" : "DMABuf");
    }
    EXPECT_EQ(h.stat("in-place"), 8U);
}

} // namespace
} // namespace zc::test
