// SPDX-License-Identifier: MIT
// Templates, DMA_DRM names and what negotiated caps are read as.
#include "buffers.hpp"
#include "memory/cuda_context.hpp"
#include "memory/gl_context.hpp"

#include <dlfcn.h>

#include <map>

namespace zc::gst {
namespace {

using test::capsFrom;
using test::contains;
using test::negotiate;

struct Fourcc {
    Format format;
    char code[5];
};

// Out of the kernel's drm_fourcc.h by hand: the format's name there, and its fourcc_code().
constexpr Fourcc kFourccs[] = {
    {Format::Nv12, {'N', 'V', '1', '2'}},      // DRM_FORMAT_NV12
    {Format::Nv21, {'N', 'V', '2', '1'}},      // DRM_FORMAT_NV21
    {Format::Nv16, {'N', 'V', '1', '6'}},      // DRM_FORMAT_NV16
    {Format::Nv24, {'N', 'V', '2', '4'}},      // DRM_FORMAT_NV24
    {Format::I420, {'Y', 'U', '1', '2'}},      // DRM_FORMAT_YUV420
    {Format::Yv12, {'Y', 'V', '1', '2'}},      // DRM_FORMAT_YVU420
    {Format::Y42b, {'Y', 'U', '1', '6'}},      // DRM_FORMAT_YUV422
    {Format::Y444, {'Y', 'U', '2', '4'}},      // DRM_FORMAT_YUV444
    {Format::Yuy2, {'Y', 'U', 'Y', 'V'}},      // DRM_FORMAT_YUYV
    {Format::Uyvy, {'U', 'Y', 'V', 'Y'}},      // DRM_FORMAT_UYVY
    {Format::P010Le, {'P', '0', '1', '0'}},    // DRM_FORMAT_P010
    {Format::P012Le, {'P', '0', '1', '2'}},    // DRM_FORMAT_P012
    {Format::Bgra, {'A', 'R', '2', '4'}},      // DRM_FORMAT_ARGB8888
    {Format::Rgba, {'A', 'B', '2', '4'}},      // DRM_FORMAT_ABGR8888
    {Format::Bgrx, {'X', 'R', '2', '4'}},      // DRM_FORMAT_XRGB8888
    {Format::Rgbx, {'X', 'B', '2', '4'}},      // DRM_FORMAT_XBGR8888
    {Format::Argb, {'B', 'A', '2', '4'}},      // DRM_FORMAT_BGRA8888
    {Format::Abgr, {'R', 'A', '2', '4'}},      // DRM_FORMAT_RGBA8888
    {Format::Xrgb, {'B', 'X', '2', '4'}},      // DRM_FORMAT_BGRX8888
    {Format::Xbgr, {'R', 'X', '2', '4'}},      // DRM_FORMAT_RGBX8888
    {Format::Rgb, {'B', 'G', '2', '4'}},       // DRM_FORMAT_BGR888
    {Format::Bgr, {'R', 'G', '2', '4'}},       // DRM_FORMAT_RGB888
    {Format::Rgb10a2Le, {'A', 'B', '3', '0'}}, // DRM_FORMAT_ABGR2101010
    {Format::Gray8, {'R', '8', ' ', ' '}},     // DRM_FORMAT_R8
    {Format::Gray16Le, {'R', '1', '6', ' '}},  // DRM_FORMAT_R16
};

TEST(DrmFormat, EveryNameIsTheKernels)
{
    std::map<Format, std::string> expected;
    for (const Fourcc &fourcc : kFourccs)
        expected[fourcc.format] = fourcc.code;
    int named = 0;
    for (const FormatInfo &info : allFormats()) {
        if (info.format == Format::Unknown)
            continue;
        const char *name = drmFormatName(info.format);
        const auto row = expected.find(info.format);
        EXPECT_EQ(name ? name : "(none)", row == expected.end() ? "(none)" : row->second) << info.name;
        named += name ? 1 : 0;
        if (!name)
            continue;
        const auto parsed = parseDrmFormat(name);
        ASSERT_TRUE(parsed.ok()) << name << parsed.status().message();
        EXPECT_EQ(parsed.value().format, info.format) << name;
        EXPECT_EQ(parsed.value().modifier, 0U) << name;
    }
    EXPECT_EQ(named, static_cast<int>(std::size(kFourccs)));
}

TEST(DrmFormat, AgreesWithGStreamerWhereItHasTheTable)
{
    using FromFormat = guint32 (*)(GstVideoFormat);
    const auto fromFormat = reinterpret_cast<FromFormat>(dlsym(RTLD_DEFAULT, "gst_video_dma_drm_fourcc_from_format"));
    if (!fromFormat)
        GTEST_SKIP() << "this GStreamer is older than 1.24 and has no such table";
    int compared = 0;
    for (const FormatInfo &info : allFormats()) {
        if (info.format == Format::Unknown)
            continue;
        const guint32 theirs = fromFormat(formatToGst(info.format));
        // I420_10LE has a name there since 1.28, but the kernel's S010 does not settle the order of its chroma planes.
        if (theirs == 0 || info.format == Format::I420_10Le)
            continue;
        const char *name = drmFormatName(info.format);
        ASSERT_NE(name, nullptr) << info.name;
        EXPECT_EQ(theirs, GST_STR_FOURCC(name)) << info.name;
        compared++;
    }
    EXPECT_GT(compared, 15);
}

TEST(DrmFormat, ReadsModifiers)
{
    const auto tiled = parseDrmFormat("NV12:0x0100000000000002");
    ASSERT_TRUE(tiled.ok());
    EXPECT_EQ(tiled.value().format, Format::Nv12);
    EXPECT_EQ(tiled.value().modifier, 0x0100000000000002U);
    const auto upper = parseDrmFormat("AB24:0XFFFFFFFFFFFFFFFE");
    ASSERT_TRUE(upper.ok());
    EXPECT_EQ(upper.value().modifier, 0xFFFFFFFFFFFFFFFEU);
}

TEST(DrmFormat, RefusesWhatIsMalformed)
{
    const struct {
        const char *text;
        Code code;
        const char *says;
    } cases[] = {
        {"", Code::InvalidArgument, "four characters"},
        {"NV1", Code::InvalidArgument, "four characters"},
        {"NV122", Code::InvalidArgument, "four characters"},
        {":0x1", Code::InvalidArgument, "four characters"},
        {"NV12:", Code::InvalidArgument, "0x"},
        {"NV12:123", Code::InvalidArgument, "0x"},
        {"NV12:0x", Code::InvalidArgument, "hexadecimal"},
        {"NV12:0xg", Code::InvalidArgument, "hexadecimal"},
        {"NV12:0x-1", Code::InvalidArgument, "hexadecimal"},
        {"NV12:0x1 ", Code::InvalidArgument, "hexadecimal"},
        {"NV12:0x11112222333344445", Code::InvalidArgument, "hexadecimal"},
        {"NV12:0x0", Code::InvalidArgument, "left out"},
        {"NV12:0x0000000000000000", Code::InvalidArgument, "left out"},
        {"RG16_BE", Code::Unsupported, "big endian"},
        {"NV12_BE:0x1", Code::Unsupported, "big endian"},
        {"ZZZZ", Code::Unsupported, "NV12"},
        {"nv12", Code::Unsupported, "NV12"},
    };
    for (const auto &test : cases) {
        const auto parsed = parseDrmFormat(test.text);
        ASSERT_FALSE(parsed.ok()) << test.text;
        EXPECT_EQ(parsed.status().code(), test.code) << test.text;
        EXPECT_TRUE(contains(parsed.status().message(), test.says)) << test.text << ": " << parsed.status().message();
    }
    const auto longText = parseDrmFormat(std::string(100000, 'x'));
    ASSERT_FALSE(longText.ok());
    EXPECT_LT(longText.status().message().size(), 400U);
}

TEST(Template, ListsMemoryKindsInOrderOfPreference)
{
    const CapsPtr caps(templateCaps());
    std::vector<std::string> features{"memory:NVMM", "memory:DMABuf", "memory:DMABuf", "memory:SystemMemory"};
    if (cudaMemoryBuilt())
        features.insert(features.begin() + 1, "memory:CUDAMemory");
    if (glMemoryBuilt())
        features.insert(features.end() - 3, "memory:GLMemory");
    ASSERT_EQ(gst_caps_get_size(caps.get()), features.size());
    for (guint i = 0; i < features.size(); i++) {
        const GCharPtr text(gst_caps_features_to_string(gst_caps_get_features(caps.get(), i)));
        EXPECT_EQ(text.get(), features[i]);
    }
    const auto all = static_cast<guint>(features.size());
    const GstStructure *drm = gst_caps_get_structure(caps.get(), all - 3);
    EXPECT_STREQ(gst_structure_get_string(drm, "format"), "DMA_DRM");
    EXPECT_EQ(gst_value_list_get_size(gst_structure_get_value(drm, "drm-format")), std::size(kFourccs));
    for (guint i = all - 2; i < all; i++) {
        const GValue *formats = gst_structure_get_value(gst_caps_get_structure(caps.get(), i), "format");
        ASSERT_TRUE(GST_VALUE_HOLDS_LIST(formats));
        EXPECT_EQ(gst_value_list_get_size(formats), static_cast<guint>(kFormatCount - 1));
    }
}

// Every format that both NVIDIA's surfaces and kernels know; whatever else the caps say is theirs.
TEST(Template, NvmmHoldsWhatSurfacesDo)
{
    const std::string size = ",width=64,height=48,framerate=30/1";
    const CapsPtr caps(templateCaps());
    const auto listed = [&](const std::string &format) {
        const CapsPtr nvmm = capsFrom(
            "video/x-raw(memory:NVMM),batch-size=4,nvbuf-memory-type=nvbuf-mem-cuda-device,format=" + format + size);
        return gst_caps_can_intersect(caps.get(), nvmm.get()) != FALSE;
    };
    for (const FormatInfo &info : allFormats())
        EXPECT_EQ(listed(info.name), info.format != Format::I420_10Le) << info.name;
    EXPECT_FALSE(listed("VYUY"));
    for (const Device device : {Device::Auto, Device::Cpu, Device::Cuda})
        EXPECT_TRUE(gst_caps_can_intersect(CapsPtr(offeredCaps(device)).get(),
                                           capsFrom("video/x-raw(memory:NVMM),format=NV12" + size).get()));
}

// For surfaces, whose own word counts where the caps have none.
TEST(Colour, SaysWhetherTheCapsStatedIt)
{
    const std::string nv12 = "video/x-raw(memory:NVMM),format=NV12,width=1920,height=1080,framerate=30/1";
    const struct {
        const char *extra;
        bool range, matrix;
    } cases[] = {
        {"", false, false},
        {",colorimetry=bt709", true, true},
        {",colorimetry=(string)0:3:5:1", false, true},
        {",colorimetry=(string)1:0:0:0", true, false},
        {",colorimetry=nonsense", false, false},
    };
    for (const auto &test : cases) {
        const auto parsed = parseCaps(capsFrom(nv12 + test.extra).get());
        ASSERT_TRUE(parsed.ok()) << test.extra << ": " << parsed.status().message();
        EXPECT_EQ(parsed.value().feature, MemoryKind::Nvmm);
        EXPECT_EQ(parsed.value().rangeStated, test.range) << test.extra;
        EXPECT_EQ(parsed.value().matrixStated, test.matrix) << test.extra;
    }
}

// GStreamer 1.22 aborts on a format that its allocator cannot hold.
TEST(Template, CudaMemoryHoldsWhatGstreamersAllocatorDoes)
{
    const std::string size = ",width=64,height=48,framerate=30/1";
    const CapsPtr caps(templateCaps());
    const std::string cuda = "video/x-raw(memory:CUDAMemory),format=";
    const auto listed = [&](const char *format) {
        return gst_caps_can_intersect(caps.get(), capsFrom(cuda + format + size).get()) != FALSE;
    };
    for (const char *format : {"NV12", "I420", "P010_10LE", "RGBA", "RGB", "YUY2", "RGB10A2_LE"})
        EXPECT_EQ(listed(format), cudaMemoryBuilt()) << format;
    for (const char *format : {"NV16", "NV24", "GRAY8", "GRAY16_LE", "xRGB", "xBGR"})
        EXPECT_FALSE(listed(format)) << format;
}

// Only where it can be used, and never on the CPU.
TEST(Template, OffersCudaMemoryOnlyWhereAsked)
{
    const CapsPtr nv12 = capsFrom("video/x-raw(memory:CUDAMemory),format=NV12,width=64,height=48,framerate=30/1");
    for (const Device device : {Device::Auto, Device::Cpu, Device::Cuda}) {
        for (const bool usable : {true, false}) {
            const CapsPtr offered(offeredCaps(device, {usable, false}));
            EXPECT_EQ(gst_caps_can_intersect(offered.get(), nv12.get()) != FALSE,
                      cudaMemoryBuilt() && usable && device != Device::Cpu);
        }
    }
}

TEST(Template, OffersGlMemoryOnlyWhereAsked)
{
    const CapsPtr rgba =
        capsFrom("video/x-raw(memory:GLMemory),format=RGBA,width=64,height=48,framerate=30/1,texture-target=2D");
    for (const Device device : {Device::Auto, Device::Cpu, Device::Cuda}) {
        for (const bool usable : {true, false}) {
            const CapsPtr offered(offeredCaps(device, {false, usable}));
            EXPECT_EQ(gst_caps_can_intersect(offered.get(), rgba.get()) != FALSE,
                      glMemoryBuilt() && usable && device != Device::Cpu);
        }
    }
}

TEST(Template, NegotiatesTheseAndNoOthers)
{
    const std::string size = ",width=64,height=48,framerate=30/1";
    const struct {
        std::string caps;
        bool accepted;
    } cases[] = {
        {"video/x-raw,format=NV12" + size, true},
        {"video/x-raw,format=P012_LE" + size, true},
        {"video/x-raw,format=v210" + size, false},
        {"video/x-raw(memory:DMABuf),format=NV12" + size, true},
        {"video/x-raw(memory:DMABuf),format=DMA_DRM,drm-format=NV12" + size, true},
        {"video/x-raw(memory:DMABuf),format=DMA_DRM,drm-format=AR24" + size, true},
        {"video/x-raw(memory:DMABuf),format=DMA_DRM,drm-format=(string)NV12:0x0100000000000002" + size, false},
        {"video/x-raw(memory:DMABuf),format=DMA_DRM,drm-format=(string)NV12:0x0000000000000000" + size, false},
        {"video/x-raw(memory:DMABuf),format=DMA_DRM,drm-format=RG16" + size, false},
        {"video/x-raw,format=DMA_DRM,drm-format=NV12" + size, false},
        {"video/x-raw(memory:DMABuf,format:Interlaced),format=NV12,interlace-mode=alternate" + size, false},
        {"video/x-raw(format:Interlaced),format=NV12,interlace-mode=alternate" + size, false},
        {"video/x-raw,format=NV12,interlace-mode=interleaved" + size, true},
        {"video/x-raw(memory:GLMemory),format=RGBA,texture-target=2D" + size, glMemoryBuilt()},
        {"video/x-raw(memory:GLMemory),format=RGBA,texture-target=rectangle" + size, false},
        {"video/x-raw(memory:GLMemory),format=NV12,texture-target=2D" + size, false},
        {"video/x-raw(memory:VAMemory),format=RGBA" + size, false},
        {"video/x-h264" + size, false},
    };
    const CapsPtr accepted(templateCaps());
    for (const auto &test : cases) {
        const CapsPtr caps = capsFrom(test.caps);
        ASSERT_TRUE(caps) << test.caps;
        EXPECT_EQ(gst_caps_is_subset(caps.get(), accepted.get()), static_cast<gboolean>(test.accepted)) << test.caps;
        EXPECT_EQ(gst_caps_can_intersect(caps.get(), accepted.get()), static_cast<gboolean>(test.accepted))
            << test.caps;
        if (test.accepted)
            negotiate(test.caps);
    }
}

TEST(Template, EveryDeviceIsOfferedASubset)
{
    const CapsPtr all(templateCaps());
    for (const Device device : {Device::Auto, Device::Cpu, Device::Cuda}) {
        const CapsPtr offered(offeredCaps(device));
        EXPECT_FALSE(gst_caps_is_empty(offered.get()));
        EXPECT_TRUE(gst_caps_is_subset(offered.get(), all.get()));
    }
}

TEST(Parse, ReadsDmaDrmAsPixels)
{
    const Negotiated drm =
        negotiate("video/x-raw(memory:DMABuf),format=DMA_DRM,drm-format=AR24,width=33,height=17,framerate=25/1");
    EXPECT_TRUE(drm.drm);
    EXPECT_EQ(drm.feature, MemoryKind::Dmabuf);
    EXPECT_EQ(drm.format, Format::Bgra);
    EXPECT_EQ(GST_VIDEO_INFO_FORMAT(&drm.pixels), GST_VIDEO_FORMAT_BGRA);
    EXPECT_EQ(GST_VIDEO_INFO_WIDTH(&drm.pixels), 33);
    EXPECT_EQ(GST_VIDEO_INFO_FPS_N(&drm.pixels), 25);
    const Negotiated legacy = negotiate("video/x-raw(memory:DMABuf),format=BGRA,width=33,height=17");
    EXPECT_FALSE(legacy.drm);
    EXPECT_EQ(legacy.feature, MemoryKind::Dmabuf);
    EXPECT_EQ(legacy.format, Format::Bgra);
    EXPECT_EQ(test::negotiateSize("BGRA", 33, 17).feature, MemoryKind::System);
}

TEST(Parse, KnowsRangeAndMatrix)
{
    const struct {
        const char *fields;
        ColorRange range;
        ColorMatrix matrix;
    } cases[] = {
        {"format=NV12,width=640,height=480", ColorRange::Limited, ColorMatrix::Bt601},
        {"format=NV12,width=1920,height=1080", ColorRange::Limited, ColorMatrix::Bt709},
        {"format=NV12,width=640,height=480,colorimetry=bt709", ColorRange::Limited, ColorMatrix::Bt709},
        {"format=NV12,width=1920,height=1080,colorimetry=bt601", ColorRange::Limited, ColorMatrix::Bt601},
        {"format=P010_10LE,width=64,height=64,colorimetry=bt2100-pq", ColorRange::Limited, ColorMatrix::Bt2020},
        {"format=NV12,width=64,height=64,colorimetry=smpte240m", ColorRange::Limited, ColorMatrix::Smpte240m},
        {"format=NV12,width=64,height=64,colorimetry=1:2:0:0", ColorRange::Full, ColorMatrix::Fcc},
        {"format=I420,width=64,height=64,colorimetry=1:4:0:0", ColorRange::Full, ColorMatrix::Bt601},
        {"format=I420,width=64,height=64,colorimetry=1:3:5:1", ColorRange::Full, ColorMatrix::Bt709},
        // Left open, in part or altogether: what GStreamer assumes for the size.
        {"format=I420,width=1920,height=1080,colorimetry=0:0:0:0", ColorRange::Limited, ColorMatrix::Bt709},
        {"format=I420,width=320,height=240,colorimetry=0:3:0:0", ColorRange::Limited, ColorMatrix::Bt709},
        {"format=RGBA,width=1920,height=1080", ColorRange::Full, ColorMatrix::Bt601},
        {"format=RGBA,width=1920,height=1080,colorimetry=2:1:7:1", ColorRange::Limited, ColorMatrix::Bt601},
    };
    for (const auto &test : cases) {
        const Negotiated negotiated = negotiate(std::string("video/x-raw,") + test.fields);
        EXPECT_EQ(negotiated.range, test.range) << test.fields;
        EXPECT_EQ(negotiated.matrix, test.matrix) << test.fields;
    }
}

TEST(Parse, KnowsInterlacing)
{
    EXPECT_FALSE(negotiate("video/x-raw,format=NV12,width=64,height=64").interlaced);
    EXPECT_TRUE(negotiate("video/x-raw,format=NV12,width=64,height=64,interlace-mode=interleaved").interlaced);
    EXPECT_TRUE(negotiate("video/x-raw,format=NV12,width=64,height=64,interlace-mode=mixed").interlaced);
}

TEST(Parse, RefusesWithWords)
{
    const struct {
        const char *caps;
        const char *says;
    } cases[] = {
        {"ANY", "not fixed"},
        {"EMPTY", "not fixed"},
        {"video/x-raw", "width is missing"},
        {"video/x-raw,format=NV12,width=[1,5],height=4", "not fixed"},
        {"video/x-h264,width=4,height=4", "not raw video"},
        {"video/x-raw,format=NV12,height=4", "width is missing"},
        {"video/x-raw,format=NV12,width=4", "height is missing"},
        {"video/x-raw,format=NV12,width=(string)big,height=4", "width is missing or not a number"},
        {"video/x-raw,format=NV12,width=0,height=4", "width is 0"},
        {"video/x-raw,format=NV12,width=-4,height=4", "width is -4"},
        {"video/x-raw,format=NV12,width=4,height=2147483647", "height is 2147483647"},
        {"video/x-raw,format=RGBA,width=65535,height=65535", "no possible picture"},
        {"video/x-raw,width=4,height=4", "format (none)"},
        {"video/x-raw,format=v210,width=4,height=4", "format v210"},
        {"video/x-raw,format=(int)7,width=4,height=4", "format (none)"},
        {"video/x-raw,format=DMA_DRM,drm-format=NV12,width=4,height=4", "memory:DMABuf"},
        {"video/x-raw(memory:DMABuf),format=DMA_DRM,width=4,height=4", "drm-format"},
        {"video/x-raw(memory:DMABuf),format=DMA_DRM,drm-format=(int)3,width=4,height=4", "drm-format"},
        {"video/x-raw(memory:DMABuf),format=DMA_DRM,drm-format=ZZZZ,width=4,height=4", "ZZZZ"},
        {"video/x-raw(memory:DMABuf),format=DMA_DRM,drm-format=(string)NV12:0x0100000000000002,width=4,height=4",
         "drm-format=NV12"},
        {"video/x-raw(memory:VAMemory),format=RGBA,width=4,height=4", "memory:VAMemory"},
        {"video/x-raw(memory:DMABuf,meta:Some),format=RGBA,width=4,height=4", "meta:Some"},
        {"video/x-raw(format:Interlaced),format=NV12,width=4,height=4,interlace-mode=alternate", "format:Interlaced"},
        {"video/x-raw,format=NV12,width=4,height=4,interlace-mode=fields", "interlace-mode=fields"},
        {"video/x-raw,format=NV12,width=4,height=4,interlace-mode=alternate", ""},
    };
    for (const auto &test : cases) {
        const CapsPtr caps = capsFrom(test.caps);
        ASSERT_TRUE(caps) << test.caps;
        const auto parsed = parseCaps(caps.get());
        ASSERT_FALSE(parsed.ok()) << test.caps;
        EXPECT_TRUE(contains(parsed.status().message(), test.says)) << test.caps << ": " << parsed.status().message();
    }
    EXPECT_FALSE(parseCaps(nullptr).ok());
}

TEST(Formats, MapBothWays)
{
    for (const FormatInfo &info : allFormats()) {
        if (info.format == Format::Unknown)
            continue;
        EXPECT_STREQ(gst_video_format_to_string(formatToGst(info.format)), info.name);
        EXPECT_EQ(formatFromGst(formatToGst(info.format)), info.format) << info.name;
    }
    EXPECT_EQ(formatFromGst(GST_VIDEO_FORMAT_UNKNOWN), Format::Unknown);
    EXPECT_EQ(formatFromGst(GST_VIDEO_FORMAT_ENCODED), Format::Unknown);
    EXPECT_EQ(formatToGst(Format::Unknown), GST_VIDEO_FORMAT_UNKNOWN);
}

} // namespace
} // namespace zc::gst
