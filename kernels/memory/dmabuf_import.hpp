// SPDX-License-Identifier: MIT
// A dmabuf as a GPU reaches it by itself, without the CPU's mapping: EGLImage, registered with CUDA, and proven.
#pragma once

#include "egl/dmabuf_image.hpp"
#include "memory/egl_image.hpp"

#include <string>

namespace zc {

// Not for buffers whose planes lie in different files.
class DmabufImport {
public:
    // Unsupported where EGL or CUDA do not take such dmabufs at all, Access where they do not take this one. Any
    // thread.
    static Result<DmabufImport> make(int gpu, const egl::DmabufPicture &picture);

    // As EglImageImport::place().
    Status place(Frame &frame) const { return registered_.place(frame); }

    // Compares the picture as the GPU sees it with the mapping of the file, and with `writable` also writes a row of
    // each plane there and back: drivers have taken dmabufs of others and shown something else. Access if it is not the
    // same memory, or cannot be mapped to tell. Nobody else may be at work on it. May take milliseconds.
    Status verify(const egl::DmabufPicture &picture, const Frame &placed, bool writable) const;

private:
    DmabufImport(egl::DmabufImage image, EglImageImport registered)
        : image_(std::move(image)), registered_(std::move(registered))
    {}
    egl::DmabufImage image_; // goes after its registration
    EglImageImport registered_;
};

// How dmabufs of one kind reach a GPU, as it has proved in this process.
enum class DmabufWay { Unknown, Image, Mapping };

struct DmabufKind {
    int gpu = 0;
    Format format = Format::Unknown;
    std::uint64_t modifier = 0;
    std::string exporter; // as dmabufExporter() tells
};

// Thread-safe. What was noted last holds for the life of the process.
DmabufWay dmabufWay(const DmabufKind &kind);
void noteDmabufWay(const DmabufKind &kind, DmabufWay way);
void forgetDmabufWays(); // for tests

// Whether an image is to be tried before the mapping: memory of the GPU's own driver, which the CPU may not map, and
// every dmabuf on a GPU that shares its memory with the CPU. Images of other devices' memory on a card of its own gain
// nothing over the mapping.
bool prefersDmabufImage(const DmabufKind &kind);

} // namespace zc
