// SPDX-License-Identifier: MIT
// Every kernel on every format against the gold code, on all targets of the executable.
#include "cases.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <tuple>

namespace zc::conformance {
namespace {

ParamValues valuesOf(const KernelInfo &kernel, const std::string &text)
{
    ParamValues values(kernel.params);
    auto parts = splitParams(text);
    EXPECT_TRUE(parts.ok()) << text << ": " << parts.status().message();
    if (parts.ok()) {
        for (const NamedText &part : parts.value()) {
            const auto note = values.setText(part.name, part.text);
            EXPECT_TRUE(note.ok()) << text << ": " << note.status().message();
            if (note.ok()) {
                EXPECT_EQ(note.value().text, "") << "the gold file of " << kernel.name << " has a value out of range";
            }
        }
    }
    return values;
}

Bytes runOn(Target &target, const PictureLayout &layout, const Bytes &input, const Launch &launch)
{
    PictureMemory memory(target, layout);
    memory.upload(input);
    const Status valid = checkFrame(memory.frame());
    EXPECT_TRUE(valid.ok()) << valid.message();
    if (!valid.ok())
        return input;
    const Status ran = target.backend->run(memory.frame(), launch);
    EXPECT_TRUE(ran.ok()) << target.name << ": " << ran.message();
    const Status waited = target.backend->wait();
    EXPECT_TRUE(waited.ok()) << target.name << ": " << waited.message();
    return memory.download();
}

// One case on every target; true if all is well.
bool check(const KernelInfo &kernel, const gold::Kernel &gold, const Case &one)
{
    std::mt19937 random(one.seed);
    const PictureLayout layout(one.picture);
    const Bytes input = makeContent(layout, one.content, random);
    const ParamValues params = valuesOf(kernel, one.params);
    const Launch launch = {&kernel, &params, one.where.rects, one.where.whole};

    Bytes want = input;
    gold::Picture picture(layout.at(want.data()));
    gold.run(picture, gold::Args(params), one.where);
    const std::vector<Rect> acted = gold::cut(picture, one.where);
    if (kernel.isNeutral(params.view())) {
        EXPECT_EQ(want, input) << "called neutral by the kernel, but not by the rules: " << one.params;
    }

    const int tolerance = kernel.shape == Shape::Colour ? 1 : 0;
    Target &first = targets().front();
    const Bytes got = runOn(first, layout, input, launch);
    const std::string wrong = difference(one.picture, layout, got, want, tolerance, acted);
    EXPECT_EQ(wrong, "") << kernel.name << " on " << first.name << "\n  case: " << one.text();
    std::string unlike;
    for (Target &target : targets()) // the first one again: the same input must give the same bytes
        if (unlike.empty() && target.takes(one.picture.format))
            unlike = difference(one.picture, layout, runOn(target, layout, input, launch), got, 0, {});
    EXPECT_EQ(unlike, "") << kernel.name << ": targets that differ from " << first.name << "\n  case: " << one.text();
    return wrong.empty() && unlike.empty() && !testing::Test::HasFailure();
}

const gold::Kernel *writtenGold(const KernelInfo &kernel)
{
    const gold::Kernel *gold = gold::find(kernel.name);
    return gold != nullptr && gold->run != nullptr ? gold : nullptr;
}

std::string identifier(std::string text)
{
    std::replace_if(
        text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
    return text;
}

class KernelOnFormat : public testing::TestWithParam<std::tuple<std::size_t, std::size_t>> {
protected:
    const KernelInfo &kernel() const { return builtInKernels()[std::get<0>(GetParam())]; }
    Format format() const { return gold::allLayouts()[std::get<1>(GetParam())].format; }
};

TEST_P(KernelOnFormat, AgreesWithGold)
{
    const gold::Kernel *gold = writtenGold(kernel());
    ASSERT_NE(gold, nullptr) << "kernel " << kernel().name << " has no gold code: write tests/support/gold/"
                             << identifier(kernel().name) << ".cpp from docs/pixel-rules.md (invert.cpp is an example)";
    ASSERT_FALSE(gold->settings.empty()) << kernel().name << ": its gold file names no parameters to test";
    for (const Case &one : casesOf(format(), *gold, targets().front().slow))
        ASSERT_TRUE(check(kernel(), *gold, one));
}

TEST_P(KernelOnFormat, LeavesEveryByteWhenNeutral)
{
    const gold::Kernel *gold = writtenGold(kernel());
    ASSERT_NE(gold, nullptr) << "kernel " << kernel().name << " has no gold code";
    std::vector<Case> cases = casesOf(format(), *gold, targets().front().slow);
    for (const char *text : gold->neutral) {
        const ParamValues params = valuesOf(kernel(), text);
        EXPECT_TRUE(kernel().isNeutral(params.view())) << text;
        for (const Case &one : cases) {
            std::mt19937 random(one.seed);
            const PictureLayout layout(one.picture);
            const Bytes input = makeContent(layout, one.content, random);
            const Launch launch = {&kernel(), &params, one.where.rects, one.where.whole};
            for (Target &target : targets()) {
                if (!target.takes(format()))
                    continue;
                ASSERT_EQ(difference(one.picture, layout, runOn(target, layout, input, launch), input, 0, {}), "")
                    << kernel().name << " " << text << " on " << target.name << "\n  case: " << one.text();
            }
        }
    }
    if (gold->neutral.empty()) { // then the kernel must not claim to be neutral where the rules change something
        for (const char *text : gold->settings)
            EXPECT_FALSE(kernel().isNeutral(valuesOf(kernel(), text).view())) << text;
    }
}

TEST_P(KernelOnFormat, AgreesWithGoldOnABigPicture)
{
    const gold::Kernel *gold = writtenGold(kernel());
    ASSERT_NE(gold, nullptr) << "kernel " << kernel().name << " has no gold code";
    EXPECT_TRUE(check(kernel(), *gold, bigCaseOf(format(), *gold, targets().front().slow)));
}

INSTANTIATE_TEST_SUITE_P(All, KernelOnFormat,
                         testing::Combine(testing::Range(std::size_t{0}, builtInKernels().size()),
                                          testing::Range(std::size_t{0}, gold::allLayouts().size())),
                         [](const auto &at) {
                             return identifier(builtInKernels()[std::get<0>(at.param)].name) + "_" +
                                    identifier(gold::allLayouts()[std::get<1>(at.param)].name);
                         });

// Formats in core/format.cpp against the gold table, written apart.
TEST(Formats, HaveTheSizesThatTheLayoutsSay)
{
    ASSERT_EQ(allFormats().size(), gold::allLayouts().size());
    for (const gold::Layout &layout : gold::allLayouts()) {
        const FormatInfo &info = formatInfo(layout.format);
        EXPECT_STREQ(info.name, layout.name);
        ASSERT_EQ(info.planes, layout.planes) << layout.name;
        EXPECT_EQ(info.subX, gold::subX(layout)) << layout.name;
        EXPECT_EQ(info.subY, gold::subY(layout)) << layout.name;
        EXPECT_EQ(info.depth, layout.channels.front().depth) << layout.name;
        EXPECT_EQ(info.shift, layout.channels.front().shift) << layout.name;
        for (int plane = 0; plane < layout.planes; ++plane) {
            for (int size : {1, 2, 3, 5, 64, 127, 1919}) {
                EXPECT_EQ(rowBytes(info, plane, size), gold::rowBytes(layout, plane, size))
                    << layout.name << " " << plane << " " << size;
                EXPECT_EQ(planeRows(info, plane, size), gold::rowCount(layout, plane, size))
                    << layout.name << " " << plane << " " << size;
            }
        }
    }
}

} // namespace
} // namespace zc::conformance
