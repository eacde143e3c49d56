// SPDX-License-Identifier: MIT
// NVMM buffers out of the test source, the element over them, and what the pictures must have become.
#pragma once

#include "fake_cuda.h"
#include "fake_nvbufsurface.h"
#include "picture.hpp"
#include "rig.hpp"
#include "source.hpp"

#include <cstring>

namespace zc::test {

using nvmm_test::Break;
using nvmm_test::CapsFields;
using nvmm_test::EglUse;
using nvmm_test::Producer;
using nvmm_test::Recycle;

// Around each test: nothing misused, nothing left.
class Nvmm : public testing::Test {
protected:
    Nvmm()
    {
        zc_fake_reset();
        zc_nvbuf_reset();
        if (const char *abi = g_getenv("EXPECTED_ABI"); abi != nullptr) {
            EXPECT_STREQ(abi, newAbi() ? "new" : "old") << "the loader took the other library";
        }
    }
    ~Nvmm() override
    {
        EXPECT_STREQ(zc_nvbuf_misuse(), "");
        EXPECT_EQ(zc_nvbuf_live(nullptr), 0U) << zc_nvbuf_live_text();
        EXPECT_STREQ(zc_fake_misuse(), "");
        EXPECT_EQ(zc_fake_live(nullptr), 0U) << zc_fake_live_text();
    }
    static bool newAbi() { return zc_nvbuf_abi() == 72; }
};

inline std::string nvmmCaps(const std::string &format, int width = 64, int height = 48, const std::string &more = "")
{
    return "video/x-raw(memory:NVMM),format=" + format + ",width=" + std::to_string(width) +
           ",height=" + std::to_string(height) + ",framerate=30/1" + more;
}

inline nvmm_test::Settings surfaces(int memType)
{
    nvmm_test::Settings settings;
    settings.memType = memType;
    return settings;
}

// The source, without an element of its own, feeding a harness.
class NvmmFeed {
public:
    NvmmFeed(const nvmm_test::Settings &settings, const std::string &caps) : info_(infoOf(caps))
    {
        CapsPtr parsed = capsFrom(caps);
        nvmm_test::Source::completeCaps(gst_caps_get_structure(parsed.get(), 0), settings);
        const GCharPtr text(gst_caps_to_string(parsed.get()));
        caps_ = text.get();
        EXPECT_EQ(source_.start(settings, info_, parsed.get()), "");
    }
    ~NvmmFeed() { source_.stop(); }
    NvmmFeed(const NvmmFeed &) = delete;
    NvmmFeed &operator=(const NvmmFeed &) = delete;

    const std::string &caps() const { return caps_; }
    const GstVideoInfo &info() const { return info_; }
    // The frames count from 0.
    Buffer next()
    {
        std::string why;
        Buffer buffer(source_.next(why));
        EXPECT_NE(buffer, nullptr) << why;
        return buffer;
    }

private:
    GstVideoInfo info_;
    std::string caps_;
    nvmm_test::Source source_;
};

inline void *surfaceOf(const Buffer &buffer)
{
    GstMapInfo map = GST_MAP_INFO_INIT;
    if (!gst_buffer_map(buffer.get(), &map, GST_MAP_READ))
        return nullptr;
    void *surface = map.data; // outlives the map, which newer releases clear
    gst_buffer_unmap(buffer.get(), &map);
    return surface;
}

// The planes of one picture as the caps lay them out; bytes between rows are zero.
inline Bytes pictureOf(const Buffer &buffer, const GstVideoInfo &info, unsigned index = 0)
{
    Bytes all(info.size);
    void *surface = surfaceOf(buffer);
    for (guint plane = 0; plane < GST_VIDEO_INFO_N_PLANES(&info); ++plane) {
        std::size_t pitch = 0;
        const unsigned char *from = zc_nvbuf_plane(surface, index, plane, &pitch);
        if (from == nullptr)
            return {};
        const FormatInfo &format = formatInfo(formatFromName(gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(&info))));
        const auto row =
            static_cast<std::size_t>(rowBytes(format, static_cast<int>(plane), GST_VIDEO_INFO_WIDTH(&info)));
        for (int y = 0; y < planeRows(format, static_cast<int>(plane), GST_VIDEO_INFO_HEIGHT(&info)); ++y)
            std::memcpy(all.data() + info.offset[plane] + static_cast<std::size_t>(y * info.stride[plane]),
                        from + static_cast<std::size_t>(y) * pitch, row);
    }
    return all;
}

// What the source draws, in the same layout.
inline Bytes drawn(const GstVideoInfo &info, guint64 frame, unsigned index = 0)
{
    Bytes all(info.size);
    const FormatInfo &format = formatInfo(formatFromName(gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(&info))));
    for (int plane = 0; plane < format.planes; ++plane) {
        const std::int64_t row = rowBytes(format, plane, GST_VIDEO_INFO_WIDTH(&info));
        for (int y = 0; y < planeRows(format, plane, GST_VIDEO_INFO_HEIGHT(&info)); ++y) {
            for (std::int64_t x = 0; x < row; ++x)
                all[info.offset[plane] + static_cast<std::size_t>(y * info.stride[plane] + x)] =
                    nvmm_test::pictureByte(frame, index, static_cast<unsigned>(plane), static_cast<std::size_t>(x),
                                           static_cast<unsigned>(y), format.depth > 8 ? 2 : 1);
        }
    }
    return all;
}

// The same after the kernel, by the tests' own slow ones.
inline Bytes after(const std::string &kernel, const GstVideoInfo &info, Bytes bytes)
{
    const Buffer plain(gst_buffer_new());
    return expected(kernel, info, plain.get(), std::move(bytes));
}

// A system-memory caps text of the same picture, in other colours if `colorimetry` says so.
inline GstVideoInfo plainInfo(const GstVideoInfo &info, const char *colorimetry)
{
    GstVideoInfo plain = info;
    EXPECT_TRUE(gst_video_colorimetry_from_string(&plain.colorimetry, colorimetry));
    return plain;
}

// As the stand-in GPU changes a picture: every bit of each row that the kernel was given.
inline Bytes invertedBits(const GstVideoInfo &info, Bytes bytes)
{
    const FormatInfo &format = formatInfo(formatFromName(gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(&info))));
    for (int plane = 0; plane < format.planes; ++plane) {
        const std::int64_t row = rowBytes(format, plane, GST_VIDEO_INFO_WIDTH(&info));
        for (int y = 0; y < planeRows(format, plane, GST_VIDEO_INFO_HEIGHT(&info)); ++y) {
            for (std::int64_t x = 0; x < row; ++x) {
                auto &byte = bytes[info.offset[plane] + static_cast<std::size_t>(y * info.stride[plane] + x)];
                byte = static_cast<std::uint8_t>(~byte);
            }
        }
    }
    return bytes;
}

// The one error that the element posted.
inline std::string onlyError(ElementHarness &harness)
{
    const auto errors = textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR);
    EXPECT_EQ(errors.size(), 1U) << lines(errors);
    return errors.empty() ? "" : errors[0];
}

} // namespace zc::test
