// SPDX-License-Identifier: MIT
// Whole pictures: copied, filled, and shown to tests.
#include "state.hpp"

#include <cstring>

namespace zc::fake_nvbuf {

namespace {

std::uint8_t *planeOf(Record &record, unsigned i, unsigned plane)
{
    if (i >= record.pieces.size() || plane >= record.pieces[i].geometry.planes)
        return nullptr;
    const Piece &piece = record.pieces[i];
    std::uint8_t *base = record.contiguous ? record.contiguous.data() + i * piece.geometry.bytes : piece.picture.data();
    return base + piece.geometry.plane[plane].offset;
}

int copy(void *from, void *to)
{
    Record *source = find("NvBufSurfaceCopy", from), *target = find("NvBufSurfaceCopy", to);
    if (source == nullptr || target == nullptr)
        return kFailure;
    const std::uint32_t count = batchOf(from).head().numFilled;
    if (count > source->pieces.size() || count > target->pieces.size())
        return kFailure;
    for (std::uint32_t i = 0; i < count; ++i) {
        const Geometry &a = source->pieces[i].geometry, &b = target->pieces[i].geometry;
        if (a.planes != b.planes)
            return kFailure;
        for (unsigned p = 0; p < a.planes; ++p) {
            if (a.plane[p].rowBytes() != b.plane[p].rowBytes() || a.plane[p].height != b.plane[p].height)
                return kFailure;
            for (unsigned y = 0; y < a.plane[p].height; ++y)
                std::memcpy(planeOf(*target, i, p) + y * b.plane[p].pitch,
                            planeOf(*source, i, p) + y * a.plane[p].pitch, a.plane[p].rowBytes());
        }
    }
    batchOf(to).head().numFilled = count;
    return kSuccess;
}

int fill(void *surface, int index, int plane, std::uint8_t value)
{
    Record *record = find("NvBufSurfaceMemSet", surface);
    if (record == nullptr)
        return kFailure;
    const bool good = forEach(index, record->pieces.size(), [&](unsigned i) {
        const Geometry &g = record->pieces[i].geometry;
        return forEach(plane, g.planes, [&](unsigned p) {
            std::memset(planeOf(*record, i, p), value, g.plane[p].bytes);
            return true;
        });
    });
    return good ? kSuccess : kFailure;
}

} // namespace

} // namespace zc::fake_nvbuf

using namespace zc::fake_nvbuf;

FAKE_EXPORT int NvBufSurfaceCopy(void *from, void *to)
{
    return call(__func__, [&] { return copy(from, to); });
}

FAKE_EXPORT int NvBufSurfaceMemSet(void *surface, int index, int plane, std::uint8_t value)
{
    return call(__func__, [&] { return fill(surface, index, plane, value); });
}

FAKE_EXPORT unsigned char *zc_nvbuf_plane(void *surface, unsigned index, unsigned plane, std::size_t *pitch)
{
    const std::lock_guard lock(state().mutex);
    const auto it = state().surfaces.find(surface);
    if (it == state().surfaces.end())
        return nullptr;
    unsigned char *data = planeOf(it->second, index, plane);
    if (data != nullptr && pitch != nullptr)
        *pitch = it->second.pieces[index].geometry.plane[plane].pitch;
    return data;
}
