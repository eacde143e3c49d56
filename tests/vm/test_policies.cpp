// SPDX-License-Identifier: MIT
// Frames that somebody else can see: every policy under DMABuf caps, and a tee behind a camera.
#include "heap_pool.hpp"
#include "source.hpp"
#include "watch.hpp"

#include <gst/allocators/gstdmabuf.h>

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace zc::vm {
namespace {

bool contains(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

struct Unref {
    void operator()(GstBufferPool *pool) const { gst_object_unref(pool); }
};
using PoolPtr = std::unique_ptr<GstBufferPool, Unref>;

// One frame that the test holds, too.
class Shared : public testing::Test {
protected:
    void prepare(const std::string &how, const char *caps = kDmabufCaps)
    {
        pipeline_ =
            std::make_unique<Pipeline>(appLine(caps, "cudazerocopy name=zc kernel=invert " + how +
                                                         " ! fakesink name=sink async=false enable-last-sample=false"));
        watch_ = std::make_unique<Watch>(*pipeline_);
        held_ = filledBuffer(Maker::Udmabuf, 1);
        original_ = bytesOf(held_);
    }

    bool run()
    {
        push(*pipeline_, gst_buffer_ref(held_));
        pushEos(*pipeline_);
        return pipeline_->run();
    }

    // A copy in memory of that maker; what the test holds is as it was.
    void expectCopyFrom(Maker maker)
    {
        EXPECT_TRUE(run()) << pipeline_->error();
        ASSERT_EQ(watch_->passages().size(), 1U);
        const Passage &passage = watch_->passages()[0];
        ASSERT_TRUE(passage.complete);
        EXPECT_NE(passage.before.buffer, passage.after.buffer);
        EXPECT_NE(passage.before.inodes, passage.after.inodes);
        EXPECT_EQ(passage.after.exporters, std::vector<std::string>{exporterName(maker)});
        EXPECT_TRUE(isInverseOf(passage.after.picture, passage.before.picture));
        EXPECT_EQ(bytesOf(held_), original_);
        EXPECT_EQ(pipeline_->stat("copied"), 1U);
        EXPECT_EQ(pipeline_->stat("in-place"), 0U);
        EXPECT_TRUE(contains(pipeline_->warnings(), "copied")) << "no warning about the copy";
    }

    void TearDown() override
    {
        watch_.reset();
        pipeline_.reset();
        if (held_)
            gst_buffer_unref(held_);
        gst_buffer_pool_set_active(pool_.get(), FALSE);
    }

    void proposeTo(const char *name)
    {
        GstPad *sink = gst_element_get_static_pad(pipeline_->get(name), "sink");
        proposePool(sink, pool_.get());
        gst_object_unref(sink);
        watch_->onLeave = [this](GstBuffer *buffer) { fromPool_ = buffer->pool == pool_.get(); };
    }

    PoolPtr pool_{newHeapPool()};
    bool fromPool_ = false;

    std::unique_ptr<Pipeline> pipeline_;
    std::unique_ptr<Watch> watch_;
    GstBuffer *held_ = nullptr;
    std::vector<std::uint8_t> original_;
};

TEST_F(Shared, CopyGoesToTheDmaHeap)
{
    prepare("on-shared=copy");
    expectCopyFrom(Maker::Heap);
}

TEST_F(Shared, CopyGoesToUdmabufWhereThereIsNoHeap)
{
    const HiddenPath heaps("/dev/dma_heap");
    prepare("on-shared=copy");
    expectCopyFrom(Maker::Udmabuf);
}

TEST_F(Shared, CopyGoesToDownstreamsPoolFirst)
{
    prepare("on-shared=copy");
    proposeTo("sink");
    expectCopyFrom(Maker::Heap);
    EXPECT_TRUE(fromPool_);
}

TEST_F(Shared, DownstreamsPoolIsEnoughWithoutDevices)
{
    // Two buffers, allocated before the devices go away.
    GstStructure *config = gst_buffer_pool_get_config(pool_.get());
    GstCaps *caps = gst_caps_from_string(kDmabufCaps);
    gst_buffer_pool_config_set_params(config, caps, kFrameBytes, 2, 2);
    gst_caps_unref(caps);
    ASSERT_TRUE(gst_buffer_pool_set_config(pool_.get(), config));
    ASSERT_TRUE(gst_buffer_pool_set_active(pool_.get(), TRUE));
    prepare("on-shared=copy");
    proposeTo("sink");
    const HiddenPath heaps("/dev/dma_heap");
    const HiddenPath udmabuf("/dev/udmabuf");
    expectCopyFrom(Maker::Heap);
    EXPECT_TRUE(fromPool_);
}

TEST_F(Shared, NowhereToCopyNamesAllThree)
{
    prepare("on-shared=copy");
    const HiddenPath heaps("/dev/dma_heap");
    const HiddenPath udmabuf("/dev/udmabuf");
    EXPECT_FALSE(run());
    for (const char *word : {"zc: ", "downstream's pool", "/dev/dma_heap", "/dev/udmabuf", "No such file"})
        EXPECT_TRUE(contains(pipeline_->error(), word)) << word << " is not in: " << pipeline_->error();
    EXPECT_EQ(bytesOf(held_), original_);
}

TEST_F(Shared, DevicesOfOthersAreNamedWithTheReason)
{
    prepare("on-shared=copy");
    constexpr uid_t kNobody = 65534;
    ASSERT_EQ(seteuid(kNobody), 0) << std::strerror(errno);
    const bool ended = run();
    ASSERT_EQ(seteuid(0), 0) << std::strerror(errno);
    EXPECT_FALSE(ended);
    for (const char *word :
         {"downstream's pool", "/dev/dma_heap/system: Permission denied", "/dev/udmabuf: Permission denied"})
        EXPECT_TRUE(contains(pipeline_->error(), word)) << word << " is not in: " << pipeline_->error();
}

TEST_F(Shared, ErrorSaysWhoHoldsIt)
{
    prepare("on-shared=error");
    EXPECT_FALSE(run());
    EXPECT_TRUE(contains(pipeline_->error(), "on-shared=error")) << pipeline_->error();
    EXPECT_TRUE(contains(pipeline_->error(), "holds one of its memories")) << pipeline_->error();
    EXPECT_EQ(bytesOf(held_), original_);
}

TEST_F(Shared, RequiredZeroCopyIsAnError)
{
    prepare("zero-copy=required");
    EXPECT_FALSE(run());
    EXPECT_TRUE(contains(pipeline_->error(), "zero-copy=required")) << pipeline_->error();
    EXPECT_EQ(bytesOf(held_), original_);
}

TEST_F(Shared, PassthroughLeavesItUnchanged)
{
    prepare("on-shared=passthrough");
    EXPECT_TRUE(run()) << pipeline_->error();
    ASSERT_EQ(watch_->passages().size(), 1U);
    EXPECT_TRUE(watch_->passages()[0].inPlace());
    EXPECT_EQ(bytesOf(held_), original_);
    EXPECT_EQ(pipeline_->stat("passed-through"), 1U);
    EXPECT_EQ(pipeline_->stat("copied"), 0U);
}

TEST_F(Shared, WriteShowsToAllHolders)
{
    prepare("on-shared=write");
    EXPECT_TRUE(run()) << pipeline_->error();
    ASSERT_EQ(watch_->passages().size(), 1U);
    EXPECT_TRUE(watch_->passages()[0].inPlace());
    EXPECT_EQ(bytesOf(held_), watch_->passages()[0].after.picture.bytes);
    EXPECT_TRUE(isInverseOf(watch_->passages()[0].after.picture, watch_->passages()[0].before.picture));
    EXPECT_EQ(pipeline_->stat("in-place"), 1U);
}

TEST_F(Shared, PlainCapsAreCopiedIntoPlainMemory)
{
    prepare("on-shared=copy", kPlainCaps);
    const HiddenPath heaps("/dev/dma_heap");
    const HiddenPath udmabuf("/dev/udmabuf");
    EXPECT_TRUE(run()) << pipeline_->error();
    ASSERT_EQ(watch_->passages().size(), 1U);
    EXPECT_FALSE(watch_->passages()[0].after.dmabuf());
    EXPECT_TRUE(isInverseOf(watch_->passages()[0].after.picture, watch_->passages()[0].before.picture));
    EXPECT_EQ(bytesOf(held_), original_);
    EXPECT_EQ(pipeline_->stat("copied"), 1U);
}

// ---- a tee behind the camera: one branch is written, the other one looks at what it got

constexpr int kFrames = 5;

std::string cameraLine(const std::string &rest, int frames = kFrames, const std::string &size = "width=640,height=360")
{
    return "v4l2src device=/dev/video0 io-mode=dmabuf num-buffers=" + std::to_string(frames) +
           " ! video/x-raw,format=NV12,framerate=30/1," + size + " ! " + rest;
}

struct Branch {
    Watch *watch = nullptr;
    std::vector<std::pair<GstClockTime, Picture>> frames;
};

// Looks at the frame only when the other branch is through with it.
GstPadProbeReturn lookLater(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    auto *branch = static_cast<Branch *>(data);
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    EXPECT_TRUE(branch->watch->waitFor(GST_BUFFER_PTS(buffer)));
    GstCaps *caps = gst_pad_get_current_caps(pad);
    branch->frames.emplace_back(GST_BUFFER_PTS(buffer), pictureOf(buffer, caps));
    gst_caps_unref(caps);
    return GST_PAD_PROBE_OK;
}

class Tee : public testing::Test {
protected:
    void run(const std::string &how, const std::string &display)
    {
        pipeline_ = std::make_unique<Pipeline>(
            cameraLine("tee name=t t. ! queue ! cudazerocopy name=zc kernel=invert " + how + " ! " + display +
                       " t. ! queue ! fakesink name=other sync=false async=false enable-last-sample=false"));
        watch_ = std::make_unique<Watch>(*pipeline_);
        branch_.watch = watch_.get();
        GstPad *pad = gst_element_get_static_pad(pipeline_->get("other"), "sink");
        gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, lookLater, &branch_, nullptr);
        gst_object_unref(pad);
        ended_ = pipeline_->run();
    }

    // The other branch got each frame as it came (or, with on-shared=write, as it left).
    void expectOtherBranch(bool written)
    {
        ASSERT_EQ(branch_.frames.size(), watch_->passages().size());
        ASSERT_EQ(branch_.frames.size(), std::size_t{kFrames});
        for (std::size_t i = 0; i < branch_.frames.size(); ++i) {
            const Passage &passage = watch_->passages()[i];
            ASSERT_EQ(branch_.frames[i].first, passage.before.time);
            EXPECT_TRUE(samePixels(branch_.frames[i].second, (written ? passage.after : passage.before).picture));
        }
    }

    void expectInverted()
    {
        for (const Passage &passage : watch_->passages())
            EXPECT_TRUE(isInverseOf(passage.after.picture, passage.before.picture));
    }

    std::unique_ptr<Pipeline> pipeline_;
    std::unique_ptr<Watch> watch_;
    Branch branch_;
    bool ended_ = false;
};

constexpr const char *kSink = "fakesink sync=false async=false enable-last-sample=false";

TEST_F(Tee, CopyLeavesTheOtherBranchAlone)
{
    run("on-shared=copy", kSink);
    EXPECT_TRUE(ended_) << pipeline_->error();
    expectOtherBranch(false);
    expectInverted();
    EXPECT_EQ(pipeline_->stat("copied"), guint64{kFrames});
    EXPECT_TRUE(contains(pipeline_->warnings(), "tee")) << pipeline_->warnings();
}

TEST_F(Tee, CopyIntoTheDisplaysOwnDmabufs)
{
    run("on-shared=copy", "v4l2sink device=/dev/video1 io-mode=dmabuf sync=false async=false enable-last-sample=false");
    EXPECT_TRUE(ended_) << pipeline_->error();
    expectOtherBranch(false);
    expectInverted();
    EXPECT_EQ(pipeline_->stat("copied"), guint64{kFrames});
    for (const Passage &passage : watch_->passages())
        EXPECT_TRUE(passage.after.dmabuf())
            << "the copy lies in " << passage.after.memories.size() << " plain memories";
}

TEST_F(Tee, PassthroughLeavesBothAlone)
{
    run("on-shared=passthrough", kSink);
    EXPECT_TRUE(ended_) << pipeline_->error();
    expectOtherBranch(false);
    for (const Passage &passage : watch_->passages())
        EXPECT_TRUE(samePixels(passage.after.picture, passage.before.picture));
    EXPECT_EQ(pipeline_->stat("passed-through"), guint64{kFrames});
}

TEST_F(Tee, WriteChangesBoth)
{
    run("on-shared=write", kSink);
    EXPECT_TRUE(ended_) << pipeline_->error();
    expectOtherBranch(true);
    expectInverted();
    EXPECT_EQ(pipeline_->stat("in-place"), guint64{kFrames});
}

TEST_F(Tee, ErrorNamesTheTee)
{
    Pipeline pipeline(cameraLine(std::string("tee name=t t. ! queue ! cudazerocopy name=zc kernel=invert "
                                             "on-shared=error ! ") +
                                 kSink + " t. ! queue ! " + kSink));
    std::vector<GstBuffer *> held;
    GstPad *pad = gst_element_get_static_pad(pipeline.get("zc"), "sink");
    const gulong probe = gst_pad_add_probe(
        pad, GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad *, GstPadProbeInfo *info, gpointer data) {
            static_cast<std::vector<GstBuffer *> *>(data)->push_back(gst_buffer_ref(GST_PAD_PROBE_INFO_BUFFER(info)));
            return GST_PAD_PROBE_OK;
        },
        &held, nullptr);
    EXPECT_FALSE(pipeline.run());
    EXPECT_TRUE(contains(pipeline.error(), "on-shared=error")) << pipeline.error();
    EXPECT_TRUE(contains(pipeline.error(), "tee")) << pipeline.error();
    gst_pad_remove_probe(pad, probe);
    gst_object_unref(pad);
    for (GstBuffer *buffer : held)
        gst_buffer_unref(buffer);
}

// ---- both kinds of memory in one camera's stream

TEST(Camera, CopiesOfItsOwnAreChangedInPlaceToo)
{
    // V4L2 allows 32 buffers a queue; a display that keeps them all makes the camera copy.
    constexpr int kMany = 40;
    Pipeline pipeline(cameraLine("cudazerocopy name=zc kernel=gray zero-copy=required ! fakesink sync=false "
                                 "async=false enable-last-sample=false",
                                 kMany, "width=320,height=180"));
    Watch watch(pipeline);
    std::vector<GstBuffer *> held;
    watch.onLeave = [&](GstBuffer *buffer) { held.push_back(gst_buffer_ref(buffer)); };
    EXPECT_TRUE(pipeline.run()) << pipeline.error();
    for (GstBuffer *buffer : held)
        gst_buffer_unref(buffer);
    int dmabufs = 0, plain = 0;
    for (const Passage &passage : watch.passages())
        ++(passage.before.dmabuf() ? dmabufs : plain);
    EXPECT_GT(dmabufs, 0);
    EXPECT_GT(plain, 0) << "the camera never copied, so that this shows nothing";
    expectInPlace(watch, "gray");
    EXPECT_EQ(pipeline.stat("in-place"), guint64{kMany});
    EXPECT_EQ(pipeline.stat("copied"), 0U);
    EXPECT_GE(pipeline.posted().size(), 2U) << "a change of memory is a change of path, and the end comes on top";
}

} // namespace
} // namespace zc::vm
