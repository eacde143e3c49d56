// SPDX-License-Identifier: MIT
// What a real GPU makes of memory of the CPU, beside what the CPU makes of the same frames. Without a GPU there is
// nothing to compare.
#include "rig.hpp"

#include <algorithm>
#include <cstdlib>
#include <dlfcn.h>
#include <map>

namespace zc::test {
namespace {

constexpr int kWidth = 322, kHeight = 178; // no multiple of anything big
constexpr int kRounding = 1;               // code values that colour kernels may differ by

// A real driver, and a GPU: what the stand-in computes is not worth a look.
bool haveGpu()
{
    void *library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
    if (library == nullptr || dlsym(library, "zc_fake_reset") != nullptr)
        return false;
    const Alone alone("cudazerocopy device=cuda");
    return gst_element_set_state(alone.get(), GST_STATE_PAUSED) != GST_STATE_CHANGE_FAILURE;
}

class CudaPixels : public testing::Test {
protected:
    void SetUp() override
    {
        static const bool gpu = haveGpu();
        if (!gpu)
            GTEST_SKIP() << "no NVIDIA GPU here";
    }
};

struct Case {
    const char *format;
    const char *kernel;
    const char *region;
    Arrangement how;
};

std::string launch(const Case &test, const char *device)
{
    return std::string("cudazerocopy kernel=\"") + test.kernel + "\" region=\"" + test.region + "\" device=" + device;
}

Bytes passed(const Case &test, const char *device, unsigned seed)
{
    const std::string caps = rawCaps(test.format, kWidth, kHeight);
    ElementHarness h(launch(test, device), caps);
    Buffer buffer = makeBuffer(infoOf(caps), test.how, seed);
    const GstBuffer *sent = buffer.get();
    const GstMemory *memory = gst_buffer_peek_memory(buffer.get(), 0);
    EXPECT_EQ(h.push(std::move(buffer)), GST_FLOW_OK) << h.posted(GST_MESSAGE_ERROR)[0].text;
    const Buffer out = h.pull();
    EXPECT_EQ(out.get(), sent);
    EXPECT_EQ(gst_buffer_peek_memory(out.get(), 0), memory);
    EXPECT_EQ(h.stat("in-place"), 1U);
    EXPECT_EQ(statTextOf(h.element(), "device").rfind(device, 0), 0U);
    return storageOf(out.get());
}

// Of 16-bit little-endian samples, the distance in samples; else in bytes.
int difference(const Case &test, const Bytes &a, const Bytes &b)
{
    const std::string format = test.format;
    if (format.find("LE") == std::string::npos || format.rfind("RGB10", 0) == 0)
        return biggestDifference(a, b);
    if (a.size() != b.size())
        return 65536;
    const int step = format.rfind("P010", 0) == 0 ? 64 : 1;
    int most = 0;
    for (std::size_t i = 0; i + 1 < a.size(); i += 2)
        most = std::max(most, std::abs((a[i] | a[i + 1] << 8) - (b[i] | b[i + 1] << 8)) / step);
    return most;
}

class SameAsTheCpu : public CudaPixels, public testing::WithParamInterface<Case> {};

TEST_P(SameAsTheCpu, InPlaceOverTheBus)
{
    const Case &test = GetParam();
    const Bytes cpu = passed(test, "cpu", 5), gpu = passed(test, "cuda", 5);
    const bool exact = std::string(test.kernel) == "invert" || std::string(test.kernel).rfind("flip", 0) == 0;
    EXPECT_LE(difference(test, cpu, gpu), exact ? 0 : kRounding);
    const std::string caps = rawCaps(test.format, kWidth, kHeight);
    EXPECT_NE(gpu, storageOf(makeBuffer(infoOf(caps), test.how, 5).get())) << "nothing happened";
}

std::vector<Case> cases()
{
    const Arrangement plain{.name = "system"}, padded{.name = "padded", .padding = 30, .lead = 64, .describe = true},
        memfd{.name = "memfd", .store = Store::Memfd},
        apart{.name = "apart", .store = Store::Memfd, .split = Split::OneFile},
        mixed{.name = "mixed", .store = Store::Mixed, .split = Split::Apart};
    const char *part = "31,17,101,77;200,90,90,60";
    std::vector<Case> all;
    for (const char *format : {"NV12", "I420", "YUY2", "RGBA", "RGB", "P010_10LE", "GRAY8", "Y444"})
        for (const char *kernel : {"invert", "adjust,brightness=0.1,saturation=0.3", "flip", "box-blur,radius=4"})
            for (const char *region : {"", part})
                all.push_back({format, kernel, region, plain});
    for (const Arrangement &how : {padded, memfd, apart, mixed})
        for (const char *format : {"NV12", "I420"})
            for (const char *kernel : {"invert", "pixelate,block=16"})
                all.push_back({format, kernel, part, how});
    return all;
}

std::string nameOf(const testing::TestParamInfo<Case> &test)
{
    const std::string kernel = test.param.kernel;
    std::string name = std::to_string(test.index) + "_" + test.param.format + "_" + test.param.how.name + "_" +
                       kernel.substr(0, kernel.find(',')) + (*test.param.region != '\0' ? "_part" : "");
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Frames, SameAsTheCpu, testing::ValuesIn(cases()), nameOf);

// As a tee makes it: somebody keeps the frame, which must stay as it was.
TEST_F(CudaPixels, ASharedFrameIsCopiedAndTheOriginalKept)
{
    const std::string caps = rawCaps("NV12", kWidth, kHeight);
    for (const Store store : {Store::System, Store::Memfd}) {
        ElementHarness h("cudazerocopy kernel=invert device=cuda", caps);
        Buffer buffer = makeBuffer(infoOf(caps), {.name = "", .store = store}, 3);
        const Buffer held(gst_buffer_ref(buffer.get()));
        const Bytes before = bytesOf(held.get());
        ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
        const Buffer out = h.pull();
        ASSERT_NE(out, nullptr);
        EXPECT_EQ(bytesOf(held.get()), before);
        EXPECT_EQ(h.stat("copied"), 1U);
        ElementHarness cpu("cudazerocopy kernel=invert device=cpu", caps);
        ASSERT_EQ(cpu.push(makeBuffer(infoOf(caps), {.name = ""}, 3)), GST_FLOW_OK);
        EXPECT_EQ(visible(infoOf(caps), out.get()), visible(infoOf(caps), cpu.pull().get()));
    }
}

// A pool of a few buffers that go round.
TEST_F(CudaPixels, ASteadyStreamImportsAndAllocatesNothing)
{
    const std::string caps = rawCaps("NV12", 1920, 1080);
    for (const Store store : {Store::System, Store::Memfd}) {
        ElementHarness h("cudazerocopy kernel=box-blur device=cuda", caps);
        std::vector<Buffer> pool;
        for (unsigned i = 0; i < 4; ++i)
            pool.push_back(makeBuffer(infoOf(caps), {.name = "", .store = store}, i));
        std::map<std::string, guint64> early;
        for (unsigned i = 0; i < 300; ++i) {
            Buffer &slot = pool[i % pool.size()];
            ASSERT_EQ(h.push(std::move(slot)), GST_FLOW_OK);
            slot = h.pull();
            if (i == 10)
                early = {{"imports", h.stat("imports")}, {"scratch-bytes", h.stat("scratch-bytes")}};
        }
        for (const auto &[field, value] : early)
            EXPECT_EQ(h.stat(field.c_str()), value) << field;
        EXPECT_EQ(h.stat("imports"), pool.size());
        EXPECT_EQ(h.stat("cache-hits"), 300 - pool.size());
        EXPECT_GT(h.stat("gpu-time-mean"), 0U);
        EXPECT_LE(h.stat("gpu-time-p50"), h.stat("gpu-time-max"));
    }
}

// Memory of one heap, as appsrc and software decoders give it: ends in the middle of pages.
TEST_F(CudaPixels, NeighboursOfOneHeapAreChangedWhereTheyLie)
{
    const std::string caps = rawCaps("GRAY8", 1000, 3);
    ElementHarness h("cudazerocopy kernel=invert device=cuda", caps);
    std::vector<Buffer> kept;
    for (unsigned i = 0; i < 20; ++i) {
        Buffer buffer = filled(3000, static_cast<guint8>(20 + i));
        ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK) << h.posted(GST_MESSAGE_ERROR)[0].text;
        kept.push_back(h.pull());
    }
    for (unsigned i = 0; i < kept.size(); ++i)
        EXPECT_TRUE(allBytesAre(kept[i], static_cast<guint8>(255 - 20 - i))) << i;
    EXPECT_EQ(h.stat("in-place"), 20U);
}

} // namespace
} // namespace zc::test
