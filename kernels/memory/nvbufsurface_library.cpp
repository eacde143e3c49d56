// SPDX-License-Identifier: MIT
// The search for libnvbufsurface among what is loaded, and the opening of it.
#include "memory/nvbufsurface_library.hpp"

#include <algorithm>
#include <array>
#include <dlfcn.h>
#include <link.h>
#include <mutex>
#include <string_view>
#include <type_traits>
#include <vector>

namespace zc::nvbuf {
namespace {

constexpr std::string_view kPrefix = "libnvbufsurface.so";

// By name through the loader's folders (Jetson Linux has the versioned one alone in some releases), then where
// DeepStream is installed without telling the loader.
constexpr std::array kPlaces{"libnvbufsurface.so", "libnvbufsurface.so.1.0.0",
                             "/opt/nvidia/deepstream/deepstream/lib/libnvbufsurface.so"};

struct Loaded {
    unsigned long long changes = 0; // how often libraries were loaded into this process
    std::vector<std::string> paths;
};

// A library is known by its file's name, since its soname differs between releases and a path may be anything.
Loaded findLoaded(bool withPaths)
{
    struct Search {
        Loaded loaded;
        bool withPaths;
    } search{{}, withPaths};
    const auto visit = [](dl_phdr_info *info, std::size_t, void *data) {
        auto &s = *static_cast<Search *>(data);
        s.loaded.changes = info->dlpi_adds;
        if (!s.withPaths)
            return 1;
        const std::string_view path = info->dlpi_name != nullptr ? info->dlpi_name : "";
        const std::string_view name = path.substr(path.rfind('/') + 1);
        if (name.substr(0, kPrefix.size()) == kPrefix)
            s.loaded.paths.emplace_back(path);
        return 0;
    };
    dl_iterate_phdr(visit, &search);
    return std::move(search.loaded);
}

Status twice(const std::vector<std::string> &paths)
{
    return {Code::Unsupported, "two copies of libnvbufsurface are loaded, " + paths[0] + " and " + paths[1] +
                                   ", each of which knows only the surfaces that it made; let GST_PLUGIN_PATH and "
                                   "LD_LIBRARY_PATH lead to one installation of DeepStream or JetPack only"};
}

Result<void *> open(const std::vector<std::string> &loaded)
{
    if (!loaded.empty()) {
        void *handle = dlopen(loaded.front().c_str(), RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);
        if (handle == nullptr)
            return Status{Code::Unsupported, loaded.front() + " is loaded but cannot be opened again"};
        return handle;
    }
    std::string why;
    for (const char *place : kPlaces) {
        if (void *handle = dlopen(place, RTLD_LAZY | RTLD_LOCAL); handle != nullptr)
            return handle;
        if (why.empty())
            why = dlerror();
    }
    return Status{Code::NotFound, "libnvbufsurface.so was not found (" + why +
                                      "); it comes with DeepStream and with JetPack: install one of them, or let "
                                      "LD_LIBRARY_PATH lead to it"};
}

// The name of the first function that is missing.
const char *bind(void *handle, Library &out)
{
    const char *missing = nullptr;
    const auto find = [&](auto &pointer, const char *symbol, bool needed) {
        pointer = reinterpret_cast<std::remove_reference_t<decltype(pointer)>>(dlsym(handle, symbol));
        if (pointer == nullptr && needed && missing == nullptr)
            missing = symbol;
    };
    find(out.create, "NvBufSurfaceCreate", true);
    find(out.destroy, "NvBufSurfaceDestroy", true);
    find(out.map, "NvBufSurfaceMap", true);
    find(out.unMap, "NvBufSurfaceUnMap", true);
    find(out.syncForCpu, "NvBufSurfaceSyncForCpu", true);
    find(out.syncForDevice, "NvBufSurfaceSyncForDevice", true);
    find(out.mapEglImage, "NvBufSurfaceMapEglImage", true);
    find(out.unMapEglImage, "NvBufSurfaceUnMapEglImage", true);
    find(out.mapCudaBuffer, "NvBufSurfaceMapCudaBuffer", false);
    find(out.unMapCudaBuffer, "NvBufSurfaceUnMapCudaBuffer", false);
    find(out.getDeviceInfo, "NvBufSurfaceGetDeviceInfo", false);
    return missing;
}

// The table lives as long as the process: what was made with it may be given back at its very end.
Result<const Library *> load(const std::vector<std::string> &loaded)
{
    const auto handle = open(loaded);
    if (!handle)
        return handle.status();
    auto *made = new Library{};
    if (const char *missing = bind(handle.value(), *made); missing != nullptr) {
        delete made;
        return Status{Code::Unsupported, std::string("libnvbufsurface has no ") + missing +
                                             "; it is too old: DeepStream 6.4 or JetPack 5 is the earliest that works"};
    }
    // Both came with the new layout and never without it.
    made->abi = made->mapCudaBuffer != nullptr || made->getDeviceInfo != nullptr ? Abi::New : Abi::Old;
    if (made->mapCudaBuffer == nullptr || made->unMapCudaBuffer == nullptr)
        made->mapCudaBuffer = made->unMapCudaBuffer = nullptr;
    if (const auto now = findLoaded(true); !now.paths.empty())
        made->path = now.paths.front();
    DeviceInfo info{};
    made->isRmDriver =
        made->getDeviceInfo != nullptr && made->getDeviceInfo(&info) == 0 && info.driverType == kDriverRm;
    return static_cast<const Library *>(made);
}

} // namespace

Result<const Library *> library()
{
    static std::mutex mutex;
    static const Library *known = nullptr;
    static Status conflict;
    static unsigned long long seen = 0;
    const std::lock_guard lock(mutex);
    // The loader counts what it loads: nothing new, nothing to look for.
    if (known != nullptr && findLoaded(false).changes == seen)
        return conflict ? Result<const Library *>(known) : Result<const Library *>(conflict);
    const Loaded loaded = findLoaded(true);
    conflict = loaded.paths.size() > 1 ? twice(loaded.paths) : Status{};
    if (!conflict)
        return conflict;
    if (known == nullptr) {
        auto made = load(loaded.paths);
        if (!made)
            return made;
        known = made.value();
    }
    seen = findLoaded(false).changes;
    return known;
}

} // namespace zc::nvbuf
