// SPDX-License-Identifier: MIT
// The tests' own reading of docs/pixel-rules.md: scalar, slow, in doubles and plain integers, one sample at a time.
//
// It shares only interface types with the code under test: where each format's samples lie, what they mean and what a
// kernel does to them is written here a second time. One file per kernel registers itself; see invert.cpp.
#pragma once

#include "core/frame.hpp"
#include "core/params.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace zc::gold {

// Where the samples of one channel lie.
struct Channel {
    char role;     // Y U V R G B A, or X for the padding sample
    int plane;     // in the order of GStreamer's planes
    int first;     // bytes from a row's start to the first word
    int step;      // bytes from one word to the next
    int wordBytes; // little endian
    int shift;     // bits below the value
    int depth;     // bits of the value
    int subX, subY;
};

struct Layout {
    Format format;
    const char *name;
    int planes;
    std::vector<Channel> channels;
};

const std::vector<Layout> &allLayouts();
const Layout &layoutOf(Format format);

// A frame in host memory, read and written by channel.
class Picture {
public:
    explicit Picture(const Frame &frame) : frame_(frame), layout_(layoutOf(frame.format)) {}

    int width() const { return frame_.width; }
    int height() const { return frame_.height; }
    ColorRange range() const { return frame_.range; }
    ColorMatrix matrix() const { return frame_.matrix; }
    const Layout &layout() const { return layout_; }
    const Channel *find(char role) const; // null if the format has none
    const Channel &channel(char role) const;

    int columns(const Channel &c) const { return (width() + (1 << c.subX) - 1) >> c.subX; }
    int rows(const Channel &c) const { return (height() + (1 << c.subY) - 1) >> c.subY; }
    // Coordinates are the channel's own, so a chroma sample of 4:2:0 covers four pixels.
    int code(const Channel &c, int x, int y) const;
    void setCode(const Channel &c, int x, int y, int code);

    // Between code values and nominal ones (0..1, chroma -0.5..0.5); storing rounds halves up and clamps.
    double value(const Channel &c, int x, int y) const;
    void setValue(const Channel &c, int x, int y, double value);

private:
    std::uint8_t *word(const Channel &c, int x, int y) const;

    Frame frame_;
    const Layout &layout_;
};

int maxCode(const Channel &c);
// The smallest size of a row, and how many there are.
std::int64_t rowBytes(const Layout &layout, int plane, int width);
int rowCount(const Layout &layout, int plane, int height);
// Columns and rows to which regions of the format are widened, as log2.
int subX(const Layout &layout);
int subY(const Layout &layout);

// Where a kernel acts: everywhere, or the rectangles as a user gave them.
struct Where {
    bool whole = true;
    std::vector<Rect> rects;
};

// The rectangles after cutting and widening, in the order given; empty ones are gone.
std::vector<Rect> cut(const Picture &picture, const Where &where);
// True if the channel's sample lies in one of the cut rectangles.
bool covered(const std::vector<Rect> &rects, const Channel &c, int x, int y);

// ---- the three shapes ------------------------------------------------------------------------------------------

struct Ycc {
    double y, cb, cr;
};
struct Rgba {
    double r, g, b, a;
};
struct Weights {
    double kr, kg, kb;
};
Weights weightsOf(const Picture &picture); // BT.601's for RGB formats
Ycc toYcc(const Rgba &colour, const Weights &weights);
Rgba toRgba(const Ycc &colour, const Weights &weights, double alpha);

// Each sample that the rectangles cover, once, but neither alpha nor x.
void eachSample(Picture &picture, const Where &where, const std::function<int(const Channel &, int)> &change);
// Colour kernels that treat luma and chroma apart. `chroma` sees and returns cb and cr; y is 0 there.
void lumaAndChroma(Picture &picture, const Where &where, const std::function<double(double)> &luma,
                   const std::function<Ycc(Ycc)> &chroma);
// Colour kernels that need red, green and blue.
void wholeColour(Picture &picture, const Where &where, const std::function<Rgba(Rgba, int x, int y)> &change);

// One channel's samples, all of them.
struct Grid {
    int width, height;
    std::vector<int> codes;
    int &at(int x, int y)
    {
        return codes[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)];
    }
    int at(int x, int y) const
    {
        return codes[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)];
    }
};
// A rectangle in a channel's own samples.
struct Part {
    int x, y, width, height;
    int subX, subY;
};
// Frame kernels, channel by channel and rectangle by rectangle; `after` begins as `before`.
using FrameChange = std::function<void(const Grid &before, const Part &part, Grid &after)>;
void eachChannel(Picture &picture, const Where &where, const FrameChange &change);

// (sum + n/2) / n
int meanOf(std::int64_t sum, std::int64_t count);

// ---- registration ----------------------------------------------------------------------------------------------

// A kernel's parameters by name; a name that it does not have throws.
class Args {
public:
    explicit Args(const ParamValues &values) : values_(values) {}
    double number(std::string_view name) const { return values_.values()[index(name)]; }
    int integer(std::string_view name) const { return static_cast<int>(number(name)); }
    std::string text(std::string_view name) const { return values_.textOf(static_cast<int>(index(name))); }

private:
    std::size_t index(std::string_view name) const;
    const ParamValues &values_;
};

struct Kernel {
    const char *name;
    std::vector<const char *> settings; // parameters worth a test, as a user would type them
    std::vector<const char *> neutral;  // parameters that must not change a byte
    void (*run)(Picture &picture, const Args &args, const Where &where) = nullptr; // null: not written yet
};

// A static object of this type in tests/support/gold/<kernel>.cpp is all that a new kernel needs.
struct Register {
    explicit Register(Kernel kernel);
};

const Kernel *find(std::string_view name);

} // namespace zc::gold
