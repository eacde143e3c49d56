// SPDX-License-Identifier: MIT
// The ways into a surface, by the type of its memory.
#include "memory/nvbufsurface.hpp"

#include "memory/device_pointer.hpp"

#include <string>

namespace zc {

using nvbuf::Abi;
using nvbuf::Library;
using nvbuf::Mapping;
using nvbuf::MappingKind;
using nvbuf::MemType;
using nvbuf::Params;
using nvbuf::View;

// One picture on its way to a frame.
struct SurfaceImport::Job {
    const View &view;
    std::uint32_t index;
    Params &params;
    nvbuf::Picture &picture;
    Reached &reached;

    Frame &frame() const { return picture.frame; }
    int planes() const { return formatInfo(picture.frame.format).planes; }
};

namespace {

Status refuse(const std::string &what)
{
    return {Code::Unsupported, what};
}

std::string kindText(MemType type)
{
    return std::string("the surface is ") + nvbuf::memTypeName(type);
}

Status cannotBeBlockLinear(MemType type)
{
    return refuse(kindText(type) + " in block-linear layout, which only the GPU reads, through an EGLImage; make it "
                                   "pitch-linear upstream (nvvidconv bl-output=false, or compute-hw=GPU)");
}

void setPlanes(Frame &frame, const nvbuf::Picture &picture, void *base)
{
    for (int plane = 0; plane < formatInfo(frame.format).planes; ++plane)
        frame.planes[plane].data = static_cast<std::uint8_t *>(base) + picture.offset[static_cast<std::size_t>(plane)];
}

} // namespace

HostGpu &SurfaceImport::gpu(int device)
{
    if (!gpu_ || gpu_->device() != device)
        gpu_ = std::make_unique<HostGpu>(device);
    return *gpu_;
}

void SurfaceImport::forget()
{
    for (Reached &one : reached_) {
        one.image.reset();
        if (one.mapping)
            one.mapping->abandon();
        for (auto &plane : one.planes) {
            if (plane)
                plane->abandon();
        }
    }
    reached_.clear();
    library_ = nullptr;
}

Status SurfaceImport::checkGpu(const View &view) const
{
    if (site_.wantedGpu < 0 || site_.wantedGpu == view.gpu)
        return {};
    const std::string found = std::to_string(view.gpu), wanted = std::to_string(site_.wantedGpu);
    return {Code::InvalidArgument, "the NVMM surface lies on GPU " + found + ", but gpu-id=" + wanted +
                                       "; set gpu-id=" + found + " or -1 here, or gpu-id=" + wanted +
                                       " on the element that makes the surfaces"};
}

// Asked at each frame, so that a second copy that was loaded meanwhile is noticed.
Result<const Library *> SurfaceImport::libraryFor(const Job &job) const
{
    const auto found = nvbuf::library();
    if (!found)
        return Status{found.status().code(),
                      kindText(job.view.memType) + ", which only libnvbufsurface reaches: " + found.status().message()};
    if (Status status = nvbuf::checkAbi(job.view, bytes_, found.value()->abi); !status)
        return status;
    return found;
}

Status SurfaceImport::checkAddress(Job &job, void *data, bool cpu)
{
    Reached &reached = job.reached;
    const auto *first = static_cast<const std::uint8_t *>(data);
    if (reached.checked == data && reached.checkedBytes >= job.picture.bytes)
        return {};
    if (cpu && (!nvbuf::isReadable(first, 1) || !nvbuf::isReadable(first + job.picture.bytes - 1, 1)))
        return {Code::Access, kindText(job.view.memType) + ", but the CPU cannot read its " +
                                  std::to_string(job.picture.bytes) + " bytes; was it freed?"};
    if (!cpu) {
        const auto use = job.view.memType == MemType::Pinned || job.view.memType == MemType::Unified
                             ? PointerUse::AnyMemory
                             : PointerUse::DeviceMemory;
        const Status status = checkPointer(gpu(job.view.gpu), data, job.picture.bytes, use);
        if (!status)
            return {status.code(), kindText(job.view.memType) + " of GPU " + std::to_string(job.view.gpu) +
                                       ", but its address cannot be used: " + status.message()};
    }
    reached.checked = data;
    reached.checkedBytes = job.picture.bytes;
    made_ = true;
    return {};
}

// dataPtr, or on Jetsons with the RM driver what stands in for it.
Result<void *> SurfaceImport::cudaAddress(Job &job)
{
    if (job.params.dataPtr != nullptr)
        return job.params.dataPtr;
    const auto library = libraryFor(job);
    if (!library)
        return library.status();
    if (library.value()->abi == Abi::Old)
        return Status{Code::BadLayout, kindText(job.view.memType) + " without an address (dataPtr is null)"};
    const auto *buffer = reinterpret_cast<const nvbuf::ParamsNew &>(job.params).cudaBuffer;
    if (buffer != nullptr && nvbuf::isReadable(buffer, sizeof *buffer) && buffer->data != nullptr)
        return buffer->data;
    auto &mapping = job.reached.mapping;
    if (!mapping || !mapping->isCurrent()) {
        mapping.reset();
        auto held = Mapping::hold({library.value(), job.view.surface, job.index, MappingKind::CudaBuffer, 0});
        if (!held)
            return Status{Code::Access, kindText(job.view.memType) + " without an address (dataPtr is null), and " +
                                            held.status().message()};
        mapping.emplace(std::move(held.value()));
        made_ = true;
    }
    buffer = static_cast<const nvbuf::CudaBuffer *>(mapping->value());
    if (!nvbuf::isReadable(buffer, sizeof *buffer) || buffer->data == nullptr)
        return Status{Code::Access, kindText(job.view.memType) + ", and CUDA's buffer of it has no address"};
    return buffer->data;
}

Status SurfaceImport::placeCudaMemory(Job &job)
{
    const bool deviceOnly = job.view.memType == MemType::Device || job.view.memType == MemType::Default;
    if (site_.onCpu && deviceOnly)
        return refuse(kindText(job.view.memType) +
                      ", which the CPU cannot reach; use device=auto, or nvbuf-memory-type=nvbuf-mem-cuda-unified (of "
                      "nvv4l2decoder cudadec-memtype=2) on the element that makes the surfaces");
    if (job.picture.blockLinear)
        return cannotBeBlockLinear(job.view.memType);
    const auto data = cudaAddress(job);
    if (!data)
        return data.status();
    if (Status status = checkAddress(job, data.value(), site_.onCpu); !status)
        return status;
    setPlanes(job.frame(), job.picture, data.value());
    if (!site_.onCpu)
        job.frame().device = job.view.gpu; // in its primary context
    return {};
}

Status SurfaceImport::placeSystemMemory(Job &job)
{
    if (site_.onGpu)
        return refuse(kindText(job.view.memType) + ", which only the CPU reaches; use device=auto or device=cpu, or "
                                                   "another nvbuf-memory-type on the element that makes the surfaces");
    if (job.picture.blockLinear)
        return cannotBeBlockLinear(job.view.memType);
    if (job.params.dataPtr == nullptr)
        return {Code::BadLayout, kindText(job.view.memType) + " without an address (dataPtr is null)"};
    if (Status status = checkAddress(job, job.params.dataPtr, true); !status)
        return status;
    setPlanes(job.frame(), job.picture, job.params.dataPtr);
    return {};
}

Status SurfaceImport::placeEglImage(Job &job)
{
    Reached &reached = job.reached;
    if (reached.mapping && (!reached.mapping->isCurrent() || reached.bufferDesc != job.params.bufferDesc)) {
        reached.image.reset();
        reached.mapping.reset();
    }
    if (!reached.mapping) {
        auto held = Mapping::hold({library_, job.view.surface, job.index, MappingKind::EglImage, 0});
        if (!held)
            return {held.status().code(),
                    held.status().message() +
                        ": there is no EGLImage of it; where DISPLAY names a screen that does not "
                        "answer (as over ssh -X), unset DISPLAY"};
        reached.mapping.emplace(std::move(held.value()));
        reached.bufferDesc = job.params.bufferDesc;
    }
    if (!reached.image) {
        auto made = EglImageImport::make(job.view.gpu, nullptr, reached.mapping->value());
        if (!made)
            return {made.status().code(), kindText(job.view.memType) + ": " + made.status().message()};
        reached.image.emplace(std::move(made.value()));
        made_ = true;
    }
    return reached.image->place(job.frame());
}

// By CUDA's buffer where the driver is of that kind, else by the EGLImage.
Status SurfaceImport::placeSurfaceArray(Job &job)
{
    const auto library = libraryFor(job);
    if (!library)
        return library.status();
    library_ = library.value();
    if (nvbuf::isProtected(job.params, library_->abi))
        return refuse("the surface holds protected content, which only the decoder and the display may see; protected "
                      "streams cannot be processed");
    if (site_.onCpu)
        return placeMappedPlanes(job);
    if (!library_->isRmDriver || library_->mapCudaBuffer == nullptr || job.picture.blockLinear)
        return placeEglImage(job);
    Reached &reached = job.reached;
    if (reached.mapping && !reached.mapping->isCurrent())
        reached.mapping.reset();
    if (!reached.mapping && !reached.image) {
        auto held = Mapping::hold({library_, job.view.surface, job.index, MappingKind::CudaBuffer, 0});
        if (!held) {
            const Status status = placeEglImage(job);
            return status ? status : Status{status.code(), held.status().message() + "; " + status.message()};
        }
        reached.mapping.emplace(std::move(held.value()));
        made_ = true;
    }
    if (reached.image)
        return placeEglImage(job);
    const auto *buffer = static_cast<const nvbuf::CudaBuffer *>(reached.mapping->value());
    if (!nvbuf::isReadable(buffer, sizeof *buffer) || buffer->data == nullptr)
        return {Code::Access, kindText(job.view.memType) + ", and CUDA's buffer of it has no address"};
    if (Status status = checkAddress(job, buffer->data, false); !status)
        return status;
    setPlanes(job.frame(), job.picture, buffer->data);
    job.frame().device = job.view.gpu;
    return {};
}

Status SurfaceImport::placeMappedPlanes(Job &job)
{
    if (job.picture.blockLinear)
        return cannotBeBlockLinear(job.view.memType);
    const FormatInfo &info = formatInfo(job.frame().format);
    for (int plane = 0; plane < info.planes; ++plane) {
        auto &mapping = job.reached.planes[static_cast<std::size_t>(plane)];
        if (!mapping || !mapping->isCurrent()) {
            mapping.reset();
            auto held = Mapping::hold({library_, job.view.surface, job.index, MappingKind::Plane, plane});
            if (!held)
                return {held.status().code(), held.status().message() + ": the CPU cannot reach it; use device=auto"};
            mapping.emplace(std::move(held.value()));
            made_ = true;
        }
        Plane &target = job.frame().planes[plane];
        const auto needed =
            static_cast<std::uint64_t>(target.pitch * (target.height - 1) + rowBytes(info, plane, job.frame().width));
        if (const std::uint64_t has = job.params.planes.bytes[plane]; has < needed)
            return {Code::BadLayout, "plane " + std::to_string(plane) + " of the surface has " + std::to_string(has) +
                                         " bytes, a picture of its size needs " + std::to_string(needed)};
        target.data = mapping->value();
    }
    return beginCpu(job);
}

// Plane by plane, since some releases are known not to take all at once.
Status SurfaceImport::beginCpu(const Job &job)
{
    for (int plane = 0; plane < job.planes(); ++plane) {
        if (library_->syncForCpu(job.view.surface, static_cast<int>(job.index), plane) != 0)
            return {Code::System, "NvBufSurfaceSyncForCpu refuses plane " + std::to_string(plane) + " of picture " +
                                      std::to_string(job.index)};
        cpuPlanes_.push_back({job.index, plane});
    }
    return {};
}

// What the default was is told by whether CUDA knows the address.
MemType SurfaceImport::kindOf(const Job &job)
{
    if (job.view.memType != MemType::Default)
        return job.view.memType;
    if (site_.onCpu)
        return job.params.dataPtr != nullptr ? MemType::Device : MemType::SurfaceArray;
    return isKnownPointer(gpu(job.view.gpu), job.params.dataPtr) ? MemType::Device : MemType::SurfaceArray;
}

Status SurfaceImport::place(Job &job)
{
    const MemType type = kindOf(job);
    if (type != MemType::System && !site_.onCpu) {
        if (Status status = checkGpu(job.view); !status)
            return status;
    }
    switch (type) {
    case MemType::Pinned:
    case MemType::Device:
    case MemType::Unified:
        return placeCudaMemory(job);
    case MemType::SurfaceArray:
        return placeSurfaceArray(job);
    case MemType::System:
        return placeSystemMemory(job);
    case MemType::Default:
    case MemType::Handle:
    case MemType::CudaArray:
        break;
    }
    return refuse(kindText(type) + ", memory of the driver's that neither CUDA nor the CPU can address; use "
                                   "nvbuf-memory-type=nvbuf-mem-surface-array or nvbuf-mem-default on the element "
                                   "that makes the surfaces");
}

Result<std::span<const Frame>> SurfaceImport::open(void *data, std::size_t bytes, const nvbuf::Expected &expected,
                                                   Access access)
{
    made_ = false;
    frames_.clear();
    access_ = access;
    auto view = nvbuf::readSurface(data, bytes);
    if (!view)
        return view.status();
    // Whatever there was is gone with the surface before, or the caller would have told.
    if (surface_ != data)
        forget();
    surface_ = data;
    bytes_ = bytes;
    Abi abi = Abi::Old;
    if (view->filled > 1) { // only then does anything lie elsewhere
        const auto library = nvbuf::library();
        if (!library)
            return Status{library.status().code(),
                          "the batch holds " + std::to_string(view->filled) +
                              " pictures, whose distance only libnvbufsurface tells: " + library.status().message()};
        abi = library.value()->abi;
        if (Status status = nvbuf::checkAbi(view.value(), bytes, abi); !status)
            return status;
    }
    if (reached_.size() < view->filled)
        reached_.resize(view->filled);
    for (std::uint32_t i = 0; i < view->filled; ++i) {
        Params &params = *nvbuf::pictureAt(*view->surface, abi, i);
        auto picture = nvbuf::readPicture(params, expected);
        Status status = picture.status();
        if (picture) {
            Job job{view.value(), i, params, picture.value(), reached_[i]};
            status = place(job);
        }
        if (!status) {
            (void)close();
            return i == 0
                       ? status
                       : Status{status.code(), "picture " + std::to_string(i) + " of the batch: " + status.message()};
        }
        frames_.push_back(picture->frame);
    }
    return std::span<const Frame>(frames_);
}

Status SurfaceImport::close()
{
    Status first;
    for (const CpuPlane &one : cpuPlanes_) {
        if (!writes(access_))
            break;
        if (library_->syncForDevice(static_cast<nvbuf::Surface *>(surface_), static_cast<int>(one.index), one.plane) !=
                0 &&
            first)
            first = {Code::System, "NvBufSurfaceSyncForDevice refuses plane " + std::to_string(one.plane) +
                                       " of picture " + std::to_string(one.index)};
    }
    cpuPlanes_.clear();
    return first;
}

} // namespace zc
