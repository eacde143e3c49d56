// SPDX-License-Identifier: MIT
// Whole pipelines on the stand-in driver, with GStreamer's own cudaupload and cudadownload around the element.
#include "fake_cuda.h"
#include "rig.hpp"

#include <gtest/gtest.h>

#include <string>

namespace zc::test {
namespace {

constexpr GstClockTime kLongest = 60 * GST_SECOND;

// A line of gst-launch, run to its end.
class Played {
public:
    explicit Played(const std::string &line) : pipeline_(GST_ELEMENT(gst_object_ref_sink(makeElement(line))))
    {
        gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
        const BusPtr bus(gst_element_get_bus(pipeline_.get()));
        GstMessage *message = gst_bus_timed_pop_filtered(
            bus.get(), kLongest, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
        EXPECT_NE(message, nullptr) << line << " did not end";
        if (message != nullptr && GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
            GError *error = nullptr;
            gst_message_parse_error(message, &error, nullptr);
            error_ = error->message;
            g_error_free(error);
        }
        if (message != nullptr)
            gst_message_unref(message);
    }
    ~Played() { gst_element_set_state(pipeline_.get(), GST_STATE_NULL); }
    Played(const Played &) = delete;
    Played &operator=(const Played &) = delete;

    const std::string &error() const { return error_; }
    ElementPtr operator[](const char *name) const
    {
        return ElementPtr(gst_bin_get_by_name(GST_BIN(pipeline_.get()), name));
    }
    std::string capsOf(const char *name) const
    {
        const ElementPtr element = (*this)[name];
        GstPad *pad = gst_element_get_static_pad(element.get(), "sink");
        GstCaps *caps = gst_pad_get_current_caps(pad);
        const GCharPtr text(caps != nullptr ? gst_caps_to_string(caps) : g_strdup("(none)"));
        gst_clear_caps(&caps);
        gst_object_unref(pad);
        return text.get();
    }

private:
    ElementPtr pipeline_;
    std::string error_;
};

class CudaPipeline : public testing::Test {
protected:
    CudaPipeline()
    {
        zc_fake_reset();
        GstElementFactory *factory = gst_element_factory_find("cudaupload");
        found = factory != nullptr;
        gst_clear_object(&factory);
    }
    void SetUp() override { ASSERT_TRUE(found) << "nvcodec has no cudaupload; is libnvcuvid.so.1 on LD_LIBRARY_PATH?"; }
    ~CudaPipeline() override
    {
        EXPECT_STREQ(zc_fake_misuse(), "");
        // A thread of the pipeline that finishes its state change may hold it a little longer.
        for (int i = 0; i < 5000 && zc_fake_live(nullptr) != 0; ++i)
            g_usleep(1000);
        EXPECT_EQ(zc_fake_live(nullptr), 0U) << zc_fake_live_text();
    }

    bool found = false;
};

// cudaupload passes system memory through where the next element takes that too, hence the caps behind it.
constexpr const char *kSource = "videotestsrc num-buffers=12 ! video/x-raw,format=NV12,width=64,height=32 ! ";

TEST_F(CudaPipeline, StaysInCudaMemoryBetweenUploadAndDownload)
{
    const Played run(
        std::string(kSource) +
        "cudaupload ! video/x-raw(memory:CUDAMemory) ! cudazerocopy name=z kernel=invert zero-copy=required ! "
        "cudadownload ! video/x-raw ! fakesink");
    EXPECT_EQ(run.error(), "");
    EXPECT_NE(run.capsOf("z").find("memory:CUDAMemory"), std::string::npos) << run.capsOf("z");
    EXPECT_EQ(statOf(run["z"].get(), "in-place"), 12U);
    EXPECT_EQ(statTextOf(run["z"].get(), "memory"), "CUDAMemory");
    EXPECT_EQ(zc_fake_launches("zc_rows_"), 12U);
}

TEST_F(CudaPipeline, SystemMemoryStaysWhereNobodyUploads)
{
    for (const char *sink : {"fakesink", "cudadownload ! fakesink", "cudaupload ! fakesink"}) {
        const Played run(std::string(kSource) + "cudazerocopy name=z kernel=invert ! " + sink);
        EXPECT_EQ(run.error(), "") << sink;
        EXPECT_EQ(run.capsOf("z").find("memory:"), std::string::npos) << sink << ": " << run.capsOf("z");
        EXPECT_EQ(statTextOf(run["z"].get(), "memory"), "SystemMemory") << sink;
        EXPECT_EQ(zc_fake_launches(nullptr), 0U) << sink;
    }
}

TEST_F(CudaPipeline, AChainSharesOneContext)
{
    const Played run(std::string(kSource) +
                     "cudaupload ! video/x-raw(memory:CUDAMemory) ! cudazerocopy name=a kernel=invert ! queue ! "
                     "cudazerocopy name=b kernel=invert ! "
                     "cudazerocopy name=c kernel=invert ! cudadownload ! video/x-raw ! fakesink");
    EXPECT_EQ(run.error(), "");
    for (const char *name : {"a", "b", "c"}) {
        EXPECT_EQ(statOf(run[name].get(), "in-place"), 12U) << name;
        EXPECT_EQ(statOf(run[name].get(), "copied"), 0U) << name;
    }
    EXPECT_EQ(zc_fake_calls("cuCtxCreate_v2"), 1U);
}

// Without a queue, the tee itself holds each frame while the element has it.
TEST_F(CudaPipeline, ATeeIsNotWrittenThrough)
{
    const Played run(std::string(kSource) +
                     "cudaupload ! video/x-raw(memory:CUDAMemory) ! tee name=t ! cudazerocopy name=z kernel=invert ! "
                     "cudadownload ! video/x-raw ! fakesink async=false t. ! queue ! cudadownload ! video/x-raw ! "
                     "fakesink async=false");
    EXPECT_EQ(run.error(), "");
    EXPECT_EQ(statOf(run["z"].get(), "copied"), 12U);
    EXPECT_EQ(statOf(run["z"].get(), "in-place"), 0U);
}

TEST_F(CudaPipeline, CapsMayChangeTheMemoryOnTheWay)
{
    const Played run("videotestsrc num-buffers=6 ! video/x-raw,format=NV12,width=64,height=32 ! cudaupload ! "
                     "video/x-raw(memory:CUDAMemory) ! concat name=c "
                     "! cudazerocopy name=z kernel=invert ! fakesink "
                     "videotestsrc num-buffers=6 ! video/x-raw,format=RGBA,width=32,height=16 ! c.");
    EXPECT_EQ(run.error(), "");
    EXPECT_EQ(statOf(run["z"].get(), "in-place"), 12U);
}

TEST_F(CudaPipeline, TheRightGpuIsPicked)
{
    zc_fake_set_devices(2);
    const Played run(std::string(kSource) + "cudaupload cuda-device-id=1 ! video/x-raw(memory:CUDAMemory) ! "
                                            "cudazerocopy name=z kernel=invert cuda-device-id=1 "
                                            "! cudadownload cuda-device-id=1 ! video/x-raw ! fakesink");
    EXPECT_EQ(run.error(), "");
    EXPECT_NE(statTextOf(run["z"].get(), "device").find("GPU 1"), std::string::npos)
        << statTextOf(run["z"].get(), "device");
}

// A failing call may be GStreamer's or the element's: the pipeline ends in any case, with an error or without.
TEST_F(CudaPipeline, EndsWhateverCallOfTheElementFails)
{
    // Not cuEventRecord, whose first use takes the time, which nobody needs.
    for (const char *call :
         {"cuLaunchKernel", "cuModuleLoadData", "cuModuleGetFunction", "cuEventCreate", "cuCtxGetDevice"}) {
        zc_fake_reset();
        zc_fake_fail(call, 1, 2);
        const Played run(
            std::string(kSource) +
            "cudaupload ! video/x-raw(memory:CUDAMemory) ! cudazerocopy name=z kernel=box-blur ! cudadownload ! "
            "video/x-raw ! fakesink");
        EXPECT_EQ(zc_fake_failures() > 0, !run.error().empty()) << call << ": " << run.error();
    }
}

} // namespace
} // namespace zc::test
