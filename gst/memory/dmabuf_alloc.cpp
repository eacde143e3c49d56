// SPDX-License-Identifier: MIT
// dma-heap (Linux 5.6) and udmabuf (Linux 4.20) behind one call.
#include "dmabuf_alloc.hpp"

#include "core/dmabuf.hpp"

#include <gst/allocators/gstdmabuf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>

#include <cerrno>
#include <cstring>
#include <sys/mman.h>

namespace zc::gst {
namespace {

// Contiguous heaps first: devices without an IOMMU can import nothing else. The names are those of current
// and older kernels and of Raspberry Pi's.
constexpr const char *kHeaps[] = {"linux,cma", "reserved", "default_cma_region", "system"};

std::string failure(const std::string &what)
{
    return what + ": " + std::strerror(errno);
}

gsize wholePages(gsize size)
{
    const gsize page = static_cast<gsize>(sysconf(_SC_PAGESIZE));
    return (size + page - 1) / page * page;
}

Result<UniqueFd> allocateFromHeap(const UniqueFd &heap, gsize size, const std::string &name)
{
    dma_heap_allocation_data request{};
    request.len = wholePages(size);
    request.fd_flags = O_RDWR | O_CLOEXEC;
    if (ioctlWithRetry(heap.get(), DMA_HEAP_IOCTL_ALLOC, &request) < 0)
        return Status{Code::System, failure(name)};
    return UniqueFd(static_cast<int>(request.fd));
}

Result<UniqueFd> allocateFromUdmabuf(const UniqueFd &device, gsize size, const std::string &name)
{
    UniqueFd file(memfd_create("cudazerocopy-copy", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    // The driver insists on a file that can never become shorter.
    if (!file.valid() || ftruncate(file.get(), static_cast<off_t>(wholePages(size))) < 0 ||
        fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK) < 0)
        return Status{Code::System, failure("memfd for " + name)};
    udmabuf_create request{};
    request.memfd = static_cast<__u32>(file.get());
    request.flags = UDMABUF_FLAGS_CLOEXEC;
    request.size = wholePages(size);
    const int fd = ioctlWithRetry(device.get(), UDMABUF_CREATE, &request);
    if (fd < 0)
        return Status{Code::System, failure(name)};
    return UniqueFd(fd);
}

} // namespace

DmabufAllocator::DmabufAllocator(std::string heaps, std::string udmabuf)
    : heaps_(std::move(heaps)), udmabuf_(std::move(udmabuf))
{}

void DmabufAllocator::clear()
{
    device_.reset();
}

Result<UniqueFd> DmabufAllocator::tryHeap(const char *name, gsize size)
{
    const std::string path = heaps_ + "/" + name;
    UniqueFd heap(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!heap.valid())
        return Status{Code::System, failure(path)};
    Result<UniqueFd> made = allocateFromHeap(heap, size, path);
    if (made) {
        device_ = std::move(heap);
        deviceIsHeap_ = true;
    }
    return made;
}

Result<UniqueFd> DmabufAllocator::tryUdmabuf(gsize size)
{
    UniqueFd device(::open(udmabuf_.c_str(), O_RDWR | O_CLOEXEC));
    if (!device.valid())
        return Status{Code::System, failure(udmabuf_)};
    Result<UniqueFd> made = allocateFromUdmabuf(device, size, udmabuf_);
    if (made) {
        device_ = std::move(device);
        deviceIsHeap_ = false;
    }
    return made;
}

Result<UniqueFd> DmabufAllocator::newDmabuf(gsize size)
{
    if (device_.valid()) {
        Result<UniqueFd> made =
            deviceIsHeap_ ? allocateFromHeap(device_, size, heaps_) : allocateFromUdmabuf(device_, size, udmabuf_);
        if (made)
            return made;
        device_.reset();
    }
    std::string failures = "dma-heap (";
    for (const char *name : kHeaps) {
        Result<UniqueFd> made = tryHeap(name, size);
        if (made)
            return made;
        failures += std::string(name == kHeaps[0] ? "" : "; ") + made.status().message();
    }
    Result<UniqueFd> made = tryUdmabuf(size);
    if (made)
        return made;
    return Status{Code::System, failures + "), udmabuf (" + made.status().message() + ")"};
}

Result<MemoryPtr> DmabufAllocator::allocate(gsize size)
{
    Result<UniqueFd> fd = newDmabuf(size);
    if (!fd)
        return fd.status();
    if (!wrapper_)
        wrapper_.reset(gst_dmabuf_allocator_new());
    GstMemory *memory = gst_dmabuf_allocator_alloc(wrapper_.get(), fd->get(), size);
    if (!memory)
        return Status{Code::System, "GStreamer refused to wrap a dmabuf of " + std::to_string(size) + " bytes"};
    (void)fd->release(); // the memory closes it
    return MemoryPtr(memory);
}

} // namespace zc::gst
