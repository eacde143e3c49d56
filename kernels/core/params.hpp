// SPDX-License-Identifier: MIT
// A kernel's parameters: parsing, checking, clamping and printing of values against their declaration.
#pragma once

#include "core/status.hpp"
#include "cudazerocopy/device.cuh"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zc {

// The words of an enum parameter, in the order of their values; none for other types.
std::vector<std::string> choicesOf(const ParamSpec &spec);

// What set() had to change or could not take, for the caller to warn about.
struct ParamNote {
    std::string text; // empty: nothing to say
};

// The values of one kernel's parameters, always complete and always inside their ranges.
// Reentrant: copy it to hand it to another thread.
class ParamValues {
public:
    ParamValues() = default;
    explicit ParamValues(std::span<const ParamSpec> specs);

    std::span<const ParamSpec> specs() const { return specs_; }
    std::span<const double> values() const { return values_; }
    ParamView view() const { return {values_.data()}; }
    int indexOf(std::string_view name) const; // -1 if there is none

    // Sets one value. Out of range, infinity too: clamped, and the note says so. NaN, text where a number belongs, or a
    // choice that does not exist: refused, the value stays. Text beyond what a double holds is rounded as IEEE 754
    // does: 1e999 is infinity, 1e-999 is 0.
    Result<ParamNote> setNumber(int index, double value);
    Result<ParamNote> setText(int index, std::string_view text);
    // An unknown name is refused with the nearest valid ones.
    Result<ParamNote> setText(std::string_view name, std::string_view text);

    std::string textOf(int index) const; // locale-proof, "0.1", "true", "horizontal", "#80ff0000"
    std::string toString() const;        // "brightness=0.1,saturation=0.3", all of them

    bool operator==(const ParamValues &other) const { return values_ == other.values_; }

private:
    std::span<const ParamSpec> specs_;
    std::vector<double> values_;
};

struct NamedText {
    std::string name;
    std::string text;
};

// Splits "a=1, b=#ff0000" into its parts. Quotes (") may surround a value.
Result<std::vector<NamedText>> splitParams(std::string_view text);

// Adds one, in place of one of the same name. Refused beyond a number that no kernel has.
Status putParam(std::vector<NamedText> &parts, NamedText part);

// Splits "pixelate,block=24" into the kernel's name and the rest.
std::pair<std::string, std::string> splitKernel(std::string_view text);

// The candidates nearest in spelling, best first, at most `count`; for "did you mean".
std::vector<std::string> nearest(std::string_view word, std::span<const std::string> candidates, std::size_t count);

} // namespace zc
