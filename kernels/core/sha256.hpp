// SPDX-License-Identifier: MIT
// SHA-256 (FIPS 180-4), for names and checksums of cached files.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace zc {

class Sha256 {
public:
    using Digest = std::array<std::uint8_t, 32>;

    void add(std::string_view bytes);
    // The bytes after their number, so that ("ab", "c") and ("a", "bc") differ.
    void addField(std::string_view bytes);
    // Ends the computation; the object is of no use afterwards.
    Digest finish();

private:
    void block(const std::uint8_t *data);

    std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::array<std::uint8_t, 64> pending_{};
    std::size_t pendingBytes_ = 0;
    std::uint64_t total_ = 0;
};

// 64 lower-case hexadecimal digits.
std::string hexOf(const Sha256::Digest &digest);

} // namespace zc
