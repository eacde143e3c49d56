// SPDX-License-Identifier: MIT
// OpenGL ES on the display of a GPU, without a window, and its textures as EGLImages.
#pragma once

#include "core/status.hpp"
#include "egl/library.hpp"

#include <cstdint>
#include <vector>

namespace zc::test {

// The functions of EGL and GL that tests call, by name.
struct Gl {
    using Enum = unsigned;
    void (*genTextures)(int count, unsigned *names);
    void (*deleteTextures)(int count, const unsigned *names);
    void (*bindTexture)(Enum target, unsigned name);
    void (*texParameteri)(Enum target, Enum what, int value);
    void (*texImage2D)(Enum target, int level, int internal, int width, int height, int border, Enum format, Enum type,
                       const void *pixels);
    void (*texSubImage2D)(Enum target, int level, int x, int y, int width, int height, Enum format, Enum type,
                          const void *pixels);
    void (*pixelStorei)(Enum what, int value);
    void (*genFramebuffers)(int count, unsigned *names);
    void (*deleteFramebuffers)(int count, const unsigned *names);
    void (*bindFramebuffer)(Enum target, unsigned name);
    void (*framebufferTexture2D)(Enum target, Enum attachment, Enum texTarget, unsigned name, int level);
    void (*readPixels)(int x, int y, int width, int height, Enum format, Enum type, void *pixels);
    void (*clearColor)(float r, float g, float b, float a);
    void (*clear)(unsigned what);
    void (*finish)();
    Enum (*getError)();
    const unsigned char *(*getString)(Enum what);
};

// A context of OpenGL ES, current on the thread that made it until it goes.
class GlContext {
public:
    static Result<GlContext> make(egl::Display display);
    GlContext(GlContext &&other) noexcept;
    GlContext &operator=(GlContext &&) = delete;
    ~GlContext();
    const Gl &gl() const { return gl_; }
    egl::Display display() const { return display_; }
    void *handle() const { return context_; } // EGLContext

private:
    GlContext() = default;
    egl::Display display_ = nullptr;
    void *context_ = nullptr;
    Gl gl_{};
};

// What a texture holds: GL's names of it, and the bytes of a pixel.
struct TexelKind {
    unsigned internal, format;
    int bytes;
};
inline constexpr TexelKind kRgba8{0x8058, 0x1908, 4}, kR8{0x8229, 0x1903, 1};

// A texture with an EGLImage that keeps what is drawn.
class ImageTexture {
public:
    static Result<ImageTexture> make(const GlContext &context, TexelKind kind, int width, int height);
    ImageTexture(ImageTexture &&other) noexcept;
    ImageTexture &operator=(ImageTexture &&) = delete;
    ~ImageTexture();

    void *image() const { return image_; }
    void upload(const std::vector<std::uint8_t> &pixels) const; // rows without padding; returns when GL is done
    std::vector<std::uint8_t> download() const;
    void fill(float r, float g, float b, float a) const; // drawn by the GPU; returns when GL is done

private:
    ImageTexture(const GlContext &context, TexelKind kind, int width, int height);
    const GlContext *context_;
    TexelKind kind_;
    int width_, height_;
    unsigned name_ = 0, framebuffer_ = 0;
    egl::Image image_ = nullptr;
};

} // namespace zc::test
