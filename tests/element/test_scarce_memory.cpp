// SPDX-License-Identifier: MIT
// Caps that promise more than this machine's memory holds: one error, and the process lives.
#include "rig.hpp"

#include "memfd.hpp"

#include <gst/allocators/gstfdmemory.h>

#include <fstream>
#include <string>
#include <sys/resource.h>

namespace zc::test {
namespace {

constexpr int kWidth = 30000, kHeight = 17000; // RGBA: 2,040,000,000 bytes
constexpr gsize kFrame = gsize{4} * kWidth * kHeight;

// Address space for this much more than the process has now.
class MemoryLimit {
public:
    explicit MemoryLimit(rlim_t more)
    {
        std::ifstream statm("/proc/self/statm");
        rlim_t pages = 0;
        statm >> pages;
        getrlimit(RLIMIT_AS, &before_);
        rlimit limit = before_;
        limit.rlim_cur = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + more;
        EXPECT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
    }
    MemoryLimit(const MemoryLimit &) = delete;
    MemoryLimit &operator=(const MemoryLimit &) = delete;
    ~MemoryLimit() { setrlimit(RLIMIT_AS, &before_); }

private:
    rlimit before_{};
};

void expectOneError(GstMemory *memory, const std::string &words)
{
    ElementHarness harness("cudazerocopy kernel=invert on-shared=copy",
                           "video/x-raw,format=RGBA,width=" + std::to_string(kWidth) +
                               ",height=" + std::to_string(kHeight) + ",framerate=30/1");
    const MemoryLimit limit(512U << 20);
    Buffer buffer(gst_buffer_new());
    gst_buffer_append_memory(buffer.get(), memory);
    const Buffer holder(gst_buffer_ref(buffer.get()));
    EXPECT_EQ(harness.push(std::move(buffer)), GST_FLOW_ERROR);
    const auto errors = harness.posted(GST_MESSAGE_ERROR);
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_NE(errors[0].text.find(words), std::string::npos) << errors[0].text;
}

TEST(ScarceMemory, ASmallSharedBufferUnderHugeCaps)
{
    expectOneError(gst_allocator_alloc(nullptr, 100, nullptr), "needs " + std::to_string(kFrame));
}

TEST(ScarceMemory, ASharedFrameThatHasNoRoomForACopy)
{
    UniqueFd fd = makeMemfd(kFrame); // has no pages until they are written
    ASSERT_TRUE(fd.valid());
    GstAllocator *allocator = gst_fd_allocator_new();
    GstMemory *memory = gst_fd_allocator_alloc(allocator, fd.release(), kFrame, GST_FD_MEMORY_FLAG_NONE);
    gst_object_unref(allocator);
    expectOneError(memory, "no memory of " + std::to_string(kFrame) + " bytes to copy into");
}

} // namespace
} // namespace zc::test
