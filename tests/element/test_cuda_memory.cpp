// SPDX-License-Identifier: MIT
// memory:CUDAMemory on the stand-in driver: which buffer, context and stream are used, what is called and how often,
// and what becomes of it when a call fails. The stand-in's zc_rows_* invert the bytes that they are given.
#include "cuda_rig.hpp"

#include "copy_detector.hpp"
#include "fake_cuda.h"
#include "memory/cuda_memory.hpp"
#include "rig.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <span>

namespace zc::test {
namespace {

constexpr int kWidth = 64, kHeight = 32;

// Bytes of the buffer's memory as the stand-in holds them.
std::span<std::uint8_t> deviceBytes(const Buffer &buffer)
{
    return {deviceAddress(buffer), gst_buffer_get_size(buffer.get())};
}

Buffer filledOnDevice(const CudaSource &source, std::uint8_t value)
{
    Buffer buffer = source.acquire();
    std::ranges::fill(deviceBytes(buffer), value);
    return buffer;
}

// Whether every visible byte of the picture is that.
bool visibleBytesAre(const GstVideoInfo &info, const Buffer &buffer, std::uint8_t value)
{
    const GstVideoMeta *meta = gst_buffer_get_video_meta(buffer.get());
    const std::uint8_t *base = deviceAddress(buffer);
    for (guint plane = 0; plane < GST_VIDEO_INFO_N_PLANES(&info); ++plane) {
        gint components[GST_VIDEO_MAX_COMPONENTS];
        gst_video_format_info_component(info.finfo, plane, components);
        const auto *first = base + meta->offset[plane];
        const int rows = GST_VIDEO_INFO_COMP_HEIGHT(&info, components[0]);
        const int bytes =
            GST_VIDEO_INFO_COMP_WIDTH(&info, components[0]) * GST_VIDEO_INFO_COMP_PSTRIDE(&info, components[0]);
        for (int y = 0; y < rows; ++y) {
            if (!std::all_of(first + y * meta->stride[plane], first + y * meta->stride[plane] + bytes,
                             [value](std::uint8_t b) { return b == value; }))
                return false;
        }
    }
    return true;
}

unsigned long waits()
{
    return zc_fake_calls("cuEventSynchronize") + zc_fake_calls("cuStreamSynchronize") +
           zc_fake_calls("cuCtxSynchronize");
}

unsigned long long hostCopies()
{
    return zc_fake_copied("htod") + zc_fake_copied("dtoh");
}

// Everything that a steady stream may not do.
unsigned long newThings()
{
    unsigned long sum = 0;
    for (const char *call : {"cuMemAlloc_v2", "cuMemAllocPitch_v2", "cuMemAllocHost_v2", "cuMemHostRegister_v2",
                             "cuModuleLoadData", "cuStreamCreate", "cuEventCreate", "cuCtxCreate_v2",
                             "cuDevicePrimaryCtxRetain", "cuModuleGetFunction", "cuCtxEnablePeerAccess"})
        sum += zc_fake_calls(call);
    return sum;
}

class CudaMemory : public testing::Test {
protected:
    CudaMemory()
    {
        zc_fake_reset();
        context = makeCudaContext();
    }
    ~CudaMemory() override { EXPECT_STREQ(zc_fake_misuse(), ""); }

    CudaContextPtr context;
};

TEST_F(CudaMemory, LeavesAsItCame)
{
    const CudaSource source(context.get(), cudaCaps("NV12", kWidth, kHeight));
    ElementHarness h("cudazerocopy kernel=invert zero-copy=required", cudaCaps("NV12", kWidth, kHeight));
    Buffer in = filledOnDevice(source, 0x21);
    const CopyDetector detector;
    GstBuffer *buffer = in.get();
    GstMemory *memory = gst_buffer_peek_memory(buffer, 0);
    const void *address = deviceAddress(in);
    ASSERT_EQ(h.push(std::move(in)), GST_FLOW_OK);
    const Buffer out = h.pull();
    ASSERT_NE(out, nullptr);
    EXPECT_EQ(out.get(), buffer);
    EXPECT_EQ(gst_buffer_peek_memory(out.get(), 0), memory);
    EXPECT_EQ(deviceAddress(out), address);
    EXPECT_TRUE(visibleBytesAre(source.info(), out, 0xde));
    EXPECT_EQ(zc_fake_launches("zc_rows_"), 1U);
    EXPECT_EQ(hostCopies(), 0U);
    EXPECT_TRUE(detector.copies().empty());
    EXPECT_EQ(h.stat("in-place"), 1U);
    EXPECT_EQ(h.stat("copied"), 0U);
    EXPECT_NE(statTextOf(h.element(), "device").find("cuda"), std::string::npos);
}

// Later maps of the CPU see what the kernel wrote, and the kernel sees what the CPU wrote before.
TEST_F(CudaMemory, TransfersAreGstreamersOwn)
{
    const CudaSource source(context.get(), cudaCaps("NV12", kWidth, kHeight));
    ElementHarness h("cudazerocopy kernel=invert", cudaCaps("NV12", kWidth, kHeight));
    Buffer in = filledOnDevice(source, 0);
    gst_buffer_memset(in.get(), 0, 0x11, gst_buffer_get_size(in.get()));
    const Buffer out = pass(h, std::move(in));
    EXPECT_TRUE(visibleBytesAre(source.info(), out, 0xee));
    std::uint8_t first = 0;
    gst_buffer_extract(out.get(), 0, &first, 1);
    EXPECT_EQ(first, 0xee);
}

TEST_F(CudaMemory, WorksInTheBuffersContextAndTellsNeighbours)
{
    const CudaContextPtr other = makeCudaContext();
    const CudaSource source(other.get(), cudaCaps("RGBA", kWidth, kHeight));
    ElementHarness h("cudazerocopy kernel=invert", cudaCaps("RGBA", kWidth, kHeight));
    gst_element_set_context(h.element(), gst::ContextPtr(gst_context_new_cuda_context(context.get())).get());
    ASSERT_NE(pass(h, filledOnDevice(source, 1)), nullptr);
    GstQuery *query = gst_query_new_context(GST_CUDA_CONTEXT_TYPE);
    ASSERT_TRUE(gst_pad_peer_query(h.get()->srcpad, query));
    GstContext *answer = nullptr;
    gst_query_parse_context(query, &answer);
    ASSERT_NE(answer, nullptr);
    GstCudaContext *told = nullptr;
    gst_structure_get(gst_context_get_structure(answer), GST_CUDA_CONTEXT_TYPE, GST_TYPE_CUDA_CONTEXT, &told, nullptr);
    EXPECT_EQ(told, other.get());
    gst_clear_object(&told);
    gst_query_unref(query);
    EXPECT_EQ(zc_fake_calls("cuCtxCreate_v2"), 2U) << "a context of its own besides the two of this test";
    EXPECT_EQ(zc_fake_calls("cuDevicePrimaryCtxRetain"), 0U);
}

// The pool that upstream is offered where downstream has none, and where there is one.
TEST_F(CudaMemory, ProposesAPoolInTheApplicationsContext)
{
    ElementHarness h("cudazerocopy kernel=invert", "");
    gst_element_set_context(h.element(), gst::ContextPtr(gst_context_new_cuda_context(context.get())).get());
    const std::string text = cudaCaps("NV12", kWidth, kHeight);
    gst_harness_set_src_caps_str(h.get(), text.c_str());
    const gst::CapsPtr caps = gst::test::capsFrom(text);
    GstQuery *query = gst_query_new_allocation(caps.get(), TRUE);
    ASSERT_TRUE(gst_pad_peer_query(h.get()->srcpad, query));
    ASSERT_EQ(gst_query_get_n_allocation_pools(query), 1U);
    GstBufferPool *pool = nullptr;
    gst_query_parse_nth_allocation_pool(query, 0, &pool, nullptr, nullptr, nullptr);
    ASSERT_TRUE(GST_IS_CUDA_BUFFER_POOL(pool));
    EXPECT_EQ(GST_CUDA_BUFFER_POOL(pool)->context, context.get());
    gst_object_unref(pool);
    gst_query_unref(query);
    EXPECT_EQ(zc_fake_calls("cuCtxCreate_v2"), 1U);
}

TEST_F(CudaMemory, MakesAContextOnlyWhereNobodyHasOneAndSaysSo)
{
    context.reset();
    const unsigned long before = zc_fake_calls("cuCtxCreate_v2");
    {
        ElementHarness h("cudazerocopy cuda-device-id=0", cudaCaps("NV12", kWidth, kHeight));
        (void)h.posted(GST_MESSAGE_ANY);
        EXPECT_EQ(zc_fake_calls("cuCtxCreate_v2"), before);
        const gst::CapsPtr caps = gst::test::capsFrom(cudaCaps("NV12", kWidth, kHeight));
        GstQuery *query = gst_query_new_allocation(caps.get(), TRUE);
        EXPECT_TRUE(gst_pad_peer_query(h.get()->srcpad, query));
        gst_query_unref(query);
        EXPECT_EQ(zc_fake_calls("cuCtxCreate_v2"), before + 1);
        EXPECT_EQ(h.posted(static_cast<GstMessageType>(GST_MESSAGE_NEED_CONTEXT | GST_MESSAGE_HAVE_CONTEXT)).size(),
                  2U);
    }
    EXPECT_EQ(zc_fake_live("context"), 0U) << zc_fake_live_text();
}

TEST_F(CudaMemory, QueuesOnTheMemorysStreamOrWaitsOnce)
{
    const CudaSource source(context.get(), cudaCaps("NV12", kWidth, kHeight));
    ElementHarness h("cudazerocopy kernel=invert", cudaCaps("NV12", kWidth, kHeight));
    ASSERT_NE(pass(h, filledOnDevice(source, 1)), nullptr);
    Buffer in = filledOnDevice(source, 1);
    const unsigned long before = waits();
    const Buffer out = pass(h, std::move(in));
#ifdef ZC_GST_CUDA_STREAMS
    EXPECT_EQ(waits(), before);
    EXPECT_TRUE(GST_MEMORY_FLAG_IS_SET(cudaMemory(out), GST_CUDA_MEMORY_TRANSFER_NEED_SYNC));
    gst_cuda_memory_sync(cudaMemory(out));
#else
    EXPECT_EQ(waits(), before + 1);
#endif
}

#ifdef ZC_GST_CUDA_STREAMS
TEST_F(CudaMemory, WaitsForMemoryWithoutAStream)
{
    const CudaSource source(context.get(), cudaCaps("NV12", kWidth, kHeight), false);
    ElementHarness h("cudazerocopy kernel=invert", cudaCaps("NV12", kWidth, kHeight));
    Buffer in = filledOnDevice(source, 1);
    const unsigned long before = waits();
    ASSERT_NE(pass(h, std::move(in)), nullptr);
    EXPECT_EQ(waits(), before + 1);
}

TEST_F(CudaMemory, AnotherProcesssMemoryCountsAsShared)
{
    const std::string caps = cudaCaps("NV12", kWidth, kHeight);
    const CudaSource source(context.get(), caps);
    const Buffer lent = filledOnDevice(source, 1);
    const GstVideoInfo info = cudaMemory(lent)->info;
    const auto address = reinterpret_cast<CUdeviceptr>(deviceAddress(lent));
    static int data = 0;
    GstMemory *memory =
        gst_cuda_allocator_alloc_wrapped(nullptr, context.get(), nullptr, &info, address, &data, [](gpointer) {});
    GST_MINI_OBJECT_FLAG_SET(memory, GST_MEMORY_FLAG_READONLY);
    Buffer buffer(gst_buffer_new());
    gst_buffer_append_memory(buffer.get(), memory);
    ElementHarness h("cudazerocopy kernel=invert on-shared=error", caps);
    EXPECT_EQ(h.push(std::move(buffer)), GST_FLOW_ERROR);
    const auto errors = h.posted(GST_MESSAGE_ERROR);
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_NE(errors[0].text.find("another process"), std::string::npos) << errors[0].text;
}
#endif

TEST_F(CudaMemory, SharedFramesAreCopiedOnTheDevice)
{
    const CudaSource source(context.get(), cudaCaps("I420", kWidth, kHeight));
    ElementHarness h("cudazerocopy kernel=invert", cudaCaps("I420", kWidth, kHeight));
    Buffer in = filledOnDevice(source, 0x0f);
    const Buffer held(gst_buffer_ref(in.get()));
    const CopyDetector detector;
    const Buffer out = pass(h, std::move(in));
    ASSERT_NE(out, nullptr);
    EXPECT_NE(out.get(), held.get());
    EXPECT_EQ(cudaMemory(out)->context, context.get());
    EXPECT_TRUE(visibleBytesAre(source.info(), held, 0x0f));
    EXPECT_TRUE(visibleBytesAre(source.info(), out, 0xf0));
    EXPECT_EQ(hostCopies(), 0U);
    EXPECT_EQ(zc_fake_launches("zc_copy_"), 3U);
    EXPECT_EQ(h.stat("copied"), 1U);
    EXPECT_EQ(detector.copies().size(), 1U) << "only the element's own report";
#ifdef ZC_GST_CUDA_STREAMS
    EXPECT_EQ(gst_cuda_memory_get_stream(cudaMemory(out)), gst_cuda_memory_get_stream(cudaMemory(held)));
    // The second time, when the pool is there: neither the copy nor the kernel is waited for.
    Buffer next = filledOnDevice(source, 1);
    const Buffer alsoHeld(gst_buffer_ref(next.get()));
    ASSERT_NE(pass(h, Buffer(gst_buffer_ref(next.get()))), nullptr); // makes the pool's second buffer
    const unsigned long before = waits();
    ASSERT_NE(pass(h, std::move(next)), nullptr);
    EXPECT_EQ(waits(), before);
#endif
}

// What a tee does: two buffers, one memory.
TEST_F(CudaMemory, SharedMemoryIsCopiedOrWrittenAsAsked)
{
    const std::string caps = cudaCaps("NV12", kWidth, kHeight);
    const CudaSource source(context.get(), caps);
    const Buffer original = filledOnDevice(source, 0x0f);
    {
        ElementHarness h("cudazerocopy kernel=invert on-shared=copy", caps);
        const Buffer out = pass(h, Buffer(gst_buffer_copy(original.get())));
        EXPECT_NE(gst_buffer_peek_memory(out.get(), 0), gst_buffer_peek_memory(original.get(), 0));
        EXPECT_TRUE(visibleBytesAre(source.info(), out, 0xf0));
        EXPECT_TRUE(visibleBytesAre(source.info(), original, 0x0f));
    }
    std::uint8_t first = 0;
    gst_buffer_extract(original.get(), 0, &first, 1); // the CPU has a view of its own from here on
    EXPECT_EQ(first, 0x0f);
    ElementHarness h("cudazerocopy kernel=invert on-shared=write", caps);
    const Buffer out = pass(h, Buffer(gst_buffer_copy(original.get())));
    EXPECT_EQ(gst_buffer_peek_memory(out.get(), 0), gst_buffer_peek_memory(original.get(), 0));
    EXPECT_TRUE(visibleBytesAre(source.info(), original, 0xf0));
    gst_buffer_extract(original.get(), 0, &first, 1);
    EXPECT_EQ(first, 0xf0) << "the old view";
}

TEST_F(CudaMemory, CopiesComeOutOfDownstreamsPool)
{
    const std::string caps = cudaCaps("NV12", kWidth, kHeight);
    const CudaSource source(context.get(), caps), downstream(context.get(), caps);
    ElementHarness h("cudazerocopy kernel=invert", "");
    gst_harness_set_propose_allocator(h.get(), nullptr, nullptr);
    const auto propose = [](GstPad *, GstPadProbeInfo *info, gpointer pool) {
        GstQuery *query = GST_PAD_PROBE_INFO_QUERY(info);
        if (GST_QUERY_TYPE(query) != GST_QUERY_ALLOCATION)
            return GST_PAD_PROBE_OK;
        gst_query_add_allocation_pool(query, static_cast<GstBufferPool *>(pool), 4096, 0, 0);
        return GST_PAD_PROBE_HANDLED;
    };
    gst_pad_add_probe(h.get()->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, propose, downstream.pool(), nullptr);
    gst_harness_set_src_caps_str(h.get(), caps.c_str());
    Buffer in = filledOnDevice(source, 1);
    const Buffer held(gst_buffer_ref(in.get()));
    const Buffer out = pass(h, std::move(in));
    ASSERT_NE(out, nullptr);
    EXPECT_EQ(out->pool, downstream.pool());
}

TEST_F(CudaMemory, AllocatesNothingAfterFrameTen)
{
    const std::string caps = cudaCaps("NV12", kWidth, kHeight);
    const CudaSource source(context.get(), caps);
    ElementHarness h("cudazerocopy kernel=invert", caps);
    const auto pushBoth = [&] {
        EXPECT_NE(pass(h, filledOnDevice(source, 1)), nullptr);
        Buffer in = filledOnDevice(source, 1);
        const Buffer held(gst_buffer_ref(in.get()));
        EXPECT_NE(pass(h, std::move(in)), nullptr);
    };
    for (int i = 0; i < 5; ++i)
        pushBoth();
    const unsigned long before = newThings();
    const guint64 imports = h.stat("imports");
    for (int i = 0; i < 10; ++i)
        pushBoth();
    EXPECT_EQ(newThings(), before);
    EXPECT_EQ(h.stat("imports"), imports);
    EXPECT_EQ(h.stat("frames"), 30U);
}

struct Size {
    const char *format;
    int width, height;
};

class CudaLayout : public CudaMemory, public testing::WithParamInterface<Size> {};

// Bytes beside the picture survive, wherever GStreamer puts its planes.
TEST_P(CudaLayout, OnlyThePictureIsTouched)
{
    const auto [format, width, height] = GetParam();
    const std::string caps = cudaCaps(format, width, height);
    const CudaSource source(context.get(), caps);
    ElementHarness h("cudazerocopy kernel=invert", caps);
    const auto expectInverted = [&](const Buffer &out) {
        EXPECT_TRUE(visibleBytesAre(source.info(), out, 0xf0));
        std::int64_t picture = 0;
        const FormatInfo &known = formatInfo(formatFromName(format));
        for (int plane = 0; plane < known.planes; ++plane)
            picture += rowBytes(known, plane, width) * planeRows(known, plane, height);
        EXPECT_EQ(std::ranges::count(deviceBytes(out), std::uint8_t{0xf0}), picture);
    };
    const Buffer described = pass(h, filledOnDevice(source, 0x0f));
    ASSERT_NE(described, nullptr);
    expectInverted(described);

    // Without a GstVideoMeta: the memory knows its pitch itself.
    Buffer bare(gst_buffer_new());
    gst_buffer_append_memory(bare.get(), newCudaMemory(context.get(), source.info()));
    std::ranges::fill(deviceBytes(bare), 0x0f);
    const Buffer out = pass(h, std::move(bare));
    ASSERT_NE(out, nullptr);
    GstVideoInfo own = cudaMemory(out)->info;
    gst_buffer_add_video_meta_full(out.get(), GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_INFO_FORMAT(&own), own.width,
                                   own.height, GST_VIDEO_INFO_N_PLANES(&own), own.offset, own.stride);
    expectInverted(out);
}

INSTANTIATE_TEST_SUITE_P(Formats, CudaLayout,
                         testing::Values(Size{"NV12", 64, 32}, Size{"NV12", 33, 17}, Size{"I420", 33, 17},
                                         Size{"YV12", 1, 1}, Size{"Y42B", 31, 5}, Size{"Y444", 13, 7},
                                         Size{"P010_10LE", 33, 17}, Size{"I420_10LE", 35, 9}, Size{"RGB", 11, 3},
                                         Size{"UYVY", 34, 3}),
                         [](const auto &param) {
                             return std::string(param.param.format) + "_" + std::to_string(param.param.width) + "x" +
                                    std::to_string(param.param.height);
                         });

TEST_F(CudaMemory, AnotherGpuThanAskedForIsAnErrorThatNamesBoth)
{
    context.reset();
    zc_fake_set_devices(2);
    context = makeCudaContext(1);
    ASSERT_NE(context, nullptr);
    const std::string caps = cudaCaps("NV12", kWidth, kHeight);
    const CudaSource source(context.get(), caps);
    ElementHarness h("cudazerocopy kernel=invert cuda-device-id=0", caps);
    EXPECT_EQ(h.push(filledOnDevice(source, 1)), GST_FLOW_ERROR);
    const auto errors = h.posted(GST_MESSAGE_ERROR);
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_NE(errors[0].text.find("GPU 1"), std::string::npos) << errors[0].text;
    EXPECT_NE(errors[0].text.find("cuda-device-id=0"), std::string::npos) << errors[0].text;
}

TEST_F(CudaMemory, DeviceCpuRefusesItsCaps)
{
    ElementHarness h("cudazerocopy kernel=invert device=cpu", "");
    const gst::CapsPtr caps = gst::test::capsFrom(cudaCaps("NV12", kWidth, kHeight));
    GstCaps *offered = gst_pad_peer_query_caps(h.get()->srcpad, nullptr);
    EXPECT_FALSE(gst_caps_can_intersect(offered, caps.get()));
    gst_caps_unref(offered);
}

// GStreamer would map it, by a copy down and one up that nobody sees.
TEST_F(CudaMemory, TheCpuDoesNotTakeItUnderPlainCaps)
{
    const CudaSource source(context.get(), cudaCaps("NV12", kWidth, kHeight));
    ElementHarness h("cudazerocopy kernel=invert device=cpu", rawCaps("NV12", kWidth, kHeight));
    EXPECT_EQ(h.push(filledOnDevice(source, 1)), GST_FLOW_ERROR);
    const auto errors = h.posted(GST_MESSAGE_ERROR);
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_NE(errors[0].text.find("gst.cuda.memory"), std::string::npos) << errors[0].text;
    EXPECT_EQ(hostCopies(), 0U);
}

// Each driver call of two frames, one of them copied, fails once.
TEST_F(CudaMemory, EveryFailedCallIsOneErrorAndNoLeak)
{
    const std::set<std::string> work = {"cuModuleLoadData", "cuModuleGetFunction", "cuLaunchKernel"};
    std::set<std::string> told; // the rest releases, measures, or is not called on every GStreamer
    const std::string caps = cudaCaps("NV12", kWidth, kHeight);
    const CudaSource source(context.get(), caps);
    { // what is made once and stays
        const Buffer first = source.acquire(), second = source.acquire();
    }
    unsigned long n = 1;
    unsigned long base = 0;
    for (bool struck = true; struck && n < 1000; ++n) {
        const unsigned long alive = zc_fake_live(nullptr);
        const unsigned long before = zc_fake_failures();
        std::string error;
        {
            ElementHarness h("cudazerocopy kernel=invert", caps);
            Buffer first = filledOnDevice(source, 1), second = filledOnDevice(source, 1);
            const Buffer held(gst_buffer_ref(second.get()));
            base = zc_fake_calls_total();
            zc_fake_fail(nullptr, n, 999);
            const bool failed = h.push(std::move(first)) != GST_FLOW_OK || h.push(std::move(second)) != GST_FLOW_OK;
            const auto errors = h.posted(GST_MESSAGE_ERROR);
            EXPECT_EQ(errors.size(), failed ? 1U : 0U) << "call " << n;
            error = errors.empty() ? "" : errors[0].text;
            while (h.pull())
                ;
        }
        struck = zc_fake_failures() != before;
        const char *name = zc_fake_call_name(base + n);
        const std::string call = name != nullptr ? name : "none";
        // What fails within GStreamer's library says no more than that.
        EXPECT_TRUE(error.empty() || contains(error, "CUDA_ERROR_UNKNOWN") ||
                    (contains(error, "CUDA memory") && !work.contains(call)))
            << call << ": " << error;
        EXPECT_TRUE(!error.empty() || !work.contains(call)) << call << " failed in silence";
        if (!error.empty())
            told.insert(call);
        zc_fake_reset();
        // Without its context nothing can be given back; what the stop then leaves behind goes with the context.
        if (call != "cuCtxPushCurrent_v2") {
            EXPECT_EQ(zc_fake_live(nullptr), alive) << "after failing call " << n << ", " << call << ":\n"
                                                    << zc_fake_live_text();
        }
    }
    EXPECT_GT(n, 10U);
    EXPECT_LT(n, 1000U);
    EXPECT_TRUE(std::ranges::includes(told, work)) << "told of " << told.size() << " calls only";
}

TEST_F(CudaMemory, ALostGpuIsOneErrorAndNoHang)
{
    const std::string caps = cudaCaps("NV12", kWidth, kHeight);
    const CudaSource source(context.get(), caps);
    ElementHarness h("cudazerocopy kernel=invert", caps);
    ASSERT_NE(pass(h, filledOnDevice(source, 1)), nullptr);
    Buffer first = filledOnDevice(source, 1), second = filledOnDevice(source, 1);
    zc_fake_lose(700);
    EXPECT_EQ(h.push(std::move(first)), GST_FLOW_ERROR);
    EXPECT_EQ(h.push(std::move(second)), GST_FLOW_ERROR);
    EXPECT_EQ(h.posted(GST_MESSAGE_ERROR).size(), 1U);
    zc_fake_lose(0);
}

} // namespace
} // namespace zc::test
