// SPDX-License-Identifier: MIT
// Backend::copy, and launches and frames that a backend must refuse.
#include "picture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string_view>

namespace zc::conformance {
namespace {

class OnBackend : public testing::TestWithParam<std::size_t> {
protected:
    Target &target() { return targets()[GetParam()]; }
};

INSTANTIATE_TEST_SUITE_P(All, OnBackend, testing::Range(std::size_t{0}, targets().size()),
                         [](const auto &at) { return targets()[at.param].name; });

// What `to` must hold: the rows of `from` and its own bytes elsewhere. In YUY2 and UYVY of odd width the last second
// luma is no pixel's: either byte is right there.
void putRows(const PictureSpec &spec, const Frame &from, const Frame &to, const Frame &got)
{
    const gold::Layout &layout = gold::layoutOf(spec.format);
    for (int p = 0; p < layout.planes; ++p) {
        const auto bytes = gold::rowBytes(layout, p, spec.width);
        for (int y = 0; y < gold::rowCount(layout, p, spec.height); ++y) {
            const auto row = [&](const Frame &frame) {
                return static_cast<std::uint8_t *>(frame.planes[p].data) + frame.planes[p].pitch * y;
            };
            std::copy_n(row(from), bytes, row(to));
            if (spec.width % 2 == 1 && (spec.format == Format::Yuy2 || spec.format == Format::Uyvy)) {
                const std::int64_t nobody = bytes - (spec.format == Format::Yuy2 ? 2 : 1);
                row(to)[nobody] = row(got)[nobody];
            }
        }
    }
}

TEST_P(OnBackend, CopiesVisiblePixelsBetweenPitches)
{
    std::mt19937 random(7);
    for (const gold::Layout &layout : gold::allLayouts()) {
        if (!target().takes(layout.format))
            continue;
        for (const auto &[width, height] : {std::pair{1, 1}, {5, 7}, {64, 48}, {127, 65}, {1919, 3}}) {
            const PictureSpec from = {layout.format,      width,           height, ColorRange::Full,
                                      ColorMatrix::Bt709, {"padded", 5, 1}};
            PictureSpec to = from;
            to.arrangement = {"padded otherwise", random() % 2 == 0 ? 9 : 0, 3};
            const PictureLayout fromLayout(from);
            const PictureLayout toLayout(to);
            Bytes source = makeContent(fromLayout, Content::Random, random);
            Bytes want = makeContent(toLayout, Content::Random, random);
            PictureMemory fromMemory(target(), fromLayout);
            PictureMemory toMemory(target(), toLayout);
            fromMemory.upload(source);
            toMemory.upload(want);
            const Status copied = target().backend->copy(fromMemory.frame(), toMemory.frame());
            ASSERT_TRUE(copied.ok()) << copied.message();
            ASSERT_TRUE(target().backend->wait().ok());
            Bytes got = toMemory.download();
            putRows(to, fromLayout.at(source.data()), toLayout.at(want.data()), toLayout.at(got.data()));
            ASSERT_EQ(difference(to, toLayout, got, want, 0, {}), "") << to.text();
            ASSERT_EQ(fromMemory.download(), source) << "the source of a copy changed: " << from.text();
        }
    }
}

TEST_P(OnBackend, RefusesToCopyBetweenUnlikeFrames)
{
    const PictureSpec spec = {Format::Nv12, 16, 16};
    const std::pair<const char *, PictureSpec> others[] = {{"another format", {Format::I420, 16, 16}},
                                                           {"wider", {Format::Nv12, 18, 16}},
                                                           {"lower", {Format::Nv12, 16, 14}}};
    for (const auto &[name, other] : others) {
        std::mt19937 random(3);
        const PictureLayout layout(other);
        PictureMemory from(target(), PictureLayout(spec));
        PictureMemory to(target(), layout);
        const Bytes before = makeContent(layout, Content::Random, random);
        to.upload(before);
        const Status status = target().backend->copy(from.frame(), to.frame());
        EXPECT_FALSE(status.ok()) << name;
        EXPECT_NE(status.message(), "") << name;
        EXPECT_EQ(to.download(), before) << name;
    }
}

struct Broken {
    const char *name;
    Format format;
    bool ofPitch; // arrays have none
    std::function<void(Frame &)> breakIt;
};

const Broken kBroken[] = {
    {"no format", Format::Nv12, false, [](Frame &f) { f.format = Format::Unknown; }},
    {"a format beyond the list", Format::Nv12, false, [](Frame &f) { f.format = static_cast<Format>(200); }},
    {"no width", Format::Nv12, false, [](Frame &f) { f.width = 0; }},
    {"negative height", Format::Nv12, false, [](Frame &f) { f.height = -16; }},
    {"absurd size", Format::Nv12, false, [](Frame &f) { f.width = f.height = 0x7fffffff; }},
    {"no first plane", Format::Rgba, false, [](Frame &f) { f.planes[0].data = nullptr, f.planes[0].surface = 0; }},
    {"no second plane", Format::Nv12, false, [](Frame &f) { f.planes[1].data = nullptr, f.planes[1].surface = 0; }},
    {"no third plane", Format::I420, false, [](Frame &f) { f.planes[2].data = nullptr, f.planes[2].surface = 0; }},
    {"pitch below a row", Format::Nv12, true, [](Frame &f) { f.planes[0].pitch = 15; }},
    {"chroma pitch below a row", Format::I420, true, [](Frame &f) { f.planes[1].pitch = 7; }},
    {"pitch of pixels, not bytes", Format::P010Le, true, [](Frame &f) { f.planes[0].pitch = 16; }},
    {"negative pitch", Format::Gray8, true, [](Frame &f) { f.planes[0].pitch = -16; }},
    {"no pitch", Format::Gray8, true, [](Frame &f) { f.planes[0].pitch = 0; }},
    {"absurd pitch", Format::Gray8, true, [](Frame &f) { f.planes[0].pitch = std::int64_t{1} << 62; }},
};

TEST_P(OnBackend, RefusesBrokenFrames)
{
    const KernelInfo &kernel = *findKernel("invert");
    const ParamValues params(kernel.params);
    for (const Broken &broken : kBroken) {
        SCOPED_TRACE(broken.name);
        if (broken.ofPitch && target().arrays)
            continue;
        std::mt19937 random(5);
        const PictureSpec spec = {broken.format, 16, 16};
        const PictureLayout layout(spec);
        PictureMemory memory(target(), layout);
        const Bytes before = makeContent(layout, Content::Random, random);
        memory.upload(before);
        ASSERT_TRUE(checkFrame(memory.frame()).ok()) << checkFrame(memory.frame()).message();
        Frame frame = memory.frame();
        broken.breakIt(frame);
        const Status checked = checkFrame(frame);
        EXPECT_FALSE(checked.ok());
        EXPECT_NE(checked.message(), "");
        EXPECT_FALSE(target().backend->run(frame, {&kernel, &params}).ok());
        EXPECT_FALSE(target().backend->copy(frame, frame).ok());
        EXPECT_EQ(memory.download(), before);
    }
}

TEST_P(OnBackend, RefusesBrokenLaunches)
{
    const KernelInfo &adjust = *findKernel("adjust");
    const KernelInfo &pixelate = *findKernel("pixelate");
    const ParamValues ofAdjust(adjust.params);
    const ParamValues ofPixelate(pixelate.params);
    const ParamValues ofNobody;
    const PictureSpec spec = {Format::I420, 16, 16};
    const PictureLayout layout(spec);
    std::mt19937 random(6);
    PictureMemory memory(target(), layout);
    const Bytes before = makeContent(layout, Content::Random, random);
    memory.upload(before);
    const std::pair<const char *, Launch> launches[] = {{"no kernel", {nullptr, &ofAdjust}},
                                                        {"no parameters", {&adjust, nullptr}},
                                                        {"empty parameters", {&adjust, &ofNobody}},
                                                        {"fewer parameters of another kernel", {&adjust, &ofPixelate}},
                                                        {"more parameters of another kernel", {&pixelate, &ofAdjust}}};
    for (const auto &[name, launch] : launches) {
        const Status status = target().backend->run(memory.frame(), launch);
        EXPECT_FALSE(status.ok()) << name;
        EXPECT_NE(status.message(), "") << name;
    }
    EXPECT_EQ(memory.download(), before);
    EXPECT_TRUE(target().backend->run(memory.frame(), {&pixelate, &ofPixelate}).ok()) << "a refusal must not stick";
}

// Words of 2 or 4 bytes that begin at an odd address: a backend may refuse them, but must not get them wrong.
TEST_P(OnBackend, RefusesOrHandlesMisalignedWords)
{
    if (target().arrays)
        GTEST_SKIP() << "arrays have no addresses";
    const KernelInfo &kernel = *findKernel("invert");
    const ParamValues params(kernel.params);
    for (Format format : {Format::P010Le, Format::Gray16Le, Format::Rgb10a2Le}) {
        std::mt19937 random(8);
        const PictureSpec spec = {format, 33, 4};
        const PictureLayout layout(spec);
        Bytes before = makeContent(layout, Content::Random, random);
        PictureMemory memory(target(), layout);
        memory.upload(before);
        const auto off = [](Frame frame) {
            for (Plane &plane : frame.planes)
                if (plane.data != nullptr)
                    plane.data = static_cast<std::uint8_t *>(plane.data) + 1;
            return frame;
        };
        const Frame frame = off(memory.frame());
        const Status checked = checkFrame(frame);
        const Status ran = checked.ok() ? target().backend->run(frame, {&kernel, &params}) : checked;
        if (ran.ok()) {
            gold::Picture picture(off(layout.at(before.data())));
            gold::find("invert")->run(picture, gold::Args(params), {});
        }
        EXPECT_EQ(memory.download(), before) << gold::layoutOf(format).name << (ran.ok() ? ": handled" : ": refused");
    }
}

} // namespace
} // namespace zc::conformance
