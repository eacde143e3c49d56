// SPDX-License-Identifier: MIT
// Memory of the CPU that a GPU works on where it is: pinned once a memory, for as long as that memory lives.
#include "fake_gpu.hpp"

#include <gst/allocators/gstfdmemory.h>

#include <algorithm>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

// The driver's own functions, for what others do with it.
extern "C" {
int cuDevicePrimaryCtxRetain(void **context, int device);
int cuDevicePrimaryCtxRelease_v2(int device);
int cuCtxPushCurrent_v2(void *context);
int cuCtxPopCurrent_v2(void **context);
int cuMemHostRegister_v2(void *memory, std::size_t bytes, unsigned flags);
int cuMemHostUnregister(void *memory);
int cuMemHostAlloc(void **memory, std::size_t bytes, unsigned flags);
int cuMemFreeHost(void *memory);
}

// An allocator whose memory the CPU can map and nobody else knows.
struct Stranger {
    GstAllocator parent;
};
struct StrangerClass {
    GstAllocatorClass parent;
};
static GType stranger_get_type();
G_DEFINE_TYPE(Stranger, stranger, GST_TYPE_ALLOCATOR)

static GstMemory *strangerAlloc(GstAllocator *allocator, gsize size, GstAllocationParams *)
{
    auto *memory = static_cast<GstMemory *>(g_malloc0(sizeof(GstMemory) + size));
    gst_memory_init(memory, static_cast<GstMemoryFlags>(0), allocator, nullptr, size, 0, 0, size);
    return memory;
}

static void strangerFree(GstAllocator *, GstMemory *memory)
{
    g_free(memory);
}

static void stranger_class_init(StrangerClass *klass)
{
    klass->parent.alloc = strangerAlloc;
    klass->parent.free = strangerFree;
}

static void stranger_init(Stranger *self)
{
    self->parent.mem_type = "Stranger";
    self->parent.mem_map = [](GstMemory *memory, gsize, GstMapFlags) -> gpointer { return memory + 1; };
    self->parent.mem_unmap = [](GstMemory *) {};
}

namespace zc::test {
namespace {

constexpr const char *kElement = "cudazerocopy kernel=invert device=cuda";
constexpr gsize kPage = 4096;
constexpr int kSameAddresses = 91; // attribute: host addresses are the GPU's

class CudaHostMemory : public FakeGpu {};

GstMemory *wrapped(void *data, gsize size)
{
    return gst_memory_new_wrapped(static_cast<GstMemoryFlags>(0), data, size, 0, size, nullptr, nullptr);
}

// Whole pages for a test to cut frames out of.
struct Block {
    explicit Block(gsize bytes) : size(bytes)
    {
        data = static_cast<guint8 *>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    }
    ~Block() { munmap(data, size); }
    Block(const Block &) = delete;
    Block &operator=(const Block &) = delete;
    guint8 *data = nullptr;
    gsize size;
};

Buffer bufferOf(GstMemory *memory)
{
    Buffer buffer(gst_buffer_new());
    gst_buffer_append_memory(buffer.get(), memory);
    return buffer;
}

std::string onlyError(ElementHarness &h)
{
    const auto errors = h.posted(GST_MESSAGE_ERROR);
    EXPECT_EQ(errors.size(), 1U);
    return errors.empty() ? "" : errors[0].text;
}

class EveryStore : public CudaHostMemory, public testing::WithParamInterface<Arrangement> {};

TEST_P(EveryStore, IsPinnedOnceAndHitAfterwards)
{
    ElementHarness h(kElement, kSmall);
    const GstVideoInfo info = infoOf(kSmall);
    Buffer buffer = makeBuffer(info, GetParam(), 1);
    std::vector<GstMemory *> memories;
    for (guint i = 0; i < gst_buffer_n_memory(buffer.get()); ++i)
        memories.push_back(gst_buffer_peek_memory(buffer.get(), i));
    unsigned long pinned = 0;
    for (int i = 0; i < 300; ++i) {
        GstBuffer *sent = buffer.get();
        ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
        buffer = h.pull();
        ASSERT_EQ(buffer.get(), sent);
        pinned = pinned == 0 ? registrations() : pinned;
        ASSERT_EQ(registrations(), pinned);
    }
    for (guint i = 0; i < memories.size(); ++i)
        EXPECT_EQ(gst_buffer_peek_memory(buffer.get(), i), memories[i]);
    EXPECT_EQ(h.stat("in-place"), 300U);
    EXPECT_EQ(h.stat("cache-hits"), 299U);
    EXPECT_GE(h.stat("imports"), 1U);
    EXPECT_LE(h.stat("imports"), memories.size());
    EXPECT_EQ(zc_fake_calls("cuMemHostRegister_v2"), pinned);
    EXPECT_GE(zc_fake_launches("zc_rows_"), 300U);
    buffer.reset();
    EXPECT_EQ(registrations(), 0U) << "undone with the memory, not with the element";
}

INSTANTIATE_TEST_SUITE_P(
    Arrangements, EveryStore,
    testing::Values(Arrangement{.name = "System"}, Arrangement{.name = "SystemApart", .split = Split::Apart},
                    Arrangement{.name = "Memfd", .store = Store::Memfd},
                    Arrangement{.name = "MemfdApart", .store = Store::Memfd, .split = Split::Apart},
                    Arrangement{.name = "OneFile", .store = Store::Memfd, .split = Split::OneFile},
                    Arrangement{.name = "Mixed", .store = Store::Mixed, .split = Split::Apart},
                    Arrangement{.name = "Padded", .padding = 64, .lead = 256, .describe = true}),
    [](const auto &test) { return std::string(test.param.name); });

TEST_F(CudaHostMemory, IsUnpinnedOnTheThreadThatDropsIt)
{
    ElementHarness h(kElement, kSmall);
    ASSERT_EQ(h.push(makeBuffer(infoOf(kSmall), {.name = ""}, 1)), GST_FLOW_OK);
    Buffer out = h.pull();
    EXPECT_GT(registrations(), 0U);
    std::thread([&] {
        out.reset();
        EXPECT_EQ(zc_fake_stack_depth(), 0U);
    }).join();
    EXPECT_EQ(registrations(), 0U);
}

TEST_F(CudaHostMemory, IsUnpinnedWhenTheElementStopsBeforeIt)
{
    Buffer out;
    {
        ElementHarness h(kElement, kSmall);
        ASSERT_EQ(h.push(makeBuffer(infoOf(kSmall), {.name = ""}, 1)), GST_FLOW_OK);
        out = h.pull();
    }
    EXPECT_EQ(zc_fake_live(nullptr), 0U) << zc_fake_live_text();
}

TEST_F(CudaHostMemory, IsSharedByTwoElementsInARow)
{
    ElementHarness first(kElement, kSmall), second("cudazerocopy kernel=gray device=cuda", kSmall);
    ASSERT_EQ(first.push(makeBuffer(infoOf(kSmall), {.name = ""}, 1)), GST_FLOW_OK);
    ASSERT_EQ(second.push(first.pull()), GST_FLOW_OK);
    Buffer out = second.pull();
    ASSERT_NE(out, nullptr);
    EXPECT_EQ(zc_fake_calls("cuMemHostRegister_v2"), registrations()) << "the second one found it pinned";
    EXPECT_EQ(second.stat("in-place"), 1U);
    out.reset();
    EXPECT_EQ(registrations(), 0U);
}

// What malloc() gives: frames that begin and end in the middle of pages.
TEST_F(CudaHostMemory, NeighboursShareTheirPages)
{
    zc_fake_set_attribute(0, kSameAddresses, 1);
    ElementHarness h(kElement, kSmall);
    const gsize size = infoOf(kSmall).size;
    const Block block(64 * kPage);
    std::vector<Buffer> frames;
    for (gsize i = 0; i < 4; ++i) {
        ASSERT_EQ(h.push(bufferOf(wrapped(block.data + 100 + i * size, size))), GST_FLOW_OK);
        frames.push_back(h.pull());
    }
    EXPECT_EQ(h.stat("in-place"), 4U);
    EXPECT_EQ(h.stat("imports"), 4U);
    while (!frames.empty())
        frames.pop_back();
    EXPECT_EQ(registrations(), 0U);
}

TEST_F(CudaHostMemory, NeighboursAreRefusedWhereTheGpuHasAddressesOfItsOwn)
{
    zc_fake_set_attribute(0, kSameAddresses, 0);
    ElementHarness h(kElement, kSmall);
    const gsize size = infoOf(kSmall).size;
    const Block block(64 * kPage);
    ASSERT_EQ(h.push(bufferOf(wrapped(block.data + 100, size))), GST_FLOW_OK);
    const Buffer first = h.pull();
    EXPECT_EQ(h.push(bufferOf(wrapped(block.data + 100 + size, size))), GST_FLOW_ERROR);
    const std::string error = onlyError(h);
    EXPECT_TRUE(contains(error, "pages of its own")) << error;
    EXPECT_TRUE(contains(error, "cudaupload")) << error;
    EXPECT_TRUE(contains(error, "device=cpu")) << error;
    EXPECT_EQ(registrations(), 1U);
}

// Parts are read-only to GStreamer, so that each is copied first.
TEST_F(CudaHostMemory, PartsOfOneMemoryPinTheWholeOnce)
{
    ElementHarness h(kElement, kSmall);
    const gsize size = infoOf(kSmall).size;
    const Block block(64 * kPage);
    GstMemory *whole = wrapped(block.data, block.size);
    unsigned long pinned = 0;
    for (gssize i = 0; i < 3; ++i) {
        const auto bytes = static_cast<gssize>(size);
        ASSERT_EQ(h.push(bufferOf(gst_memory_share(whole, i * bytes, bytes))), GST_FLOW_OK);
        EXPECT_NE(h.pull(), nullptr);
        pinned = pinned == 0 ? registrations() : pinned;
        EXPECT_EQ(registrations(), pinned);
    }
    EXPECT_EQ(h.stat("copied"), 3U);
    EXPECT_EQ(h.stat("imports"), 2U) << "the whole, and the copy's memory, which comes back";
    gst_memory_unref(whole);
}

TEST_F(CudaHostMemory, OfAFileIsPinnedThroughOneLastingMapping)
{
    ElementHarness h(kElement, kSmall);
    const gsize size = infoOf(kSmall).size;
    GstMemory *memory = gst::test::fdMemory(makeMemfd(size), size);
    Buffer buffer = bufferOf(memory);
    for (int i = 0; i < 5; ++i) {
        ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
        buffer = h.pull();
    }
    EXPECT_EQ(h.stat("imports"), 1U);
    EXPECT_EQ(h.stat("cache-hits"), 4U);
    EXPECT_EQ(registrations(), 1U);
    // A file that has become shorter would kill whoever touches its end.
    ASSERT_EQ(ftruncate(gst_fd_memory_get_fd(memory), 16), 0);
    EXPECT_EQ(h.push(std::move(buffer)), GST_FLOW_ERROR);
    EXPECT_TRUE(contains(onlyError(h), "shorter than the picture"));
}

TEST_F(CudaHostMemory, RefusedByTheDriverIsAnErrorThatSaysWhatWouldWork)
{
    for (const Store store : {Store::System, Store::Memfd}) {
        zc_fake_reset();
        ElementHarness h(kElement, kSmall);
        zc_fake_fail("cuMemHostRegister_v2", 1, 801);
        EXPECT_EQ(h.push(makeBuffer(infoOf(kSmall), {.name = "", .store = store}, 1)), GST_FLOW_ERROR);
        const std::string error = onlyError(h);
        EXPECT_TRUE(contains(error, "NOT_SUPPORTED")) << error;
        EXPECT_TRUE(contains(error, "cudaupload")) << error;
        EXPECT_TRUE(contains(error, "device=cpu")) << error;
        EXPECT_EQ(registrations(), 0U);
    }
}

// As a pool of cuMemHostAlloc() gives it.
TEST_F(CudaHostMemory, PinnedByOthersIsUsedAndLeftToThem)
{
    zc_fake_set_attribute(0, kSameAddresses, 1);
    const gsize size = (infoOf(kSmall).size + kPage - 1) / kPage * kPage;
    const Block block(size);
    void *context = nullptr;
    {
        ElementHarness h(kElement, kSmall);
        ASSERT_EQ(cuDevicePrimaryCtxRetain(&context, 0), 0);
        ASSERT_EQ(cuCtxPushCurrent_v2(context), 0);
        ASSERT_EQ(cuMemHostRegister_v2(block.data, size, 3), 0);
        ASSERT_EQ(h.push(bufferOf(wrapped(block.data, size))), GST_FLOW_OK);
        EXPECT_NE(h.pull(), nullptr);
        EXPECT_EQ(h.stat("in-place"), 1U);
    }
    EXPECT_EQ(registrations(), 1U);
    EXPECT_EQ(cuMemHostUnregister(block.data), 0);
    ASSERT_EQ(cuCtxPopCurrent_v2(&context), 0);
    EXPECT_EQ(cuDevicePrimaryCtxRelease_v2(0), 0);
    EXPECT_TRUE(contains(zc_fake_misuse(), "overlaps")) << "which is how the element learns of it";
    zc_fake_reset();
}

// A frame inside somebody's pinned block, which shares its first and its last page with others of that block.
TEST_F(CudaHostMemory, PinnedByOthersMayBeginInsideAPage)
{
    zc_fake_set_attribute(0, kSameAddresses, 1);
    const gsize size = infoOf(kSmall).size;
    void *context = nullptr, *block = nullptr;
    {
        ElementHarness h(kElement, kSmall);
        ASSERT_EQ(cuDevicePrimaryCtxRetain(&context, 0), 0);
        ASSERT_EQ(cuCtxPushCurrent_v2(context), 0);
        ASSERT_EQ(cuMemHostAlloc(&block, 4 * kPage, 0), 0);
        for (const gsize begin : {gsize{100}, kPage, 4 * kPage - size}) {
            ASSERT_EQ(h.push(bufferOf(wrapped(static_cast<guint8 *>(block) + begin, size))), GST_FLOW_OK) << begin;
            EXPECT_NE(h.pull(), nullptr);
        }
        EXPECT_EQ(h.stat("in-place"), 3U);
        EXPECT_EQ(registrations(), 0U);
    }
    EXPECT_EQ(cuMemFreeHost(block), 0);
    ASSERT_EQ(cuCtxPopCurrent_v2(&context), 0);
    EXPECT_EQ(cuDevicePrimaryCtxRelease_v2(0), 0);
    zc_fake_reset(); // the refused registrations are how the element learns of it
}

TEST_F(CudaHostMemory, ThatTheGpuSeesInPiecesIsRefused)
{
    zc_fake_scatter();
    ElementHarness h(kElement, kSmall);
    const Block block(4 * kPage);
    EXPECT_EQ(h.push(bufferOf(wrapped(block.data + 100, infoOf(kSmall).size))), GST_FLOW_ERROR);
    const std::string error = onlyError(h);
    EXPECT_TRUE(contains(error, "is not where the GPU sees the memory before it")) << error;
    EXPECT_TRUE(contains(error, "cudaupload")) << error;
    EXPECT_EQ(registrations(), 0U);
}

// ---- memory that nobody may write

struct ReadOnly {
    const char *name;
    GstMemory *(*make)(UniqueFd, gsize);
    bool pages; // the driver refuses them for writing
};

GstMemory *readOnlyPages(UniqueFd fd, gsize size)
{
    const auto unmap = [](gpointer pages) { munmap(pages, 2 * kPage); };
    void *pages = mmap(nullptr, 2 * kPage, PROT_READ, MAP_SHARED, fd.get(), 0);
    return gst_memory_new_wrapped(GST_MEMORY_FLAG_READONLY, pages, 2 * kPage, 0, size, pages, unmap);
}

GstMemory *markedReadOnly(UniqueFd fd, gsize size)
{
    GstMemory *memory = gst_allocator_alloc(nullptr, size, nullptr);
    GstMapInfo map;
    EXPECT_TRUE(gst_memory_map(memory, &map, GST_MAP_WRITE));
    EXPECT_EQ(pread(fd.get(), map.data, size, 0), static_cast<ssize_t>(size));
    gst_memory_unmap(memory, &map);
    GST_MINI_OBJECT_FLAG_SET(memory, GST_MEMORY_FLAG_READONLY);
    return memory;
}

constexpr ReadOnly kReadOnly[] = {
    {"Dmabuf", [](UniqueFd fd, gsize size) { return gst::test::dmabufMemory(reopenReadOnly(fd), size); }, true},
    {"File", [](UniqueFd fd, gsize size) { return gst::test::fdMemory(reopenReadOnly(fd), size); }, true},
    {"Pages", readOnlyPages, true},
    {"Marked", markedReadOnly, false},
};

class ReadOnlyMemory : public CudaHostMemory, public testing::WithParamInterface<ReadOnly> {
protected:
    // A frame whose bytes count up.
    Buffer frame()
    {
        bytes.resize(infoOf(kSmall).size);
        for (gsize i = 0; i < bytes.size(); ++i)
            bytes[i] = static_cast<std::uint8_t>(i);
        UniqueFd fd = makeMemfd(bytes.size());
        EXPECT_EQ(pwrite(fd.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
        return bufferOf(GetParam().make(std::move(fd), bytes.size()));
    }
    Bytes bytes;
};

TEST_P(ReadOnlyMemory, IsCopiedByTheGpuAndChangedThere)
{
    ElementHarness h(kElement, kSmall);
    for (int i = 0; i < 3; ++i) {
        Buffer in = frame();
        GstMemory *memory = gst_memory_ref(gst_buffer_peek_memory(in.get(), 0));
        ASSERT_EQ(h.push(std::move(in)), GST_FLOW_OK);
        const Buffer out = h.pull();
        ASSERT_NE(out, nullptr);
        EXPECT_TRUE(
            std::ranges::equal(bytesOf(out.get()), bytes, {}, {}, [](std::uint8_t b) -> std::uint8_t { return ~b; }));
        const Buffer before = bufferOf(memory);
        EXPECT_EQ(bytesOf(before.get()), bytes) << "the original was written";
    }
    EXPECT_EQ(h.stat("copied"), 3U);
    EXPECT_EQ(h.posted(GST_MESSAGE_ERROR).size(), 0U);
}

TEST_P(ReadOnlyMemory, IsOneErrorWhereTheGpuCannotPinIt)
{
    zc_fake_set_attribute(0, 113, 0);
    ElementHarness h(kElement, kSmall);
    const GstFlowReturn flow = h.push(frame());
    EXPECT_EQ(flow, GetParam().pages ? GST_FLOW_ERROR : GST_FLOW_OK);
    if (!GetParam().pages)
        return;
    const std::string error = onlyError(h);
    for (const char *part : {"may only be read", "NOT_SUPPORTED", "O_RDWR", "cudaupload", "device=cpu"})
        EXPECT_TRUE(contains(error, part)) << error;
}

TEST_P(ReadOnlyMemory, IsNeverWritten)
{
    ElementHarness h("cudazerocopy kernel=invert device=cuda on-shared=write", kSmall);
    Buffer in = frame();
    GstMemory *memory = gst_memory_ref(gst_buffer_peek_memory(in.get(), 0));
    EXPECT_EQ(h.push(std::move(in)), GST_FLOW_ERROR);
    const Buffer before = bufferOf(memory);
    EXPECT_EQ(bytesOf(before.get()), bytes);
    EXPECT_EQ(h.posted(GST_MESSAGE_ERROR).size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Every, ReadOnlyMemory, testing::ValuesIn(kReadOnly),
                         [](const auto &test) { return std::string(test.param.name); });

TEST_F(CudaHostMemory, OfAStrangersAllocatorIsRefused)
{
    ElementHarness h(kElement, kSmall);
    GstAllocator *allocator = GST_ALLOCATOR(g_object_new(stranger_get_type(), nullptr));
    gst_object_ref_sink(allocator);
    GstMemory *memory = gst_allocator_alloc(allocator, infoOf(kSmall).size, nullptr);
    gst_object_unref(allocator);
    EXPECT_EQ(h.push(bufferOf(memory)), GST_FLOW_ERROR);
    const std::string error = onlyError(h);
    EXPECT_TRUE(contains(error, "type Stranger")) << error;
    EXPECT_TRUE(contains(error, "device=cpu")) << error;
}

TEST_F(CudaHostMemory, OfASharedFrameIsCopiedByTheGpu)
{
    ElementHarness h(kElement, kSmall);
    const GstVideoInfo info = infoOf(kSmall);
    Buffer buffer = makeBuffer(info, {.name = ""}, 7);
    const Bytes before = bytesOf(buffer.get());
    const Buffer held(gst_buffer_ref(buffer.get()));
    ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
    const Buffer out = h.pull();
    ASSERT_NE(out, nullptr);
    EXPECT_NE(gst_buffer_peek_memory(out.get(), 0), gst_buffer_peek_memory(held.get(), 0));
    EXPECT_EQ(bytesOf(held.get()), before);
    EXPECT_GE(zc_fake_launches("zc_copy_"), 1U);
    EXPECT_EQ(h.stat("copied"), 1U);
}

TEST_F(CudaHostMemory, OfOtherCapsIsForgotten)
{
    ElementHarness h(kElement, kSmall);
    pushFrames(h, kSmall, 1);
    Buffer kept;
    ASSERT_EQ(h.push(makeBuffer(infoOf(kSmall), {.name = ""}, 1)), GST_FLOW_OK);
    kept = h.pull();
    EXPECT_GT(registrations(), 0U);
    gst_harness_set_src_caps_str(h.get(), rawCaps("GRAY8", 16, 16).c_str());
    ASSERT_EQ(h.push(filled(256, 1)), GST_FLOW_OK);
    EXPECT_NE(h.pull(), nullptr);
    EXPECT_EQ(registrations(), 0U) << "what the old caps needed, and a frame that is gone";
}

TEST_F(CudaHostMemory, IsAskedForInPages)
{
    for (const char *device : {"cuda", "cpu"}) {
        ElementHarness h(std::string("cudazerocopy kernel=invert device=") + device, kSmall);
        gst_harness_set_propose_allocator(h.get(), nullptr, nullptr);
        const CapsPtr caps = capsFrom(kSmall);
        GstQuery *query = gst_query_new_allocation(caps.get(), TRUE);
        EXPECT_TRUE(gst_pad_peer_query(h.get()->srcpad, query));
        gsize align = 0;
        for (guint i = 0; i < gst_query_get_n_allocation_params(query); ++i) {
            GstAllocationParams params;
            gst_query_parse_nth_allocation_param(query, i, nullptr, &params);
            align = std::max(align, params.align);
        }
        EXPECT_EQ((align + 1) % kPage == 0, std::string(device) == "cuda") << align;
        gst_query_unref(query);
    }
}

} // namespace
} // namespace zc::test
