// SPDX-License-Identifier: MIT
// Colour kernels that work on red, green and blue, on the CPU's own loops: the registry holds none, users' code does.
#include "backend/host_pixels.hpp"
#include "colour_kernels.hpp"
#include "core/region.hpp"
#include "picture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace zc::conformance {
namespace {

using Change = std::function<gold::Rgba(gold::Rgba, int, int)>;

// Rows in stripes, as threads get them.
template <class Op> void runOnHost(const Frame &frame, const gold::Where &where, const typename Op::Args &args)
{
    const gold::Weights weights = gold::weightsOf(gold::Picture(frame));
    const std::vector<Rect> whole = {{0, 0, frame.width, frame.height}};
    for (const Rect &area : disjoint(clipToFrame(where.whole ? whole : where.rects, frame))) {
        const host::RowsJob job = {&frame, &formatInfo(frame.format),      area,
                                   &args,  static_cast<float>(weights.kr), static_cast<float>(weights.kb)};
        constexpr int kStripe = 6;
        for (int row = 0; row < area.height; row += kStripe)
            host::ZC_ISA::colourRows<Op>(job, row, std::min(row + kStripe, area.height));
    }
}

template <class Op> void expectGold(const typename Op::Args &args, const Change &change, int tolerance)
{
    std::mt19937 random(11);
    const gold::Where wheres[] = {{true, {}}, {false, {{3, 1, 9, 5}, {7, 3, 40, 9}, {-4, 5, 7, 3}}}};
    for (const gold::Layout &layout : gold::allLayouts()) {
        for (const auto &[width, height] : {std::pair{1, 1}, {3, 3}, {5, 7}, {64, 48}, {127, 65}, {1919, 3}}) {
            for (ColorRange range : {ColorRange::Limited, ColorRange::Full}) {
                const ColorMatrix matrix = std::array{ColorMatrix::Bt601, ColorMatrix::Bt709,
                                                      ColorMatrix::Bt2020}[static_cast<unsigned>(random()) % 3];
                const PictureSpec spec = {layout.format, width, height, range, matrix, {"padded", 3, 1}};
                const PictureLayout where(spec);
                const auto content = static_cast<Content>(random() % kContents);
                const gold::Where &area = wheres[random() % 2];
                const Bytes input = makeContent(where, content, random);
                Bytes got = input;
                runOnHost<Op>(where.at(got.data()), area, args);
                Bytes want = input;
                gold::Picture picture(where.at(want.data()));
                gold::wholeColour(picture, area, change);
                if (tolerance == 0)
                    want = input;
                ASSERT_EQ(difference(spec, where, got, want, tolerance, gold::cut(picture, area)), "")
                    << spec.text() << (area.whole ? ", whole" : ", rectangles") << ", content "
                    << static_cast<int>(content);
            }
        }
    }
}

TEST(ColourShape, LeavesEveryByteWhenTheKernelReturnsItsInput)
{
    expectGold<test::Untouched>(
        {}, [](gold::Rgba c, int, int) { return c; }, 0);
}

TEST(ColourShape, SwapsRedAndBlueOnEveryFormat)
{
    expectGold<test::SwapRedBlue>(
        {},
        [](gold::Rgba c, int, int) {
            return gold::Rgba{c.b, c.g, c.r, c.a};
        },
        1);
}

TEST(ColourShape, StoresTheMeanOfSharedChroma)
{
    expectGold<test::Checker>(
        {0.25f},
        [](gold::Rgba c, int x, int y) {
            const double t = (x + y) % 2 != 0 ? 0.25 : 1.0;
            return gold::Rgba{c.r * t, c.g, c.b + (1 - t) * 0.5, c.a * t};
        },
        1);
}

} // namespace

// This executable runs no Backend.
std::vector<Target> makeTargets()
{
    return {};
}

} // namespace zc::conformance
