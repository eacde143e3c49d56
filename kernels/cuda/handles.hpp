// SPDX-License-Identifier: MIT
// Owners of what the driver hands out. Each remembers its context and makes it current for the release, on whatever
// thread that happens.
#pragma once

#include "cuda/driver.hpp"

#include <utility>

namespace zc::cuda {

// A context made current for a scope. Never leaves the stack unbalanced.
class ContextGuard {
public:
    explicit ContextGuard(Context context)
    {
        const Driver *d = driverIfOpen();
        result_ = d ? d->ctxPushCurrent(context) : kNotInitialized;
    }
    ~ContextGuard()
    {
        Context popped = nullptr;
        if (result_ == kSuccess)
            driverIfOpen()->ctxPopCurrent(&popped);
    }
    ContextGuard(const ContextGuard &) = delete;
    ContextGuard &operator=(const ContextGuard &) = delete;

    Status status() const { return statusOf(result_, "cuCtxPushCurrent"); }
    bool ok() const { return result_ == kSuccess; }

private:
    DriverResult result_;
};

// The primary context of a GPU, retained. It is what DeepStream and the CUDA runtime use, too.
class PrimaryContext {
public:
    static Result<PrimaryContext> retain(int ordinal);
    PrimaryContext(PrimaryContext &&other) noexcept
        : context_(std::exchange(other.context_, nullptr)), device_(other.device_)
    {}
    PrimaryContext &operator=(PrimaryContext &&) = delete;
    ~PrimaryContext()
    {
        if (context_)
            driverIfOpen()->primaryCtxRelease(device_);
    }
    Context get() const { return context_; }
    Device device() const { return device_; }

private:
    PrimaryContext(Context context, Device device) : context_(context), device_(device) {}
    Context context_;
    Device device_;
};

// One handle with its context and the driver function that gives it back.
template <class Handle, DriverResult (*Driver::*Release)(Handle)> class Owned {
public:
    Owned() = default;
    Owned(Context context, Handle handle) : context_(context), handle_(handle) {}
    Owned(Owned &&other) noexcept : context_(other.context_), handle_(std::exchange(other.handle_, Handle{})) {}
    Owned &operator=(Owned &&other) noexcept
    {
        reset();
        context_ = other.context_;
        handle_ = std::exchange(other.handle_, Handle{});
        return *this;
    }
    ~Owned() { reset(); }

    Handle get() const { return handle_; }
    explicit operator bool() const { return handle_ != Handle{}; }
    void reset()
    {
        const Handle old = std::exchange(handle_, Handle{});
        const Driver *d = driverIfOpen();
        if (old == Handle{} || !d)
            return;
        // What is not given back now never will be, so one refusal is not taken for an answer.
        for (int attempt = 0; attempt < 2; ++attempt) {
            const ContextGuard guard(context_);
            if (!guard.ok())
                continue;
            (d->*Release)(old);
            return;
        }
    }

private:
    Context context_ = nullptr;
    Handle handle_{};
};

using OwnedStream = Owned<Stream, &Driver::streamDestroy>;
using OwnedEvent = Owned<Event, &Driver::eventDestroy>;
using OwnedModule = Owned<Module, &Driver::moduleUnload>;
using DeviceMemory = Owned<Address, &Driver::memFree>;
using OwnedArray = Owned<Array, &Driver::arrayDestroy>;
using OwnedSurface = Owned<Surface, &Driver::surfObjectDestroy>;
using OwnedGraphics = Owned<GraphicsResource, &Driver::graphicsUnregisterResource>;

// Each needs the context current.
Result<OwnedStream> makeStream(Context context);
Result<OwnedEvent> makeEvent(Context context, unsigned flags);
Result<DeviceMemory> allocate(Context context, std::size_t bytes);

} // namespace zc::cuda
