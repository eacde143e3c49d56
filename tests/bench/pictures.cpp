// SPDX-License-Identifier: MIT
// Frames to work on, and kernels to run over them.
#include "pictures.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace zc::bench {

namespace {

constexpr std::size_t kRingBytes = std::size_t{64} << 20;

[[noreturn]] void stop(const char *what, const std::string &why)
{
    std::fprintf(stderr, "%s: %s\n", what, why.c_str());
    std::exit(EXIT_FAILURE);
}

} // namespace

Frame layOut(Format format, int width, int height)
{
    Frame frame;
    frame.format = format;
    frame.width = width;
    frame.height = height;
    const FormatInfo &info = formatInfo(format);
    const bool rgb = info.layout == Layout::PackedRgb || info.layout == Layout::Rgb10a2;
    frame.range = rgb ? ColorRange::Full : ColorRange::Limited;
    setPlaneSizes(frame);
    for (int i = 0; i < info.planes; ++i)
        frame.planes[i].pitch = (rowBytes(info, i, width) + 3) / 4 * 4;
    return frame;
}

std::size_t bytesOf(const Frame &frame)
{
    std::int64_t bytes = 0;
    for (const Plane &plane : frame.planes)
        bytes += plane.pitch * plane.height;
    return static_cast<std::size_t>(bytes);
}

void place(Frame &frame, std::uint8_t *memory)
{
    for (Plane &plane : frame.planes) {
        if (plane.height == 0)
            continue;
        plane.data = memory;
        memory += plane.pitch * plane.height;
    }
}

std::vector<std::uint8_t> picture(const Frame &frame)
{
    std::vector<std::uint8_t> bytes;
    bytes.reserve(bytesOf(frame));
    std::uint32_t noise = 1;
    for (const Plane &plane : frame.planes) {
        for (std::int64_t y = 0; y < plane.height; ++y) {
            for (std::int64_t x = 0; x < plane.pitch; ++x) {
                noise = noise * 1664525 + 1013904223;
                const std::int64_t slope = 140 * x / plane.pitch + 60 * y / plane.height;
                bytes.push_back(static_cast<std::uint8_t>(20 + slope + (noise >> 29)));
            }
        }
    }
    return bytes;
}

int ringLength(std::size_t frameBytes)
{
    return static_cast<int>(std::clamp<std::size_t>(kRingBytes / frameBytes, 2, 16));
}

Ring::Ring(Format format, Size size) : frame_(layOut(format, size.width, size.height)), fresh_(picture(frame_))
{
    const std::size_t rounded = (fresh_.size() + 63) / 64 * 64;
    for (int i = 0; i < ringLength(fresh_.size()); ++i) {
        frames_.emplace_back(static_cast<std::uint8_t *>(std::aligned_alloc(64, rounded)));
        std::memcpy(frames_.back().get(), fresh_.data(), fresh_.size());
    }
    place(frame_, bytes());
}

void Ring::advance()
{
    at_ = (at_ + 1) % frames_.size();
    if (at_ == 0)
        for (const auto &frame : frames_)
            std::memcpy(frame.get(), fresh_.data(), fresh_.size());
    place(frame_, bytes());
}

Work::Work(const char *kernel, const char *params) : kernel_(findKernel(kernel))
{
    if (!kernel_)
        stop(kernel, unknownKernel(kernel).message());
    values_ = ParamValues(kernel_->params);
    const auto parts = splitParams(params);
    if (!parts)
        stop(params, parts.status().message());
    for (const NamedText &part : parts.value())
        if (const auto set = values_.setText(part.name, part.text); !set)
            stop(params, set.status().message());
}

Launch Work::launch() const
{
    Launch launch;
    launch.kernel = kernel_;
    launch.params = &values_;
    return launch;
}

void runOrStop(Backend &backend, const Frame &frame, const Work &work)
{
    if (const Status status = backend.run(frame, work.launch()); !status.ok())
        stop("backend", status.message());
}

} // namespace zc::bench
