// SPDX-License-Identifier: MIT
// A picture in guarded memory: its layout, its content, and the search for the first byte that is wrong.
#pragma once

#include "frame_memory.hpp"
#include "gold/gold.hpp"
#include "target.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace zc::conformance {

using Bytes = std::vector<std::uint8_t>;

struct Arrangement {
    const char *name;
    int padding; // words of 4 bytes behind each row, guarded
    int offset;  // words of the format by which planes start off their 64-byte boundary
};

struct PictureSpec {
    Format format = Format::Gray8;
    int width = 1;
    int height = 1;
    ColorRange range = ColorRange::Limited;
    ColorMatrix matrix = ColorMatrix::Bt601;
    Arrangement arrangement = {"tight", 0, 0};

    std::string text() const;
};

// Planes in one block, apart from each other and from its ends by guard bytes.
class PictureLayout {
public:
    explicit PictureLayout(const PictureSpec &spec);
    std::size_t size() const { return size_; }
    // The frame whose block begins at `base`.
    Frame at(void *base) const;
    // "plane 1, row 3, byte 77 of 64", "guard bytes before plane 0".
    std::string whereIs(std::size_t byte) const;

private:
    PictureSpec spec_;
    std::size_t size_ = 0;
    std::array<std::size_t, kMaxPlanes> start_ = {};
    std::array<std::int64_t, kMaxPlanes> pitch_ = {};
};

// The block in a target's memory.
class PictureMemory {
public:
    PictureMemory(Target &target, const PictureLayout &layout);
    const Frame &frame() const { return frame_; }
    void upload(const Bytes &bytes) { memory_->upload(bytes); }
    Bytes download() const;

private:
    std::size_t size_;
    std::unique_ptr<test::FrameMemory> memory_;
    Frame frame_;
};

enum class Content { Random, Edges, Smooth, Constant };
constexpr int kContents = 4;

// Random bytes everywhere (guards, padding, bits outside the value), then the samples as `content` says.
Bytes makeContent(const PictureLayout &layout, Content content, std::mt19937 &random);

// Empty if `got` is `want`, else the first difference. Samples of colour channels inside `acted` may be off by
// `tolerance` code values; everything else must be the same to the bit.
std::string difference(const PictureSpec &spec, const PictureLayout &layout, Bytes got, const Bytes &want,
                       int tolerance, const std::vector<Rect> &acted);

} // namespace zc::conformance
