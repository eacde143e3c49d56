// SPDX-License-Identifier: MIT
// Rectangles: text, growth, and clipping and overlap against a bitmap of every pixel.
#include "core/region.hpp"

#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace zc {
namespace {

constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();
constexpr std::int32_t kLeast = std::numeric_limits<std::int32_t>::min();

Frame frameOf(Format format, int width, int height)
{
    Frame frame;
    frame.format = format;
    frame.width = width;
    frame.height = height;
    return frame;
}

// How often each pixel of a canvas is covered; the canvas begins at (-margin, -margin).
class Bitmap {
public:
    Bitmap(int side, int margin) : side_(side), margin_(margin), counts_(static_cast<std::size_t>(side * side)) {}

    void add(const Rect &rect)
    {
        for (int y = rect.y; y < rect.y + rect.height; ++y) {
            for (int x = rect.x; x < rect.x + rect.width; ++x)
                ++at(x, y);
        }
    }
    int &at(int x, int y) { return counts_.at(static_cast<std::size_t>((y + margin_) * side_ + x + margin_)); }

private:
    int side_, margin_;
    std::vector<int> counts_;
};

std::vector<Rect> randomRects(std::mt19937 &random, int count)
{
    const auto number = [&random](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
    std::vector<Rect> rects;
    for (int i = 0; i < count; ++i)
        rects.push_back({number(-12, 40), number(-12, 40), number(-1, 24), number(-1, 24)});
    return rects;
}

TEST(RegionTest, ParsesRectangles)
{
    const Result<std::vector<Rect>> rects = parseRegions(" 100,80,320,240 ; -5 , +6,\t7,0;\n");
    ASSERT_TRUE(rects.ok()) << rects.status().message();
    EXPECT_EQ(rects.value(), (std::vector<Rect>{{100, 80, 320, 240}, {-5, 6, 7, 0}}));
    EXPECT_EQ(regionsToString(rects.value()), "100,80,320,240;-5,6,7,0");
}

TEST(RegionTest, EmptyTextIsNoRectangle)
{
    for (const char *text : {"", " ", "\t\n"}) {
        const Result<std::vector<Rect>> rects = parseRegions(text);
        ASSERT_TRUE(rects.ok());
        EXPECT_TRUE(rects.value().empty());
    }
    EXPECT_EQ(regionsToString({}), "");
}

TEST(RegionTest, ExtremesSurviveTheRoundTrip)
{
    const std::vector<Rect> rects = {{kLeast, kMost, kMost, kMost}};
    const Result<std::vector<Rect>> again = parseRegions(regionsToString(rects));
    ASSERT_TRUE(again.ok()) << again.status().message();
    EXPECT_EQ(again.value(), rects);
}

TEST(RegionTest, GarbageIsRefusedByName)
{
    struct Bad {
        std::string text, piece;
    };
    const std::vector<Bad> all = {
        {"abc", "abc"},
        {"1,2,3", "1,2,3"},
        {"1,2,3,4,5", "1,2,3,4,5"},
        {"1,2,3,4;x", "\"x\""},
        {"1,2,3,4;;5,6,7,8", "\"\""},
        {";", "\"\""},
        {"1,2,-3,4", "negative"},
        {"1,2,3,-4", "negative"},
        {"1,2,3,4.5", "4.5"},
        {"1,2,3,", "height"},
        {"1,,3,4", "y"},
        {"0x10,2,3,4", "0x10"},
        {"1 2,3,4,5", "1 2"},
        {"2147483648,0,1,1", "2147483648"},
        {"0,0,99999999999999999999999,1", "width"},
        {"nan,0,1,1", "nan"},
        {"1,2,3,4\x01\xff", "4??"},
        {std::string("1,2,3,4\0", 8), "1,2,3,4?"},
    };
    for (const Bad &bad : all) {
        SCOPED_TRACE(bad.text);
        const Result<std::vector<Rect>> rects = parseRegions(bad.text);
        ASSERT_FALSE(rects.ok());
        EXPECT_EQ(rects.status().code(), Code::InvalidArgument);
        EXPECT_NE(rects.status().message().find(bad.piece), std::string::npos) << rects.status().message();
        EXPECT_NE(rects.status().message().find("x,y,width,height"), std::string::npos) << rects.status().message();
    }
}

TEST(RegionTest, LongGarbageMakesShortMessages)
{
    const Result<std::vector<Rect>> rects = parseRegions(std::string(1000000, 'z'));
    ASSERT_FALSE(rects.ok());
    EXPECT_LT(rects.status().message().size(), 500u);
}

TEST(RegionTest, ThereIsAMost)
{
    std::string text;
    for (int i = 0; i < 1024; ++i)
        text += "0,0,1,1;";
    EXPECT_TRUE(parseRegions(text).ok());
    const Result<std::vector<Rect>> tooMany = parseRegions(text + "0,0,1,1");
    ASSERT_FALSE(tooMany.ok());
    EXPECT_NE(tooMany.status().message().find("1024"), std::string::npos);
}

TEST(RegionTest, GrowsOnBothSides)
{
    EXPECT_EQ(grown({100, 50, 200, 100}, 10), (Rect{90, 45, 220, 110}));
    EXPECT_EQ(grown({100, 50, 200, 100}, 0), (Rect{100, 50, 200, 100}));
    EXPECT_EQ(grown({0, 0, 10, 10}, 100), (Rect{-5, -5, 20, 20}));
    EXPECT_EQ(grown({0, 0, 10, 10}, -50), (Rect{3, 3, 4, 4}));
    EXPECT_TRUE(grown({0, 0, 10, 10}, -100).empty());
    EXPECT_TRUE(grown({5, 5, 0, 10}, 500).empty());
}

TEST(RegionTest, GrowthSaturates)
{
    const double infinity = std::numeric_limits<double>::infinity();
    const Rect rect{100, 50, 200, 100};
    EXPECT_EQ(grown(rect, std::numeric_limits<double>::quiet_NaN()), rect);
    EXPECT_TRUE(grown(rect, -infinity).empty());
    for (const double percent : {infinity, 1e300, 1e12}) {
        for (const Rect &from : {rect, Rect{kMost / 4, kMost / 4, kMost / 8, kMost / 8}, Rect{0, 0, kMost, kMost}}) {
            const Rect wide = grown(from, percent);
            // Every picture of up to 65535 pixels a side is inside.
            EXPECT_LE(wide.x, 0);
            EXPECT_LE(wide.y, 0);
            EXPECT_GE(std::int64_t{wide.x} + wide.width, 65535);
            EXPECT_GE(std::int64_t{wide.y} + wide.height, 65535);
        }
    }
    for (const Rect &far : {Rect{kLeast, kLeast, kMost, kMost}, Rect{kMost, kMost, kMost, kMost}})
        EXPECT_GE(grown(far, 200).width, 0);
}

TEST(RegionTest, ClipsToThePictureAndToWholeChroma)
{
    const std::vector<Rect> rects = {{3, 3, 2, 2}, {-4, -4, 5, 5}, {5, 3, 100, 100},
                                     {7, 0, 5, 5}, {0, 0, 0, 5},   {0, -5, 5, 5}};
    EXPECT_EQ(clipToFrame(rects, frameOf(Format::I420, 7, 5)),
              (std::vector<Rect>{{2, 2, 4, 3}, {0, 0, 2, 2}, {4, 2, 3, 3}}));
    EXPECT_EQ(clipToFrame(rects, frameOf(Format::Nv16, 7, 5)),
              (std::vector<Rect>{{2, 3, 4, 2}, {0, 0, 2, 1}, {4, 3, 3, 2}}));
    EXPECT_EQ(clipToFrame(rects, frameOf(Format::Rgba, 7, 5)),
              (std::vector<Rect>{{3, 3, 2, 2}, {0, 0, 1, 1}, {5, 3, 2, 2}}));
}

TEST(RegionTest, ClippingDoesNotOverflow)
{
    const Frame frame = frameOf(Format::I420, 7, 5);
    EXPECT_EQ(clipToFrame({{kLeast, kLeast, kMost, kMost}}, frame), std::vector<Rect>());
    EXPECT_EQ(clipToFrame({{kMost, kMost, kMost, kMost}}, frame), std::vector<Rect>());
    EXPECT_EQ(clipToFrame({{3, 3, kMost, kMost}}, frame), (std::vector<Rect>{{2, 2, 5, 3}}));
    EXPECT_EQ(clipToFrame({{0, 0, kLeast, kLeast}}, frame), std::vector<Rect>());
    EXPECT_EQ(clipToFrame({{0, 0, 1, 1}}, Frame()), std::vector<Rect>());
}

TEST(RegionTest, ClippingAgreesWithABitmap)
{
    std::mt19937 random(1);
    for (const Format format : {Format::I420, Format::Yuy2, Format::Bgr}) {
        const FormatInfo &info = formatInfo(format);
        const int alignX = 1 << info.subX, alignY = 1 << info.subY;
        for (int round = 0; round < 300; ++round) {
            const Frame frame = frameOf(format, 1 + round % 29, 1 + round % 23);
            for (const Rect &rect : randomRects(random, 4)) {
                Bitmap wanted(96, 16);
                for (int y = rect.y; y < rect.y + rect.height; ++y) {
                    for (int x = rect.x; x < rect.x + rect.width; ++x) {
                        if (x < 0 || y < 0 || x >= frame.width || y >= frame.height)
                            continue;
                        // The whole block of pixels that shares this one's chroma.
                        for (int by = y / alignY * alignY; by < y / alignY * alignY + alignY && by < frame.height;
                             ++by) {
                            for (int bx = x / alignX * alignX; bx < x / alignX * alignX + alignX && bx < frame.width;
                                 ++bx)
                                wanted.at(bx, by) = 1;
                        }
                    }
                }
                Bitmap found(96, 16);
                for (const Rect &clipped : clipToFrame({rect}, frame)) {
                    EXPECT_FALSE(clipped.empty());
                    found.add(clipped);
                }
                for (int y = -16; y < 80; ++y) {
                    for (int x = -16; x < 80; ++x)
                        ASSERT_EQ(found.at(x, y), wanted.at(x, y))
                            << regionsToString({rect}) << " at " << x << "," << y;
                }
            }
        }
    }
}

TEST(RegionTest, WhatIsInsideAnotherIsLeftOut)
{
    const auto left = [](std::vector<Rect> rects) {
        dropInner(rects);
        return rects;
    };
    EXPECT_EQ(left({}), std::vector<Rect>());
    EXPECT_EQ(left({{1, 2, 3, 4}, {1, 2, 3, 4}}), (std::vector<Rect>{{1, 2, 3, 4}}));
    EXPECT_EQ(left({{2, 2, 2, 2}, {9, 9, 2, 2}, {0, 0, 4, 4}, {3, 0, 1, 4}}),
              (std::vector<Rect>{{9, 9, 2, 2}, {0, 0, 4, 4}}));
    const std::vector<Rect> crossing = {{0, 0, 4, 4}, {1, 1, 4, 2}, {0, 1, 5, 1}, {-1, 0, 4, 4}};
    EXPECT_EQ(left(crossing), crossing);
    EXPECT_EQ(left({{0, 0, kMost, kMost}, {kMost, kMost, kMost, kMost}, {1, 1, kMost, kMost}, {5, 5, 5, 5}}),
              (std::vector<Rect>{{0, 0, kMost, kMost}, {kMost, kMost, kMost, kMost}, {1, 1, kMost, kMost}}));
}

TEST(RegionTest, LeavingOutCoversTheSamePixels)
{
    std::mt19937 random(4);
    for (int round = 0; round < 400; ++round) {
        const std::vector<Rect> rects = randomRects(random, round % 12);
        SCOPED_TRACE(regionsToString(rects));
        std::vector<Rect> rest = rects;
        dropInner(rest);
        Bitmap wanted(96, 16), found(96, 16);
        for (const Rect &rect : rects)
            wanted.add(rect);
        for (std::size_t i = 0; i < rest.size(); ++i) {
            found.add(rest[i]);
            for (std::size_t k = 0; k < rest.size(); ++k)
                EXPECT_TRUE(i == k || rest[i].x < rest[k].x || rest[i].y < rest[k].y ||
                            rest[i].x + rest[i].width > rest[k].x + rest[k].width ||
                            rest[i].y + rest[i].height > rest[k].y + rest[k].height);
        }
        for (int y = -16; y < 80; ++y) {
            for (int x = -16; x < 80; ++x)
                ASSERT_EQ(found.at(x, y) > 0, wanted.at(x, y) > 0) << x << "," << y;
        }
    }
}

TEST(RegionTest, DisjointCoversTheSamePixelsOnce)
{
    std::mt19937 random(2);
    for (int round = 0; round < 400; ++round) {
        const std::vector<Rect> rects = randomRects(random, round % 9);
        SCOPED_TRACE(regionsToString(rects));
        Bitmap wanted(96, 16), found(96, 16);
        for (const Rect &rect : rects)
            wanted.add(rect);
        for (const Rect &part : disjoint(rects)) {
            EXPECT_FALSE(part.empty());
            found.add(part);
        }
        for (int y = -16; y < 80; ++y) {
            for (int x = -16; x < 80; ++x)
                ASSERT_EQ(found.at(x, y), wanted.at(x, y) > 0 ? 1 : 0) << x << "," << y;
        }
    }
}

TEST(RegionTest, DisjointLeavesSeparateRectanglesAlone)
{
    const std::vector<Rect> rects = {{10, 10, 4, 4}, {0, 0, 10, 10}, {10, 0, 5, 10}};
    EXPECT_EQ(disjoint(rects), rects);
    EXPECT_EQ(disjoint({{0, 0, 4, 4}, {0, 0, 4, 4}}), (std::vector<Rect>{{0, 0, 4, 4}}));
    EXPECT_EQ(disjoint({}), std::vector<Rect>());
}

TEST(RegionTest, DisjointKeepsAlignment)
{
    std::mt19937 random(3);
    const Frame frame = frameOf(Format::I420, 40, 32);
    for (int round = 0; round < 200; ++round) {
        for (const Rect &part : disjoint(clipToFrame(randomRects(random, 6), frame))) {
            EXPECT_EQ(part.x % 2, 0);
            EXPECT_EQ(part.y % 2, 0);
            EXPECT_EQ(part.width % 2, 0);
            EXPECT_EQ(part.height % 2, 0);
        }
    }
}

TEST(RegionTest, DisjointDoesNotOverflow)
{
    const std::vector<Rect> parts =
        disjoint({{kLeast, kLeast, kMost, kMost}, {-5, -5, kMost, kMost}, {0, 0, kMost, kMost}});
    ASSERT_FALSE(parts.empty());
    for (const Rect &part : parts) {
        EXPECT_FALSE(part.empty());
        EXPECT_LE(std::int64_t{part.x} + part.width, kMost);
    }
}

} // namespace
} // namespace zc
