// SPDX-License-Identifier: MIT
// Caps: what the templates list, what is offered, and what negotiated caps mean. Knows DMA_DRM on every GStreamer.
#pragma once

#include "core/frame.hpp"
#include "core/status.hpp"
#include "drm_format.hpp"

#include <gst/gst.h>
#include <gst/video/video.h>

namespace zc::gst {

inline constexpr const char *kFeatureDmabuf = "memory:DMABuf";
inline constexpr const char *kFeatureCuda = "memory:CUDAMemory";
inline constexpr const char *kFeatureGl = "memory:GLMemory";
inline constexpr const char *kFeatureNvmm = "memory:NVMM";

// Where the user wants kernels to run.
enum class Device { Auto, Cuda, Cpu };

// Negotiated caps, understood. `pixels` always carries the real pixel format, even for format=DMA_DRM.
struct Negotiated {
    GstVideoInfo pixels;
    Format format = Format::Unknown;
    MemoryKind feature = MemoryKind::System; // of the caps; a buffer under plain caps may still hold dmabufs
    bool drm = false;                        // format=DMA_DRM was used
    ColorRange range = ColorRange::Limited;
    ColorMatrix matrix = ColorMatrix::Bt601;
    bool rangeStated = false, matrixStated = false; // by the caps, not assumed for want of it
    bool interlaced = false;                        // some or all buffers may hold two fields
};

// Both pads' template, in order of preference. Transfer: full.
GstCaps *templateCaps();

// Kinds of memory that are there on some machines only.
struct Offer {
    bool cuda = false, gl = false;
};

// What the element can process with this choice of device; a subset of the template. Transfer: full.
GstCaps *offeredCaps(Device device, Offer offer = {});

// InvalidArgument or Unsupported, naming the field at fault, what it holds and what would work.
Result<Negotiated> parseCaps(const GstCaps *caps);

Format formatFromGst(GstVideoFormat format);
GstVideoFormat formatToGst(Format format);

} // namespace zc::gst
