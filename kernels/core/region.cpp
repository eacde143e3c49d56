// SPDX-License-Identifier: MIT
// Rectangles: from and to text, grown, cut to a frame, made free of overlap.
#include "core/region.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

namespace zc {
namespace {

constexpr std::size_t kMostRects = 1024;
// Far beyond any picture, and the difference of two such edges is still an int32.
constexpr std::int64_t kFarthest = std::int64_t{1} << 30;

constexpr const char *kForm =
    "; write \"x,y,width,height\", several separated by ';', as in \"0,0,64,64;100,80,320,240\"";

// Left and top inclusive, right and bottom exclusive, wide enough that nothing overflows.
struct Edges {
    std::int64_t left, top, right, bottom;
};

Edges edgesOf(const Rect &rect)
{
    return {rect.x, rect.y, std::int64_t{rect.x} + rect.width, std::int64_t{rect.y} + rect.height};
}

Edges cut(const Edges &edges, const Edges &to)
{
    return {std::max(edges.left, to.left), std::max(edges.top, to.top), std::min(edges.right, to.right),
            std::min(edges.bottom, to.bottom)};
}

Rect rectOf(const Edges &edges)
{
    return {static_cast<std::int32_t>(edges.left), static_cast<std::int32_t>(edges.top),
            static_cast<std::int32_t>(edges.right - edges.left), static_cast<std::int32_t>(edges.bottom - edges.top)};
}

bool isEmpty(const Edges &edges)
{
    return edges.right <= edges.left || edges.bottom <= edges.top;
}

constexpr Edges kEverywhere{-kFarthest, -kFarthest, kFarthest - 1, kFarthest - 1};

Status badPiece(std::string_view piece, const std::string &problem)
{
    return {Code::InvalidArgument, "region " + quoted(piece) + " " + problem + kForm};
}

Result<Rect> parseRect(std::string_view piece)
{
    static constexpr std::array<const char *, 4> kNames{"x", "y", "width", "height"};
    std::array<std::int32_t, 4> numbers{};
    std::string_view rest = piece;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const bool last = i + 1 == numbers.size();
        const std::size_t comma = rest.find(',');
        if (last != (comma == std::string_view::npos))
            return badPiece(piece, last ? "has more than four numbers" : "has less than four numbers");
        const std::string_view word = trimmed(rest.substr(0, comma));
        const std::errc ec = numberFrom(word, numbers[i]).ec;
        if (ec == std::errc::result_out_of_range)
            return badPiece(piece, std::string("has a ") + kNames[i] + " of " + quoted(word) + ", beyond 32 bits");
        if (ec != std::errc())
            return badPiece(piece,
                            std::string("has the ") + kNames[i] + " " + quoted(word) + ", which is no whole number");
        if (!last)
            rest.remove_prefix(comma + 1);
    }
    if (numbers[2] < 0 || numbers[3] < 0)
        return badPiece(piece, "has a negative size");
    return Rect{numbers[0], numbers[1], numbers[2], numbers[3]};
}

std::int64_t alignDown(std::int64_t value, int shift)
{
    return (value >> shift) << shift;
}
std::int64_t alignUp(std::int64_t value, int shift)
{
    return alignDown(value + (std::int64_t{1} << shift) - 1, shift);
}

struct Span {
    std::int64_t left, right;
    bool operator==(const Span &) const = default;
};

// What the rectangles cover of the rows from `top` to `bottom`, between which none of them begins or ends.
std::vector<Span> coverage(const std::vector<Edges> &rects, std::int64_t top, std::int64_t bottom)
{
    std::vector<Span> spans;
    for (const Edges &rect : rects) {
        if (rect.top <= top && rect.bottom >= bottom)
            spans.push_back({rect.left, rect.right});
    }
    std::sort(spans.begin(), spans.end(), [](const Span &a, const Span &b) { return a.left < b.left; });
    std::vector<Span> joined;
    for (const Span &span : spans) {
        if (!joined.empty() && span.left <= joined.back().right)
            joined.back().right = std::max(joined.back().right, span.right);
        else
            joined.push_back(span);
    }
    return joined;
}

bool anyOverlap(const std::vector<Edges> &rects)
{
    for (std::size_t i = 0; i < rects.size(); ++i) {
        for (std::size_t k = 0; k < i; ++k) {
            if (!isEmpty(cut(rects[i], rects[k])))
                return true;
        }
    }
    return false;
}

} // namespace

Result<std::vector<Rect>> parseRegions(std::string_view text)
{
    std::vector<Rect> rects;
    std::string_view rest = trimmed(text);
    while (!rest.empty()) {
        if (rects.size() == kMostRects)
            return Status(Code::InvalidArgument,
                          "more than " + std::to_string(kMostRects) + " regions; merge some of them");
        const std::size_t end = rest.find(';');
        const Result<Rect> rect = parseRect(trimmed(rest.substr(0, end)));
        if (!rect)
            return rect.status();
        rects.push_back(rect.value());
        rest = end == std::string_view::npos ? std::string_view() : trimmed(rest.substr(end + 1));
    }
    return rects;
}

std::string regionsToString(const std::vector<Rect> &rects)
{
    std::string text;
    for (const Rect &rect : rects) {
        if (!text.empty())
            text += ';';
        text += numberText(rect.x) + ',' + numberText(rect.y) + ',' + numberText(rect.width) + ',' +
                numberText(rect.height);
    }
    return text;
}

Rect grown(const Rect &rect, double percent)
{
    if (rect.empty() || std::isnan(percent) || percent == 0)
        return rect;
    const auto step = [percent](std::int32_t size) {
        const double limit = static_cast<double>(2 * kFarthest);
        return static_cast<std::int64_t>(std::llround(std::clamp(size * (percent / 200.0), -limit, limit)));
    };
    const std::int64_t dx = step(rect.width);
    const std::int64_t dy = step(rect.height);
    const Edges e = edgesOf(rect);
    const Edges wide = cut({e.left - dx, e.top - dy, e.right + dx, e.bottom + dy}, kEverywhere);
    return isEmpty(wide) ? Rect{rect.x, rect.y, 0, 0} : rectOf(wide);
}

std::vector<Rect> clipToFrame(const std::vector<Rect> &rects, const Frame &frame)
{
    const FormatInfo &info = formatInfo(frame.format);
    const Edges picture{0, 0, frame.width, frame.height};
    std::vector<Rect> inside;
    inside.reserve(rects.size());
    for (const Rect &rect : rects) {
        const Edges visible = cut(edgesOf(rect), picture);
        if (isEmpty(visible))
            continue;
        const Edges whole{alignDown(visible.left, info.subX), alignDown(visible.top, info.subY),
                          alignUp(visible.right, info.subX), alignUp(visible.bottom, info.subY)};
        inside.push_back(rectOf(cut(whole, picture)));
    }
    return inside;
}

std::vector<Rect> disjoint(const std::vector<Rect> &rects)
{
    std::vector<Edges> edges;
    std::vector<std::int64_t> rows;
    for (const Rect &rect : rects) {
        const Edges e = cut(edgesOf(rect), kEverywhere);
        if (isEmpty(e))
            continue;
        edges.push_back(e);
        rows.insert(rows.end(), {e.top, e.bottom});
    }
    std::vector<Rect> result;
    if (!anyOverlap(edges)) {
        for (const Edges &e : edges)
            result.push_back(rectOf(e));
        return result;
    }
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());

    // Bands between neighbouring edges; a band that covers the same columns as the one above it makes that one taller.
    std::vector<Span> open;
    std::int64_t openTop = 0;
    const auto closeAt = [&](std::int64_t bottom) {
        for (const Span &span : open)
            result.push_back(rectOf({span.left, openTop, span.right, bottom}));
    };
    for (std::size_t i = 0; i + 1 < rows.size(); ++i) {
        std::vector<Span> spans = coverage(edges, rows[i], rows[i + 1]);
        if (spans == open)
            continue;
        closeAt(rows[i]);
        open = std::move(spans);
        openTop = rows[i];
    }
    closeAt(rows.empty() ? 0 : rows.back());
    return result;
}

} // namespace zc
