// SPDX-License-Identifier: MIT
// adjust beside GStreamer's own videobalance: the same settings, the same frames.
#include "rig.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace zc::test {
namespace {

// Each parameter alone, at both ends, and all together. videobalance takes the same words.
constexpr const char *kSettings[] = {
    "brightness=0.2",
    "brightness=-1",
    "brightness=1",
    "contrast=0.5",
    "contrast=2",
    "contrast=0",
    "saturation=0",
    "saturation=1.7",
    "hue=0.3",
    "hue=-1",
    "hue=0.5 saturation=0.6",
    "brightness=0.1 contrast=1.1 saturation=1.2 hue=0.1",
    "brightness=-0.3 contrast=1.8 saturation=2 hue=-0.7",
};

std::string commas(std::string settings)
{
    std::replace(settings.begin(), settings.end(), ' ', ',');
    return settings;
}

class Videobalance : public testing::Test {
protected:
    void SetUp() override
    {
        GstElementFactory *factory = gst_element_factory_find("videobalance");
        if (factory == nullptr)
            GTEST_SKIP() << "GStreamer has no element videobalance here (plugin videofilter, of gst-plugins-good)";
        gst_object_unref(factory);
    }

    // How far the two elements are apart on one frame, in code values; and how far ours moved it at all.
    struct Distance {
        int apart, moved;
    };
    static Distance compare(const std::string &caps, const Bytes &picture, const std::string &settings)
    {
        const auto through = [&](const std::string &launch) {
            ElementHarness harness(launch, caps);
            Buffer in = filled(picture.size(), 0);
            gst_buffer_fill(in.get(), 0, picture.data(), picture.size());
            const Buffer out = pass(harness, std::move(in));
            return out ? bytesOf(out.get()) : Bytes();
        };
        const Bytes ours = through("cudazerocopy kernel=adjust params=\"" + commas(settings) + "\"");
        return {biggestDifference(ours, through("videobalance " + settings)), biggestDifference(ours, picture)};
    }
};

// Every value that a byte can hold, but the pairs of chroma in no order.
Bytes noise(std::size_t size, int low, int high)
{
    Bytes bytes(size);
    std::uint32_t state = 7;
    for (auto &byte : bytes) {
        state = state * 1664525U + 1013904223U;
        byte = static_cast<std::uint8_t>(low + static_cast<int>((state >> 16) % static_cast<unsigned>(high - low + 1)));
    }
    return bytes;
}

TEST_F(Videobalance, LimitedRangeYuvIsTheSameToOneCodeValue)
{
    for (const char *format : {"I420", "NV12", "YUY2", "Y444"}) {
        const std::string caps = rawCaps(format, 64, 48) + ",colorimetry=bt601";
        const GstVideoInfo info = infoOf(caps);
        const Bytes picture = noise(GST_VIDEO_INFO_SIZE(&info), 0, 255);
        for (const char *settings : kSettings) {
            const Distance found = compare(caps, picture, settings);
            EXPECT_LE(found.apart, 1) << format << ", " << settings;
            EXPECT_GT(found.moved, 10) << format << ", " << settings;
        }
    }
}

// videobalance takes RGB through 8-bit Y, U and V and clamps these; ours rounds and clamps once, at the end. Colours
// and settings that stay away from the clamps show what remains: its steps drop fractions three times, and on the way
// back blue takes twice what U lost.
TEST_F(Videobalance, RgbThatClipsNothingIsTheSameToSevenCodeValues)
{
    const std::string caps = rawCaps("RGBA", 64, 48);
    const Bytes picture = noise(std::size_t{64} * 48 * 4, 80, 170);
    for (const char *settings :
         {"brightness=0.1", "brightness=-0.1", "contrast=0.8", "contrast=1.2", "saturation=0.5", "saturation=1.3",
          "hue=0.2", "hue=-0.5", "hue=1", "brightness=0.05 contrast=0.9 saturation=1.2 hue=0.1"}) {
        const Distance found = compare(caps, picture, settings);
        EXPECT_LE(found.apart, 7) << settings;
        EXPECT_GT(found.moved, 10) << settings;
    }
}

// Red gets brighter than white's luma allows: videobalance cuts there, and the way back to RGB loses the rest.
TEST_F(Videobalance, StrongSettingsOnSaturatedRgbDiffer)
{
    Bytes red(std::size_t{8} * 8 * 4, 0);
    for (std::size_t i = 0; i < red.size(); i += 4)
        red[i] = red[i + 3] = 255;
    const std::string caps = rawCaps("RGBA", 8, 8);
    EXPECT_GT(compare(caps, red, "brightness=0.5 contrast=2").apart, 20);
    EXPECT_LE(compare(caps, red, "contrast=0.9").apart, 7);
}

// Full range is what the caps say it is; videobalance knows limited range alone.
TEST_F(Videobalance, FullRangeYuvDiffersByTheRange)
{
    const std::string caps = rawCaps("I420", 16, 16) + ",colorimetry=1:4:0:0";
    const Bytes picture(std::size_t{16} * 16 * 3 / 2, 100);
    const int apart = compare(caps, picture, "brightness=0.2").apart;
    EXPECT_GE(apart, 8); // 0.2 * 255 * 255/219 and 0.2 * 255
    EXPECT_LE(apart, 9);
}

} // namespace
} // namespace zc::test
