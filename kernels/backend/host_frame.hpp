// SPDX-License-Identifier: MIT
// Host loops of the frame shape: accessors for the picture and for intermediate results, one sample or many at once.
#pragma once

#include "backend/host_lanes.hpp"
#include "backend/host_op.hpp"
#include "backend/host_swap.hpp"

#include <type_traits>

namespace zc::host::ZC_ISA {

// The samples of one group in memory. T is the word; Whole: the value fills the word.
template <class T, bool Whole> struct Samples {
    std::uint8_t *base; // sample 0 of texel (0, 0), channel included
    std::int64_t pitch;
    int step, shift;
    std::uint32_t mask;

    ZC_HD T *at(int sample, int y) const { return reinterpret_cast<T *>(base + pitch * y) + sample; }
    ZC_HD std::uint32_t load(int sample, int y) const
    {
        const std::uint32_t word = loadWord<T>(at(sample, y));
        return Whole ? word : (word >> shift) & mask;
    }
    ZC_HD void store(int sample, int y, std::uint32_t v) const
    {
        T *p = at(sample, y);
        storeWord<T>(p, static_cast<T>(Whole ? v : (loadWord<T>(p) & ~(mask << shift)) | (v << shift)));
    }
    ZC_HD LanesRef<T, Whole> many(int sample, int y) const { return {at(sample, y), shift, mask}; }
    ZC_HD void storeMany(int sample, int y, const Lanes &lanes) const
    {
        T *__restrict p = at(sample, y);
        for (int i = 0; i < kLaneCount; ++i)
            storeWord<T>(
                p + i,
                static_cast<T>(Whole ? lanes.v[i] : (loadWord<T>(p + i) & ~(mask << shift)) | (lanes.v[i] << shift)));
    }
};

// What a kernel reads in its first pass. One value: texel coordinates. Many: `residue` is how far the first lane's
// sample lies behind the first sample of texel x, for groups whose texels do not divide the lanes.
template <class Store, class V> struct PictureIn {
    using Value = V;
    using WideValue = std::uint64_t;
    Store samples;
    int width, height;
    int residue = 0;

    ZC_HD auto inside(int x, int y) const
    {
        if constexpr (sizeof(V) == sizeof(std::uint32_t))
            return samples.load(x * samples.step, y);
        else
            return samples.many(x * samples.step + residue, y);
    }
    ZC_HD auto operator()(int x, int y) const
    {
        const int row = clampTo(y, 0, height - 1);
        if constexpr (sizeof(V) == sizeof(std::uint32_t))
            return inside(clampTo(x, 0, width - 1), row);
        else
            return inside(x, row); // the caller keeps many-at-once away from the sides
    }
};

// What a kernel reads in later passes: rows of 32-bit numbers, `channels` for each result.
template <class V> struct ResultsIn {
    using Value = V;
    using WideValue = std::uint64_t;
    const std::uint8_t *base;
    std::int64_t pitch;
    int channels;
    int channel = 0; // or the residue, for many

    ZC_HD auto inside(int x, int y) const
    {
        const auto *p = reinterpret_cast<const std::uint32_t *>(base + pitch * y) + x * channels + channel;
        if constexpr (sizeof(V) == sizeof(std::uint32_t))
            return *p;
        else
            return LanesRef<std::uint32_t, true>{p, 0, 0};
    }
    ZC_HD auto operator()(int x, int y) const { return inside(x, y); }
};

// Whether pass N of the kernel may be computed many results at once.
template <class Op, int N> constexpr bool runsInLanes()
{
    if constexpr (std::is_same_v<decltype(Op::kLanes), const bool>)
        return Op::kLanes;
    else
        return (Op::kLanes >> N & 1) != 0;
}

template <class Op, int N, class T, bool Whole> struct PassLoop {
    using Store = Samples<T, Whole>;
    const PassJob &job;
    typename Op::Args args = *static_cast<const typename Op::Args *>(job.args);

    static constexpr bool kLast = N == Op::kPasses - 1;

    Store picture(int channel) const
    {
        const Group &g = job.group;
        const auto mask = static_cast<std::uint32_t>((1u << g.depth) - 1);
        Store s{g.data, g.pitch, g.step, g.shift, mask};
        if (g.bitFields) { // RGB10A2: ten bits each, two for alpha
            s.shift = channel * 10;
            s.mask = channel == 3 ? 3 : 1023;
        } else {
            s.base += channel * static_cast<int>(sizeof(T));
        }
        return s;
    }

    template <class V> auto input(int channel) const
    {
        if constexpr (N == 0) {
            Store s = picture(channel);
            if (Op::kPasses == 1) {
                s.base = job.snapshot + (s.base - job.group.data);
                s.pitch = job.snapshotPitch;
            }
            return PictureIn<Store, V>{s, job.group.width, job.group.height};
        } else {
            return ResultsIn<V>{job.in, job.inPitch, job.group.channels, channel};
        }
    }

    ZC_HD void put(const Store &to, int channel, int x, int y, std::uint32_t v) const
    {
        if constexpr (kLast)
            to.store((job.area.x + x) * to.step, job.area.y + y, v);
        else
            reinterpret_cast<std::uint32_t *>(job.out + job.outPitch * y)[x * job.group.channels + channel] = v;
    }

    // Results [x0, x1) of row y, one at a time.
    void singles(int x0, int x1, int y) const
    {
        const typename Op::Args a = args;
        const Area area = job.area;
        for (int channel = 0; channel < job.group.channels; ++channel) {
            const auto in = input<std::uint32_t>(channel);
            const Store to = picture(channel);
            for (int x = x0; x < x1; ++x)
                put(to, channel, x, y, Op::run(Pass<N>{}, in, x, y, area, a));
        }
    }

    // kLaneCount results of row y, from sample `sample` of the region's row on.
    void lanesAt(int sample, int y) const
    {
        const int channels = job.group.channels;
        const int x = sample / channels;
        auto in = input<Lanes>(0);
        if constexpr (N == 0)
            in.residue = sample - x * channels;
        else
            in.channel = sample - x * channels;
        const Lanes v = Op::run(Pass<N>{}, in, x, y, job.area, args);
        if constexpr (kLast)
            picture(0).storeMany(job.area.x * channels + sample, job.area.y + y, v);
        else
            std::memcpy(reinterpret_cast<std::uint32_t *>(job.out + job.outPitch * y) + sample, v.v, sizeof v.v);
    }

    // Results [x0, x1) of row y. The last vector overlaps the one before: no pass reads what it writes.
    void many(int x0, int x1, int y) const
    {
        const int from = x0 * job.group.channels, to = x1 * job.group.channels;
        if (to - from < kLaneCount)
            return singles(x0, x1, y);
        for (int sample = from; sample < to; sample += kLaneCount)
            lanesAt(minOf(sample, to - kLaneCount), y);
    }

    void rows(int row0, int row1) const
    {
        const Group &g = job.group;
        const bool lanes = !g.bitFields && g.step == g.channels;
        // Columns whose reads stay inside the plane; later passes read only what the pass before made.
        const int reach = N == 0 ? Op::reach(args, job.area) : 0;
        const int from = clampTo(N == 0 ? reach - job.area.x : 0, 0, job.extent.width);
        const int to = clampTo(N == 0 ? g.width - reach - job.area.x : job.extent.width, from, job.extent.width);
        for (int y = row0; y < row1; ++y) {
            if constexpr (runsInLanes<Op, N>()) {
                if (lanes) {
                    singles(0, from, y);
                    many(from, to, y);
                    singles(to, job.extent.width, y);
                    continue;
                }
            }
            singles(0, job.extent.width, y);
        }
    }
};

template <class Op, int N, class T, bool Whole> void runPass(const PassJob &job, int row0, int row1)
{
    PassLoop<Op, N, T, Whole>{job}.rows(row0, row1);
}

template <class Op, int N> void passOf(const PassJob &job, int row0, int row1)
{
    const Group &g = job.group;
    if (g.sampleBytes == 4)
        return runPass<Op, N, std::uint32_t, false>(job, row0, row1);
    if (g.sampleBytes == 1)
        return runPass<Op, N, std::uint8_t, true>(job, row0, row1);
    return g.depth == 16 ? runPass<Op, N, std::uint16_t, true>(job, row0, row1)
                         : runPass<Op, N, std::uint16_t, false>(job, row0, row1);
}

template <class Op> void framePass(int index, const PassJob &job, int row0, int row1)
{
    static_assert(Op::kPasses >= 1 && Op::kPasses <= kMaxPasses);
    if constexpr (Swaps<Op>)
        return swapRows<Op>(job, row0, row1);
    if (index == 0)
        return passOf<Op, 0>(job, row0, row1);
    if constexpr (Op::kPasses > 1)
        if (index == 1)
            return passOf<Op, 1>(job, row0, row1);
    if constexpr (Op::kPasses > 2)
        if (index == 2)
            return passOf<Op, 2>(job, row0, row1);
    if constexpr (Op::kPasses > 3)
        if (index == 3)
            return passOf<Op, 3>(job, row0, row1);
}

template <class Op> int frameReach(const Area &area, const void *args)
{
    return Op::reach(*static_cast<const typename Op::Args *>(args), area);
}

template <class Op> Extent frameExtent(int pass, const Area &area, const void *args)
{
    return Op::extent(pass, area, *static_cast<const typename Op::Args *>(args));
}

} // namespace zc::host::ZC_ISA
