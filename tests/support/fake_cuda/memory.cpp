// SPDX-License-Identifier: MIT
// Device memory, pinned and registered host memory, and what is known of an address.
#include "state.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <memory>
#include <sys/mman.h>
#include <unistd.h>

namespace zc::fake {

namespace {

constexpr std::size_t kDeviceBytes = std::size_t{8} << 30;
constexpr unsigned kPortable = 1, kReadOnly = 8;
constexpr int kCanPinReadOnly = 113; // attribute
constexpr std::size_t kPitchAlign = 512;

std::size_t pageSize()
{
    static const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return size;
}

std::size_t used(MemoryUse use)
{
    std::size_t bytes = 0;
    for (const auto &[address, memory] : state().memory)
        if (memory.use == use)
            bytes += memory.bytes;
    return bytes;
}

bool isHost(MemoryUse use)
{
    return use == MemoryUse::Pinned || use == MemoryUse::Registered;
}

// Whole pages and one more that nobody may touch.
int allocate(Address *out, std::size_t bytes, MemoryUse use)
{
    if (!out || bytes == 0)
        return kInvalidValue;
    if (bytes > kDeviceBytes || used(use) + bytes > kDeviceBytes)
        return kOutOfMemory;
    const std::size_t pages = (bytes + pageSize() - 1) / pageSize() * pageSize();
    void *at = mmap(nullptr, pages + pageSize(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        return kOutOfMemory;
    if (mprotect(at, pages, PROT_READ | PROT_WRITE) != 0) {
        munmap(at, pages + pageSize());
        return kOutOfMemory;
    }
    *out = reinterpret_cast<Address>(at);
    state().memory[*out] = {currentContext(), use, bytes, pages + pageSize()};
    return kSuccess;
}

// The address space stays taken, so that a late access falls over and a stale address is never valid again.
void forget(std::map<Address, Memory>::iterator it)
{
    if (it->second.mapped != 0) {
        mmap(reinterpret_cast<void *>(it->first), it->second.mapped, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
        state().freed[it->first] = it->second.bytes;
    }
    state().memory.erase(it);
}

bool wasFreed(Address address)
{
    auto it = state().freed.upper_bound(address);
    return it != state().freed.begin() && address < (--it)->first + it->second;
}

const char *useName(MemoryUse use)
{
    switch (use) {
    case MemoryUse::Device:
        return "device memory";
    case MemoryUse::Managed:
        return "managed memory";
    case MemoryUse::Pinned:
        return "pinned memory";
    case MemoryUse::Graphics:
        return "an EGLImage";
    case MemoryUse::Registered:
        break;
    }
    return "a registration";
}

// Common to all ways of giving memory back. `unknown` is the error for what was never given out.
int giveBack(const char *function, Address address, MemoryUse use, int error, int unknown)
{
    const auto it = state().memory.find(address);
    if (it == state().memory.end() || it->second.use != use) {
        if (error != kSuccess)
            return error;
        const auto around = memoryAt(address);
        const std::string what = around != state().memory.end()
                                     ? std::string("lies in, or is, ") + useName(around->second.use)
                                 : wasFreed(address) ? "was freed before"
                                                     : std::string("is not the start of ") + useName(use);
        return misuse(unknown, std::string(function) + ": " + hex(address) + " " + what);
    }
    if (error == kSuccess) {
        if (const std::string pending = pendingOn(address); !pending.empty())
            misuse(kSuccess, std::string(function) + ": " + hex(address) + ": " + pending);
        if (checkContext(function, useName(use), address, it->second.context) != kSuccess)
            return kInvalidValue;
    }
    forget(it);
    return error;
}

// Whether every page from `begin` is mapped, and may be written unless only reading is asked for.
bool hostMemoryIsThere(Address begin, std::size_t bytes, bool readOnly)
{
    const std::unique_ptr<std::FILE, int (*)(std::FILE *)> maps(std::fopen("/proc/self/maps", "re"), std::fclose);
    char line[512];
    Address at = begin;
    while (maps && at < begin + bytes && std::fgets(line, sizeof line, maps.get())) {
        std::uint64_t from = 0, to = 0;
        char read = '-', write = '-';
        if (std::sscanf(line, "%" SCNx64 "-%" SCNx64 " %c%c", &from, &to, &read, &write) != 4 || to <= at)
            continue;
        if (from > at || read != 'r' || (write != 'w' && !readOnly))
            return false;
        at = to;
    }
    return at >= begin + bytes;
}

// CU_POINTER_ATTRIBUTE_*
int attributeOf(void *value, int attribute, Address address, Address base, const Memory &memory)
{
    const Context *context = state().contexts.find(memory.context);
    const bool host = isHost(memory.use);
    switch (attribute) {
    case 1: // context
        *static_cast<Handle *>(value) = memory.context;
        return kSuccess;
    case 2: // memory type
        *static_cast<unsigned *>(value) = host ? 1 : 2;
        return kSuccess;
    case 3: // device pointer
        *static_cast<Address *>(value) = address;
        return kSuccess;
    case 4: // host pointer
        *static_cast<Address *>(value) = address;
        return host || memory.use == MemoryUse::Managed ? kSuccess : kInvalidValue;
    case 8: // managed
        *static_cast<unsigned *>(value) = memory.use == MemoryUse::Managed;
        return kSuccess;
    case 9: // ordinal
        *static_cast<int *>(value) = context ? context->device : -2;
        return kSuccess;
    case 11: // start of the range
        *static_cast<Address *>(value) = base;
        return kSuccess;
    case 12: // its size
        *static_cast<std::size_t *>(value) = memory.bytes;
        return kSuccess;
    default:
        return kNotSupported;
    }
}

void blank(void *value, int attribute)
{
    if (attribute == 9)
        *static_cast<int *>(value) = -2;
    else if (attribute == 2 || attribute == 8)
        *static_cast<unsigned *>(value) = 0;
    else
        *static_cast<std::uint64_t *>(value) = 0;
}

bool overlapsRegistration(Address begin, std::size_t bytes)
{
    for (const auto &[address, memory] : state().memory)
        if (isHost(memory.use) && begin < address + memory.bytes && address < begin + bytes)
            return true;
    return false;
}

} // namespace

std::map<Address, Memory>::iterator memoryAt(Address address)
{
    auto it = state().memory.upper_bound(address);
    if (it == state().memory.begin())
        return state().memory.end();
    --it;
    return address < it->first + it->second.bytes ? it : state().memory.end();
}

int checkRange(const char *function, const char *role, Address address, std::size_t bytes)
{
    const std::string what = std::string(function) + ": " + role + " " + hex(address);
    const auto it = memoryAt(address);
    if (it == state().memory.end())
        return misuse(kInvalidValue, what + (wasFreed(address) ? " lies in memory that was freed"
                                                               : " lies in no memory of the device"));
    std::size_t reach = it->second.bytes - (address - it->first);
    // A kernel, unlike the driver's own copies, may run from one registration into the next.
    const bool kernel = std::strncmp(function, "zc_", 3) == 0 && it->second.use == MemoryUse::Registered;
    for (auto last = it, next = std::next(it); kernel && reach < bytes; last = next++) {
        if (next == state().memory.end() || next->second.use != MemoryUse::Registered ||
            next->first != last->first + last->second.bytes)
            break;
        reach += next->second.bytes;
    }
    if (bytes > reach)
        return misuse(kInvalidValue, what + ": " + std::to_string(bytes) + " bytes leave the " +
                                         std::to_string(it->second.bytes) + " from " + hex(it->first));
    if (it->second.readOnly && std::strcmp(role, "source") != 0)
        return misuse(kInvalidValue, what + " may only be read");
    const Handle current = currentContext();
    const Context *context = state().contexts.find(current);
    const bool bound = it->second.use == MemoryUse::Device || it->second.use == MemoryUse::Graphics;
    const bool reachable = !bound || it->second.context == current || it->second.viewers.count(current) != 0 ||
                           (context && context->peers.count(it->second.context) != 0);
    if (!reachable)
        return misuse(kInvalidValue, what + " belongs to context " + hex(it->second.context) + ", but " + hex(current) +
                                         " is current");
    return kSuccess;
}

std::size_t dropMemory(Handle context)
{
    std::size_t count = 0;
    for (auto it = state().memory.begin(); it != state().memory.end();) {
        const auto next = std::next(it);
        if (it->second.context == context) {
            forget(it);
            ++count;
        }
        it = next;
    }
    return count;
}

} // namespace zc::fake

using namespace zc::fake;

FAKE_EXPORT int cuMemAlloc_v2(Address *address, std::size_t bytes)
{
    return call(__func__, kNeedsContext, [&] { return allocate(address, bytes, MemoryUse::Device); });
}

FAKE_EXPORT int cuMemAllocPitch_v2(Address *address, std::size_t *pitch, std::size_t width, std::size_t height,
                                   unsigned elementBytes)
{
    return call(__func__, kNeedsContext, [&] {
        if (!pitch || width == 0 || (elementBytes != 4 && elementBytes != 8 && elementBytes != 16))
            return kInvalidValue;
        *pitch = (width + kPitchAlign - 1) / kPitchAlign * kPitchAlign;
        return allocate(address, *pitch * height, MemoryUse::Device);
    });
}

FAKE_EXPORT int cuMemAllocManaged(Address *address, std::size_t bytes, unsigned flags)
{
    return call(__func__, kNeedsContext, [&] {
        return flags == 1 || flags == 2 ? allocate(address, bytes, MemoryUse::Managed) : kInvalidValue;
    });
}

FAKE_EXPORT int cuMemFree_v2(Address address)
{
    return release(__func__, kNeedsContext, [&](int error) {
        const auto it = state().memory.find(address);
        const bool managed = it != state().memory.end() && it->second.use == MemoryUse::Managed;
        return giveBack("cuMemFree", address, managed ? MemoryUse::Managed : MemoryUse::Device, error, kInvalidValue);
    });
}

FAKE_EXPORT int cuMemAllocHost_v2(void **memory, std::size_t bytes)
{
    return call(__func__, kNeedsContext,
                [&] { return allocate(reinterpret_cast<Address *>(memory), bytes, MemoryUse::Pinned); });
}

FAKE_EXPORT int cuMemHostAlloc(void **memory, std::size_t bytes, unsigned)
{
    return cuMemAllocHost_v2(memory, bytes);
}

FAKE_EXPORT int cuMemFreeHost(void *memory)
{
    return release(__func__, kNeedsContext, [&](int error) {
        return giveBack("cuMemFreeHost", reinterpret_cast<Address>(memory), MemoryUse::Pinned, error, kInvalidValue);
    });
}

FAKE_EXPORT int cuMemHostRegister_v2(void *memory, std::size_t bytes, unsigned flags)
{
    return call(__func__, kNeedsContext, [&] {
        const auto begin = reinterpret_cast<Address>(memory);
        if (!memory || bytes == 0)
            return kInvalidValue;
        if (overlapsRegistration(begin, bytes))
            return misuse(kAlreadyRegistered, "cuMemHostRegister: " + hex(begin) + ", " + std::to_string(bytes) +
                                                  " bytes, overlaps what is registered");
        const bool readOnly = (flags & kReadOnly) != 0;
        if (readOnly && state().devices[currentDevice()].attributes[kCanPinReadOnly] == 0)
            return kNotSupported;
        if (!hostMemoryIsThere(begin, bytes, readOnly))
            return kInvalidValue;
        state().memory[begin] = {currentContext(), MemoryUse::Registered, bytes, 0, readOnly};
        return kSuccess;
    });
}

FAKE_EXPORT int cuMemHostUnregister(void *memory)
{
    return release(__func__, kNeedsContext, [&](int error) {
        return giveBack("cuMemHostUnregister", reinterpret_cast<Address>(memory), MemoryUse::Registered, error,
                        kNotRegistered);
    });
}

FAKE_EXPORT int cuMemHostGetDevicePointer_v2(Address *address, void *memory, unsigned)
{
    return call(__func__, kNeedsContext, [&] {
        const auto it = memoryAt(reinterpret_cast<Address>(memory));
        if (!address || it == state().memory.end() || !isHost(it->second.use))
            return kInvalidValue;
        *address = reinterpret_cast<Address>(memory);
        if (state().scattered)
            *address += static_cast<Address>(std::distance(state().memory.begin(), it)) << 30;
        return kSuccess;
    });
}

FAKE_EXPORT int cuMemHostGetFlags(unsigned *flags, void *memory)
{
    return call(__func__, kNeedsContext, [&] {
        const auto it = memoryAt(reinterpret_cast<Address>(memory));
        if (!flags || it == state().memory.end() || !isHost(it->second.use))
            return kInvalidValue;
        *flags = kPortable | 2;
        return kSuccess;
    });
}

FAKE_EXPORT int cuMemGetInfo_v2(std::size_t *unused, std::size_t *total)
{
    return call(__func__, kNeedsContext, [&] {
        if (!unused || !total)
            return kInvalidValue;
        *total = kDeviceBytes;
        *unused = kDeviceBytes - used(MemoryUse::Device);
        return kSuccess;
    });
}

FAKE_EXPORT int cuMemGetAddressRange_v2(Address *base, std::size_t *bytes, Address address)
{
    return call(__func__, kNeedsContext, [&] {
        const auto it = memoryAt(address);
        if (it == state().memory.end())
            return kNotFound;
        if (base)
            *base = it->first;
        if (bytes)
            *bytes = it->second.bytes;
        return kSuccess;
    });
}

FAKE_EXPORT int cuPointerGetAttribute(void *value, int attribute, Address address)
{
    return call(__func__, kSurvivesLoss, [&] {
        const auto it = memoryAt(address);
        if (!value || it == state().memory.end())
            return kInvalidValue;
        return attributeOf(value, attribute, address, it->first, it->second);
    });
}

// What is not known of an address is filled with zeros, and the call succeeds, as the driver's does.
FAKE_EXPORT int cuPointerGetAttributes(unsigned count, const int *attributes, void **values, Address address)
{
    return call(__func__, kSurvivesLoss, [&] {
        if (count == 0 || !attributes || !values)
            return kInvalidValue;
        const auto it = memoryAt(address);
        for (unsigned i = 0; i < count; ++i) {
            const bool told = it != state().memory.end() &&
                              attributeOf(values[i], attributes[i], address, it->first, it->second) == kSuccess;
            if (!told)
                blank(values[i], attributes[i]);
        }
        return kSuccess;
    });
}
