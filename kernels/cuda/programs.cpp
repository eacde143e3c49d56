// SPDX-License-Identifier: MIT
// The source text of built-in kernels.
#include "cuda/programs.hpp"

#include "core/text.hpp"

#include <algorithm>

namespace zc::cuda {

namespace {

std::string textOf(const Embedded &file)
{
    return {reinterpret_cast<const char *>(file.data), static_cast<std::size_t>(file.bytes)};
}

// What the build does for nvcc: box-blur is struct BoxBlur in box_blur.hpp.
std::string fileOf(std::string_view kernel)
{
    std::string out(kernel);
    std::replace(out.begin(), out.end(), '-', '_');
    return out;
}

std::string typeOf(std::string_view kernel)
{
    std::string out;
    bool first = true;
    for (const char c : kernel) {
        if (c != '-')
            out += first && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        first = c == '-';
    }
    return out;
}

void substitute(std::string &text, std::string_view word, std::string_view value)
{
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + value.size()))
        text.replace(at, word.size(), value);
}

bool isHeader(std::string_view name)
{
    return name.ends_with(".hpp") || name.ends_with(".cuh");
}

} // namespace

Result<Program> builtInProgram(std::string_view name)
{
    const auto all = embeddedSources();
    const std::string file = fileOf(name);
    Program out;
    if (const Embedded *whole = findEmbedded(all, "backend/" + file + ".cu")) {
        out.source = {whole->name, textOf(*whole)};
    } else {
        const Embedded *frame = findEmbedded(all, "backend/device_op.cu.in");
        if (!frame || !findEmbedded(all, "ops/" + file + ".hpp"))
            return Status{Code::NotFound, "the library carries no source of a kernel " + quoted(name)};
        out.source = {"backend/device_op_" + file + ".cu", textOf(*frame)};
        substitute(out.source.text, "@file@", file);
        substitute(out.source.text, "@type@", typeOf(name));
    }
    // Of the kernels only its own: a change in another does not make its cached code useless.
    for (const Embedded &one : all) {
        const std::string_view path = one.name;
        if (isHeader(path) && (!path.starts_with("ops/") || path == "ops/" + file + ".hpp"))
            out.headers.push_back({one.name, textOf(one)});
    }
    return out;
}

} // namespace zc::cuda
