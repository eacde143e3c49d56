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
    return {Code::InvalidArgument, quoted(piece) + " " + problem + kForm};
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
            return badPiece(piece, last ? "has more than four numbers" : "has fewer than four numbers");
        const std::string_view word = trimmed(rest.substr(0, comma));
        const std::errc ec = numberFrom(word, numbers[i]).ec;
        if (ec == std::errc::result_out_of_range)
            return badPiece(piece, std::string("has the ") + kNames[i] + " " + quoted(word) + ", beyond 32 bits");
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

bool anyOverlap(const std::vector<Rect> &rects)
{
    for (std::size_t i = 0; i < rects.size(); ++i) {
        for (std::size_t k = 0; k < i; ++k) {
            if (!isEmpty(cut(edgesOf(rects[i]), edgesOf(rects[k]))))
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

void clipToFrame(std::span<const Rect> rects, const Frame &frame, std::vector<Rect> &into)
{
    const FormatInfo &info = formatInfo(frame.format);
    const Edges picture{0, 0, frame.width, frame.height};
    into.clear();
    into.reserve(rects.size());
    for (const Rect &rect : rects) {
        const Edges visible = cut(edgesOf(rect), picture);
        if (isEmpty(visible))
            continue;
        const Edges whole{alignDown(visible.left, info.subX), alignDown(visible.top, info.subY),
                          alignUp(visible.right, info.subX), alignUp(visible.bottom, info.subY)};
        into.push_back(rectOf(cut(whole, picture)));
    }
}

std::vector<Rect> clipToFrame(const std::vector<Rect> &rects, const Frame &frame)
{
    std::vector<Rect> inside;
    clipToFrame(rects, frame, inside);
    return inside;
}

void dropInner(std::vector<Rect> &rects)
{
    const auto within = [](const Rect &inner, const Rect &outer) {
        const Edges i = edgesOf(inner), o = edgesOf(outer);
        return i.left >= o.left && i.top >= o.top && i.right <= o.right && i.bottom <= o.bottom;
    };
    auto end = rects.begin(); // of those kept
    for (auto next = rects.begin(); next != rects.end(); ++next) {
        const Rect rect = *next;
        if (std::any_of(rects.begin(), end, [&](const Rect &kept) { return within(rect, kept); }))
            continue;
        end = std::remove_if(rects.begin(), end, [&](const Rect &kept) { return within(kept, rect); });
        *end++ = rect;
    }
    rects.erase(end, rects.end());
}

void RectSplitter::reserve(std::size_t count, std::vector<Rect> &result)
{
    constexpr std::size_t kMostAhead = 1024; // enough for 22 of them
    whole_.reserve(count);
    rows_.reserve(2 * count);
    spans_.reserve(count);
    open_.reserve(count);
    // There are fewer than 2n bands, each of at most n parts.
    result.reserve(std::max(count, std::min(2 * count * count, kMostAhead)));
}

// What the rectangles cover of the rows from `top` to `bottom`, between which none of them begins or ends.
void RectSplitter::cover(std::int32_t top, std::int32_t bottom)
{
    spans_.clear();
    for (const Rect &rect : whole_) {
        if (rect.y <= top && rect.y + rect.height >= bottom)
            spans_.push_back({rect.x, rect.x + rect.width});
    }
    std::sort(spans_.begin(), spans_.end(), [](const Span &a, const Span &b) { return a.left < b.left; });
    std::size_t joined = 0;
    for (const Span &span : spans_) {
        if (joined > 0 && span.left <= spans_[joined - 1].right)
            spans_[joined - 1].right = std::max(spans_[joined - 1].right, span.right);
        else
            spans_[joined++] = span;
    }
    spans_.resize(joined);
}

void RectSplitter::split(std::vector<Rect> &rects)
{
    reserve(rects.size(), rects);
    whole_.clear();
    rows_.clear();
    for (const Rect &rect : rects) {
        const Edges e = cut(edgesOf(rect), kEverywhere);
        if (isEmpty(e))
            continue;
        whole_.push_back(rectOf(e));
        rows_.push_back(whole_.back().y);
        rows_.push_back(whole_.back().y + whole_.back().height);
    }
    rects.assign(whole_.begin(), whole_.end());
    if (!anyOverlap(whole_))
        return;
    std::sort(rows_.begin(), rows_.end());
    rows_.erase(std::unique(rows_.begin(), rows_.end()), rows_.end());

    // Bands between neighbouring edges; a band that covers the same columns as the one above it makes that one taller.
    rects.clear();
    open_.clear();
    std::int32_t openTop = 0;
    const auto closeAt = [&](std::int32_t bottom) {
        for (const Span &span : open_)
            rects.push_back({span.left, openTop, span.right - span.left, bottom - openTop});
    };
    for (std::size_t i = 0; i + 1 < rows_.size(); ++i) {
        cover(rows_[i], rows_[i + 1]);
        if (spans_ == open_)
            continue;
        closeAt(rows_[i]);
        std::swap(open_, spans_);
        openTop = rows_[i];
    }
    closeAt(rows_.back());
}

std::vector<Rect> disjoint(std::vector<Rect> rects)
{
    RectSplitter().split(rects);
    return rects;
}

} // namespace zc
