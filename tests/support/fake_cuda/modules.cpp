// SPDX-License-Identifier: MIT
// Modules and their functions. An image is looked at only as far as to tell what it is.
#include "state.hpp"

#include <cstdio>
#include <cstring>
#include <string_view>

namespace zc::fake {

namespace {

constexpr std::uint32_t kFatbinMagic = 0xba55ed50;
constexpr int kToolkit = 13000; // what fat binaries are taken to be made with
constexpr int kOldestCompute = 75;
constexpr int kZstdDriver = 12040; // the first that reads fat binaries compressed so

// ".version 9.0" needs CUDA 13.0, 8.x needs 12.x, 7.x needs 11.x.
int driverForPtx(const std::string &text)
{
    int major = 0, minor = 0;
    const auto at = text.find(".version");
    if (at == std::string::npos || std::sscanf(text.c_str() + at, ".version %d.%d", &major, &minor) != 2)
        return 0;
    return (major + 4) * 1000 + minor * 10;
}

// Whether a fat binary holds a zstd frame: a header of 16 bytes, of which the last 8 say how much follows.
bool isZstd(const void *fatbin)
{
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, static_cast<const char *>(fatbin) + 8, sizeof bytes);
    return std::string_view(static_cast<const char *>(fatbin) + 16, bytes).find("\x28\xb5\x2f\xfd") !=
           std::string_view::npos;
}

int checkFatbin(const void *fatbin)
{
    const int version = state().driverVersion;
    if (version < kZstdDriver && isZstd(fatbin))
        return kInvalidImage;
    return version < kToolkit ? kUnsupportedPtx : kSuccess;
}

int checkImage(const void *image, std::string &ptx)
{
    std::uint32_t magic = 0;
    std::memcpy(&magic, image, sizeof magic);
    const auto &attributes = state().devices[currentDevice()].attributes;
    const int compute = attributes.at(75) * 10 + attributes.at(76);
    const bool elf = std::memcmp(image, "\177ELF", 4) == 0;
    if (elf || magic == kFatbinMagic) {
        if (compute < kOldestCompute)
            return kNoBinaryForGpu;
        return elf ? kSuccess : checkFatbin(image);
    }
    const std::string text(static_cast<const char *>(image));
    const int needed = driverForPtx(text);
    if (needed == 0)
        return kInvalidImage;
    if (state().driverVersion < needed)
        return kUnsupportedPtx;
    ptx = text;
    return kSuccess;
}

bool hasEntry(const std::string &ptx, const std::string &name)
{
    for (auto at = ptx.find(".entry"); at != std::string::npos; at = ptx.find(".entry", at + 1)) {
        const auto begin = ptx.find_first_not_of(" \t\n", at + std::strlen(".entry"));
        const auto end = ptx.find_first_of(" \t\n(", begin);
        if (begin != std::string::npos && ptx.substr(begin, end - begin) == name)
            return true;
    }
    return false;
}

int load(Handle *module, const void *image)
{
    if (!module || !image)
        return kInvalidValue;
    Module made;
    made.context = currentContext();
    if (const int error = checkImage(image, made.ptx); error != kSuccess)
        return error;
    *module = newHandle();
    state().modules.add(*module, std::move(made));
    return kSuccess;
}

void unload(Handle module)
{
    for (const Handle function : state().modules.find(module)->functions)
        state().functions.remove(function);
    state().modules.remove(module);
}

} // namespace

} // namespace zc::fake

using namespace zc::fake;

FAKE_EXPORT int cuModuleLoadData(Handle *module, const void *image)
{
    return call(__func__, kNeedsContext, [&] { return load(module, image); });
}

FAKE_EXPORT int cuModuleLoadDataEx(Handle *module, const void *image, unsigned, int *, void **)
{
    return call(__func__, kNeedsContext, [&] { return load(module, image); });
}

FAKE_EXPORT int cuModuleLoadFatBinary(Handle *module, const void *image)
{
    return call(__func__, kNeedsContext, [&] { return load(module, image); });
}

FAKE_EXPORT int cuModuleUnload(Handle module)
{
    return release(__func__, kNeedsContext, [&](int error) {
        Module *found = state().modules.find(module);
        if (error != kSuccess) {
            if (found)
                unload(module);
            return error;
        }
        if (const int wrong = use("cuModuleUnload", state().modules, module, found); wrong != kSuccess)
            return wrong;
        unload(module);
        return kSuccess;
    });
}

FAKE_EXPORT int cuModuleGetFunction(Handle *function, Handle module, const char *name)
{
    return call(__func__, kNeedsContext, [&] {
        if (!function || !name || *name == '\0')
            return kInvalidValue;
        Module *found = nullptr;
        if (const int error = use("cuModuleGetFunction", state().modules, module, found); error != kSuccess)
            return error;
        if (!found->ptx.empty() && !hasEntry(found->ptx, name))
            return kNotFound;
        for (const Handle known : found->functions)
            if (state().functions.find(known)->name == name) {
                *function = known;
                return kSuccess;
            }
        *function = newHandle();
        found->functions.insert(*function);
        state().functions.add(*function, {module, name});
        return kSuccess;
    });
}

FAKE_EXPORT int cuFuncGetAttribute(int *value, int attribute, Handle function)
{
    return call(__func__, kNeedsContext, [&] {
        if (!value)
            return kInvalidValue;
        if (!state().functions.find(function))
            return misuse(kInvalidHandle, "cuFuncGetAttribute: function " + hex(function) + " is not alive");
        *value = attribute == 0 ? 1024 : attribute == 4 ? 32 : 0; // threads of a block; registers
        return kSuccess;
    });
}
