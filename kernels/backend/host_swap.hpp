// SPDX-License-Identifier: MIT
// Host loops of frame kernels that make pairs of texels change places: whole texels at once, and without a copy.
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

struct ThreeBytes {
    std::uint8_t bytes[3];
};

// The bits of a texel that are the group's.
inline std::uint32_t texelMask(const Group &g)
{
    if (g.bitFields)
        return ~0u;
    std::uint32_t mask = 0;
    for (int channel = 0; channel < g.channels; ++channel)
        mask |= (((1u << g.depth) - 1) << g.shift) << 8 * g.sampleBytes * channel;
    return mask;
}

// How texels of type W change places: which of their bits do, and what else happens to them when columns turn round.
template <class W> struct WholeTexel {
    using Word = W;
    ZC_HD W replaced(W, W by) const { return by; }
    ZC_HD W turned(W v) const { return v; }
};

template <class W> struct MaskedTexel {
    using Word = W;
    W mask;
    ZC_HD W replaced(W old, W by) const { return static_cast<W>((old & static_cast<W>(~mask)) | (by & mask)); }
    ZC_HD W turned(W v) const { return v; }
};

// Four bytes of YUY2 or UYVY.
struct PairTexel {
    using Word = std::uint32_t;
    std::uint32_t first; // the first luma's byte
    ZC_HD std::uint32_t replaced(std::uint32_t, std::uint32_t by) const { return by; }
    ZC_HD std::uint32_t turned(std::uint32_t v) const
    {
        return (v & ~(first | first << 16)) | (v & first) << 16 | (v >> 16 & first);
    }
};

// n texels from a on and n from b on. None is read after it was written, so that the compiler may make SIMD of it: the
// two ranges share at most one texel, which then meets itself.
template <bool Turned, class Texel> void exchange(std::uint8_t *a, std::uint8_t *b, int n, const Texel &texel)
{
    using W = typename Texel::Word;
    const Texel t = texel;
#pragma GCC ivdep
    for (int i = 0; i < n; ++i) {
        std::uint8_t *pa = a + std::ptrdiff_t{i} * static_cast<int>(sizeof(W));
        std::uint8_t *pb = b + std::ptrdiff_t{Turned ? n - 1 - i : i} * static_cast<int>(sizeof(W));
        const W va = loadWord<W>(pa), vb = loadWord<W>(pb);
        storeWord<W>(pa, t.replaced(va, Turned ? t.turned(vb) : vb));
        storeWord<W>(pb, t.replaced(vb, Turned ? t.turned(va) : va));
    }
}

// Each pair is handled where its first texel lies.
template <class Op, class Texel> void swapTexels(const PassJob &job, const Texel &texel, int row0, int row1)
{
    const auto &args = *static_cast<const typename Op::Args *>(job.args);
    const Area &area = job.area;
    constexpr int kBytes = sizeof(typename Texel::Word);
    const auto rowOf = [&](int y) {
        return job.group.data + job.group.pitch * (area.y + y) + std::ptrdiff_t{area.x} * kBytes;
    };
    Area two = area; // columns, which tell what a single one would not
    two.width = 2;
    const bool turned = Op::partnerColumn(0, two, args) == 1;
    for (int y = row0; y < row1; ++y) {
        const int other = Op::partnerRow(y, area, args);
        if (other > y && !turned)
            exchange<false>(rowOf(y), rowOf(other), area.width, texel);
        else if (other > y)
            exchange<true>(rowOf(y), rowOf(other), area.width, texel);
        else if (other == y && turned)
            exchange<true>(rowOf(y), rowOf(y) + std::ptrdiff_t{area.width / 2} * kBytes, (area.width + 1) / 2, texel);
    }
}

template <class Op> void swapRows(const PassJob &job, int row0, int row1)
{
    const Group &g = job.group;
    const std::uint32_t mask = texelMask(g);
    if (g.pairs)
        return swapTexels<Op>(job, PairTexel{0xffu << 8 * g.lead}, row0, row1);
    switch (g.step * g.sampleBytes) {
    case 1:
        return swapTexels<Op>(job, WholeTexel<std::uint8_t>{}, row0, row1);
    case 2:
        if (mask == 0xffff)
            return swapTexels<Op>(job, WholeTexel<std::uint16_t>{}, row0, row1);
        return swapTexels<Op>(job, MaskedTexel<std::uint16_t>{static_cast<std::uint16_t>(mask)}, row0, row1);
    case 3:
        return swapTexels<Op>(job, WholeTexel<ThreeBytes>{}, row0, row1);
    default:
        if (mask == 0xffffffff)
            return swapTexels<Op>(job, WholeTexel<std::uint32_t>{}, row0, row1);
        return swapTexels<Op>(job, MaskedTexel<std::uint32_t>{mask}, row0, row1);
    }
}

} // namespace zc::host::ZC_ISA
