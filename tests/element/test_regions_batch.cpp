// SPDX-License-Identifier: MIT
// Where the kernel acts on each frame of a batch: what names a frame and what holds for all of them.
#include "gst_ptr.hpp"
#include "nvds_batch.hpp"
#include "regions.hpp"

#include <gst/video/video.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace zc::gst {
namespace {

using zc::test::NvdsBatch;
using Rects = std::vector<Rect>;

Frame frameOf(int width, int height)
{
    Frame frame;
    frame.format = Format::Gray8;
    frame.width = width;
    frame.height = height;
    return frame;
}

class RegionsOfABatch : public testing::Test {
protected:
    void SetUp() override
    {
        element_ = gst_bin_new("regions");
        bus_ = gst_bus_new();
        gst_element_set_bus(element_, bus_);
        regions_.emplace(element_);
    }
    void TearDown() override
    {
        regions_.reset();
        gst_element_set_bus(element_, nullptr);
        gst_object_unref(bus_);
        gst_object_unref(element_);
    }

    // Looks at the buffer as the element does for a batch of so many frames.
    void look(std::size_t frames)
    {
        regions_->read(buffer_.get(), choices_);
        regions_->setFrames(frames);
    }
    Rects at(std::size_t index, int width = 100, int height = 100)
    {
        const Target target = regions_->of(index, frameOf(width, height));
        EXPECT_FALSE(target.wholeFrame);
        return {target.rects.begin(), target.rects.end()};
    }
    int warnings()
    {
        int count = 0;
        while (GstMessage *message = gst_bus_pop_filtered(bus_, GST_MESSAGE_WARNING)) {
            gst_message_unref(message);
            ++count;
        }
        return count;
    }

    BufferPtr buffer_{gst_buffer_new()};
    Choices choices_;
    GstElement *element_ = nullptr;
    GstBus *bus_ = nullptr;
    std::optional<Regions> regions_;
};

TEST_F(RegionsOfABatch, WholeFramesByDefault)
{
    look(3);
    EXPECT_FALSE(regions_->nothing());
    for (std::size_t i = 0; i < 3; ++i)
        EXPECT_TRUE(regions_->of(i, frameOf(100, 100)).wholeFrame);
}

TEST_F(RegionsOfABatch, ThePropertyHoldsForEachFrameInItsOwnSize)
{
    choices_.regions = {{80, 10, 40, 40}};
    look(3);
    EXPECT_EQ(at(0), (Rects{{80, 10, 20, 40}}));
    EXPECT_EQ(at(1, 200, 20), (Rects{{80, 10, 40, 10}}));
    EXPECT_EQ(at(2, 50, 50), Rects{});
    EXPECT_EQ(at(0), (Rects{{80, 10, 20, 40}})) << "the others' sizes do not linger";
}

TEST_F(RegionsOfABatch, GrowthIsCutToEachFrame)
{
    choices_.regions = {{40, 40, 20, 20}};
    choices_.regionGrow = 100;
    look(2);
    EXPECT_EQ(at(0), (Rects{{30, 30, 40, 40}}));
    EXPECT_EQ(at(1, 64, 48), (Rects{{30, 30, 34, 18}}));
}

TEST_F(RegionsOfABatch, RoiMetaNamesNoFrameAndHoldsForAll)
{
    choices_.regionSources = kFromRoiMeta;
    gst_buffer_add_video_region_of_interest_meta(buffer_.get(), "face", 1, 2, 3, 4);
    look(2);
    EXPECT_EQ(at(0), (Rects{{1, 2, 3, 4}}));
    EXPECT_EQ(at(1), (Rects{{1, 2, 3, 4}}));
}

TEST_F(RegionsOfABatch, ObjectsActOnTheSurfaceOfTheirFrame)
{
    choices_.regionSources = kFromNvdsMeta;
    // The order of frames is that of their arrival, and sources have numbers of their own.
    NvdsBatch batch;
    batch.frame(2, 0).box(20, 20, 2, 2).box(22, 22, 2, 2);
    batch.frame(0, 7).box(10, 10, 1, 1);
    batch.frame(1, 3);
    batch.attachTo(buffer_.get());
    look(4);
    EXPECT_FALSE(regions_->nothing());
    EXPECT_EQ(at(0), (Rects{{10, 10, 1, 1}}));
    EXPECT_EQ(at(1), Rects{});
    EXPECT_EQ(at(2), (Rects{{20, 20, 2, 2}, {22, 22, 2, 2}}));
    EXPECT_EQ(at(3), Rects{}) << "a surface of which no frame speaks";
    EXPECT_EQ(warnings(), 0);
}

TEST_F(RegionsOfABatch, SeveralFramesOfOneSurfaceAddUp)
{
    choices_.regionSources = kFromNvdsMeta;
    NvdsBatch batch;
    batch.frame(1).box(1, 1, 2, 2).frame(1).box(5, 5, 2, 2);
    batch.attachTo(buffer_.get());
    look(2);
    EXPECT_EQ(at(0), Rects{});
    EXPECT_EQ(at(1), (Rects{{1, 1, 2, 2}, {5, 5, 2, 2}}));
}

TEST_F(RegionsOfABatch, NothingOfOneBufferReachesTheNext)
{
    choices_.regionSources = kFromNvdsMeta | kFromProperty;
    choices_.regions = {{0, 0, 1, 1}};
    NvdsBatch first, second;
    first.frame(0).box(10, 10, 2, 2).frame(3).box(30, 30, 2, 2);
    second.frame(1).box(20, 20, 2, 2);
    first.attachTo(buffer_.get());
    look(4);
    EXPECT_EQ(at(3), (Rects{{0, 0, 1, 1}, {30, 30, 2, 2}}));
    NvdsBatch::removeFrom(buffer_.get());
    second.attachTo(buffer_.get());
    look(2);
    EXPECT_EQ(at(0), (Rects{{0, 0, 1, 1}}));
    EXPECT_EQ(at(1), (Rects{{0, 0, 1, 1}, {20, 20, 2, 2}}));
    NvdsBatch::removeFrom(buffer_.get());
    look(4);
    for (std::size_t i = 0; i < 4; ++i)
        EXPECT_EQ(at(i), (Rects{{0, 0, 1, 1}}));
}

TEST_F(RegionsOfABatch, NothingToDoIsSeenWithoutTheFrames)
{
    choices_.regionSources = kFromNvdsMeta;
    regions_->read(buffer_.get(), choices_);
    EXPECT_TRUE(regions_->nothing());
    NvdsBatch batch;
    batch.frame(9).box(1, 1, 2, 2);
    batch.attachTo(buffer_.get());
    regions_->read(buffer_.get(), choices_);
    EXPECT_FALSE(regions_->nothing());
}

TEST_F(RegionsOfABatch, ASurfaceThatTheBufferLacksIsToldOnce)
{
    choices_.regionSources = kFromNvdsMeta;
    NvdsBatch batch;
    batch.frame(0).box(1, 1, 2, 2).frame(2).box(5, 5, 2, 2);
    batch.attachTo(buffer_.get());
    look(2);
    EXPECT_EQ(at(0), (Rects{{1, 1, 2, 2}}));
    EXPECT_EQ(at(1), Rects{});
    look(2);
    EXPECT_EQ(warnings(), 1);
    regions_->clear();
    look(2);
    EXPECT_EQ(warnings(), 1) << "another start";
}

// One frame whose place says where it was before nvstreamdemux: only where both are alone is it taken for the other.
TEST_F(RegionsOfABatch, TheOnlyFrameOfTheOnlySurface)
{
    choices_.regionSources = kFromNvdsMeta;
    NvdsBatch batch;
    batch.frame(3).box(1, 1, 2, 2);
    batch.attachTo(buffer_.get());
    look(1);
    EXPECT_EQ(at(0), (Rects{{1, 1, 2, 2}}));
    EXPECT_EQ(warnings(), 0);
    look(2);
    EXPECT_EQ(at(0), Rects{});
    EXPECT_EQ(at(1), Rects{});
    EXPECT_EQ(warnings(), 1);
}

TEST_F(RegionsOfABatch, EachFrameHasItsOwnLimitOfBoxes)
{
    choices_.regionSources = kFromNvdsMeta;
    NvdsBatch batch;
    batch.frame(0);
    for (int i = 0; i < 3000; ++i)
        batch.box(static_cast<float>(i % 90), 5, 1, 1);
    batch.frame(1).box(7, 7, 2, 2);
    batch.attachTo(buffer_.get());
    look(2);
    EXPECT_EQ(at(0).size(), 1024U);
    EXPECT_EQ(at(1), (Rects{{7, 7, 2, 2}}));
}

} // namespace
} // namespace zc::gst
