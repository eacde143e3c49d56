// SPDX-License-Identifier: MIT
// Memory becoming addressable: the same bytes, mapped once, gone with the memory, and every refusal in words.
#include "buffers.hpp"
#include "copier.hpp"
#include "memory/import_cache.hpp"
#include "memory/importer.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <thread>
#include <vector>

namespace zc::gst {
namespace {

using test::bufferOf;
using test::contains;
using test::dmabufMemory;
using test::negotiateSize;
using test::systemMemory;
using zc::test::makeMemfd;
using zc::test::openFdCount;

int mappingsOfTests()
{
    std::ifstream maps("/proc/self/maps");
    int count = 0;
    for (std::string line; std::getline(maps, line);)
        count += contains(line, "memfd:zc-test") ? 1 : 0;
    return count;
}

class Importers : public testing::Test {
protected:
    Importer *importerFor(GstBuffer *buffer) { return findImporter(importers_, buffer, nv12_); }
    Importer &importerOf(MemoryKind kind)
    {
        return **std::ranges::find_if(importers_, [kind](const auto &one) { return one->kind() == kind; });
    }

    // Opens, lets `use` look at the frame, closes.
    template <class Use> Status visit(GstBuffer *buffer, Access access, Use use)
    {
        Importer *importer = importerFor(buffer);
        if (!importer)
            return {Code::Unsupported, "no importer"};
        const auto layout = layoutOf(buffer, nv12_);
        if (!layout)
            return layout.status();
        const auto frames = importer->open(buffer, layout.value(), nv12_, access);
        if (!frames)
            return frames.status();
        EXPECT_EQ(frames.value().size(), 1U);
        use(frames.value()[0]);
        return importer->close();
    }

    Status visit(GstBuffer *buffer, Access access = Access::ReadWrite)
    {
        return visit(buffer, access, [](const Frame &) {});
    }

    std::vector<std::unique_ptr<Importer>> importers_ = makeImporters();
    Importer &dmabufs_ = importerOf(MemoryKind::Dmabuf);
    Negotiated nv12_ = negotiateSize("NV12", 16, 8);
    const gsize size_ = nv12_.pixels.size;
};

void fillFirstBytes(const Frame &frame)
{
    std::memset(frame.planes[0].data, 0x5a, 1);
    std::memset(frame.planes[1].data, 0xa5, 1);
}

std::uint8_t byteAt(GstMemory *memory, gsize offset)
{
    GstMapInfo map;
    EXPECT_TRUE(gst_memory_map(memory, &map, GST_MAP_READ));
    const std::uint8_t byte = map.data[offset];
    gst_memory_unmap(memory, &map);
    return byte;
}

TEST_F(Importers, SystemMemoryIsTheSameMemoryAfterwards)
{
    GstMemory *luma = systemMemory(128);
    GstMemory *chroma = systemMemory(64);
    const BufferPtr buffer = bufferOf({luma, chroma});
    EXPECT_EQ(importerFor(buffer.get())->kind(), MemoryKind::System);
    EXPECT_TRUE(visit(buffer.get(), Access::ReadWrite, fillFirstBytes).ok());
    ASSERT_EQ(gst_buffer_n_memory(buffer.get()), 2U);
    EXPECT_EQ(gst_buffer_peek_memory(buffer.get(), 0), luma);
    EXPECT_EQ(gst_buffer_peek_memory(buffer.get(), 1), chroma);
    EXPECT_EQ(byteAt(luma, 0), 0x5a);
    EXPECT_EQ(byteAt(chroma, 0), 0xa5);
    EXPECT_TRUE(gst_buffer_is_all_memory_writable(buffer.get()));
}

TEST_F(Importers, SharedSystemMemoryIsWrittenThroughNotReplaced)
{
    const BufferPtr buffer = bufferOf({systemMemory(size_)});
    const BufferPtr other(gst_buffer_copy(buffer.get()));
    EXPECT_TRUE(visit(buffer.get(), Access::ReadWrite, fillFirstBytes).ok());
    EXPECT_EQ(gst_buffer_peek_memory(buffer.get(), 0), gst_buffer_peek_memory(other.get(), 0));
    EXPECT_EQ(byteAt(gst_buffer_peek_memory(other.get(), 0), 0), 0x5a);
}

GstMemory *constantMemory()
{
    static const guint8 kConstant[192] = {};
    return gst_memory_new_wrapped(GST_MEMORY_FLAG_READONLY, const_cast<guint8 *>(kConstant), sizeof(kConstant), 0,
                                  sizeof(kConstant), nullptr, nullptr);
}

TEST_F(Importers, ReadOnlySystemMemoryIsReadButNeverWritten)
{
    const BufferPtr buffer = bufferOf({constantMemory()});
    EXPECT_TRUE(visit(buffer.get(), Access::Read).ok());
    const Status status = visit(buffer.get(), Access::ReadWrite);
    EXPECT_EQ(status.code(), Code::Access);
    EXPECT_TRUE(contains(status.message(), "on-shared=copy")) << status.message();
}

GstMemory *marked(GstMemory *memory)
{
    GST_MINI_OBJECT_FLAG_SET(memory, GST_MEMORY_FLAG_READONLY);
    return memory;
}

// A part, which GStreamer marks read-only; the whole lives on in it.
GstMemory *partOf(GstMemory *whole)
{
    GstMemory *part = gst_memory_share(whole, 0, -1);
    gst_memory_unref(whole);
    return part;
}

// What on-shared=write comes down to, by memory kind: the table of docs/zero-copy.md.
TEST_F(Importers, WriteWhatOthersHoldButNeverWhatIsMarkedReadOnly)
{
    const struct {
        const char *name;
        GstMemory *memory;
        bool two; // buffers that hold it
        bool written;
    } cases[] = {
        {"plain, held by two", systemMemory(size_), true, true},
        {"plain, a part", partOf(systemMemory(size_)), false, true},
        {"plain, a part that two hold", partOf(systemMemory(size_)), true, true},
        {"plain, marked", marked(systemMemory(size_)), false, false},
        {"plain, a constant", constantMemory(), false, false},
        {"plain, a part of a constant", partOf(constantMemory()), false, false},
        {"dmabuf, held by two", dmabufMemory(size_), true, true},
        {"dmabuf, a part", partOf(dmabufMemory(size_)), false, true},
        {"dmabuf, marked", marked(dmabufMemory(size_)), false, false},
        {"dmabuf, a part of a marked one", partOf(marked(dmabufMemory(size_))), false, false},
        {"foreign, held by one", test::fdMemory(makeMemfd(size_), size_), false, true},
        {"foreign, held by two", test::fdMemory(makeMemfd(size_), size_), true, false},
        {"foreign, a part", partOf(test::fdMemory(makeMemfd(size_), size_)), false, false},
        {"foreign, marked", marked(test::fdMemory(makeMemfd(size_), size_)), false, false},
    };
    for (const auto &c : cases) {
        const BufferPtr buffer = bufferOf({c.memory});
        const BufferPtr other(c.two ? gst_buffer_copy(buffer.get()) : nullptr);
        EXPECT_TRUE(visit(buffer.get(), Access::Read).ok()) << c.name;
        const std::uint8_t before = byteAt(c.memory, 0);
        const Status status = visit(buffer.get(), Access::ReadWrite, fillFirstBytes);
        EXPECT_EQ(status.ok(), c.written) << c.name << ": " << status.message();
        EXPECT_EQ(byteAt(c.memory, 0), c.written ? 0x5a : before) << c.name;
        EXPECT_TRUE(c.written || contains(status.message(), "on-shared=copy")) << c.name << ": " << status.message();
    }
}

TEST_F(Importers, UnalignedWideSamplesAreRefused)
{
    const Negotiated p010 = negotiateSize("P010_10LE", 8, 4);
    GstMemory *memory = systemMemory(p010.pixels.size + 1);
    gst_memory_resize(memory, 1, p010.pixels.size);
    const BufferPtr buffer = bufferOf({memory});
    const auto frames =
        importerFor(buffer.get())->open(buffer.get(), layoutOf(buffer.get(), p010).value(), p010, Access::ReadWrite);
    ASSERT_FALSE(frames.ok());
    EXPECT_EQ(frames.status().code(), Code::BadLayout);
}

TEST_F(Importers, DmabufIsMappedOnceAndHitsAfterwards)
{
    GstMemory *memory = dmabufMemory(size_);
    BufferPtr buffer = bufferOf({memory});
    EXPECT_EQ(importerFor(buffer.get())->kind(), MemoryKind::Dmabuf);
    void *first = nullptr;
    for (int i = 0; i < 10; i++) {
        EXPECT_TRUE(visit(buffer.get(), Access::ReadWrite, [&](const Frame &frame) {
                        fillFirstBytes(frame);
                        first = first ? first : frame.planes[0].data;
                        EXPECT_EQ(frame.planes[0].data, first);
                        EXPECT_EQ(frame.memory, MemoryKind::Dmabuf);
                    }).ok());
    }
    EXPECT_EQ(dmabufs_.counters().imports, 1U);
    EXPECT_EQ(dmabufs_.counters().cacheHits, 9U);
    EXPECT_EQ(mappingsOfTests(), 1);
    EXPECT_EQ(gst_buffer_peek_memory(buffer.get(), 0), memory);
    EXPECT_EQ(byteAt(memory, 0), 0x5a);
    EXPECT_EQ(byteAt(memory, 128), 0xa5);
    buffer.reset();
    EXPECT_EQ(mappingsOfTests(), 0) << "the mapping must die with its memory";
}

TEST_F(Importers, OneFileBehindSeveralMemoriesIsMappedOnce)
{
    const UniqueFd file = makeMemfd(8192);
    GstMemory *luma = dmabufMemory(UniqueFd::duplicate(file.get()), 8192);
    GstMemory *chroma = dmabufMemory(UniqueFd::duplicate(file.get()), 8192);
    gst_memory_resize(luma, 0, 128);
    gst_memory_resize(chroma, 4096, 64);
    BufferPtr buffer = bufferOf({luma, chroma});
    EXPECT_TRUE(visit(buffer.get(), Access::ReadWrite, fillFirstBytes).ok());
    EXPECT_EQ(dmabufs_.counters().imports, 1U);
    EXPECT_EQ(mappingsOfTests(), 1);
    std::uint8_t bytes[2] = {};
    ASSERT_EQ(pread(file.get(), &bytes[0], 1, 0), 1);
    ASSERT_EQ(pread(file.get(), &bytes[1], 1, 4096), 1);
    EXPECT_EQ(bytes[0], 0x5a);
    EXPECT_EQ(bytes[1], 0xa5) << "the memory's own offset must count";
    buffer.reset();
    EXPECT_EQ(mappingsOfTests(), 0);
}

// CUDA gives every dmabuf one inode. A file that is opened twice looks just like that: device, inode and size agree.
TEST_F(Importers, OneInodeIsNotOneFile)
{
    const UniqueFd file = makeMemfd(8192);
    const std::string path = "/proc/self/fd/" + std::to_string(file.get());
    const BufferPtr first = bufferOf({dmabufMemory(UniqueFd::duplicate(file.get()), size_)});
    const BufferPtr second = bufferOf({dmabufMemory(UniqueFd(open(path.c_str(), O_RDWR | O_CLOEXEC)), size_)});
    EXPECT_TRUE(visit(first.get()).ok());
    EXPECT_TRUE(visit(second.get()).ok());
    EXPECT_EQ(dmabufs_.counters().imports, 2U) << "each open file has a mapping of its own";
    EXPECT_EQ(mappingsOfTests(), 2);
    EXPECT_TRUE(visit(first.get()).ok());
    EXPECT_TRUE(visit(second.get()).ok());
    EXPECT_EQ(dmabufs_.counters().imports, 2U);
}

TEST_F(Importers, AMixOfBothKindsInOneBuffer)
{
    GstMemory *luma = dmabufMemory(128);
    GstMemory *chroma = systemMemory(64);
    const BufferPtr buffer = bufferOf({luma, chroma});
    EXPECT_TRUE(visit(buffer.get(), Access::ReadWrite, fillFirstBytes).ok());
    EXPECT_EQ(byteAt(luma, 0), 0x5a);
    EXPECT_EQ(byteAt(chroma, 0), 0xa5);
}

TEST_F(Importers, AThousandBuffersLeaveNothingBehind)
{
    const int fds = openFdCount();
    for (int i = 0; i < 1000; i++)
        ASSERT_TRUE(visit(bufferOf({dmabufMemory(128), dmabufMemory(64)}).get()).ok()) << i;
    EXPECT_EQ(dmabufs_.counters().imports, 2000U);
    EXPECT_EQ(mappingsOfTests(), 0);
    EXPECT_EQ(openFdCount(), fds);
}

TEST_F(Importers, ClearForgetsAndTheNextOpenMapsAgain)
{
    BufferPtr buffer = bufferOf({dmabufMemory(size_)});
    for (int i = 1; i <= 3; i++) {
        EXPECT_TRUE(visit(buffer.get()).ok());
        EXPECT_EQ(dmabufs_.counters().imports, static_cast<guint64>(i));
        dmabufs_.clear();
        EXPECT_EQ(mappingsOfTests(), 0);
    }
    EXPECT_TRUE(visit(buffer.get()).ok());
    importers_.clear();
    EXPECT_EQ(mappingsOfTests(), 0);
    buffer.reset(); // a notice to an importer that is gone
}

TEST_F(Importers, AFileSwappedBehindTheDescriptorIsNoticed)
{
    GstMemory *memory = dmabufMemory(size_);
    const BufferPtr buffer = bufferOf({memory});
    EXPECT_TRUE(visit(buffer.get()).ok());
    const UniqueFd other = makeMemfd(size_);
    ASSERT_GE(dup2(other.get(), gst_dmabuf_memory_get_fd(memory)), 0);
    EXPECT_TRUE(visit(buffer.get(), Access::ReadWrite, fillFirstBytes).ok());
    std::uint8_t byte = 0;
    ASSERT_EQ(pread(other.get(), &byte, 1, 0), 1);
    EXPECT_EQ(byte, 0x5a);
    ASSERT_EQ(ftruncate(other.get(), 100), 0);
    EXPECT_EQ(visit(buffer.get()).code(), Code::BadLayout) << "shortened since it was mapped";
}

TEST_F(Importers, DescriptorsThatCannotServeAreRefusedInWords)
{
    const UniqueFd file = makeMemfd(size_);
    const std::string path = "/proc/self/fd/" + std::to_string(file.get());
    int pipeEnds[2];
    ASSERT_EQ(pipe2(pipeEnds, O_CLOEXEC), 0);
    const UniqueFd readEnd(pipeEnds[0]);
    const UniqueFd deviceNull(open("/dev/null", O_RDWR | O_CLOEXEC));
    const struct {
        const char *name;
        UniqueFd fd;
        std::vector<const char *> says;
    } cases[] = {
        {"short", makeMemfd(100), {"100 bytes", "192 bytes"}},
        {"empty", makeMemfd(0), {"192 bytes"}},
        {"read-only", zc::test::reopenReadOnly(file), {"write access", "on-shared=copy"}},
        {"path only", UniqueFd(open(path.c_str(), O_PATH | O_CLOEXEC)), {"write access"}},
        {"pipe", UniqueFd(pipeEnds[1]), {"dmabuf of exporter"}},
        {"/dev/null", UniqueFd::duplicate(deviceNull.get()), {"dmabuf of exporter"}},
    };
    const int fds = openFdCount();
    for (const auto &test : cases) {
        const BufferPtr buffer = bufferOf({dmabufMemory(UniqueFd::duplicate(test.fd.get()), size_)});
        const Status status = visit(buffer.get());
        EXPECT_FALSE(status.ok()) << test.name;
        for (const char *part : test.says)
            EXPECT_TRUE(contains(status.message(), part)) << test.name << ": " << status.message();
    }
    EXPECT_EQ(openFdCount(), fds);
    EXPECT_EQ(mappingsOfTests(), 0);
}

TEST_F(Importers, AClosedDescriptorIsRefused)
{
    GstMemory *memory = dmabufMemory(size_);
    const BufferPtr buffer = bufferOf({memory});
    const int fd = gst_dmabuf_memory_get_fd(memory);
    const UniqueFd kept = UniqueFd::duplicate(fd);
    close(fd);
    const Status status = visit(buffer.get());
    // Put back before the memory closes it, so that nobody else's descriptor is hit.
    ASSERT_EQ(dup2(kept.get(), fd), fd);
    EXPECT_EQ(status.code(), Code::Access);
    EXPECT_TRUE(contains(status.message(), "not open")) << status.message();
}

TEST_F(Importers, AReadOnlyDescriptorCanBeCopiedFrom)
{
    const UniqueFd file = makeMemfd(size_);
    const std::uint8_t value = 77;
    ASSERT_EQ(pwrite(file.get(), &value, 1, 0), 1);
    const BufferPtr buffer = bufferOf({dmabufMemory(zc::test::reopenReadOnly(file), size_)});
    EXPECT_TRUE(visit(buffer.get(), Access::Read, [](const Frame &frame) {
                    EXPECT_EQ(*static_cast<std::uint8_t *>(frame.planes[0].data), 77);
                }).ok());
    EXPECT_EQ(visit(buffer.get(), Access::ReadWrite).code(), Code::Access) << "even with a mapping in the cache";
}

TEST_F(Importers, NoImporterTakesABufferWithoutMemory)
{
    EXPECT_EQ(importerFor(bufferOf({}).get()), nullptr);
    GstMemory *memory = systemMemory(size_);
    GST_MINI_OBJECT_FLAG_SET(memory, GST_MEMORY_FLAG_NOT_MAPPABLE);
    EXPECT_EQ(importerFor(bufferOf({memory}).get()), nullptr);
}

TEST_F(Importers, MemoriesThatDieOnOtherThreads)
{
    for (int round = 0; round < 200; round++) {
        std::vector<BufferPtr> buffers;
        for (int i = 0; i < 8; i++) {
            buffers.push_back(bufferOf({dmabufMemory(size_)}));
            ASSERT_TRUE(visit(buffers.back().get()).ok());
        }
        const BufferPtr mine = bufferOf({dmabufMemory(size_)});
        std::thread dropper([&] { buffers.clear(); });
        for (int i = 0; i < 4; i++) {
            EXPECT_TRUE(visit(mine.get()).ok());
            if (i % 2)
                dmabufs_.clear();
        }
        dropper.join();
    }
    EXPECT_EQ(mappingsOfTests(), 0);
}

TEST(ImportCache, EntriesDieWithTheirMemory)
{
    ImportCache<int> cache;
    const auto value = std::make_shared<int>(1);
    GstMemory *memory = systemMemory(16);
    cache.put(memory, value);
    EXPECT_EQ(value.use_count(), 2);
    cache.clear();
    EXPECT_EQ(value.use_count(), 1);
    EXPECT_EQ(cache.find(memory), nullptr);
    cache.put(memory, value);
    EXPECT_EQ(cache.size(), 1U);
    EXPECT_NE(cache.findIf([](int v) { return v == 1; }), nullptr);
    EXPECT_EQ(cache.findIf([](int v) { return v == 2; }), nullptr);
    gst_memory_unref(memory);
    EXPECT_EQ(cache.size(), 0U);
    EXPECT_EQ(value.use_count(), 1);
}

TEST(ImportCache, OutlivedByItsMemory)
{
    GstMemory *memory = systemMemory(16);
    const auto value = std::make_shared<int>(1);
    {
        ImportCache<int> first;
        ImportCache<int> second;
        first.put(memory, value);
        second.put(memory, value);
    }
    EXPECT_EQ(value.use_count(), 1);
    gst_memory_unref(memory);
}

} // namespace
} // namespace zc::gst
