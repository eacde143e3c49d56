// SPDX-License-Identifier: MIT
// An EGL for tests, put in the place of libEGL by egl::setLibrary(): devices, displays and extensions as a test wants
// them, and dmabufs (memfds will do) as EGLImages of the stand-in CUDA driver.
#pragma once

#include "egl/library.hpp"
#include "egl_image.h"

#include <cstring>
#include <map>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <vector>

namespace zc::test {

// One at a time, in force while it lives. Not thread-safe: to be set up before use.
class EglStandIn {
public:
    std::vector<int> devices = {0}; // CUDA ordinals; -1 for one that has none
    std::string client = "EGL_EXT_client_extensions EGL_EXT_device_base EGL_EXT_platform_device";
    std::string extensions = "EGL_KHR_image_base EGL_EXT_image_dma_buf_import EGL_EXT_image_dma_buf_import_modifiers";
    std::vector<std::uint64_t> modifiers = {0}; // of every fourcc
    bool opens = true;                          // displays
    bool imports = true;                        // images
    bool arrays = false;                        // what CUDA makes of an image
    bool shared = true;                         // false: images show a copy of the dmabuf, as some drivers do
    std::map<egl::Int, egl::Int> attributes;    // of the last image
    unsigned imagesMade = 0, imagesAlive = 0, displaysOpened = 0;

    EglStandIn()
    {
        current() = this;
        static const egl::Library table = {
            nullptr,           queryString,       getError,           initialize,  getPlatformDisplay, queryDevices,
            queryDeviceAttrib, queryDeviceString, queryDisplayAttrib, createImage, destroyImage,       queryModifiers};
        egl::setLibrary(&table);
    }
    ~EglStandIn()
    {
        egl::setLibrary(nullptr);
        current() = nullptr;
    }
    EglStandIn(const EglStandIn &) = delete;
    EglStandIn &operator=(const EglStandIn &) = delete;

    // The display of the i-th device.
    static egl::Display display(std::size_t i) { return reinterpret_cast<egl::Display>(i + 1); }

private:
    struct Mapped {
        void *image;
        void *memory;
        std::size_t bytes;
    };

    static EglStandIn *&current()
    {
        static EglStandIn *one = nullptr;
        return one;
    }
    static std::size_t indexOf(const void *handle) { return reinterpret_cast<std::size_t>(handle) - 1; }

    static const char *queryString(egl::Display display, egl::Int name)
    {
        if (name == egl::kVendor)
            return "stand-in";
        return display == nullptr ? current()->client.c_str() : current()->extensions.c_str();
    }
    static egl::Int getError() { return 0x3009; } // EGL_BAD_MATCH
    static egl::Boolean initialize(egl::Display, egl::Int *, egl::Int *)
    {
        ++current()->displaysOpened;
        return current()->opens ? 1 : 0;
    }
    static egl::Display getPlatformDisplay(unsigned platform, void *native, const egl::Int *)
    {
        return platform == egl::kPlatformDevice ? static_cast<egl::Display>(native) : nullptr;
    }
    static egl::Boolean queryDevices(egl::Int most, egl::Device *devices, egl::Int *count)
    {
        *count = 0;
        for (std::size_t i = 0; i < current()->devices.size() && *count < most; ++i)
            devices[(*count)++] = reinterpret_cast<egl::Device>(i + 1);
        return 1;
    }
    static const char *queryDeviceString(egl::Device device, egl::Int)
    {
        return current()->devices[indexOf(device)] >= 0 ? "EGL_NV_device_cuda EGL_EXT_device_drm"
                                                        : "EGL_MESA_device_software";
    }
    static egl::Boolean queryDeviceAttrib(egl::Device device, egl::Int attribute, egl::Attrib *value)
    {
        *value = current()->devices[indexOf(device)];
        return attribute == egl::kCudaDevice ? 1 : 0;
    }
    static egl::Boolean queryDisplayAttrib(egl::Display display, egl::Int attribute, egl::Attrib *value)
    {
        *value = reinterpret_cast<egl::Attrib>(display); // the device has the same number
        return attribute == egl::kDeviceOfDisplay ? 1 : 0;
    }
    static egl::Boolean queryModifiers(egl::Display, egl::Int, egl::Int most, std::uint64_t *modifiers,
                                       egl::Boolean *external, egl::Int *count)
    {
        const auto &all = current()->modifiers;
        *count = static_cast<egl::Int>(all.size());
        for (egl::Int i = 0; i < most && i < *count; ++i) {
            modifiers[i] = all[static_cast<std::size_t>(i)];
            external[i] = 1;
        }
        return 1;
    }

    static egl::Image createImage(egl::Display, void *context, unsigned target, egl::ClientBuffer buffer,
                                  const egl::Int *attributes)
    {
        EglStandIn &self = *current();
        self.attributes.clear();
        for (; *attributes != egl::kNone; attributes += 2)
            self.attributes[attributes[0]] = attributes[1];
        if (!self.imports || context != nullptr || buffer != nullptr || target != egl::kLinuxDmabuf)
            return nullptr;
        struct stat file = {};
        const int fd = self.attributes[egl::kPlaneFd[0]];
        if (fstat(fd, &file) != 0)
            return nullptr;
        const auto bytes = static_cast<std::size_t>(file.st_size);
        void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, self.shared ? MAP_SHARED : MAP_PRIVATE, fd, 0);
        if (memory == MAP_FAILED)
            return nullptr;
        const zc_fake_egl_image what = self.describe(static_cast<std::uint8_t *>(memory));
        auto *made = new Mapped{zc_fake_egl_image_create(&what), memory, bytes};
        ++self.imagesMade;
        ++self.imagesAlive;
        self.all_[made->image] = made;
        return static_cast<egl::Image>(made->image);
    }
    zc_fake_egl_image describe(std::uint8_t *memory)
    {
        const bool nv12 = attributes[egl::kFourcc] == 0x3231564e;
        const auto width = static_cast<unsigned>(attributes[egl::kWidth]);
        const auto height = static_cast<unsigned>(attributes[egl::kHeight]);
        zc_fake_egl_image what{};
        what.is_array = arrays ? 1 : 0;
        what.planes = nv12 ? 2 : 1;
        what.color_format = nv12 ? 0x01 : 0x0e; // YUV420_SEMIPLANAR, ABGR
        for (unsigned i = 0; i < what.planes; ++i)
            what.plane[i] = {memory + attributes[egl::kPlaneOffset[i]],
                             static_cast<std::size_t>(attributes[egl::kPlanePitch[i]]),
                             i == 0 ? width : (width + 1) / 2,
                             i == 0 ? height : (height + 1) / 2,
                             nv12 ? i + 1 : 4,
                             1};
        return what;
    }
    static egl::Boolean destroyImage(egl::Display, egl::Image image)
    {
        EglStandIn &self = *current();
        const auto found = self.all_.find(image);
        if (found == self.all_.end())
            return 0;
        zc_fake_egl_image_destroy(image);
        munmap(found->second->memory, found->second->bytes);
        delete found->second;
        self.all_.erase(found);
        --self.imagesAlive;
        return 1;
    }

    std::map<void *, Mapped *> all_;
};

} // namespace zc::test
