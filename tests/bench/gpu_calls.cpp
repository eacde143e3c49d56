// SPDX-License-Identifier: MIT
// Takes dlsym()'s place and answers with counting stand-ins for driver functions that allocate, import, load or wait.
#include "gpu_calls.hpp"
#include "real_dlsym.hpp"

#include <dlfcn.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace zc::bench {

namespace {

struct Watched {
    const char *name;
    DriverCall kind;
};

constexpr Watched kWatched[] = {
    {"cuMemAlloc_v2", DriverCall::Allocation},
    {"cuMemAllocPitch_v2", DriverCall::Allocation},
    {"cuMemAllocAsync", DriverCall::Allocation},
    {"cuMemAllocFromPoolAsync", DriverCall::Allocation},
    {"cuMemAllocManaged", DriverCall::Allocation},
    {"cuMemAllocHost_v2", DriverCall::Allocation},
    {"cuMemHostAlloc", DriverCall::Allocation},
    {"cuMemCreate", DriverCall::Allocation},
    {"cuArrayCreate_v2", DriverCall::Allocation},
    {"cuArray3DCreate_v2", DriverCall::Allocation},
    {"cuStreamCreate", DriverCall::Allocation},
    {"cuEventCreate", DriverCall::Allocation},
    {"cuMemHostRegister_v2", DriverCall::Import},
    {"cuSurfObjectCreate", DriverCall::Import},
    {"cuTexObjectCreate", DriverCall::Import},
    {"cuGraphicsEGLRegisterImage", DriverCall::Import},
    {"cuImportExternalMemory", DriverCall::Import},
    {"cuIpcOpenMemHandle_v2", DriverCall::Import},
    {"cuModuleLoad", DriverCall::ModuleLoad},
    {"cuModuleLoadData", DriverCall::ModuleLoad},
    {"cuModuleLoadDataEx", DriverCall::ModuleLoad},
    {"cuModuleLoadFatBinary", DriverCall::ModuleLoad},
    {"cuLibraryLoadData", DriverCall::ModuleLoad},
    {"cuMemcpyDtoDAsync_v2", DriverCall::Copy},
    {"cuMemcpy2D_v2", DriverCall::Copy},
    {"cuMemcpy2DAsync_v2", DriverCall::Copy},
    {"cuMemcpyHtoDAsync_v2", DriverCall::Copy},
    {"cuMemcpyDtoHAsync_v2", DriverCall::Copy},
    {"cuStreamSynchronize", DriverCall::Wait},
    {"cuEventSynchronize", DriverCall::Wait},
    {"cuCtxSynchronize", DriverCall::Wait},
};
constexpr std::size_t kCount = std::size(kWatched);

// All watched functions take at most six arguments, each of which fits a register (cuLaunchKernel would not do): what
// is passed on unread is right whatever the types are, and registers that the caller did not fill do no harm.
using Anything = long (*)(long, long, long, long, long, long);

std::array<std::atomic<Anything>, kCount> real;
std::array<std::atomic<long>, static_cast<std::size_t>(DriverCall::Count)> counts;

template <std::size_t Index> long counted(long a, long b, long c, long d, long e, long f)
{
    counts[static_cast<std::size_t>(kWatched[Index].kind)].fetch_add(1, std::memory_order_relaxed);
    return real[Index].load(std::memory_order_relaxed)(a, b, c, d, e, f);
}

template <std::size_t... Index> constexpr std::array<Anything, kCount> standIns(std::index_sequence<Index...>)
{
    return {counted<Index>...};
}

} // namespace

long driverCalls(DriverCall kind)
{
    return counts[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed);
}

} // namespace zc::bench

extern "C" [[gnu::visibility("default")]] void *dlsym(void *__restrict handle, const char *__restrict name) noexcept
{
    using namespace zc::bench;
    static const auto find = zc::test::realDlsym();
    static constexpr auto kStandIns = standIns(std::make_index_sequence<kCount>());
    void *const found = find(handle, name);
    if (!found || std::strncmp(name, "cu", 2) != 0)
        return found;
    for (std::size_t i = 0; i < kCount; ++i) {
        if (std::strcmp(name, kWatched[i].name) == 0) {
            real[i].store(reinterpret_cast<Anything>(found), std::memory_order_relaxed);
            return reinterpret_cast<void *>(kStandIns[i]);
        }
    }
    return found;
}
