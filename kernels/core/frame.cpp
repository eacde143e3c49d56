// SPDX-License-Identifier: MIT
// Plane sizes, fields and names that belong to a frame.
#include "core/frame.hpp"

namespace zc {

const char *memoryKindName(MemoryKind kind)
{
    switch (kind) {
    case MemoryKind::System:
        return "SystemMemory";
    case MemoryKind::Dmabuf:
        return "DMABuf";
    case MemoryKind::Cuda:
        return "CUDAMemory";
    case MemoryKind::Nvmm:
        return "NVMM";
    case MemoryKind::Gl:
        return "GLMemory";
    }
    return "unknown memory";
}

LumaWeights lumaWeights(ColorMatrix matrix)
{
    switch (matrix) {
    case ColorMatrix::Bt709:
        return {0.2126f, 0.0722f};
    case ColorMatrix::Bt2020:
        return {0.2627f, 0.0593f};
    case ColorMatrix::Smpte240m:
        return {0.212f, 0.087f};
    case ColorMatrix::Fcc:
        return {0.30f, 0.11f};
    case ColorMatrix::Bt601:
        break;
    }
    return {0.299f, 0.114f};
}

void setPlaneSizes(Frame &frame)
{
    const FormatInfo &info = formatInfo(frame.format);
    for (int p = 0; p < kMaxPlanes; ++p) {
        frame.planes[p].width = planeColumns(info, p, frame.width);
        frame.planes[p].height = planeRows(info, p, frame.height);
    }
}

Frame fieldOf(const Frame &frame, int parity)
{
    const int odd = parity & 1;
    Frame field = frame;
    field.height = (frame.height + 1 - odd) / 2;
    for (Plane &plane : field.planes) {
        // Rows that exist, not rows that the field's height asks for: with a height of 4n + 2, the odd field of
        // 4:2:0 has one chroma row less than its luma rows would need.
        plane.height = (plane.height + 1 - odd) / 2;
        if (plane.data != nullptr)
            plane.data = static_cast<std::uint8_t *>(plane.data) + odd * plane.pitch;
        plane.pitch *= 2;
    }
    return field;
}

} // namespace zc
