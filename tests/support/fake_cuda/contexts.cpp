// SPDX-License-Identifier: MIT
// Contexts, the stack of them that each thread has, and access between them.
#include "state.hpp"

#include <algorithm>

namespace zc::fake {

namespace {

struct Stack {
    std::vector<Handle> contexts;
    ~Stack()
    {
        const std::lock_guard lock(state().mutex);
        // GStreamer 1.22's nvcodec leaves contexts pushed that it has destroyed.
        const auto left = std::count_if(contexts.begin(), contexts.end(),
                                        [](Handle one) { return state().contexts.find(one) != nullptr; });
        if (left != 0)
            misuse(kInvalidContext, "a thread ended with " + std::to_string(left) + " contexts still pushed");
    }
};
thread_local Stack stack;

Handle makeContext(int device, bool primary)
{
    const Handle handle = newHandle();
    state().contexts.add(handle, {device, primary ? 1u : 0u, primary, {}});
    Stream own;
    own.context = handle;
    own.isDefault = true;
    state().streams.add(handle, std::move(own));
    return handle;
}

template <class T> std::size_t dropFrom(Table<T> &table, Handle context)
{
    std::vector<Handle> gone;
    for (const auto &[handle, thing] : table.all())
        if (thing.context == context)
            gone.push_back(handle);
    for (const Handle handle : gone)
        table.remove(handle);
    return gone.size();
}

std::size_t dropResources(Handle context)
{
    std::vector<Handle> gone;
    for (const auto &[handle, resource] : state().resources.all())
        if (resource.context == context)
            gone.push_back(handle);
    std::for_each(gone.begin(), gone.end(), dropResource);
    return gone.size();
}

// Everything in a context dies with it. What the program should have given back itself is misuse.
void dropContext(const char *function, Handle context)
{
    State &s = state();
    std::string left;
    const auto note = [&](std::size_t count, const char *kind) {
        if (count != 0)
            left += (left.empty() ? "" : ", ") + std::to_string(count) + " " + kind;
    };
    s.streams.remove(context); // the default one
    note(dropFrom(s.streams, context), "stream");
    note(dropFrom(s.events, context), "event");
    note(dropFrom(s.modules, context), "module");
    note(dropFrom(s.surfaces, context), "surface");
    note(dropFrom(s.textures, context), "texture");
    note(dropResources(context), "resource");
    note(dropFrom(s.arrays, context), "array");
    note(dropMemory(context), "memory");
    s.contexts.remove(context);
    if (!left.empty())
        misuse(kSuccess, std::string(function) + ": context " + hex(context) + " goes while it holds " + left);
}

int deadContext(const char *function, Handle context)
{
    return misuse(kInvalidContext, std::string(function) + ": context " + hex(context) +
                                       (state().contexts.died(context) ? " was destroyed before" : " does not exist"));
}

} // namespace

Handle currentContext()
{
    return stack.contexts.empty() ? 0 : stack.contexts.back();
}

int currentDevice()
{
    const Context *context = state().contexts.find(currentContext());
    return context ? context->device : -1;
}

int checkContext(const char *function, const char *kind, Handle thing, Handle owner)
{
    const Handle current = currentContext();
    if (owner == current)
        return kSuccess;
    return misuse(kInvalidHandle, std::string(function) + ": " + kind + " " + hex(thing) + " belongs to context " +
                                      hex(owner) + ", but " + (current ? hex(current) : "none") + " is current");
}

} // namespace zc::fake

using namespace zc::fake;

FAKE_EXPORT unsigned long zc_fake_stack_depth(void)
{
    return stack.contexts.size();
}

FAKE_EXPORT int cuCtxCreate_v2(Handle *context, unsigned, int device)
{
    return call(__func__, kNothing, [&] {
        if (!context)
            return kInvalidValue;
        if (device < 0 || device >= state().deviceCount)
            return kInvalidDevice;
        *context = makeContext(device, false);
        stack.contexts.push_back(*context);
        return kSuccess;
    });
}

FAKE_EXPORT int cuCtxDestroy_v2(Handle context)
{
    return release(__func__, kSurvivesLoss, [&](int error) {
        const Context *found = state().contexts.find(context);
        if (!found)
            return error ? error : deadContext("cuCtxDestroy", context);
        if (found->primary)
            return misuse(kInvalidContext, "cuCtxDestroy: " + hex(context) + " is a primary context");
        if (currentContext() == context)
            stack.contexts.pop_back();
        dropContext("cuCtxDestroy", context);
        return error;
    });
}

FAKE_EXPORT int cuCtxPushCurrent_v2(Handle context)
{
    return call(__func__, kSurvivesLoss, [&] {
        if (!state().contexts.find(context))
            return deadContext("cuCtxPushCurrent", context);
        stack.contexts.push_back(context);
        return kSuccess;
    });
}

FAKE_EXPORT int cuCtxPopCurrent_v2(Handle *context)
{
    return release(__func__, kSurvivesLoss, [&](int error) {
        if (stack.contexts.empty())
            return error ? error : misuse(kInvalidContext, "cuCtxPopCurrent: the thread has pushed nothing");
        if (context)
            *context = stack.contexts.back();
        stack.contexts.pop_back();
        return error;
    });
}

FAKE_EXPORT int cuCtxSetCurrent(Handle context)
{
    return call(__func__, kSurvivesLoss, [&] {
        if (context != 0 && !state().contexts.find(context))
            return deadContext("cuCtxSetCurrent", context);
        if (!stack.contexts.empty())
            stack.contexts.pop_back();
        if (context != 0)
            stack.contexts.push_back(context);
        return kSuccess;
    });
}

FAKE_EXPORT int cuCtxGetCurrent(Handle *context)
{
    return call(__func__, kSurvivesLoss, [&] {
        if (!context)
            return kInvalidValue;
        *context = currentContext();
        return kSuccess;
    });
}

FAKE_EXPORT int cuCtxGetDevice(int *device)
{
    return call(__func__, kNeedsContext | kSurvivesLoss, [&] {
        if (!device)
            return kInvalidValue;
        *device = currentDevice();
        return kSuccess;
    });
}

FAKE_EXPORT int cuCtxGetApiVersion(Handle, unsigned *version)
{
    return call(__func__, kSurvivesLoss, [&] {
        if (!version)
            return kInvalidValue;
        *version = 3020;
        return kSuccess;
    });
}

FAKE_EXPORT int cuCtxSynchronize(void)
{
    return call(__func__, kNeedsContext, [&] {
        for (auto &[handle, stream] : state().streams.all())
            if (stream.context == currentContext())
                stream.pending.clear();
        return kSuccess;
    });
}

FAKE_EXPORT int cuCtxGetLimit(std::size_t *value, int)
{
    return call(__func__, kNeedsContext, [&] {
        if (!value)
            return kInvalidValue;
        *value = 1024;
        return kSuccess;
    });
}

FAKE_EXPORT int cuCtxSetLimit(int, std::size_t)
{
    return call(__func__, kNeedsContext, [&] { return kSuccess; });
}

FAKE_EXPORT int cuDeviceCanAccessPeer(int *can, int device, int peer)
{
    return call(__func__, kSurvivesLoss, [&] {
        if (!can)
            return kInvalidValue;
        const int count = state().deviceCount;
        if (device < 0 || device >= count || peer < 0 || peer >= count)
            return kInvalidDevice;
        *can = device != peer;
        return kSuccess;
    });
}

FAKE_EXPORT int cuCtxEnablePeerAccess(Handle peer, unsigned)
{
    return call(__func__, kNeedsContext, [&] {
        if (!state().contexts.find(peer))
            return deadContext("cuCtxEnablePeerAccess", peer);
        const bool added = state().contexts.find(currentContext())->peers.insert(peer).second;
        return added ? kSuccess : kPeerAlreadyEnabled;
    });
}

FAKE_EXPORT int cuCtxDisablePeerAccess(Handle peer)
{
    return call(__func__, kNeedsContext, [&] {
        const bool removed = state().contexts.find(currentContext())->peers.erase(peer) != 0;
        return removed ? kSuccess : kPeerNotEnabled;
    });
}

FAKE_EXPORT int cuDevicePrimaryCtxRetain(Handle *context, int device)
{
    return call(__func__, kNothing, [&] {
        if (!context)
            return kInvalidValue;
        if (device < 0 || device >= state().deviceCount)
            return kInvalidDevice;
        Handle &primary = state().devices[device].primary;
        if (Context *found = state().contexts.find(primary))
            ++found->retained;
        else
            primary = makeContext(device, true);
        *context = primary;
        return kSuccess;
    });
}

FAKE_EXPORT int cuDevicePrimaryCtxRelease_v2(int device)
{
    return release(__func__, kSurvivesLoss, [&](int error) {
        const Handle primary = state().devices[device].primary;
        Context *found = state().contexts.find(primary);
        if (!found)
            return error ? error
                         : misuse(kInvalidContext, "cuDevicePrimaryCtxRelease: nobody holds the primary context of "
                                                   "device " +
                                                       std::to_string(device));
        if (--found->retained == 0)
            dropContext("cuDevicePrimaryCtxRelease", primary);
        return error;
    });
}

FAKE_EXPORT int cuDevicePrimaryCtxGetState(int device, unsigned *flags, int *active)
{
    return call(__func__, kSurvivesLoss, [&] {
        if (!flags || !active)
            return kInvalidValue;
        *flags = 0;
        *active = state().contexts.find(state().devices[device].primary) != nullptr;
        return kSuccess;
    });
}
