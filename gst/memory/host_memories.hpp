// SPDX-License-Identifier: MIT
// Memory that the CPU can address, as kernels reach it: by GStreamer's map on the CPU; on a GPU pinned once and used
// over the bus.
#pragma once

#include "import_cache.hpp"
#include "importer.hpp"
#include "memory/host_mapping.hpp"
#include "memory_maps.hpp"

#include <optional>

namespace zc::gst {

// One importer's, used from its streaming thread. What was pinned stays so until its memory dies, on any thread.
class HostMemories {
public:
    // Without a GPU, kernels run on the CPU.
    explicit HostMemories(std::shared_ptr<HostGpu> gpu) : gpu_(std::move(gpu)) {}

    // The address at which kernels find the plane's first byte, until endFrame().
    Result<std::uint8_t *> reach(const PlaneLocation &plane, Access access);

    void endFrame() { maps_.unmapAll(); }
    void clear() { cache_.clear(); }

    guint64 imports() const { return imports_; }

private:
    // Of one memory without a parent. Undone in reverse order.
    struct Pinned {
        std::optional<DmabufMapping> file; // of memory that is mapped through a descriptor
        HostMapping range;
        bool serves(Access access) const { return range.writable() || !writes(access); }
    };

    Result<std::uint8_t *> reachFile(GstMemory *root, const PlaneLocation &plane, Access access);
    Result<std::uint8_t *> reachRange(GstMemory *root, std::uint8_t *begin, gsize bytes, Access access);

    std::shared_ptr<HostGpu> gpu_;
    MemoryMaps maps_;
    ImportCache<Pinned> cache_;
    guint64 imports_ = 0;
};

// Sets where the frame's planes are: on the CPU (null) or at addresses of that GPU.
Status setPlace(Frame &frame, HostGpu *gpu);

// Pins all pages of a file's mapping, which was made for that access.
Result<HostMapping> pinMapping(const std::shared_ptr<HostGpu> &gpu, const DmabufMapping &mapping, Access access);

// The refusal of host memory by the driver, with what would work instead. Other failures stay as they are.
Status withCure(const Status &status, const std::string &memory);

} // namespace zc::gst
