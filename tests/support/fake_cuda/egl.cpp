// SPDX-License-Identifier: MIT
// EGLImages: registered, seen as arrays or pointers, and given back.
#include "egl.hpp"
#include "state.hpp"

#include <algorithm>

namespace zc::fake {

namespace {

constexpr unsigned kReadOnly = 1, kWriteDiscard = 2;

Handle handleOf(void *image)
{
    return reinterpret_cast<Handle>(image);
}

Address addressOf(const zc_fake_egl_plane &plane)
{
    return reinterpret_cast<Address>(plane.data);
}

// The picture's memory as an array of the driver's.
Handle addArray(const zc_fake_egl_plane &plane, Handle resource)
{
    Array array;
    array.context = currentContext();
    array.width = std::size_t{plane.width} * plane.channels * plane.channel_bytes;
    array.rows = plane.height;
    array.at = static_cast<std::uint8_t *>(plane.data);
    array.pitch = plane.pitch;
    array.texels = plane.width;
    array.format = arrayFormatOf(plane);
    array.channels = plane.channels;
    array.resource = resource;
    const Handle handle = newHandle();
    state().arrays.add(handle, std::move(array));
    return handle;
}

// Several registrations may show the same memory.
void addMemory(const zc_fake_egl_plane &plane)
{
    Memory &memory = state().memory[addressOf(plane)];
    memory.use = MemoryUse::Graphics;
    memory.context = currentContext();
    memory.bytes = plane.pitch * (plane.height - 1) + std::size_t{plane.width} * plane.channels * plane.channel_bytes;
    memory.viewers.insert(currentContext());
}

// The addresses that streams may have work on.
std::vector<Address> addressesOf(const Resource &resource)
{
    std::vector<Address> addresses;
    for (unsigned i = 0; i < resource.image.planes; ++i)
        addresses.push_back(addressOf(resource.image.plane[i]));
    return addresses;
}

bool clashes(const zc_fake_egl_image &image)
{
    return std::any_of(image.plane, image.plane + image.planes, [](const zc_fake_egl_plane &plane) {
        const auto it = memoryAt(addressOf(plane));
        return it != state().memory.end() && (it->second.use != MemoryUse::Graphics || it->first != addressOf(plane));
    });
}

int registerImage(Handle *out, Handle image, unsigned flags)
{
    // SURFACE_LDST is refused by a real driver, too.
    if (!out || (flags & ~(kReadOnly | kWriteDiscard)) != 0)
        return kInvalidValue;
    const zc_fake_egl_image *found = state().images.find(image);
    if (!found)
        return kInvalidValue; // a program cannot know that an image has died
    if (!found->is_array && clashes(*found))
        return kAlreadyRegistered;
    Resource resource;
    resource.context = currentContext();
    resource.image = *found;
    resource.handle = image;
    resource.readOnly = (flags & kReadOnly) != 0;
    *out = newHandle();
    for (unsigned i = 0; i < found->planes; ++i) {
        if (found->is_array)
            resource.arrays.push_back(addArray(found->plane[i], *out));
        else
            addMemory(found->plane[i]);
    }
    state().resources.add(*out, std::move(resource));
    return kSuccess;
}

void checkIdle(const char *function, Handle handle, const Resource &resource)
{
    for (const Address address : addressesOf(resource))
        if (const std::string pending = pendingOn(address); !pending.empty())
            misuse(kSuccess, std::string(function) + ": resource " + hex(handle) + ": " + pending);
    for (const Handle array : resource.arrays)
        if (isSeen(array))
            misuse(kSuccess, std::string(function) + ": resource " + hex(handle) +
                                 " goes while a surface shows array " + hex(array));
}

} // namespace

void dropResource(Handle handle)
{
    const Resource *resource = state().resources.find(handle);
    if (!resource)
        return;
    for (const Handle array : resource->arrays)
        state().arrays.remove(array);
    for (unsigned i = 0; !resource->image.is_array && i < resource->image.planes; ++i) {
        const auto it = state().memory.find(addressOf(resource->image.plane[i]));
        if (it == state().memory.end() || it->second.use != MemoryUse::Graphics)
            continue;
        auto &viewers = it->second.viewers;
        if (const auto one = viewers.find(resource->context); one != viewers.end())
            viewers.erase(one);
        if (viewers.empty())
            state().memory.erase(it);
    }
    state().resources.remove(handle);
}

} // namespace zc::fake

using namespace zc::fake;

FAKE_EXPORT int cuGraphicsEGLRegisterImage(Handle *resource, void *image, unsigned flags)
{
    return call(__func__, kNeedsContext, [&] { return registerImage(resource, handleOf(image), flags); });
}

FAKE_EXPORT int cuGraphicsResourceGetMappedEglFrame(EglFrame *frame, Handle resource, unsigned index, unsigned level)
{
    return call(__func__, kNeedsContext, [&] {
        Resource *found = nullptr;
        if (!frame || index != 0 || level != 0)
            return kInvalidValue;
        if (const int error = use("cuGraphicsResourceGetMappedEglFrame", state().resources, resource, found);
            error != kSuccess)
            return error;
        *frame = describe(found->image);
        for (unsigned i = 0; i < found->image.planes; ++i)
            frame->plane[i] = found->image.is_array ? found->arrays[i] : addressOf(found->image.plane[i]);
        return kSuccess;
    });
}

FAKE_EXPORT int cuGraphicsUnregisterResource(Handle resource)
{
    return release(__func__, kNeedsContext, [&](int error) {
        if (error != kSuccess) {
            dropResource(resource);
            return error;
        }
        Resource *found = nullptr;
        if (const int wrong = use("cuGraphicsUnregisterResource", state().resources, resource, found);
            wrong != kSuccess)
            return wrong;
        checkIdle("cuGraphicsUnregisterResource", resource, *found);
        dropResource(resource);
        return kSuccess;
    });
}

FAKE_EXPORT void *zc_fake_egl_image_create(const zc_fake_egl_image *description)
{
    const std::lock_guard lock(state().mutex);
    if (!description || !makesSense(*description))
        return nullptr;
    const Handle handle = newHandle();
    state().images.add(handle, *description);
    return reinterpret_cast<void *>(handle);
}

FAKE_EXPORT void zc_fake_egl_image_destroy(void *image)
{
    const std::lock_guard lock(state().mutex);
    if (!state().images.find(handleOf(image)))
        misuse(kInvalidHandle,
               "zc_fake_egl_image_destroy: image " + hex(handleOf(image)) +
                   (state().images.died(handleOf(image)) ? " was destroyed before" : " does not exist"));
    state().images.remove(handleOf(image));
}

FAKE_EXPORT unsigned long zc_fake_egl_image_users(void *image)
{
    const std::lock_guard lock(state().mutex);
    unsigned long users = 0;
    for (const auto &[handle, resource] : state().resources.all())
        users += resource.handle == handleOf(image);
    return users;
}
