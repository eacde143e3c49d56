// SPDX-License-Identifier: MIT
// Frames of a batch come out as they do one by one, alike or not.
#include "picture.hpp"

#include <gtest/gtest.h>

namespace zc::conformance {
namespace {

struct Step {
    const char *kernel, *param, *value;
};

// A kernel of each kind of loop: samples, affine and other colour, RGB on YUV, swaps, passes.
constexpr Step kSteps[] = {
    {"invert", nullptr, nullptr},   {"adjust", "contrast", "1.5"}, {"adjust", "gamma", "1.5"},
    {"fill", "color", "#80ff2010"}, {"flip", nullptr, nullptr},    {"pixelate", "block", "3"},
    {"box-blur", "radius", "2"},
};

// Three that are alike, then one that is not, then one more.
std::vector<PictureSpec> specsOf(Format format)
{
    const PictureSpec usual = {format, 69, 21}, other = {format, 37, 10};
    return {usual, usual, usual, other, usual};
}

class Batch {
public:
    Batch(Target &target, const std::vector<PictureSpec> &specs)
    {
        std::mt19937 random(7);
        for (const PictureSpec &spec : specs) {
            const PictureLayout layout(spec);
            memories_.push_back(std::make_unique<PictureMemory>(target, layout));
            memories_.back()->upload(makeContent(layout, Content::Random, random));
            frames_.push_back(memories_.back()->frame());
        }
    }
    std::span<const Frame> frames() const { return frames_; }
    std::vector<Bytes> download() const
    {
        std::vector<Bytes> all;
        for (const auto &memory : memories_)
            all.push_back(memory->download());
        return all;
    }

private:
    std::vector<std::unique_ptr<PictureMemory>> memories_;
    std::vector<Frame> frames_;
};

class BatchOfFormat : public testing::TestWithParam<std::size_t> {
protected:
    Format format() const { return gold::allLayouts()[GetParam()].format; }
};

TEST_P(BatchOfFormat, IsLikeItsFramesOneByOne)
{
    const Rect part = {3, 2, 30, 7};
    for (Target &target : targets()) {
        if (!target.takes(format()))
            continue;
        for (const Step &step : kSteps) {
            for (const bool whole : {true, false}) {
                SCOPED_TRACE(std::string(step.kernel) + " on " + target.name + (whole ? "" : ", a part"));
                const KernelInfo &kernel = *findKernel(step.kernel);
                ParamValues params(kernel.params);
                if (step.param != nullptr) {
                    ASSERT_TRUE(params.setText(step.param, step.value).ok());
                }
                const Launch launch = {&kernel, &params, {&part, 1}, whole};
                const Batch apart(target, specsOf(format())), together(target, specsOf(format()));
                const std::vector<Bytes> before = apart.download();
                for (const Frame &frame : apart.frames())
                    ASSERT_TRUE(target.backend->run(frame, launch).ok());
                ASSERT_TRUE(target.backend->runBatch(together.frames(), launch).ok());
                ASSERT_TRUE(target.backend->wait().ok());
                const std::vector<Bytes> want = apart.download();
                ASSERT_EQ(together.download(), want);
                for (std::size_t i = 0; i < want.size(); ++i)
                    EXPECT_NE(want[i], before[i]) << "frame " << i << " was left as it was";
            }
        }
    }
}

TEST(Batches, EndAtAFrameThatIsRefused)
{
    const KernelInfo &kernel = *findKernel("invert");
    const ParamValues params(kernel.params);
    Target &target = targets().front();
    const Batch batch(target, {{Format::Nv12, 16, 16}, {Format::Nv12, 16, 16}});
    std::vector<Frame> frames(batch.frames().begin(), batch.frames().end());
    frames[1].planes[1].pitch = 3;
    EXPECT_EQ(target.backend->runBatch(frames, {&kernel, &params}).code(), Code::BadLayout);
    EXPECT_TRUE(target.backend->runBatch({}, {&kernel, &params}).ok());
    EXPECT_TRUE(target.backend->wait().ok());
}

INSTANTIATE_TEST_SUITE_P(All, BatchOfFormat, testing::Range(std::size_t{0}, gold::allLayouts().size()),
                         [](const auto &at) { return std::string(gold::allLayouts()[at.param].name); });

} // namespace
} // namespace zc::conformance
