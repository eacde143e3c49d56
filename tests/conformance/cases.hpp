// SPDX-License-Identifier: MIT
// Which pictures, parameters and regions each pair of format and kernel meets.
#pragma once

#include "picture.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace zc::conformance {

struct Case {
    PictureSpec picture;
    Content content = Content::Random;
    std::string params;
    gold::Where where;
    std::string whereName;
    std::uint32_t seed = 0;

    std::string text() const;
};

// The same cases in every run. Each dimension is dealt from a shuffled deck of its own, so that all of its values turn
// up before one turns up twice, and with other values of the other dimensions each time. `few`: half of them, without
// the largest pictures.
std::vector<Case> casesOf(Format format, const gold::Kernel &kernel, bool few);

// A picture large enough to be split among threads; the formats take turns with the whole frame and a part of it.
// `small`: for targets that have no threads.
Case bigCaseOf(Format format, const gold::Kernel &kernel, bool small);

} // namespace zc::conformance
