// SPDX-License-Identifier: MIT
// Ways for a surface to be wrong.
#pragma once

#include "library.hpp"

#include <utility>
#include <vector>

namespace zc::nvmm_test {

enum class Break {
    None,
    // What the map shows is no surface.
    Garbage,
    Zeros,
    TooSmall,
    OtherAbi, // structs of the ABI that the library does not have
    // The batch.
    NullList,
    AbsurdBatch,
    TooManyFilled,
    NoneFilled,
    MemType,
    WrongGpu,
    // Each of its surfaces.
    NullData,
    ForeignData, // memory that CUDA has never heard of
    FreedData,   // CUDA memory that was given back
    PlaneOutside,
    SmallData,
    ThinPitch,
    AbsurdPitch,
    NoPlanes,
    ManyPlanes,
    OddPlaneSize,
    WrongSize,
    WrongFormat,
    UnknownFormat,
    Layout,
    FreedEgl,
    Protected,
    // The buffer.
    TwoMemories,
    PlainMemory,
    // Its metadata.
    MetaCycle,
    MetaNan,
    MetaIndex,
    MetaCount,
    MetaNull,
    MetaType,
};

// A surface, made wrong and put right again.
class Breakage {
public:
    // `surface` is what its memory shows from now on; shown() and shownBytes() say whether that is something else.
    void apply(const Library &library, void *surface, Break how);
    // Before the surface is used otherwise, or destroyed.
    void restore();

    bool active() const { return library_ != nullptr; }
    void *shown() const { return shown_; }
    std::size_t shownBytes() const { return shownBytes_; }

private:
    void substitute(Break how);
    void spoilBatch(Break how);
    void spoilSurface(std::uint32_t i, Break how);

    const Library *library_ = nullptr;
    void *surface_ = nullptr, *shown_ = nullptr;
    void *stale_ = nullptr; // the EGLImage that is none
    std::size_t shownBytes_ = 0;
    fake_nvbuf::Surface head_{};
    std::vector<fake_nvbuf::Params> params_;
    std::vector<std::uint64_t> structs_, list_, foreign_; // what stands in
};

} // namespace zc::nvmm_test
