// SPDX-License-Identifier: MIT
// CPU access to dmabufs through mmap, the sync ioctl and sync files.
#include "core/dmabuf.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <linux/dma-buf.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <system_error>

namespace zc {
namespace {

// linux/dma-buf.h has this since Linux 6.0 only (Ubuntu 22.04 has 5.15); the numbers never change.
struct ExportSyncFile {
    std::uint32_t flags;
    std::int32_t fd;
};
constexpr unsigned long kExportSyncFile = _IOWR('b', 2, ExportSyncFile);

std::string errorText(int error)
{
    return std::system_category().message(error);
}

Status systemError(int fd, const std::string &what, int error)
{
    return {Code::System, what + " of fd " + std::to_string(fd) + " failed: " + errorText(error)};
}

std::uint64_t syncFlags(Access access)
{
    switch (access) {
    case Access::Read:
        return DMA_BUF_SYNC_READ;
    case Access::Write:
        return DMA_BUF_SYNC_WRITE;
    case Access::ReadWrite:
        break;
    }
    return DMA_BUF_SYNC_RW;
}

// 0, or the errno.
int syncIoctl(int fd, std::uint64_t flags)
{
    dma_buf_sync sync = {};
    sync.flags = flags;
    return ioctlWithRetry(fd, DMA_BUF_IOCTL_SYNC, &sync) < 0 ? errno : 0;
}

// Only the real ioctl tells a dmabuf from a memfd. An impossible flag is refused by every dmabuf before anything
// happens; a real window would wait, without a limit, for a device that works on the buffer.
bool answersSync(int fd)
{
    constexpr std::uint64_t kImpossible = std::uint64_t{1} << 63;
    return syncIoctl(fd, kImpossible) != ENOTTY;
}

Status checkAccess(int fd, std::size_t size, std::size_t needed, Access access)
{
    const std::string name = "fd " + std::to_string(fd);
    if (writes(access) && !fdIsReadWrite(fd)) {
        return {Code::Access, name + " is not open for reading and writing, so the frame in it cannot be changed; its "
                                     "exporter must hand it out with O_RDWR"};
    }
    if (size == 0)
        return {Code::BadLayout, name + " does not tell its size, so no mapping of it is safe; a dmabuf is needed"};
    if (size < needed) {
        return {Code::BadLayout,
                name + " holds " + std::to_string(size) + " bytes, but its frame needs " + std::to_string(needed)};
    }
    return {};
}

Status waitForSyncFile(int dmabuf, int syncFile, int timeoutMs)
{
    using Clock = std::chrono::steady_clock;
    const Clock::time_point end = Clock::now() + std::chrono::milliseconds(timeoutMs);
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
        pollfd entry = {syncFile, POLLIN, 0};
        const int ready = poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
        if (ready > 0 && (entry.revents & (POLLERR | POLLNVAL)) == 0)
            return {};
        if (ready > 0)
            return {Code::System, "the fence of fd " + std::to_string(dmabuf) + " reports an error to poll()"};
        if (ready == 0) {
            return {Code::System, "the device that works on fd " + std::to_string(dmabuf) + " did not finish within " +
                                      std::to_string(timeoutMs) + " ms"};
        }
        if (errno != EINTR)
            return systemError(dmabuf, "waiting for the fence", errno);
    }
}

} // namespace

int ioctlWithRetry(int fd, unsigned long request, void *argument)
{
    constexpr int kTries = 1000;
    int result = -1;
    for (int i = 0; i < kTries && result < 0; ++i) {
        result = ioctl(fd, request, argument);
        if (result < 0 && errno != EINTR && errno != EAGAIN)
            break;
        if (result < 0 && errno == EAGAIN)
            sched_yield();
    }
    return result;
}

std::string dmabufExporter(int fd)
{
    std::ifstream info("/proc/self/fdinfo/" + std::to_string(fd));
    const std::string key = "exp_name:";
    for (std::string line; std::getline(info, line);) {
        if (line.compare(0, key.size(), key) != 0)
            continue;
        const std::size_t start = line.find_first_not_of(" \t", key.size());
        return start == std::string::npos ? std::string() : line.substr(start);
    }
    return {};
}

std::size_t fdSize(int fd)
{
    // A dmabuf has no offset and refuses SEEK_CUR; elsewhere the offset may be shared with another process.
    const off_t before = lseek(fd, 0, SEEK_CUR);
    const off_t size = lseek(fd, 0, SEEK_END);
    if (size >= 0)
        lseek(fd, std::max<off_t>(before, 0), SEEK_SET);
    return size > 0 ? static_cast<std::size_t>(size) : 0;
}

bool fdIsReadWrite(int fd)
{
    const int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_ACCMODE) == O_RDWR && (flags & O_PATH) == 0;
}

Status waitForFences(int fd, Access access, int timeoutMs)
{
    ExportSyncFile request = {};
    request.flags = static_cast<std::uint32_t>(syncFlags(access));
    request.fd = -1;
    const int error = ioctlWithRetry(fd, kExportSyncFile, &request) < 0 ? errno : 0;
    if (error == ENOTTY || error == EINVAL || error == ENOTSUP)
        return {};
    if (error != 0)
        return systemError(fd, "asking for the fences", error);
    const UniqueFd syncFile(request.fd);
    return waitForSyncFile(fd, syncFile.get(), std::max(timeoutMs, 0));
}

// ---- mapping ---------------------------------------------------------------------------------------------------

Result<DmabufMapping> DmabufMapping::map(int fd, std::size_t needed, Access access)
{
    DmabufMapping mapping;
    mapping.fd_ = UniqueFd::duplicate(fd);
    if (!mapping.fd_.valid())
        return systemError(fd, "duplicating", errno);
    const std::size_t size = fdSize(fd);
    if (Status status = checkAccess(fd, size, needed, access); !status)
        return status;
    // Writing kernels read what they change, so that there is no mapping for writing alone.
    const int protection = writes(access) ? PROT_READ | PROT_WRITE : PROT_READ;
    void *address = mmap(nullptr, size, protection, MAP_SHARED, mapping.fd_.get(), 0);
    if (address == MAP_FAILED) {
        const int error = errno;
        return Status(error == EACCES || error == EPERM ? Code::Access : Code::System,
                      "fd " + std::to_string(fd) + " cannot be mapped for " +
                          (writes(access) ? "reading and writing: " : "reading: ") + errorText(error));
    }
    mapping.data_ = static_cast<std::uint8_t *>(address);
    mapping.size_ = size;
    mapping.needsSync_ = answersSync(mapping.fd_.get());
    return mapping;
}

DmabufMapping::DmabufMapping(DmabufMapping &&other) noexcept
    : fd_(std::move(other.fd_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      needsSync_(other.needsSync_)
{}

DmabufMapping &DmabufMapping::operator=(DmabufMapping &&other) noexcept
{
    // What this one held until now goes with `old`.
    DmabufMapping old(std::move(other));
    std::swap(fd_, old.fd_);
    std::swap(data_, old.data_);
    std::swap(size_, old.size_);
    std::swap(needsSync_, old.needsSync_);
    return *this;
}

DmabufMapping::~DmabufMapping()
{
    if (data_ != nullptr)
        munmap(data_, size_);
}

// ---- windows of access -----------------------------------------------------------------------------------------

Result<DmabufSync> DmabufSync::begin(const DmabufMapping &mapping, Access access)
{
    if (!mapping.needsSync())
        return DmabufSync(-1, access);
    const int fd = mapping.fd();
    const int error = syncIoctl(fd, DMA_BUF_SYNC_START | syncFlags(access));
    if (error != 0)
        return systemError(fd, "beginning CPU access", error);
    return DmabufSync(fd, access);
}

DmabufSync::DmabufSync(DmabufSync &&other) noexcept : fd_(std::exchange(other.fd_, -1)), access_(other.access_) {}

DmabufSync &DmabufSync::operator=(DmabufSync &&other) noexcept
{
    DmabufSync old(std::move(other));
    std::swap(fd_, old.fd_);
    std::swap(access_, old.access_);
    return *this;
}

DmabufSync::~DmabufSync()
{
    static_cast<void>(end());
}

Status DmabufSync::end()
{
    const int fd = std::exchange(fd_, -1);
    if (fd < 0)
        return {};
    const int error = syncIoctl(fd, DMA_BUF_SYNC_END | syncFlags(access_));
    return error == 0 ? Status() : systemError(fd, "ending CPU access", error);
}

} // namespace zc
