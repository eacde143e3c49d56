// SPDX-License-Identifier: MIT
// Tells the driver of this folder which kernel each of the library's images is. Part of the test's executable.
#include "cuda/embedded.hpp"

extern "C" void zc_on_host_image(const void *image, const char *kernel);

namespace {

[[maybe_unused]] const bool told = [] {
    for (const zc::cuda::Embedded &image : zc::cuda::embeddedImages())
        zc_on_host_image(image.data, image.name);
    return true;
}();

} // namespace
