// SPDX-License-Identifier: MIT
// Dmabufs of the two makers that user space can reach, pushed under DMABuf and plain caps; and those that cannot work.
#include "source.hpp"
#include "watch.hpp"

#include <cerrno>
#include <linux/dma-buf.h>

namespace zc::vm {
namespace {

constexpr const char *kGray =
    "cudazerocopy name=zc kernel=gray zero-copy=required ! fakesink async=false enable-last-sample=false";

void expectWords(const std::string &text, std::initializer_list<const char *> words)
{
    for (const char *word : words)
        EXPECT_NE(text.find(word), std::string::npos) << "\"" << word << "\" is not in: " << text;
}

// One bracket around each file, however many planes and memories lie in it.
void expectBrackets(const Passage &passage, const std::vector<ino_t> &files)
{
    for (const ino_t file : files) {
        std::vector<std::uint64_t> flags;
        for (const SyncCall &call : passage.syncs) {
            if (call.inode == file)
                flags.push_back(call.flags);
        }
        const std::vector<std::uint64_t> bracket = {DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW,
                                                    DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW};
        ASSERT_GE(flags.size(), bracket.size()) << "no bracket around inode " << file;
        EXPECT_EQ(std::vector<std::uint64_t>(flags.end() - 2, flags.end()), bracket);
    }
}

// Until only the caller's reference is left, as in a pool.
void waitUntilReturned(const GstMemory *memory)
{
    constexpr int kTries = 60000;
    for (int i = 0; i < kTries && GST_MINI_OBJECT_REFCOUNT_VALUE(memory) > 1; ++i)
        g_usleep(1000);
    EXPECT_EQ(GST_MINI_OBJECT_REFCOUNT_VALUE(memory), 1);
}

class Makers : public testing::TestWithParam<Maker> {};

TEST_P(Makers, LegacyCapsInPlace)
{
    Pipeline pipeline(appLine(kDmabufCaps, kGray));
    const Watch watch(pipeline);
    for (unsigned i = 0; i < 3; ++i)
        push(pipeline, filledBuffer(GetParam(), i), i);
    pushEos(pipeline);
    EXPECT_TRUE(pipeline.run()) << pipeline.error();
    ASSERT_EQ(watch.passages().size(), 3U);
    expectInPlace(watch, "gray");
    for (const Passage &passage : watch.passages())
        EXPECT_EQ(passage.after.exporters, std::vector<std::string>{exporterName(GetParam())});
    EXPECT_EQ(pipeline.stat("in-place"), 3U);
    EXPECT_EQ(pipeline.stat("imports"), 3U);
    EXPECT_STREQ(gst_structure_get_string(pipeline.stats().get(), "memory"), "DMABuf");
}

TEST_P(Makers, DrmCapsInPlace)
{
    Pipeline pipeline(appLine(kDrmCaps, kGray));
    const Watch watch(pipeline);
    push(pipeline, filledBuffer(GetParam(), 1));
    pushEos(pipeline);
    EXPECT_TRUE(pipeline.run()) << pipeline.error();
    ASSERT_EQ(watch.passages().size(), 1U);
    expectInPlace(watch, "gray");
}

TEST_P(Makers, TiledDrmCapsAreRefused)
{
    const std::string tiled = std::string(kDrmCaps) + ":0x0100000000000002";
    Pipeline pipeline(appLine(tiled, kGray));
    push(pipeline, filledBuffer(GetParam(), 1));
    pushEos(pipeline);
    EXPECT_FALSE(pipeline.run());
    EXPECT_NE(pipeline.error(), "");
}

TEST_P(Makers, PlainCapsInPlace)
{
    Pipeline pipeline(appLine(kPlainCaps, kGray));
    const Watch watch(pipeline);
    push(pipeline, filledBuffer(GetParam(), 1));
    pushEos(pipeline);
    EXPECT_TRUE(pipeline.run()) << pipeline.error();
    ASSERT_EQ(watch.passages().size(), 1U);
    EXPECT_TRUE(watch.passages()[0].after.dmabuf());
    expectInPlace(watch, "gray");
}

TEST_P(Makers, OneMappingForAMemoryThatComesAgain)
{
    Pipeline pipeline(appLine(kDmabufCaps, kGray));
    const Watch watch(pipeline);
    GstMemory *memory = filledMemory(GetParam(), kFrameBytes, 5);
    pipeline.start();
    for (unsigned i = 0; i < 4; ++i) {
        push(pipeline, bufferOf({gst_memory_ref(memory)}), i);
        waitUntilReturned(memory);
    }
    pushEos(pipeline);
    EXPECT_TRUE(pipeline.wait()) << pipeline.error();
    pipeline.stop();
    EXPECT_EQ(pipeline.stat("in-place"), 4U);
    EXPECT_EQ(pipeline.stat("imports"), 1U);
    EXPECT_EQ(pipeline.stat("cache-hits"), 3U);
    gst_memory_unref(memory);
}

TEST_P(Makers, BracketsEachFrame)
{
    Pipeline pipeline(appLine(kDmabufCaps, kGray));
    const Watch watch(pipeline);
    for (unsigned i = 0; i < 3; ++i)
        push(pipeline, filledBuffer(GetParam(), i), i);
    pushEos(pipeline);
    EXPECT_TRUE(pipeline.run()) << pipeline.error();
    ASSERT_EQ(watch.passages().size(), 3U);
    for (const Passage &passage : watch.passages())
        expectBrackets(passage, passage.before.inodes);
}

TEST_P(Makers, TwoFilesTwoBrackets)
{
    Pipeline pipeline(appLine(kDmabufCaps, kGray));
    const Watch watch(pipeline);
    GstMemory *luma = filledMemory(GetParam(), kLuma, 1);
    GstMemory *chroma = filledMemory(GetParam(), kLuma / 2, 2);
    push(pipeline, bufferOf({luma, chroma}));
    pushEos(pipeline);
    EXPECT_TRUE(pipeline.run()) << pipeline.error();
    ASSERT_EQ(watch.passages().size(), 1U);
    expectInPlace(watch, "gray");
    ASSERT_EQ(watch.passages()[0].before.inodes.size(), 2U);
    expectBrackets(watch.passages()[0], watch.passages()[0].before.inodes);
    EXPECT_EQ(pipeline.stat("imports"), 2U);
}

TEST_P(Makers, TwoMemoriesOfOneFileShareAMapping)
{
    Pipeline pipeline(appLine(kDmabufCaps, kGray));
    const Watch watch(pipeline);
    UniqueFd fd = makeDmabuf(GetParam(), kFrameBytes);
    fillDmabuf(fd.get(), kFrameBytes, 3);
    GstMemory *luma = wrapDmabuf(UniqueFd::duplicate(fd.get()), kLuma);
    GstMemory *chroma = wrapDmabuf(std::move(fd), kFrameBytes);
    gst_memory_resize(chroma, kLuma, kLuma / 2);
    push(pipeline, bufferOf({luma, chroma}));
    pushEos(pipeline);
    EXPECT_TRUE(pipeline.run()) << pipeline.error();
    ASSERT_EQ(watch.passages().size(), 1U);
    expectInPlace(watch, "gray");
    expectBrackets(watch.passages()[0], {watch.passages()[0].before.inodes[0]});
    EXPECT_EQ(watch.passages()[0].syncs.size(), 3U) << "one probe and one bracket for one file";
}

TEST_P(Makers, ASignalOrABusyExporterIsNoFailure)
{
    for (const int error : {EINTR, EAGAIN}) {
        Pipeline pipeline(appLine(kDmabufCaps, kGray));
        const Watch watch(pipeline);
        push(pipeline, filledBuffer(GetParam(), 1));
        pushEos(pipeline);
        failSync(5, error);
        EXPECT_TRUE(pipeline.run()) << pipeline.error();
        EXPECT_EQ(failuresLeft(), 0) << "the sync ioctl was not called often enough";
        failSync(0, 0);
        ASSERT_EQ(watch.passages().size(), 1U);
        expectInPlace(watch, "gray");
    }
}

TEST_P(Makers, AnExporterThatRefusesAccessIsNamed)
{
    Pipeline pipeline(appLine(kDmabufCaps, kGray));
    const Watch watch(pipeline);
    push(pipeline, filledBuffer(GetParam(), 1));
    pushEos(pipeline);
    failSync(1000, EIO);
    EXPECT_FALSE(pipeline.run());
    failSync(0, 0);
    expectWords(pipeline.error(), {"zc: ", "dmabuf of exporter", exporterName(GetParam()), "CPU access"});
}

TEST_P(Makers, AFileShorterThanClaimedIsNamed)
{
    Pipeline pipeline(appLine(kDmabufCaps, kGray));
    constexpr gsize kPage = 4096;
    push(pipeline, bufferOf({wrapDmabuf(makeDmabuf(GetParam(), kPage), kFrameBytes)}));
    pushEos(pipeline);
    EXPECT_FALSE(pipeline.run());
    expectWords(pipeline.error(), {"dmabuf of exporter", exporterName(GetParam()), "4096 bytes", "4608"});
    EXPECT_EQ(pipeline.stat("frames"), 0U);
}

INSTANTIATE_TEST_SUITE_P(Vm, Makers, testing::Values(Maker::Heap, Maker::Udmabuf),
                         [](const auto &test) { return test.param == Maker::Heap ? "Heap" : "Udmabuf"; });

// ---- read-only descriptors, which only a heap hands out

class ReadOnly : public testing::Test {
protected:
    void SetUp() override
    {
        UniqueFd fd = makeDmabuf(Maker::Heap, kFrameBytes, O_RDONLY);
        ASSERT_TRUE(fd.valid());
        ASSERT_FALSE(fdIsReadWrite(fd.get()));
        buffer_ = bufferOf({wrapDmabuf(std::move(fd), kFrameBytes)});
    }

    static std::string line(const std::string &how)
    {
        return appLine(kDmabufCaps, "cudazerocopy name=zc kernel=invert " + how +
                                        " ! fakesink async=false enable-last-sample=false");
    }

    void expectRefused(const char *option, const char *word)
    {
        Pipeline pipeline(line(option));
        push(pipeline, buffer_);
        pushEos(pipeline);
        EXPECT_FALSE(pipeline.run());
        expectWords(pipeline.error(), {word, "without write access", "O_RDWR"});
    }

    GstBuffer *buffer_ = nullptr;
};

TEST_F(ReadOnly, RequiredZeroCopyIsAnError)
{
    expectRefused("zero-copy=required", "zero-copy=required");
}

TEST_F(ReadOnly, WriteIsAnErrorThatNamesTheExporter)
{
    expectRefused("on-shared=write", "exporter \"system\"");
}

TEST_F(ReadOnly, CopyLeavesItAlone)
{
    Pipeline pipeline(line("on-shared=copy"));
    const Watch watch(pipeline);
    push(pipeline, buffer_);
    pushEos(pipeline);
    EXPECT_TRUE(pipeline.run()) << pipeline.error();
    ASSERT_EQ(watch.passages().size(), 1U);
    const Passage &passage = watch.passages()[0];
    EXPECT_TRUE(passage.after.dmabuf());
    EXPECT_NE(passage.before.inodes, passage.after.inodes);
    EXPECT_TRUE(isInverseOf(passage.after.picture, passage.before.picture));
    EXPECT_EQ(pipeline.stat("copied"), 1U);
}

// ---- odd company

TEST(Mixed, LumaInADmabufAndChromaInPlainMemory)
{
    Pipeline pipeline(appLine(kPlainCaps, kGray));
    const Watch watch(pipeline);
    GstMemory *chroma = gst_allocator_alloc(nullptr, kLuma / 2, nullptr);
    push(pipeline, bufferOf({filledMemory(Maker::Heap, kLuma, 1), chroma}));
    pushEos(pipeline);
    EXPECT_TRUE(pipeline.run()) << pipeline.error();
    ASSERT_EQ(watch.passages().size(), 1U);
    expectInPlace(watch, "gray");
    expectBrackets(watch.passages()[0], {watch.passages()[0].before.inodes[0]});
}

TEST(Mixed, BothKindsInOneStream)
{
    Pipeline pipeline(appLine(kPlainCaps, kGray));
    const Watch watch(pipeline);
    for (unsigned i = 0; i < 4; ++i) {
        GstBuffer *plain = gst_buffer_new_allocate(nullptr, kFrameBytes, nullptr);
        gst_buffer_memset(plain, 0, 77, kFrameBytes);
        push(pipeline, i % 2 == 0 ? filledBuffer(Maker::Heap, i) : plain, i);
    }
    pushEos(pipeline);
    EXPECT_TRUE(pipeline.run()) << pipeline.error();
    ASSERT_EQ(watch.passages().size(), 4U);
    expectInPlace(watch, "gray");
    EXPECT_EQ(pipeline.stat("in-place"), 4U);
    // A change of memory is a change of path; the last message is the one at the end of the stream.
    std::string memories;
    for (const StructurePtr &message : pipeline.posted())
        memories += std::string(gst_structure_get_string(message.get(), "memory")) + " ";
    EXPECT_EQ(memories, "SystemMemory DMABuf SystemMemory SystemMemory ");
}

} // namespace
} // namespace zc::vm
