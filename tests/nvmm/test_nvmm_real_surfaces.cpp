// SPDX-License-Identifier: MIT
// Surfaces of NVIDIA's own library on a real GPU, made by the test source: every memory type, batches, both ways of
// allocation. Skipped without them.
#include "nvmm_rig.hpp"

#include "cuda/driver.hpp"
#include "cuda/handles.hpp"
#include "gstcudazerocopy.h"

#include <cstdlib>

namespace zc::test {
namespace {

constexpr unsigned kBatch = 4, kFilled = 3;
constexpr int kWidth = 322, kHeight = 182;

class NvmmRealSurfaces : public testing::Test {
protected:
    void SetUp() override
    {
        static const bool known = GST_ELEMENT_REGISTER(cudazerocopy, nullptr);
        ASSERT_TRUE(known);
        if (const auto driver = cuda::driver(); !driver)
            GTEST_SKIP() << driver.status().message();
        std::string why;
        library_ = nvmm_test::library(why);
        if (library_ == nullptr)
            GTEST_SKIP() << why;
        if (library_->plane != nullptr)
            GTEST_SKIP() << "libnvbufsurface.so is a stand-in";
    }

    // The planes of one picture as the caps lay them out, through the driver.
    Bytes download(void *surface, const GstVideoInfo &info, std::uint32_t index)
    {
        const cuda::Driver &d = *cuda::driverIfOpen();
        const fake_nvbuf::Batch batch(surface, library_->newAbi);
        const fake_nvbuf::Params &params = batch[index];
        const FormatInfo &format = formatInfo(formatFromName(gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(&info))));
        Bytes all(info.size);
        cuda::Context context = nullptr;
        EXPECT_EQ(d.primaryCtxRetain(&context, 0), cuda::kSuccess);
        EXPECT_EQ(d.ctxPushCurrent(context), cuda::kSuccess);
        for (int plane = 0; plane < format.planes; ++plane) {
            cuda::Memcpy2D c{};
            c.srcMemoryType = cuda::kMemoryDevice;
            c.srcDevice = reinterpret_cast<cuda::Address>(params.dataPtr) + params.planes.offset[plane];
            c.srcPitch = params.planes.pitch[plane];
            c.dstMemoryType = cuda::kMemoryHost;
            c.dstHost = all.data() + info.offset[plane];
            c.dstPitch = static_cast<std::size_t>(info.stride[plane]);
            c.widthInBytes = static_cast<std::size_t>(rowBytes(format, plane, GST_VIDEO_INFO_WIDTH(&info)));
            c.height = static_cast<std::size_t>(planeRows(format, plane, GST_VIDEO_INFO_HEIGHT(&info)));
            EXPECT_EQ(d.memcpy2DAsync(&c, nullptr), cuda::kSuccess);
        }
        EXPECT_EQ(d.streamSynchronize(nullptr), cuda::kSuccess);
        EXPECT_EQ(d.ctxPopCurrent(&context), cuda::kSuccess);
        EXPECT_EQ(d.primaryCtxRelease(0), cuda::kSuccess);
        return all;
    }

    static int difference(const char *format, const Bytes &a, const Bytes &b)
    {
        if (std::strcmp(format, "P010_10LE") != 0)
            return biggestDifference(a, b);
        int most = a.size() == b.size() ? 0 : 1024;
        for (std::size_t i = 0; most < 1024 && i + 1 < a.size(); i += 2)
            most = std::max(most, std::abs((a[i] | a[i + 1] << 8) - (b[i] | b[i + 1] << 8)) / 64);
        return most;
    }

    void run(nvmm_test::Settings settings, const char *format, const char *kernel)
    {
        const std::string what = std::string(format) + " " + kernel + " memType " + std::to_string(settings.memType) +
                                 (settings.contiguous ? " contiguous" : "");
        settings.batchSize = kBatch;
        settings.numFilled = kFilled;
        NvmmFeed feed(settings, nvmmCaps(format, kWidth, kHeight));
        ElementHarness harness(std::string("cudazerocopy zero-copy=required kernel=\"") + kernel + "\"", feed.caps());
        for (guint64 frame = 0; frame < 6; ++frame) {
            Buffer buffer = feed.next();
            ASSERT_NE(buffer, nullptr) << what;
            void *surface = surfaceOf(buffer);
            const Buffer out = pass(harness, std::move(buffer));
            ASSERT_NE(out, nullptr) << what << ": "
                                    << lines(textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR));
            EXPECT_EQ(surfaceOf(out), surface) << what;
            for (unsigned i = 0; i < kBatch; ++i) {
                const Bytes before = drawn(feed.info(), frame, i);
                const Bytes wanted = i < kFilled ? after(kernel, feed.info(), before) : before;
                EXPECT_LE(difference(format, download(surface, feed.info(), i), wanted), i < kFilled ? 1 : 0)
                    << what << " frame " << frame << " picture " << i;
            }
        }
        EXPECT_EQ(harness.stat("in-place"), 6u) << what;
        EXPECT_EQ(harness.stat("copied"), 0u) << what;
        EXPECT_EQ(harness.stat("imports"), 4u) << what;
    }

    const nvmm_test::Library *library_ = nullptr;
};

TEST_F(NvmmRealSurfaces, BatchesOfEveryKind)
{
    for (const int memType : {fake_nvbuf::kMemCudaPinned, fake_nvbuf::kMemCudaDevice, fake_nvbuf::kMemCudaUnified})
        for (const char *format : {"NV12", "I420", "P010_10LE", "RGBA"})
            for (const char *kernel : {"invert", "adjust,brightness=0.1,saturation=0.4"})
                run(surfaces(memType), format, kernel);
}

TEST_F(NvmmRealSurfaces, ContiguousBatches)
{
    nvmm_test::Settings settings = surfaces(fake_nvbuf::kMemCudaDevice);
    settings.contiguous = true;
    run(settings, "NV12", "invert");
}

TEST_F(NvmmRealSurfaces, DecodersAndConvertersAllocators)
{
    for (const Producer producer : {Producer::Decoder, Producer::Converter}) {
        nvmm_test::Settings settings = surfaces(fake_nvbuf::kMemCudaDevice);
        settings.producer = producer;
        run(settings, "NV12", "invert");
    }
}

// What is wrong must be refused by the real library's and the real driver's word, too.
TEST_F(NvmmRealSurfaces, WrongAddresses)
{
    for (const Break how : {Break::ForeignData, Break::NullData, Break::FreedData, Break::PlaneOutside}) {
        nvmm_test::Settings settings = surfaces(fake_nvbuf::kMemCudaDevice);
        settings.fault = how;
        NvmmFeed feed(settings, nvmmCaps("NV12", kWidth, kHeight));
        ElementHarness harness("cudazerocopy kernel=invert", feed.caps());
        EXPECT_EQ(harness.push(feed.next()), GST_FLOW_ERROR) << static_cast<int>(how);
        EXPECT_FALSE(onlyError(harness).empty());
    }
}

} // namespace
} // namespace zc::test
