// SPDX-License-Identifier: MIT
// A dmabuf as an EGLImage of a GPU's display.
#pragma once

#include "core/format.hpp"
#include "core/status.hpp"
#include "egl/library.hpp"

#include <cstdint>
#include <string>

namespace zc::egl {

struct DmabufPlane {
    int fd = -1; // borrowed; EGL keeps one of its own
    std::uint32_t offset = 0, pitch = 0;
};

struct DmabufPicture {
    Format format = Format::Unknown;
    std::int32_t width = 0, height = 0; // of the whole picture
    std::uint64_t modifier = 0;         // of the Linux DRM; 0 is linear
    DmabufPlane planes[kMaxPlanes];     // as many as the format has
};

// The DRM fourcc under which a picture is handed to EGL; 0 for formats without one. CUDA refuses images of fourccs with
// padding (XR24) and takes the same bytes under those with alpha (AR24).
std::uint32_t importFourcc(Format format);

// Who defined a modifier, by its top byte: "NVIDIA", "Intel", "no vendor (linear)".
std::string modifierVendor(std::uint64_t modifier);

// Whether EGL of that GPU says that it takes such dmabufs. Asked before every import, since drivers have crashed on
// what they do not list. Unsupported with what was found. Any thread.
Status takesDmabuf(int gpu, Format format, std::uint64_t modifier);

// Must go after what was registered with it, on any thread.
class DmabufImage {
public:
    // Unsupported as takesDmabuf(), Access if EGL refuses this very picture. Takes up to 70 ms on a busy GPU.
    static Result<DmabufImage> make(int gpu, const DmabufPicture &picture);
    DmabufImage(DmabufImage &&other) noexcept;
    DmabufImage &operator=(DmabufImage &&) = delete;
    DmabufImage(const DmabufImage &) = delete;
    ~DmabufImage();

    void *handle() const { return image_; } // an EGLImageKHR

private:
    DmabufImage(Display display, Image image) : display_(display), image_(image) {}
    Display display_;
    Image image_;
};

} // namespace zc::egl
