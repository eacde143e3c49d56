// SPDX-License-Identifier: MIT
// Copies and fills, done on the host at once.
#include "state.hpp"

#include "cuda/api.hpp"

#include <cstring>

namespace zc::fake {

namespace {

enum class Kind { Host, Device, Array };

// One end of a copy: rows at a distance of each other.
struct Side {
    Kind kind = Kind::Host;
    std::uint8_t *at = nullptr;
    std::size_t pitch = 0;
};

std::uint8_t *bytesAt(Address address)
{
    return reinterpret_cast<std::uint8_t *>(address);
}

const char *direction(Kind from, Kind to)
{
    if (from == Kind::Host)
        return to == Kind::Host ? "htoh" : "htod";
    return to == Kind::Host ? "dtoh" : "dtod";
}

void moveRows(const Side &from, const Side &to, std::size_t width, std::size_t rows)
{
    for (std::size_t y = 0; y < rows; ++y)
        std::memmove(to.at + y * to.pitch, from.at + y * from.pitch, width);
    state().copied[direction(from.kind, to.kind)] += width * rows;
}

struct SideDescription {
    const char *role;
    unsigned type;
    Address host, device;
    Handle array;
    std::size_t pitch, x, y;
};

int arraySide(const char *function, const SideDescription &d, std::size_t width, std::size_t rows, Side &side)
{
    Array *array = nullptr;
    if (const int error = use(function, state().arrays, d.array, array); error != kSuccess)
        return error;
    if (d.x + width > array->width || d.y + rows > array->rows)
        return misuse(kInvalidValue, std::string(function) + ": the " + d.role + " leaves its array");
    side = {Kind::Array, array->at + d.y * array->pitch + d.x, array->pitch};
    return kSuccess;
}

int linearSide(const char *function, const SideDescription &d, std::size_t width, std::size_t rows, Side &side)
{
    const bool host = d.type == cuda::kMemoryHost;
    const bool known = host ? false : d.type == cuda::kMemoryDevice || memoryAt(d.device) != state().memory.end();
    const Address base = host ? d.host : d.device;
    const std::size_t pitch = d.pitch != 0 ? d.pitch : width;
    if (base == 0)
        return kInvalidValue;
    if (rows > 1 && pitch < d.x + width)
        return misuse(kInvalidValue, std::string(function) + ": the " + d.role + "'s pitch " + std::to_string(pitch) +
                                         " is less than a row of " + std::to_string(d.x + width));
    const Address first = base + d.y * pitch + d.x;
    if (known)
        if (const int error = checkRange(function, d.role, first, (rows - 1) * pitch + width); error != kSuccess)
            return error;
    const auto it = memoryAt(first);
    const bool device =
        it != state().memory.end() && (it->second.use == MemoryUse::Device || it->second.use == MemoryUse::Graphics);
    if (host && device)
        return misuse(kInvalidValue, std::string(function) + ": the " + d.role + " is device memory, not the host's");
    side = {device ? Kind::Device : Kind::Host, bytesAt(first), pitch};
    return kSuccess;
}

int copy2D(const char *function, const cuda::Memcpy2D *c, Handle stream)
{
    Handle queue = 0;
    if (const int error = useStream(function, stream, queue); error != kSuccess)
        return error;
    if (!c || c->srcMemoryType < 1 || c->srcMemoryType > 4 || c->dstMemoryType < 1 || c->dstMemoryType > 4)
        return kInvalidValue;
    if (c->widthInBytes == 0 || c->height == 0)
        return kSuccess;
    const SideDescription source{"source",
                                 c->srcMemoryType,
                                 reinterpret_cast<Address>(c->srcHost),
                                 c->srcDevice,
                                 reinterpret_cast<Handle>(c->srcArray),
                                 c->srcPitch,
                                 c->srcXInBytes,
                                 c->srcY};
    const SideDescription target{"target",
                                 c->dstMemoryType,
                                 reinterpret_cast<Address>(c->dstHost),
                                 c->dstDevice,
                                 reinterpret_cast<Handle>(c->dstArray),
                                 c->dstPitch,
                                 c->dstXInBytes,
                                 c->dstY};
    Side from, to;
    for (const auto &[description, side] : {std::pair(&source, &from), std::pair(&target, &to)}) {
        const auto look = description->type == cuda::kMemoryArray ? arraySide : linearSide;
        if (const int error = look(function, *description, c->widthInBytes, c->height, *side); error != kSuccess)
            return error;
    }
    moveRows(from, to, c->widthInBytes, c->height);
    enqueue(queue, {reinterpret_cast<Address>(from.at), reinterpret_cast<Address>(to.at)});
    return kSuccess;
}

// `fromHost` and `toHost`: that side is plain host memory, which the driver cannot check.
int copyLinear(const char *function, Address to, bool toHost, Address from, bool fromHost, std::size_t bytes,
               Handle stream)
{
    cuda::Memcpy2D c{};
    c.srcMemoryType = fromHost ? cuda::kMemoryHost : cuda::kMemoryDevice;
    c.dstMemoryType = toHost ? cuda::kMemoryHost : cuda::kMemoryDevice;
    c.srcHost = reinterpret_cast<void *>(from);
    c.srcDevice = from;
    c.dstHost = reinterpret_cast<void *>(to);
    c.dstDevice = to;
    c.widthInBytes = bytes;
    c.height = 1;
    return copy2D(function, &c, stream);
}

int fill(const char *function, Address to, std::size_t pitch, std::uint32_t value, std::size_t size, std::size_t width,
         std::size_t rows, Handle stream)
{
    Handle queue = 0;
    if (const int error = useStream(function, stream, queue); error != kSuccess)
        return error;
    if (width == 0 || rows == 0)
        return kSuccess;
    if (rows > 1 && pitch < width * size)
        return misuse(kInvalidValue, std::string(function) + ": the pitch is less than a row");
    if (const int error = checkRange(function, "target", to, (rows - 1) * pitch + width * size); error != kSuccess)
        return error;
    for (std::size_t y = 0; y < rows; ++y)
        for (std::size_t x = 0; x < width; ++x)
            std::memcpy(bytesAt(to + y * pitch + x * size), &value, size);
    enqueue(queue, {to});
    return kSuccess;
}

// What has no stream has ended when it returns.
int ended(int error)
{
    if (error == kSuccess)
        complete(currentContext());
    return error;
}

Address addressOf(const void *memory)
{
    return reinterpret_cast<Address>(memory);
}

} // namespace

} // namespace zc::fake

using namespace zc::fake;
using zc::cuda::Memcpy2D;

FAKE_EXPORT int cuMemcpy2DAsync_v2(const Memcpy2D *copy, Handle stream)
{
    return call(__func__, kNeedsContext, [&] { return copy2D("cuMemcpy2DAsync", copy, stream); });
}

FAKE_EXPORT int cuMemcpy2D_v2(const Memcpy2D *copy)
{
    return call(__func__, kNeedsContext, [&] { return ended(copy2D("cuMemcpy2D", copy, 0)); });
}

FAKE_EXPORT int cuMemcpy2DUnaligned_v2(const Memcpy2D *copy)
{
    return call(__func__, kNeedsContext, [&] { return ended(copy2D("cuMemcpy2DUnaligned", copy, 0)); });
}

FAKE_EXPORT int cuMemcpyDtoDAsync_v2(Address to, Address from, std::size_t bytes, Handle stream)
{
    return call(__func__, kNeedsContext,
                [&] { return copyLinear("cuMemcpyDtoDAsync", to, false, from, false, bytes, stream); });
}

FAKE_EXPORT int cuMemcpyDtoD_v2(Address to, Address from, std::size_t bytes)
{
    return call(__func__, kNeedsContext,
                [&] { return ended(copyLinear("cuMemcpyDtoD", to, false, from, false, bytes, 0)); });
}

FAKE_EXPORT int cuMemcpyHtoDAsync_v2(Address to, const void *from, std::size_t bytes, Handle stream)
{
    return call(__func__, kNeedsContext,
                [&] { return copyLinear("cuMemcpyHtoDAsync", to, false, addressOf(from), true, bytes, stream); });
}

FAKE_EXPORT int cuMemcpyHtoD_v2(Address to, const void *from, std::size_t bytes)
{
    return call(__func__, kNeedsContext,
                [&] { return ended(copyLinear("cuMemcpyHtoD", to, false, addressOf(from), true, bytes, 0)); });
}

FAKE_EXPORT int cuMemcpyDtoHAsync_v2(void *to, Address from, std::size_t bytes, Handle stream)
{
    return call(__func__, kNeedsContext,
                [&] { return copyLinear("cuMemcpyDtoHAsync", addressOf(to), true, from, false, bytes, stream); });
}

FAKE_EXPORT int cuMemcpyDtoH_v2(void *to, Address from, std::size_t bytes)
{
    return call(__func__, kNeedsContext,
                [&] { return ended(copyLinear("cuMemcpyDtoH", addressOf(to), true, from, false, bytes, 0)); });
}

// Width in elements of `size` bytes.
#define FAKE_MEMSET(bits, type)                                                                                        \
    FAKE_EXPORT int cuMemsetD##bits##Async(Address to, type value, std::size_t count, Handle stream)                   \
    {                                                                                                                  \
        return call(__func__, kNeedsContext,                                                                           \
                    [&] { return fill("cuMemsetD" #bits "Async", to, 0, value, bits / 8, count, 1, stream); });        \
    }                                                                                                                  \
    FAKE_EXPORT int cuMemsetD##bits##_v2(Address to, type value, std::size_t count)                                    \
    {                                                                                                                  \
        return call(__func__, kNeedsContext,                                                                           \
                    [&] { return ended(fill("cuMemsetD" #bits, to, 0, value, bits / 8, count, 1, 0)); });              \
    }                                                                                                                  \
    FAKE_EXPORT int cuMemsetD2D##bits##Async(Address to, std::size_t pitch, type value, std::size_t width,             \
                                             std::size_t rows, Handle stream)                                          \
    {                                                                                                                  \
        return call(__func__, kNeedsContext, [&] {                                                                     \
            return fill("cuMemsetD2D" #bits "Async", to, pitch, value, bits / 8, width, rows, stream);                 \
        });                                                                                                            \
    }                                                                                                                  \
    FAKE_EXPORT int cuMemsetD2D##bits##_v2(Address to, std::size_t pitch, type value, std::size_t width,               \
                                           std::size_t rows)                                                           \
    {                                                                                                                  \
        return call(__func__, kNeedsContext,                                                                           \
                    [&] { return ended(fill("cuMemsetD2D" #bits, to, pitch, value, bits / 8, width, rows, 0)); });     \
    }

FAKE_MEMSET(8, unsigned char)
FAKE_MEMSET(16, unsigned short)
FAKE_MEMSET(32, unsigned)
