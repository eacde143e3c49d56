// SPDX-License-Identifier: MIT
// What an NvBufSurface says about itself, checked before any pixel is touched. Needs no library and no GPU: whoever
// knows the layout (Abi) hands it in.
#pragma once

#include "core/status.hpp"
#include "memory/nvbufsurface_abi.hpp"
#include "memory/nvbufsurface_formats.hpp"

#include <array>
#include <optional>
#include <string>

namespace zc::nvbuf {

// What a map of a GstMemory under NVMM caps led to.
struct View {
    Surface *surface = nullptr;
    std::uint32_t filled = 0; // pictures to work on
    MemType memType = MemType::Default;
    int gpu = 0;
};

// What the stream says about each picture. Range and matrix only where it does say so: the surface's own hold else.
struct Expected {
    Format format = Format::Unknown;
    std::optional<ColorRange> range;
    std::optional<ColorMatrix> matrix;
};

// A picture without its address.
struct Picture {
    Frame frame; // format, sizes, pitches, colour
    std::array<std::uint32_t, kMaxPlanes> offset{};
    std::uint64_t bytes = 0; // from the picture's first byte to the end of the last plane
    bool blockLinear = false;
};

// Checks the part that all layouts share: sizes, counts, memory type, and that the list of pictures can be read at all.
// A batch of one that says it holds none is taken for one that was not told so. BadLayout names what is wrong.
Result<View> readSurface(void *data, std::size_t bytes);

// Whether the memory that holds the surface and the list agree with the layout: pools hand out exactly the bytes of
// their own NvBufSurface, and the second picture of a batch looks like one at one distance only.
Status checkAbi(const View &view, std::size_t bytes, Abi abi);

// Checks one picture against what is expected. Plane counts, pitches, offsets and sizes fit the format and lie inside
// dataSize afterwards.
Result<Picture> readPicture(const Params &params, const Expected &expected);

// Whether the content must not be looked at. Only what hardware decodes can be so.
bool isProtected(const Params &params, Abi abi);

// Whether the bytes can be read, without reading them. True where the system does not tell.
bool isReadable(const void *data, std::size_t bytes);

} // namespace zc::nvbuf
