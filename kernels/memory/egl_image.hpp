// SPDX-License-Identifier: MIT
// An EGLImage as kernels reach it: registered with CUDA once and kept, its planes as addresses or surface objects.
#pragma once

#include "core/frame.hpp"
#include "core/status.hpp"

#include <cstddef>
#include <memory>

namespace zc {

// The registration of one EGLImage. It must go before the image does, on whatever thread: the owning context is made
// current there. What others write to the image shows without another registration; whoever writes must wait for
// others' work on it first, since CUDA and EGL order nothing between them.
class EglImageImport {
public:
    // `context`: a CUcontext that outlives the import, or null for the primary one of the device, which is retained.
    // `eglImage`: an EGLImageKHR. Unsupported if the driver has no EGL, Access if it refuses the image: the message
    // says what would work. Takes tens of microseconds, and up to a hundred milliseconds on a busy GPU. Any thread.
    static Result<EglImageImport> make(int device, void *context, void *eglImage);

    EglImageImport(EglImageImport &&other) noexcept;
    EglImageImport &operator=(EglImageImport &&other) noexcept;
    EglImageImport(const EglImageImport &) = delete;
    EglImageImport &operator=(const EglImageImport &) = delete;
    ~EglImageImport(); // waits for nothing: no work on the image may be queued any more

    // Fills in where the planes are: addresses and pitches, or surface objects, device and the context of make().
    // Format and size must be set, plane sizes, too (setPlaneSizes()), and pitches only by who knows them: CUDA tells
    // that of the first plane alone, so that the others' are derived where they are 0. The image may be larger than the
    // frame, which then is its top left corner. BadLayout if its planes, sizes, channels or sample size do not fit: the
    // message names found and expected. The frame may be used as long as the import lives.
    Status place(Frame &frame) const;

    // Copies the first `rows` rows of `bytes` bytes of a plane between the image and memory of the CPU, whose rows
    // are `pitch` apart, and waits. For frames that place() took.
    Status read(const Frame &placed, int plane, void *to, std::size_t pitch, std::size_t bytes, std::size_t rows) const;
    Status write(const Frame &placed, int plane, const void *from, std::size_t pitch, std::size_t bytes,
                 std::size_t rows) const;

    void *image() const;  // as given to make()
    bool isArray() const; // surface objects, not addresses

private:
    struct Impl;
    explicit EglImageImport(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace zc
