// SPDX-License-Identifier: MIT
// What the element agrees to between what upstream offers and what downstream takes.
#include "rig.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <ostream>
#include <unistd.h>

namespace zc::test {
namespace {

constexpr const char *kSize = ",width=64,height=48,framerate=30/1";
constexpr const char *kAllFormats[] = {"NV12",      "NV21",      "I420",       "YV12",  "NV16",     "Y42B", "YUY2",
                                       "UYVY",      "Y444",      "NV24",       "RGBA",  "BGRA",     "RGBx", "BGRx",
                                       "P010_10LE", "P012_LE",   "ARGB",       "ABGR",  "xRGB",     "xBGR", "RGB",
                                       "BGR",       "I420_10LE", "RGB10A2_LE", "GRAY8", "GRAY16_LE"};

struct Case {
    const char *name;
    std::string upstream;   // what is offered
    const char *downstream; // null: ANY
    std::string expected;   // what both sides end up with; empty: nothing
};

void PrintTo(const Case &row, std::ostream *out)
{
    *out << row.name;
}

std::string sized(const std::string &caps)
{
    return caps + kSize;
}

std::vector<Case> cases()
{
    const std::string dmabuf = "video/x-raw(memory:DMABuf),format=";
    const std::string drm = dmabuf + "DMA_DRM,drm-format=";
    const std::string plain = "video/x-raw,format=";
    const std::string tiled = "(string)NV12:0x0100000000000002";
    std::vector<Case> all = {
        {"LegacyDmabuf", sized(dmabuf + "NV12"), nullptr, sized(dmabuf + "NV12")},
        {"LegacyDmabufOnBothSides", sized(dmabuf + "{NV12,I420}"), "video/x-raw(memory:DMABuf),format=I420",
         sized(dmabuf + "I420")},
        {"LegacyDmabufIsNotPlain", sized(dmabuf + "NV12"), "video/x-raw,format=NV12"},
        {"PlainIsNotLegacyDmabuf", sized(plain + "NV12"), "video/x-raw(memory:DMABuf),format=NV12"},
        {"DmaDrmLinear", sized(drm + "NV12"), nullptr, sized(drm + "NV12")},
        {"DmaDrmLinearRgb", sized(drm + "AR24"), nullptr, sized(drm + "AR24")},
        {"DmaDrmTiled", sized(drm + tiled), nullptr},
        {"DmaDrmListSkipsTiled", sized(drm + "{" + tiled + ",P010}"), nullptr, sized(drm + "P010")},
        {"DmaDrmListMeetsDownstream", sized(drm + "{NV12,P010,AB24}"),
         "video/x-raw(memory:DMABuf),format=DMA_DRM,drm-format={AB24,XR24}", sized(drm + "AB24")},
        {"DmaDrmUnknownFourcc", sized(drm + "NV15"), nullptr},
        {"DmaDrmWithoutTheFeature", sized(plain + "DMA_DRM,drm-format=NV12"), nullptr},
        {"UnsupportedFormat", sized(plain + "A420"), nullptr},
        {"UnsupportedAmongSupported", sized(plain + "{A420,YUY2}"), nullptr, sized(plain + "YUY2")},
        {"InterlacedFeature", sized("video/x-raw(format:Interlaced),interlace-mode=alternate,format=NV12"), nullptr,
         ""},
        {"InterlacedFeatureOnDmabuf", sized("video/x-raw(memory:DMABuf,format:Interlaced),format=NV12"), nullptr},
        {"Interleaved", sized(plain + "NV12,interlace-mode=interleaved"), nullptr,
         sized(plain + "NV12,interlace-mode=interleaved")},
        {"ColorimetryStays", sized(plain + "I420,colorimetry=bt709,chroma-site=mpeg2"), nullptr,
         sized(plain + "I420,colorimetry=bt709,chroma-site=mpeg2")},
        {"Nvmm", sized("video/x-raw(memory:NVMM),format=NV12"), nullptr},
        {"CudaMemory", sized("video/x-raw(memory:CUDAMemory),format=NV12"), nullptr},
        {"GlMemory", sized("video/x-raw(memory:GLMemory),format=RGBA,texture-target=2D"), nullptr},
        {"GlMemoryBeforePlain", sized("video/x-raw(memory:GLMemory),format=RGBA") + ";" + sized(plain + "RGBA"),
         nullptr, sized(plain + "RGBA")},
        {"SystemMemoryByName", sized("video/x-raw(memory:SystemMemory),format=NV12"), nullptr, sized(plain + "NV12")},
        {"Encoded", "video/x-h264,width=64,height=48", nullptr},
        {"Audio", "audio/x-raw,rate=48000,channels=2", nullptr},
        {"UpstreamsOrderHolds", sized(plain + "NV12") + ";" + sized(dmabuf + "NV12"), nullptr, sized(plain + "NV12")},
    };
    for (const char *format : kAllFormats)
        all.push_back({format, sized(plain + format), nullptr, sized(plain + format)});
    return all;
}

class Negotiation : public testing::TestWithParam<std::tuple<const char *, Case>> {};

// Fixed caps of what the element lets through, or null.
CapsPtr agreed(GstHarness *harness, GstCaps *upstream)
{
    CapsPtr both(gst_pad_peer_query_caps(harness->srcpad, upstream));
    if (gst_caps_is_empty(both.get()))
        return nullptr;
    return CapsPtr(gst_caps_fixate(both.release()));
}

// A buffer that no kernel looks at: only the caps matter here.
Buffer gap()
{
    Buffer buffer = filled(1, 0, 0);
    GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_GAP);
    return buffer;
}

TEST_P(Negotiation, Follows)
{
    const auto &[device, row] = GetParam();
    if (std::string(row.name) == "CudaMemory" && std::string(device) == "auto" && access("/dev/nvidiactl", F_OK) == 0)
        GTEST_SKIP() << "a GPU is here, on which auto does take CUDA memory; the tests of CUDA memory have it";
    ElementHarness harness(std::string("cudazerocopy kernel=invert device=") + device, "");
    if (row.downstream != nullptr)
        gst_harness_set_sink_caps_str(harness.get(), row.downstream);
    const CapsPtr upstream = capsFrom(row.upstream);
    ASSERT_NE(upstream, nullptr) << row.upstream;

    const CapsPtr found = agreed(harness.get(), upstream.get());
    if (row.expected.empty()) {
        EXPECT_EQ(found, nullptr) << GCharPtr(gst_caps_to_string(found.get())).get();
        // And whoever does not ask is refused in order.
        offer(harness.get(), upstream.get());
        EXPECT_NE(harness.push(gap()), GST_FLOW_OK);
        EXPECT_EQ(harness.pull(), nullptr);
        return;
    }
    const CapsPtr expected = capsFrom(row.expected);
    ASSERT_NE(found, nullptr);
    EXPECT_TRUE(gst_caps_is_equal(found.get(), expected.get())) << GCharPtr(gst_caps_to_string(found.get())).get();
    offer(harness.get(), found.get());
    EXPECT_EQ(harness.push(gap()), GST_FLOW_OK);
    const CapsPtr sent(gst_pad_get_current_caps(harness.get()->sinkpad));
    ASSERT_NE(sent, nullptr);
    EXPECT_TRUE(gst_caps_is_equal(sent.get(), expected.get())) << GCharPtr(gst_caps_to_string(sent.get())).get();
    EXPECT_NE(harness.pull(), nullptr);
    EXPECT_EQ(lines(textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR)), "");
}

INSTANTIATE_TEST_SUITE_P(Table, Negotiation,
                         testing::Combine(testing::Values("auto", "cpu"), testing::ValuesIn(cases())),
                         [](const auto &test) {
                             return std::string(std::get<0>(test.param)) + "_" + std::get<1>(test.param).name;
                         });

struct Refused {
    const char *name;
    std::string caps;
    std::size_t errors = 1;
};

// Caps that match the template, or at least one version's idea of it, and cannot be worked on.
TEST(RefusedCaps, NoBufferPasses)
{
    const Refused cases[] = {
        {"no size", "video/x-raw,format=NV12"},
        {"no format", "video/x-raw,width=64,height=48"},
        {"huge", "video/x-raw,format=NV12,width=2147483647,height=2147483647"},
        {"zero", "video/x-raw,format=NV12,width=0,height=48", 0},
        {"negative", "video/x-raw,format=NV12,width=-64,height=48", 0},
        {"size as text", "video/x-raw,format=NV12,width=(string)wide,height=48", 0},
        {"format as number", "video/x-raw,format=12,width=64,height=48", 0},
        {"no drm-format", "video/x-raw(memory:DMABuf),format=DMA_DRM,width=64,height=48"},
        {"alternate", "video/x-raw,format=NV12,width=64,height=48,interlace-mode=alternate"},
        {"fields apart", "video/x-raw,format=NV12,width=64,height=48,interlace-mode=fields"},
    };
    for (const Refused &test : cases) {
        ElementHarness harness("cudazerocopy kernel=invert", "");
        const CapsPtr caps = capsFrom(test.caps);
        ASSERT_NE(caps, nullptr) << test.name;
        offer(harness.get(), caps.get());
        EXPECT_NE(harness.push(gap()), GST_FLOW_OK) << test.name;
        EXPECT_EQ(harness.pull(), nullptr) << test.name;
        // None where the base class refuses what the template does not list.
        EXPECT_EQ(harness.posted(GST_MESSAGE_ERROR).size(), test.errors) << test.name;
    }
}

TEST(Offer, TemplatesAreEqualAndDmabufComesFirst)
{
    const Alone alone;
    const CapsPtr sink(gst_pad_query_caps(GST_PAD(alone.get()->sinkpads->data), nullptr));
    const CapsPtr src(gst_pad_query_caps(GST_PAD(alone.get()->srcpads->data), nullptr));
    EXPECT_TRUE(gst_caps_is_strictly_equal(sink.get(), src.get()));
    // CUDA memory comes before all, where this build knows it.
    const guint first = gst_caps_features_contains(gst_caps_get_features(sink.get(), 0), "memory:CUDAMemory") ? 1 : 0;
    ASSERT_EQ(gst_caps_get_size(sink.get()), first + 3);
    const GstStructure *drm = gst_caps_get_structure(sink.get(), first);
    EXPECT_STREQ(gst_structure_get_string(drm, "format"), "DMA_DRM");
    EXPECT_TRUE(gst_structure_has_field(drm, "drm-format")) << "without it, tiled layouts would be accepted";
    EXPECT_TRUE(gst_caps_features_contains(gst_caps_get_features(sink.get(), first), "memory:DMABuf"));
    EXPECT_TRUE(gst_caps_features_contains(gst_caps_get_features(sink.get(), first + 1), "memory:DMABuf"));
    EXPECT_TRUE(gst_caps_features_is_equal(gst_caps_get_features(sink.get(), first + 2),
                                           GST_CAPS_FEATURES_MEMORY_SYSTEM_MEMORY));
    const CapsPtr any(gst_caps_new_any());
    EXPECT_FALSE(gst_caps_is_subset(any.get(), sink.get()));
}

TEST(Offer, FilterComesFirst)
{
    ElementHarness harness("cudazerocopy", "");
    const CapsPtr filter = capsFrom("video/x-raw,format=YUY2;video/x-raw,format=NV12");
    const CapsPtr result(gst_pad_peer_query_caps(harness.get()->srcpad, filter.get()));
    ASSERT_EQ(gst_caps_get_size(result.get()), 2U);
    EXPECT_STREQ(gst_structure_get_string(gst_caps_get_structure(result.get(), 0), "format"), "YUY2");
    const CapsPtr empty(gst_caps_new_empty());
    EXPECT_TRUE(gst_caps_is_empty(CapsPtr(gst_pad_peer_query_caps(harness.get()->srcpad, empty.get())).get()));
}

// What it says with a driver is said in test_cuda_absent.cpp.
TEST(Device, CudaWithoutADriverIsAClearErrorAtStart)
{
    if (void *library = dlopen("libcuda.so.1", RTLD_LAZY); library != nullptr) {
        dlclose(library);
        GTEST_SKIP() << "this machine has an NVIDIA driver";
    }
    const Alone alone("cudazerocopy device=cuda");
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    const auto errors = textsOf(alone.bus.get(), GST_MESSAGE_ERROR);
    ASSERT_EQ(errors.size(), 1U) << lines(errors);
    EXPECT_TRUE(contains(errors[0], "device=cuda")) << errors[0];
    EXPECT_TRUE(contains(errors[0], "looked for libcuda.so.1")) << errors[0];
    EXPECT_TRUE(contains(errors[0], "device=cpu")) << errors[0];
    gst_element_set_state(alone.get(), GST_STATE_NULL);
    set(alone.get(), "device", "cpu");
    EXPECT_NE(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
}

// A laptop that never had an NVIDIA GPU is told nothing.
TEST(Device, AutoWithoutADriverIsSilent)
{
    ElementHarness harness("cudazerocopy kernel=invert", rawCaps("GRAY8", 4, 4));
    EXPECT_TRUE(allBytesAre(pass(harness, filled(16, 0x10)), 0xef));
    EXPECT_EQ(lines(textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_WARNING)), "");
}

TEST(Caps, ChangeWhilePlaying)
{
    ElementHarness harness("cudazerocopy kernel=invert", rawCaps("GRAY8", 4, 4));
    EXPECT_TRUE(allBytesAre(pass(harness, filled(16, 0x10)), 0xef));
    gst_harness_set_src_caps_str(harness.get(), rawCaps("GRAY8", 8, 2).c_str());
    EXPECT_TRUE(allBytesAre(pass(harness, filled(16, 0x20)), 0xdf));
    gst_harness_set_src_caps_str(harness.get(), rawCaps("Y444", 4, 4).c_str());
    const Buffer out = pass(harness, filled(48, 0x40));
    EXPECT_EQ(byteOf(out, 0), 16 + 235 - 0x40) << "luma in limited range";
    EXPECT_EQ(byteOf(out, 16), 256 - 0x40);
    EXPECT_EQ(byteOf(out, 47), 256 - 0x40);
}

} // namespace
} // namespace zc::test
