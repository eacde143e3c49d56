// SPDX-License-Identifier: MIT
// Prints the registry of built-in kernels as Markdown, for scripts/gen-docs.
#include "core/params.hpp"
#include "runtime/kernel.hpp"

#include <cstdio>
#include <string>

namespace {

const char *nameOf(zc::Shape shape)
{
    switch (shape) {
    case zc::Shape::Colour:
        return "colour";
    case zc::Shape::Sample:
        return "sample";
    case zc::Shape::Frame:
        return "frame";
    }
    return "unknown";
}

const char *nameOf(zc::ParamType type)
{
    switch (type) {
    case zc::ParamType::Float:
        return "number";
    case zc::ParamType::Int:
        return "whole number";
    case zc::ParamType::Bool:
        return "true or false";
    case zc::ParamType::Enum:
        return "choice";
    case zc::ParamType::Colour:
        return "colour";
    }
    return "unknown";
}

// A table's cells may not hold a bare '|'.
std::string choicesIn(const zc::ParamSpec &spec)
{
    std::string text;
    for (const std::string &choice : zc::choicesOf(spec))
        text += (text.empty() ? "`" : ", `") + choice + "`";
    return text;
}

std::string rangeOf(const zc::ParamSpec &spec)
{
    switch (spec.type) {
    case zc::ParamType::Float:
    case zc::ParamType::Int: {
        char text[64];
        std::snprintf(text, sizeof text, "%g … %g", spec.low, spec.high);
        return text;
    }
    case zc::ParamType::Enum:
        return choicesIn(spec);
    case zc::ParamType::Bool:
    case zc::ParamType::Colour:
        break;
    }
    return "";
}

void print(const zc::KernelInfo &kernel)
{
    std::printf("\n### %s\n\n%s. Shape: %s.\n", kernel.name, kernel.summary, nameOf(kernel.shape));
    if (kernel.params.empty()) {
        std::printf("\nNo parameters.\n");
        return;
    }
    const zc::ParamValues fallbacks(kernel.params);
    std::printf("\n| parameter | type | default | range | meaning |\n| --- | --- | --- | --- | --- |\n");
    for (std::size_t i = 0; i < kernel.params.size(); ++i) {
        const zc::ParamSpec &spec = kernel.params[i];
        std::printf("| `%s` | %s | `%s` | %s | %s |\n", spec.name, nameOf(spec.type),
                    fallbacks.textOf(static_cast<int>(i)).c_str(), rangeOf(spec).c_str(), spec.description);
    }
    std::printf("\n    kernel=%s params=\"%s\"\n", kernel.name, fallbacks.toString().c_str());
}

} // namespace

int main()
{
    for (const zc::KernelInfo &kernel : zc::builtInKernels())
        print(kernel);
    return 0;
}
