// SPDX-License-Identifier: MIT
// DeepStream's metadata as the test double lays it out, against NVIDIA's headers where they are installed.
#include "nvds.hpp"

#ifdef ZC_HAVE_NVDSMETA_H
#include <gstnvdsmeta.h>
#include <nvdsmeta.h>
#endif

#include <gtest/gtest.h>

#include <cstddef>

namespace {

namespace fake = zc::nvmm_test;

#ifdef ZC_HAVE_NVDSMETA_H

TEST(NvdsLayout, NvidiaHeaderAgrees)
{
#define SAME(theirs, field, ours, member) static_assert(offsetof(theirs, field) == offsetof(ours, member))
    SAME(NvDsMeta, meta_data, fake::NvdsMeta, data);
    SAME(NvDsMeta, user_data, fake::NvdsMeta, user);
    SAME(NvDsMeta, meta_type, fake::NvdsMeta, type);
    static_assert(NVDS_BATCH_GST_META == fake::kNvdsBatchType);
    SAME(NvDsBatchMeta, num_frames_in_batch, fake::NvdsBatch, numFrames);
    SAME(NvDsBatchMeta, frame_meta_list, fake::NvdsBatch, frames);
    SAME(NvDsBatchMeta, meta_mutex, fake::NvdsBatch, mutex);
    SAME(NvDsFrameMeta, pad_index, fake::NvdsFrame, padIndex);
    SAME(NvDsFrameMeta, batch_id, fake::NvdsFrame, batchId);
    SAME(NvDsFrameMeta, source_id, fake::NvdsFrame, sourceId);
    SAME(NvDsFrameMeta, source_frame_width, fake::NvdsFrame, sourceWidth);
    SAME(NvDsFrameMeta, num_obj_meta, fake::NvdsFrame, numObjects);
    SAME(NvDsFrameMeta, obj_meta_list, fake::NvdsFrame, objects);
    SAME(NvDsObjectMeta, unique_component_id, fake::NvdsObject, componentId);
    SAME(NvDsObjectMeta, class_id, fake::NvdsObject, classId);
    SAME(NvDsObjectMeta, object_id, fake::NvdsObject, objectId);
    SAME(NvDsObjectMeta, confidence, fake::NvdsObject, confidence);
    SAME(NvDsObjectMeta, rect_params, fake::NvdsObject, rect);
#undef SAME
    NvOSD_RectParams rect{};
    rect.left = 1;
    rect.top = 2;
    rect.width = 3;
    rect.height = 4;
    fake::NvdsObject object{};
    memcpy(&object.rect, &rect, sizeof object.rect);
    EXPECT_EQ(object.rect.left, 1);
    EXPECT_EQ(object.rect.top, 2);
    EXPECT_EQ(object.rect.width, 3);
    EXPECT_EQ(object.rect.height, 4);
}

#else

TEST(NvdsLayout, NvidiaHeaderAgrees)
{
    GTEST_SKIP() << "nvdsmeta.h is not installed; NVBUFSURFACE_INCLUDE names its folder to meson";
}

#endif

TEST(NvdsLayout, ObjectsAreParsedOrRefused)
{
    std::vector<fake::Object> objects;
    ASSERT_TRUE(fake::parseObjects("1:2:3:4.5:-5:6:7;0:0:0:0:0:1:1", objects));
    ASSERT_EQ(objects.size(), 2u);
    EXPECT_EQ(objects[0].surface, 1u);
    EXPECT_EQ(objects[0].component, 2);
    EXPECT_EQ(objects[0].classId, 3);
    EXPECT_EQ(objects[0].left, 4.5f);
    EXPECT_EQ(objects[0].top, -5.0f);
    EXPECT_FALSE(fake::parseObjects("1:2:3", objects));
    EXPECT_FALSE(fake::parseObjects("1:2:3:4:5:6:7x", objects));
}

// What reads the lists by hand finds what was asked for.
TEST(NvdsLayout, TreeIsAsDescribed)
{
    GstBuffer *buffer = gst_buffer_new();
    fake::BatchDescription batch;
    batch.frames = 2;
    batch.reversed = true;
    batch.objects = {{.surface = 1, .component = 7, .classId = 4, .left = 1, .top = 2, .width = 3, .height = 4}};
    fake::addNvdsMeta(buffer, batch);
    GstBuffer *copy = gst_buffer_copy(buffer);
    gst_buffer_unref(buffer);
    EXPECT_EQ(fake::liveNvdsMetas(), 1u);
    gpointer state = nullptr;
    const auto *meta = reinterpret_cast<const fake::NvdsMeta *>(gst_buffer_iterate_meta(copy, &state));
    ASSERT_NE(meta, nullptr);
    EXPECT_TRUE(gst_meta_api_type_has_tag(meta->meta.info->api, g_quark_from_string("nvdsmeta")));
    ASSERT_EQ(meta->type, fake::kNvdsBatchType);
    const auto *root = static_cast<const fake::NvdsBatch *>(meta->data);
    EXPECT_EQ(root->numFrames, 2u);
    ASSERT_EQ(g_list_length(root->frames), 2u);
    const auto *first = static_cast<const fake::NvdsFrame *>(root->frames->data);
    EXPECT_EQ(first->batchId, 1u);
    EXPECT_EQ(first->sourceId, 11u);
    ASSERT_EQ(g_list_length(first->objects), 1u);
    const auto *object = static_cast<const fake::NvdsObject *>(first->objects->data);
    EXPECT_EQ(object->componentId, 7);
    EXPECT_EQ(object->classId, 4);
    EXPECT_EQ(object->rect.height, 4.0f);
    gst_buffer_unref(copy);
    EXPECT_EQ(fake::liveNvdsMetas(), 0u);
}

} // namespace

int main(int argc, char **argv)
{
    testing::InitGoogleTest(&argc, argv);
    gst_init(&argc, &argv);
    return RUN_ALL_TESTS();
}
