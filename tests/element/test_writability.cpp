// SPDX-License-Identifier: MIT
// Each condition of an exclusive buffer, failing alone.
#include "buffers.hpp"
#include "writability.hpp"

namespace zc::gst {
namespace {

using test::bufferOf;
using test::contains;
using test::dmabufMemory;
using test::systemMemory;

constexpr gsize kBytes = 4096;

TEST(Writability, SoleOwnerMayWrite)
{
    EXPECT_EQ(sharingOf(bufferOf({systemMemory(kBytes), systemMemory(kBytes)}).get()), Sharing::Exclusive);
    EXPECT_EQ(sharingOf(bufferOf({dmabufMemory(kBytes), dmabufMemory(kBytes)}).get()), Sharing::Exclusive);
    EXPECT_EQ(sharingOf(bufferOf({}).get()), Sharing::Exclusive);
}

TEST(Writability, ASecondReferenceToTheBuffer)
{
    const BufferPtr buffer = bufferOf({systemMemory(kBytes)});
    BufferPtr second(gst_buffer_ref(buffer.get()));
    EXPECT_EQ(sharingOf(buffer.get()), Sharing::BufferShared);
    second.reset();
    EXPECT_EQ(sharingOf(buffer.get()), Sharing::Exclusive);
}

TEST(Writability, AnotherBufferWithOneOfTheMemories)
{
    const BufferPtr buffer = bufferOf({systemMemory(kBytes), systemMemory(kBytes)});
    // What GstBaseTransform hands on for a tee: a new buffer, the same memory.
    BufferPtr copy(gst_buffer_copy(buffer.get()));
    ASSERT_TRUE(gst_buffer_is_writable(copy.get()));
    EXPECT_EQ(sharingOf(copy.get()), Sharing::MemoryShared);
    EXPECT_EQ(sharingOf(buffer.get()), Sharing::MemoryShared);
    copy.reset();
    EXPECT_EQ(sharingOf(buffer.get()), Sharing::Exclusive);
    const BufferPtr other = bufferOf({gst_memory_ref(gst_buffer_peek_memory(buffer.get(), 1))});
    EXPECT_EQ(sharingOf(buffer.get()), Sharing::MemoryShared);
}

TEST(Writability, MemoryMarkedReadOnly)
{
    GstMemory *memory = systemMemory(kBytes);
    GST_MINI_OBJECT_FLAG_SET(memory, GST_MEMORY_FLAG_READONLY);
    const BufferPtr buffer = bufferOf({systemMemory(kBytes), memory});
    EXPECT_EQ(sharingOf(buffer.get()), Sharing::MemoryReadOnly);
}

TEST(Writability, PartOfALargerMemory)
{
    GstMemory *parent = systemMemory(kBytes);
    const BufferPtr buffer = bufferOf({gst_memory_share(parent, 0, kBytes / 2)});
    EXPECT_EQ(sharingOf(buffer.get()), Sharing::ParentShared) << "the parent is still held here";
    BufferPtr second = bufferOf({gst_memory_share(parent, kBytes / 2, kBytes / 2)});
    gst_memory_unref(parent);
    EXPECT_EQ(sharingOf(buffer.get()), Sharing::ParentShared) << "the other half is still held";
    second.reset();
    EXPECT_EQ(sharingOf(buffer.get()), Sharing::MemoryReadOnly) << "GStreamer marks every part so";
    GST_MINI_OBJECT_FLAG_UNSET(gst_buffer_peek_memory(buffer.get(), 0), GST_MEMORY_FLAG_READONLY);
    EXPECT_EQ(sharingOf(buffer.get()), Sharing::Exclusive) << "nobody is left";
}

TEST(Writability, ParentInAnotherBuffer)
{
    const BufferPtr whole = bufferOf({dmabufMemory(kBytes)});
    const BufferPtr part = bufferOf({gst_memory_share(gst_buffer_peek_memory(whole.get(), 0), 0, kBytes / 2)});
    EXPECT_EQ(sharingOf(part.get()), Sharing::ParentShared);
}

TEST(Writability, DescriptorOpenedForReading)
{
    const UniqueFd file = zc::test::makeMemfd(kBytes);
    const BufferPtr buffer = bufferOf({dmabufMemory(zc::test::reopenReadOnly(file), kBytes)});
    EXPECT_EQ(sharingOf(buffer.get()), Sharing::FdReadOnly);
    const std::string path = "/proc/self/fd/" + std::to_string(file.get());
    const BufferPtr pathOnly = bufferOf({dmabufMemory(UniqueFd(open(path.c_str(), O_PATH | O_CLOEXEC)), kBytes)});
    EXPECT_EQ(sharingOf(pathOnly.get()), Sharing::FdReadOnly);
}

TEST(Writability, EveryAnswerHasItsReason)
{
    std::string seen;
    for (const Sharing sharing :
         {Sharing::Exclusive, Sharing::BufferShared, Sharing::MemoryShared, Sharing::MemoryReadOnly,
          Sharing::ParentShared, Sharing::FdReadOnly, Sharing::OtherProcess}) {
        const std::string reason = sharingReason(sharing);
        EXPECT_EQ(std::string(sharingCure(sharing)).empty(), sharing == Sharing::Exclusive) << reason;
        EXPECT_GT(reason.size(), 10U);
        EXPECT_EQ(seen.find(reason), std::string::npos);
        seen += reason;
    }
}

// Decoders predict from frames that nobody shows, too, so that the advice must not make showing the test.
TEST(Writability, TheCureForADecodersFrameKeepsItsReferencesWhole)
{
    for (const Sharing sharing : {Sharing::BufferShared, Sharing::MemoryShared}) {
        const std::string cure = sharingCure(sharing);
        for (const char *part : {"shown or not", "queue min-threshold-buffers=32 max-size-buffers=40",
                                 "on-shared=write is only for a decoder whose output is never a reference"})
            EXPECT_TRUE(contains(cure, part)) << part << " in " << cure;
    }
}

// Constants that were wrapped, and parts of a memory, are of this process.
TEST(Writability, ReadOnlyMemoryMayBeTheSources)
{
    EXPECT_TRUE(contains(sharingReason(Sharing::MemoryReadOnly), "another process or the source"));
    EXPECT_TRUE(contains(sharingCure(Sharing::MemoryReadOnly), "another process or the source"));
}

} // namespace
} // namespace zc::gst
