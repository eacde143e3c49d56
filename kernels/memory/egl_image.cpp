// SPDX-License-Identifier: MIT
// The registration of an EGLImage with CUDA, and the check that its planes are those of a frame.
#include "memory/egl_image.hpp"

#include "cuda/egl_frame.hpp"
#include "cuda/handles.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace zc {

namespace {

using cuda::DriverResult;
using cuda::EglFrame;

// How the pixels of a CU_EGL_COLOR_FORMAT lie. The order of the bytes of a pixel, range and matrix are not told apart:
// those of the frame, which come with the memory, count.
enum class Kind { Gray, Planar420, Planar422, Planar444, Semi420, Semi422, Semi444, Packed422, Rgb3, Rgb4, Other };

struct KindName {
    Kind kind;
    const char *text;
};
constexpr KindName kKindNames[] = {
    {Kind::Gray, "one plane of luma"},
    {Kind::Planar420, "three planes of 4:2:0"},
    {Kind::Planar422, "three planes of 4:2:2"},
    {Kind::Planar444, "three planes of 4:4:4"},
    {Kind::Semi420, "luma and chroma pairs of 4:2:0"},
    {Kind::Semi422, "luma and chroma pairs of 4:2:2"},
    {Kind::Semi444, "luma and chroma pairs of 4:4:4"},
    {Kind::Packed422, "one plane of packed 4:2:2"},
    {Kind::Rgb3, "one plane of three channels"},
    {Kind::Rgb4, "one plane of four channels"},
    {Kind::Other, "pixels of another kind"},
};

const char *textOf(Kind kind)
{
    const auto *found =
        std::find_if(std::begin(kKindNames), std::end(kKindNames), [&](const auto &n) { return n.kind == kind; });
    return found->text;
}

struct ColorRun {
    unsigned last; // the first follows the run before
    Kind kind;
};

// The values up to CUDA 13.0, in order; Bayer and four channels of YUV are no format of a frame.
constexpr ColorRun kColorRuns[] = {
    {0x00, Kind::Planar420}, {0x01, Kind::Semi420},   {0x02, Kind::Planar422}, {0x03, Kind::Semi422},
    {0x05, Kind::Rgb3},      {0x07, Kind::Rgb4},      {0x09, Kind::Gray},      {0x0a, Kind::Planar444},
    {0x0b, Kind::Semi444},   {0x0d, Kind::Packed422}, {0x0f, Kind::Rgb4},      {0x10, Kind::Gray},
    {0x12, Kind::Other},     {0x13, Kind::Semi444},   {0x14, Kind::Semi422},   {0x15, Kind::Semi420},
    {0x16, Kind::Semi444},   {0x17, Kind::Semi420},   {0x18, Kind::Semi444},   {0x19, Kind::Semi420},
    {0x1d, Kind::Packed422}, {0x20, Kind::Other},     {0x21, Kind::Planar444}, {0x22, Kind::Planar422},
    {0x23, Kind::Planar420}, {0x24, Kind::Semi444},   {0x25, Kind::Semi422},   {0x26, Kind::Semi420},
    {0x27, Kind::Planar444}, {0x28, Kind::Planar422}, {0x29, Kind::Planar420}, {0x2a, Kind::Semi444},
    {0x2b, Kind::Semi422},   {0x2c, Kind::Semi420},   {0x40, Kind::Other},     {0x41, Kind::Planar444},
    {0x42, Kind::Planar422}, {0x43, Kind::Planar420}, {0x51, Kind::Other},     {0x52, Kind::Gray},
    {0x54, Kind::Semi420},   {0x56, Kind::Planar420}, {0x58, Kind::Semi420},   {0x5a, Kind::Planar420},
    {0x5c, Kind::Semi420},   {0x5f, Kind::Semi422},   {0x65, Kind::Gray},      {0x67, Kind::Other},
    {0x69, Kind::Packed422}, {0x6b, Kind::Semi420},   {0x6d, Kind::Semi444},   {0x6f, Kind::Semi420},
    {0x71, Kind::Semi444},   {0x74, Kind::Packed422},
};

// Null for values of later drivers, which the other checks have to do for.
const ColorRun *runOf(unsigned color)
{
    for (const ColorRun &run : kColorRuns) {
        if (color <= run.last)
            return &run;
    }
    return nullptr;
}

Kind kindOf(const FormatInfo &info)
{
    const bool halfWide = info.subX > 0, halfHigh = info.subY > 0;
    switch (info.layout) {
    case Layout::Gray:
        return Kind::Gray;
    case Layout::Planar:
        return halfHigh ? Kind::Planar420 : halfWide ? Kind::Planar422 : Kind::Planar444;
    case Layout::SemiPlanar:
        return halfHigh ? Kind::Semi420 : halfWide ? Kind::Semi422 : Kind::Semi444;
    case Layout::Packed422:
        return Kind::Packed422;
    case Layout::PackedRgb:
        return info.samplesPerPixel == 3 ? Kind::Rgb3 : Kind::Rgb4;
    case Layout::Rgb10a2:
        break;
    }
    return Kind::Other;
}

// Bytes of one channel of a CU_AD_FORMAT, 0 for one that is not known.
unsigned channelBytes(unsigned format)
{
    switch (format) {
    case 0x01: // UNSIGNED_INT8
    case 0x08: // SIGNED_INT8
    case 0xc0: // UNORM_INT8X1, X2, X4
    case 0xc1:
    case 0xc2:
        return 1;
    case 0x02: // UNSIGNED_INT16
    case 0x09: // SIGNED_INT16
    case 0x10: // HALF
    case 0xc3: // UNORM_INT16X1, X2, X4
    case 0xc4:
    case 0xc5:
        return 2;
    case 0x03: // UNSIGNED_INT32
    case 0x0a: // SIGNED_INT32
    case 0x20: // FLOAT
        return 4;
    default:
        return 0;
    }
}

std::string sides(std::uint64_t width, std::uint64_t height)
{
    return std::to_string(width) + "x" + std::to_string(height);
}

std::string hex(unsigned value)
{
    constexpr const char *kDigits = "0123456789abcdef";
    return std::string("0x") + kDigits[value >> 4 & 15] + kDigits[value & 15];
}

// "array, 1920x1080, 2 planes (luma and chroma pairs of 4:2:0, colour format 0x57), 1 channel of 1 byte in the first"
std::string describe(const EglFrame &egl)
{
    const ColorRun *run = runOf(egl.colorFormat);
    const std::string channels = std::to_string(egl.numChannels), planes = std::to_string(egl.planeCount);
    const unsigned bytes = channelBytes(egl.arrayFormat);
    return std::string(egl.frameType == cuda::kEglFrameArray ? "array, " : "pitch-linear, ") +
           sides(egl.width, egl.height) + ", planes: " + planes + " (" + (run ? textOf(run->kind) : "unknown") +
           ", colour format " + hex(egl.colorFormat) + "), channels of the first: " + channels + " of " +
           (bytes != 0 ? std::to_string(bytes) : "unknown") + " bytes";
}

std::string describe(const Frame &frame)
{
    const FormatInfo &info = formatInfo(frame.format);
    return std::string(info.name) + " " +
           sides(static_cast<unsigned>(frame.width), static_cast<unsigned>(frame.height)) +
           ", planes: " + std::to_string(info.planes) + " (" + textOf(kindOf(info)) + "), channels of " +
           std::to_string(info.sampleBytes) + " bytes";
}

Status misfit(const EglFrame &egl, const Frame &frame, const std::string &what)
{
    return {Code::BadLayout, "the EGLImage does not hold the frame: " + what + "; found " + describe(egl) +
                                 "; expected " + describe(frame)};
}

// What drivers tell of the first plane, or of all planes where there are several; packed 4:2:2 may be one channel, a
// pair or both luma samples with their chroma.
bool channelsFit(const FormatInfo &info, unsigned channels)
{
    if (info.layout == Layout::Packed422)
        return channels == 1 || channels == 2 || channels == 4;
    return info.planes > 1 || channels == info.samplesPerPixel;
}

Status checkKind(const EglFrame &egl, const Frame &frame)
{
    const FormatInfo &info = formatInfo(frame.format);
    if (egl.frameType != cuda::kEglFrameArray && egl.frameType != cuda::kEglFramePitch)
        return misfit(egl, frame, "the driver tells a frame type " + std::to_string(egl.frameType));
    const ColorRun *run = runOf(egl.colorFormat);
    if (info.layout == Layout::Rgb10a2 || (run != nullptr && run->kind != kindOf(info)))
        return misfit(egl, frame, "its pixels are of another kind");
    if (egl.planeCount != info.planes)
        return misfit(egl, frame, "the number of planes differs");
    if (!channelsFit(info, egl.numChannels))
        return misfit(egl, frame, "the number of channels differs");
    const bool packed = info.layout == Layout::Packed422; // whose channel may be a whole pair of pixels
    if (const unsigned bytes = channelBytes(egl.arrayFormat); bytes != info.sampleBytes && !(packed && bytes != 0))
        return misfit(egl, frame, "the size of a sample differs");
    if (frame.width < 1 || frame.height < 1 || egl.width < static_cast<unsigned>(frame.width) ||
        egl.height < static_cast<unsigned>(frame.height))
        return misfit(egl, frame, "it is too small");
    return {};
}

// A kernel that writes beyond an array would cost the process its GPU.
Status checkArray(const EglFrame &egl, const cuda::ArrayDescriptor &array, const Frame &frame, unsigned index)
{
    const FormatInfo &info = formatInfo(frame.format);
    const auto plane = static_cast<int>(index);
    const auto bytes = static_cast<std::uint64_t>(rowBytes(info, plane, frame.width));
    const auto rows = static_cast<std::uint64_t>(planeRows(info, plane, frame.height));
    const std::uint64_t found = std::uint64_t{array.width} * channelBytes(array.format) * array.channels;
    if (found < bytes || array.height < rows)
        return misfit(egl, frame,
                      "the array of plane " + std::to_string(index) + " has " + std::to_string(array.height) +
                          " rows of " + std::to_string(found) + " bytes, " + std::to_string(rows) + " rows of " +
                          std::to_string(bytes) + " are needed");
    return {};
}

// The driver tells the first plane's alone: the others are as much wider or narrower as their rows are, unless the
// owner of the memory said so.
std::int64_t pitchOf(const EglFrame &egl, const Frame &frame, unsigned index)
{
    if (frame.planes[index].pitch != 0)
        return frame.planes[index].pitch;
    const FormatInfo &info = formatInfo(frame.format);
    const std::int64_t pitch = egl.pitch;
    if (index == 0 || info.layout == Layout::Gray)
        return pitch;
    return (info.layout == Layout::SemiPlanar ? pitch * 2 : pitch) >> info.subX;
}

Status checkPitched(const EglFrame &egl, const Frame &frame, unsigned index)
{
    if (egl.pitched[index] == nullptr)
        return misfit(egl, frame, "plane " + std::to_string(index) + " has no address");
    const std::int64_t pitch = pitchOf(egl, frame, index);
    const std::int64_t bytes = rowBytes(formatInfo(frame.format), static_cast<int>(index), frame.width);
    if (pitch < bytes)
        return misfit(egl, frame,
                      "plane " + std::to_string(index) + " has a pitch of " + std::to_string(pitch) +
                          " bytes, but a row holds " + std::to_string(bytes));
    return {};
}

Status refused(DriverResult result)
{
    const Status why = cuda::statusOf(result, "cuGraphicsEGLRegisterImage");
    if (why.code() == Code::GpuLost)
        return why;
    return {Code::Access, "CUDA does not take the EGLImage: " + why.message() +
                              "; it takes images that live and were made on the same GPU by the EGL of NVIDIA's "
                              "driver, of formats with alpha rather than padding"};
}

} // namespace

// Members go in reverse: surfaces before the registration, and that before the context.
struct EglImageImport::Impl {
    int device = 0;
    void *image = nullptr;
    void *given = nullptr; // the caller's context, or null
    std::optional<cuda::PrimaryContext> primary;
    cuda::Context context = nullptr;
    cuda::OwnedGraphics resource;
    EglFrame frame{};
    std::array<cuda::ArrayDescriptor, cuda::kEglFramePlanes> arrays{};
    std::array<cuda::OwnedSurface, cuda::kEglFramePlanes> surfaces;

    Status enroll(const cuda::Driver &d);
    Status showArray(const cuda::Driver &d, unsigned index);
    Status copy(cuda::Memcpy2D what, const Plane &plane, int index, bool toImage) const;
};

// The context must be current.
Status EglImageImport::Impl::enroll(const cuda::Driver &d)
{
    // Flags that promise less than reading and writing were refused by drivers of both kinds of machine.
    cuda::GraphicsResource registered = nullptr;
    if (const DriverResult result = d.graphicsEglRegisterImage(&registered, image, 0); result != cuda::kSuccess)
        return refused(result);
    resource = cuda::OwnedGraphics(context, registered);
    if (const DriverResult result = d.graphicsResourceGetMappedEglFrame(&frame, registered, 0, 0);
        result != cuda::kSuccess)
        return cuda::statusOf(result, "cuGraphicsResourceGetMappedEglFrame");
    if (frame.planeCount > cuda::kEglFramePlanes)
        return {Code::BadLayout, "the EGLImage has " + std::to_string(frame.planeCount) + " planes; at most " +
                                     std::to_string(cuda::kEglFramePlanes) + " are possible"};
    for (unsigned i = 0; frame.frameType == cuda::kEglFrameArray && i < frame.planeCount; ++i) {
        if (Status status = showArray(d, i); !status)
            return status;
    }
    return {};
}

Status EglImageImport::Impl::showArray(const cuda::Driver &d, unsigned index)
{
    if (frame.array[index] == nullptr)
        return {Code::BadLayout, "plane " + std::to_string(index) + " of the EGLImage has no array"};
    if (const DriverResult result = d.arrayGetDescriptor(&arrays[index], frame.array[index]); result != cuda::kSuccess)
        return cuda::statusOf(result, "cuArray3DGetDescriptor");
    cuda::ResourceDescriptor what{};
    what.array = frame.array[index];
    cuda::Surface surface = 0;
    if (const DriverResult result = d.surfObjectCreate(&surface, &what); result != cuda::kSuccess)
        return cuda::statusOf(result, "cuSurfObjectCreate");
    surfaces[index] = cuda::OwnedSurface(context, surface);
    return {};
}

EglImageImport::EglImageImport(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EglImageImport::EglImageImport(EglImageImport &&other) noexcept = default;
EglImageImport &EglImageImport::operator=(EglImageImport &&other) noexcept = default;
EglImageImport::~EglImageImport() = default;

void *EglImageImport::image() const
{
    return impl_->image;
}

bool EglImageImport::isArray() const
{
    return impl_->frame.frameType == cuda::kEglFrameArray;
}

Result<EglImageImport> EglImageImport::make(int device, void *context, void *eglImage)
{
    if (eglImage == nullptr)
        return Status{Code::InvalidArgument, "there is no EGLImage to register with CUDA"};
    const auto found = cuda::driver();
    if (!found)
        return found.status();
    const cuda::Driver &d = *found.value();
    for (const cuda::Group group : {cuda::Group::Egl, cuda::Group::Arrays}) {
        if (Status status = cuda::need(d, group); !status)
            return status;
    }
    auto impl = std::make_unique<Impl>();
    impl->device = device;
    impl->image = eglImage;
    impl->given = context;
    impl->context = static_cast<cuda::Context>(context);
    if (context == nullptr) {
        auto primary = cuda::PrimaryContext::retain(device);
        if (!primary)
            return primary.status();
        impl->context = primary->get();
        impl->primary.emplace(std::move(primary.value()));
    }
    const cuda::ContextGuard guard(impl->context);
    if (!guard.ok())
        return guard.status();
    if (Status status = impl->enroll(d); !status)
        return status;
    return EglImageImport(std::move(impl));
}

Status EglImageImport::Impl::copy(cuda::Memcpy2D what, const Plane &plane, int index, bool toImage) const
{
    const cuda::Driver &d = *cuda::driverIfOpen();
    if (Status status = cuda::need(d, cuda::Group::Copies); !status)
        return status;
    const bool array = frame.frameType == cuda::kEglFrameArray;
    const auto type = array ? cuda::kMemoryArray : cuda::kMemoryDevice;
    const auto address = reinterpret_cast<cuda::Address>(plane.data);
    const auto pitch = static_cast<std::size_t>(plane.pitch);
    const cuda::Array handle = array ? frame.array[index] : nullptr;
    if (toImage) {
        what.dstMemoryType = type;
        what.dstDevice = address;
        what.dstArray = handle;
        what.dstPitch = pitch;
    } else {
        what.srcMemoryType = type;
        what.srcDevice = address;
        what.srcArray = handle;
        what.srcPitch = pitch;
    }
    const cuda::ContextGuard guard(context);
    if (!guard.ok())
        return guard.status();
    if (const DriverResult result = d.memcpy2DAsync(&what, nullptr); result != cuda::kSuccess)
        return cuda::statusOf(result, "cuMemcpy2DAsync");
    return cuda::statusOf(d.streamSynchronize(nullptr), "cuStreamSynchronize");
}

Status EglImageImport::read(const Frame &placed, int plane, void *to, std::size_t pitch, std::size_t bytes,
                            std::size_t rows) const
{
    cuda::Memcpy2D what{};
    what.dstMemoryType = cuda::kMemoryHost;
    what.dstHost = to;
    what.dstPitch = pitch;
    what.widthInBytes = bytes;
    what.height = rows;
    return impl_->copy(what, placed.planes[plane], plane, false);
}

Status EglImageImport::write(const Frame &placed, int plane, const void *from, std::size_t pitch, std::size_t bytes,
                             std::size_t rows) const
{
    cuda::Memcpy2D what{};
    what.srcMemoryType = cuda::kMemoryHost;
    what.srcHost = from;
    what.srcPitch = pitch;
    what.widthInBytes = bytes;
    what.height = rows;
    return impl_->copy(what, placed.planes[plane], plane, true);
}

Status EglImageImport::place(Frame &frame) const
{
    const EglFrame &egl = impl_->frame;
    if (Status status = checkKind(egl, frame); !status)
        return status;
    const bool array = isArray();
    for (unsigned i = 0; i < egl.planeCount; ++i) {
        const Status status = array ? checkArray(egl, impl_->arrays[i], frame, i) : checkPitched(egl, frame, i);
        if (!status)
            return status;
    }
    for (unsigned i = 0; i < egl.planeCount; ++i) {
        Plane &plane = frame.planes[i];
        plane.pitch = array ? 0 : pitchOf(egl, frame, i);
        plane.data = array ? nullptr : egl.pitched[i];
        plane.surface = impl_->surfaces[i].get();
    }
    frame.device = impl_->device;
    frame.context = impl_->given; // backends retain the primary context themselves, and for longer
    return {};
}

} // namespace zc
