// SPDX-License-Identifier: MIT
// The mappings that a picture of an NvBufSurface has room for: one of each kind, which all elements share.
#pragma once

#include "core/status.hpp"
#include "memory/nvbufsurface_library.hpp"

#include <cstdint>

namespace zc::nvbuf {

enum class MappingKind { Plane, EglImage, CudaBuffer };

// Which mapping of which picture.
struct MappingSlot {
    const Library *library = nullptr;
    Surface *surface = nullptr;
    std::uint32_t index = 0; // of the picture
    MappingKind kind = MappingKind::EglImage;
    int plane = 0; // of MappingKind::Plane

    void *value() const; // null where nothing is mapped
};

// A mapping in use. One that was there already belongs to whoever made it; one that was made here is undone when its
// last user of this process lets go of it, if it is still the one that was made.
class Mapping {
public:
    // Access if the library refuses. May take milliseconds. Any thread.
    static Result<Mapping> hold(const MappingSlot &slot);

    Mapping(Mapping &&other) noexcept;
    Mapping &operator=(Mapping &&other) noexcept;
    Mapping(const Mapping &) = delete;
    Mapping &operator=(const Mapping &) = delete;
    ~Mapping() { release(); } // the surface must live, unless abandon() was called; any thread

    void *value() const { return value_; }
    // False once somebody has unmapped it, or mapped anew.
    bool isCurrent() const { return slot_.value() == value_; }
    // Never touches the surface again, which is gone.
    void abandon();

private:
    Mapping(const MappingSlot &slot, void *value, bool counted) : slot_(slot), value_(value), counted_(counted) {}
    void release();

    MappingSlot slot_;
    void *value_ = nullptr;
    bool counted_ = false; // was made by this process's users of Mapping
};

} // namespace zc::nvbuf
