// SPDX-License-Identifier: MIT
// libEGL, opened at run time.
#include "egl/library.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <dlfcn.h>
#include <mutex>
#include <type_traits>

namespace zc::egl {

namespace {

constexpr const char *kLibrary = "libEGL.so.1";

std::atomic<const Library *> opened{nullptr}, standIn{nullptr};
std::atomic<unsigned> generation{0};

Result<const Library *> open()
{
    static Library table;
    void *handle = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr)
        return Status{Code::NotFound, std::string("no EGL: looked for ") + kLibrary + " (" + dlerror() +
                                          "); GLVND's libegl1 and the EGL of NVIDIA's driver are needed"};
    const char *missing = nullptr;
    const auto bind = [&](auto &slot, const char *name) {
        slot = reinterpret_cast<std::remove_reference_t<decltype(slot)>>(dlsym(handle, name));
        if (slot == nullptr)
            missing = name;
    };
    bind(table.getProcAddress, "eglGetProcAddress");
    bind(table.queryString, "eglQueryString");
    bind(table.getError, "eglGetError");
    bind(table.initialize, "eglInitialize");
    if (missing != nullptr)
        return Status{Code::Unsupported, std::string(kLibrary) + " has no " + missing + "; it is no EGL"};
    const auto extension = [&](auto &slot, const char *name) {
        slot = reinterpret_cast<std::remove_reference_t<decltype(slot)>>(table.getProcAddress(name));
    };
    extension(table.getPlatformDisplay, "eglGetPlatformDisplayEXT");
    extension(table.queryDevices, "eglQueryDevicesEXT");
    extension(table.queryDeviceAttrib, "eglQueryDeviceAttribEXT");
    extension(table.queryDeviceString, "eglQueryDeviceStringEXT");
    extension(table.queryDisplayAttrib, "eglQueryDisplayAttribEXT");
    extension(table.createImage, "eglCreateImageKHR");
    extension(table.destroyImage, "eglDestroyImageKHR");
    extension(table.queryDmabufModifiers, "eglQueryDmaBufModifiersEXT");
    opened.store(&table, std::memory_order_release);
    return &table;
}

} // namespace

Result<const Library *> library()
{
    static std::mutex mutex;
    if (const Library *known = standIn.load(std::memory_order_acquire))
        return known;
    if (const Library *known = opened.load(std::memory_order_acquire))
        return known;
    const std::lock_guard lock(mutex);
    if (const Library *known = opened.load(std::memory_order_acquire))
        return known;
    return open();
}

void setLibrary(const Library *library)
{
    standIn.store(library, std::memory_order_release);
    ++generation;
}

unsigned libraryGeneration()
{
    return generation;
}

bool hasExtension(const char *list, std::string_view name)
{
    std::string_view rest = list != nullptr ? list : "";
    while (!rest.empty()) {
        const auto space = rest.find(' ');
        if (rest.substr(0, space) == name)
            return true;
        rest = space == std::string_view::npos ? std::string_view() : rest.substr(space + 1);
    }
    return false;
}

std::string errorName(Int error)
{
    static constexpr std::array<const char *, 15> kNames = {
        "EGL_SUCCESS",       "EGL_NOT_INITIALIZED", "EGL_BAD_ACCESS",        "EGL_BAD_ALLOC",
        "EGL_BAD_ATTRIBUTE", "EGL_BAD_CONFIG",      "EGL_BAD_CONTEXT",       "EGL_BAD_CURRENT_SURFACE",
        "EGL_BAD_DISPLAY",   "EGL_BAD_MATCH",       "EGL_BAD_NATIVE_PIXMAP", "EGL_BAD_NATIVE_WINDOW",
        "EGL_BAD_PARAMETER", "EGL_BAD_SURFACE",     "EGL_CONTEXT_LOST"};
    const auto index = static_cast<std::size_t>(error - kSuccess);
    if (error >= kSuccess && index < kNames.size())
        return kNames[index];
    char text[32];
    (void)std::snprintf(text, sizeof text, "EGL error 0x%x", static_cast<unsigned>(error));
    return text;
}

} // namespace zc::egl
