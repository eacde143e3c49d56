// SPDX-License-Identifier: MIT
// Settings that several threads change while another reads: what is read belongs together.
#include "settings.hpp"

#include "repeater.hpp"

#include <gtest/gtest.h>

#include <string>

namespace zc::gst {
namespace {

using zc::test::Repeater;

// Enough for a missing lock to tear a vector in nearly every run, and a fraction of a second with the lock.
constexpr int kReads = 200000;

TEST(SettingsThreads, ReadersSeeWholeValues)
{
    Settings settings;
    const std::string two = "0,0,8,8;8,8,16,16", three = "1,1,2,2;3,3,4,4;5,5,6,6";
    ASSERT_TRUE(settings.setRegions(two).warning.empty());
    unsigned turn = 0;
    Repeater kernels([&] {
        ++turn;
        settings.setKernel(turn % 3 == 0 ? "invert" : turn % 3 == 1 ? "pixelate,block=24" : "adjust,hue=0.25");
    });
    Repeater regions([&, odd = false]() mutable {
        odd = !odd;
        settings.setRegions(odd ? three : two);
    });
    Choices seen;
    std::uint64_t generation = 0;
    unsigned changes = 0;
    for (int i = 0; i < kReads || !kernels.busy() || !regions.busy(); ++i) {
        changes += settings.refresh(seen, generation) ? 1 : 0;
        ASSERT_EQ(seen.params.specs().data(), seen.kernel->params.data()) << "parameters of another kernel";
        ASSERT_EQ(seen.params.values().size(), seen.kernel->params.size());
        ASSERT_TRUE(seen.regions.size() == 2 || seen.regions.size() == 3);
        ASSERT_EQ(seen.regions[0].width, seen.regions.size() == 2 ? 8 : 2) << "regions of two settings mixed";
        ASSERT_FALSE(settings.kernelName().empty());
        ASSERT_FALSE(settings.regionsText().empty());
    }
    EXPECT_GT(changes, 1U);
}

TEST(SettingsThreads, TwoWritersOfOneSetting)
{
    Settings settings;
    const auto writer = [&settings](const char *text) { return [&settings, text] { settings.setRegions(text); }; };
    Repeater one(writer("0,0,8,8;8,8,16,16")), two(writer("1,1,2,2;3,3,4,4;5,5,6,6"));
    for (int i = 0; i < kReads || !one.busy() || !two.busy(); ++i) {
        const std::string text = settings.regionsText();
        ASSERT_TRUE(text == "0,0,8,8;8,8,16,16" || text == "1,1,2,2;3,3,4,4;5,5,6,6" || text.empty()) << text;
    }
}

} // namespace
} // namespace zc::gst
