// SPDX-License-Identifier: MIT
// Plain loops of the kernels that move and average pixels.
#include "plain_frames.hpp"

#include "plain_rows.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <utility>
#include <vector>

namespace zc::bench {

namespace {

using std::uint16_t;
using std::uint32_t;
using std::uint8_t;

struct Pixel24 {
    uint8_t bytes[3];
};

template <class T> T *rowOf(const Frame &frame, int plane, int y)
{
    return reinterpret_cast<T *>(static_cast<uint8_t *>(frame.planes[plane].data) + frame.planes[plane].pitch * y);
}

// ---- flip: T is a pixel, or what has to stay together of it ----

template <class T> void mirror(const Frame &frame, int plane, int width)
{
    eachRow<T>(frame, plane, [&](T *row, int) {
        for (int a = 0, b = width - 1; a < b; ++a, --b)
            std::swap(row[a], row[b]);
    });
}

template <class T> void halfTurn(const Frame &frame, int plane, int width)
{
    for (int top = 0, bottom = frame.planes[plane].height - 1; top <= bottom; ++top, --bottom) {
        T *a = rowOf<T>(frame, plane, top), *b = rowOf<T>(frame, plane, bottom);
        const int count = top == bottom ? width / 2 : width;
        for (int x = 0; x < count; ++x)
            std::swap(a[x], b[width - 1 - x]);
    }
}

void turnOver(const Frame &frame)
{
    for (int plane = 0; plane < kMaxPlanes; ++plane) {
        const Plane &p = frame.planes[plane];
        std::vector<uint8_t> row(static_cast<std::size_t>(p.pitch));
        for (int top = 0, bottom = p.height - 1; top < bottom; ++top, --bottom) {
            auto *a = rowOf<uint8_t>(frame, plane, top), *b = rowOf<uint8_t>(frame, plane, bottom);
            std::memcpy(row.data(), a, row.size());
            std::memcpy(a, b, row.size());
            std::memcpy(b, row.data(), row.size());
        }
    }
}

// The two luma samples of a pair that has changed places.
void swapLuma(const Frame &frame)
{
    eachRow<uint8_t>(frame, 0, [&](uint8_t *row, int) {
        for (int x = 0; x < 2 * frame.width; x += 4)
            std::swap(row[x], row[x + 2]);
    });
}

// Turn is Mirror or HalfTurn, plane by plane, with the pairs of NV12's chroma and YUY2 as one texel.
template <template <class> class Turn> struct Turned {
    static void nv12(const Frame &f)
    {
        Turn<uint8_t>::plane(f, 0, f.width);
        Turn<uint16_t>::plane(f, 1, f.width / 2);
    }
    static void i420(const Frame &f)
    {
        Turn<uint8_t>::plane(f, 0, f.width);
        Turn<uint8_t>::plane(f, 1, f.width / 2);
        Turn<uint8_t>::plane(f, 2, f.width / 2);
    }
    static void p010(const Frame &f)
    {
        Turn<uint16_t>::plane(f, 0, f.width);
        Turn<uint32_t>::plane(f, 1, f.width / 2);
    }
    static void yuy2(const Frame &f)
    {
        Turn<uint32_t>::plane(f, 0, f.width / 2);
        swapLuma(f);
    }
    static void rgba(const Frame &f) { Turn<uint32_t>::plane(f, 0, f.width); }
    static void rgb(const Frame &f) { Turn<Pixel24>::plane(f, 0, f.width); }
    static void gray8(const Frame &f) { Turn<uint8_t>::plane(f, 0, f.width); }
    static constexpr Loops loops = {nv12, i420, p010, yuy2, rgba, rgb, gray8};
};
template <class T> struct Mirror {
    static void plane(const Frame &frame, int index, int width) { mirror<T>(frame, index, width); }
};
template <class T> struct HalfTurn {
    static void plane(const Frame &frame, int index, int width) { halfTurn<T>(frame, index, width); }
};

// ---- what averages: one channel after another ----

// `step` samples from one texel to the next.
struct Channel {
    int plane, offset, step, subX, subY;
};
constexpr Channel kSemiPlanar[] = {{0, 0, 1, 0, 0}, {1, 0, 2, 1, 1}, {1, 1, 2, 1, 1}};
constexpr Channel kPlanar[] = {{0, 0, 1, 0, 0}, {1, 0, 1, 1, 1}, {2, 0, 1, 1, 1}};
constexpr Channel kYuy2[] = {{0, 0, 2, 0, 0}, {0, 1, 4, 1, 0}, {0, 3, 4, 1, 0}};
constexpr Channel kRgba[] = {{0, 0, 4, 0, 0}, {0, 1, 4, 0, 0}, {0, 2, 4, 0, 0}, {0, 3, 4, 0, 0}};
constexpr Channel kRgb[] = {{0, 0, 3, 0, 0}, {0, 1, 3, 0, 0}, {0, 2, 3, 0, 0}};
constexpr Channel kGray[] = {{0, 0, 1, 0, 0}};

template <class T, Channel c> struct Mosaic {
    static void channel(const Frame &frame)
    {
        const int width = frame.width >> c.subX, height = frame.planes[c.plane].height;
        const int cw = 16 >> c.subX, ch = 16 >> c.subY;
        for (int y0 = 0; y0 < height; y0 += ch) {
            for (int x0 = 0; x0 < width; x0 += cw) {
                const int y1 = std::min(y0 + ch, height), x1 = std::min(x0 + cw, width);
                unsigned sum = 0;
                for (int y = y0; y < y1; ++y)
                    for (int x = x0; x < x1; ++x)
                        sum += rowOf<T>(frame, c.plane, y)[x * c.step + c.offset] >> kShift<T>;
                const auto count = static_cast<unsigned>((y1 - y0) * (x1 - x0));
                const auto mean = static_cast<T>((sum + count / 2) / count << kShift<T>);
                for (int y = y0; y < y1; ++y)
                    for (int x = x0; x < x1; ++x)
                        rowOf<T>(frame, c.plane, y)[x * c.step + c.offset] = mean;
            }
        }
    }
};

constexpr int kRadius = 5;

template <class T, Channel c> std::vector<T> copyOf(const Frame &frame, int width)
{
    std::vector<T> copy;
    copy.reserve(static_cast<std::size_t>(width) * static_cast<std::size_t>(frame.planes[c.plane].height));
    for (int y = 0; y < frame.planes[c.plane].height; ++y)
        for (int x = 0; x < width; ++x)
            copy.push_back(static_cast<T>(rowOf<T>(frame, c.plane, y)[x * c.step + c.offset] >> kShift<T>));
    return copy;
}

template <class T, Channel c> struct NaiveBlur {
    static void channel(const Frame &frame)
    {
        const int width = frame.width >> c.subX, height = frame.planes[c.plane].height;
        const int rx = kRadius >> c.subX, ry = kRadius >> c.subY;
        const std::vector<T> copy = copyOf<T, c>(frame, width);
        const auto count = static_cast<unsigned>((2 * rx + 1) * (2 * ry + 1));
        for (int y = 0; y < height; ++y) {
            for (int x = 0; x < width; ++x) {
                unsigned sum = 0;
                for (int dy = -ry; dy <= ry; ++dy)
                    for (int dx = -rx; dx <= rx; ++dx)
                        sum += copy[static_cast<std::size_t>(std::clamp(y + dy, 0, height - 1) * width +
                                                             std::clamp(x + dx, 0, width - 1))];
                rowOf<T>(frame, c.plane, y)[x * c.step + c.offset] =
                    static_cast<T>((sum + count / 2) / count << kShift<T>);
            }
        }
    }
};

// Sums of columns slide down, their sum slides to the right: two additions and two subtractions a pixel.
template <class T, Channel c> struct RunningBlur {
    static void channel(const Frame &frame)
    {
        const int width = frame.width >> c.subX, height = frame.planes[c.plane].height;
        const int rx = kRadius >> c.subX, ry = kRadius >> c.subY;
        const std::vector<T> copy = copyOf<T, c>(frame, width);
        const auto count = static_cast<unsigned>((2 * rx + 1) * (2 * ry + 1));
        const auto line = [&](int y) { return &copy[static_cast<std::size_t>(std::clamp(y, 0, height - 1) * width)]; };
        std::vector<unsigned> columns(static_cast<std::size_t>(width));
        for (int dy = -ry; dy <= ry; ++dy)
            for (int x = 0; x < width; ++x)
                columns[static_cast<std::size_t>(x)] += line(dy)[x];
        const auto column = [&](int x) { return columns[static_cast<std::size_t>(std::clamp(x, 0, width - 1))]; };
        for (int y = 0; y < height; ++y) {
            unsigned sum = 0;
            for (int dx = -rx; dx <= rx; ++dx)
                sum += column(dx);
            T *row = rowOf<T>(frame, c.plane, y) + c.offset;
            for (int x = 0; x < width; ++x) {
                row[x * c.step] = static_cast<T>((sum + count / 2) / count << kShift<T>);
                sum += column(x + rx + 1) - column(x - rx);
            }
            const T *enters = line(y + ry + 1), *leaves = line(y - ry);
            for (int x = 0; x < width; ++x)
                columns[static_cast<std::size_t>(x)] += static_cast<unsigned>(enters[x]) - leaves[x];
        }
    }
};

// Each channel's place is a constant, as it would be in a loop for one format.
template <template <class, Channel> class Kernel, class T, const auto &kChannels> void eachChannel(const Frame &frame)
{
    [&]<std::size_t... I>(std::index_sequence<I...>)
    {
        (Kernel<T, kChannels[I]>::channel(frame), ...);
    }
    (std::make_index_sequence<std::size(kChannels)>());
}

template <template <class, Channel> class Kernel>
constexpr Loops kEach = {eachChannel<Kernel, uint8_t, kSemiPlanar>,  eachChannel<Kernel, uint8_t, kPlanar>,
                         eachChannel<Kernel, uint16_t, kSemiPlanar>, eachChannel<Kernel, uint8_t, kYuy2>,
                         eachChannel<Kernel, uint8_t, kRgba>,        eachChannel<Kernel, uint8_t, kRgb>,
                         eachChannel<Kernel, uint8_t, kGray>};

} // namespace

Loops mirrorLoops()
{
    return Turned<Mirror>::loops;
}
Loops turnOverLoops()
{
    Loops loops;
    loops.fill(turnOver);
    return loops;
}
Loops halfTurnLoops()
{
    return Turned<HalfTurn>::loops;
}
Loops mosaicLoops()
{
    return kEach<Mosaic>;
}
Loops naiveBlurLoops()
{
    return kEach<NaiveBlur>;
}
Loops runningBlurLoops()
{
    return kEach<RunningBlur>;
}

} // namespace zc::bench
