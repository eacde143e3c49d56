// SPDX-License-Identifier: MIT
#include "breakage.hpp"

#include <cstring>

namespace zc::nvmm_test {

namespace {

using namespace fake_nvbuf;

constexpr std::size_t kProtectedFlag[] = {kProtectedOld, kProtectedNew};

// An EGLImage that was: the handle of one that is gone.
void *pastEgl(const Library &l, void *surface, std::uint32_t i)
{
    const Batch batch(surface, l.newAbi);
    if (batch[i].eglImage != nullptr)
        l.unmapEgl(surface, static_cast<int>(i));
    if (l.mapEgl(surface, static_cast<int>(i)) != 0)
        return nullptr;
    void *image = batch[i].eglImage;
    l.unmapEgl(surface, static_cast<int>(i));
    return image;
}

// The address of memory that was destroyed with its surface.
void *pastData(const Library &l, void *surface, std::uint32_t i)
{
    const Batch batch(surface, l.newAbi);
    NewCreateParams wanted{};
    wanted.common = {batch.head().gpuId,   batch[i].width,  batch[i].height,     0, false,
                     batch[i].colorFormat, batch[i].layout, batch.head().memType};
    void *other = nullptr;
    if (l.create(&other, 1, &wanted) != 0)
        return nullptr;
    void *data = Batch(other, l.newAbi)[0].dataPtr;
    l.destroy(other);
    return data;
}

} // namespace

void Breakage::substitute(Break how)
{
    const Batch batch(surface_, library_->newAbi);
    structs_.assign(64, 0);
    shownBytes_ = batch.bytes();
    if (how == Break::Garbage)
        std::memset(structs_.data(), 0xa5, structs_.size() * sizeof structs_[0]);
    if (how == Break::TooSmall) {
        std::memcpy(structs_.data(), surface_, 32);
        shownBytes_ = 32;
    }
    if (how == Break::OtherAbi) {
        const bool newAbi = !library_->newAbi;
        const std::size_t stride = newAbi ? sizeof(NewParams) : sizeof(OldParams);
        std::memcpy(structs_.data(), surface_, sizeof(Surface));
        shownBytes_ = newAbi ? sizeof(NewSurface) : sizeof(OldSurface);
        list_.assign((params_.size() + 1) * stride / sizeof list_[0], 0);
        for (std::size_t i = 0; i < params_.size(); ++i)
            std::memcpy(reinterpret_cast<unsigned char *>(list_.data()) + i * stride, &params_[i], sizeof(Params));
        reinterpret_cast<Surface *>(structs_.data())->surfaceList = list_.data();
    }
    shown_ = structs_.data();
}

void Breakage::spoilBatch(Break how)
{
    Surface &head = Batch(surface_, library_->newAbi).head();
    switch (how) {
    case Break::NullList:
        head.surfaceList = nullptr;
        break;
    case Break::AbsurdBatch:
        head.batchSize = 0x7fffffff;
        head.numFilled = 0x70000000;
        break;
    case Break::TooManyFilled:
        head.numFilled = head.batchSize + 1;
        break;
    case Break::NoneFilled:
        head.numFilled = 0;
        break;
    case Break::MemType:
        head.memType = 99;
        break;
    case Break::WrongGpu:
        head.gpuId += 1;
        break;
    default:
        for (std::uint32_t i = 0; i < params_.size(); ++i)
            spoilSurface(i, how);
    }
}

void Breakage::spoilSurface(std::uint32_t i, Break how)
{
    const Batch batch(surface_, library_->newAbi);
    Params &p = batch[i];
    const std::uint32_t last = p.planes.numPlanes - 1;
    switch (how) {
    case Break::NullData:
        p.dataPtr = nullptr;
        break;
    case Break::ForeignData:
        foreign_.assign(p.dataSize / sizeof foreign_[0] + 1, 0);
        p.dataPtr = foreign_.data();
        break;
    case Break::FreedData:
        p.dataPtr = pastData(*library_, surface_, i);
        break;
    case Break::PlaneOutside:
        p.planes.offset[last] = p.dataSize + 4096;
        break;
    case Break::SmallData:
        p.dataSize /= 2;
        break;
    case Break::ThinPitch:
        p.planes.pitch[0] = p.planes.width[0] / 2;
        p.pitch = p.planes.pitch[0];
        break;
    case Break::AbsurdPitch:
        p.planes.pitch[last] = 0xffffff00;
        break;
    case Break::NoPlanes:
        p.planes.numPlanes = 0;
        break;
    case Break::ManyPlanes:
        p.planes.numPlanes = 9;
        break;
    case Break::OddPlaneSize:
        p.planes.width[last] *= 2;
        p.planes.height[last] *= 2;
        break;
    case Break::WrongSize:
        p.width /= 2;
        p.height /= 2;
        break;
    case Break::WrongFormat:
        p.colorFormat = p.colorFormat == 19 ? 6 : 19; // RGBA for all others, NV12 for RGBA
        break;
    case Break::UnknownFormat:
        p.colorFormat = 500;
        break;
    case Break::Layout:
        p.layout = 7;
        break;
    case Break::FreedEgl:
        stale_ = p.eglImage = pastEgl(*library_, surface_, i);
        break;
    case Break::Protected:
        if (ParamsEx *extra = batch.extra(i); extra != nullptr)
            reinterpret_cast<unsigned char *>(extra)[kProtectedFlag[library_->newAbi]] = 1;
        break;
    default:
        break;
    }
}

void Breakage::apply(const Library &library, void *surface, Break how)
{
    restore();
    const Quiet quiet(library);
    const Batch batch(surface, library.newAbi);
    library_ = &library;
    surface_ = shown_ = surface;
    shownBytes_ = batch.bytes();
    head_ = batch.head();
    for (std::uint32_t i = 0; i < head_.batchSize; ++i)
        params_.push_back(batch[i]);
    if (how == Break::Garbage || how == Break::Zeros || how == Break::TooSmall || how == Break::OtherAbi)
        substitute(how);
    else
        spoilBatch(how);
}

void Breakage::restore()
{
    if (!active())
        return;
    const Library &l = *std::exchange(library_, nullptr);
    const Quiet quiet(l);
    const Batch batch(surface_, l.newAbi);
    batch.head() = head_;
    for (std::uint32_t i = 0; i < params_.size(); ++i) {
        Params before = params_[i];
        std::memcpy(before.mappedAddr, batch[i].mappedAddr, sizeof before.mappedAddr);
        before.eglImage = batch[i].eglImage == stale_ ? nullptr : batch[i].eglImage;
        batch[i] = before;
        if (ParamsEx *extra = batch.extra(i); extra != nullptr)
            reinterpret_cast<unsigned char *>(extra)[kProtectedFlag[l.newAbi]] = 0;
    }
    params_.clear();
    stale_ = nullptr;
    shown_ = surface_;
}

} // namespace zc::nvmm_test
