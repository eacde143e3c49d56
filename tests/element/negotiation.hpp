// SPDX-License-Identifier: MIT
// What is offered to the element from both sides, and what comes of it: a table for each device.
#pragma once

#include "rig.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace zc::test {

inline constexpr const char *kSize = ",width=64,height=48,framerate=30/1";
inline constexpr const char *kAllFormats[] = {
    "NV12", "NV21", "I420", "YV12", "NV16",      "Y42B",       "YUY2",    "UYVY",     "Y444",
    "NV24", "RGBA", "BGRA", "RGBx", "BGRx",      "P010_10LE",  "P012_LE", "ARGB",     "ABGR",
    "xRGB", "xBGR", "RGB",  "BGR",  "I420_10LE", "RGB10A2_LE", "GRAY8",   "GRAY16_LE"};

struct NegotiationCase {
    const char *name;
    std::string upstream;   // what is offered
    const char *downstream; // null: ANY
    std::string expected;   // what both sides end up with; empty: nothing
    bool onGpu = false;     // nothing, unless there is a GPU and the build knows CUDA memory
};

inline void PrintTo(const NegotiationCase &row, std::ostream *out)
{
    *out << row.name;
}

inline std::string sized(const std::string &caps)
{
    return caps + kSize;
}

inline std::vector<NegotiationCase> negotiationCases()
{
    const std::string dmabuf = "video/x-raw(memory:DMABuf),format=";
    const std::string drm = dmabuf + "DMA_DRM,drm-format=";
    const std::string cuda = "video/x-raw(memory:CUDAMemory),format=";
    const std::string nvmm = "video/x-raw(memory:NVMM),format=";
    const std::string plain = "video/x-raw,format=";
    const std::string tiled = "(string)NV12:0x0100000000000002";
    std::vector<NegotiationCase> all = {
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
        {"Nvmm", sized(nvmm + "NV12"), nullptr, sized(nvmm + "NV12")},
        {"NvmmKeepsFieldsOfOthers",
         sized(nvmm + "RGBA,batch-size=4,num-surfaces-per-frame=1,gpu-id=0,block-linear=false,"
                      "nvbuf-memory-type=nvbuf-mem-cuda-device"),
         "video/x-raw(memory:NVMM),format={NV12,RGBA}",
         sized(nvmm + "RGBA,batch-size=4,num-surfaces-per-frame=1,gpu-id=0,block-linear=false,"
                      "nvbuf-memory-type=nvbuf-mem-cuda-device")},
        {"NvmmIsNotPlain", sized(nvmm + "NV12"), "video/x-raw,format=NV12"},
        {"NvmmThatNoSurfaceHolds", sized(nvmm + "I420_10LE"), nullptr},
        {"CudaMemory", sized(cuda + "NV12"), nullptr, sized(cuda + "NV12"), true},
        {"CudaMemoryOnBothSides", sized(cuda + "{NV12,BGRA}"), "video/x-raw(memory:CUDAMemory),format=BGRA",
         sized(cuda + "BGRA"), true},
        {"CudaMemoryIsNotPlain", sized(cuda + "NV12"), "video/x-raw,format=NV12"},
        {"PlainIsNotCudaMemory", sized(plain + "NV12"), "video/x-raw(memory:CUDAMemory),format=NV12"},
        {"CudaMemoryThatCannotHoldTheFormat", sized(cuda + "GRAY8"), nullptr},
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

// Fixed caps of what the element lets through, or null.
inline CapsPtr agreed(GstHarness *harness, GstCaps *upstream)
{
    CapsPtr both(gst_pad_peer_query_caps(harness->srcpad, upstream));
    if (gst_caps_is_empty(both.get()))
        return nullptr;
    return CapsPtr(gst_caps_fixate(both.release()));
}

// A buffer that no kernel looks at: only the caps matter here.
inline Buffer gapFrame()
{
    Buffer buffer = filled(1, 0, 0);
    GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_GAP);
    return buffer;
}

// Offers the row's caps to an element on that device, and expects these (empty: a refusal) on both of its sides.
inline void expectNegotiated(const char *device, const NegotiationCase &row, const std::string &wanted)
{
    ElementHarness harness(std::string("cudazerocopy kernel=invert device=") + device, "");
    if (row.downstream != nullptr)
        gst_harness_set_sink_caps_str(harness.get(), row.downstream);
    const CapsPtr upstream = capsFrom(row.upstream);
    ASSERT_NE(upstream, nullptr) << row.upstream;

    const CapsPtr found = agreed(harness.get(), upstream.get());
    if (wanted.empty()) {
        EXPECT_EQ(found, nullptr) << GCharPtr(gst_caps_to_string(found.get())).get();
        // And whoever does not ask is refused in order.
        const CapsPtr fixed(gst_caps_fixate(gst_caps_copy(upstream.get())));
        offer(harness.get(), fixed.get());
        EXPECT_NE(harness.push(gapFrame()), GST_FLOW_OK);
        EXPECT_EQ(harness.pull(), nullptr);
        return;
    }
    const CapsPtr expected = capsFrom(wanted);
    ASSERT_NE(found, nullptr);
    EXPECT_TRUE(gst_caps_is_equal(found.get(), expected.get())) << GCharPtr(gst_caps_to_string(found.get())).get();
    offer(harness.get(), found.get());
    EXPECT_EQ(harness.push(gapFrame()), GST_FLOW_OK);
    const CapsPtr sent(gst_pad_get_current_caps(harness.get()->sinkpad));
    ASSERT_NE(sent, nullptr);
    EXPECT_TRUE(gst_caps_is_equal(sent.get(), expected.get())) << GCharPtr(gst_caps_to_string(sent.get())).get();
    EXPECT_NE(harness.pull(), nullptr);
    EXPECT_EQ(lines(textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR)), "");
}

} // namespace zc::test
