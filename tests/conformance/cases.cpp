// SPDX-License-Identifier: MIT
#include "cases.hpp"

#include <array>
#include <limits>
#include <numeric>
#include <utility>

namespace zc::conformance {
namespace {

constexpr int kCasesEach = 20; // per format and kernel: every size twice

constexpr std::array<std::pair<int, int>, 10> kSizes = {
    {{1, 1}, {2, 2}, {3, 3}, {5, 7}, {16, 16}, {17, 33}, {64, 48}, {127, 65}, {200, 100}, {1919, 3}}};

constexpr std::array<Arrangement, 6> kArrangements = {{{"tight", 0, 0},
                                                       {"padded rows", 3, 0},
                                                       {"planes one word off", 0, 1},
                                                       {"planes three words off", 0, 3},
                                                       {"padded rows, planes one word off", 1, 1},
                                                       {"padded rows, planes seven words off", 16, 7}}};

constexpr std::array<ColorMatrix, 5> kMatrices = {ColorMatrix::Bt601, ColorMatrix::Bt709, ColorMatrix::Bt2020,
                                                  ColorMatrix::Smpte240m, ColorMatrix::Fcc};

constexpr std::array<const char *, 10> kRegions = {
    "the whole frame",    "one rectangle",     "an odd rectangle",   "overlapping ones",
    "one partly outside", "an empty one",      "one of absurd size", "none",
    "one pixel",          "ones inside others"};

gold::Where regionsOf(std::size_t kind, int w, int h)
{
    constexpr int kMost = std::numeric_limits<std::int32_t>::max();
    switch (kind) {
    case 0:
        return {true, {}};
    case 1:
        return {false, {{w / 4 & ~1, h / 4 & ~1, w / 2 + 1, h / 2 + 1}}};
    case 2:
        return {false, {{w / 3 | 1, h / 3 | 1, w / 3 | 1, h / 3 | 1}}};
    case 3:
        return {
            false,
            {{0, 0, w / 2 + 3, h / 2 + 1}, {w / 4, h / 4, w / 2, h}, {1, 1, w / 2 + 3, h / 4 + 1}, {w - 2, 0, 9, h}}};
    case 4:
        return {false, {{-5, -3, w / 2 + 6, h + 10}, {w + 4, 0, 10, 10}}};
    case 5:
        return {false, {{w / 2, h / 2, 0, 5}, {0, 0, 5, 0}}};
    case 6:
        return {false, {{w / 2, h / 3, kMost, kMost}, {-kMost, -kMost, kMost, kMost}}};
    case 7:
        return {false, {}};
    case 9: // twice the same, around one that comes before and one that comes after; one that overlaps
        return {false,
                {{w / 4, 1, 1, 1},
                 {0, 0, w / 2 + 1, h},
                 {1, h / 3, w / 3, h / 2},
                 {-1, 0, w / 2 + 2, h + 1},
                 {w / 3, h / 4, w / 2, h / 2}}};
    default:
        return {false, {{w - 1, h / 2, 1, 1}}};
    }
}

// Deals 0 .. size-1 in random order, again and again.
class Deck {
public:
    Deck(std::size_t size, std::mt19937 &random) : cards_(size), random_(random)
    {
        std::iota(cards_.begin(), cards_.end(), 0u);
    }

    std::size_t deal()
    {
        if (next_ == 0) // not std::shuffle, whose order depends on the library
            for (std::size_t i = cards_.size(); i > 1; --i)
                std::swap(cards_[i - 1], cards_[random_() % i]);
        const std::size_t card = cards_[next_];
        next_ = (next_ + 1) % cards_.size();
        return card;
    }

private:
    std::vector<std::size_t> cards_;
    std::size_t next_ = 0;
    std::mt19937 &random_;
};

std::uint32_t seedOf(Format format, const gold::Kernel &kernel)
{
    std::uint32_t hash = 2166136261u + static_cast<std::uint32_t>(format);
    for (const char *c = kernel.name; *c != '\0'; ++c)
        hash = (hash ^ static_cast<std::uint8_t>(*c)) * 16777619u;
    return hash;
}

} // namespace

std::string Case::text() const
{
    return picture.text() + ", params \"" + params + "\", region: " + whereName + ", content " +
           std::to_string(static_cast<int>(content)) + ", seed " + std::to_string(seed);
}

std::vector<Case> casesOf(Format format, const gold::Kernel &kernel, bool few)
{
    std::mt19937 random(seedOf(format, kernel));
    Deck sizes(kSizes.size(), random);
    Deck arrangements(kArrangements.size(), random);
    Deck matrices(kMatrices.size(), random);
    Deck ranges(2, random);
    Deck regions(kRegions.size(), random);
    Deck contents(kContents, random);
    Deck params(kernel.settings.size(), random);
    std::vector<Case> cases;
    constexpr int kFewPixels = 6000;
    for (int i = 0; i < (few ? kCasesEach / 2 : kCasesEach); ++i) {
        auto [width, height] = kSizes[sizes.deal()];
        if (few && width * height > kFewPixels)
            height = kFewPixels / width;
        const std::size_t region = regions.deal();
        cases.push_back({.picture = {format, width, height, ranges.deal() == 0 ? ColorRange::Limited : ColorRange::Full,
                                     kMatrices[matrices.deal()], kArrangements[arrangements.deal()]},
                         .content = static_cast<Content>(contents.deal()),
                         .params = kernel.settings[params.deal()],
                         .where = regionsOf(region, width, height),
                         .whereName = kRegions[region],
                         .seed = static_cast<std::uint32_t>(random())});
    }
    return cases;
}

Case bigCaseOf(Format format, const gold::Kernel &kernel, bool small)
{
    const int width = small ? 101 : 641, height = small ? 67 : 363;
    const PictureSpec picture = {format, width, height, ColorRange::Limited, ColorMatrix::Bt709, kArrangements[4]};
    const std::uint32_t seed = seedOf(format, kernel);
    const std::size_t some = 4; // partly outside, and large
    if (static_cast<int>(format) % 2 == 0)
        return {picture, Content::Random, kernel.settings.front(), {true, {}}, kRegions[0], seed};
    return {picture, Content::Random, kernel.settings.back(), regionsOf(some, width, height), kRegions[some], seed};
}

} // namespace zc::conformance
