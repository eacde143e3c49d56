// SPDX-License-Identifier: MIT
// Kernels of the colour shape that want red, green and blue, as users write them; none of the built-in ones does.
#pragma once

#include "cudazerocopy/device.cuh"

namespace zc::test {

struct NoArgs {};

// Returns its input: no byte may change.
struct Untouched {
    using Args = NoArgs;
    static ZC_HD Color colour(Color c, Pos, const Args &) { return c; }
};

struct SwapRedBlue {
    using Args = NoArgs;
    static ZC_HD Color colour(Color c, Pos, const Args &) { return {c.b, c.g, c.r, c.a}; }
};

// Differs from pixel to pixel, so that chroma shared by several of them has to be a mean; writes alpha.
struct Checker {
    struct Args {
        float gain;
    };
    static ZC_HD Color colour(Color c, Pos p, const Args &a)
    {
        const float t = ((p.x + p.y) & 1) != 0 ? a.gain : 1.0f;
        return {c.r * t, c.g, c.b + (1.0f - t) * 0.5f, c.a * t};
    }
};

} // namespace zc::test
