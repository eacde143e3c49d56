// SPDX-License-Identifier: MIT
// What a build without CUDA says when it is asked for a GPU.
#include "backend/gpu.hpp"
#include "memory/device_pointer.hpp"
#include "memory/dmabuf_import.hpp"
#include "memory/egl_image.hpp"
#include "memory/host_mapping.hpp"

namespace zc {

namespace {

Status absent()
{
    return {Code::Unsupported, "this build has no CUDA (-Dcuda=disabled); build it with -Dcuda=enabled"};
}

} // namespace

class HostGpu::Impl {};

Result<std::string> findGpu(int)
{
    return absent();
}

std::string whyGpuIsMissing()
{
    return {};
}

bool gpuDriverIsInstalled()
{
    return false;
}

void prefetchGpuKernel(int, const std::string &) {}

Result<std::unique_ptr<Backend>> makeGpuBackend(int, void *, const Interrupt &)
{
    return absent();
}

HostGpu::HostGpu(int device) : device_(device) {}
HostGpu::~HostGpu() = default;

Result<void *> HostGpu::context()
{
    return absent();
}

Result<HostMapping> HostMapping::make(const std::shared_ptr<HostGpu> &, void *, std::size_t, Access)
{
    return absent();
}

HostMapping::HostMapping(HostMapping &&) noexcept = default;
HostMapping &HostMapping::operator=(HostMapping &&) noexcept = default;
HostMapping::~HostMapping() = default;
void HostMapping::release() {}

Status checkPointer(HostGpu &, const void *, std::uint64_t, PointerUse)
{
    return absent();
}

bool isKnownPointer(HostGpu &, const void *)
{
    return false;
}

struct EglImageImport::Impl {};

Result<EglImageImport> EglImageImport::make(int, void *, void *)
{
    return absent();
}

EglImageImport::EglImageImport(EglImageImport &&other) noexcept = default;
EglImageImport &EglImageImport::operator=(EglImageImport &&other) noexcept = default;
EglImageImport::~EglImageImport() = default;

Status EglImageImport::place(Frame &) const
{
    return absent();
}

Status EglImageImport::read(const Frame &, int, void *, std::size_t, std::size_t, std::size_t) const
{
    return absent();
}

Status EglImageImport::write(const Frame &, int, const void *, std::size_t, std::size_t, std::size_t) const
{
    return absent();
}

void *EglImageImport::image() const
{
    return nullptr;
}

bool EglImageImport::isArray() const
{
    return false;
}

egl::DmabufImage::DmabufImage(DmabufImage &&other) noexcept : display_(other.display_), image_(other.image_) {}
egl::DmabufImage::~DmabufImage() = default;

Result<DmabufImport> DmabufImport::make(int, const egl::DmabufPicture &)
{
    return absent();
}

Status DmabufImport::verify(const egl::DmabufPicture &, const Frame &, bool) const
{
    return absent();
}

DmabufWay dmabufWay(const DmabufKind &)
{
    return DmabufWay::Mapping;
}

void noteDmabufWay(const DmabufKind &, DmabufWay) {}

void forgetDmabufWays() {}

bool prefersDmabufImage(const DmabufKind &)
{
    return false;
}

} // namespace zc
