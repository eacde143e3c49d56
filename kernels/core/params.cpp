// SPDX-License-Identifier: MIT
// Values of parameters: checked against their declaration, from text and to text, in no locale but C.
#include "core/params.hpp"

#include "core/c_locale.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace zc {
namespace {

constexpr double kLargestColour = 4294967295.0; // 0xffffffff

std::string joined(const std::vector<std::string> &words, const char *separator)
{
    std::string text;
    for (const std::string &word : words) {
        if (!text.empty())
            text += separator;
        text += word;
    }
    return text;
}

std::string rangeText(const ParamSpec &spec)
{
    switch (spec.type) {
    case ParamType::Float:
        return "a number from " + numberText(spec.low) + " to " + numberText(spec.high);
    case ParamType::Int:
        return "a whole number from " + numberText(spec.low) + " to " + numberText(spec.high);
    case ParamType::Bool:
        return "true or false";
    case ParamType::Enum:
        return "one of " + joined(choicesOf(spec), ", ");
    case ParamType::Colour:
        return "a colour as #RRGGBB, #AARRGGBB, 0xAARRGGBB or a whole number from 0 to 4294967295";
    }
    return "nothing";
}

Status refused(const ParamSpec &spec, const std::string &found, const std::string &problem)
{
    return {Code::InvalidArgument,
            std::string(spec.name) + "=" + found + " " + problem + "; valid is " + rangeText(spec)};
}

ParamNote clampedNote(const ParamSpec &spec, double found, const std::string &kept)
{
    return {std::string(spec.name) + "=" + numberText(found) + " is out of range and was clamped to " + kept +
            "; valid is " + rangeText(spec)};
}

std::string colourText(std::uint32_t colour)
{
    std::string text = "#";
    for (int shift = 28; shift >= 0; shift -= 4)
        text += "0123456789abcdef"[(colour >> shift) & 15];
    return text;
}

std::string valueText(const ParamSpec &spec, double value)
{
    switch (spec.type) {
    case ParamType::Float:
        return numberText(value);
    case ParamType::Int:
        return numberText(static_cast<long long>(value));
    case ParamType::Bool:
        return value != 0.0 ? "true" : "false";
    case ParamType::Enum: {
        const std::vector<std::string> choices = choicesOf(spec);
        const auto index = static_cast<std::size_t>(value);
        return index < choices.size() ? choices[index] : numberText(value);
    }
    case ParamType::Colour:
        return colourText(static_cast<std::uint32_t>(value));
    }
    return {};
}

// The ends of the valid numbers; what lies outside is clamped, or refused where no neighbour could be meant.
struct Limits {
    double low, high;
    bool whole, clamps;
};

Limits limitsOf(const ParamSpec &spec)
{
    switch (spec.type) {
    case ParamType::Float:
        return {spec.low, spec.high, false, true};
    case ParamType::Int:
        return {spec.low, spec.high, true, true};
    case ParamType::Bool:
        return {0, 1, true, false};
    case ParamType::Enum:
        return {0, static_cast<double>(choicesOf(spec).size()) - 1, true, false};
    case ParamType::Colour:
        return {0, kLargestColour, true, true};
    }
    return {0, 0, true, false};
}

bool equalIgnoringCase(std::string_view a, std::string_view b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return toLower(x) == toLower(y); });
}

// -1: neither.
int boolOf(std::string_view text)
{
    for (const char *word : {"true", "yes", "1"}) {
        if (equalIgnoringCase(text, word))
            return 1;
    }
    for (const char *word : {"false", "no", "0"}) {
        if (equalIgnoringCase(text, word))
            return 0;
    }
    return -1;
}

// All of the text. Beyond a double's range from_chars says so and no more, where strtod rounds.
bool doubleFrom(std::string_view text, double &value)
{
    const std::from_chars_result result = numberFrom(text, value);
    if (result.ec != std::errc::result_out_of_range || result.ptr != text.data() + text.size())
        return result.ec == std::errc();
    const ScopedCLocale locale;
    value = std::strtod(std::string(text).c_str(), nullptr);
    return true;
}

struct HexColour {
    bool valid = false;
    std::uint32_t value = 0;
    std::size_t digits = 0;
};

HexColour hexColourOf(std::string_view digits)
{
    HexColour colour{.digits = digits.size()};
    const char *end = digits.data() + digits.size();
    const std::from_chars_result result = std::from_chars(digits.data(), end, colour.value, 16);
    colour.valid = !digits.empty() && digits.size() <= 8 && result.ec == std::errc() && result.ptr == end;
    return colour;
}

// ---- spelling ----------------------------------------------------------------------------------------------------

// How many letters must be put in, taken out or changed; upper and lower case are the same.
std::size_t editDistance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t i = 0; i < row.size(); ++i)
        row[i] = i;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t k = 1; k <= b.size(); ++k) {
            const std::size_t changed = diagonal + (toLower(a[i - 1]) == toLower(b[k - 1]) ? 0 : 1);
            diagonal = std::exchange(row[k], std::min({row[k] + 1, row[k - 1] + 1, changed}));
        }
    }
    return row[b.size()];
}

// Smaller is nearer; beginnings and parts of a word count as one slip and two.
std::size_t farness(std::string_view word, std::string_view candidate)
{
    const std::size_t distance = editDistance(word, candidate);
    if (distance != 0 && candidate.size() > word.size() && equalIgnoringCase(candidate.substr(0, word.size()), word))
        return 1;
    if (word.size() >= 3 && candidate.find(word) != std::string_view::npos)
        return std::min<std::size_t>(distance, 2);
    return distance;
}

// ---- "name=value, name=value" ------------------------------------------------------------------------------------

bool isNameChar(char c)
{
    return (toLower(c) >= 'a' && toLower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

Status badParam(std::string_view piece, const std::string &problem)
{
    return {Code::InvalidArgument, quoted(piece) + " " + problem +
                                       "; write \"name=value,name=value\", as in \"brightness=0.1,saturation=0.3\""};
}

// Past a type in front of a value, as in "(float)0.1", which GstStructure's text has.
std::string_view withoutTypeHint(std::string_view text)
{
    if (text.empty() || text.front() != '(')
        return text;
    const std::size_t close = text.find(')');
    if (close == std::string_view::npos || close < 2)
        return text;
    const std::string_view hint = trimmed(text.substr(1, close - 1));
    return !hint.empty() && std::all_of(hint.begin(), hint.end(), isNameChar) ? trimmed(text.substr(close + 1)) : text;
}

// Where the piece that begins at 0 ends: at a comma outside quotes, or at the end of the text.
std::size_t pieceEnd(std::string_view text)
{
    bool inQuotes = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"')
            inQuotes = !inQuotes;
        else if (inQuotes && text[i] == '\\')
            ++i;
        else if (!inQuotes && text[i] == ',')
            return i;
    }
    return text.size();
}

Result<std::string> unquoted(std::string_view piece, std::string_view value)
{
    if (value.empty())
        return badParam(piece, "has no value");
    if (value.front() != '"') {
        if (value.find('"') != std::string_view::npos)
            return badParam(piece, "has a quotation mark inside its value");
        return std::string(value);
    }
    std::string text;
    for (std::size_t i = 1; i < value.size(); ++i) {
        if (value[i] == '"') {
            if (i + 1 != value.size())
                return badParam(piece, "goes on after its closing quotation mark");
            return text;
        }
        if (value[i] == '\\' && i + 1 < value.size())
            ++i;
        text += value[i];
    }
    return badParam(piece, "lacks the closing quotation mark");
}

Result<NamedText> parsePiece(std::string_view piece)
{
    const std::size_t equals = piece.find('=');
    if (piece.empty())
        return badParam(piece, "between two commas is empty");
    if (equals == std::string_view::npos)
        return badParam(piece, "has no '='");
    const std::string_view name = trimmed(piece.substr(0, equals));
    if (name.empty())
        return badParam(piece, "has no name before the '='");
    if (!std::all_of(name.begin(), name.end(), isNameChar))
        return badParam(piece, "has a name with other characters than letters, digits, '-' and '_'");
    Result<std::string> value = unquoted(piece, withoutTypeHint(trimmed(piece.substr(equals + 1))));
    if (!value)
        return value.status();
    return NamedText{std::string(name), std::move(value.value())};
}

} // namespace

std::vector<std::string> choicesOf(const ParamSpec &spec)
{
    std::vector<std::string> choices;
    std::string_view rest = spec.choices != nullptr ? spec.choices : "";
    while (!rest.empty()) {
        const std::size_t bar = rest.find('|');
        choices.emplace_back(rest.substr(0, bar));
        rest = bar == std::string_view::npos ? std::string_view() : rest.substr(bar + 1);
    }
    return choices;
}

ParamValues::ParamValues(std::span<const ParamSpec> specs) : specs_(specs)
{
    values_.reserve(specs.size());
    for (const ParamSpec &spec : specs)
        values_.push_back(spec.fallback);
}

int ParamValues::indexOf(std::string_view name) const
{
    for (std::size_t i = 0; i < specs_.size(); ++i) {
        if (name == specs_[i].name)
            return static_cast<int>(i);
    }
    return -1;
}

Result<ParamNote> ParamValues::setNumber(int index, double value)
{
    const auto i = static_cast<std::size_t>(index);
    if (index < 0 || i >= specs_.size()) {
        return Status(Code::InvalidArgument, "there is no parameter number " + std::to_string(index) + ", only " +
                                                 std::to_string(specs_.size()) + " of them, counted from 0");
    }
    const ParamSpec &spec = specs_[i];
    const Limits limits = limitsOf(spec);
    if (std::isnan(value))
        return refused(spec, numberText(value), "is not a number");
    if (limits.whole && value != std::trunc(value))
        return refused(spec, numberText(value), "is not a whole number");
    const bool outside = value < limits.low || value > limits.high;
    if (outside && !limits.clamps)
        return refused(spec, numberText(value), "is not among the choices");
    // The sum turns -0 into 0, which prints better.
    values_[i] = std::min(std::max(value, limits.low), limits.high) + 0.0;
    return outside ? clampedNote(spec, value, valueText(spec, values_[i])) : ParamNote();
}

Result<ParamNote> ParamValues::setText(int index, std::string_view text)
{
    const auto i = static_cast<std::size_t>(index);
    if (index < 0 || i >= specs_.size())
        return setNumber(index, 0);
    const ParamSpec &spec = specs_[i];
    const std::string_view word = trimmed(text);
    if (spec.type == ParamType::Bool) {
        const int flag = boolOf(word);
        return flag >= 0 ? setNumber(index, flag) : refused(spec, quoted(text), "is neither true nor false");
    }
    if (spec.type == ParamType::Enum) {
        const std::vector<std::string> choices = choicesOf(spec);
        const auto found = std::find(choices.begin(), choices.end(), word);
        if (found != choices.end())
            return setNumber(index, static_cast<double>(found - choices.begin()));
    }
    if (spec.type == ParamType::Colour && !word.empty() && word.front() == '#') {
        const HexColour colour = hexColourOf(word.substr(1));
        if (!colour.valid || (colour.digits != 6 && colour.digits != 8))
            return refused(spec, quoted(text), "is not # with six or eight hexadecimal digits");
        return setNumber(index, colour.digits == 6 ? (0xff000000u | colour.value) : colour.value);
    }
    if (spec.type == ParamType::Colour && word.size() > 2 && word[0] == '0' && toLower(word[1]) == 'x') {
        const HexColour colour = hexColourOf(word.substr(2));
        if (!colour.valid)
            return refused(spec, quoted(text), "is not 0x with at most eight hexadecimal digits");
        Result<ParamNote> set = setNumber(index, colour.value);
        if (set && colour.digits == 6) {
            set->text = std::string(spec.name) + "=" + std::string(word) +
                        " is 0xAARRGGBB with opacity 00; an opaque colour is #" + std::string(word.substr(2)) +
                        " or 0xff" + std::string(word.substr(2));
        }
        return set;
    }
    if (double value = 0; doubleFrom(word, value))
        return setNumber(index, value);
    if (spec.type == ParamType::Enum)
        return refused(spec, quoted(text), "is not among the choices");
    return refused(spec, quoted(text), spec.type == ParamType::Colour ? "is not a colour" : "is not a number");
}

Result<ParamNote> ParamValues::setText(std::string_view name, std::string_view text)
{
    const int index = indexOf(name);
    if (index >= 0)
        return setText(index, text);
    if (specs_.empty())
        return Status(Code::NotFound, "no parameter is called " + quoted(name) + "; this kernel has none");
    std::vector<std::string> names;
    for (const ParamSpec &spec : specs_)
        names.emplace_back(spec.name);
    const std::vector<std::string> near = nearest(name, names, 2);
    return Status(Code::NotFound, "no parameter is called " + quoted(name) +
                                      (near.empty() ? "" : "; did you mean " + joined(near, " or ") + "?") +
                                      (near.empty() ? "; valid are " : " Valid are ") + joined(names, ", "));
}

std::string ParamValues::textOf(int index) const
{
    const auto i = static_cast<std::size_t>(index);
    return index >= 0 && i < specs_.size() ? valueText(specs_[i], values_[i]) : std::string();
}

std::string ParamValues::toString() const
{
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < specs_.size(); ++i)
        parts.push_back(std::string(specs_[i].name) + "=" + valueText(specs_[i], values_[i]));
    return joined(parts, ",");
}

Status putParam(std::vector<NamedText> &parts, NamedText part)
{
    constexpr std::size_t kMost = 256; // bounds the search
    const auto same =
        std::find_if(parts.begin(), parts.end(), [&part](const NamedText &other) { return other.name == part.name; });
    if (same != parts.end())
        same->text = std::move(part.text);
    else if (parts.size() < kMost)
        parts.push_back(std::move(part));
    else
        return {Code::InvalidArgument, "more than " + std::to_string(kMost) + " parameters"};
    return {};
}

Result<std::vector<NamedText>> splitParams(std::string_view text)
{
    std::vector<NamedText> parts;
    std::string_view rest = trimmed(text);
    while (!rest.empty()) {
        const std::size_t end = pieceEnd(rest);
        Result<NamedText> part = parsePiece(trimmed(rest.substr(0, end)));
        if (!part)
            return part.status();
        rest = end < rest.size() ? trimmed(rest.substr(end + 1)) : std::string_view();
        if (Status put = putParam(parts, std::move(part.value())); !put)
            return put;
    }
    return parts;
}

std::pair<std::string, std::string> splitKernel(std::string_view text)
{
    const std::size_t comma = text.find(',');
    const std::string_view rest = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    return {std::string(trimmed(text.substr(0, comma))), std::string(trimmed(rest))};
}

std::vector<std::string> nearest(std::string_view word, std::span<const std::string> candidates, std::size_t count)
{
    // Nothing resembles a text that long, and comparing it would take its time.
    constexpr std::size_t kLongest = 64;
    if (word.empty() || word.size() > kLongest)
        return {};
    const std::size_t tolerated = std::max<std::size_t>(2, word.size() / 3);
    std::vector<std::pair<std::size_t, std::string>> ranked;
    for (const std::string &candidate : candidates) {
        const std::size_t distance = farness(word, candidate);
        if (distance <= tolerated && distance < candidate.size())
            ranked.emplace_back(distance, candidate);
    }
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto &a, const auto &b) { return a.first < b.first; });
    std::vector<std::string> names;
    for (std::size_t i = 0; i < std::min(count, ranked.size()); ++i)
        names.push_back(ranked[i].second);
    return names;
}

} // namespace zc
