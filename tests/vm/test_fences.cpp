// SPDX-License-Identifier: MIT
// Implicit fences: a frame that a device still works on is not touched before the device is done.
#include "fences.hpp"
#include "source.hpp"
#include "watch.hpp"

#include <atomic>
#include <thread>

namespace zc::vm {
namespace {

class Fences : public testing::Test {
protected:
    void SetUp() override
    {
        ASSERT_TRUE(gpu_.present()) << "no virtual GPU under /dev/dri: VM_MODULES=vgem loads one";
        UniqueFd fd = gpu_.makeDmabuf(kFrameBytes);
        ASSERT_TRUE(fd.valid());
        fillDmabuf(fd.get(), kFrameBytes, 1);
        push(pipeline_, bufferOf({wrapDmabuf(std::move(fd), kFrameBytes)}));
        pushEos(pipeline_);
    }

    VirtualGpu gpu_;
    Pipeline pipeline_{appLine(kDmabufCaps, "cudazerocopy name=zc kernel=gray zero-copy=required ! fakesink")};
    Watch watch_{pipeline_};
};

TEST_F(Fences, TheFrameWaitsForTheDevice)
{
    std::atomic<bool> done{false};
    bool doneWhenItLeft = false;
    watch_.onLeave = [&](GstBuffer *) { doneWhenItLeft = done; };
    gpu_.beginWork();
    pipeline_.start();
    // Long enough for an element that does not wait to be seen; how long decides nothing.
    EXPECT_TRUE(watch_.waitForArrival());
    g_usleep(300000);
    done = true;
    gpu_.signal();
    EXPECT_TRUE(pipeline_.wait()) << pipeline_.error();
    pipeline_.stop();
    ASSERT_EQ(watch_.passages().size(), 1U);
    EXPECT_TRUE(doneWhenItLeft) << "the frame was changed while the device worked on it";
    expectInPlace(watch_, "gray");
}

TEST_F(Fences, ADeviceThatHangsIsAnError)
{
    gpu_.beginWork();
    EXPECT_FALSE(pipeline_.run());
    for (const char *word : {"zc: ", "dmabuf of exporter", "did not finish within"})
        EXPECT_NE(pipeline_.error().find(word), std::string::npos) << pipeline_.error();
}

TEST_F(Fences, FinishedWorkNeedsNoWait)
{
    gpu_.beginWork();
    gpu_.signal();
    EXPECT_TRUE(pipeline_.run()) << pipeline_.error();
    ASSERT_EQ(watch_.passages().size(), 1U);
    expectInPlace(watch_, "gray");
}

} // namespace
} // namespace zc::vm
