// SPDX-License-Identifier: MIT
// What the kernels do to a few samples, in numbers worked out by hand from docs/pixel-rules.md.
#include "small_picture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace zc::conformance {
namespace {

using Codes = std::vector<int>;

constexpr ColorRange kLimited = ColorRange::Limited;
constexpr ColorRange kFull = ColorRange::Full;

// Colour kernels may be off by one code value.
void expectNear(const Codes &got, const Codes &want)
{
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t i = 0; i < got.size(); ++i)
        EXPECT_NEAR(got[i], want[i], 1) << "sample " << i;
}

class Literal : public testing::TestWithParam<std::size_t> {
protected:
    Target &target() { return targets()[GetParam()]; }
};

INSTANTIATE_TEST_SUITE_P(All, Literal, testing::Range(std::size_t{0}, targets().size()),
                         [](const auto &at) { return targets()[at.param].name; });

TEST_P(Literal, InvertSwapsBlackAndWhiteInLimitedRange)
{
    SmallPicture picture(target(), {Format::Nv12, 4, 2, kLimited});
    picture.set('Y', {16, 235, 0, 255, 126, 1, 254, 17});
    picture.set('U', {16, 128});
    picture.set('V', {255, 0});
    picture.run("invert");
    EXPECT_EQ(picture.get('Y'), (Codes{235, 16, 251, 0, 125, 250, 0, 234}));
    EXPECT_EQ(picture.get('U'), (Codes{240, 128}));
    EXPECT_EQ(picture.get('V'), (Codes{1, 255}));
}

TEST_P(Literal, InvertKeepsNeutralChromaInFullRange)
{
    SmallPicture picture(target(), {Format::I420, 4, 2, kFull});
    picture.set('Y', {0, 255, 100, 1, 2, 3, 4, 5});
    picture.set('U', {128, 1});
    picture.set('V', {255, 0});
    picture.run("invert");
    EXPECT_EQ(picture.get('Y'), (Codes{255, 0, 155, 254, 253, 252, 251, 250}));
    EXPECT_EQ(picture.get('U'), (Codes{128, 255}));
    EXPECT_EQ(picture.get('V'), (Codes{1, 255}));
}

TEST_P(Literal, InvertKnowsTenTwelveAndSixteenBits)
{
    SmallPicture p010(target(), {Format::P010Le, 2, 2, kLimited});
    p010.set('Y', {64, 940, 0, 1023});
    p010.set('U', {512});
    p010.set('V', {64});
    p010.run("invert");
    EXPECT_EQ(p010.get('Y'), (Codes{940, 64, 1004, 0}));
    EXPECT_EQ(p010.get('U'), Codes{512});
    EXPECT_EQ(p010.get('V'), Codes{960});

    SmallPicture p012(target(), {Format::P012Le, 2, 2, kFull});
    p012.set('Y', {0, 4095, 1, 2048});
    p012.set('U', {2048});
    p012.set('V', {1});
    p012.run("invert");
    EXPECT_EQ(p012.get('Y'), (Codes{4095, 0, 4094, 2047}));
    EXPECT_EQ(p012.get('U'), Codes{2048});
    EXPECT_EQ(p012.get('V'), Codes{4095});

    SmallPicture gray16(target(), {Format::Gray16Le, 3, 1, kLimited});
    gray16.set('Y', {4096, 60160, 65535});
    gray16.run("invert");
    EXPECT_EQ(gray16.get('Y'), (Codes{60160, 4096, 0}));
}

TEST_P(Literal, InvertLeavesAlphaAndPaddingSamples)
{
    SmallPicture rgba(target(), {Format::Rgba, 2, 1, kFull});
    rgba.set('R', {0, 200});
    rgba.set('A', {77, 0});
    rgba.run("invert");
    EXPECT_EQ(rgba.get('R'), (Codes{255, 55}));
    EXPECT_EQ(rgba.get('A'), (Codes{77, 0}));

    SmallPicture xbgr(target(), {Format::Xbgr, 2, 1, kFull});
    xbgr.set('X', {9, 250});
    xbgr.run("invert");
    EXPECT_EQ(xbgr.get('X'), (Codes{9, 250}));

    SmallPicture rgb10(target(), {Format::Rgb10a2Le, 2, 1, kFull});
    rgb10.set('R', {0, 1000});
    rgb10.set('G', {1023, 1});
    rgb10.set('B', {512, 3});
    rgb10.set('A', {2, 1});
    rgb10.run("invert");
    EXPECT_EQ(rgb10.get('R'), (Codes{1023, 23}));
    EXPECT_EQ(rgb10.get('G'), (Codes{0, 1022}));
    EXPECT_EQ(rgb10.get('B'), (Codes{511, 1020}));
    EXPECT_EQ(rgb10.get('A'), (Codes{2, 1}));
}

TEST_P(Literal, InvertLeavesTheLowBitsOfP010Words)
{
    SmallPicture picture(target(), {Format::P010Le, 2, 2, kFull});
    // The words lie in bytes 64 .. 71: guard bytes come first.
    const Bytes words = {0x15, 0x00, 0xff, 0xff, 0x3f, 0x80, 0x00, 0x00};
    std::copy(words.begin(), words.end(), picture.bytes().begin() + 64);
    picture.run("invert");
    const Bytes expected = {0xd5, 0xff, 0x3f, 0x00, 0xff, 0x7f, 0xc0, 0xff};
    EXPECT_EQ(Bytes(picture.bytes().begin() + 64, picture.bytes().begin() + 72), expected);
}

TEST_P(Literal, InvertMeetsAPixelOnceWhereRectanglesOverlap)
{
    SmallPicture picture(target(), {Format::Gray8, 4, 1, kFull});
    picture.set('Y', {10, 20, 30, 40});
    picture.run("invert", "", {{0, 0, 3, 1}, {1, 0, 2, 1}, {1, 0, 1, 1}});
    EXPECT_EQ(picture.get('Y'), (Codes{245, 235, 225, 40}));
}

TEST_P(Literal, InvertWidensRectanglesToWholeChromaSamples)
{
    SmallPicture picture(target(), {Format::I420, 5, 2, kFull});
    picture.setAll('Y', 100);
    picture.setAll('U', 28);
    picture.setAll('V', 28);
    picture.run("invert", "", {{3, 1, 1, 1}});
    EXPECT_EQ(picture.get('Y'), (Codes{100, 100, 155, 155, 100, 100, 100, 155, 155, 100}));
    EXPECT_EQ(picture.get('U'), (Codes{28, 228, 28}));
    picture.run("invert", "", {{4, 0, 9, 1}});
    EXPECT_EQ(picture.get('Y'), (Codes{100, 100, 155, 155, 155, 100, 100, 155, 155, 155}));
    EXPECT_EQ(picture.get('V'), (Codes{28, 228, 228}));
}

// One limited-range pixel of I420 through adjust. Y 100, U 148 and V 138 lie 84, 20 and 10 above their zero.
struct AdjustCase {
    const char *params;
    int y, u, v;
};

TEST_P(Literal, AdjustMeansWhatVideobalanceMeans)
{
    const AdjustCase cases[] = {
        {"brightness=0.2", 151, 148, 138},                           // + 0.2 * 255
        {"brightness=-1", 0, 148, 138},                              //
        {"contrast=1.5", 142, 148, 138},                             // 16 + 84 * 1.5
        {"contrast=0", 16, 148, 138},                                //
        {"contrast=0.5,brightness=-0.2", 7, 148, 138},               // 16 + 42 - 51
        {"saturation=0", 100, 128, 128},                             //
        {"saturation=2", 100, 168, 148},                             //
        {"saturation=1.5", 100, 158, 143},                           //
        {"hue=0.5", 100, 138, 108},                                  // a quarter turn: cb' = cr, cr' = -cb
        {"hue=-0.5", 100, 118, 148},                                 //
        {"hue=1", 100, 108, 118},                                    //
        {"hue=0.25", 100, 149, 121},                                 // (20 + 10) / sqrt 2, (10 - 20) / sqrt 2
        {"exposure=2.2", 184, 168, 148},                             // doubled
        {"exposure=-2.2", 58, 138, 133},                             // halved
        {"hue=0.5,saturation=2", 100, 148, 88},                      //
        {"exposure=2.2,saturation=0.5", 184, 148, 138},              //
        {"exposure=2.2,contrast=0.5,brightness=0.1", 151, 168, 148}, // 16 + (42 + 25.5) * 2
    };
    for (const AdjustCase &one : cases) {
        SCOPED_TRACE(one.params);
        SmallPicture picture(target(), {Format::I420, 1, 1, kLimited, ColorMatrix::Bt2020});
        picture.set('Y', {100});
        picture.set('U', {148});
        picture.set('V', {138});
        picture.run("adjust", one.params);
        expectNear({picture.first('Y'), picture.first('U'), picture.first('V')}, {one.y, one.u, one.v});
    }
}

TEST_P(Literal, AdjustRaisesLumaToOneOverGamma)
{
    SmallPicture limited(target(), {Format::Gray8, 4, 1, kLimited});
    limited.set('Y', {71, 16, 235, 0});
    limited.run("adjust", "gamma=2");
    expectNear(limited.get('Y'), {126, 16, 235, 0}); // 16 + 219 * sqrt(55/219); what is below black stays

    SmallPicture full(target(), {Format::Gray8, 4, 1, kFull});
    full.set('Y', {64, 0, 255, 1});
    full.run("adjust", "gamma=2");
    expectNear(full.get('Y'), {128, 0, 255, 16});

    SmallPicture inverse(target(), {Format::Gray16Le, 2, 1, kFull});
    inverse.set('Y', {32768, 65535});
    inverse.run("adjust", "gamma=0.5");
    expectNear(inverse.get('Y'), {16384, 65535});
}

TEST_P(Literal, AdjustScalesWithRangeAndDepth)
{
    SmallPicture p010(target(), {Format::P010Le, 1, 1, kLimited});
    p010.set('Y', {400});
    p010.set('U', {612});
    p010.set('V', {512});
    p010.run("adjust", "brightness=0.2,saturation=0.5");
    expectNear({p010.first('Y'), p010.first('U'), p010.first('V')}, {604, 562, 512});

    SmallPicture full(target(), {Format::Gray8, 2, 1, kFull});
    full.set('Y', {100, 250});
    full.run("adjust", "brightness=0.2"); // 51 * 255 / 219
    expectNear(full.get('Y'), {159, 255});
}

TEST_P(Literal, AdjustTurnsRgbThroughBt601)
{
    SmallPicture gray(target(), {Format::Argb, 3, 1, kFull, ColorMatrix::Bt709});
    gray.set('R', {255, 0, 0});
    gray.set('G', {0, 255, 0});
    gray.set('B', {0, 0, 255});
    gray.set('A', {1, 2, 3});
    gray.run("adjust", "saturation=0");
    for (char role : {'R', 'G', 'B'})
        expectNear(gray.get(role), {76, 150, 29});
    EXPECT_EQ(gray.get('A'), (Codes{1, 2, 3}));

    // Half a turn of hue negates chroma: each of R, G, B becomes 2y - itself.
    SmallPicture hue(target(), {target().takes(Format::Bgr) ? Format::Bgr : Format::Bgrx, 1, 1, kFull});
    hue.set('R', {255});
    hue.set('G', {0});
    hue.set('B', {0});
    hue.run("adjust", "hue=1");
    expectNear({hue.first('R'), hue.first('G'), hue.first('B')}, {0, 152, 152});
}

TEST_P(Literal, GrayKeepsLumaBytesAndNeutralisesChroma)
{
    SmallPicture nv21(target(), {Format::Nv21, 4, 2, kLimited});
    nv21.set('Y', {0, 1, 16, 235, 255, 128, 77, 254});
    nv21.run("gray");
    EXPECT_EQ(nv21.get('Y'), (Codes{0, 1, 16, 235, 255, 128, 77, 254}));
    EXPECT_EQ(nv21.get('U'), (Codes{128, 128}));
    EXPECT_EQ(nv21.get('V'), (Codes{128, 128}));

    SmallPicture i420(target(), {Format::I420_10Le, 2, 2, kFull});
    i420.set('Y', {0, 1023, 500, 7});
    i420.run("gray");
    EXPECT_EQ(i420.get('Y'), (Codes{0, 1023, 500, 7}));
    EXPECT_EQ(i420.get('U'), Codes{512});
}

TEST_P(Literal, GrayGivesRgbItsBt601Luma)
{
    SmallPicture picture(target(), {Format::Bgrx, 4, 1, kFull, ColorMatrix::Bt2020});
    picture.set('R', {255, 0, 0, 200});
    picture.set('G', {0, 255, 0, 200});
    picture.set('B', {0, 0, 255, 200});
    picture.run("gray");
    for (char role : {'R', 'G', 'B'})
        expectNear(picture.get(role), {76, 150, 29, 200});
}

TEST_P(Literal, FillPutsColoursThroughTheFramesMatrix)
{
    struct {
        ColorMatrix matrix;
        const char *params;
        int y, u, v;
    } const cases[] = {
        {ColorMatrix::Bt601, "color=#ff0000ff", 41, 240, 110},  {ColorMatrix::Bt601, "color=#ffff0000", 81, 90, 240},
        {ColorMatrix::Bt709, "color=#ffff0000", 63, 102, 240},  {ColorMatrix::Bt2020, "color=#ff00ff00", 164, 47, 25},
        {ColorMatrix::Bt709, "color=#ffffffff", 235, 128, 128}, {ColorMatrix::Bt709, "color=#ff000000", 16, 128, 128},
    };
    for (const auto &one : cases) {
        SCOPED_TRACE(one.params);
        SmallPicture picture(target(), {Format::Yuy2, 2, 1, kLimited, one.matrix});
        picture.run("fill", one.params);
        expectNear({picture.first('Y'), picture.first('U'), picture.first('V')}, {one.y, one.u, one.v});
    }
}

TEST_P(Literal, FillMixesByOpacityAndKeepsTheFramesAlpha)
{
    SmallPicture half(target(), {Format::Gray8, 2, 1, kLimited});
    half.set('Y', {16, 235});
    half.run("fill", "color=#80ffffff");
    expectNear(half.get('Y'), {126, 235}); // 16 + 219 * 128 / 255

    SmallPicture rgba(target(), {Format::Abgr, 2, 1, kFull});
    rgba.set('A', {5, 200});
    rgba.run("fill", "color=#ff102030");
    expectNear(rgba.get('R'), {16, 16});
    expectNear(rgba.get('G'), {32, 32});
    expectNear(rgba.get('B'), {48, 48});
    EXPECT_EQ(rgba.get('A'), (Codes{5, 200}));
}

TEST_P(Literal, PixelateAveragesCellsHalvesUp)
{
    SmallPicture picture(target(), {Format::Gray8, 5, 2, kLimited});
    picture.set('Y', {10, 20, 30, 40, 7, 50, 60, 70, 81, 8});
    picture.run("pixelate", "block=2");
    EXPECT_EQ(picture.get('Y'), (Codes{35, 35, 55, 55, 8, 35, 35, 55, 55, 8}));
}

TEST_P(Literal, PixelateCountsCellsFromTheRegionsCorner)
{
    SmallPicture picture(target(), {Format::Gray8, 6, 1, kLimited});
    picture.set('Y', {0, 10, 20, 30, 40, 50});
    picture.run("pixelate", "block=2", {{1, 0, 3, 1}});
    EXPECT_EQ(picture.get('Y'), (Codes{0, 15, 15, 30, 40, 50}));
}

TEST_P(Literal, PixelatePutsChromaSamplesIntoTheCellsOfTheirPixels)
{
    SmallPicture picture(target(), {Format::I420, 6, 2, kLimited});
    picture.set('U', {10, 20, 40});
    picture.run("pixelate", "block=3"); // pixels 0, 2 | 4
    EXPECT_EQ(picture.get('U'), (Codes{15, 15, 40}));
    picture.set('U', {10, 20, 40});
    picture.run("pixelate", "block=2");
    EXPECT_EQ(picture.get('U'), (Codes{10, 20, 40}));
}

TEST_P(Literal, PixelateLeavesConstantPicturesAlone)
{
    for (const gold::Layout &layout : gold::allLayouts()) {
        if (!target().takes(layout.format))
            continue;
        SCOPED_TRACE(layout.name);
        SmallPicture picture(target(), {layout.format, 13, 9, kLimited});
        for (const gold::Channel &c : layout.channels)
            picture.setAll(c.role, gold::maxCode(c) - 1);
        const Bytes before = picture.bytes();
        picture.run("pixelate", "block=4");
        EXPECT_EQ(picture.bytes(), before);
        picture.run("box-blur", "radius=3");
        EXPECT_EQ(picture.bytes(), before);
    }
}

// Sums of white 16-bit samples over such areas do not fit 32 bits.
TEST_P(Literal, PixelateAndBoxBlurHoldTheLargestSums)
{
    for (const auto &[kernel, params] : {std::pair{"pixelate", "block=1024"}, {"box-blur", "radius=64"}}) {
        SmallPicture picture(target(), {Format::Gray16Le, 300, 300, kFull});
        picture.setAll('Y', 65535);
        const Bytes before = picture.bytes();
        picture.run(kernel, params);
        EXPECT_TRUE(picture.bytes() == before) << kernel;
    }
}

TEST_P(Literal, PixelateCountsCellsInVeryWidePictures)
{
    PictureSpec spec = {Format::Gray8, 65535, 1, kFull};
    SmallPicture picture(target(), spec);
    picture.run("pixelate", "block=3");
    const Codes got = picture.get('Y');
    Codes want = got;
    for (std::size_t x = 0; x < want.size(); ++x)
        want[x] = want[x / 3 * 3];
    EXPECT_TRUE(got == want);
    EXPECT_NE(got[0], got[3]);
}

TEST_P(Literal, FlipMirrorsRowsAndColumns)
{
    const std::pair<const char *, Codes> cases[] = {{"method=horizontal", {3, 2, 1, 6, 5, 4}},
                                                    {"method=vertical", {4, 5, 6, 1, 2, 3}},
                                                    {"method=rotate-180", {6, 5, 4, 3, 2, 1}}};
    for (const auto &[params, want] : cases) {
        SCOPED_TRACE(params);
        SmallPicture picture(target(), {target().takes(Format::Rgb) ? Format::Rgb : Format::Rgba, 3, 2, kLimited});
        picture.set('G', {1, 2, 3, 4, 5, 6});
        picture.run("flip", params);
        EXPECT_EQ(picture.get('G'), want);
    }
}

TEST_P(Literal, FlipMirrorsLumaAndChromaOfPackedFormatsApart)
{
    SmallPicture picture(target(), {Format::Uyvy, 4, 1, kLimited});
    picture.set('Y', {1, 2, 3, 4});
    picture.set('U', {10, 20});
    picture.set('V', {30, 40});
    picture.run("flip", "method=horizontal");
    EXPECT_EQ(picture.get('Y'), (Codes{4, 3, 2, 1}));
    EXPECT_EQ(picture.get('U'), (Codes{20, 10}));
    EXPECT_EQ(picture.get('V'), (Codes{40, 30}));
}

TEST_P(Literal, FlipMovesAlphaWithItsPixelAndStaysInTheRegion)
{
    SmallPicture picture(target(), {Format::Rgb10a2Le, 4, 1, kFull});
    picture.set('A', {0, 1, 2, 3});
    picture.set('B', {100, 200, 300, 1023});
    picture.run("flip", "method=rotate-180", {{1, 0, 2, 1}});
    EXPECT_EQ(picture.get('A'), (Codes{0, 2, 1, 3}));
    EXPECT_EQ(picture.get('B'), (Codes{100, 300, 200, 1023}));
}

TEST_P(Literal, FlipTwiceIsNothing)
{
    for (const gold::Layout &layout : gold::allLayouts()) {
        if (!target().takes(layout.format))
            continue;
        for (const char *params : {"method=horizontal", "method=vertical", "method=rotate-180"}) {
            SCOPED_TRACE(std::string(layout.name) + " " + params);
            SmallPicture picture(target(), {layout.format, 11, 7, kLimited});
            const Bytes before = picture.bytes();
            picture.run("flip", params);
            EXPECT_NE(picture.bytes(), before);
            picture.run("flip", params);
            EXPECT_EQ(picture.bytes(), before);
        }
    }
}

TEST_P(Literal, FlipMeetsARectangleOnceThatIsNamedTwice)
{
    const std::vector<Rect> cases[] = {
        {{0, 0, 4, 2}, {0, 0, 4, 2}},               // the same
        {{0, 0, 2, 2}, {0, 0, 4, 2}},               // inside a later one
        {{0, 0, 4, 2}, {2, 0, 1, 1}},               // inside an earlier one
        {{-3, -3, 9, 9}, {0, 0, 100, 100}},         // the same once they are cut to the picture
        {{0, 0, 3, 2}, {1, 1, 3, 1}, {0, 1, 4, 1}}, // the first is widened to the picture
    };
    for (const std::vector<Rect> &regions : cases) {
        SCOPED_TRACE(regionsToString(regions));
        SmallPicture picture(target(), {Format::I420, 4, 2, kLimited});
        picture.set('Y', {1, 2, 3, 4, 5, 6, 7, 8});
        picture.set('U', {10, 20});
        picture.run("flip", "method=horizontal", regions);
        EXPECT_EQ(picture.get('Y'), (Codes{4, 3, 2, 1, 8, 7, 6, 5}));
        EXPECT_EQ(picture.get('U'), (Codes{20, 10}));
    }
}

TEST_P(Literal, BoxBlurMeetsARectangleOnceThatIsNamedTwice)
{
    SmallPicture picture(target(), {Format::Gray8, 5, 1, kFull});
    picture.set('Y', {9, 0, 0, 0, 90});
    picture.run("box-blur", "radius=1", {{2, 0, 1, 1}, {1, 0, 3, 1}, {1, 0, 3, 1}});
    EXPECT_EQ(picture.get('Y'), (Codes{9, 3, 0, 30, 90}));
}

TEST_P(Literal, BoxBlurSpreadsAnImpulse)
{
    SmallPicture middle(target(), {Format::Gray8, 5, 5, kLimited});
    middle.set('Y', {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    middle.run("box-blur", "radius=1");
    EXPECT_EQ(middle.get('Y'),
              (Codes{0, 0, 0, 0, 0, 0, 10, 10, 10, 0, 0, 10, 10, 10, 0, 0, 10, 10, 10, 0, 0, 0, 0, 0, 0}));

    SmallPicture corner(target(), {Format::Gray8, 3, 3, kLimited}); // the edge's samples count again beyond it
    corner.set('Y', {90, 0, 0, 0, 0, 0, 0, 0, 0});
    corner.run("box-blur", "radius=1");
    EXPECT_EQ(corner.get('Y'), (Codes{40, 20, 0, 20, 10, 0, 0, 0, 0}));
}

TEST_P(Literal, BoxBlurRoundsHalvesUp)
{
    SmallPicture picture(target(), {Format::Gray16Le, 7, 3, kFull});
    picture.set('Y', {0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0});
    picture.run("box-blur", "radius=1"); // 5/9 and 4/9
    EXPECT_EQ(picture.get('Y'), (Codes{1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0}));
}

TEST_P(Literal, BoxBlurReadsButDoesNotWriteOutsideTheRegion)
{
    SmallPicture picture(target(), {Format::Gray8, 5, 1, kFull});
    picture.set('Y', {9, 0, 0, 0, 90});
    picture.run("box-blur", "radius=1", {{1, 0, 3, 1}});
    EXPECT_EQ(picture.get('Y'), (Codes{9, 3, 0, 30, 90}));
}

TEST_P(Literal, BoxBlurDividesItsRadiusForChroma)
{
    SmallPicture i420(target(), {Format::I420, 10, 10, kLimited});
    i420.set('U', {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    i420.run("box-blur", "radius=4"); // 2 in chroma: 25 samples
    EXPECT_EQ(i420.get('U'), Codes(25, 4));

    SmallPicture one(target(), {Format::I420, 6, 6, kLimited});
    one.set('V', {0, 0, 0, 0, 90, 0, 0, 0, 0});
    one.run("box-blur", "radius=1"); // at least 1
    EXPECT_EQ(one.get('V'), Codes(9, 10));

    SmallPicture nv16(target(), {Format::Nv16, 6, 5, kLimited});
    nv16.set('U', {0, 0, 0, 0, 0, 0, 0, 150, 0, 0, 0, 0, 0, 0, 0});
    nv16.run("box-blur", "radius=2"); // 1 across, 2 down: 15 samples
    EXPECT_EQ(nv16.get('U'), Codes(15, 10));
}

} // namespace
} // namespace zc::conformance
