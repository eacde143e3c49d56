// SPDX-License-Identifier: MIT
// CPU access to a dmabuf: one lasting mapping, sync brackets, implicit fences.
#pragma once

#include "core/access.hpp"
#include "core/status.hpp"
#include "core/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace zc {

// As ioctl(), again after a signal (EINTR) and while the driver is busy (EAGAIN), but not for ever: after a thousand
// tries, the last error stays in errno.
int ioctlWithRetry(int fd, unsigned long request, void *argument);

// Who made the dmabuf ("system", "vivid-000-vid-cap", ...), from /proc/self/fdinfo; empty if the kernel does not say.
std::string dmabufExporter(int fd);

// Size of the object behind the fd by lseek, or 0 if it cannot tell.
std::size_t fdSize(int fd);

// True if the descriptor was opened for reading and writing.
bool fdIsReadWrite(int fd);

// Waits until the GPU or device work queued on the buffer by implicit fences is over. A kernel without
// EXPORT_SYNC_FILE (< 6.0), or a file that is no dmabuf, counts as nothing to wait for.
Status waitForFences(int fd, Access access, int timeoutMs);

// A mapping of a whole dmabuf (or of any mappable fd) that lives as long as the object.
class DmabufMapping {
public:
    // The fd stays the caller's; a duplicate is held. `needed` bytes must be inside the object.
    static Result<DmabufMapping> map(int fd, std::size_t needed, Access access);

    DmabufMapping(DmabufMapping &&other) noexcept;
    DmabufMapping &operator=(DmabufMapping &&other) noexcept;
    DmabufMapping(const DmabufMapping &) = delete;
    DmabufMapping &operator=(const DmabufMapping &) = delete;
    ~DmabufMapping();

    std::uint8_t *data() const { return data_; }
    std::size_t size() const { return size_; }
    int fd() const { return fd_.get(); }
    // False for a memfd and the like, where the sync ioctl answers ENOTTY: no brackets are needed or possible.
    bool needsSync() const { return needsSync_; }

private:
    DmabufMapping() = default;
    friend class DmabufSync;
    UniqueFd fd_;
    std::uint8_t *data_ = nullptr;
    std::size_t size_ = 0;
    bool needsSync_ = true;
};

// A window of CPU access (DMA_BUF_IOCTL_SYNC start and end, retried on EINTR and EAGAIN) as an object's life.
class DmabufSync {
public:
    static Result<DmabufSync> begin(const DmabufMapping &mapping, Access access);
    DmabufSync(DmabufSync &&other) noexcept;
    DmabufSync &operator=(DmabufSync &&other) noexcept;
    DmabufSync(const DmabufSync &) = delete;
    DmabufSync &operator=(const DmabufSync &) = delete;
    ~DmabufSync(); // ends the window; a failure there is lost, so call end() where it matters
    Status end();

private:
    DmabufSync(int fd, Access access) : fd_(fd), access_(access) {}
    int fd_ = -1; // borrowed from the mapping
    Access access_ = Access::ReadWrite;
};

} // namespace zc
