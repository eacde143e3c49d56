// SPDX-License-Identifier: MIT
// Turns frames and regions into what the device loops are told.
#include "backend/cuda_jobs.hpp"

#include <algorithm>

namespace zc::cuda {

namespace {

uint64 baseOf(const Plane &plane)
{
    return plane.data ? reinterpret_cast<std::uintptr_t>(plane.data) : plane.surface;
}

// Which bytes of the plane's rows, and which rows, the area covers.
device::PlaneJob planeJob(const Frame &frame, const FormatInfo &info, int index, const Rect &area)
{
    const Plane &plane = frame.planes[index];
    const int subX = index == 0 ? 0 : info.subX, subY = index == 0 ? 0 : info.subY;
    int bytes = info.sampleBytes;
    if (index == 0)
        bytes *= info.samplesPerPixel;
    else if (info.layout == Layout::SemiPlanar)
        bytes *= 2;
    const int x0 = area.x >> subX, x1 = (area.x + area.width + (1 << subX) - 1) >> subX;
    const int y0 = area.y >> subY;
    const int y1 = std::min((area.y + area.height + (1 << subY) - 1) >> subY, plane.height);
    return {baseOf(plane), plane.pitch, x0 * bytes, x1 * bytes, y0, std::max(y1 - y0, 0)};
}

bool isVectorPlane(const Plane &plane)
{
    // A surface is addressed from the start of its rows, which CUDA aligns.
    return !plane.data ||
           ((reinterpret_cast<std::uintptr_t>(plane.data) | static_cast<std::uint64_t>(plane.pitch)) & 15) == 0;
}

void setFields(device::RowsJob &job, const FormatInfo &info)
{
    const ChannelOrder &o = info.order;
    const int bits = info.layout == Layout::Rgb10a2 ? 10 : 8;
    job.fieldMask = (1u << bits) - 1;
    job.alphaMask = info.layout == Layout::Rgb10a2 ? 3 : 255;
    job.rAt = o.r * bits;
    job.gAt = o.g * bits;
    job.bAt = o.b * bits;
    job.alphaAt = o.a < 0 ? -1 : o.a * bits;
    job.keep = ~(job.fieldMask << std::max(job.rAt, 0) | job.fieldMask << std::max(job.gAt, 0) |
                 job.fieldMask << std::max(job.bAt, 0));
    job.yAt = o.y * 8;
    job.uAt = o.u * 8 * info.sampleBytes;
    job.vAt = o.v * 8 * info.sampleBytes;
}

// The nominal ends of the range, for the sample shape (docs/pixel-rules.md).
void setRanges(device::RowsJob &job, const Frame &frame, const FormatInfo &info)
{
    const int max = (1 << info.depth) - 1;
    const bool full = frame.range == ColorRange::Full;
    const auto scaled = [&](int v) { return v << (info.depth - 8); };
    const int low = full ? 0 : scaled(16), high = full ? max : scaled(235);
    const int chromaLow = full ? 1 : scaled(16), chromaHigh = full ? max : scaled(240);
    job.maxValue = max;
    job.keepBytes = 0;
    for (int plane = 0; plane < device::kPlanes; ++plane) {
        job.lowOfPlane[plane] = plane == 0 ? low : chromaLow;
        job.highOfPlane[plane] = plane == 0 ? high : chromaHigh;
    }
    for (int i = 0; i < 4; ++i) {
        const bool chroma = info.layout == Layout::Packed422 && (i & 1) != info.order.y;
        job.low[i] = chroma ? chromaLow : low;
        job.high[i] = chroma ? chromaHigh : high;
        if (info.layout == Layout::PackedRgb && info.samplesPerPixel == 4 && (i == info.order.a || i == info.order.x))
            job.keepBytes |= 0xffu << (8 * i);
    }
}

} // namespace

bool isArray(const Frame &frame)
{
    return frame.planes[0].data == nullptr;
}

device::Codes codesOf(const Frame &frame)
{
    const FormatInfo &info = formatInfo(frame.format);
    const float max = static_cast<float>((1 << info.depth) - 1), k = static_cast<float>(1 << info.depth) / 256.0f;
    const float middle = static_cast<float>(1 << (info.depth - 1));
    const uint32 mask = (1u << info.depth) - 1;
    if (frame.range == ColorRange::Full)
        return {0, 1 / max, max, middle, 1 / max, max, max, info.shift, mask};
    return {16 * k, 1 / (219 * k), 219 * k, 128 * k, 1 / (224 * k), 224 * k, max, info.shift, mask};
}

device::RowsJob rowsJob(const Frame &frame, const Rect &area)
{
    const FormatInfo &info = formatInfo(frame.format);
    device::RowsJob job{};
    job.planes = info.planes;
    job.vectors = 1;
    for (int plane = 0; plane < info.planes; ++plane) {
        job.plane[plane] = planeJob(frame, info, plane, area);
        job.vectors &= isVectorPlane(frame.planes[plane]) ? 1 : 0;
    }
    job.codes = codesOf(frame);
    const LumaWeights weights = lumaWeights(frame.matrix);
    job.kr = weights.red;
    job.kb = weights.blue;
    setFields(job, info);
    setRanges(job, frame, info);
    job.oddPair = -1;
    if (info.layout == Layout::Packed422 && ((area.x + area.width) & 1) != 0)
        job.oddPair = ((area.x + area.width) >> 1) * 4 + info.order.v;
    return job;
}

const char *rowsKind(const FormatInfo &info, Shape shape)
{
    if (info.layout == Layout::Rgb10a2)
        return "32";
    if (info.sampleBytes == 2)
        return "16";
    if (shape == Shape::Sample || (info.layout != Layout::Packed422 && info.layout != Layout::PackedRgb))
        return "8";
    if (info.layout == Layout::Packed422)
        return "422";
    return info.samplesPerPixel == 3 ? "24" : "32";
}

device::PassJob passJob(const Frame &frame, const host::Group &group, int plane, const Area &area)
{
    device::PassJob job{};
    const Plane &p = frame.planes[plane];
    // groupsOf() puts the group's first channel into `data`; a surface keeps its base and counts samples instead.
    const auto first =
        p.data ? group.data - static_cast<std::uint8_t *>(p.data) : reinterpret_cast<std::intptr_t>(group.data);
    job.picture = baseOf(p);
    job.pitch = p.pitch;
    job.firstSample = static_cast<int>(first) / group.sampleBytes;
    job.step = group.step;
    job.channels = group.channels;
    job.sampleBytes = group.sampleBytes;
    job.depth = group.depth;
    job.shift = group.shift;
    job.bitFields = group.bitFields ? 1 : 0;
    job.width = group.width;
    job.height = group.height;
    job.area = area;
    return job;
}

} // namespace zc::cuda
