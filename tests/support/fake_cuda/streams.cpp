// SPDX-License-Identifier: MIT
// Streams and events. All work is done at once; what is kept is who has waited for what.
#include "state.hpp"

#include <algorithm>

namespace zc::fake {

namespace {

constexpr unsigned kNonBlocking = 1, kDisableTiming = 2;
constexpr std::size_t kMostPending = 4096; // of a stream that nobody waits for; older work counts as done

void push(Stream &stream, Work work)
{
    work.number = stream.queued;
    stream.pending.push_back(std::move(work));
    if (stream.pending.size() > kMostPending)
        stream.pending.pop_front();
}

void completeTo(Handle handle, std::uint64_t number)
{
    Stream *stream = state().streams.find(handle);
    while (stream && !stream->pending.empty() && stream->pending.front().number <= number) {
        const Work work = std::move(stream->pending.front());
        stream->pending.pop_front();
        if (work.otherStream != 0)
            completeTo(work.otherStream, work.otherNumber);
        stream = state().streams.find(handle);
    }
}

// The default stream waits for all blocking streams of its context, and they for it.
void orderWithDefault(Handle handle, Stream &stream)
{
    if (stream.flags & kNonBlocking)
        return;
    for (auto &[other, thing] : state().streams.all()) {
        const bool related = thing.context == stream.context && !(thing.flags & kNonBlocking) && other != handle &&
                             thing.isDefault != stream.isDefault && !thing.pending.empty();
        if (related)
            push(stream, {0, {}, other, thing.queued});
    }
}

} // namespace

int useStream(const char *function, Handle stream, Handle &out)
{
    if (stream <= 2) { // null, CU_STREAM_LEGACY, CU_STREAM_PER_THREAD
        out = currentContext();
        return kSuccess;
    }
    out = stream;
    Stream *found = nullptr;
    return use(function, state().streams, stream, found);
}

void enqueue(Handle handle, const std::vector<Address> &addresses)
{
    Stream &stream = *state().streams.find(handle);
    ++stream.queued;
    orderWithDefault(handle, stream);
    Work work;
    for (const Address address : addresses) {
        const auto it = memoryAt(address);
        work.memory.push_back(it != state().memory.end() ? it->first : address);
    }
    push(stream, std::move(work));
}

void complete(Handle stream)
{
    completeTo(stream, ~std::uint64_t{0});
}

std::string pendingOn(Address base)
{
    for (const auto &[handle, stream] : state().streams.all())
        for (const Work &work : stream.pending)
            if (std::find(work.memory.begin(), work.memory.end(), base) != work.memory.end())
                return "work on it in stream " + (stream.isDefault ? "0" : hex(handle)) + " was not waited for";
    return {};
}

} // namespace zc::fake

using namespace zc::fake;

FAKE_EXPORT int cuStreamCreate(Handle *stream, unsigned flags)
{
    return call(__func__, kNeedsContext, [&] {
        if (!stream || flags > kNonBlocking)
            return kInvalidValue;
        *stream = newHandle();
        Stream made;
        made.context = currentContext();
        made.flags = flags;
        state().streams.add(*stream, std::move(made));
        return kSuccess;
    });
}

FAKE_EXPORT int cuStreamCreateWithPriority(Handle *stream, unsigned flags, int)
{
    return cuStreamCreate(stream, flags);
}

FAKE_EXPORT int cuStreamDestroy_v2(Handle stream)
{
    return release(__func__, kNeedsContext, [&](int error) {
        Stream *found = nullptr;
        if (error == kSuccess)
            error = use("cuStreamDestroy", state().streams, stream, found);
        if (state().streams.find(stream) && (error == kSuccess || !found))
            state().streams.remove(stream);
        return error;
    });
}

FAKE_EXPORT int cuStreamDestroy(Handle stream)
{
    return cuStreamDestroy_v2(stream);
}

FAKE_EXPORT int cuStreamSynchronize(Handle stream)
{
    return call(__func__, kNeedsContext, [&] {
        Handle handle = 0;
        if (const int error = useStream("cuStreamSynchronize", stream, handle); error != kSuccess)
            return error;
        complete(handle);
        return kSuccess;
    });
}

FAKE_EXPORT int cuStreamQuery(Handle stream)
{
    return call(__func__, kNeedsContext, [&] {
        Handle handle = 0;
        if (const int error = useStream("cuStreamQuery", stream, handle); error != kSuccess)
            return error;
        if (state().notReady != 0) {
            --state().notReady;
            return kNotReady;
        }
        complete(handle);
        return kSuccess;
    });
}

FAKE_EXPORT int cuStreamGetCtx(Handle stream, Handle *context)
{
    return call(__func__, kSurvivesLoss, [&] {
        if (!context)
            return kInvalidValue;
        const Stream *found = state().streams.find(stream <= 2 ? currentContext() : stream);
        if (!found)
            return misuse(kInvalidHandle, "cuStreamGetCtx: stream " + hex(stream) + " is not alive");
        *context = found->context;
        return kSuccess;
    });
}

FAKE_EXPORT int cuStreamGetFlags(Handle stream, unsigned *flags)
{
    return call(__func__, kNeedsContext, [&] {
        Handle handle = 0;
        if (const int error = useStream("cuStreamGetFlags", stream, handle); error != kSuccess)
            return error;
        if (!flags)
            return kInvalidValue;
        *flags = state().streams.find(handle)->flags;
        return kSuccess;
    });
}

FAKE_EXPORT int cuStreamWaitEvent(Handle stream, Handle event, unsigned)
{
    return call(__func__, kNeedsContext, [&] {
        Handle handle = 0;
        if (const int error = useStream("cuStreamWaitEvent", stream, handle); error != kSuccess)
            return error;
        const Event *found = state().events.find(event); // of any context
        if (!found)
            return misuse(kInvalidHandle, "cuStreamWaitEvent: event " + hex(event) + " is not alive");
        Stream &waits = *state().streams.find(handle);
        ++waits.queued;
        if (found->stream != 0)
            push(waits, {0, {}, found->stream, found->number});
        return kSuccess;
    });
}

FAKE_EXPORT int cuLaunchHostFunc(Handle stream, void (*function)(void *), void *data)
{
    const int error = call(__func__, kNeedsContext, [&] {
        Handle handle = 0;
        return function ? useStream("cuLaunchHostFunc", stream, handle) : kInvalidValue;
    });
    if (error == kSuccess)
        function(data);
    return error;
}

FAKE_EXPORT int cuEventCreate(Handle *event, unsigned flags)
{
    return call(__func__, kNeedsContext, [&] {
        if (!event || flags > 7)
            return kInvalidValue;
        *event = newHandle();
        state().events.add(*event, {currentContext(), flags, 0, 0});
        return kSuccess;
    });
}

FAKE_EXPORT int cuEventDestroy_v2(Handle event)
{
    return release(__func__, kNeedsContext, [&](int error) {
        Event *found = nullptr;
        if (error == kSuccess)
            error = use("cuEventDestroy", state().events, event, found);
        if (state().events.find(event) && (error == kSuccess || !found))
            state().events.remove(event);
        return error;
    });
}

FAKE_EXPORT int cuEventDestroy(Handle event)
{
    return cuEventDestroy_v2(event);
}

FAKE_EXPORT int cuEventRecord(Handle event, Handle stream)
{
    return call(__func__, kNeedsContext, [&] {
        Handle handle = 0;
        Event *found = nullptr;
        if (const int error = use("cuEventRecord", state().events, event, found); error != kSuccess)
            return error;
        if (const int error = useStream("cuEventRecord", stream, handle); error != kSuccess)
            return error;
        found->stream = handle;
        found->number = state().streams.find(handle)->queued;
        return kSuccess;
    });
}

FAKE_EXPORT int cuEventSynchronize(Handle event)
{
    return call(__func__, kNeedsContext, [&] {
        Event *found = nullptr;
        if (const int error = use("cuEventSynchronize", state().events, event, found); error != kSuccess)
            return error;
        completeTo(found->stream, found->number);
        return kSuccess;
    });
}

FAKE_EXPORT int cuEventQuery(Handle event)
{
    return call(__func__, kNeedsContext, [&] {
        Event *found = nullptr;
        if (const int error = use("cuEventQuery", state().events, event, found); error != kSuccess)
            return error;
        if (state().notReady != 0) {
            --state().notReady;
            return kNotReady;
        }
        completeTo(found->stream, found->number);
        return kSuccess;
    });
}

FAKE_EXPORT int cuEventElapsedTime(float *milliseconds, Handle start, Handle end)
{
    return call(__func__, kNeedsContext, [&] {
        Event *from = nullptr, *to = nullptr;
        if (const int error = use("cuEventElapsedTime", state().events, start, from); error != kSuccess)
            return error;
        if (const int error = use("cuEventElapsedTime", state().events, end, to); error != kSuccess)
            return error;
        if (!milliseconds || from->stream == 0 || to->stream == 0 || ((from->flags | to->flags) & kDisableTiming))
            return misuse(kInvalidHandle, "cuEventElapsedTime: events without a time");
        *milliseconds = 0.01f;
        return kSuccess;
    });
}

FAKE_EXPORT int cuEventElapsedTime_v2(float *milliseconds, Handle start, Handle end)
{
    return cuEventElapsedTime(milliseconds, start, end);
}
