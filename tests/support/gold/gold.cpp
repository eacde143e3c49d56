// SPDX-License-Identifier: MIT
// Samples, regions and the three kernel shapes, as docs/pixel-rules.md words them.
#include "gold/gold.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace zc::gold {
namespace {

// Nominal 0 of a channel and how many code values make 1.
std::pair<double, double> scaleOf(const Channel &c, ColorRange range)
{
    const double k = std::ldexp(1.0, c.depth - 8);
    const bool chroma = c.role == 'U' || c.role == 'V';
    if (c.role == 'A' || c.role == 'X')
        return {0.0, maxCode(c)};
    if (range == ColorRange::Full)
        return {chroma ? std::ldexp(1.0, c.depth - 1) : 0.0, maxCode(c)};
    return chroma ? std::pair{128.0 * k, 224.0 * k} : std::pair{16.0 * k, 219.0 * k};
}

bool isRgb(const Picture &picture)
{
    return picture.find('R') != nullptr;
}

std::vector<Kernel> &kernels()
{
    static std::vector<Kernel> list;
    return list;
}

// Calls visit(x, y) for each of the channel's samples that the rectangles cover, once.
template <class Visit>
void eachCovered(const Picture &picture, const Channel &c, const std::vector<Rect> &rects, Visit visit)
{
    for (int y = 0; y < picture.rows(c); ++y)
        for (int x = 0; x < picture.columns(c); ++x)
            if (covered(rects, c, x, y))
                visit(x, y);
}

void rgbColour(Picture &picture, const std::vector<Rect> &rects, const std::function<Rgba(Rgba, int, int)> &change)
{
    const Channel &r = picture.channel('R');
    const Channel &g = picture.channel('G');
    const Channel &b = picture.channel('B');
    const Channel *a = picture.find('A');
    eachCovered(picture, r, rects, [&](int x, int y) {
        const Rgba in = {picture.value(r, x, y), picture.value(g, x, y), picture.value(b, x, y),
                         a != nullptr ? picture.value(*a, x, y) : 1.0};
        const Rgba out = change(in, x, y);
        picture.setValue(r, x, y, out.r);
        picture.setValue(g, x, y, out.g);
        picture.setValue(b, x, y, out.b);
        if (a != nullptr)
            picture.setValue(*a, x, y, out.a);
    });
}

void grayColour(Picture &picture, const std::vector<Rect> &rects, const std::function<Rgba(Rgba, int, int)> &change)
{
    const Channel &luma = picture.channel('Y');
    eachCovered(picture, luma, rects, [&](int x, int y) {
        const double v = picture.value(luma, x, y);
        picture.setValue(luma, x, y, toYcc(change({v, v, v, 1.0}, x, y), weightsOf(picture)).y);
    });
}

// Whether another rectangle has all pixels of this one, or an earlier one is the same.
bool leftOut(const std::vector<Rect> &rects, std::size_t which)
{
    const Rect &r = rects[which];
    for (std::size_t i = 0; i < rects.size(); ++i) {
        const Rect &o = rects[i];
        if (o == r ? i < which
                   : o.x <= r.x && o.y <= r.y && o.x + o.width >= r.x + r.width && o.y + o.height >= r.y + r.height)
            return true;
    }
    return false;
}

// One chroma sample and the pixels that it covers.
void yuvBlock(Picture &picture, int cx, int cy, const std::function<Rgba(Rgba, int, int)> &change)
{
    const Channel &luma = picture.channel('Y');
    const Channel &u = picture.channel('U');
    const Channel &v = picture.channel('V');
    const Weights weights = weightsOf(picture);
    const double cb = picture.value(u, cx, cy);
    const double cr = picture.value(v, cx, cy);
    double sumCb = 0;
    double sumCr = 0;
    int count = 0;
    for (int y = cy << u.subY; y < std::min((cy + 1) << u.subY, picture.height()); ++y) {
        for (int x = cx << u.subX; x < std::min((cx + 1) << u.subX, picture.width()); ++x) {
            const Ycc out = toYcc(change(toRgba({picture.value(luma, x, y), cb, cr}, weights, 1.0), x, y), weights);
            picture.setValue(luma, x, y, out.y);
            sumCb += out.cb;
            sumCr += out.cr;
            ++count;
        }
    }
    picture.setValue(u, cx, cy, sumCb / count);
    picture.setValue(v, cx, cy, sumCr / count);
}

} // namespace

int maxCode(const Channel &c)
{
    return (1 << c.depth) - 1;
}

int meanOf(std::int64_t sum, std::int64_t count)
{
    return static_cast<int>((sum + count / 2) / count);
}

const Channel *Picture::find(char role) const
{
    for (const Channel &c : layout_.channels)
        if (c.role == role)
            return &c;
    return nullptr;
}

const Channel &Picture::channel(char role) const
{
    const Channel *found = find(role);
    if (found == nullptr)
        throw std::out_of_range(std::string("gold: ") + layout_.name + " has no channel " + role);
    return *found;
}

std::uint8_t *Picture::word(const Channel &c, int x, int y) const
{
    if (x < 0 || y < 0 || x >= columns(c) || y >= rows(c))
        throw std::out_of_range("gold: a sample outside the picture");
    const Plane &plane = frame_.planes[c.plane];
    return static_cast<std::uint8_t *>(plane.data) + plane.pitch * y + c.first + static_cast<std::int64_t>(c.step) * x;
}

int Picture::code(const Channel &c, int x, int y) const
{
    const std::uint8_t *bytes = word(c, x, y);
    std::uint32_t all = 0;
    for (int i = 0; i < c.wordBytes; ++i)
        all |= static_cast<std::uint32_t>(bytes[i]) << (8 * i);
    return static_cast<int>((all >> c.shift) & static_cast<std::uint32_t>(maxCode(c)));
}

void Picture::setCode(const Channel &c, int x, int y, int code)
{
    std::uint8_t *bytes = word(c, x, y);
    const std::uint32_t mask = static_cast<std::uint32_t>(maxCode(c)) << c.shift;
    const std::uint32_t set = static_cast<std::uint32_t>(code) << c.shift;
    for (int i = 0; i < c.wordBytes; ++i) {
        const std::uint32_t keep = bytes[i] & ~(mask >> (8 * i)) & 0xffu;
        bytes[i] = static_cast<std::uint8_t>(keep | ((set >> (8 * i)) & (mask >> (8 * i)) & 0xffu));
    }
}

double Picture::value(const Channel &c, int x, int y) const
{
    const auto [zero, one] = scaleOf(c, range());
    return (code(c, x, y) - zero) / one;
}

void Picture::setValue(const Channel &c, int x, int y, double value)
{
    const auto [zero, one] = scaleOf(c, range());
    setCode(c, x, y,
            static_cast<int>(std::clamp(std::floor(value * one + zero + 0.5), 0.0, static_cast<double>(maxCode(c)))));
}

std::vector<Rect> cut(const Picture &picture, const Where &where)
{
    if (where.whole)
        return {{0, 0, picture.width(), picture.height()}};
    std::vector<Rect> out;
    const std::int64_t stepX = 1 << subX(picture.layout());
    const std::int64_t stepY = 1 << subY(picture.layout());
    for (const Rect &rect : where.rects) {
        std::int64_t left = std::max<std::int64_t>(rect.x, 0);
        std::int64_t top = std::max<std::int64_t>(rect.y, 0);
        std::int64_t right = std::min<std::int64_t>(std::int64_t{rect.x} + rect.width, picture.width());
        std::int64_t bottom = std::min<std::int64_t>(std::int64_t{rect.y} + rect.height, picture.height());
        if (left >= right || top >= bottom)
            continue;
        left -= left % stepX;
        top -= top % stepY;
        right = std::min<std::int64_t>((right + stepX - 1) / stepX * stepX, picture.width());
        bottom = std::min<std::int64_t>((bottom + stepY - 1) / stepY * stepY, picture.height());
        out.push_back({static_cast<int>(left), static_cast<int>(top), static_cast<int>(right - left),
                       static_cast<int>(bottom - top)});
    }
    return out;
}

bool covered(const std::vector<Rect> &rects, const Channel &c, int x, int y)
{
    const int px = x << c.subX;
    const int py = y << c.subY;
    return std::any_of(rects.begin(), rects.end(), [&](const Rect &r) {
        return px >= r.x && px < r.x + r.width && py >= r.y && py < r.y + r.height;
    });
}

Weights weightsOf(const Picture &picture)
{
    const ColorMatrix matrix = isRgb(picture) ? ColorMatrix::Bt601 : picture.matrix();
    const auto from = [](double kr, double kb) { return Weights{kr, 1.0 - kr - kb, kb}; };
    switch (matrix) {
    case ColorMatrix::Bt601:
        return from(0.299, 0.114);
    case ColorMatrix::Bt709:
        return from(0.2126, 0.0722);
    case ColorMatrix::Bt2020:
        return from(0.2627, 0.0593);
    case ColorMatrix::Smpte240m:
        return from(0.212, 0.087);
    case ColorMatrix::Fcc:
        return from(0.30, 0.11);
    }
    throw std::out_of_range("gold: a matrix that docs/pixel-rules.md does not list");
}

Ycc toYcc(const Rgba &colour, const Weights &weights)
{
    const double y = weights.kr * colour.r + weights.kg * colour.g + weights.kb * colour.b;
    return {y, (colour.b - y) / (2 * (1 - weights.kb)), (colour.r - y) / (2 * (1 - weights.kr))};
}

Rgba toRgba(const Ycc &colour, const Weights &weights, double alpha)
{
    const double r = colour.y + 2 * (1 - weights.kr) * colour.cr;
    const double b = colour.y + 2 * (1 - weights.kb) * colour.cb;
    return {r, (colour.y - weights.kr * r - weights.kb * b) / weights.kg, b, alpha};
}

void eachSample(Picture &picture, const Where &where, const std::function<int(const Channel &, int)> &change)
{
    const std::vector<Rect> rects = cut(picture, where);
    for (const Channel &c : picture.layout().channels) {
        if (c.role == 'A' || c.role == 'X')
            continue;
        eachCovered(picture, c, rects,
                    [&](int x, int y) { picture.setCode(c, x, y, change(c, picture.code(c, x, y))); });
    }
}

void lumaAndChroma(Picture &picture, const Where &where, const std::function<double(double)> &luma,
                   const std::function<Ycc(Ycc)> &chroma)
{
    const std::vector<Rect> rects = cut(picture, where);
    if (isRgb(picture)) {
        const Weights weights = weightsOf(picture);
        rgbColour(picture, rects, [&](Rgba in, int, int) {
            const Ycc old = toYcc(in, weights);
            const Ycc now = chroma({0, old.cb, old.cr});
            return toRgba({luma(old.y), now.cb, now.cr}, weights, in.a);
        });
        return;
    }
    const Channel &y = picture.channel('Y');
    eachCovered(picture, y, rects,
                [&](int px, int py) { picture.setValue(y, px, py, luma(picture.value(y, px, py))); });
    const Channel *u = picture.find('U');
    const Channel *v = picture.find('V');
    if (u == nullptr || v == nullptr)
        return;
    eachCovered(picture, *u, rects, [&](int px, int py) {
        const Ycc now = chroma({0, picture.value(*u, px, py), picture.value(*v, px, py)});
        picture.setValue(*u, px, py, now.cb);
        picture.setValue(*v, px, py, now.cr);
    });
}

void wholeColour(Picture &picture, const Where &where, const std::function<Rgba(Rgba, int, int)> &change)
{
    const std::vector<Rect> rects = cut(picture, where);
    if (isRgb(picture))
        rgbColour(picture, rects, change);
    else if (picture.find('U') == nullptr)
        grayColour(picture, rects, change);
    else
        eachCovered(picture, picture.channel('U'), rects, [&](int x, int y) { yuvBlock(picture, x, y, change); });
}

void eachChannel(Picture &picture, const Where &where, const FrameChange &change)
{
    const std::vector<Rect> rects = cut(picture, where);
    for (std::size_t i = 0; i < rects.size(); ++i) {
        if (leftOut(rects, i))
            continue;
        const Rect &rect = rects[i];
        for (const Channel &c : picture.layout().channels) {
            Grid before = {picture.columns(c), picture.rows(c), {}};
            for (int y = 0; y < before.height; ++y)
                for (int x = 0; x < before.width; ++x)
                    before.codes.push_back(picture.code(c, x, y));
            const int roundX = (1 << c.subX) - 1;
            const int roundY = (1 << c.subY) - 1;
            const Part part = {rect.x >> c.subX,
                               rect.y >> c.subY,
                               (rect.width + roundX) >> c.subX,
                               (rect.height + roundY) >> c.subY,
                               c.subX,
                               c.subY};
            Grid after = before;
            change(before, part, after);
            for (int y = 0; y < before.height; ++y)
                for (int x = 0; x < before.width; ++x)
                    picture.setCode(c, x, y, after.at(x, y));
        }
    }
}

std::size_t Args::index(std::string_view name) const
{
    const int found = values_.indexOf(name);
    if (found < 0)
        throw std::out_of_range("gold: the kernel has no parameter " + std::string(name));
    return static_cast<std::size_t>(found);
}

Register::Register(Kernel kernel)
{
    kernels().push_back(std::move(kernel));
}

const Kernel *find(std::string_view name)
{
    for (const Kernel &kernel : kernels())
        if (kernel.name == name)
            return &kernel;
    return nullptr;
}

} // namespace zc::gold
