// SPDX-License-Identifier: MIT
#include "picture.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace zc::conformance {
namespace {

constexpr std::size_t kGuard = 64;

const char *matrixName(ColorMatrix matrix)
{
    switch (matrix) {
    case ColorMatrix::Bt601:
        return "bt601";
    case ColorMatrix::Bt709:
        return "bt709";
    case ColorMatrix::Bt2020:
        return "bt2020";
    case ColorMatrix::Smpte240m:
        return "smpte240m";
    case ColorMatrix::Fcc:
        return "fcc";
    }
    return "?";
}

int edgeCode(const gold::Channel &c, std::mt19937 &random)
{
    const int k = c.depth >= 8 ? 1 << (c.depth - 8) : 1;
    const std::array edges = {0,       1,       16 * k - 1,           16 * k,          16 * k + 1, 128 * k,
                              235 * k, 240 * k, gold::maxCode(c) - 1, gold::maxCode(c)};
    return edges[random() % edges.size()] & gold::maxCode(c);
}

std::string sampleText(const gold::Channel &c, int x, int y, int got, int want)
{
    return std::string("channel ") + c.role + " of plane " + std::to_string(c.plane) + " at x " + std::to_string(x) +
           ", y " + std::to_string(y) + ": got " + std::to_string(got) + ", expected " + std::to_string(want);
}

} // namespace

std::vector<Target> &targets()
{
    static std::vector<Target> all = makeTargets();
    return all;
}

std::string PictureSpec::text() const
{
    return std::string(gold::layoutOf(format).name) + " " + std::to_string(width) + "x" + std::to_string(height) +
           (range == ColorRange::Full ? " full " : " limited ") + matrixName(matrix) + " " + arrangement.name;
}

PictureLayout::PictureLayout(const PictureSpec &spec) : spec_(spec)
{
    const gold::Layout &layout = gold::layoutOf(spec.format);
    std::size_t end = 0;
    for (std::size_t p = 0; p < static_cast<std::size_t>(layout.planes); ++p) {
        const int plane = static_cast<int>(p);
        const int word = layout.channels.front().wordBytes;
        start_[p] = (end + kGuard + 63) / 64 * 64 + static_cast<std::size_t>(spec.arrangement.offset * word);
        pitch_[p] = gold::rowBytes(layout, plane, spec.width) + 4 * spec.arrangement.padding;
        // The last row has no padding behind it, as in many real buffers.
        end = start_[p] + static_cast<std::size_t>(pitch_[p] * (gold::rowCount(layout, plane, spec.height) - 1) +
                                                   gold::rowBytes(layout, plane, spec.width));
    }
    size_ = end + kGuard;
}

Frame PictureLayout::at(void *base) const
{
    Frame frame;
    frame.format = spec_.format;
    frame.width = spec_.width;
    frame.height = spec_.height;
    frame.range = spec_.range;
    frame.matrix = spec_.matrix;
    setPlaneSizes(frame);
    for (std::size_t p = 0; p < static_cast<std::size_t>(gold::layoutOf(spec_.format).planes); ++p) {
        frame.planes[p].data = static_cast<std::uint8_t *>(base) + start_[p];
        frame.planes[p].pitch = pitch_[p];
    }
    return frame;
}

std::string PictureLayout::whereIs(std::size_t byte) const
{
    const gold::Layout &layout = gold::layoutOf(spec_.format);
    for (std::size_t p = 0; p < static_cast<std::size_t>(layout.planes); ++p) {
        const int plane = static_cast<int>(p);
        if (byte < start_[p])
            return "guard bytes, " + std::to_string(start_[p] - byte) + " before plane " + std::to_string(p);
        const auto pitch = static_cast<std::size_t>(pitch_[p]);
        const std::size_t row = (byte - start_[p]) / pitch;
        if (row < static_cast<std::size_t>(gold::rowCount(layout, plane, spec_.height)))
            return "plane " + std::to_string(p) + ", row " + std::to_string(row) + ", byte " +
                   std::to_string((byte - start_[p]) % pitch) + " (a row holds " +
                   std::to_string(gold::rowBytes(layout, plane, spec_.width)) + ")";
    }
    return "guard bytes, " + std::to_string(size_ - byte) + " before the end of the block";
}

PictureMemory::PictureMemory(Target &target, const PictureLayout &layout)
    : size_(layout.size()), memory_(target.memory->allocate(layout.size())), frame_(layout.at(memory_->address()))
{
    frame_.memory = target.memory->kind();
    frame_.device = target.memory->device();
    memory_->place(frame_);
}

Bytes PictureMemory::download() const
{
    Bytes bytes(size_);
    memory_->download(bytes);
    return bytes;
}

Bytes makeContent(const PictureLayout &layout, Content content, std::mt19937 &random)
{
    Bytes bytes(layout.size());
    for (std::uint8_t &byte : bytes)
        byte = static_cast<std::uint8_t>(random());
    if (content == Content::Random)
        return bytes;
    gold::Picture picture(layout.at(bytes.data()));
    for (const gold::Channel &c : picture.layout().channels) {
        const int constant = static_cast<int>(random() & static_cast<unsigned>(gold::maxCode(c)));
        for (int y = 0; y < picture.rows(c); ++y) {
            for (int x = 0; x < picture.columns(c); ++x) {
                const int slope = gold::maxCode(c) * (x + y) / (picture.columns(c) + picture.rows(c));
                const int code = content == Content::Edges    ? edgeCode(c, random)
                                 : content == Content::Smooth ? slope
                                                              : constant;
                picture.setCode(c, x, y, code);
            }
        }
    }
    return bytes;
}

std::string difference(const PictureSpec &spec, const PictureLayout &layout, Bytes got, const Bytes &want,
                       int tolerance, const std::vector<Rect> &acted)
{
    if (got == want)
        return {};
    Bytes expected = want; // gold::Picture takes no const memory
    gold::Picture a(layout.at(got.data()));
    gold::Picture b(layout.at(expected.data()));
    for (const gold::Channel &c : gold::layoutOf(spec.format).channels) {
        const bool colour = std::string_view("YUVRGB").find(c.role) != std::string_view::npos;
        for (int y = 0; y < a.rows(c); ++y) {
            for (int x = 0; x < a.columns(c); ++x) {
                const int is = a.code(c, x, y);
                const int should = b.code(c, x, y);
                const int allowed = colour && gold::covered(acted, c, x, y) ? tolerance : 0;
                if (std::abs(is - should) > allowed)
                    return sampleText(c, x, y, is, should);
                a.setCode(c, x, y, should);
            }
        }
    }
    // Samples are the same now; what is left is everything else.
    const auto found = std::mismatch(got.begin(), got.end(), expected.begin());
    if (found.first == got.end())
        return {};
    return layout.whereIs(static_cast<std::size_t>(found.first - got.begin())) + ": got byte " +
           std::to_string(*found.first) + ", expected " + std::to_string(*found.second) + ", which no kernel may touch";
}

} // namespace zc::conformance
