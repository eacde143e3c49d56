// SPDX-License-Identifier: MIT
// Which matrix luma is weighed with in frames of a format.
#pragma once

#include "core/frame.hpp"

namespace zc {

// RGB has no matrix of its own, so that kernels weigh it by BT.601 (docs/pixel-rules.md). Grey has one, which colours
// that are painted on it follow.
inline ColorMatrix matrixFor(Format format, ColorMatrix matrix)
{
    const Layout layout = formatInfo(format).layout;
    return layout == Layout::PackedRgb || layout == Layout::Rgb10a2 ? ColorMatrix::Bt601 : matrix;
}

} // namespace zc
