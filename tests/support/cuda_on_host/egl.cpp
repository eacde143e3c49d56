// SPDX-License-Identifier: MIT
// EGLImages of ../fake_cuda/egl_image.h on this driver: the same memory again, as arrays or pointers.
#include "../fake_cuda/egl.hpp"
#include "cuda/api.hpp"
#include "device.hpp"

#include <mutex>
#include <set>
#include <vector>

using namespace zc::cuda;

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

struct Image {
    zc_fake_egl_image what;
    unsigned long users = 0;
    bool alive = true;
};

struct Registration {
    Image *image;
    std::vector<zc::on_host::Surface> arrays;
    std::vector<ArrayDescriptor> descriptors;
};

std::mutex mutex;
std::set<Image *> images; // none is ever freed, so that a stale handle is told from a live one

Image *find(void *handle)
{
    const std::lock_guard lock(mutex);
    const auto it = images.find(static_cast<Image *>(handle));
    return it == images.end() ? nullptr : *it;
}

std::set<Registration *> registrations;

} // namespace

EXPORT void *zc_fake_egl_image_create(const zc_fake_egl_image *description)
{
    if (description == nullptr || !zc::fake::makesSense(*description))
        return nullptr;
    const std::lock_guard lock(mutex);
    return *images.insert(new Image{*description}).first;
}

EXPORT void zc_fake_egl_image_destroy(void *image)
{
    if (Image *found = find(image))
        found->alive = false;
}

EXPORT unsigned long zc_fake_egl_image_users(void *image)
{
    const Image *found = find(image);
    return found != nullptr ? found->users : 0;
}

EXPORT DriverResult cuGraphicsEGLRegisterImage(GraphicsResource *resource, void *handle, unsigned)
{
    Image *image = find(handle);
    if (image == nullptr || !image->alive)
        return kInvalidValue;
    auto *made = new Registration{image, {}, {}};
    for (unsigned i = 0; i < image->what.planes; ++i) {
        const zc_fake_egl_plane &p = image->what.plane[i];
        const std::size_t width = std::size_t{p.width} * p.channels * p.channel_bytes;
        made->arrays.push_back({static_cast<std::uint8_t *>(p.data), width, p.height, p.pitch});
        made->descriptors.push_back({p.width, p.height, 0, zc::fake::arrayFormatOf(p), p.channels, 0});
    }
    image->users++;
    const std::lock_guard lock(mutex);
    registrations.insert(made);
    *resource = reinterpret_cast<GraphicsResource>(made);
    return kSuccess;
}

EXPORT DriverResult cuGraphicsResourceGetMappedEglFrame(zc::fake::EglFrame *frame, GraphicsResource resource, unsigned,
                                                        unsigned)
{
    auto *found = reinterpret_cast<Registration *>(resource);
    *frame = zc::fake::describe(found->image->what);
    for (unsigned i = 0; i < found->image->what.planes; ++i)
        frame->plane[i] = found->image->what.is_array ? reinterpret_cast<std::uint64_t>(&found->arrays[i])
                                                      : reinterpret_cast<std::uint64_t>(found->arrays[i].data);
    return kSuccess;
}

EXPORT DriverResult cuArray3DGetDescriptor_v2(ArrayDescriptor *descriptor, Array array)
{
    const std::lock_guard lock(mutex);
    for (const Registration *one : registrations)
        for (std::size_t i = 0; i < one->arrays.size(); ++i)
            if (reinterpret_cast<Array>(const_cast<zc::on_host::Surface *>(&one->arrays[i])) == array) {
                *descriptor = one->descriptors[i];
                return kSuccess;
            }
    return kInvalidHandle; // what cuArray3DCreate makes is not asked about
}

EXPORT DriverResult cuGraphicsUnregisterResource(GraphicsResource resource)
{
    auto *found = reinterpret_cast<Registration *>(resource);
    const std::lock_guard lock(mutex);
    if (registrations.erase(found) == 0)
        return kInvalidHandle;
    found->image->users--;
    delete found;
    return kSuccess;
}
