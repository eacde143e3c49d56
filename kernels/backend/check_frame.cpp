// SPDX-License-Identifier: MIT
// The front door of every backend: refuses frames whose planes contradict their format and size, and launches whose
// parameters are not their kernel's.
#include "backend/backend.hpp"
#include "core/color_matrix.hpp"

#include <cstdint>
#include <limits>
#include <string>

namespace zc {
namespace {

constexpr std::int32_t kLargestSide = 65535;
constexpr std::int64_t kPitchLimit = std::int64_t{1} << 31;

Status badPlane(const FormatInfo &info, int plane, const std::string &problem)
{
    return {Code::BadLayout,
            std::string("plane ") + std::to_string(plane) + " of the " + info.name + " frame " + problem};
}

Status checkPitch(const FormatInfo &info, int index, const Plane &plane, std::int64_t needed)
{
    // Made only for an error: this runs for every frame, which must not allocate.
    const auto found = [&] { return "has a pitch of " + std::to_string(plane.pitch) + " bytes"; };
    if (plane.pitch < needed)
        return badPlane(info, index, found() + ", but a row holds " + std::to_string(needed));
    if (plane.pitch >= kPitchLimit)
        return badPlane(info, index, found() + "; at most " + std::to_string(kPitchLimit - 1) + " are supported");
    if (plane.pitch % info.sampleBytes != 0) {
        return badPlane(info, index,
                        found() + ", which is no multiple of its sample size of " + std::to_string(info.sampleBytes));
    }
    // A row's offset and the end of the last row must stay inside the address space.
    const auto span = static_cast<std::uint64_t>(plane.pitch) * static_cast<std::uint64_t>(plane.height);
    if (span > std::numeric_limits<std::uintptr_t>::max() - reinterpret_cast<std::uintptr_t>(plane.data))
        return badPlane(info, index,
                        found() + " and " + std::to_string(plane.height) + " rows, beyond the address space");
    return {};
}

Status checkPlane(const Frame &frame, const FormatInfo &info, int index)
{
    const Plane &plane = frame.planes[index];
    const std::int32_t columns = planeColumns(info, index, frame.width);
    const std::int32_t rows = planeRows(info, index, frame.height);
    // The odd field of an interlaced 4:2:0 frame may have one chroma row less than its luma would ask for (fieldOf()).
    const bool shortField = index > 0 && info.subY > 0 && frame.height % 2 == 1 && plane.height == rows - 1;
    if (plane.width != columns || (plane.height != rows && !shortField)) {
        return badPlane(info, index,
                        "is " + std::to_string(plane.width) + "x" + std::to_string(plane.height) + "; a frame of " +
                            std::to_string(frame.width) + "x" + std::to_string(frame.height) + " has " +
                            std::to_string(columns) + "x" + std::to_string(rows) + " there");
    }
    if (plane.data == nullptr && plane.surface == 0)
        return badPlane(info, index, "has no memory: neither an address nor a surface");
    // Array memory has no pitch.
    if (plane.data == nullptr)
        return {};
    if (reinterpret_cast<std::uintptr_t>(plane.data) % info.sampleBytes != 0) {
        return badPlane(info, index,
                        "begins at an address that is no multiple of its sample size of " +
                            std::to_string(info.sampleBytes) + " bytes");
    }
    return checkPitch(info, index, plane, rowBytes(info, index, frame.width));
}

} // namespace

Status checkFrame(const Frame &frame)
{
    const FormatInfo &info = formatInfo(frame.format);
    if (info.format == Format::Unknown) {
        return {Code::Unsupported, "the frame's format (number " + std::to_string(static_cast<int>(frame.format)) +
                                       ") is unknown; one of the " + std::to_string(allFormats().size()) +
                                       " in core/format.hpp is needed"};
    }
    if (frame.width < 1 || frame.width > kLargestSide || frame.height < 1 || frame.height > kLargestSide) {
        return {Code::BadLayout, "the frame is " + std::to_string(frame.width) + "x" + std::to_string(frame.height) +
                                     " pixels; each side must be 1 to " + std::to_string(kLargestSide)};
    }
    for (int p = 0; p < info.planes; ++p) {
        if (Status status = checkPlane(frame, info, p); !status)
            return status;
    }
    return {};
}

Status prepareLaunch(const Frame &frame, const Launch &launch, void *args)
{
    if (!launch.kernel || !launch.params)
        return {Code::InvalidArgument, "a launch needs a kernel and its parameters"};
    const KernelInfo &kernel = *launch.kernel;
    if (launch.params->values().size() != kernel.params.size() || launch.params->specs().data() != kernel.params.data())
        return {Code::InvalidArgument, std::string("the parameters are not those of kernel \"") + kernel.name + "\""};
    const LumaWeights weights = lumaWeights(matrixFor(frame.format, frame.matrix));
    FrameTraits traits;
    traits.width = frame.width;
    traits.height = frame.height;
    traits.kr = weights.red;
    traits.kb = weights.blue;
    kernel.prepare(launch.params->view(), traits, args);
    return {};
}

} // namespace zc
