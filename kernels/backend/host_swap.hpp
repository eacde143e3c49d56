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

// Pixels of three bytes, four at once: compilers make no SIMD of them that would be worth it.
inline constexpr int kQuad = 4;
struct Quad {
    std::uint32_t words[3];
    // Whose pixels come in the opposite order. (Of words in memory, the first byte is the lowest.)
    ZC_HD Quad turned() const
    {
        const std::uint32_t p0 = words[0] & 0xffffff, p1 = (words[0] >> 24 | words[1] << 8) & 0xffffff;
        const std::uint32_t p2 = (words[1] >> 16 | words[2] << 16) & 0xffffff, p3 = words[2] >> 8;
        return {{p3 | p2 << 24, p2 >> 8 | p1 << 16, p1 >> 16 | p0 << 8}};
    }
};

// exchange<true> of n pixels of three bytes.
inline void exchangeTurned3(std::uint8_t *a, std::uint8_t *b, int n)
{
    static_assert(sizeof(Quad) == 3 * kQuad);
    // Quads of both ranges would overlap where a row meets itself: the last ones go one by one.
    int i = 0;
    for (; i + kQuad < n; i += kQuad) {
        std::uint8_t *pa = a + std::ptrdiff_t{i} * 3, *pb = b + std::ptrdiff_t{n - kQuad - i} * 3;
        Quad qa, qb;
        std::memcpy(&qa, pa, sizeof qa);
        std::memcpy(&qb, pb, sizeof qb);
        qa = qa.turned();
        qb = qb.turned();
        std::memcpy(pa, &qb, sizeof qb);
        std::memcpy(pb, &qa, sizeof qa);
    }
    exchange<true>(a + std::ptrdiff_t{i} * 3, b, n - i, WholeTexel<ThreeBytes>{});
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
    constexpr bool kThree = kBytes == 3;
    const auto turnedRows = [&](std::uint8_t *a, std::uint8_t *b, int n) {
        if constexpr (kThree)
            exchangeTurned3(a, b, n);
        else
            exchange<true>(a, b, n, texel);
    };
    Area two = area; // columns, which tell what a single one would not
    two.width = 2;
    const bool turned = Op::partnerColumn(0, two, args) == 1;
    for (int y = row0; y < row1; ++y) {
        const int other = Op::partnerRow(y, area, args);
        if (other > y && !turned && kThree) // bytes will do
            exchange<false>(rowOf(y), rowOf(other), area.width * kBytes, WholeTexel<std::uint8_t>{});
        else if (other > y && !turned)
            exchange<false>(rowOf(y), rowOf(other), area.width, texel);
        else if (other > y)
            turnedRows(rowOf(y), rowOf(other), area.width);
        else if (other == y && turned)
            turnedRows(rowOf(y), rowOf(y) + std::ptrdiff_t{area.width / 2} * kBytes, (area.width + 1) / 2);
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
