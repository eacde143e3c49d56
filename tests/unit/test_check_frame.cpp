// SPDX-License-Identifier: MIT
// checkFrame accepts what every format allows and refuses, by name, what contradicts it.
#include "backend/backend.hpp"

#include <functional>
#include <gtest/gtest.h>
#include <limits>
#include <string>
#include <vector>

namespace zc {
namespace {

alignas(16) std::uint8_t memory[64];

// Never dereferenced, so that one small block serves every size.
Frame goodFrame(Format format, std::int32_t width, std::int32_t height)
{
    Frame frame;
    frame.format = format;
    frame.width = width;
    frame.height = height;
    setPlaneSizes(frame);
    const FormatInfo &info = formatInfo(format);
    for (int p = 0; p < info.planes; ++p) {
        frame.planes[p].data = memory;
        frame.planes[p].pitch = rowBytes(info, p, width);
    }
    return frame;
}

TEST(CheckFrameTest, AcceptsEveryFormat)
{
    for (const FormatInfo &info : allFormats()) {
        for (const auto &[width, height] : {std::pair{1, 1}, {7, 5}, {1920, 1080}, {65535, 65535}}) {
            const Status status = checkFrame(goodFrame(info.format, width, height));
            EXPECT_TRUE(status.ok()) << info.name << " " << width << "x" << height << ": " << status.message();
        }
    }
}

TEST(CheckFrameTest, AcceptsPaddingAndSurfaces)
{
    Frame frame = goodFrame(Format::Nv12, 64, 64);
    frame.planes[0].pitch = 4096;
    frame.planes[1].data = nullptr;
    frame.planes[1].surface = 1;
    frame.planes[1].pitch = 0;
    const Status status = checkFrame(frame);
    EXPECT_TRUE(status.ok()) << status.message();
}

struct Broken {
    const char *what;
    Format format;
    std::function<void(Frame &)> breakIt;
    Code code;
    std::vector<std::string> words; // the message has them all
};

const std::vector<Broken> &brokenFrames()
{
    static const std::vector<Broken> kAll = {
        {"no format", Format::Nv12, [](Frame &f) { f.format = Format::Unknown; }, Code::Unsupported, {"format"}},
        {"wild format",
         Format::Nv12,
         [](Frame &f) { f.format = static_cast<Format>(250); },
         Code::Unsupported,
         {"250"}},
        {"no width", Format::Nv12, [](Frame &f) { f.width = 0; }, Code::BadLayout, {"0x48", "65535"}},
        {"negative height", Format::Nv12, [](Frame &f) { f.height = -2; }, Code::BadLayout, {"64x-2"}},
        {"too wide",
         Format::Gray8,
         [](Frame &f) { f = goodFrame(Format::Gray8, 65536, 1); },
         Code::BadLayout,
         {"65536x1"}},
        {"too high",
         Format::Gray8,
         [](Frame &f) { f = goodFrame(Format::Gray8, 1, 65536); },
         Code::BadLayout,
         {"1x65536"}},
        {"no memory", Format::I420, [](Frame &f) { f.planes[2].data = nullptr; }, Code::BadLayout, {"plane 2", "I420"}},
        {"narrow", Format::Nv12, [](Frame &f) { f.planes[1].pitch = 63; }, Code::BadLayout, {"plane 1", "63", "64"}},
        {"pitch zero", Format::Rgba, [](Frame &f) { f.planes[0].pitch = 0; }, Code::BadLayout, {"plane 0", "256"}},
        {"upside down", Format::Rgb, [](Frame &f) { f.planes[0].pitch = -192; }, Code::BadLayout, {"-192", "192"}},
        {"lowest pitch",
         Format::Rgb,
         [](Frame &f) { f.planes[0].pitch = std::numeric_limits<std::int64_t>::min(); },
         Code::BadLayout,
         {"plane 0"}},
        {"huge pitch",
         Format::Gray8,
         [](Frame &f) { f.planes[0].pitch = std::int64_t{1} << 31; },
         Code::BadLayout,
         {"2147483648", "2147483647"}},
        {"highest pitch",
         Format::Gray8,
         [](Frame &f) { f.planes[0].pitch = std::numeric_limits<std::int64_t>::max(); },
         Code::BadLayout,
         {"plane 0"}},
        {"odd pitch of 16 bit",
         Format::P010Le,
         [](Frame &f) { f.planes[0].pitch = 129; },
         Code::BadLayout,
         {"129", "2"}},
        {"pitch of ten-bit words",
         Format::Rgb10a2Le,
         [](Frame &f) { f.planes[0].pitch = 258; },
         Code::BadLayout,
         {"258", "4"}},
        {"odd address of 16 bit",
         Format::Gray16Le,
         [](Frame &f) { f.planes[0].data = memory + 1; },
         Code::BadLayout,
         {"plane 0", "GRAY16_LE", "address"}},
        {"address of ten-bit words",
         Format::Rgb10a2Le,
         [](Frame &f) { f.planes[0].data = memory + 2; },
         Code::BadLayout,
         {"address", "4"}},
        {"end of memory",
         Format::Gray8,
         [](Frame &f) { f.planes[0].data = reinterpret_cast<void *>(std::numeric_limits<std::uintptr_t>::max() - 64); },
         Code::BadLayout,
         {"address space"}},
        {"plane's width", Format::I420, [](Frame &f) { f.planes[1].width = 33; }, Code::BadLayout, {"33x24", "32x24"}},
        {"plane's height",
         Format::Nv16,
         [](Frame &f) { f.planes[1].height = 24; },
         Code::BadLayout,
         {"32x24", "32x48"}},
    };
    return kAll;
}

TEST(CheckFrameTest, RefusesWithTheReason)
{
    for (const Broken &broken : brokenFrames()) {
        SCOPED_TRACE(broken.what);
        Frame frame = goodFrame(broken.format, 64, 48);
        ASSERT_TRUE(checkFrame(frame).ok());
        broken.breakIt(frame);
        const Status status = checkFrame(frame);
        EXPECT_EQ(status.code(), broken.code);
        for (const std::string &word : broken.words)
            EXPECT_NE(status.message().find(word), std::string::npos) << word << " is not in: " << status.message();
    }
}

TEST(CheckFrameTest, OneByteAlignmentIsEnoughForBytes)
{
    Frame frame = goodFrame(Format::Nv12, 63, 5);
    frame.planes[0].data = memory + 1;
    frame.planes[0].pitch = 63;
    const Status status = checkFrame(frame);
    EXPECT_TRUE(status.ok()) << status.message();
}

} // namespace
} // namespace zc
