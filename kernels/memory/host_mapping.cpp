// SPDX-License-Identifier: MIT
// Registrations of host memory, counted by page range over the whole process.
#include "memory/host_mapping.hpp"

#include "cuda/handles.hpp"

#include <cstdio>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>

namespace zc {

namespace {

struct Pages {
    std::uintptr_t begin = 0, end = 0;
};

// What is registered with the driver, or was by somebody else.
struct Registration {
    std::uintptr_t end = 0;
    unsigned holders = 0;
    bool foreign = false; // registered or allocated by others, who undo it
    bool writable = true;
    std::shared_ptr<HostGpu> gpu;
    cuda::Context context = nullptr;
};

// By first byte. Never destroyed: a memory may die after main().
struct Registry {
    std::mutex mutex; // also held around the driver's calls, so that a range is never undone and redone at once
    std::map<std::uintptr_t, Registration> all;
};

Registry &registry()
{
    static auto &instance = *new Registry;
    return instance;
}

std::uintptr_t pageSize()
{
    static const auto size = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    return size;
}

std::string describe(Pages pages)
{
    char text[96];
    (void)std::snprintf(text, sizeof text, "%zu bytes of host memory at 0x%zx",
                        static_cast<std::size_t>(pages.end - pages.begin), static_cast<std::size_t>(pages.begin));
    return text;
}

// The pages around the range; those that neighbours may share apart, if the GPU takes addresses as they are.
std::vector<Pages> split(const void *host, std::size_t bytes, bool apart)
{
    const auto first = reinterpret_cast<std::uintptr_t>(host), last = first + bytes;
    const std::uintptr_t page = pageSize();
    const std::uintptr_t begin = first / page * page, end = (last + page - 1) / page * page;
    if (!apart || end - begin == page)
        return {{begin, end}};
    const std::uintptr_t from = begin == first ? begin : begin + page, to = end == last ? end : end - page;
    std::vector<Pages> all;
    if (from > begin)
        all.push_back({begin, from});
    if (to > from)
        all.push_back({from, to});
    if (end > to)
        all.push_back({to, end});
    return all;
}

Status refused(Pages pages, cuda::DriverResult result, bool readOnly)
{
    const Status why = cuda::statusOf(result, "cuMemHostRegister");
    if (why.code() == Code::GpuLost)
        return why;
    if (readOnly && result == cuda::kNotSupported)
        return {Code::Access, "the GPU cannot pin " + describe(pages) + ", which may only be read (" + why.message() +
                                  "); it pins memory that may be written, such as a file opened with O_RDWR"};
    return {Code::Access, "the driver does not pin " + describe(pages) + ": " + why.message()};
}

// Whether others made all of these pages reachable, as cuMemHostAlloc does.
bool isReachable(const cuda::Driver &d, Pages pages)
{
    cuda::Address first = 0, last = 0;
    return d.memHostGetDevicePointer(&first, reinterpret_cast<void *>(pages.begin), 0) == cuda::kSuccess &&
           d.memHostGetDevicePointer(&last, reinterpret_cast<void *>(pages.end - 1), 0) == cuda::kSuccess &&
           last - first == pages.end - 1 - pages.begin;
}

// Registers what nobody has; `registration` learns what became of it.
Status enter(Pages pages, Access access, Registration &registration)
{
    const cuda::Driver &d = *cuda::driverIfOpen();
    const auto enroll = [&](unsigned flags) {
        return d.memHostRegister(reinterpret_cast<void *>(pages.begin), pages.end - pages.begin, flags);
    };
    cuda::DriverResult result = enroll(cuda::kHostRegister);
    if (result == cuda::kHostAlreadyRegistered && isReachable(d, pages)) {
        registration.foreign = true;
        return {};
    }
    // Nobody tells whether the pages of plain memory can be written, and those that can should be: the next user may
    // want to.
    const bool again = result != cuda::kSuccess && result != cuda::kHostAlreadyRegistered &&
                       result != cuda::kOutOfMemory && !cuda::isSticky(result) && !writes(access);
    if (again) {
        registration.writable = false;
        result = enroll(cuda::kHostRegister | cuda::kHostRegisterReadOnly);
    }
    return result == cuda::kSuccess ? Status{} : refused(pages, result, again);
}

// The registry must be locked and the context current.
Status acquire(Registry &r, const std::shared_ptr<HostGpu> &gpu, cuda::Context context, Pages pages, Access access,
               bool &writable)
{
    const auto next = r.all.lower_bound(pages.begin);
    if (next != r.all.end() && next->first == pages.begin && next->second.end == pages.end) {
        if (writes(access) && !next->second.writable)
            return {Code::Access, describe(pages) + " is in use by the GPU as memory that may only be read"};
        writable = writable && next->second.writable;
        ++next->second.holders;
        return {};
    }
    const bool runsInto = next != r.all.end() && next->first < pages.end;
    const bool liesIn = next != r.all.begin() && std::prev(next)->second.end > pages.begin;
    if (runsInto || liesIn)
        return {Code::Access, "a part of " + describe(pages) +
                                  " is in use by the GPU as a part of another memory; each memory needs pages of its "
                                  "own"};
    Registration registration{pages.end, 1, false, true, gpu, context};
    if (Status status = enter(pages, access, registration); !status)
        return status;
    writable = writable && registration.writable;
    r.all.emplace(pages.begin, std::move(registration));
    return {};
}

void drop(std::uintptr_t begin)
{
    Registry &r = registry();
    const std::lock_guard lock(r.mutex);
    const auto found = r.all.find(begin);
    if (found == r.all.end() || --found->second.holders > 0)
        return;
    // Its GPU may be the last holder of the context, so it must outlive the guard.
    const Registration last = std::move(found->second);
    r.all.erase(found);
    if (last.foreign)
        return;
    // Pages that stay pinned would be refused to the next memory here, so one refusal is not taken for an answer.
    for (int attempt = 0; attempt < 2; ++attempt) {
        const cuda::ContextGuard guard(last.context);
        if (!guard.ok())
            continue;
        (void)cuda::driverIfOpen()->memHostUnregister(reinterpret_cast<void *>(begin));
        return;
    }
}

// The GPU's address of the first byte; the pieces must follow one another there as they do here.
Result<cuda::Address> deviceAddress(const std::vector<Pages> &pieces, std::uintptr_t first)
{
    cuda::Address start = 0;
    for (const Pages &pages : pieces) {
        cuda::Address address = 0;
        const cuda::DriverResult result =
            cuda::driverIfOpen()->memHostGetDevicePointer(&address, reinterpret_cast<void *>(pages.begin), 0);
        if (result != cuda::kSuccess)
            return cuda::statusOf(result, "cuMemHostGetDevicePointer");
        if (pages.begin == pieces.front().begin)
            start = address;
        if (address - start != pages.begin - pieces.front().begin)
            return Status{Code::Access, describe(pages) + " is not where the GPU sees the memory before it; memory "
                                                          "with pages of its own is needed"};
    }
    return start + (first - pieces.front().begin);
}

} // namespace

class HostGpu::Impl {
public:
    std::mutex mutex;
    std::optional<cuda::PrimaryContext> primary;
};

HostGpu::HostGpu(int device) : device_(device), impl_(std::make_unique<Impl>()) {}
HostGpu::~HostGpu() = default;

Result<void *> HostGpu::context()
{
    const std::lock_guard lock(impl_->mutex);
    if (!impl_->primary) {
        auto retained = cuda::PrimaryContext::retain(device_);
        if (!retained)
            return retained.status();
        impl_->primary.emplace(std::move(retained.value()));
    }
    return static_cast<void *>(impl_->primary->get());
}

Result<HostMapping> HostMapping::make(const std::shared_ptr<HostGpu> &gpu, void *host, std::size_t bytes, Access access)
{
    if (host == nullptr || bytes == 0)
        return Status{Code::InvalidArgument, "no memory to make reachable for the GPU"};
    const auto retained = gpu->context();
    if (!retained)
        return retained.status();
    const auto context = static_cast<cuda::Context>(retained.value());
    const cuda::ContextGuard guard(context);
    if (!guard.ok())
        return guard.status();
    const cuda::Driver &d = *cuda::driverIfOpen();
    cuda::Device device = 0;
    int sameAddresses = 0;
    if (const cuda::DriverResult result = d.ctxGetDevice(&device); result != cuda::kSuccess)
        return cuda::statusOf(result, "cuCtxGetDevice");
    if (const cuda::DriverResult result = d.deviceGetAttribute(&sameAddresses, cuda::kSameHostAddresses, device);
        result != cuda::kSuccess)
        return cuda::statusOf(result, "cuDeviceGetAttribute");

    HostMapping mapping;
    mapping.host_ = host;
    mapping.size_ = bytes;
    const std::vector<Pages> pieces = split(host, bytes, sameAddresses != 0);
    for (const Pages &pages : pieces) {
        Registry &r = registry();
        const std::lock_guard lock(r.mutex);
        if (Status status = acquire(r, gpu, context, pages, access, mapping.writable_); !status)
            return status;
        mapping.pieces_.push_back(pages.begin);
    }
    const auto address = deviceAddress(pieces, reinterpret_cast<std::uintptr_t>(host));
    if (!address)
        return address.status();
    mapping.data_ = reinterpret_cast<std::uint8_t *>(address.value());
    return mapping;
}

HostMapping::HostMapping(HostMapping &&other) noexcept
    : pieces_(std::exchange(other.pieces_, {})),
      data_(other.data_),
      host_(other.host_),
      size_(other.size_),
      writable_(other.writable_)
{}

HostMapping &HostMapping::operator=(HostMapping &&other) noexcept
{
    if (this != &other) {
        release();
        pieces_ = std::exchange(other.pieces_, {});
        data_ = other.data_;
        host_ = other.host_;
        size_ = other.size_;
        writable_ = other.writable_;
    }
    return *this;
}

HostMapping::~HostMapping()
{
    release();
}

void HostMapping::release()
{
    for (const std::uintptr_t begin : std::exchange(pieces_, {}))
        drop(begin);
}

} // namespace zc
