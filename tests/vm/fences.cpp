// SPDX-License-Identifier: MIT
// The few ioctls of DRM and of vgem that are needed; their numbers and layouts are part of the kernel's ABI.
#include "fences.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/ioctl.h>

namespace zc::vm {
namespace {

struct Version {
    std::int32_t major, minor, patch;
    std::size_t nameLength;
    char *name;
    std::size_t dateLength;
    char *date;
    std::size_t descriptionLength;
    char *description;
};
struct CreateDumb {
    std::uint32_t height, width, bitsPerPixel, flags, handle, pitch;
    std::uint64_t size;
};
struct Prime {
    std::uint32_t handle, flags;
    std::int32_t fd;
};
struct FenceAttach {
    std::uint32_t handle, flags, fence, pad;
};
struct FenceSignal {
    std::uint32_t fence, flags;
};

constexpr unsigned long kVersion = _IOWR('d', 0x00, Version);
constexpr unsigned long kCreateDumb = _IOWR('d', 0xB2, CreateDumb);
constexpr unsigned long kHandleToFd = _IOWR('d', 0x2d, Prime);
constexpr unsigned long kFenceAttach = _IOWR('d', 0x41, FenceAttach);
constexpr unsigned long kFenceSignal = _IOW('d', 0x42, FenceSignal);
constexpr std::uint32_t kFenceWrite = 1;

template <class Argument> void call(const UniqueFd &device, unsigned long request, Argument &argument, const char *what)
{
    ASSERT_EQ(ioctl(device.get(), request, &argument), 0) << what << ": " << std::strerror(errno);
}

} // namespace

VirtualGpu::VirtualGpu()
{
    for (int i = 0; i < 4; ++i) {
        UniqueFd device(open(("/dev/dri/card" + std::to_string(i)).c_str(), O_RDWR | O_CLOEXEC));
        char name[16] = {};
        Version version{};
        version.nameLength = sizeof name - 1;
        version.name = name;
        if (device.valid() && ioctl(device.get(), kVersion, &version) == 0 && std::string(name) == "vgem") {
            device_ = std::move(device);
            return;
        }
    }
}

UniqueFd VirtualGpu::makeDmabuf(gsize size)
{
    constexpr std::uint32_t kRow = 4096;
    CreateDumb create{};
    create.width = kRow;
    create.height = static_cast<std::uint32_t>((size + kRow - 1) / kRow);
    create.bitsPerPixel = 8;
    call(device_, kCreateDumb, create, "a buffer of the virtual GPU");
    handle_ = create.handle;
    Prime prime{handle_, O_RDWR | O_CLOEXEC, -1};
    call(device_, kHandleToFd, prime, "its dmabuf");
    return UniqueFd(prime.fd);
}

void VirtualGpu::beginWork()
{
    FenceAttach attach{handle_, kFenceWrite, 0, 0};
    call(device_, kFenceAttach, attach, "a fence");
    fence_ = attach.fence;
}

void VirtualGpu::signal()
{
    FenceSignal signal{fence_, 0};
    call(device_, kFenceSignal, signal, "the fence's end");
}

} // namespace zc::vm
