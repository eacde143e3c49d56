// SPDX-License-Identifier: MIT
// Every number in an NvBufSurface may be wrong: the map may be something else altogether.
#include "memory/nvbufsurface_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/uio.h>
#include <unistd.h>

namespace zc::nvbuf {
namespace {

// nvstreammux allows 1024 sources.
constexpr std::uint32_t kMostPictures = 4096;
constexpr std::uint32_t kLargestSide = 65535;

Status bad(const std::string &what)
{
    return {Code::BadLayout, what};
}

Status noSurface(const std::string &what)
{
    return bad("the buffer's memory holds no NvBufSurface: " + what +
               "; memory:NVMM caps promise one (legacy elements of JetPack 4 need DS_NEW_BUFAPI=1)");
}

bool isAligned(const void *data)
{
    return reinterpret_cast<std::uintptr_t>(data) % alignof(Surface) == 0;
}

std::string sizeText(std::uint64_t width, std::uint64_t height)
{
    return std::to_string(width) + "x" + std::to_string(height);
}

// A chroma plane of an odd picture is rounded up by some and down by others.
bool fallsShort(std::uint32_t found, std::int32_t needed)
{
    return std::uint64_t{found} + 1 < static_cast<std::uint64_t>(needed);
}

Status checkPlane(const Params &params, const FormatInfo &info, int plane)
{
    const PlaneParams &planes = params.planes;
    const auto width = static_cast<std::int32_t>(params.width), height = static_cast<std::int32_t>(params.height);
    const auto row = static_cast<std::uint64_t>(rowBytes(info, plane, width));
    const auto rows = static_cast<std::uint64_t>(planeRows(info, plane, height));
    const std::uint64_t pitch = planes.pitch[plane], offset = planes.offset[plane];
    const std::uint64_t end = offset + pitch * (rows - 1) + row;
    const auto where = [&] { return "plane " + std::to_string(plane) + " of the " + info.name + " surface "; };
    if (pitch < row)
        return bad(where() + "has a pitch of " + std::to_string(pitch) + " bytes, one row needs " +
                   std::to_string(row));
    if (pitch % info.sampleBytes != 0 || offset % info.sampleBytes != 0)
        return bad(where() + "has a pitch of " + std::to_string(pitch) + " bytes and an offset of " +
                   std::to_string(offset) + "; both must be multiples of its samples' " +
                   std::to_string(info.sampleBytes) + " bytes");
    if (end > params.dataSize)
        return bad(where() + "ends at byte " + std::to_string(end) + ", but the surface has only " +
                   std::to_string(params.dataSize));
    const bool packed = info.layout == Layout::Packed422; // counted in pixels by some and in pairs by others
    if ((!packed && fallsShort(planes.width[plane], planeColumns(info, plane, width))) ||
        fallsShort(planes.height[plane], planeRows(info, plane, height)))
        return bad(where() + "is " + sizeText(planes.width[plane], planes.height[plane]) + "; a picture of " +
                   sizeText(params.width, params.height) + " has " +
                   sizeText(static_cast<std::uint64_t>(planeColumns(info, plane, width)), rows) + " there");
    return {};
}

Status checkPlanes(const Params &params, const FormatInfo &info)
{
    const auto width = static_cast<std::int32_t>(params.width), height = static_cast<std::int32_t>(params.height);
    for (int plane = 0; plane < info.planes; ++plane) {
        if (Status status = checkPlane(params, info, plane); !status)
            return status;
    }
    const PlaneParams &planes = params.planes;
    const auto last = [&](int plane) {
        return planes.offset[plane] +
               std::uint64_t{planes.pitch[plane]} * static_cast<std::uint64_t>(planeRows(info, plane, height) - 1) +
               static_cast<std::uint64_t>(rowBytes(info, plane, width));
    };
    for (int a = 0; a < info.planes; ++a) {
        for (int b = a + 1; b < info.planes; ++b) {
            if (planes.offset[a] < last(b) && planes.offset[b] < last(a))
                return bad("planes " + std::to_string(a) + " and " + std::to_string(b) + " of the " + info.name +
                           " surface overlap (offsets " + std::to_string(planes.offset[a]) + " and " +
                           std::to_string(planes.offset[b]) + ")");
        }
    }
    return {};
}

Result<const ColorFormat *> checkFormat(std::int32_t value, Format expected)
{
    const ColorFormat *found = colorFormat(value);
    const std::string says = formatInfo(expected).name;
    if (!found || found->format == Format::Unknown)
        return Status{Code::Unsupported, "the surface holds " + describeColorFormat(value) +
                                             ", which no kernel knows, and the caps say " + says +
                                             "; put nvvideoconvert (on a Jetson nvvidconv) before the element"};
    if (found->format != expected)
        return Status{Code::BadLayout,
                      "the caps say " + says + ", the surface holds " + describeColorFormat(value) + ", which is " +
                          formatInfo(found->format).name + "; " + says + " would be one of " +
                          colorFormatNames(expected) +
                          ": put nvvideoconvert (on a Jetson nvvidconv) before the element, or correct the caps"};
    return found;
}

// Whether a picture of the batch might begin here.
bool looksLikePicture(const Params &params)
{
    return params.width >= 1 && params.width <= kLargestSide && params.height >= 1 && params.height <= kLargestSide &&
           colorFormat(params.colorFormat) != nullptr &&
           (params.layout == kLayoutPitch || params.layout == kLayoutBlockLinear) && params.planes.count >= 1 &&
           params.planes.count <= kPlanes;
}

const char *makersOf(Abi abi)
{
    return abi == Abi::Old ? "DeepStream up to 7.1 and JetPack up to 6" : "DeepStream 8 and JetPack 7 and later";
}

Status otherAbi(Abi abi, const std::string &evidence)
{
    const Abi other = abi == Abi::Old ? Abi::New : Abi::Old;
    return bad(evidence + " as " + makersOf(other) + " make it, but the libnvbufsurface of this process is that of " +
               makersOf(abi) +
               "; let all NVMM elements and their library come from one version of DeepStream or JetPack");
}

} // namespace

const char *memTypeName(MemType type)
{
    constexpr std::array<const char *, kMemTypes> kNames{
        "nvbuf-mem-default",       "nvbuf-mem-cuda-pinned", "nvbuf-mem-cuda-device", "nvbuf-mem-cuda-unified",
        "nvbuf-mem-surface-array", "nvbuf-mem-handle",      "nvbuf-mem-system",      "nvbuf-mem-cuda-array"};
    const auto index = static_cast<std::size_t>(type);
    return index < kNames.size() ? kNames[index] : "unknown";
}

bool isReadable(const void *data, std::size_t bytes)
{
    const auto first = reinterpret_cast<std::uintptr_t>(data);
    if (bytes == 0 || first + bytes < first)
        return false;
    // The kernel copies for us and answers EFAULT where we would be killed. One byte of each page is enough.
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    std::uintptr_t at = first;
    while (at < first + bytes) {
        char byte = 0;
        const iovec mine{&byte, 1}, theirs{reinterpret_cast<void *>(at), 1};
        if (process_vm_readv(getpid(), &mine, 1, &theirs, 1, 0) != 1)
            return errno != EFAULT;
        at = (at / page + 1) * page;
        if (at == 0)
            break;
    }
    return true;
}

Result<View> readSurface(void *data, std::size_t bytes)
{
    if (data == nullptr || bytes < sizeof(SurfaceOld))
        return noSurface("its map has " + std::to_string(data ? bytes : 0) + " bytes, the smallest surface " +
                         std::to_string(sizeof(SurfaceOld)));
    if (!isAligned(data))
        return noSurface("it does not begin at a multiple of " + std::to_string(alignof(Surface)) + " bytes");
    auto *surface = static_cast<Surface *>(data);
    if (surface->list == nullptr)
        return noSurface("its list of pictures (surfaceList) is null");
    if (surface->batchSize < 1 || surface->batchSize > kMostPictures)
        return noSurface("its batch size is " + std::to_string(surface->batchSize) + ", expected 1 to " +
                         std::to_string(kMostPictures));
    if (surface->numFilled > surface->batchSize)
        return noSurface(std::to_string(surface->numFilled) + " pictures of a batch of " +
                         std::to_string(surface->batchSize) + " are said to be filled");
    if (surface->memType < 0 || surface->memType >= kMemTypes)
        return noSurface("its memory type is " + std::to_string(surface->memType) + ", expected 0 to " +
                         std::to_string(kMemTypes - 1));
    if (surface->gpuId > 0xffff)
        return noSurface("its GPU is number " + std::to_string(surface->gpuId));
    View view;
    view.surface = surface;
    view.filled = surface->batchSize == 1 ? 1 : surface->numFilled;
    view.memType = static_cast<MemType>(surface->memType);
    view.gpu = static_cast<int>(surface->gpuId);
    if (!isAligned(surface->list) || (view.filled > 0 && !isReadable(surface->list, sizeof(Params))))
        return noSurface("its list of pictures is at an address that cannot be read");
    return view;
}

Status checkAbi(const View &view, std::size_t bytes, Abi abi)
{
    const Abi other = abi == Abi::Old ? Abi::New : Abi::Old;
    if (bytes == surfaceBytes(other))
        return otherAbi(abi, "the buffer's memory holds an NvBufSurface of " + std::to_string(bytes) + " bytes,");
    if (view.filled < 2)
        return {};
    if (!isReadable(view.surface->list, pictureStride(abi) * view.filled))
        return noSurface("its list of " + std::to_string(view.filled) + " pictures ends in memory that cannot be read");
    if (looksLikePicture(*pictureAt(*view.surface, abi, 1)))
        return {};
    if (looksLikePicture(*pictureAt(*view.surface, other, 1)))
        return otherAbi(abi, "the second picture of the batch lies " + std::to_string(pictureStride(other)) +
                                 " bytes after the first,");
    return {}; // checked by readPicture(), which says what is wrong with it
}

Result<Picture> readPicture(const Params &params, const Expected &expected)
{
    const auto format = checkFormat(params.colorFormat, expected.format);
    if (!format)
        return format.status();
    const FormatInfo &info = formatInfo(expected.format);
    if (params.width < 1 || params.width > kLargestSide || params.height < 1 || params.height > kLargestSide)
        return bad("the surface is " + sizeText(params.width, params.height) + " pixels; each side must be 1 to " +
                   std::to_string(kLargestSide));
    if (params.layout != kLayoutPitch && params.layout != kLayoutBlockLinear)
        return bad("the surface's layout is " + std::to_string(params.layout) +
                   ", expected 0 (pitch) or 1 (block-linear)");
    if (params.planes.count != info.planes)
        return bad("the surface has " + std::to_string(params.planes.count) + " planes, " + info.name + " has " +
                   std::to_string(info.planes));
    if (Status status = checkPlanes(params, info); !status)
        return status;
    Picture picture;
    picture.blockLinear = params.layout == kLayoutBlockLinear;
    Frame &frame = picture.frame;
    frame.format = expected.format;
    frame.width = static_cast<std::int32_t>(params.width);
    frame.height = static_cast<std::int32_t>(params.height);
    frame.range = expected.range.value_or(format.value()->range);
    frame.matrix = expected.matrix.value_or(format.value()->matrix);
    frame.memory = MemoryKind::Nvmm;
    setPlaneSizes(frame);
    for (int plane = 0; plane < info.planes; ++plane) {
        frame.planes[plane].pitch = params.planes.pitch[plane];
        picture.offset[static_cast<std::size_t>(plane)] = params.planes.offset[plane];
        const std::uint64_t end = params.planes.offset[plane] +
                                  std::uint64_t{params.planes.pitch[plane]} *
                                      static_cast<std::uint64_t>(planeRows(info, plane, frame.height) - 1) +
                                  static_cast<std::uint64_t>(rowBytes(info, plane, frame.width));
        picture.bytes = std::max(picture.bytes, end);
    }
    return picture;
}

bool isProtected(const Params &params, Abi abi)
{
    const auto *extended =
        abi == Abi::Old ? static_cast<const std::uint8_t *>(reinterpret_cast<const ParamsOld &>(params).extended)
                        : static_cast<const std::uint8_t *>(reinterpret_cast<const ParamsNew &>(params).extended);
    const std::size_t at = abi == Abi::Old ? kProtectedOld : kProtectedNew;
    return extended != nullptr && isReadable(extended, at + 1) && extended[at] == 1;
}

} // namespace zc::nvbuf
