// SPDX-License-Identifier: MIT
// An NvBufSurface as kernels reach it, whatever it is made of.
#pragma once

#include "core/access.hpp"
#include "memory/egl_image.hpp"
#include "memory/host_mapping.hpp"
#include "memory/nvbufsurface_mapping.hpp"
#include "memory/nvbufsurface_reader.hpp"

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace zc {

// Where kernels are to run.
struct SurfaceSite {
    bool onCpu = false; // always
    bool onGpu = false; // always; with neither, where the memory is
    int wantedGpu = -1; // that the surfaces must lie on; -1: any
};

// What was made to reach one surface: mappings, registrations, checks of addresses. It keeps them from frame to frame
// and must go before the surface does; any thread may destroy it.
class SurfaceImport {
public:
    explicit SurfaceImport(const SurfaceSite &site) : site_(site) {}
    SurfaceImport(const SurfaceImport &) = delete;
    SurfaceImport &operator=(const SurfaceImport &) = delete;
    ~SurfaceImport() { (void)close(); }

    // One frame for each filled picture, in order, valid until close(). `data` is what the memory maps to, and must be
    // the same surface each time; everything in it is read anew and checked. Begins access by the CPU where that needs
    // it. The Status says what was found, what was expected and what would work.
    Result<std::span<const Frame>> open(void *data, std::size_t bytes, const nvbuf::Expected &expected, Access access);
    // Ends access by the CPU. To be called after every open() that succeeded.
    Status close();

    // Whether the last open() had to make something that stays.
    bool madeSomething() const { return made_; }

private:
    // Of one picture of the batch. Undone in reverse order.
    struct Reached {
        std::optional<nvbuf::Mapping> mapping; // the EGLImage, or CUDA's buffer
        std::optional<EglImageImport> image;
        std::array<std::optional<nvbuf::Mapping>, kMaxPlanes> planes; // of the CPU
        const void *checked = nullptr;                                // an address that was found to be good
        std::uint64_t checkedBytes = 0;
        std::uint64_t bufferDesc = 0;
    };
    struct Job;

    Status place(Job &job);
    Status placeCudaMemory(Job &job);
    Status placeSystemMemory(Job &job);
    Status placeSurfaceArray(Job &job);
    Status placeEglImage(Job &job);
    Status placeMappedPlanes(Job &job);
    Status beginCpu(const Job &job);
    Status checkGpu(const nvbuf::View &view) const;
    Status checkAddress(Job &job, void *data, bool cpu);
    Result<void *> cudaAddress(Job &job);
    Result<const nvbuf::Library *> libraryFor(const Job &job) const;
    nvbuf::MemType kindOf(const Job &job);
    HostGpu &gpu(int device);
    void forget();

    SurfaceSite site_;
    void *surface_ = nullptr;
    std::size_t bytes_ = 0;
    std::unique_ptr<HostGpu> gpu_; // keeps the primary context
    std::vector<Reached> reached_;
    std::vector<Frame> frames_;
    const nvbuf::Library *library_ = nullptr;
    struct CpuPlane {
        std::uint32_t index;
        int plane;
    };
    std::vector<CpuPlane> cpuPlanes_; // to be handed back to the device
    Access access_ = Access::Read;
    bool made_ = false;
};

} // namespace zc
