// SPDX-License-Identifier: MIT
// Plain loops of the kernels that move and average pixels.
#pragma once

#include "plain_loops.hpp"

namespace zc::bench {

Loops mirrorLoops();
Loops turnOverLoops();
Loops halfTurnLoops();
Loops mosaicLoops();      // cells of 16 pixels
Loops naiveBlurLoops();   // radius 5
Loops runningBlurLoops(); // radius 5

} // namespace zc::bench
