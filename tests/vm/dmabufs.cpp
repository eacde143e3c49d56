// SPDX-License-Identifier: MIT
// Makers of dmabufs, and the ioctl() in front of the C library's.
#include "dmabufs.hpp"

#include <gst/allocators/gstdmabuf.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace zc::vm {
namespace {

thread_local std::vector<SyncCall> *syncRecord = nullptr;
std::atomic<int> failures{0};
std::atomic<int> failureError{0};

gsize wholePages(gsize size)
{
    const auto page = static_cast<gsize>(sysconf(_SC_PAGESIZE));
    return (size + page - 1) / page * page;
}

UniqueFd fromHeap(gsize size, int access)
{
    const UniqueFd heap(open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC));
    dma_heap_allocation_data request{};
    request.len = size;
    request.fd_flags = static_cast<__u32>(access | O_CLOEXEC);
    if (!heap.valid() || ioctl(heap.get(), DMA_HEAP_IOCTL_ALLOC, &request) < 0)
        return {};
    return UniqueFd(static_cast<int>(request.fd));
}

UniqueFd fromUdmabuf(gsize size)
{
    const UniqueFd device(open("/dev/udmabuf", O_RDWR | O_CLOEXEC));
    const UniqueFd file(memfd_create("vm-test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!device.valid() || ftruncate(file.get(), static_cast<off_t>(size)) < 0 ||
        fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK) < 0)
        return {};
    udmabuf_create request{};
    request.memfd = static_cast<__u32>(file.get());
    request.flags = UDMABUF_FLAGS_CLOEXEC;
    request.size = size;
    return UniqueFd(ioctl(device.get(), UDMABUF_CREATE, &request));
}

ino_t inodeOfFd(int fd)
{
    struct stat status {};
    return fstat(fd, &status) == 0 ? status.st_ino : 0;
}

bool mustFail()
{
    int left = failures.load();
    while (left > 0 && !failures.compare_exchange_weak(left, left - 1)) {
    }
    return left > 0;
}

} // namespace

UniqueFd makeDmabuf(Maker maker, gsize size, int access)
{
    UniqueFd fd = maker == Maker::Heap ? fromHeap(wholePages(size), access) : fromUdmabuf(wholePages(size));
    EXPECT_TRUE(fd.valid()) << "no dmabuf of " << size << " bytes from " << exporterName(maker) << ": "
                            << std::strerror(errno);
    return fd;
}

const char *exporterName(Maker maker)
{
    return maker == Maker::Heap ? "system" : "udmabuf";
}

GstMemory *wrapDmabuf(UniqueFd fd, gsize size)
{
    GstAllocator *allocator = gst_dmabuf_allocator_new();
    GstMemory *memory = gst_dmabuf_allocator_alloc(allocator, fd.release(), size);
    gst_object_unref(allocator);
    return memory;
}

std::string exporterOf(GstMemory *memory)
{
    return gst_is_dmabuf_memory(memory) ? dmabufExporter(gst_dmabuf_memory_get_fd(memory)) : std::string();
}

ino_t inodeOf(GstMemory *memory)
{
    return gst_is_dmabuf_memory(memory) ? inodeOfFd(gst_dmabuf_memory_get_fd(memory)) : 0;
}

void fillDmabuf(int fd, gsize size, unsigned seed)
{
    void *address = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ASSERT_NE(address, MAP_FAILED) << std::strerror(errno);
    auto *bytes = static_cast<std::uint8_t *>(address);
    for (gsize i = 0; i < size; ++i)
        bytes[i] = static_cast<std::uint8_t>(40 + (i * 7 + i / 131 + seed * 29) % 80); // never neutral chroma
    munmap(address, size);
}

HiddenPath::HiddenPath(std::string path) : path_(std::move(path))
{
    EXPECT_EQ(std::rename(path_.c_str(), (path_ + ".hidden").c_str()), 0) << path_ << ": " << std::strerror(errno);
}

HiddenPath::~HiddenPath()
{
    EXPECT_EQ(std::rename((path_ + ".hidden").c_str(), path_.c_str()), 0) << path_ << ": " << std::strerror(errno);
}

void recordSync(std::vector<SyncCall> *record)
{
    syncRecord = record;
}

void failSync(int count, int error)
{
    failureError = error;
    failures = count;
}

int failuresLeft()
{
    return failures;
}

} // namespace zc::vm

// Libraries and plugins find this one before the C library's, since the program exports it.
extern "C" __attribute__((visibility("default"))) int ioctl(int fd, unsigned long request, ...) noexcept
{
    va_list list;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    if (request == DMA_BUF_IOCTL_SYNC && zc::vm::syncRecord != nullptr) {
        const std::uint64_t flags = static_cast<dma_buf_sync *>(argument)->flags;
        zc::vm::syncRecord->push_back({zc::vm::inodeOfFd(fd), flags});
        // Other flags only ask what kind of file it is.
        const bool window = (flags & ~std::uint64_t{DMA_BUF_SYNC_VALID_FLAGS_MASK}) == 0;
        if (window && zc::vm::mustFail()) {
            errno = zc::vm::failureError;
            return -1;
        }
    }
    return static_cast<int>(syscall(SYS_ioctl, fd, request, argument));
}
