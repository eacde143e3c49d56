// SPDX-License-Identifier: MIT
// Plain loops of the kernels that move and average pixels.
#include "plain_frames.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace zc::bench {

namespace {

using std::uint16_t;
using std::uint32_t;
using std::uint8_t;

template <class T> T *rowOf(const Frame &frame, int plane, int y)
{
    return reinterpret_cast<T *>(static_cast<uint8_t *>(frame.planes[plane].data) + frame.planes[plane].pitch * y);
}

// ---- flip ----

template <class T> void mirror(const Frame &frame, int plane, int width)
{
    for (int y = 0; y < frame.planes[plane].height; ++y) {
        T *row = rowOf<T>(frame, plane, y);
        for (int a = 0, b = width - 1; a < b; ++a, --b)
            std::swap(row[a], row[b]);
    }
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

// Two luma samples change places with their pair.
void swapLuma(const Frame &frame)
{
    for (int y = 0; y < frame.height; ++y) {
        auto *row = rowOf<uint8_t>(frame, 0, y);
        for (int x = 0; x < 2 * frame.width; x += 4)
            std::swap(row[x], row[x + 2]);
    }
}

// ---- pixelate ----

// One channel: `step` bytes from one texel to the next, cells of cw x ch texels.
void mosaic(const Frame &frame, int plane, int offset, int step, int width, int cw, int ch)
{
    const int height = frame.planes[plane].height;
    for (int y0 = 0; y0 < height; y0 += ch) {
        for (int x0 = 0; x0 < width; x0 += cw) {
            const int y1 = std::min(y0 + ch, height), x1 = std::min(x0 + cw, width);
            unsigned sum = 0;
            for (int y = y0; y < y1; ++y)
                for (int x = x0; x < x1; ++x)
                    sum += rowOf<uint8_t>(frame, plane, y)[x * step + offset];
            const auto count = static_cast<unsigned>((y1 - y0) * (x1 - x0));
            const auto mean = static_cast<uint8_t>((sum + count / 2) / count);
            for (int y = y0; y < y1; ++y)
                for (int x = x0; x < x1; ++x)
                    rowOf<uint8_t>(frame, plane, y)[x * step + offset] = mean;
        }
    }
}

// ---- box-blur ----

using Blur = void (*)(const Frame &frame, int plane, int offset, int step, int width, int rx, int ry);

std::vector<uint8_t> channelOf(const Frame &frame, int plane, int offset, int step, int width)
{
    std::vector<uint8_t> copy;
    copy.reserve(static_cast<std::size_t>(width) * static_cast<std::size_t>(frame.planes[plane].height));
    for (int y = 0; y < frame.planes[plane].height; ++y)
        for (int x = 0; x < width; ++x)
            copy.push_back(rowOf<uint8_t>(frame, plane, y)[x * step + offset]);
    return copy;
}

void blurNaive(const Frame &frame, int plane, int offset, int step, int width, int rx, int ry)
{
    const std::vector<uint8_t> copy = channelOf(frame, plane, offset, step, width);
    const int height = frame.planes[plane].height;
    const auto count = static_cast<unsigned>((2 * rx + 1) * (2 * ry + 1));
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            unsigned sum = 0;
            for (int dy = -ry; dy <= ry; ++dy)
                for (int dx = -rx; dx <= rx; ++dx)
                    sum += copy[static_cast<std::size_t>(std::clamp(y + dy, 0, height - 1) * width +
                                                         std::clamp(x + dx, 0, width - 1))];
            rowOf<uint8_t>(frame, plane, y)[x * step + offset] = static_cast<uint8_t>((sum + count / 2) / count);
        }
    }
}

// Sums of columns slide down, their sum slides to the right: two additions and two subtractions a pixel.
void blurRunning(const Frame &frame, int plane, int offset, int step, int width, int rx, int ry)
{
    const std::vector<uint8_t> copy = channelOf(frame, plane, offset, step, width);
    const int height = frame.planes[plane].height;
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
        for (int x = 0; x < width; ++x) {
            rowOf<uint8_t>(frame, plane, y)[x * step + offset] = static_cast<uint8_t>((sum + count / 2) / count);
            sum += column(x + rx + 1) - column(x - rx);
        }
        const uint8_t *enters = line(y + ry + 1), *leaves = line(y - ry);
        for (int x = 0; x < width; ++x)
            columns[static_cast<std::size_t>(x)] += static_cast<unsigned>(enters[x]) - leaves[x];
    }
}

void overNv12(const Frame &f, Blur blur)
{
    blur(f, 0, 0, 1, f.width, 5, 5);
    for (int c = 0; c < 2; ++c)
        blur(f, 1, c, 2, f.width / 2, 2, 2);
}
void overRgba(const Frame &f, Blur blur)
{
    for (int c = 0; c < 4; ++c)
        blur(f, 0, c, 4, f.width, 5, 5);
}
void overYuy2(const Frame &f, Blur blur)
{
    blur(f, 0, 0, 2, f.width, 5, 5);
    for (const int c : {1, 3})
        blur(f, 0, c, 4, f.width / 2, 2, 5);
}

} // namespace

void mirrorNv12(const Frame &frame)
{
    mirror<uint8_t>(frame, 0, frame.width);
    mirror<uint16_t>(frame, 1, frame.width / 2);
}
void mirrorRgba(const Frame &frame)
{
    mirror<uint32_t>(frame, 0, frame.width);
}
void mirrorYuy2(const Frame &frame)
{
    mirror<uint32_t>(frame, 0, frame.width / 2);
    swapLuma(frame);
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
void halfTurnNv12(const Frame &frame)
{
    halfTurn<uint8_t>(frame, 0, frame.width);
    halfTurn<uint16_t>(frame, 1, frame.width / 2);
}
void halfTurnRgba(const Frame &frame)
{
    halfTurn<uint32_t>(frame, 0, frame.width);
}
void halfTurnYuy2(const Frame &frame)
{
    halfTurn<uint32_t>(frame, 0, frame.width / 2);
    swapLuma(frame);
}
void pixelateNv12(const Frame &frame)
{
    mosaic(frame, 0, 0, 1, frame.width, 16, 16);
    for (int c = 0; c < 2; ++c)
        mosaic(frame, 1, c, 2, frame.width / 2, 8, 8);
}
void pixelateRgba(const Frame &frame)
{
    for (int c = 0; c < 4; ++c)
        mosaic(frame, 0, c, 4, frame.width, 16, 16);
}
void pixelateYuy2(const Frame &frame)
{
    mosaic(frame, 0, 0, 2, frame.width, 16, 16);
    for (const int c : {1, 3})
        mosaic(frame, 0, c, 4, frame.width / 2, 8, 16);
}
void blurNaiveNv12(const Frame &frame)
{
    overNv12(frame, blurNaive);
}
void blurNaiveRgba(const Frame &frame)
{
    overRgba(frame, blurNaive);
}
void blurNaiveYuy2(const Frame &frame)
{
    overYuy2(frame, blurNaive);
}
void blurRunningNv12(const Frame &frame)
{
    overNv12(frame, blurRunning);
}
void blurRunningRgba(const Frame &frame)
{
    overRgba(frame, blurRunning);
}
void blurRunningYuy2(const Frame &frame)
{
    overYuy2(frame, blurRunning);
}

} // namespace zc::bench
