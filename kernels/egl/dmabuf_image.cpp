// SPDX-License-Identifier: MIT
// EGL_EXT_image_dma_buf_import, with modifiers where the driver knows them.
#include "egl/dmabuf_image.hpp"

#include "egl/display.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

namespace zc::egl {

namespace {

constexpr std::uint32_t code(const char (&text)[5])
{
    std::uint32_t value = 0;
    for (int i = 3; i >= 0; --i)
        value = value << 8 | static_cast<unsigned char>(text[i]);
    return value;
}

struct Fourcc {
    Format format;
    std::uint32_t value;
};

constexpr Fourcc kFourccs[] = {
    {Format::Nv12, code("NV12")},     {Format::Nv21, code("NV21")},   {Format::I420, code("YU12")},
    {Format::Yv12, code("YV12")},     {Format::Nv16, code("NV16")},   {Format::Y42b, code("YU16")},
    {Format::Yuy2, code("YUYV")},     {Format::Uyvy, code("UYVY")},   {Format::Y444, code("YU24")},
    {Format::Nv24, code("NV24")},     {Format::P010Le, code("P010")}, {Format::P012Le, code("P012")},
    {Format::Rgba, code("AB24")},     {Format::Bgra, code("AR24")},   {Format::Rgbx, code("AB24")},
    {Format::Bgrx, code("AR24")},     {Format::Argb, code("BA24")},   {Format::Abgr, code("RA24")},
    {Format::Xrgb, code("BA24")},     {Format::Xbgr, code("RA24")},   {Format::Gray8, code("R8  ")},
    {Format::Gray16Le, code("R16 ")},
};

constexpr const char *kImport = "EGL_EXT_image_dma_buf_import";
constexpr const char *kModifiers = "EGL_EXT_image_dma_buf_import_modifiers";
constexpr unsigned kNoVendor = 0, kNvidia = 3;

std::string hex(std::uint64_t value)
{
    char text[24];
    (void)std::snprintf(text, sizeof text, "0x%016llx", static_cast<unsigned long long>(value));
    return text;
}

std::string nameOf(std::uint32_t fourcc)
{
    std::string text;
    for (int i = 0; i < 4; ++i)
        text += static_cast<char>(fourcc >> (8 * i) & 0xff);
    return text;
}

bool knowsModifiers(const Library &egl, Display display)
{
    return egl.queryDmabufModifiers != nullptr && hasExtension(egl.queryString(display, kExtensions), kModifiers);
}

Status checkModifier(const Library &egl, Display display, std::uint32_t fourcc, std::uint64_t modifier)
{
    if (!knowsModifiers(egl, display))
        return modifier == 0 ? Status{}
                             : Status{Code::Unsupported, std::string("EGL has no ") + kModifiers +
                                                             " and imports linear dmabufs alone; found modifier " +
                                                             hex(modifier)};
    Int count = 0;
    const auto drm = static_cast<Int>(fourcc);
    if (egl.queryDmabufModifiers(display, drm, 0, nullptr, nullptr, &count) == 0 || count <= 0)
        return {Code::Unsupported, "EGL of this GPU imports no dmabufs of fourcc " + nameOf(fourcc)};
    std::vector<std::uint64_t> listed(static_cast<std::size_t>(count));
    // Images of modifiers for external textures only are no worse for CUDA.
    std::vector<Boolean> external(listed.size());
    if (egl.queryDmabufModifiers(display, drm, count, listed.data(), external.data(), &count) == 0)
        return {Code::Unsupported, "eglQueryDmaBufModifiersEXT failed: " + errorName(egl.getError())};
    listed.resize(std::min(listed.size(), static_cast<std::size_t>(std::max(count, 0))));
    if (std::find(listed.begin(), listed.end(), modifier) != listed.end())
        return {};
    std::string known;
    for (const std::uint64_t one : listed)
        known += (known.empty() ? "" : ", ") + hex(one);
    return {Code::Unsupported, "EGL of this GPU imports dmabufs of fourcc " + nameOf(fourcc) + " with modifiers " +
                                   known + "; found " + hex(modifier)};
}

std::vector<Int> attributesOf(const DmabufPicture &picture, bool modifiers)
{
    std::vector<Int> all = {kWidth,         picture.width, kHeight,
                            picture.height, kFourcc,       static_cast<Int>(importFourcc(picture.format))};
    const int planes = formatInfo(picture.format).planes;
    for (int i = 0; i < planes; ++i) {
        const DmabufPlane &plane = picture.planes[i];
        all.insert(all.end(), {kPlaneFd[i], plane.fd, kPlaneOffset[i], static_cast<Int>(plane.offset), kPlanePitch[i],
                               static_cast<Int>(plane.pitch)});
        if (modifiers)
            all.insert(all.end(), {kPlaneModifierLow[i], static_cast<Int>(picture.modifier & 0xffffffff),
                                   kPlaneModifierHigh[i], static_cast<Int>(picture.modifier >> 32)});
    }
    all.push_back(kNone);
    return all;
}

} // namespace

std::uint32_t importFourcc(Format format)
{
    const auto *found =
        std::find_if(std::begin(kFourccs), std::end(kFourccs), [&](const Fourcc &f) { return f.format == format; });
    return found == std::end(kFourccs) ? 0 : found->value;
}

std::string modifierVendor(std::uint64_t modifier)
{
    static constexpr const char *kVendors[] = {
        "no vendor (linear)", "Intel", "AMD",       "NVIDIA", "Samsung", "Qualcomm", "Vivante",
        "Broadcom",           "Arm",   "Allwinner", "Amlogic"};
    const auto vendor = static_cast<std::size_t>(modifier >> 56);
    return vendor < std::size(kVendors) ? kVendors[vendor] : "vendor " + std::to_string(vendor);
}

Status takesDmabuf(int gpu, Format format, std::uint64_t modifier)
{
    const std::uint32_t fourcc = importFourcc(format);
    if (fourcc == 0)
        return {Code::Unsupported, std::string("EGL has no fourcc for ") + formatInfo(format).name};
    if (const auto vendor = static_cast<unsigned>(modifier >> 56); vendor != kNoVendor && vendor != kNvidia)
        return {Code::Unsupported, "modifier " + hex(modifier) + " is a layout of " + modifierVendor(modifier) +
                                       "; a GPU of NVIDIA's reads its own and linear ones"};
    const auto display = displayOfGpu(gpu);
    if (!display)
        return display.status();
    const Library &egl = *library().value();
    if (!hasExtension(egl.queryString(display.value(), kExtensions), kImport) || egl.createImage == nullptr ||
        egl.destroyImage == nullptr)
        return {Code::Unsupported, "the EGL display of GPU " + std::to_string(gpu) + " has no " + kImport +
                                       " (NVIDIA's has it where nvidia-drm is loaded with modeset=1)"};
    return checkModifier(egl, display.value(), fourcc, modifier);
}

Result<DmabufImage> DmabufImage::make(int gpu, const DmabufPicture &picture)
{
    if (Status status = takesDmabuf(gpu, picture.format, picture.modifier); !status)
        return status;
    const Display display = displayOfGpu(gpu).value();
    const Library &egl = *library().value();
    const std::vector<Int> attributes = attributesOf(picture, knowsModifiers(egl, display));
    const Image image = egl.createImage(display, nullptr, kLinuxDmabuf, nullptr, attributes.data());
    if (image == nullptr)
        return Status{Code::Access, "EGL does not import the dmabuf as " + nameOf(importFourcc(picture.format)) + ", " +
                                        std::to_string(picture.width) + "x" + std::to_string(picture.height) +
                                        ", pitch " + std::to_string(picture.planes[0].pitch) + ", modifier " +
                                        hex(picture.modifier) + ": " + errorName(egl.getError())};
    return DmabufImage(display, image);
}

DmabufImage::DmabufImage(DmabufImage &&other) noexcept
    : display_(other.display_), image_(std::exchange(other.image_, nullptr))
{}

DmabufImage::~DmabufImage()
{
    if (image_ != nullptr)
        library().value()->destroyImage(display_, image_);
}

} // namespace zc::egl
