// SPDX-License-Identifier: MIT
// What nvmmtestsrc shows: a picture that moves, known by arithmetic alone.
#pragma once

#include <cstddef>
#include <cstdint>

namespace zc::nvmm_test {

// One byte of a row. `sampleBytes` is 2 for 10 to 16 bits a sample; the low bits are then zero, as in P010.
inline std::uint8_t pictureByte(std::uint64_t frame, unsigned surface, unsigned plane, std::size_t byte, unsigned row,
                                unsigned sampleBytes = 1)
{
    const auto value =
        static_cast<std::uint8_t>(byte * 3 + row * 5 + plane * 67 + frame * 11 + surface * 29 + (byte ^ row) / 16);
    return sampleBytes == 2 && byte % 2 == 0 ? value & 0xc0 : value;
}

} // namespace zc::nvmm_test
