// SPDX-License-Identifier: MIT
// Device loops of frame kernels that make pairs of texels change places: whole chunks of a row at once, and no copy.
#pragma once

#include "backend/device_memory.cuh"

namespace zc::device {

// The words of a chunk in reverse order, each turned round by itself.
ZC_D Chunk<4> turned(const Chunk<4> &c, uint32 selector)
{
    Chunk<4> r;
#pragma unroll
    for (int i = 0; i < 4; ++i)
        r.w[i] = __byte_perm(c.w[3 - i], 0, selector);
    return r;
}

// Sixteen texels of three bytes in reverse order.
ZC_D Chunk<12> turned(const Chunk<12> &c, uint32)
{
    Chunk<12> r = {};
#pragma unroll
    for (int byte = 0; byte < 48; ++byte) {
        const int from = 45 - byte / 3 * 3 + byte % 3;
        r.w[byte / 4] |= ((c.w[from / 4] >> (8 * (from % 4))) & 255u) << (8 * (byte % 4));
    }
    return r;
}

template <int Words> ZC_D Chunk<Words> replaced(const Chunk<Words> &old, const Chunk<Words> &by, uint32 mask)
{
    Chunk<Words> r;
#pragma unroll
    for (int i = 0; i < Words; ++i)
        r.w[i] = (old.w[i] & ~mask) | (by.w[i] & mask);
    return r;
}

// Bytes `a` of row `from` and `b` of row `to`; the same place meets itself.
template <int Words, class Row>
ZC_D void swapChunks(const SwapPlane &p, const Row &from, const Row &to, int a, int b, bool turn)
{
    const Chunk<Words> ca = loadWhole<Words>(from, a), cb = loadWhole<Words>(to, b);
    storeWhole(from, a, replaced(ca, turn ? turned(cb, p.turn) : cb, p.mask));
    storeWhole(to, b, replaced(cb, turn ? turned(ca, p.turn) : ca, p.mask));
}

template <class Row> ZC_D uint32 loadTexel(const Row &row, int byte, int bytes)
{
    uint32 v = 0;
    for (int i = 0; i < bytes; ++i)
        v |= static_cast<uint32>(row.template read<unsigned char>(byte + i)) << (8 * i);
    return v;
}

// Bits that do not move are as they were: those of `old`.
template <class Row> ZC_D void storeTexel(const Row &row, int byte, int bytes, uint32 old, uint32 by, uint32 mask)
{
    const uint32 v = (old & ~mask) | (by & mask);
    for (int i = 0; i < bytes; ++i)
        row.template write<unsigned char>(byte + i, static_cast<unsigned char>(v >> (8 * i)));
}

template <class Row>
ZC_D void swapTexels(const SwapPlane &p, const Row &from, const Row &to, int x, int other, bool turn)
{
    const int a = p.rows.lo + x * p.stride, b = p.rows.lo + other * p.stride;
    const uint32 va = loadTexel(from, a, p.bytes), vb = loadTexel(to, b, p.bytes);
    // A texel of less than four bytes has nothing inside that could turn round.
    const bool inside = turn && p.bytes == 4 && p.stride == 4;
    const uint32 selector = inside ? p.turn : 0x3210u;
    storeTexel(from, a, p.bytes, va, __byte_perm(vb, 0, selector), p.mask);
    storeTexel(to, b, p.bytes, vb, __byte_perm(va, 0, selector), p.mask);
}

// Words: of a chunk. Each pair is handled where its first half lies.
template <class Op, class Row, int Words> ZC_D void swapPlanes(const SwapJob &job, const typename Op::Args &args)
{
    int plane = 0, block = static_cast<int>(blockIdx.y);
    while (plane + 1 < job.planes && block >= job.plane[plane].blockRows)
        block -= job.plane[plane++].blockRows;
    const SwapPlane &p = job.plane[plane];
    const int y = block * kBlockY + static_cast<int>(threadIdx.y);
    if (y >= p.rows.rows)
        return;
    const int otherRow = Op::partnerRow(y, p.area, args);
    Area two = p.area; // columns, which tell what a single one would not
    two.width = 2;
    const bool turn = Op::partnerColumn(0, two, args) == 1;
    const int each = p.whole != 0 ? 4 * Words : p.stride;
    const int places = p.whole != 0 ? (p.rows.hi - p.rows.lo) / each : p.texels;
    const int place = static_cast<int>(blockIdx.x) * kBlockX + static_cast<int>(threadIdx.x);
    const int other = turn ? places - 1 - place : place;
    if (place >= places || otherRow < y || (otherRow == y && other < place))
        return;
    const Row from = rowOf<Row>(p.rows, p.rows.row + y), to = rowOf<Row>(p.rows, p.rows.row + otherRow);
    if (p.whole != 0)
        swapChunks<Words>(p, from, to, p.rows.lo + place * each, p.rows.lo + other * each, turn);
    else
        swapTexels(p, from, to, place, other, turn);
}

} // namespace zc::device
