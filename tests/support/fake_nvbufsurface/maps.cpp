// SPDX-License-Identifier: MIT
// Surfaces as the CPU sees them.
#include "state.hpp"

#include <cstring>

namespace zc::fake_nvbuf {

namespace {

constexpr int kStale = 0xcd; // what a mapping shows before the first sync

// Nowhere: a sync that fails on demand. What the CPU wrote is lost then, which is not the program's fault.
enum class Direction { ToCpu, ToDevice, Nowhere };

std::uint64_t hash(const std::uint8_t *data, std::size_t bytes)
{
    std::uint64_t value = 14695981039346656037u; // FNV-1a
    for (std::size_t i = 0; i < bytes; ++i)
        value = (value ^ data[i]) * 1099511628211u;
    return value;
}

// What stands for the device's memory of a plane as the CPU is let at it.
std::uint8_t *deviceSide(const Record &record, const Piece &piece, unsigned plane)
{
    const Storage &storage = record.layout == kLayoutBlockLinear ? piece.decoy : piece.picture;
    return storage.data() + piece.geometry.plane[plane].offset;
}

bool mapPlane(void *surface, Record &record, unsigned i, unsigned plane, int flags)
{
    Piece &piece = record.pieces[i];
    if (piece.mapping[plane]) {
        misuse("NvBufSurfaceMap: plane " + std::to_string(plane) + " of " + name(surface, i) + " is mapped already");
        return false;
    }
    auto mapping = std::make_unique<Mapping>();
    mapping->writable = flags != kMapRead;
    std::uint8_t *address = static_cast<std::uint8_t *>(batchOf(surface)[i].dataPtr);
    if (record.isArray()) {
        const std::size_t bytes = piece.geometry.plane[plane].bytes;
        mapping->pages = Storage::pages(bytes);
        if (!mapping->pages)
            return false;
        address = mapping->pages.data();
        std::memset(address, kStale, bytes);
        mapping->synced = hash(address, bytes);
        mapping->pages.protect(mapping->writable);
    } else {
        address += piece.geometry.plane[plane].offset;
    }
    batchOf(surface)[i].mappedAddr[plane] = address;
    piece.mapping[plane] = std::move(mapping);
    return true;
}

bool unmapPlane(void *surface, Record &record, unsigned i, unsigned plane)
{
    Piece &piece = record.pieces[i];
    const std::string what = "NvBufSurfaceUnMap: plane " + std::to_string(plane) + " of " + name(surface, i);
    if (!piece.mapping[plane]) {
        misuse(what + " is not mapped");
        return false;
    }
    if (!isSynced(piece, plane))
        misuse(what + " was written by the CPU, and no NvBufSurfaceSyncForDevice followed");
    piece.mapping[plane].reset();
    batchOf(surface)[i].mappedAddr[plane] = nullptr;
    return true;
}

bool syncPlane(const char *function, void *surface, Record &record, unsigned i, unsigned plane, Direction direction)
{
    Piece &piece = record.pieces[i];
    Mapping *mapping = piece.mapping[plane].get();
    if (mapping == nullptr) {
        misuse(std::string(function) + ": plane " + std::to_string(plane) + " of " + name(surface, i) +
               " is not mapped");
        return false;
    }
    std::uint8_t *device = deviceSide(record, piece, plane), *shadow = mapping->pages.data();
    const std::size_t bytes = mapping->pages.bytes();
    if (direction == Direction::ToCpu) {
        mapping->pages.protect(true);
        std::memcpy(shadow, device, bytes);
        mapping->pages.protect(mapping->writable);
    } else if (direction == Direction::ToDevice && mapping->writable) {
        std::memcpy(device, shadow, bytes);
    }
    mapping->synced = hash(shadow, bytes);
    return direction != Direction::Nowhere;
}

template <class Body> int eachPlane(Record &record, int index, int plane, Body body)
{
    const bool good = forEach(index, record.pieces.size(), [&](unsigned i) {
        return forEach(plane, record.pieces[i].geometry.planes, [&](unsigned p) { return body(i, p); });
    });
    return good ? kSuccess : kFailure;
}

int map(void *surface, int index, int plane, int flags)
{
    Record *record = find("NvBufSurfaceMap", surface);
    if (record == nullptr || flags < kMapRead || flags > kMapReadWrite)
        return kFailure;
    if (!record->isArray() && record->memType != kMemCudaUnified)
        return kFailure;
    return eachPlane(*record, index, plane,
                     [&](unsigned i, unsigned p) { return mapPlane(surface, *record, i, p, flags); });
}

int sync(const char *function, void *surface, int index, int plane, Direction direction)
{
    Record *record = find(function, surface);
    if (record == nullptr || !record->isArray())
        return kFailure;
    const int first = plane == -1 ? 0 : plane; // -1 is for all planes, but some libraries sync one
    return eachPlane(*record, index, first,
                     [&](unsigned i, unsigned p) { return syncPlane(function, surface, *record, i, p, direction); });
}

} // namespace

bool isSynced(const Piece &piece, unsigned plane)
{
    const Mapping *mapping = piece.mapping[plane].get();
    return mapping == nullptr || !mapping->pages || !mapping->writable ||
           hash(mapping->pages.data(), mapping->pages.bytes()) == mapping->synced;
}

std::string mappedText(const Record &record)
{
    std::string text;
    for (unsigned i = 0; i < record.pieces.size(); ++i) {
        const Piece &piece = record.pieces[i];
        for (unsigned p = 0; p < kMostPlanes; ++p)
            if (piece.mapping[p])
                text += " plane " + std::to_string(p) + " of surface " + std::to_string(i) + " mapped";
        if (piece.eglImage != nullptr)
            text += " the EGLImage of surface " + std::to_string(i) + " mapped";
        if (piece.cudaMapped)
            text += " the CUDA buffer of surface " + std::to_string(i) + " mapped";
    }
    return text.empty() ? text : text.substr(1);
}

} // namespace zc::fake_nvbuf

using namespace zc::fake_nvbuf;

FAKE_EXPORT int NvBufSurfaceMap(void *surface, int index, int plane, int flags)
{
    return call(__func__, [&] { return map(surface, index, plane, flags); });
}

FAKE_EXPORT int NvBufSurfaceUnMap(void *surface, int index, int plane)
{
    return release(__func__, [&] {
        Record *record = find("NvBufSurfaceUnMap", surface);
        if (record == nullptr)
            return kFailure;
        return eachPlane(*record, index, plane,
                         [&](unsigned i, unsigned p) { return unmapPlane(surface, *record, i, p); });
    });
}

FAKE_EXPORT int NvBufSurfaceSyncForCpu(void *surface, int index, int plane)
{
    return call(__func__, [&] { return sync("NvBufSurfaceSyncForCpu", surface, index, plane, Direction::ToCpu); });
}

FAKE_EXPORT int NvBufSurfaceSyncForDevice(void *surface, int index, int plane)
{
    const std::lock_guard lock(state().mutex);
    const bool fails = strikes(__func__);
    return sync(__func__, surface, index, plane, fails ? Direction::Nowhere : Direction::ToDevice);
}

FAKE_EXPORT int zc_nvbuf_check_synced(void *surface)
{
    const std::lock_guard lock(state().mutex);
    const Record *record = find("zc_nvbuf_check_synced", surface);
    if (record == nullptr)
        return kFailure;
    int answer = kSuccess;
    for (unsigned i = 0; i < record->pieces.size(); ++i)
        for (unsigned p = 0; p < kMostPlanes; ++p)
            if (!isSynced(record->pieces[i], p))
                answer = misuse("plane " + std::to_string(p) + " of " + name(surface, i) +
                                " went on with what the CPU wrote unsynced");
    return answer;
}
