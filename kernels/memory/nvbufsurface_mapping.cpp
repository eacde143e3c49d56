// SPDX-License-Identifier: MIT
// Who holds which mapping, counted over the process: two elements in a row, or an element and its copier, may use what
// one of them made.
#include "memory/nvbufsurface_mapping.hpp"

#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>

namespace zc::nvbuf {
namespace {

using Key = std::tuple<const Surface *, std::uint32_t, MappingKind, int>;

struct Made {
    void *value = nullptr;
    unsigned holders = 0;
};

// Never destroyed: a memory may die after main(). The lock is also held around the library's calls, so that nothing is
// undone and done at once.
struct Registry {
    std::mutex mutex;
    std::map<Key, Made> made;
};

Registry &registry()
{
    static auto &instance = *new Registry;
    return instance;
}

Key keyOf(const MappingSlot &slot)
{
    return {slot.surface, slot.index, slot.kind, slot.plane};
}

int map(const MappingSlot &slot)
{
    const Library &l = *slot.library;
    const auto index = static_cast<int>(slot.index);
    switch (slot.kind) {
    case MappingKind::Plane: // for reading and writing: it stays, and the next user may want either
        return l.map(slot.surface, index, slot.plane, kMapReadWrite);
    case MappingKind::EglImage:
        return l.mapEglImage(slot.surface, index);
    case MappingKind::CudaBuffer:
        return l.mapCudaBuffer != nullptr ? l.mapCudaBuffer(slot.surface, index) : -1;
    }
    return -1;
}

void unMap(const MappingSlot &slot)
{
    const Library &l = *slot.library;
    const auto index = static_cast<int>(slot.index);
    switch (slot.kind) {
    case MappingKind::Plane:
        (void)l.unMap(slot.surface, index, slot.plane);
        break;
    case MappingKind::EglImage:
        (void)l.unMapEglImage(slot.surface, index);
        break;
    case MappingKind::CudaBuffer:
        (void)l.unMapCudaBuffer(slot.surface, index);
        break;
    }
}

Status refused(const MappingSlot &slot)
{
    const std::string what = slot.kind == MappingKind::Plane      ? "NvBufSurfaceMap"
                             : slot.kind == MappingKind::EglImage ? "NvBufSurfaceMapEglImage"
                                                                  : "NvBufSurfaceMapCudaBuffer";
    return {Code::Access, what + " of " + slot.library->path + " refuses picture " + std::to_string(slot.index) +
                              " of a surface in " + memTypeName(static_cast<MemType>(slot.surface->memType))};
}

} // namespace

void *MappingSlot::value() const
{
    const Params &params = *pictureAt(*surface, library->abi, index);
    switch (kind) {
    case MappingKind::Plane:
        return params.mapped[plane];
    case MappingKind::EglImage:
        return params.eglImage;
    case MappingKind::CudaBuffer:
        return library->abi == Abi::New ? reinterpret_cast<const ParamsNew &>(params).cudaMapped : nullptr;
    }
    return nullptr;
}

Result<Mapping> Mapping::hold(const MappingSlot &slot)
{
    Registry &r = registry();
    const std::lock_guard lock(r.mutex);
    if (void *value = slot.value(); value != nullptr) {
        const auto known = r.made.find(keyOf(slot));
        const bool ours = known != r.made.end() && known->second.value == value;
        if (ours)
            ++known->second.holders;
        return Mapping(slot, value, ours);
    }
    if (map(slot) != 0)
        return refused(slot);
    void *value = slot.value();
    if (value == nullptr)
        return refused(slot);
    r.made[keyOf(slot)] = {value, 1}; // what was there was unmapped by somebody else
    return Mapping(slot, value, true);
}

Mapping::Mapping(Mapping &&other) noexcept
    : slot_(other.slot_), value_(std::exchange(other.value_, nullptr)), counted_(std::exchange(other.counted_, false))
{}

Mapping &Mapping::operator=(Mapping &&other) noexcept
{
    if (this != &other) {
        release();
        slot_ = other.slot_;
        value_ = std::exchange(other.value_, nullptr);
        counted_ = std::exchange(other.counted_, false);
    }
    return *this;
}

void Mapping::release()
{
    if (!std::exchange(counted_, false))
        return;
    Registry &r = registry();
    const std::lock_guard lock(r.mutex);
    const auto known = r.made.find(keyOf(slot_));
    if (known == r.made.end() || known->second.value != value_ || --known->second.holders > 0)
        return;
    r.made.erase(known);
    if (isCurrent())
        unMap(slot_);
}

void Mapping::abandon()
{
    if (!std::exchange(counted_, false))
        return;
    Registry &r = registry();
    const std::lock_guard lock(r.mutex);
    const auto known = r.made.find(keyOf(slot_));
    if (known != r.made.end() && known->second.value == value_ && --known->second.holders == 0)
        r.made.erase(known);
}

} // namespace zc::nvbuf
