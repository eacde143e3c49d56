// SPDX-License-Identifier: MIT
// Device loops of the frame shape: a thread computes one number of one pass, or several side by side.
#pragma once

#include "backend/device_lanes.cuh"

namespace zc::device {

struct Field {
    int shift;
    uint32 mask;
};

ZC_D Field fieldOf(const PassJob &job, int channel)
{
    if (job.bitFields)
        return {channel * 10, channel == 3 ? 3u : 1023u};
    return {job.shift, (1u << job.depth) - 1};
}

// What the first pass reads: the picture, or a snapshot of it.
template <class T, class Row> struct PictureIn {
    using Value = uint32;
    using WideValue = uint64;
    const PassJob &job;
    int channel;
    Field field;

    ZC_M uint32 inside(int x, int y) const
    {
        const int sample = job.firstSample + x * job.step + (job.bitFields ? 0 : channel);
        const uint32 word =
            Row::of(job.source, job.sourcePitch, y).template read<T>(sample * static_cast<int>(sizeof(T)));
        return (word >> field.shift) & field.mask;
    }
    ZC_M uint32 operator()(int x, int y) const
    {
        return inside(clampTo(x, 0, job.width - 1), clampTo(y, 0, job.height - 1));
    }
};

// What the others read. N: 16 or 32 bits.
template <class N> struct ResultsIn {
    using Value = uint32;
    using WideValue = uint64;
    const PassJob &job;
    int channel;

    ZC_M uint32 inside(int x, int y) const
    {
        return PitchRow::of(job.in, job.inPitch, y)
            .template read<N>((x * job.channels + channel) * static_cast<int>(sizeof(N)));
    }
    ZC_M uint32 operator()(int x, int y) const { return inside(x, y); }
};

// The group that this block works on; its first row of results for this thread.
struct FramePlace {
    int group, y;
};

ZC_D FramePlace framePlace(const FrameJob &all)
{
    int group = 0, block = static_cast<int>(blockIdx.y);
    while (group + 1 < all.groups && block >= all.group[group].blockRows)
        block -= all.group[group++].blockRows;
    return {group, block * kBlockY + static_cast<int>(threadIdx.y)};
}

// Of sample s of a row; there are 1 to 4 channels.
ZC_D int texelOf(const PassJob &job, int s)
{
    return job.channels == 3 ? static_cast<int>(static_cast<uint32>(s) / 3u) : s >> (job.channels >> 1);
}

ZC_D int columnOfThread()
{
    return static_cast<int>(blockIdx.x) * kBlockX + static_cast<int>(threadIdx.x);
}

// What a pass does with its results: the last one puts them into the picture, the others hand them on.
template <class T, class Row> struct ToPicture {
    static constexpr bool kLast = true;

    ZC_D void put(const PassJob &job, int s, int x, int channel, int y, uint32 v)
    {
        const Field field = fieldOf(job, channel);
        const int sample = job.firstSample + (job.area.x + x) * job.step + channel;
        const Row row = Row::of(job.picture, job.pitch, job.area.y + y);
        const int byte = sample * static_cast<int>(sizeof(T));
        // Bits of the word that are not the value's stay.
        const bool whole = job.depth == 8 * static_cast<int>(sizeof(T));
        const uint32 old = whole ? 0u : static_cast<uint32>(row.template read<T>(byte)) & ~(field.mask << field.shift);
        row.template write<T>(byte, static_cast<T>(old | v << field.shift));
        (void)s;
    }
    template <int L, class Value> ZC_D void putLanes(const PassJob &job, int s, int y, int count, const Value &v)
    {
        storeSamples<T, L>(Row::of(job.picture, job.pitch, job.area.y + y),
                           job.firstSample + job.area.x * job.channels + s, count, v, job.depth, job.shift);
    }
};

template <class N> struct ToResults {
    static constexpr bool kLast = false;

    ZC_D void put(const PassJob &job, int s, int, int, int y, uint32 v)
    {
        PitchRow::of(job.out, job.outPitch, y).template write<N>(s * static_cast<int>(sizeof(N)), static_cast<N>(v));
    }
    // Rows of results are padded, so that all lanes have room.
    template <int L, class Value> ZC_D void putLanes(const PassJob &job, int s, int y, const Value &v)
    {
        storeResults<N, L>(PitchRow::of(job.out, job.outPitch, y), s, v);
    }
};

// In(job, channel) reads one channel.
template <class Op, int Number, class To, class In>
ZC_D void oneResult(const PassJob &job, const typename Op::Args &args, int s, int y, const In &in)
{
    if (s >= job.extent.width * job.channels)
        return;
    const int x = texelOf(job, s), channel = s - x * job.channels;
    To::put(job, s, x, channel, y, Op::run(Pass<Number>{}, in(channel), x, y, job.area, args));
}

// Channels that share a word belong to one thread, or two would write it at once.
template <class Op, int Number, class Row, class In>
ZC_D void wordResult(const PassJob &job, const typename Op::Args &args, int x, int y, const In &in)
{
    if (x >= job.extent.width)
        return;
    uint32 word = 0;
#pragma unroll
    for (int channel = 0; channel < 4; ++channel)
        word |= Op::run(Pass<Number>{}, in(channel), x, y, job.area, args) << fieldOf(job, channel).shift;
    Row::of(job.picture, job.pitch, job.area.y + y).write((job.firstSample + job.area.x + x) * 4, word);
}

// Whether pass N of the kernel may be computed many results at once.
template <class Op, int N>
inline constexpr bool kInLanes = (static_cast<unsigned>(Op::kLanes) >> (sizeof(Op::kLanes) == 1 ? 0 : N) & 1) != 0;

// Whether pass N of the kernel is made of sums down columns.
template <class Op, int N, class = void> struct SumsRows {
    static constexpr bool kValue = false;
};
template <class Op, int N>
struct SumsRows<Op, N, decltype(static_cast<void>(Op::sumRows(Pass<N>{}, Area{}, typename Op::Args{})))> {
    static constexpr bool kValue = true;
};

// kStripRows rows from y on, each from the sum before: plus the row that enters, minus the one that leaves. All of them
// are loaded first, those below the last one in place of rows that are not there.
template <class Op, int Number, class To, class Sum, int L, class N>
ZC_D void strip(const PassJob &job, const typename Op::Args &args, const ResultLanes<N, L> &in, int s, int y)
{
    const int count = minOf(job.extent.width * job.channels - s, L);
    const int height = job.extent.height;
    const int rows = Op::sumRows(Pass<Number>{}, job.area, args);
    Sum sum = in.ownColumns(s, y);
#pragma unroll 5
    for (int d = 1; d < rows; ++d)
        sum += in.ownColumns(s, y + d);
    decltype(in.ownColumns(s, y)) enters[kStripRows - 1], leaves[kStripRows - 1];
#pragma unroll
    for (int i = 0; i + 1 < kStripRows; ++i) {
        const int next = minOf(y + i + 1, height - 1);
        enters[i] = in.ownColumns(s, next + rows - 1);
        leaves[i] = in.ownColumns(s, next - 1 < y ? y : next - 1);
    }
#pragma unroll
    for (int i = 0; i < kStripRows && y + i < height; ++i) {
        if (i > 0) {
            sum += enters[i - 1];
            sum -= leaves[i - 1];
        }
        To::template putLanes<L>(job, s, y + i, count, Op::ofSum(Pass<Number>{}, sum, job.area, args));
    }
}

// Sums that stay below 2^16 go two in a word.
template <class Op, int Number, class To, class N>
ZC_D void stripOf(const PassJob &job, const typename Op::Args &args, int s, int y)
{
    constexpr int L = kStripLanes;
    const ResultLanes<N, L> in{job, 0};
    if constexpr (sizeof(N) == 2) {
        const uint32 each = Op::largest(Number - 1, job.area, args, (1u << job.depth) - 1);
        if (each * static_cast<uint32>(Op::sumRows(Pass<Number>{}, job.area, args)) <= 0xffffu)
            return strip<Op, Number, To, NarrowSum<L>>(job, args, in, s, y);
    }
    strip<Op, Number, To, typename ResultLanes<N, L>::Value>(job, args, in, s, y);
}

// T: the picture's words; Row: where they lie; Source: where those that the first pass reads lie; N: what passes hand
// to one another.
template <class Op, class T, class Source, class N>
ZC_D void firstPass(const FrameJob &all, const typename Op::Args &args)
{
    const FramePlace at = framePlace(all);
    const PassJob &job = all.group[at.group];
    if (at.y >= job.extent.height)
        return;
    if constexpr (kInLanes<Op, 0> && sizeof(T) < 4) {
        if (job.step == job.channels) {
            constexpr int kLanes = kLanesOf<T>;
            const int s = columnOfThread() * kLanes;
            if (s >= job.extent.width * job.channels)
                return;
            const int x = texelOf(job, s);
            const PictureLanes<T, Source, N> in{job, s - x * job.channels};
            ToResults<N>::template putLanes<kLanes>(job, s, at.y, Op::run(Pass<0>{}, in, x, at.y, job.area, args));
            return;
        }
    }
    const auto in = [&](int channel) { return PictureIn<T, Source>{job, channel, fieldOf(job, channel)}; };
    oneResult<Op, 0, ToResults<N>>(job, args, columnOfThread(), at.y, in);
}

template <class Op, int Number, class N> ZC_D void middlePass(const FrameJob &all, const typename Op::Args &args)
{
    const FramePlace at = framePlace(all);
    const PassJob &job = all.group[at.group];
    if (at.y >= job.extent.height)
        return;
    const auto in = [&](int channel) { return ResultsIn<N>{job, channel}; };
    oneResult<Op, Number, ToResults<N>>(job, args, columnOfThread(), at.y, in);
}

template <class Op, class T, class Row, class N> ZC_D void lastPass(const FrameJob &all, const typename Op::Args &args)
{
    constexpr int kNumber = Op::kPasses - 1;
    const FramePlace at = framePlace(all);
    const PassJob &job = all.group[at.group];
    constexpr bool kLanesHere = kInLanes<Op, kNumber> && kNumber > 0 && sizeof(T) < 4;
    if constexpr (kLanesHere && SumsRows<Op, kNumber>::kValue) {
        if (job.step == job.channels) {
            const int s = columnOfThread() * kStripLanes, y = at.y * kStripRows;
            if (s < job.extent.width * job.channels && y < job.extent.height)
                stripOf<Op, kNumber, ToPicture<T, Row>, N>(job, args, s, y);
            return;
        }
    } else if constexpr (kLanesHere) {
        if (job.step == job.channels) {
            constexpr int kLanes = kLanesOf<T>;
            const int s = columnOfThread() * kLanes;
            const int count = minOf(job.extent.width * job.channels - s, kLanes);
            if (count <= 0 || at.y >= job.extent.height)
                return;
            const int x = texelOf(job, s);
            const ResultLanes<N, kLanes> in{job, s - x * job.channels};
            ToPicture<T, Row>::template putLanes<kLanes>(job, s, at.y, count,
                                                         Op::run(Pass<kNumber>{}, in, x, at.y, job.area, args));
            return;
        }
    }
    if (at.y >= job.extent.height)
        return;
    const auto run = [&](const auto &in) {
        if constexpr (sizeof(T) == 4)
            wordResult<Op, kNumber, Row>(job, args, columnOfThread(), at.y, in);
        else
            oneResult<Op, kNumber, ToPicture<T, Row>>(job, args, columnOfThread(), at.y, in);
    };
    // A one-pass kernel reads a snapshot, which is linear even of an array.
    if constexpr (kNumber == 0)
        run([&](int channel) { return PictureIn<T, PitchRow>{job, channel, fieldOf(job, channel)}; });
    else
        run([&](int channel) { return ResultsIn<N>{job, channel}; });
}

} // namespace zc::device
