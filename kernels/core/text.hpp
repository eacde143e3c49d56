// SPDX-License-Identifier: MIT
// Small helpers for text that a person typed: trimming, numbers in the C locale, quoting in messages.
#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <system_error>

namespace zc {

inline bool isSpace(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

inline char toLower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline std::string_view trimmed(std::string_view text)
{
    while (!text.empty() && isSpace(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && isSpace(text.back()))
        text.remove_suffix(1);
    return text;
}

// The text in quotes for a message: cut to a length that a log line bears, and plain ASCII, because a message that is
// not valid UTF-8 may not travel in a GError.
inline std::string quoted(std::string_view text)
{
    constexpr std::size_t kLongest = 60;
    std::string out = "\"";
    for (const char c : text.substr(0, kLongest))
        out += c >= ' ' && c <= '~' ? c : '?';
    return out + (text.size() > kLongest ? "...\"" : "\"");
}

// All of the text as a whole number or a floating one; from_chars ignores the locale.
template <class T> std::from_chars_result numberFrom(std::string_view text, T &value)
{
    if (text.size() > 1 && text[0] == '+' && text[1] != '-')
        text.remove_prefix(1);
    std::from_chars_result result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec == std::errc() && result.ptr != text.data() + text.size())
        result.ec = std::errc::invalid_argument;
    return result;
}

template <class T> std::string numberText(T value)
{
    char buffer[64];
    const std::to_chars_result result = std::to_chars(buffer, buffer + sizeof buffer, value);
    return {buffer, result.ptr};
}

} // namespace zc
