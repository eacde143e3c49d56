// SPDX-License-Identifier: MIT
// What is to be done with memory.
#pragma once

namespace zc {

enum class Access { Read = 1, Write = 2, ReadWrite = 3 };

constexpr bool reads(Access access)
{
    return (static_cast<int>(access) & static_cast<int>(Access::Read)) != 0;
}

constexpr bool writes(Access access)
{
    return (static_cast<int>(access) & static_cast<int>(Access::Write)) != 0;
}

} // namespace zc
