// SPDX-License-Identifier: MIT
// EGL and GL through eglGetProcAddress(): nothing of either is linked.
#include "textures.hpp"

#include <string>
#include <type_traits>
#include <utility>

namespace zc::test {
namespace {

using egl::Display;

constexpr egl::Int kEsApi = 0x30a0, kClientVersion = 0x3098, kNoConfig = 0;
constexpr unsigned kTexture2d = 0x0de1, kEglTexture2d = 0x30b1;
constexpr unsigned kUnsignedByte = 0x1401, kFramebuffer = 0x8d40, kColor0 = 0x8ce0, kColorBit = 0x4000;
constexpr unsigned kMinFilter = 0x2801, kMagFilter = 0x2800, kNearest = 0x2600;
constexpr unsigned kUnpackAlignment = 0x0cf5, kPackAlignment = 0x0d05;

struct Egl {
    egl::Boolean (*bindApi)(unsigned api);
    void *(*createContext)(Display display, void *config, void *share, const egl::Int *attributes);
    egl::Boolean (*destroyContext)(Display display, void *context);
    egl::Boolean (*makeCurrent)(Display display, void *draw, void *read, void *context);
};

template <class Fn> void load(const egl::Library &egl, Fn &slot, const char *name, std::string &missing)
{
    slot = reinterpret_cast<Fn>(egl.getProcAddress(name));
    if (slot == nullptr)
        missing = name;
}

Result<Egl> eglFunctions(const egl::Library &lib)
{
    Egl e{};
    std::string missing;
    load(lib, e.bindApi, "eglBindAPI", missing);
    load(lib, e.createContext, "eglCreateContext", missing);
    load(lib, e.destroyContext, "eglDestroyContext", missing);
    load(lib, e.makeCurrent, "eglMakeCurrent", missing);
    return missing.empty() ? Result<Egl>(e) : Result<Egl>(Status{Code::Unsupported, "no " + missing});
}

std::string loadGl(const egl::Library &lib, Gl &gl)
{
    std::string missing;
    load(lib, gl.genTextures, "glGenTextures", missing);
    load(lib, gl.deleteTextures, "glDeleteTextures", missing);
    load(lib, gl.bindTexture, "glBindTexture", missing);
    load(lib, gl.texParameteri, "glTexParameteri", missing);
    load(lib, gl.texImage2D, "glTexImage2D", missing);
    load(lib, gl.texSubImage2D, "glTexSubImage2D", missing);
    load(lib, gl.pixelStorei, "glPixelStorei", missing);
    load(lib, gl.genFramebuffers, "glGenFramebuffers", missing);
    load(lib, gl.deleteFramebuffers, "glDeleteFramebuffers", missing);
    load(lib, gl.bindFramebuffer, "glBindFramebuffer", missing);
    load(lib, gl.framebufferTexture2D, "glFramebufferTexture2D", missing);
    load(lib, gl.readPixels, "glReadPixels", missing);
    load(lib, gl.clearColor, "glClearColor", missing);
    load(lib, gl.clear, "glClear", missing);
    load(lib, gl.finish, "glFinish", missing);
    load(lib, gl.getError, "glGetError", missing);
    load(lib, gl.getString, "glGetString", missing);
    return missing;
}

} // namespace

Result<GlContext> GlContext::make(Display display)
{
    const egl::Library &lib = *egl::library().value();
    const auto functions = eglFunctions(lib);
    if (!functions)
        return functions.status();
    const Egl &e = functions.value();
    GlContext made;
    made.display_ = display;
    const egl::Int attributes[] = {kClientVersion, 3, egl::kNone};
    if (e.bindApi(static_cast<unsigned>(kEsApi)) != 0)
        made.context_ = e.createContext(display, reinterpret_cast<void *>(kNoConfig), nullptr, attributes);
    if (made.context_ == nullptr || e.makeCurrent(display, nullptr, nullptr, made.context_) == 0)
        return Status{Code::Unsupported,
                      "no context of OpenGL ES 3 without a surface: " + egl::errorName(lib.getError())};
    if (const std::string missing = loadGl(lib, made.gl_); !missing.empty())
        return Status{Code::Unsupported, "no " + missing};
    return made;
}

GlContext::GlContext(GlContext &&other) noexcept
    : display_(other.display_), context_(std::exchange(other.context_, nullptr)), gl_(other.gl_)
{}

GlContext::~GlContext()
{
    if (context_ == nullptr)
        return;
    const auto e = eglFunctions(*egl::library().value());
    e.value().makeCurrent(display_, nullptr, nullptr, nullptr);
    e.value().destroyContext(display_, context_);
}

ImageTexture::ImageTexture(const GlContext &context, TexelKind kind, int width, int height)
    : context_(&context), kind_(kind), width_(width), height_(height)
{}

ImageTexture::ImageTexture(ImageTexture &&other) noexcept
    : context_(other.context_),
      kind_(other.kind_),
      width_(other.width_),
      height_(other.height_),
      name_(std::exchange(other.name_, 0)),
      framebuffer_(std::exchange(other.framebuffer_, 0)),
      image_(std::exchange(other.image_, nullptr))
{}

ImageTexture::~ImageTexture()
{
    if (image_ != nullptr)
        egl::library().value()->destroyImage(context_->display(), image_);
    if (framebuffer_ != 0)
        context_->gl().deleteFramebuffers(1, &framebuffer_);
    if (name_ != 0)
        context_->gl().deleteTextures(1, &name_);
}

Result<ImageTexture> ImageTexture::make(const GlContext &context, TexelKind kind, int width, int height)
{
    const Gl &gl = context.gl();
    ImageTexture made(context, kind, width, height);
    gl.genTextures(1, &made.name_);
    gl.bindTexture(kTexture2d, made.name_);
    gl.texImage2D(kTexture2d, 0, static_cast<int>(kind.internal), width, height, 0, kind.format, kUnsignedByte,
                  nullptr);
    // Without mipmaps a texture is complete, as an EGLImage demands, only with these.
    gl.texParameteri(kTexture2d, kMinFilter, kNearest);
    gl.texParameteri(kTexture2d, kMagFilter, kNearest);
    gl.genFramebuffers(1, &made.framebuffer_);
    gl.bindFramebuffer(kFramebuffer, made.framebuffer_);
    gl.framebufferTexture2D(kFramebuffer, kColor0, kTexture2d, made.name_, 0);
    gl.pixelStorei(kUnpackAlignment, 1);
    gl.pixelStorei(kPackAlignment, 1);
    gl.finish();
    const egl::Library &lib = *egl::library().value();
    const egl::Int keep[] = {egl::kImagePreserved, egl::kTrue, egl::kNone};
    made.image_ = lib.createImage(context.display(), context.handle(), kEglTexture2d,
                                  reinterpret_cast<void *>(static_cast<std::uintptr_t>(made.name_)), keep);
    if (made.image_ == nullptr)
        return Status{Code::Unsupported, "no EGLImage of a texture: " + egl::errorName(lib.getError())};
    return made;
}

void ImageTexture::upload(const std::vector<std::uint8_t> &pixels) const
{
    const Gl &gl = context_->gl();
    gl.bindTexture(kTexture2d, name_);
    gl.texSubImage2D(kTexture2d, 0, 0, 0, width_, height_, kind_.format, kUnsignedByte, pixels.data());
    gl.finish();
}

std::vector<std::uint8_t> ImageTexture::download() const
{
    const Gl &gl = context_->gl();
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_) *
                                     static_cast<std::size_t>(kind_.bytes));
    gl.bindFramebuffer(kFramebuffer, framebuffer_);
    gl.readPixels(0, 0, width_, height_, kind_.format, kUnsignedByte, pixels.data());
    return pixels;
}

void ImageTexture::fill(float r, float g, float b, float a) const
{
    const Gl &gl = context_->gl();
    gl.bindFramebuffer(kFramebuffer, framebuffer_);
    gl.clearColor(r, g, b, a);
    gl.clear(kColorBit);
    gl.finish();
}

} // namespace zc::test
