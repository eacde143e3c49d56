// SPDX-License-Identifier: MIT
// Turns frames and regions into what the device loops are told.
#include "backend/cuda_jobs.hpp"

#include "core/color_matrix.hpp"

#include <algorithm>

namespace zc::cuda {

namespace {

uint64 baseOf(const Plane &plane)
{
    return plane.data ? reinterpret_cast<std::uintptr_t>(plane.data) : plane.surface;
}

// All planes as far from the first frame's, and as aligned.
bool isAlike(const Frame &frame, const Frame &first)
{
    bool alike = frame.format == first.format && frame.width == first.width && frame.height == first.height &&
                 frame.range == first.range && frame.matrix == first.matrix && frame.device == first.device &&
                 frame.context == first.context && frame.stream == first.stream && !isArray(frame) && !isArray(first);
    const std::uint64_t move = moveOf(frame, first);
    for (int i = 0; alike && i < formatInfo(first.format).planes; ++i)
        alike = frame.planes[i].pitch == first.planes[i].pitch &&
                baseOf(frame.planes[i]) - baseOf(first.planes[i]) == move && move % device::kChunkBytes == 0;
    return alike;
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

device::Codes codesOf(const Frame &frame, const FormatInfo &info)
{
    const float max = static_cast<float>((1 << info.depth) - 1), k = static_cast<float>(1 << info.depth) / 256.0f;
    const float middle = static_cast<float>(1 << (info.depth - 1));
    const uint32 mask = (1u << info.depth) - 1;
    if (frame.range == ColorRange::Full)
        return {0, 1 / max, max, middle, 1 / max, max, max, info.shift, mask};
    return {16 * k, 1 / (219 * k), 219 * k, 128 * k, 1 / (224 * k), 224 * k, max, info.shift, mask};
}

device::Weights weightsOf(const Frame &frame)
{
    const LumaWeights luma = lumaWeights(matrixFor(frame.format, frame.matrix));
    device::Weights w{};
    w.kr = luma.red;
    w.kb = luma.blue;
    w.kg = 1 - w.kr - w.kb;
    w.red = 2 * (1 - w.kr);
    w.blue = 2 * (1 - w.kb);
    w.perRed = 1 / w.red;
    w.perBlue = 1 / w.blue;
    w.perKg = 1 / w.kg;
    return w;
}

// Where channels lie in a word, and how new bytes get there.
void setFields(device::RowsJob &job, const FormatInfo &info)
{
    const ChannelOrder &o = info.order;
    const int bits = info.layout == Layout::Rgb10a2 ? 10 : 1;
    job.rAt = o.r * bits;
    job.gAt = o.g * bits;
    job.bAt = o.b * bits;
    job.alphaAt = o.a;
    job.keep = 3u << 30;
    job.yAt = o.y;
    job.uAt = o.u;
    job.vAt = o.v;
    if (info.layout == Layout::SemiPlanar) {
        job.pick = o.u == 0 ? 0x0040 : 0x0004;
        return;
    }
    const bool yuv = info.layout == Layout::Packed422;
    for (int n = 0; n < 4; ++n) {
        uint32 from = static_cast<uint32>(4 + n);
        if (yuv)
            from = n == o.y ? 0 : n == o.y + 2 ? 1 : n == o.u ? 4 : 5;
        else if (info.layout == Layout::PackedRgb)
            from = n == o.r ? 0 : n == o.g ? 1 : n == o.b ? 2 : from;
        job.pick |= from << (4 * n);
    }
}

// For kernels that are handled pixel by pixel.
void setChannels(device::RowsJob &job, const Frame &frame, const FormatInfo &info, const Rect &area)
{
    const ChannelOrder &o = info.order;
    job.y = {0, 1, 0};
    job.u = job.v = job.y;
    if (info.layout == Layout::Packed422) {
        job.y = {0, 2, o.y};
        job.u = {0, 4, o.u};
        job.v = {0, 4, o.v};
    } else if (info.layout == Layout::SemiPlanar) {
        job.u = {1, 2, o.u};
        job.v = {1, 2, o.v};
    } else if (info.layout == Layout::Planar) {
        job.u = {o.u, 1, 0};
        job.v = {o.v, 1, 0};
    }
    job.subX = info.subX;
    job.subY = info.subY;
    job.chromaRows = info.layout == Layout::Gray ? 0 : frame.planes[info.planes > 1 ? 1 : 0].height;
    job.x = area.x;
    job.y0 = area.y;
    job.width = area.width;
    job.height = area.height;
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

RowsKind rowsKind(const FormatInfo &info, const KernelInfo &kernel)
{
    if (info.layout == Layout::Rgb10a2)
        return RowsKind::Bits10;
    if (info.sampleBytes == 2)
        return RowsKind::Bits16;
    if (kernel.shape == Shape::Sample || (info.layout != Layout::Packed422 && info.layout != Layout::PackedRgb))
        return RowsKind::Bits8;
    if (info.layout == Layout::Packed422)
        return kernel.plan ? RowsKind::Yuv422 : RowsKind::Bits8;
    return info.samplesPerPixel == 3 ? RowsKind::Bits24 : RowsKind::Bits32;
}

// The device clamps units of the largest code value, which costs nothing.
void toUnits(device::ColourPlan &plan, float max)
{
    const float unit = 1 / max;
    plan.line = {plan.line.gain * unit, plan.line.offset * unit};
    device::Turn &t = plan.turn;
    t = {t.uu * unit, t.uv * unit, t.u0 * unit, t.vu * unit, t.vv * unit, t.v0 * unit};
    for (auto &row : plan.matrix)
        for (float &factor : row)
            factor *= unit;
}

// Luma and chroma of a kernel that tells them apart: planes that stay take no part.
void setPlan(device::RowsJob &job, const FormatInfo &info, const KernelInfo &kernel, const void *args)
{
    kernel.plan(args, job.codes, job.weights.kr, job.weights.kb, job.plan);
    toUnits(job.plan, job.codes.max);
    job.planarChroma = info.layout == Layout::Planar ? 1 : 0;
    if (job.planarChroma && info.order.u == 2)
        std::swap(job.plane[1], job.plane[2]); // the loops expect U, then V
    if (info.layout == Layout::Packed422)
        job.plane[0].hi = (job.plane[0].hi + 3) / 4 * 4; // whole pairs; the odd one is put back
    else if (isYuv(info) && job.plan.keepsLuma)
        job.plane[0].rows = 0;
    for (int i = 1; i < info.planes; ++i)
        if (job.plan.keepsChroma)
            job.plane[i].rows = 0;
}

Size rowsSize(const device::RowsJob &job, RowsKind kind)
{
    const int bytes = kind == RowsKind::Bits24 ? 48 : device::kChunkBytes;
    Size size;
    for (int i = 0; i < (job.planarChroma ? 2 : job.planes); ++i) {
        const device::PlaneJob &p = job.plane[i];
        const std::int64_t chunks = (p.hi + bytes - 1) / bytes - p.lo / bytes;
        size.width = std::max(size.width, (chunks + device::kChunksEach - 1) / device::kChunksEach);
        size.height += p.rows;
    }
    return size;
}

// One channel group of one region.
device::PassJob passJob(const Frame &frame, const host::Group &group, int plane, const Area &area)
{
    device::PassJob job{};
    const Plane &p = frame.planes[plane];
    job.picture = job.source = baseOf(p);
    job.pitch = job.sourcePitch = p.pitch;
    job.firstSample = group.lead / group.sampleBytes;
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

// The region in a group's own texels.
Area areaOf(const host::Group &group, const Rect &area)
{
    const int x0 = area.x >> group.subX, y0 = area.y >> group.subY;
    const int x1 = (area.x + area.width + (1 << group.subX) - 1) >> group.subX;
    const int y1 = std::min((area.y + area.height + (1 << group.subY) - 1) >> group.subY, group.height);
    return {x0, y0, x1 - x0, y1 - y0, group.subX, group.subY};
}

// How a texel is turned round inside: its bytes as a word has them, in reverse order of texels.
uint32 turnOf(const host::Group &group, int bytes)
{
    if (group.pairs) // the lumas of two pixels
        return group.lead == 0 ? 0x3012 : 0x1230;
    return bytes == 1 ? 0x0123 : bytes == 2 ? 0x1032 : 0x3210;
}

device::SwapPlane swapPlane(const Frame &frame, const host::Group &group, int plane, const Rect &rect)
{
    device::SwapPlane p{};
    p.area = areaOf(group, rect);
    p.texels = p.area.width;
    p.bytes = group.pairs || group.bitFields ? 4 : group.channels * group.sampleBytes;
    p.stride = group.bitFields ? 4 : group.step * (group.pairs ? 1 : group.sampleBytes);
    const int first = p.area.x * p.stride + (group.pairs ? 0 : group.lead);
    p.rows = {baseOf(frame.planes[plane]), frame.planes[plane].pitch, first, first + p.texels * p.stride, p.area.y,
              std::max(p.area.height, 0)};
    const uint32 value = ((1u << group.depth) - 1) << group.shift;
    p.mask = group.sampleBytes == 2 ? value * 0x10001u : ~0u;
    p.turn = turnOf(group, p.bytes);
    const int chunk = p.bytes == 3 ? 48 : 16;
    p.whole =
        p.stride == p.bytes && isVectorPlane(frame.planes[plane]) && p.rows.lo % chunk == 0 && p.rows.hi % chunk == 0;
    return p;
}

} // namespace

bool isArray(const Frame &frame)
{
    return frame.planes[0].data == nullptr;
}

std::uint64_t moveOf(const Frame &frame, const Frame &first)
{
    return baseOf(frame.planes[0]) - baseOf(first.planes[0]);
}

std::size_t countAlike(std::span<const Frame> frames)
{
    std::size_t count = 1;
    while (count < frames.size() && count < device::kFrames && isAlike(frames[count], frames[0]))
        ++count;
    return count;
}

device::RowsJob rowsJob(const Frame &frame, const KernelInfo &kernel, const void *args, const Rect &area,
                        RowsKind &kind, Size &size)
{
    const FormatInfo &info = formatInfo(frame.format);
    device::RowsJob job{};
    job.planes = info.planes;
    job.vectors = 1;
    for (int plane = 0; plane < info.planes; ++plane) {
        job.plane[plane] = planeJob(frame, info, plane, area);
        job.vectors &= isVectorPlane(frame.planes[plane]) ? 1 : 0;
    }
    job.codes = codesOf(frame, info);
    const device::Codes &c = job.codes;
    job.units = {c.lumaBack / c.max, c.lumaZero / c.max, c.chromaBack / c.max, c.chromaZero / c.max};
    job.weights = weightsOf(frame);
    setFields(job, info);
    setRanges(job, frame, info);
    setChannels(job, frame, info, area);
    job.oddPair = -1;
    if (info.layout == Layout::Packed422 && ((area.x + area.width) & 1) != 0)
        job.oddPair = ((area.x + area.width) >> 1) * 4 + info.order.v;
    kind = rowsKind(info, kernel);
    if (kernel.plan)
        setPlan(job, info, kernel, args);
    const bool cells = kernel.shape == Shape::Colour && !kernel.plan && info.layout != Layout::PackedRgb &&
                       info.layout != Layout::Rgb10a2;
    if (cells)
        size = {(area.width + (1 << info.subX) - 1) >> info.subX, (area.height + (1 << info.subY) - 1) >> info.subY};
    else
        size = rowsSize(job, kind);
    return job;
}

device::FrameJob frameJob(const Frame &frame, const Rect &area)
{
    host::Group groups[kMaxGroups];
    const int count = host::groupsOf(frame, groups);
    const bool onePlane = formatInfo(frame.format).planes == 1;
    device::FrameJob all{};
    for (int i = 0; i < count; ++i) {
        const Area own = areaOf(groups[i], area);
        if (own.height > 0)
            all.group[all.groups++] = passJob(frame, groups[i], onePlane ? 0 : i, own);
    }
    return all;
}

device::SwapJob swapJob(const Frame &frame, const Rect &area, int &chunkBytes, Size &size)
{
    host::Group groups[kMaxGroups];
    const bool onePlane = formatInfo(frame.format).planes == 1;
    int count = 1;
    if (!host::pairsOf(frame, area, groups[0]))
        count = host::groupsOf(frame, groups);
    device::SwapJob job{};
    chunkBytes = 16;
    size = {};
    for (int i = 0; i < count; ++i) {
        device::SwapPlane p = swapPlane(frame, groups[i], onePlane ? 0 : i, area);
        if (p.bytes == 3) {
            chunkBytes = 48;
            p.whole = p.whole && !isArray(frame); // no surface has texels of three bytes
        }
        p.blockRows = (p.rows.rows + device::kBlockY - 1) / device::kBlockY;
        const int each = p.whole ? chunkBytes : p.stride;
        size.width = std::max<std::int64_t>(size.width, (p.rows.hi - p.rows.lo) / each);
        size.height += std::int64_t{p.blockRows} * device::kBlockY;
        if (p.blockRows > 0)
            job.plane[job.planes++] = p;
    }
    return job;
}

device::CopyJob copyJob(const Frame &from, const Frame &to, int plane)
{
    const FormatInfo &info = formatInfo(from.format);
    const int bytes = static_cast<int>(rowBytes(info, plane, from.width));
    const auto side = [&](const Frame &f) {
        const Plane &p = f.planes[plane];
        return device::PlaneJob{baseOf(p), p.pitch, 0, bytes, 0, p.height};
    };
    const int rows = std::min(from.planes[plane].height, to.planes[plane].height);
    const bool vectors = isVectorPlane(from.planes[plane]) && isVectorPlane(to.planes[plane]);
    return {side(from), side(to), bytes, rows, vectors ? 1 : 0};
}

} // namespace zc::cuda
