// SPDX-License-Identifier: MIT
// Memory that somebody else can see, by each way of sharing, under each policy.
#include "element_harness.hpp"
#include "memfd.hpp"

#include <gst/allocators/gstdmabuf.h>
#include <gtest/gtest.h>

#include <unistd.h>

namespace zc::test {
namespace {

constexpr const char *kPlain = "video/x-raw,format=NV12,width=32,height=16,framerate=30/1";
constexpr const char *kDmabuf = "video/x-raw(memory:DMABuf),format=NV12,width=32,height=16,framerate=30/1";
constexpr auto kTrouble = static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);

bool haveDmabufs()
{
    return access("/dev/udmabuf", R_OK | W_OK) == 0 || access("/dev/dma_heap", R_OK | X_OK) == 0;
}

// ---- who else can see it

enum class Holder { Buffer, OtherBuffer, ReadOnly, Parent, ReadOnlyFd };

// The shared buffer, and what keeps it shared.
struct Shared {
    Buffer buffer;
    Buffer bufferRef;
    Buffer otherBuffer;
    Buffer parent; // a buffer, too, but only to hold the parent of the shared memory
};

Buffer readOnlyFdBuffer(const GstVideoInfo &info, GstBuffer *original)
{
    const int fd = gst_dmabuf_memory_get_fd(gst_buffer_peek_memory(original, 0));
    UniqueFd readOnly(open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(readOnly.valid());
    GstAllocator *allocator = gst_dmabuf_allocator_new();
    Buffer buffer(gst_buffer_new());
    gst_buffer_append_memory(buffer.get(), gst_dmabuf_allocator_alloc(allocator, readOnly.release(), info.size));
    gst_object_unref(allocator);
    return buffer;
}

Shared share(const GstVideoInfo &info, Store store, Holder holder, unsigned seed)
{
    Shared shared;
    shared.buffer = makeBuffer(info, {.name = "", .store = store}, seed);
    GstMemory *memory = gst_buffer_peek_memory(shared.buffer.get(), 0);
    switch (holder) {
    case Holder::Buffer:
        shared.bufferRef.reset(gst_buffer_ref(shared.buffer.get()));
        break;
    case Holder::OtherBuffer: // as a decoder keeps its reference frames
        shared.otherBuffer.reset(gst_buffer_new());
        gst_buffer_append_memory(shared.otherBuffer.get(), gst_memory_ref(memory));
        break;
    case Holder::ReadOnly:
        GST_MINI_OBJECT_FLAG_SET(memory, GST_MEMORY_FLAG_READONLY);
        break;
    case Holder::Parent: {
        shared.parent.reset(gst_buffer_new());
        gst_buffer_append_memory(shared.parent.get(), gst_memory_ref(memory));
        GstMemory *child = gst_memory_share(memory, 0, -1);
        shared.buffer.reset(gst_buffer_new());
        gst_buffer_append_memory(shared.buffer.get(), child);
        break;
    }
    case Holder::ReadOnlyFd:
        shared.buffer = readOnlyFdBuffer(info, shared.buffer.get());
        break;
    }
    return shared;
}

struct Case {
    const char *name;
    Holder holder;
    Store store;
    const char *caps;
};

constexpr Case kCases[] = {
    {"bufferSystem", Holder::Buffer, Store::System, kPlain},
    {"bufferMemfd", Holder::Buffer, Store::Memfd, kPlain},
    {"bufferMemfdDmabufCaps", Holder::Buffer, Store::Memfd, kDmabuf},
    {"otherBufferSystem", Holder::OtherBuffer, Store::System, kPlain},
    {"otherBufferMemfd", Holder::OtherBuffer, Store::Memfd, kPlain},
    {"otherBufferMemfdDmabufCaps", Holder::OtherBuffer, Store::Memfd, kDmabuf},
    {"readOnlySystem", Holder::ReadOnly, Store::System, kPlain},
    {"readOnlyMemfd", Holder::ReadOnly, Store::Memfd, kPlain},
    {"parentSystem", Holder::Parent, Store::System, kPlain},
    {"parentMemfd", Holder::Parent, Store::Memfd, kPlain},
    {"readOnlyFdMemfd", Holder::ReadOnlyFd, Store::Memfd, kPlain},
    {"readOnlyFdMemfdDmabufCaps", Holder::ReadOnlyFd, Store::Memfd, kDmabuf},
};

class SharedBuffer : public testing::TestWithParam<Case> {
protected:
    // Whatever happens, the shared bytes are still there afterwards, unless the policy is to write.
    void begin(const std::string &settings, unsigned seed = 5)
    {
        h_ = std::make_unique<ElementHarness>("cudazerocopy kernel=invert " + settings, GetParam().caps);
        shared_ = share(info_, GetParam().store, GetParam().holder, seed);
        input_ = shared_.buffer.get();
        before_ = bytesOf(input_);
    }

    GstFlowReturn push() { return h_->push(std::move(shared_.buffer)); }

    GstVideoInfo info_ = infoOf(kPlain);
    std::unique_ptr<ElementHarness> h_;
    Shared shared_;
    GstBuffer *input_ = nullptr;
    Bytes before_;
};

// A second way to the same storage: the descriptor of a dmabuf, or the reference that made the buffer shared.
Bytes storageStill(const Shared &shared, int duplicateFd, std::size_t size)
{
    Bytes bytes(size);
    if (duplicateFd >= 0)
        EXPECT_EQ(pread(duplicateFd, bytes.data(), size, 0), static_cast<ssize_t>(size));
    else if (shared.bufferRef)
        bytes = bytesOf(shared.bufferRef.get());
    else if (shared.otherBuffer)
        bytes = bytesOf(shared.otherBuffer.get());
    else if (shared.parent)
        bytes = bytesOf(shared.parent.get());
    return bytes;
}

UniqueFd duplicateFdOf(GstBuffer *buffer)
{
    GstMemory *memory = gst_buffer_peek_memory(buffer, 0);
    return gst_is_dmabuf_memory(memory) ? UniqueFd(dup(gst_dmabuf_memory_get_fd(memory))) : UniqueFd();
}

// What the message must say about who is in the way.
const char *reasonOf(const Case &c)
{
    switch (c.holder) {
    case Holder::Buffer:
        return "holds the buffer";
    case Holder::OtherBuffer:
        return "another buffer";
    case Holder::ReadOnly:
        return "read-only";
    case Holder::Parent:
        return "part of a larger one";
    case Holder::ReadOnlyFd:
        return "without write access";
    }
    return "";
}

bool canLookAgain(const Case &c)
{
    return c.holder != Holder::ReadOnly || c.store != Store::System; // nobody else holds that one
}

TEST_P(SharedBuffer, CopyLeavesTheOriginalAndCounts)
{
    const Case &c = GetParam();
    if (std::string(c.caps) == kDmabuf && !haveDmabufs())
        GTEST_SKIP() << "no dma-heap and no udmabuf here; DmabufCaps.* has what happens then";
    begin("on-shared=copy");
    const UniqueFd fd = duplicateFdOf(input_);
    ASSERT_EQ(push(), GST_FLOW_OK);
    const Buffer out = h_->pull();
    ASSERT_NE(out, nullptr);
    EXPECT_EQ(visible(info_, out.get()), expected("invert", info_, nullptr, before_));
    if (canLookAgain(c)) {
        EXPECT_EQ(storageStill(shared_, fd.get(), before_.size()), before_) << "the original was written";
    }
    EXPECT_EQ(h_->stat("copied"), 1U);
    EXPECT_EQ(h_->stat("in-place"), 0U);
    EXPECT_EQ(h_->stat("frames"), 1U);
    EXPECT_EQ(gst_is_dmabuf_memory(gst_buffer_peek_memory(out.get(), 0)) == TRUE, std::string(c.caps) == kDmabuf);
    EXPECT_EQ(h_->posted(kTrouble).size(), 1U) << "one WARNING says that frames are copied";
}

TEST_P(SharedBuffer, ErrorStopsWithoutWriting)
{
    begin("on-shared=error");
    const UniqueFd fd = duplicateFdOf(input_);
    EXPECT_EQ(push(), GST_FLOW_ERROR);
    const auto posted = h_->posted(kTrouble);
    ASSERT_EQ(posted.size(), 1U);
    EXPECT_EQ(posted[0].type, GST_MESSAGE_ERROR);
    EXPECT_NE(posted[0].text.find("on-shared=copy"), std::string::npos) << posted[0].text;
    EXPECT_NE(posted[0].text.find(reasonOf(GetParam())), std::string::npos) << posted[0].text;
    if (canLookAgain(GetParam())) {
        EXPECT_EQ(storageStill(shared_, fd.get(), before_.size()), before_);
    }
    EXPECT_EQ(h_->stat("copied"), 0U);
}

TEST_P(SharedBuffer, PassthroughHandsTheFrameOnUnchanged)
{
    begin("on-shared=passthrough");
    ASSERT_EQ(push(), GST_FLOW_OK);
    const Buffer out = h_->pull();
    ASSERT_EQ(out.get(), input_);
    EXPECT_EQ(bytesOf(out.get()), before_);
    EXPECT_EQ(h_->stat("passed-through"), 1U);
    EXPECT_EQ(h_->stat("copied") + h_->stat("in-place"), 0U);
    EXPECT_TRUE(h_->posted(kTrouble).empty());
}

// What cannot be written is an error: a mapping of it may well be read-only pages. A part is not: core marks each one
// read-only, whatever the whole is.
bool impossibleToWrite(const Case &c)
{
    return c.holder == Holder::ReadOnlyFd || c.holder == Holder::ReadOnly;
}

TEST_P(SharedBuffer, WriteChangesWhatOthersSee)
{
    const Case &c = GetParam();
    begin("on-shared=write");
    const UniqueFd fd = duplicateFdOf(input_);
    const GstFlowReturn flow = push();
    if (impossibleToWrite(c)) {
        EXPECT_EQ(flow, GST_FLOW_ERROR);
        const auto posted = h_->posted(kTrouble);
        ASSERT_EQ(posted.size(), 1U);
        EXPECT_NE(posted[0].text.find("on-shared=copy"), std::string::npos) << posted[0].text;
        if (canLookAgain(c)) {
            EXPECT_EQ(storageStill(shared_, fd.get(), before_.size()), before_);
        }
        return;
    }
    ASSERT_EQ(flow, GST_FLOW_OK);
    const Buffer out = h_->pull();
    ASSERT_EQ(out.get(), input_);
    const Bytes wanted = expected("invert", info_, nullptr, before_);
    EXPECT_EQ(bytesOf(out.get()), wanted);
    EXPECT_EQ(storageStill(shared_, fd.get(), before_.size()), wanted);
    EXPECT_EQ(h_->stat("in-place"), 1U);
    EXPECT_EQ(h_->stat("copied"), 0U);
}

TEST_P(SharedBuffer, ZeroCopyRequiredRefusesTheCopy)
{
    begin("zero-copy=required");
    EXPECT_EQ(push(), GST_FLOW_ERROR);
    const auto posted = h_->posted(kTrouble);
    ASSERT_EQ(posted.size(), 1U);
    EXPECT_EQ(posted[0].type, GST_MESSAGE_ERROR);
    EXPECT_NE(posted[0].text.find("zero-copy=required"), std::string::npos) << posted[0].text;
    EXPECT_EQ(h_->stat("copied"), 0U);
}

INSTANTIATE_TEST_SUITE_P(Every, SharedBuffer, testing::ValuesIn(kCases),
                         [](const testing::TestParamInfo<Case> &one) { return std::string(one.param.name); });

TEST(SharedBuffers, WarnOnceForManyCopies)
{
    ElementHarness h("cudazerocopy kernel=invert", kPlain);
    const GstVideoInfo info = infoOf(kPlain);
    constexpr unsigned kFrames = 5;
    for (unsigned i = 0; i < kFrames; ++i) {
        Shared shared = share(info, Store::System, Holder::Buffer, i);
        ASSERT_EQ(h.push(std::move(shared.buffer)), GST_FLOW_OK);
    }
    EXPECT_EQ(h.stat("copied"), kFrames);
    const auto posted = h.posted(kTrouble);
    ASSERT_EQ(posted.size(), 1U);
    EXPECT_EQ(posted[0].type, GST_MESSAGE_WARNING);
    EXPECT_NE(posted[0].text.find("copied"), std::string::npos) << posted[0].text;
}

TEST(SharedBuffers, NeedNoPolicyWhereNothingIsWritten)
{
    ElementHarness h("cudazerocopy kernel=identity on-shared=error zero-copy=required", kPlain);
    Shared shared = share(infoOf(kPlain), Store::System, Holder::Buffer, 1);
    GstBuffer *input = shared.buffer.get();
    EXPECT_EQ(h.push(std::move(shared.buffer)), GST_FLOW_OK);
    EXPECT_EQ(h.pull().get(), input);
}

// ---- DMABuf caps: the copy must be a dmabuf as well

TEST(DmabufCaps, NameEveryWayThatFailed)
{
    if (haveDmabufs())
        GTEST_SKIP() << "this machine can make dmabufs";
    ElementHarness h("cudazerocopy kernel=invert", kDmabuf);
    Shared shared = share(infoOf(kPlain), Store::Memfd, Holder::Buffer, 1);
    const Bytes before = bytesOf(shared.buffer.get());
    EXPECT_EQ(h.push(std::move(shared.buffer)), GST_FLOW_ERROR);
    const auto posted = h.posted(kTrouble);
    ASSERT_EQ(posted.size(), 1U);
    for (const char *word : {"pool", "dma-heap", "udmabuf"})
        EXPECT_NE(posted[0].text.find(word), std::string::npos) << posted[0].text;
    EXPECT_EQ(bytesOf(shared.bufferRef.get()), before);
}

struct MemfdAllocator {
    GstAllocator parent;
};
struct MemfdAllocatorClass {
    GstAllocatorClass parent;
};
G_DEFINE_TYPE(MemfdAllocator, memfd_allocator, GST_TYPE_ALLOCATOR)

GstMemory *memfdAlloc(GstAllocator *, gsize size, GstAllocationParams *)
{
    return memfdMemory(size);
}

void memfd_allocator_class_init(MemfdAllocatorClass *klass)
{
    GST_ALLOCATOR_CLASS(klass)->alloc = memfdAlloc;
}

void memfd_allocator_init(MemfdAllocator *allocator)
{
    GST_OBJECT_FLAG_SET(allocator, GST_ALLOCATOR_FLAG_CUSTOM_ALLOC);
}

GstPadProbeReturn proposePool(GstPad *, GstPadProbeInfo *info, gpointer pool)
{
    GstQuery *query = GST_PAD_PROBE_INFO_QUERY(info);
    if (GST_QUERY_TYPE(query) != GST_QUERY_ALLOCATION || (info->type & GST_PAD_PROBE_TYPE_PUSH) == 0)
        return GST_PAD_PROBE_OK;
    gst_query_add_allocation_pool(query, GST_BUFFER_POOL(pool), 32 * 16 * 3 / 2, 2, 0);
    return GST_PAD_PROBE_HANDLED;
}

TEST(DmabufCaps, UseDownstreamsPool)
{
    ElementHarness h("cudazerocopy kernel=invert", kDmabuf);
    GstBufferPool *pool = gst_buffer_pool_new();
    auto *allocator = static_cast<GstAllocator *>(g_object_new(memfd_allocator_get_type(), nullptr));
    GstStructure *config = gst_buffer_pool_get_config(pool);
    gst_buffer_pool_config_set_allocator(config, allocator, nullptr);
    ASSERT_TRUE(gst_buffer_pool_set_config(pool, config));
    gst_pad_add_probe(h.get()->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, proposePool, pool, nullptr);

    const GstVideoInfo info = infoOf(kPlain);
    for (unsigned i = 0; i < 4; ++i) {
        Shared shared = share(info, Store::Memfd, Holder::Buffer, i);
        const Bytes before = bytesOf(shared.buffer.get());
        ASSERT_EQ(h.push(std::move(shared.buffer)), GST_FLOW_OK);
        const Buffer out = h.pull();
        ASSERT_NE(out, nullptr);
        EXPECT_TRUE(gst_is_dmabuf_memory(gst_buffer_peek_memory(out.get(), 0)));
        EXPECT_EQ(out->pool, pool);
        EXPECT_EQ(visible(info, out.get()), expected("invert", info, nullptr, before));
        EXPECT_EQ(bytesOf(shared.bufferRef.get()), before);
    }
    EXPECT_EQ(h.stat("copied"), 4U);
    gst_object_unref(allocator);
    gst_object_unref(pool);
}

} // namespace
} // namespace zc::test
