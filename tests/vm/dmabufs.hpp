// SPDX-License-Identifier: MIT
// Dmabufs made by the kernel, devices hidden for a while, and a record of the sync ioctl.
#pragma once

#include "core/dmabuf.hpp"
#include "core/unique_fd.hpp"

#include <gst/gst.h>

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace zc::vm {

enum class Maker { Heap, Udmabuf };

// At least `size` bytes, in whole pages. A heap also hands out descriptors that may only read; udmabuf does not.
UniqueFd makeDmabuf(Maker maker, gsize size, int access = O_RDWR);
const char *exporterName(Maker maker);

// Takes the descriptor; GStreamer believes any size.
GstMemory *wrapDmabuf(UniqueFd fd, gsize size);
// Of a dmabuf memory; empty for others.
std::string exporterOf(GstMemory *memory);
ino_t inodeOf(GstMemory *memory);

// A pattern that no kernel leaves as it is, written through a mapping.
void fillDmabuf(int fd, gsize size, unsigned seed);

// Under another name until it goes out of scope.
class HiddenPath {
public:
    explicit HiddenPath(std::string path);
    HiddenPath(const HiddenPath &) = delete;
    HiddenPath &operator=(const HiddenPath &) = delete;
    ~HiddenPath();

private:
    std::string path_;
};

// One DMA_BUF_IOCTL_SYNC.
struct SyncCall {
    ino_t inode = 0;
    std::uint64_t flags = 0;
};

// The program has an ioctl() of its own, which the plugin calls instead of the C library's. Calls of the calling
// thread go to `record` from now on; null ends that.
void recordSync(std::vector<SyncCall> *record);
// The next `count` recorded calls that begin or end a window fail with `error` and do not reach the kernel.
void failSync(int count, int error);
int failuresLeft();

} // namespace zc::vm
