// SPDX-License-Identifier: MIT
// Splits a frame into the channel groups that frame kernels work on.
#include "backend/host_op.hpp"

namespace zc::host {

namespace {

Group baseGroup(const Frame &frame, const FormatInfo &info, int plane)
{
    Group g;
    g.data = static_cast<std::uint8_t *>(frame.planes[plane].data);
    g.pitch = frame.planes[plane].pitch;
    g.sampleBytes = info.sampleBytes;
    g.depth = info.depth;
    g.shift = info.shift;
    g.subX = plane == 0 ? 0 : info.subX;
    g.subY = plane == 0 ? 0 : info.subY;
    g.width = (frame.width + (1 << g.subX) - 1) >> g.subX;
    g.height = frame.planes[plane].height; // which may be a row short in a field
    return g;
}

// One channel of YUY2 or UYVY.
Group packed422(const Frame &frame, const FormatInfo &info, int offset, int step)
{
    Group g = baseGroup(frame, info, 0);
    if (g.data) // array memory has no address
        g.data += offset;
    g.lead = offset % step;
    g.step = step;
    if (step == 4) {
        g.subX = 1;
        g.width = (frame.width + 1) / 2;
    }
    return g;
}

} // namespace

int groupsOf(const Frame &frame, Group groups[kMaxGroups])
{
    const FormatInfo &info = formatInfo(frame.format);
    if (info.layout == Layout::Packed422) {
        groups[0] = packed422(frame, info, info.order.y, 2);
        groups[1] = packed422(frame, info, info.order.u, 4);
        groups[2] = packed422(frame, info, info.order.v, 4);
        return 3;
    }
    for (int plane = 0; plane < info.planes; ++plane) {
        Group &g = groups[plane] = baseGroup(frame, info, plane);
        if (info.layout == Layout::Rgb10a2) {
            g.bitFields = true;
            g.channels = 4;
        } else if (plane == 0) {
            g.channels = g.step = info.samplesPerPixel;
        } else if (info.layout == Layout::SemiPlanar) {
            g.channels = g.step = 2;
        }
    }
    return info.planes;
}

bool pairsOf(const Frame &frame, const Rect &area, Group &group)
{
    const FormatInfo &info = formatInfo(frame.format);
    if (info.layout != Layout::Packed422 || area.width % 2 != 0)
        return false;
    group = packed422(frame, info, 0, 4);
    group.lead = info.order.y;
    group.pairs = true;
    return true;
}

Group asWords(const Group &group)
{
    Group g = group;
    if (g.bitFields || g.step == g.channels)
        return g;
    g.data -= g.lead;
    g.shift = 8 * g.lead;
    g.sampleBytes = g.step;
    g.step = 1;
    return g;
}

} // namespace zc::host
