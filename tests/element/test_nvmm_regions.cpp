// SPDX-License-Identifier: MIT
// Where the kernel acts on each surface of a batch: regions of the property, objects of NvDsBatchMeta, broken metadata.
#include "nvmm_rig.hpp"

namespace zc::test {
namespace {

constexpr int kWidth = 64, kHeight = 48;
constexpr const char *kObjects = "cudazerocopy kernel=invert device=cpu zero-copy=required regions-from=nvds-meta";

struct Box {
    int x, y, width, height;
};

// The picture as the source draws it, inverted inside the boxes; grey has one byte a pixel.
Bytes inverted(const GstVideoInfo &info, guint64 frame, unsigned index, const std::vector<Box> &boxes)
{
    Bytes picture = drawn(info, frame, index);
    const Bytes whole = after("invert", info, picture);
    for (const Box &box : boxes) {
        for (int y = box.y; y < box.y + box.height; ++y) {
            for (int x = box.x; x < box.x + box.width; ++x) {
                const auto at = static_cast<std::size_t>(y * info.stride[0] + x);
                picture[at] = whole[at];
            }
        }
    }
    return picture;
}

nvmm_test::Settings batchOf(unsigned count, const std::string &objects)
{
    nvmm_test::Settings settings = surfaces(fake_nvbuf::kMemCudaUnified);
    settings.batchSize = count;
    settings.meta = true;
    settings.objects = objects;
    return settings;
}

std::vector<std::string> warningsOf(ElementHarness &harness)
{
    return textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_WARNING);
}

class NvmmRegions : public Nvmm {
protected:
    // Three frames; each surface with its boxes.
    static void expectBoxes(const nvmm_test::Settings &settings, const std::string &launch,
                            const std::vector<std::vector<Box>> &boxes)
    {
        NvmmFeed feed(settings, nvmmCaps("GRAY8", kWidth, kHeight));
        ElementHarness harness(launch, feed.caps());
        bool any = false;
        for (guint64 frame = 0; frame < 3; ++frame) {
            const Buffer out = pass(harness, feed.next());
            for (unsigned i = 0; i < boxes.size(); ++i) {
                EXPECT_EQ(pictureOf(out, feed.info(), i), inverted(feed.info(), frame, i, boxes[i]))
                    << "frame " << frame << " surface " << i;
                any = any || !boxes[i].empty();
            }
        }
        EXPECT_EQ(harness.stat("in-place"), any ? 3U : 0U);
        EXPECT_EQ(harness.stat("passed-through"), any ? 0U : 3U);
        EXPECT_EQ(lines(warningsOf(harness)), "");
    }
};

TEST_F(NvmmRegions, ThePropertyHoldsForEverySurface)
{
    const std::vector<Box> box = {{10, 8, 20, 6}};
    expectBoxes(batchOf(3, ""), "cudazerocopy kernel=invert device=cpu region=10,8,20,6", {box, box, box});
}

TEST_F(NvmmRegions, ObjectsActOnTheirOwnSurface)
{
    nvmm_test::Settings settings = batchOf(4, "2:1:0:5:6:7:8;0:1:0:0:0:3:3;2:1:0:40.5:30:2:2");
    const std::vector<std::vector<Box>> boxes = {{{0, 0, 3, 3}}, {}, {{5, 6, 7, 8}, {40, 30, 3, 2}}, {}};
    expectBoxes(settings, kObjects, boxes);
    settings.metaReversed = true;
    expectBoxes(settings, kObjects, boxes);
}

TEST_F(NvmmRegions, ComponentsAndClassesAreChosen)
{
    expectBoxes(batchOf(2, "0:1:0:0:0:3:3;0:2:0:10:0:3:3;1:1:5:20:0:3:3;1:1:2:30:0:3:3"),
                std::string(kObjects) + " nvds-classes=\"1:0,2\"", {{{0, 0, 3, 3}}, {{30, 0, 3, 3}}});
}

TEST_F(NvmmRegions, BoxesAreGrownAndCut)
{
    expectBoxes(batchOf(2, "0:1:0:60:44:10:10;1:1:0:-5:-5:8:8"), std::string(kObjects) + " region-grow=100",
                {{{55, 39, 9, 9}}, {{0, 0, 7, 7}}});
}

TEST_F(NvmmRegions, WithoutObjectsNothingIsTouched)
{
    expectBoxes(batchOf(2, ""), kObjects, {{}, {}});
    expectBoxes(batchOf(2, "0:1:0:100:100:5:5;1:1:0:0:48:5:5"), kObjects, {{}, {}});
}

TEST_F(NvmmRegions, PartlyFilledBatches)
{
    nvmm_test::Settings settings = batchOf(4, "1:1:0:5:6:7:8;3:1:0:0:0:3:3");
    settings.numFilled = 2;
    NvmmFeed feed(settings, nvmmCaps("GRAY8", kWidth, kHeight));
    ElementHarness harness(kObjects, feed.caps());
    const Buffer out = pass(harness, feed.next());
    EXPECT_EQ(pictureOf(out, feed.info(), 0), inverted(feed.info(), 0, 0, {}));
    EXPECT_EQ(pictureOf(out, feed.info(), 1), inverted(feed.info(), 0, 1, {{5, 6, 7, 8}}));
    EXPECT_EQ(pictureOf(out, feed.info(), 3), inverted(feed.info(), 0, 3, {}));
}

TEST_F(NvmmRegions, ACopyIsChangedInTheSamePlaces)
{
    NvmmFeed feed(batchOf(3, "2:1:0:5:6:7:8"), nvmmCaps("GRAY8", kWidth, kHeight));
    ElementHarness harness("cudazerocopy kernel=invert device=cpu regions-from=nvds-meta", feed.caps());
    Buffer buffer = feed.next();
    const Buffer held(gst_buffer_ref(buffer.get()));
    const Buffer out = pass(harness, std::move(buffer));
    ASSERT_NE(out, nullptr);
    EXPECT_NE(out.get(), held.get());
    for (unsigned i = 0; i < 3; ++i) {
        EXPECT_EQ(pictureOf(held, feed.info(), i), inverted(feed.info(), 0, i, {})) << i;
        const std::vector<Box> boxes = i == 2 ? std::vector<Box>{{5, 6, 7, 8}} : std::vector<Box>{};
        EXPECT_EQ(pictureOf(out, feed.info(), i), inverted(feed.info(), 0, i, boxes)) << i;
    }
    EXPECT_EQ(harness.stat("copied"), 1U);
}

struct Damage {
    const char *name;
    Break fault;
    const char *told;  // null: nothing, since what is wrong is not looked at
    bool firstIsWhole; // the good object of surface 0 is acted on all the same
};

class NvmmBrokenMeta : public Nvmm, public testing::WithParamInterface<Damage> {};

TEST_P(NvmmBrokenMeta, IsToldOnceAndNeverAnError)
{
    const Damage &damage = GetParam();
    nvmm_test::Settings settings = batchOf(3, "0:1:0:5:6:7:8");
    settings.fault = damage.fault;
    NvmmFeed feed(settings, nvmmCaps("GRAY8", kWidth, kHeight));
    ElementHarness harness(kObjects, feed.caps());
    const std::vector<Box> first = damage.firstIsWhole ? std::vector<Box>{{5, 6, 7, 8}} : std::vector<Box>{};
    for (guint64 frame = 0; frame < 3; ++frame) {
        const Buffer out = pass(harness, feed.next());
        for (unsigned i = 0; i < 3; ++i)
            EXPECT_EQ(pictureOf(out, feed.info(), i),
                      inverted(feed.info(), frame, i, i == 0 ? first : std::vector<Box>{}));
    }
    const auto told = warningsOf(harness);
    EXPECT_EQ(told.size(), damage.told != nullptr ? 1U : 0U) << lines(told);
    EXPECT_TRUE(contains(lines(told), damage.told != nullptr ? damage.told : "")) << lines(told);
    EXPECT_EQ(lines(textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR)), "");
}

INSTANTIATE_TEST_SUITE_P(Every, NvmmBrokenMeta,
                         testing::Values(Damage{"cycle", Break::MetaCycle, "does not end", true},
                                         Damage{"nan", Break::MetaNan, "left nan", false},
                                         Damage{"index", Break::MetaIndex, "surface 4000000000", false},
                                         Damage{"count", Break::MetaCount, nullptr, true},
                                         Damage{"null", Break::MetaNull, "null", false},
                                         Damage{"type", Break::MetaType, nullptr, false}),
                         [](const testing::TestParamInfo<Damage> &one) { return std::string(one.param.name); });

} // namespace
} // namespace zc::test
