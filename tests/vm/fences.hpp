// SPDX-License-Identifier: MIT
// A dmabuf with a device's unfinished work on it, from the kernel's virtual GPU (module vgem).
#pragma once

#include "core/unique_fd.hpp"

#include <gst/gst.h>

#include <cstdint>

namespace zc::vm {

class VirtualGpu {
public:
    VirtualGpu();
    // False where the module is not loaded.
    bool present() const { return device_.valid(); }

    // A dmabuf of its own, and work on it that signal() ends. The kernel ends it by itself after ten seconds.
    UniqueFd makeDmabuf(gsize size);
    void beginWork();
    void signal();

private:
    UniqueFd device_;
    std::uint32_t handle_ = 0;
    std::uint32_t fence_ = 0;
};

} // namespace zc::vm
