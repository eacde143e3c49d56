// SPDX-License-Identifier: MIT
// DRM fourcc names of the formats. GStreamer learnt them in 1.24; this table serves every version alike.
#pragma once

#include "core/format.hpp"
#include "core/status.hpp"

#include <cstdint>
#include <string_view>

namespace zc::gst {

struct DrmFormat {
    Format format = Format::Unknown;
    std::uint64_t modifier = 0; // 0 = linear
};

// What a drm-format field says: "NV12", "AB24:0x0100000000000002". InvalidArgument if it is malformed, Unsupported if
// it is well formed but names pixels that no kernel knows.
Result<DrmFormat> parseDrmFormat(std::string_view text);

// Null if the format has no linear DRM name.
const char *drmFormatName(Format format);

} // namespace zc::gst
