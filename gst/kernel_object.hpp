// SPDX-License-Identifier: MIT
// The child object "kernel" of the element: each parameter of the kernel as a typed, controllable property.
#pragma once

#include "settings.hpp"

#include <gst/gst.h>

#include <memory>

namespace zc::gst {

// An object of the class that belongs to this kernel (made on first use); reads and writes `settings`. It is named
// "kernel" and has no parent yet. Transfer: floating.
GstObject *makeKernelObject(const KernelInfo &kernel, std::shared_ptr<Settings> settings);

const KernelInfo &kernelOfObject(GstObject *object);

// Every kernel with its parameters, ranges and defaults, for a property's description.
std::string describeKernels();

} // namespace zc::gst
