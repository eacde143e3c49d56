// SPDX-License-Identifier: MIT
// Frames to work on: more of them than caches hold, as a decoder's pool would be, with smooth contents and a little
// noise, restored after each turn so that repeated kernels do not drive them to black or white.
#pragma once

#include "backend/backend.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace zc::bench {

struct Size {
    const char *name;
    int width, height;
};
inline constexpr Size k1080p = {"1080p", 1920, 1080};
inline constexpr Size k2160p = {"4K", 3840, 2160};

// The layout that GStreamer gives a frame of these caps: planes one after another, rows on multiples of four bytes.
Frame layOut(Format format, int width, int height);
std::size_t bytesOf(const Frame &frame);
void place(Frame &frame, std::uint8_t *memory); // sets the planes' addresses
std::vector<std::uint8_t> picture(const Frame &frame);

// How many frames of this size a ring has: 64 MiB, within limits.
int ringLength(std::size_t frameBytes);

class Ring {
public:
    Ring(Format format, Size size);

    void advance(); // to the next frame; not to be timed
    const Frame &frame() const { return frame_; }
    std::uint8_t *bytes() const { return frames_[at_].get(); }
    std::size_t size() const { return fresh_.size(); }

private:
    struct Free {
        void operator()(void *memory) const { std::free(memory); }
    };
    Frame frame_;
    std::vector<std::uint8_t> fresh_;
    std::vector<std::unique_ptr<std::uint8_t, Free>> frames_;
    std::size_t at_ = 0;
};

// A kernel with parameters such as "brightness=0.1,hue=0.2", ready for a backend.
class Work {
public:
    Work(const char *kernel, const char *params);
    Launch launch() const;

private:
    const KernelInfo *kernel_;
    ParamValues values_;
};

// Ends the program if the backend refuses, which is a fault of the benchmark.
void runOrStop(Backend &backend, const Frame &frame, const Work &work);

} // namespace zc::bench
