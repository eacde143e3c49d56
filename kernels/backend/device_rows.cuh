// SPDX-License-Identifier: MIT
// Device loops of the colour and the sample shape: each thread takes 16 bytes of a row (48 of 3-byte pixels), twice.
#pragma once

#include "backend/device_colour.cuh"

namespace zc::device {

// ---- the grid --------------------------------------------------------------------------------------------------

// The grid's third dimension is the frames of a batch.
ZC_D PlaneJob planeOf(const RowsJob &job, int nth)
{
    PlaneJob plane = job.plane[nth];
    plane.base += job.moves[blockIdx.z];
    return plane;
}

// Which chunk a thread has: the plane, the row in it, the first byte.
struct Place {
    int plane, row, byte;
};

// The row of planes that follow one another; false below the last. Each plane by itself, so that what is known of it
// comes from constant places.
ZC_D bool findRow(const RowsJob &job, Place &at, PlaneJob &plane)
{
    const int planes = job.planarChroma ? 2 : job.planes;
    at.row = static_cast<int>(blockIdx.y) * kBlockY + static_cast<int>(threadIdx.y);
#pragma unroll
    for (int i = 0; i < kPlanes; ++i) {
        if (i < planes && at.row < job.plane[i].rows) {
            at.plane = i;
            at.row += job.plane[i].row;
            plane = planeOf(job, i);
            return true;
        }
        at.row -= job.plane[i].rows;
    }
    return false;
}

// Chunks are counted from the start of the row, so that they stay aligned whatever the region.
template <int Bytes> ZC_D int byteOfChunk(const PlaneJob &p, int nth)
{
    const int column = (static_cast<int>(blockIdx.x) * kChunksEach + nth) * kBlockX + static_cast<int>(threadIdx.x);
    return (p.lo / Bytes + column) * Bytes;
}

// Loads all of the thread's chunks, hands each to `change`, stores them.
template <class Row, int Words, class Change>
ZC_D void changeChunks(const RowsJob &job, Place at, const PlaneJob &p, const Change &change)
{
    constexpr int kBytes = 4 * Words;
    const Row row = rowOf<Row>(p, at.row);
    bool whole = job.vectors != 0;
#pragma unroll
    for (int i = 0; i < kChunksEach; ++i) {
        const int byte = byteOfChunk<kBytes>(p, i);
        whole = whole && (byte >= p.hi || (byte >= p.lo && byte + kBytes <= p.hi));
    }
    if (whole) {
        Chunk<Words> k[kChunksEach];
#pragma unroll
        for (int i = 0; i < kChunksEach; ++i)
            if (byteOfChunk<kBytes>(p, i) < p.hi)
                k[i] = loadWhole<Words>(row, byteOfChunk<kBytes>(p, i));
#pragma unroll
        for (int i = 0; i < kChunksEach; ++i) {
            at.byte = byteOfChunk<kBytes>(p, i);
            if (at.byte >= p.hi)
                continue;
            change(k[i], at);
            storeWhole(row, at.byte, k[i]);
        }
        return;
    }
#pragma unroll 1
    for (int i = 0; i < kChunksEach; ++i) {
        at.byte = byteOfChunk<kBytes>(p, i);
        if (at.byte >= p.hi)
            continue;
        Chunk<Words> k = loadPart<Words>(row, at.byte, p.lo, p.hi);
        change(k, at);
        storePart(row, at.byte, p.lo, p.hi, k);
    }
}

template <class Row, int Words, class Change> ZC_D void eachChunk(const RowsJob &job, const Change &change)
{
    Place at;
    PlaneJob plane;
    if (findRow(job, at, plane))
        changeChunks<Row, Words>(job, at, plane, change);
}

// U and V of planar formats at once; `change` takes both.
template <class Row, class Change> ZC_D void changeTwins(const RowsJob &job, const Place &at, const Change &change)
{
    const PlaneJob pu = planeOf(job, 1), pv = planeOf(job, 2);
    const Row rowU = rowOf<Row>(pu, at.row), rowV = rowOf<Row>(pv, at.row);
#pragma unroll
    for (int i = 0; i < kChunksEach; ++i) {
        const int byte = byteOfChunk<kChunkBytes>(pu, i);
        if (byte >= pu.hi)
            continue;
        const bool whole = job.vectors && byte >= pu.lo && byte + kChunkBytes <= pu.hi;
        Chunk<4> u = whole ? loadWhole<4>(rowU, byte) : loadPart<4>(rowU, byte, pu.lo, pu.hi);
        Chunk<4> v = whole ? loadWhole<4>(rowV, byte) : loadPart<4>(rowV, byte, pu.lo, pu.hi);
        change(u, v);
        if (whole) {
            storeWhole(rowU, byte, u);
            storeWhole(rowV, byte, v);
        } else {
            storePart(rowU, byte, pu.lo, pu.hi, u);
            storePart(rowV, byte, pu.lo, pu.hi, v);
        }
    }
}

// ---- luma and chroma on YUV ------------------------------------------------------------------------------------

// The bits of two 16-bit samples that are the values'.
ZC_D uint32 valueBits(const Codes &c)
{
    return c.mask << c.shift | c.mask << (16 + c.shift);
}

// Four samples of 8 bits, or two of 16, each through `f` from code value to unit.
template <int Bits, class F> ZC_D uint32 eachSample(uint32 word, const Codes &c, const F &f)
{
    if constexpr (Bits == 8)
        return joinBytes(codeBits(f(byteOf(word, 0)), c.max), codeBits(f(byteOf(word, 1)), c.max),
                         codeBits(f(byteOf(word, 2)), c.max), codeBits(f(byteOf(word, 3)), c.max));
    const uint32 values = (word & valueBits(c)) >> c.shift;
    const uint32 made = joinHalves(codeBits(f(halfOf(values, 0)), c.max), codeBits(f(halfOf(values, 1)), c.max));
    return (word & ~valueBits(c)) | made << c.shift;
}

template <class Op, int Bits, bool Affine>
ZC_D void lumaChunk(Chunk<4> &k, const RowsJob &job, const typename Op::Args &a)
{
#pragma unroll
    for (int i = 0; i < 4; ++i)
        k.w[i] = eachSample<Bits>(k.w[i], job.codes, [&](float v) { return lumaUnit<Op, Affine>(v, job, a); });
}

// Two pairs of 8 bits, or one of 16, in a word.
template <class Op, int Bits, bool Affine>
ZC_D uint32 pairWord(uint32 word, const RowsJob &job, const typename Op::Args &a)
{
    const Codes &c = job.codes;
    if constexpr (Bits == 8) {
        uint32 made[2];
#pragma unroll
        for (int i = 0; i < 2; ++i) {
            float u = byteOf(word, 2 * i + job.uAt), v = byteOf(word, 2 * i + job.vAt);
            chromaUnits<Op, Affine>(u, v, job, a);
            made[i] = __byte_perm(codeBits(u, c.max), codeBits(v, c.max), job.pick);
        }
        return joinHalves(made[0], made[1]);
    } else {
        const uint32 values = (word & valueBits(c)) >> c.shift;
        const bool swapped = job.uAt != 0;
        float u = halfOf(values, 0), v = halfOf(values, 1);
        if (swapped) {
            const float first = u;
            u = v;
            v = first;
        }
        chromaUnits<Op, Affine>(u, v, job, a);
        const uint32 made = joinHalves(codeBits(swapped ? v : u, c.max), codeBits(swapped ? u : v, c.max));
        return (word & ~valueBits(c)) | made << c.shift;
    }
}

template <class Op, int Bits, bool Affine>
ZC_D void pairChunk(Chunk<4> &k, const RowsJob &job, const typename Op::Args &a)
{
#pragma unroll
    for (int i = 0; i < 4; ++i)
        k.w[i] = pairWord<Op, Bits, Affine>(k.w[i], job, a);
}

template <class Op, int Bits, bool Affine>
ZC_D void planarWords(uint32 &wu, uint32 &wv, const RowsJob &job, const typename Op::Args &a)
{
    const Codes &c = job.codes;
    constexpr int kSamples = 32 / Bits;
    const uint32 values = Bits == 8 ? ~0u : valueBits(c);
    const uint32 fromU = Bits == 8 ? wu : (wu & values) >> c.shift, fromV = Bits == 8 ? wv : (wv & values) >> c.shift;
    uint32 us[kSamples], vs[kSamples];
#pragma unroll
    for (int i = 0; i < kSamples; ++i) {
        float u = Bits == 8 ? byteOf(fromU, i) : halfOf(fromU, i), v = Bits == 8 ? byteOf(fromV, i) : halfOf(fromV, i);
        chromaUnits<Op, Affine>(u, v, job, a);
        us[i] = codeBits(u, c.max);
        vs[i] = codeBits(v, c.max);
    }
    if constexpr (Bits == 8) {
        wu = joinBytes(us[0], us[1], us[2], us[3]);
        wv = joinBytes(vs[0], vs[1], vs[2], vs[3]);
    } else {
        wu = (wu & ~values) | joinHalves(us[0], us[1]) << c.shift;
        wv = (wv & ~values) | joinHalves(vs[0], vs[1]) << c.shift;
    }
}

// Planes that keep their samples have no rows in the grid.
template <class Op, class Row, int Bits> ZC_D void yuvRows(const RowsJob &job, const typename Op::Args &a)
{
    Place at;
    PlaneJob plane;
    if (!findRow(job, at, plane))
        return;
    if (at.plane > 0 && job.planarChroma) {
        changeTwins<Row>(job, at, [&](Chunk<4> &u, Chunk<4> &v) {
#pragma unroll
            for (int i = 0; i < 4; ++i)
                if (job.plan.chromaAffine)
                    planarWords<Op, Bits, true>(u.w[i], v.w[i], job, a);
                else
                    planarWords<Op, Bits, false>(u.w[i], v.w[i], job, a);
        });
        return;
    }
    changeChunks<Row, 4>(job, at, plane, [&](Chunk<4> &k, const Place &place) {
        if (place.plane == 0 && job.plan.lumaAffine)
            lumaChunk<Op, Bits, true>(k, job, a);
        else if (place.plane == 0)
            lumaChunk<Op, Bits, false>(k, job, a);
        else if (job.plan.chromaAffine)
            pairChunk<Op, Bits, true>(k, job, a);
        else
            pairChunk<Op, Bits, false>(k, job, a);
    });
}

// ---- luma and chroma on words of four bytes --------------------------------------------------------------------

template <class Op> ZC_D uint32 word422(uint32 word, const RowsJob &job, const typename Op::Args &a)
{
    const float max = job.codes.max;
    uint32 luma = word, chroma = word;
    float y0 = byteOf(word, job.yAt), y1 = byteOf(word, job.yAt + 2);
    if (job.plan.lumaAffine) {
        y0 = lumaUnit<Op, true>(y0, job, a);
        y1 = lumaUnit<Op, true>(y1, job, a);
    } else {
        y0 = lumaUnit<Op, false>(y0, job, a);
        y1 = lumaUnit<Op, false>(y1, job, a);
    }
    float u = byteOf(word, job.uAt), v = byteOf(word, job.vAt);
    if (job.plan.chromaAffine)
        chromaUnits<Op, true>(u, v, job, a);
    else
        chromaUnits<Op, false>(u, v, job, a);
    luma = __byte_perm(codeBits(y0, max), codeBits(y1, max), 0x0040);
    chroma = __byte_perm(codeBits(u, max), codeBits(v, max), 0x0040);
    return __byte_perm(luma, chroma, job.pick);
}

template <class Op, class Row> ZC_D void packed422Rows(const RowsJob &job, const typename Op::Args &a)
{
    // Of an odd width's last pair one luma sample is outside the picture.
    const int oddWord = job.oddPair >= 0 ? job.oddPair & ~3 : -1;
    const uint32 lumaBytes = 0x00ff00ffu << (8 * job.yAt), outside = 255u << (8 * job.yAt + 16);
    const uint32 stays = (job.plan.keepsLuma ? lumaBytes : 0u) | (job.plan.keepsChroma ? ~lumaBytes : 0u);
    eachChunk<Row, 4>(job, [&](Chunk<4> &k, const Place &at) {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const uint32 keep = stays | (at.byte + 4 * i == oddWord ? outside : 0u);
            k.w[i] = (k.w[i] & keep) | (word422<Op>(k.w[i], job, a) & ~keep);
        }
    });
}

// Three of four bytes are colours; the fourth one stays, or is alpha.
template <class Op, bool Affine>
ZC_D uint32 wordRgb(uint32 word, Pos at, const RowsJob &job, const typename Op::Args &a)
{
    constexpr bool kAlpha = !SplitsLuma<Op>::kValue;
    const float max = job.codes.max;
    Color c = {byteOf(word, job.rAt), byteOf(word, job.gAt), byteOf(word, job.bAt), 1};
    if (kAlpha && job.alphaAt >= 0)
        c.a = byteOf(word, job.alphaAt) * (1 / 255.0f);
    rgbUnits<Op, Affine>(c, at, job, a);
    const uint32 rg = __byte_perm(codeBits(c.r, max), codeBits(c.g, max), 0x0040);
    uint32 old = word;
    if (kAlpha && job.alphaAt >= 0)
        old = codeOf(c.a, 255.0f) * 0x01010101u; // `pick` takes it from its own place
    return __byte_perm(__byte_perm(rg, codeBits(c.b, max), 0x0410), old, job.pick);
}

// Three fields of 10 bits and one of 2.
template <class Op, bool Affine>
ZC_D uint32 wordTen(uint32 word, Pos at, const RowsJob &job, const typename Op::Args &a)
{
    constexpr bool kAlpha = !SplitsLuma<Op>::kValue;
    const float max = job.codes.max;
    Color c = {toFloat((word >> job.rAt) & 1023u), toFloat((word >> job.gAt) & 1023u),
               toFloat((word >> job.bAt) & 1023u), toFloat(word >> 30) * (1 / 3.0f)};
    rgbUnits<Op, Affine>(c, at, job, a);
    const uint32 alpha = kAlpha ? codeOf(c.a, 3.0f) << 30 : word & job.keep;
    return alpha | codeOf(c.r, max) << job.rAt | codeOf(c.g, max) << job.gAt | codeOf(c.b, max) << job.bAt;
}

template <class Op, class Row, bool Ten> ZC_D void wordRows(const RowsJob &job, const typename Op::Args &a)
{
    eachChunk<Row, 4>(job, [&](Chunk<4> &k, const Place &at) {
        const bool affine = SplitsLuma<Op>::kValue && job.plan.lumaAffine && job.plan.chromaAffine;
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const Pos pos = {at.byte / 4 + i, at.row};
            if constexpr (SplitsLuma<Op>::kValue)
                if (affine) {
                    k.w[i] = Ten ? wordTen<Op, true>(k.w[i], pos, job, a) : wordRgb<Op, true>(k.w[i], pos, job, a);
                    continue;
                }
            k.w[i] = Ten ? wordTen<Op, false>(k.w[i], pos, job, a) : wordRgb<Op, false>(k.w[i], pos, job, a);
        }
    });
}

// Sixteen pixels of three bytes: four pixels are three words.
template <class Op, bool Affine> ZC_D void fourRgb24(uint32 *w, Pos at, const RowsJob &job, const typename Op::Args &a)
{
    const bool swapped = job.rAt != 0;
    uint32 made[12];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const float first = byteOf(w[(3 * i) / 4], (3 * i) % 4), last = byteOf(w[(3 * i + 2) / 4], (3 * i + 2) % 4);
        Color c = {swapped ? last : first, byteOf(w[(3 * i + 1) / 4], (3 * i + 1) % 4), swapped ? first : last, 1};
        rgbUnits<Op, Affine>(c, {at.x + i, at.y}, job, a);
        made[3 * i] = codeBits(swapped ? c.b : c.r, job.codes.max);
        made[3 * i + 1] = codeBits(c.g, job.codes.max);
        made[3 * i + 2] = codeBits(swapped ? c.r : c.b, job.codes.max);
    }
#pragma unroll
    for (int i = 0; i < 3; ++i)
        w[i] = joinBytes(made[4 * i], made[4 * i + 1], made[4 * i + 2], made[4 * i + 3]);
}

template <class Op, class Row> ZC_D void rgb24Rows(const RowsJob &job, const typename Op::Args &a)
{
    eachChunk<Row, 12>(job, [&](Chunk<12> &k, const Place &at) {
        const bool affine = SplitsLuma<Op>::kValue && job.plan.lumaAffine && job.plan.chromaAffine;
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const Pos pos = {at.byte / 3 + 4 * i, at.row};
            if constexpr (SplitsLuma<Op>::kValue)
                if (affine) {
                    fourRgb24<Op, true>(k.w + 3 * i, pos, job, a);
                    continue;
                }
            fourRgb24<Op, false>(k.w + 3 * i, pos, job, a);
        }
    });
}

} // namespace zc::device
