// SPDX-License-Identifier: MIT
// Templates, and the reading of negotiated caps.
#include "caps.hpp"

#include "core/color_matrix.hpp"
#include "gst_ptr.hpp"
#include "memory/cuda_context.hpp"
#include "memory/gl_context.hpp"
#include "memory/nvbufsurface_formats.hpp"

#include <string>

namespace zc::gst {
namespace {

// A side beyond this is no video; it also keeps every product of sizes far from overflow.
constexpr gint kMaxSide = 65535;

// One structure of the templates. A new kind of memory is one row here, in its place of preference.
struct MemoryRow {
    const char *feature; // null: system memory
    MemoryKind kind;
    bool drm;           // as format=DMA_DRM with linear drm-formats
    bool onCpu, onCuda; // which device can touch it
};

// clang-format off
constexpr MemoryRow kMemoryRows[] = {
    {kFeatureNvmm, MemoryKind::Nvmm, false, true, true},
    {kFeatureCuda, MemoryKind::Cuda, false, false, true},
    {kFeatureGl, MemoryKind::Gl, false, false, true},
    {kFeatureDmabuf, MemoryKind::Dmabuf, true, true, true},
    {kFeatureDmabuf, MemoryKind::Dmabuf, false, true, true},
    {nullptr, MemoryKind::System, false, true, true},
};
// clang-format on

constexpr const char *kDmaDrm = "DMA_DRM";
constexpr const char *kTextureTarget = "texture-target", *kTarget2d = "2D";

bool isBuilt(const MemoryRow &row)
{
    return (row.kind != MemoryKind::Cuda || cudaMemoryBuilt()) && (row.kind != MemoryKind::Gl || glMemoryBuilt());
}

bool holds(const MemoryRow &row, Format format)
{
    if (row.kind == MemoryKind::Nvmm)
        return nvbuf::surfaceHolds(format);
    if (row.kind == MemoryKind::Gl)
        return format == Format::Rgba; // one texture, as CUDA sees it
    return format != Format::Unknown && (row.kind != MemoryKind::Cuda || cudaMemoryHolds(format));
}

void appendString(GValue *list, const char *text)
{
    GValue item = G_VALUE_INIT;
    g_value_init(&item, G_TYPE_STRING);
    g_value_set_string(&item, text);
    gst_value_list_append_and_take_value(list, &item);
}

GstStructure *structureFor(const MemoryRow &row)
{
    GstStructure *structure =
        gst_structure_new("video/x-raw", "width", GST_TYPE_INT_RANGE, 1, G_MAXINT, "height", GST_TYPE_INT_RANGE, 1,
                          G_MAXINT, "framerate", GST_TYPE_FRACTION_RANGE, 0, 1, G_MAXINT, 1, nullptr);
    GValue names = G_VALUE_INIT;
    g_value_init(&names, GST_TYPE_LIST);
    for (const FormatInfo &info : allFormats()) {
        const char *name = row.drm ? drmFormatName(info.format) : info.name;
        if (holds(row, info.format) && name)
            appendString(&names, name);
    }
    if (row.drm)
        gst_structure_set(structure, "format", G_TYPE_STRING, kDmaDrm, nullptr);
    gst_structure_take_value(structure, row.drm ? "drm-format" : "format", &names);
    if (row.kind == MemoryKind::Gl)
        gst_structure_set(structure, kTextureTarget, G_TYPE_STRING, kTarget2d, nullptr);
    return structure;
}

template <class Wanted> GstCaps *capsOf(Wanted wanted)
{
    GstCaps *caps = gst_caps_new_empty();
    for (const MemoryRow &row : kMemoryRows) {
        if (!wanted(row))
            continue;
        GstCapsFeatures *features = row.feature ? gst_caps_features_new(row.feature, nullptr) : nullptr;
        gst_caps_append_structure_full(caps, structureFor(row), features);
    }
    return caps;
}

std::string textOf(const GstCaps *caps)
{
    const GCharPtr text(gst_caps_to_string(caps));
    const std::string whole = text ? text.get() : "(none)";
    constexpr std::size_t kLongest = 400;
    return whole.size() > kLongest ? whole.substr(0, kLongest) + "..." : whole;
}

Status invalid(const GstCaps *caps, const std::string &what)
{
    return {Code::InvalidArgument, what + " (caps: " + textOf(caps) + ")"};
}

Status unsupported(const GstCaps *caps, const std::string &what)
{
    return {Code::Unsupported, what + " (caps: " + textOf(caps) + ")"};
}

Status checkSide(const GstCaps *caps, const GstStructure *structure, const char *field)
{
    gint value = 0;
    if (!gst_structure_get_int(structure, field, &value))
        return invalid(caps,
                       std::string(field) + " is missing or not a number; expected 1 to " + std::to_string(kMaxSide));
    if (value < 1 || value > kMaxSide)
        return invalid(caps, std::string(field) + " is " + std::to_string(value) + "; expected 1 to " +
                                 std::to_string(kMaxSide));
    return {};
}

Result<MemoryKind> featureOf(const GstCaps *caps)
{
    const GstCapsFeatures *features = gst_caps_get_features(caps, 0);
    if (!features || gst_caps_features_is_equal(features, GST_CAPS_FEATURES_MEMORY_SYSTEM_MEMORY))
        return MemoryKind::System;
    std::string known;
    for (const MemoryRow &row : kMemoryRows) {
        if (!row.feature || !isBuilt(row))
            continue;
        if (gst_caps_features_get_size(features) == 1 && gst_caps_features_contains(features, row.feature))
            return row.kind;
        if (known.find(row.feature) == std::string::npos)
            known += std::string(", ") + row.feature;
    }
    const GCharPtr found(gst_caps_features_to_string(features));
    return unsupported(caps, std::string("memory feature \"") + found.get() +
                                 "\" is not one that this build knows; known are plain video/x-raw" + known);
}

// The pixel format behind format=DMA_DRM, put in its place so that every GStreamer can read the caps.
Result<CapsPtr> withPixelFormat(const GstCaps *caps, const GstStructure *structure, MemoryKind feature)
{
    if (feature != MemoryKind::Dmabuf)
        return invalid(caps, std::string("format=DMA_DRM needs the feature ") + kFeatureDmabuf);
    const char *text = gst_structure_get_string(structure, "drm-format");
    if (!text)
        return invalid(caps, "format=DMA_DRM needs a field drm-format, such as drm-format=NV12");
    const Result<DrmFormat> drm = parseDrmFormat(text);
    if (!drm)
        return Status{drm.status().code(), drm.status().message() + " (caps: " + textOf(caps) + ")"};
    if (drm.value().modifier != 0)
        return unsupported(caps, std::string("drm-format \"") + text + "\" is not linear; only linear layouts can be " +
                                     "processed in place: ask for drm-format=" + drmFormatName(drm.value().format));
    CapsPtr copy(gst_caps_copy(caps));
    GstStructure *target = gst_caps_get_structure(copy.get(), 0);
    gst_structure_set(target, "format", G_TYPE_STRING, formatInfo(drm.value().format).name, nullptr);
    gst_structure_remove_field(target, "drm-format");
    return copy;
}

// Other targets are no plain textures, and arrays have no rows of their own that a field could be made of.
Status checkGl(const GstCaps *caps, const GstStructure *structure, const GstVideoInfo &info)
{
    const char *target = gst_structure_get_string(structure, kTextureTarget);
    if (target != nullptr && g_strcmp0(target, kTarget2d) != 0)
        return unsupported(caps,
                           std::string(kTextureTarget) + "=" + target + " cannot be written; expected " + kTarget2d);
    if (GST_VIDEO_INFO_IS_INTERLACED(&info))
        return unsupported(caps, "interlaced GLMemory is not supported; put gldeinterlace before the element");
    return {};
}

Status checkInterlacing(const GstCaps *caps, const GstVideoInfo &info)
{
    const GstVideoInterlaceMode mode = GST_VIDEO_INFO_INTERLACE_MODE(&info);
    if (mode == GST_VIDEO_INTERLACE_MODE_PROGRESSIVE || mode == GST_VIDEO_INTERLACE_MODE_INTERLEAVED ||
        mode == GST_VIDEO_INTERLACE_MODE_MIXED)
        return {};
    return unsupported(caps, std::string("interlace-mode=") + gst_video_interlace_mode_to_string(mode) +
                                 " keeps fields apart; expected progressive, interleaved or mixed");
}

ColorMatrix matrixOf(GstVideoColorMatrix matrix, ColorMatrix fallback)
{
    switch (matrix) {
    case GST_VIDEO_COLOR_MATRIX_BT601:
        return ColorMatrix::Bt601;
    case GST_VIDEO_COLOR_MATRIX_BT709:
        return ColorMatrix::Bt709;
    case GST_VIDEO_COLOR_MATRIX_BT2020:
        return ColorMatrix::Bt2020;
    case GST_VIDEO_COLOR_MATRIX_SMPTE240M:
        return ColorMatrix::Smpte240m;
    case GST_VIDEO_COLOR_MATRIX_FCC:
        return ColorMatrix::Fcc;
    default:
        return fallback;
    }
}

// Caps may leave range and matrix open or unknown; what GStreamer assumes for this size then holds.
void setColour(Negotiated &negotiated, const GstStructure *structure)
{
    const GstVideoInfo &info = negotiated.pixels;
    GstVideoInfo usual;
    gst_video_info_init(&usual);
    gst_video_info_set_format(&usual, GST_VIDEO_INFO_FORMAT(&info), GST_VIDEO_INFO_WIDTH(&info),
                              GST_VIDEO_INFO_HEIGHT(&info));
    GstVideoColorRange range = info.colorimetry.range;
    if (range == GST_VIDEO_COLOR_RANGE_UNKNOWN)
        range = usual.colorimetry.range;
    negotiated.range = range == GST_VIDEO_COLOR_RANGE_0_255 ? ColorRange::Full : ColorRange::Limited;
    const ColorMatrix assumed = matrixOf(usual.colorimetry.matrix, ColorMatrix::Bt601);
    negotiated.matrix = matrixFor(negotiated.format, matrixOf(info.colorimetry.matrix, assumed));
    GstVideoColorimetry stated{};
    if (const char *text = gst_structure_get_string(structure, "colorimetry");
        text != nullptr && gst_video_colorimetry_from_string(&stated, text)) {
        negotiated.rangeStated = stated.range != GST_VIDEO_COLOR_RANGE_UNKNOWN;
        negotiated.matrixStated = stated.matrix != GST_VIDEO_COLOR_MATRIX_UNKNOWN;
    }
}

Status readPixels(const GstCaps *caps, const GstCaps *pixelCaps, Negotiated &negotiated)
{
    const GstStructure *structure = gst_caps_get_structure(pixelCaps, 0);
    const char *name = gst_structure_get_string(structure, "format");
    negotiated.format = formatFromName(name ? name : "");
    if (negotiated.format == Format::Unknown)
        return unsupported(caps, std::string("format ") + (name ? name : "(none)") +
                                     " is not one that kernels know; put videoconvert before the element");
    if (!gst_video_info_from_caps(&negotiated.pixels, pixelCaps))
        return invalid(caps, "the caps describe no possible picture; width, height or interlace-mode are at "
                             "fault, or a frame would be larger than GStreamer can count");
    if (Status status = checkInterlacing(caps, negotiated.pixels); !status)
        return status;
    if (negotiated.feature == MemoryKind::Gl) {
        if (Status status = checkGl(caps, structure, negotiated.pixels); !status)
            return status;
    }
    negotiated.interlaced = GST_VIDEO_INFO_IS_INTERLACED(&negotiated.pixels);
    setColour(negotiated, structure);
    return {};
}

} // namespace

GstCaps *templateCaps()
{
    return capsOf(isBuilt);
}

GstCaps *offeredCaps(Device device, Offer offer)
{
    return capsOf([device, offer](const MemoryRow &row) {
        const bool there = row.kind == MemoryKind::Cuda ? offer.cuda : row.kind != MemoryKind::Gl || offer.gl;
        if (!there || !isBuilt(row))
            return false;
        return (device != Device::Cuda && row.onCpu) || (device != Device::Cpu && row.onCuda);
    });
}

Result<Negotiated> parseCaps(const GstCaps *caps)
{
    if (!caps || !gst_caps_is_fixed(caps))
        return invalid(caps, "the caps are not fixed; expected one format and one size");
    const GstStructure *structure = gst_caps_get_structure(caps, 0);
    if (!gst_structure_has_name(structure, "video/x-raw"))
        return unsupported(caps, std::string("media type ") + gst_structure_get_name(structure) +
                                     " is not raw video; put a decoder before the element");
    const Result<MemoryKind> feature = featureOf(caps);
    if (!feature)
        return feature.status();
    for (const char *side : {"width", "height"}) {
        if (Status status = checkSide(caps, structure, side); !status)
            return status;
    }
    Negotiated negotiated;
    gst_video_info_init(&negotiated.pixels);
    negotiated.feature = feature.value();
    negotiated.drm = g_strcmp0(gst_structure_get_string(structure, "format"), kDmaDrm) == 0;
    CapsPtr replaced;
    if (negotiated.drm) {
        Result<CapsPtr> pixelCaps = withPixelFormat(caps, structure, negotiated.feature);
        if (!pixelCaps)
            return pixelCaps.status();
        replaced = std::move(pixelCaps.value());
    }
    if (Status status = readPixels(caps, replaced ? replaced.get() : caps, negotiated); !status)
        return status;
    return negotiated;
}

Format formatFromGst(GstVideoFormat format)
{
    const char *name = format == GST_VIDEO_FORMAT_UNKNOWN ? nullptr : gst_video_format_to_string(format);
    return name ? formatFromName(name) : Format::Unknown;
}

GstVideoFormat formatToGst(Format format)
{
    return format == Format::Unknown ? GST_VIDEO_FORMAT_UNKNOWN : gst_video_format_from_string(formatInfo(format).name);
}

} // namespace zc::gst
