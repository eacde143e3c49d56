// SPDX-License-Identifier: MIT
// Asks a kernel of luma and chroma whether it is affine, and for its coefficients.
#pragma once

#include "backend/device_job.hpp"

namespace zc {

template <class Op> bool lumaIsAffineOf(const typename Op::Args &a)
{
    if constexpr (requires { Op::lumaIsAffine(a); })
        return Op::lumaIsAffine(a);
    else
        return false;
}

template <class Op> bool chromaIsAffineOf(const typename Op::Args &a)
{
    if constexpr (requires { Op::chromaIsAffine(a); })
        return Op::chromaIsAffine(a);
    else
        return false;
}

// Black and the three primaries through the kernel give the matrix on RGB, in code values.
template <class Op>
void planMatrix(const typename Op::Args &a, const device::Codes &c, float kr, float kb, device::ColourPlan &plan)
{
    const float kg = 1 - kr - kb;
    float out[4][3];
    for (int i = 0; i < 4; ++i) {
        const float r = i == 1 ? 1.0f : 0.0f, g = i == 2 ? 1.0f : 0.0f, b = i == 3 ? 1.0f : 0.0f;
        const float y = kr * r + kg * g + kb * b;
        const Chroma chroma = Op::chroma({(b - y) / (2 * (1 - kb)), (r - y) / (2 * (1 - kr))}, a);
        const float luma = Op::luma(y, a);
        out[i][0] = luma + 2 * (1 - kr) * chroma.cr;
        out[i][2] = luma + 2 * (1 - kb) * chroma.cb;
        out[i][1] = (luma - kr * out[i][0] - kb * out[i][2]) / kg;
    }
    for (int i = 0; i < 3; ++i) {
        float *row = plan.matrix[i];
        for (int j = 0; j < 3; ++j)
            row[j] = out[j + 1][i] - out[0][i];
        row[3] = out[0][i] * c.lumaBack + c.lumaZero - (row[0] + row[1] + row[2]) * c.lumaZero;
    }
}

template <class Op>
void planColour(const void *args, const device::Codes &c, float kr, float kb, device::ColourPlan &plan)
{
    const auto &a = *static_cast<const typename Op::Args *>(args);
    plan = {};
    plan.lumaAffine = lumaIsAffineOf<Op>(a);
    plan.chromaAffine = chromaIsAffineOf<Op>(a);
    if (plan.lumaAffine) {
        const float black = Op::luma(0.0f, a), gain = Op::luma(1.0f, a) - black;
        plan.line = {gain, black * c.lumaBack + c.lumaZero - gain * c.lumaZero};
        plan.keepsLuma = plan.line.gain == 1 && plan.line.offset == 0;
    }
    if (plan.chromaAffine) {
        const Chroma none = Op::chroma({0, 0}, a), blue = Op::chroma({1, 0}, a), red = Op::chroma({0, 1}, a);
        device::Turn &t = plan.turn;
        t = {blue.cb - none.cb, red.cb - none.cb, 0, blue.cr - none.cr, red.cr - none.cr, 0};
        t.u0 = none.cb * c.chromaBack + c.chromaZero - (t.uu + t.uv) * c.chromaZero;
        t.v0 = none.cr * c.chromaBack + c.chromaZero - (t.vu + t.vv) * c.chromaZero;
        plan.keepsChroma = t.uu == 1 && t.vv == 1 && t.uv == 0 && t.vu == 0 && t.u0 == 0 && t.v0 == 0;
    }
    if (plan.lumaAffine && plan.chromaAffine)
        planMatrix<Op>(a, c, kr, kb, plan);
}

} // namespace zc
