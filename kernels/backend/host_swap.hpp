// SPDX-License-Identifier: MIT
// Host loops of frame kernels that make pairs of texels change places: whole texels, through a little memory, so that
// neither a copy of the picture nor its way to main memory and back is needed.
#pragma once

#include "backend/host_lanes.hpp"
#include "backend/host_op.hpp"

#include <cstring>

namespace zc::host::ZC_ISA {

template <class Op>
concept Swaps = Op::kPasses == 1 && requires(const Area &area, const typename Op::Args &a)
{
    Op::partnerColumn(0, area, a);
    Op::partnerRow(0, area, a);
};

inline constexpr int kSwapChunk = 512; // texels; two chunks stay in the first-level cache

struct ThreeBytes {
    std::uint8_t bytes[3];
};

// A part of one row, copied: texels from column `first` of the plane on.
template <class W> struct RowIn {
    using Value = W;
    using WideValue = W;
    const W *texels;
    int first;

    ZC_HD W inside(int x, int) const { return texels[x - first]; }
    ZC_HD W operator()(int x, int y) const { return inside(x, y); }
};

// The bits of a texel that are the group's.
inline std::uint32_t texelMask(const Group &g)
{
    if (g.bitFields)
        return ~0u;
    const std::uint32_t one = ((1u << g.depth) - 1) << g.shift;
    return g.channels == 2 ? one | one << 8 * g.sampleBytes : one;
}

template <class Op, class W, bool Whole> struct SwapLoop {
    const PassJob &job;
    typename Op::Args args = *static_cast<const typename Op::Args *>(job.args);
    std::uint32_t mask = texelMask(job.group);

    std::uint8_t *texel(int x, int y) const
    {
        return job.group.data + job.group.pitch * (job.area.y + y) + std::ptrdiff_t{job.area.x + x} * sizeof(W);
    }

    void write(int x0, int x1, int y, const W *from, int first) const
    {
        const typename Op::Args a = args;
        const Area area = job.area;
        const RowIn<W> in{from, area.x + first};
        std::uint8_t *out = texel(x0, y);
        for (int x = x0; x < x1; ++x, out += sizeof(W)) {
            const W v = Op::run(Pass<0>{}, in, x, y, area, a);
            if constexpr (Whole) {
                storeWord<W>(out, v);
            } else {
                const W m = static_cast<W>(mask);
                storeWord<W>(out, static_cast<W>((loadWord<W>(out) & static_cast<W>(~m)) | (v & m)));
            }
        }
    }

    // Columns [x0, x1) of row y and their partners in row `other`, which are different texels.
    void swap(int x0, int x1, int y, int other) const
    {
        const int a = Op::partnerColumn(x0, job.area, args), b = Op::partnerColumn(x1 - 1, job.area, args);
        const int first = minOf(a, b), n = x1 - x0;
        W here[kSwapChunk], there[kSwapChunk];
        std::memcpy(here, texel(x0, y), sizeof(W) * static_cast<std::size_t>(n));
        std::memcpy(there, texel(first, other), sizeof(W) * static_cast<std::size_t>(n));
        write(x0, x1, y, there, first);
        write(first, first + n, other, here, x0);
    }

    // Each pair is handled where its first texel lies.
    void rows(int row0, int row1) const
    {
        const int width = job.area.width;
        for (int y = row0; y < row1; ++y) {
            const int other = Op::partnerRow(y, job.area, args);
            if (other < y)
                continue;
            const bool still = other == y && Op::partnerColumn(0, job.area, args) == 0;
            const int end = other > y ? width : still ? 0 : width / 2;
            for (int x = 0; x < end; x += kSwapChunk)
                swap(x, minOf(x + kSwapChunk, end), y, other);
        }
    }
};

template <class Op> void swapRows(const PassJob &job, int row0, int row1)
{
    const Group &g = job.group;
    const auto whole = [&](int bytes) { return g.bitFields || 8 * bytes == g.channels * g.depth; };
    switch (g.step * g.sampleBytes) {
    case 1:
        return SwapLoop<Op, std::uint8_t, true>{job}.rows(row0, row1);
    case 2:
        return whole(2) ? SwapLoop<Op, std::uint16_t, true>{job}.rows(row0, row1)
                        : SwapLoop<Op, std::uint16_t, false>{job}.rows(row0, row1);
    case 3:
        return SwapLoop<Op, ThreeBytes, true>{job}.rows(row0, row1);
    default:
        return whole(4) ? SwapLoop<Op, std::uint32_t, true>{job}.rows(row0, row1)
                        : SwapLoop<Op, std::uint32_t, false>{job}.rows(row0, row1);
    }
}

} // namespace zc::host::ZC_ISA
