// SPDX-License-Identifier: MIT
// The last step of every import into CPU memory: a plane's address, checked for alignment.
#pragma once

#include "core/frame.hpp"
#include "core/status.hpp"

#include <cstdint>
#include <string>

namespace zc::gst {

// Kernels read 16 and 32-bit samples as such; a memory that starts at an odd address would be undefined behaviour.
inline Status setPlaneData(Frame &frame, unsigned plane, std::uint8_t *data)
{
    const FormatInfo &format = formatInfo(frame.format);
    if (reinterpret_cast<std::uintptr_t>(data) % format.sampleBytes != 0)
        return {Code::BadLayout, "plane " + std::to_string(plane) + " of " + format.name +
                                     " starts at an address that is not a multiple of its samples' " +
                                     std::to_string(format.sampleBytes) + " bytes"};
    frame.planes[plane].data = data;
    return {};
}

} // namespace zc::gst
