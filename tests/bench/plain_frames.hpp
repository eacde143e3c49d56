// SPDX-License-Identifier: MIT
// Plain loops of the kernels that move and average pixels.
#pragma once

#include "core/frame.hpp"

namespace zc::bench {

void mirrorNv12(const Frame &frame);
void mirrorRgba(const Frame &frame);
void mirrorYuy2(const Frame &frame);
void turnOver(const Frame &frame); // every format
void halfTurnNv12(const Frame &frame);
void halfTurnRgba(const Frame &frame);
void halfTurnYuy2(const Frame &frame);
void pixelateNv12(const Frame &frame); // cells of 16 pixels
void pixelateRgba(const Frame &frame);
void pixelateYuy2(const Frame &frame);
void blurNaiveNv12(const Frame &frame); // radius 5
void blurNaiveRgba(const Frame &frame);
void blurNaiveYuy2(const Frame &frame);
void blurRunningNv12(const Frame &frame);
void blurRunningRgba(const Frame &frame);
void blurRunningYuy2(const Frame &frame);

} // namespace zc::bench
