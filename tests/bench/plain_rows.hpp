// SPDX-License-Identifier: MIT
// Plain loops over the rows of a frame, for what looks at one pixel alone. A kernel has luma(code), chroma(u, v) and
// pixel(r, g, b), which work on code values: 8 bits of a byte, or the upper 10 bits of a 16-bit word.
#pragma once

#include "core/frame.hpp"

#include <cstdint>

namespace zc::bench {

// T is a code value's type: uint8_t, or uint16_t for 10 bits.
template <class T> inline constexpr int kUnits = sizeof(T) == 1 ? 1 : 4; // code values for one of 8 bits
template <class T> inline constexpr int kShift = sizeof(T) == 1 ? 0 : 6; // of the code value in its sample

template <class T, class Body> void eachRow(const Frame &frame, int plane, const Body &body)
{
    const Plane &p = frame.planes[plane];
    for (int y = 0; y < p.height; ++y)
        body(reinterpret_cast<T *>(static_cast<std::uint8_t *>(p.data) + p.pitch * y), y);
}

template <class T, class Kernel> void overLuma(const Frame &frame, const Kernel &kernel)
{
    const int width = frame.width;
    eachRow<T>(frame, 0, [&](T *row, int) {
        for (int x = 0; x < width; ++x)
            row[x] = static_cast<T>(kernel.luma(static_cast<T>(row[x] >> kShift<T>)) << kShift<T>);
    });
}

template <class T, class Kernel> void overSemiPlanar(const Frame &frame, const Kernel &kernel)
{
    const int width = frame.width;
    overLuma<T>(frame, kernel);
    eachRow<T>(frame, 1, [&](T *row, int) {
        for (int x = 0; x < width; x += 2) {
            T u = static_cast<T>(row[x] >> kShift<T>), v = static_cast<T>(row[x + 1] >> kShift<T>);
            kernel.chroma(u, v);
            row[x] = static_cast<T>(u << kShift<T>);
            row[x + 1] = static_cast<T>(v << kShift<T>);
        }
    });
}

template <class Kernel> void overPlanar(const Frame &frame, const Kernel &kernel)
{
    const int width = frame.width / 2;
    overLuma<std::uint8_t>(frame, kernel);
    eachRow<std::uint8_t>(frame, 1, [&](std::uint8_t *u, int y) {
        auto *v = static_cast<std::uint8_t *>(frame.planes[2].data) + frame.planes[2].pitch * y;
        for (int x = 0; x < width; ++x)
            kernel.chroma(u[x], v[x]);
    });
}

template <class Kernel> void overYuy2(const Frame &frame, const Kernel &kernel)
{
    const int bytes = 2 * frame.width;
    eachRow<std::uint8_t>(frame, 0, [&](std::uint8_t *row, int) {
        for (int x = 0; x < bytes; x += 4) {
            row[x] = kernel.luma(row[x]);
            row[x + 2] = kernel.luma(row[x + 2]);
            kernel.chroma(row[x + 1], row[x + 3]);
        }
    });
}

template <int kStep, class Kernel> void overRgb(const Frame &frame, const Kernel &kernel)
{
    const int bytes = kStep * frame.width;
    eachRow<std::uint8_t>(frame, 0, [&](std::uint8_t *row, int) {
        for (int x = 0; x < bytes; x += kStep)
            kernel.pixel(row[x], row[x + 1], row[x + 2]);
    });
}

} // namespace zc::bench
