// SPDX-License-Identifier: MIT
// Arrays, and the surfaces and textures that kernels see them through.
#include "state.hpp"

#include "cuda/api.hpp"

namespace zc::fake {

namespace {

// CUarray_format; 0 for what is none.
std::size_t formatBytes(unsigned format)
{
    switch (format) {
    case 0x01: // unsigned and signed, 8 bits
    case 0x08:
        return 1;
    case 0x02: // 16 bits, and half
    case 0x09:
    case 0x10:
        return 2;
    case 0x03: // 32 bits, and float
    case 0x0a:
    case 0x20:
        return 4;
    default:
        return 0;
    }
}

int makeArray(Handle *out, const cuda::ArrayDescriptor &d)
{
    const std::size_t bytes = formatBytes(d.format) * d.channels;
    if (!out || bytes == 0 || d.width == 0 || (d.channels != 1 && d.channels != 2 && d.channels != 4) || d.depth > 1)
        return kInvalidValue;
    Array array;
    array.context = currentContext();
    array.width = d.width * bytes;
    array.rows = d.height != 0 ? d.height : 1;
    array.format = d.format;
    array.channels = d.channels;
    array.data.resize(array.width * array.rows);
    array.at = array.data.data(); // moving the vector keeps it
    array.pitch = array.width;
    array.texels = d.width;
    *out = newHandle();
    state().arrays.add(*out, std::move(array));
    return kSuccess;
}

template <class T> int destroy(const char *function, Table<T> &table, Handle handle, int error)
{
    T *found = nullptr;
    if (error != kSuccess) {
        if (table.find(handle))
            table.remove(handle);
        return error;
    }
    if (const int wrong = use(function, table, handle, found); wrong != kSuccess)
        return wrong;
    table.remove(handle);
    return kSuccess;
}

} // namespace

bool isSeen(Handle array)
{
    for (const auto *table : {&state().surfaces, &state().textures})
        for (const auto &[handle, surface] : const_cast<Table<Surface> *>(table)->all())
            if (surface.array == array)
                return true;
    return false;
}

} // namespace zc::fake

using namespace zc::fake;
namespace cuda = zc::cuda;

FAKE_EXPORT int cuArray3DCreate_v2(Handle *array, const cuda::ArrayDescriptor *descriptor)
{
    return call(__func__, kNeedsContext, [&] { return descriptor ? makeArray(array, *descriptor) : kInvalidValue; });
}

struct FlatDescriptor { // CUDA_ARRAY_DESCRIPTOR
    std::size_t width, height;
    unsigned format, channels;
};

FAKE_EXPORT int cuArrayCreate_v2(Handle *array, const FlatDescriptor *descriptor)
{
    return call(__func__, kNeedsContext, [&] {
        if (!descriptor)
            return kInvalidValue;
        return makeArray(array,
                         {descriptor->width, descriptor->height, 0, descriptor->format, descriptor->channels, 0});
    });
}

FAKE_EXPORT int cuArray3DGetDescriptor_v2(cuda::ArrayDescriptor *descriptor, Handle array)
{
    return call(__func__, kNeedsContext, [&] {
        Array *found = nullptr;
        if (!descriptor)
            return kInvalidValue;
        if (const int error = use("cuArray3DGetDescriptor", state().arrays, array, found); error != kSuccess)
            return error;
        const std::size_t element = formatBytes(found->format) * found->channels;
        *descriptor = {found->width / element, found->rows, 0, found->format, found->channels, 0};
        return kSuccess;
    });
}

FAKE_EXPORT int cuArrayGetDescriptor_v2(FlatDescriptor *descriptor, Handle array)
{
    return call(__func__, kNeedsContext, [&] {
        Array *found = nullptr;
        if (!descriptor)
            return kInvalidValue;
        if (const int error = use("cuArrayGetDescriptor", state().arrays, array, found); error != kSuccess)
            return error;
        *descriptor = {found->texels, found->rows, found->format, found->channels};
        return kSuccess;
    });
}

FAKE_EXPORT int cuArrayDestroy(Handle array)
{
    return release(__func__, kNeedsContext, [&](int error) {
        const Array *found = state().arrays.find(array);
        if (error == kSuccess && found && found->resource != 0)
            return misuse(kInvalidHandle, "cuArrayDestroy: array " + hex(array) + " belongs to a registered EGLImage");
        if (error == kSuccess && isSeen(array))
            misuse(kSuccess, "cuArrayDestroy: array " + hex(array) + " goes while a surface or texture shows it");
        return destroy("cuArrayDestroy", state().arrays, array, error);
    });
}

FAKE_EXPORT int cuSurfObjectCreate(Handle *surface, const cuda::ResourceDescriptor *resource)
{
    return call(__func__, kNeedsContext, [&] {
        if (!surface || !resource || resource->type != 0 || resource->flags != 0)
            return kInvalidValue;
        Array *array = nullptr;
        const auto handle = reinterpret_cast<Handle>(resource->array);
        if (const int error = use("cuSurfObjectCreate", state().arrays, handle, array); error != kSuccess)
            return error;
        *surface = newHandle();
        state().surfaces.add(*surface, {currentContext(), handle});
        return kSuccess;
    });
}

FAKE_EXPORT int cuSurfObjectDestroy(Handle surface)
{
    return release(__func__, kNeedsContext,
                   [&](int error) { return destroy("cuSurfObjectDestroy", state().surfaces, surface, error); });
}

FAKE_EXPORT int cuTexObjectCreate(Handle *texture, const cuda::ResourceDescriptor *resource, const void *how,
                                  const void *)
{
    return call(__func__, kNeedsContext, [&] {
        if (!texture || !resource || !how)
            return kInvalidValue;
        *texture = newHandle();
        state().textures.add(*texture,
                             {currentContext(), resource->type == 0 ? reinterpret_cast<Handle>(resource->array) : 0});
        return kSuccess;
    });
}

FAKE_EXPORT int cuTexObjectDestroy(Handle texture)
{
    return release(__func__, kNeedsContext,
                   [&](int error) { return destroy("cuTexObjectDestroy", state().textures, texture, error); });
}
