// SPDX-License-Identifier: MIT
// libEGL, opened at run time. One table of functions for the process.
#pragma once

#include "core/status.hpp"
#include "egl/api.hpp"

#include <string>
#include <string_view>

namespace zc::egl {

// Extensions' functions are null where libEGL does not know them; whether a display or a device has the extension is
// still to be asked.
struct Library {
    void *(*getProcAddress)(const char *name);
    const char *(*queryString)(Display display, Int name);
    Int (*getError)();
    Boolean (*initialize)(Display display, Int *major, Int *minor);

    // EGL_EXT_platform_base, EGL_EXT_device_base
    Display (*getPlatformDisplay)(unsigned platform, void *native, const Int *attributes);
    Boolean (*queryDevices)(Int most, Device *devices, Int *count);
    Boolean (*queryDeviceAttrib)(Device device, Int attribute, Attrib *value);
    const char *(*queryDeviceString)(Device device, Int name);
    Boolean (*queryDisplayAttrib)(Display display, Int attribute, Attrib *value);
    // EGL_KHR_image_base
    Image (*createImage)(Display display, void *context, unsigned target, ClientBuffer buffer, const Int *attributes);
    Boolean (*destroyImage)(Display display, Image image);
    // EGL_EXT_image_dma_buf_import_modifiers
    Boolean (*queryDmabufModifiers)(Display display, Int fourcc, Int most, std::uint64_t *modifiers,
                                    Boolean *externalOnly, Int *count);
};

// Opens libEGL at the first call that succeeds; it stays open for the life of the process. NotFound names what was
// looked for. Thread-safe.
Result<const Library *> library();

// For tests: what library() answers from now on; null: libEGL again. The displays found before are forgotten.
void setLibrary(const Library *standIn);
// Counts the calls of setLibrary(), for those who remember what a library told.
unsigned libraryGeneration();

// Whether a list of extensions, separated by spaces, has this one. A null list has none.
bool hasExtension(const char *list, std::string_view name);

// "EGL_BAD_MATCH" or, of a value that EGL does not define, "EGL error 0x1234".
std::string errorName(Int error);

} // namespace zc::egl
