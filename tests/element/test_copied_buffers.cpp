// SPDX-License-Identifier: MIT
// What the copy of a shared buffer carries along, and a real tee whose other branch must not notice anything.
#include "element_harness.hpp"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace zc::test {
namespace {

constexpr const char *kPlain = "video/x-raw,format=NV12,width=32,height=16,framerate=30/1";

// ---- what rides along on the copy

void expectMetas(GstBuffer *out, const GstVideoInfo &info)
{
    const GstVideoMeta *video = gst_buffer_get_video_meta(out);
    ASSERT_NE(video, nullptr);
    gsize end = 0;
    for (guint p = 0; p < video->n_planes; ++p)
        end = std::max(end, video->offset[p] + static_cast<gsize>(video->stride[p]));
    EXPECT_LE(end, gst_buffer_get_size(out));
    EXPECT_EQ(video->width, static_cast<guint>(info.width));
    EXPECT_EQ(gst_buffer_get_n_meta(out, GST_VIDEO_META_API_TYPE), 1U);

    const auto *roi = reinterpret_cast<GstVideoRegionOfInterestMeta *>(
        gst_buffer_get_meta(out, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE));
    ASSERT_NE(roi, nullptr);
    EXPECT_EQ(roi->x, 4U);
    EXPECT_EQ(roi->w, 8U);
    const GstVideoTimeCodeMeta *code = gst_buffer_get_video_time_code_meta(out);
    ASSERT_NE(code, nullptr);
    EXPECT_EQ(code->tc.seconds, 7U);
    GstCustomMeta *note = gst_buffer_get_custom_meta(out, "zc-test-note");
    ASSERT_NE(note, nullptr);
    gint value = 0;
    EXPECT_TRUE(gst_structure_get_int(gst_custom_meta_get_structure(note), "value", &value));
    EXPECT_EQ(value, 42);
}

TEST(CopiedBuffer, CarriesMetasTimestampsAndFlags)
{
    static const gchar *const kNoTags[] = {nullptr};
    gst_meta_register_custom("zc-test-note", const_cast<const gchar **>(kNoTags), nullptr, nullptr, nullptr);
    const GstVideoInfo info = infoOf(kPlain);
    ElementHarness h("cudazerocopy kernel=invert", kPlain);
    Buffer buffer = makeBuffer(info, {.name = "padded", .padding = 16}, 9);
    GstBuffer *in = buffer.get();
    gst_buffer_add_video_region_of_interest_meta(in, "face", 4, 2, 8, 6);
    gst_buffer_add_video_time_code_meta_full(in, 30, 1, nullptr, GST_VIDEO_TIME_CODE_FLAGS_NONE, 0, 0, 7, 0, 0);
    gst_structure_set(gst_custom_meta_get_structure(gst_buffer_add_custom_meta(in, "zc-test-note")), "value",
                      G_TYPE_INT, 42, nullptr);
    GST_BUFFER_PTS(in) = 3 * GST_SECOND;
    GST_BUFFER_DTS(in) = 2 * GST_SECOND;
    GST_BUFFER_DURATION(in) = GST_SECOND / 30;
    GST_BUFFER_OFFSET(in) = 90;
    GST_BUFFER_OFFSET_END(in) = 91;
    GST_BUFFER_FLAG_SET(in, GST_BUFFER_FLAG_DELTA_UNIT | GST_BUFFER_FLAG_MARKER);
    const Bytes before = visible(info, in);
    const Buffer held(gst_buffer_ref(in));

    ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
    const Buffer out = h.pull();
    ASSERT_NE(out, nullptr);
    ASSERT_NE(out.get(), held.get());
    expectMetas(out.get(), info);
    EXPECT_EQ(GST_BUFFER_PTS(out.get()), 3 * GST_SECOND);
    EXPECT_EQ(GST_BUFFER_DTS(out.get()), 2 * GST_SECOND);
    EXPECT_EQ(GST_BUFFER_DURATION(out.get()), GST_SECOND / 30);
    EXPECT_EQ(GST_BUFFER_OFFSET(out.get()), 90U);
    EXPECT_EQ(GST_BUFFER_OFFSET_END(out.get()), 91U);
    EXPECT_TRUE(GST_BUFFER_FLAG_IS_SET(out.get(), GST_BUFFER_FLAG_DELTA_UNIT));
    EXPECT_TRUE(GST_BUFFER_FLAG_IS_SET(out.get(), GST_BUFFER_FLAG_MARKER));
    EXPECT_EQ(visible(info, out.get()), expected("invert", info, nullptr, before)) << "a padded picture, copied";
    EXPECT_EQ(visible(info, held.get()), before);
}

TEST(CopiedBuffer, OfACroppedPictureShowsTheCrop)
{
    const GstVideoInfo info = infoOf(kPlain);
    const GstVideoInfo stored = infoOf("video/x-raw,format=NV12,width=48,height=32,framerate=30/1");
    ElementHarness h("cudazerocopy kernel=invert", kPlain);
    Buffer buffer = makeBuffer(stored, {.name = "", .describe = true}, 9);
    GstVideoCropMeta *crop = gst_buffer_add_video_crop_meta(buffer.get());
    crop->x = 8;
    crop->y = 4;
    crop->width = 32;
    crop->height = 16;
    const Bytes all = bytesOf(buffer.get());
    const Buffer held(gst_buffer_ref(buffer.get()));
    ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
    const Buffer out = h.pull();
    ASSERT_NE(out, nullptr);
    EXPECT_EQ(bytesOf(held.get()), all);
    EXPECT_EQ(gst_buffer_get_video_crop_meta(out.get()), nullptr);
    Bytes wanted;
    for (int y = 0; y < 16; ++y)
        wanted.insert(wanted.end(), &all[(y + 4U) * 48U + 8U], &all[(y + 4U) * 48U + 40U]);
    for (int y = 0; y < 8; ++y)
        wanted.insert(wanted.end(), &all[stored.offset[1] + (y + 2U) * 48U + 8U],
                      &all[stored.offset[1] + (y + 2U) * 48U + 40U]);
    EXPECT_EQ(visible(info, out.get()), expected("invert", info, nullptr, wanted));
}

// ---- a real tee

void pushFrames(GstElement *source, const GstVideoInfo &info, Store store, unsigned frames)
{
    for (unsigned i = 0; i < frames; ++i) {
        Buffer buffer = makeBuffer(info, {.name = "", .store = store}, i);
        GST_BUFFER_PTS(buffer.get()) = i * GST_SECOND / 30;
        ASSERT_EQ(gst_app_src_push_buffer(GST_APP_SRC(source), buffer.release()), GST_FLOW_OK);
    }
    gst_app_src_end_of_stream(GST_APP_SRC(source));
}

Bytes pullFrame(GstElement *sink, const GstVideoInfo &info)
{
    GstSample *sample = gst_app_sink_try_pull_sample(GST_APP_SINK(sink), 10 * GST_SECOND);
    EXPECT_NE(sample, nullptr);
    if (sample == nullptr)
        return {};
    Bytes bytes = visible(info, gst_sample_get_buffer(sample));
    gst_sample_unref(sample);
    return bytes;
}

void runTee(Store store)
{
    const std::string launch = std::string("appsrc name=in format=time caps=\"") + kPlain +
                               "\" ! tee name=t  t. ! queue ! appsink name=plain sync=false  "
                               "t. ! queue ! cudazerocopy name=zc kernel=invert ! appsink name=changed sync=false";
    GstElement *pipeline = makeElement(launch);
    ASSERT_NE(pipeline, nullptr);
    GstElement *in = gst_bin_get_by_name(GST_BIN(pipeline), "in");
    GstElement *plain = gst_bin_get_by_name(GST_BIN(pipeline), "plain");
    GstElement *changed = gst_bin_get_by_name(GST_BIN(pipeline), "changed");
    GstElement *zc = gst_bin_get_by_name(GST_BIN(pipeline), "zc");
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    const GstVideoInfo info = infoOf(kPlain);
    constexpr unsigned kFrames = 20;
    pushFrames(in, info, store, kFrames);
    // First all of one branch, so that the other still holds every frame: each must be a copy.
    std::vector<Bytes> inverted;
    for (unsigned i = 0; i < kFrames; ++i)
        inverted.push_back(pullFrame(changed, info));
    for (unsigned i = 0; i < kFrames; ++i) {
        const Buffer original = makeBuffer(info, {.name = "", .store = store}, i);
        EXPECT_EQ(pullFrame(plain, info), visible(info, original.get())) << "the other branch's frame " << i;
        EXPECT_EQ(inverted[i], expected("invert", info, nullptr, bytesOf(original.get()))) << "frame " << i;
    }
    EXPECT_EQ(statOf(zc, "copied"), kFrames);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    for (GstElement *element : {in, plain, changed, zc, pipeline})
        gst_object_unref(element);
}

TEST(Tee, LeavesTheOtherBranchAloneInSystemMemory)
{
    runTee(Store::System);
}

TEST(Tee, LeavesTheOtherBranchAloneInDmabufs)
{
    runTee(Store::Memfd);
}

} // namespace
} // namespace zc::test
