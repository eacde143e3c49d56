// SPDX-License-Identifier: MIT
// What the stand-in driver knows, and the frame around each of its functions. One lock guards it all.
#pragma once

#include "egl_image.h"
#include "fake_cuda.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#define FAKE_EXPORT extern "C" __attribute__((visibility("default")))

namespace zc::fake {

using Handle = std::uint64_t;  // what a CUcontext, CUstream, ... holds: a number, never an address
using Address = std::uint64_t; // CUdeviceptr, and host memory

inline constexpr int kSuccess = 0, kInvalidValue = 1, kOutOfMemory = 2, kNotInitialized = 3, kNoDevice = 100,
                     kInvalidDevice = 101, kInvalidImage = 200, kInvalidContext = 201, kNoBinaryForGpu = 209,
                     kUnsupportedPtx = 222, kInvalidHandle = 400, kNotFound = 500, kNotReady = 600,
                     kPeerAlreadyEnabled = 704, kPeerNotEnabled = 705, kContextIsDestroyed = 709,
                     kAlreadyRegistered = 712, kNotRegistered = 713, kNotSupported = 801;

struct Context {
    int device = 0;
    unsigned retained = 0; // of a primary context
    bool primary = false;
    std::set<Handle> peers; // contexts whose memory it may use
};

// Something queued: which memory it touches, and which other stream's work it waits for.
struct Work {
    std::uint64_t number = 0;
    std::vector<Address> memory;
    Handle otherStream = 0;
    std::uint64_t otherNumber = 0;
};

struct Stream {
    Handle context = 0;
    unsigned flags = 0;
    bool isDefault = false;
    std::uint64_t queued = 0;
    std::deque<Work> pending;
};

struct Event {
    Handle context = 0;
    unsigned flags = 0;
    Handle stream = 0; // 0: never recorded
    std::uint64_t number = 0;
};

enum class MemoryUse { Device, Managed, Pinned, Registered, Graphics };

struct Memory {
    Handle context = 0;
    MemoryUse use = MemoryUse::Device;
    std::size_t bytes = 0;
    std::size_t mapped = 0;        // 0: not ours
    bool readOnly = false;         // registered for reading only
    std::multiset<Handle> viewers; // of an EGLImage: the context of each registration
};

struct Array {
    Handle context = 0;
    std::size_t width = 0, rows = 0; // bytes of a row
    std::size_t texels = 0;          // of a row
    unsigned format = 0, channels = 0;
    std::vector<std::uint8_t> data; // empty: the memory is an EGLImage's
    std::uint8_t *at = nullptr;
    std::size_t pitch = 0;
    Handle resource = 0; // that shows an EGLImage
};

struct Resource { // what an EGLImage was registered as
    Handle context = 0;
    zc_fake_egl_image image{};
    Handle handle = 0; // of the image
    bool readOnly = false;
    std::vector<Handle> arrays; // if it is made of arrays
};

struct Surface { // or texture
    Handle context = 0;
    Handle array = 0;
};

struct Module {
    Handle context = 0;
    std::string ptx; // empty: binary, which has every function
    std::set<Handle> functions;
};

struct Function {
    Handle module = 0;
    std::string name;
};

// Live things of one kind by handle. Handles are not used twice, so a dead one is told from a wrong one.
template <class T> class Table {
public:
    explicit Table(const char *kind) : kind_(kind) {}
    const char *kind() const { return kind_; }
    T *find(Handle handle)
    {
        const auto it = live_.find(handle);
        return it == live_.end() ? nullptr : &it->second;
    }
    T &add(Handle handle, T thing) { return live_.insert_or_assign(handle, std::move(thing)).first->second; }
    void remove(Handle handle)
    {
        live_.erase(handle);
        dead_.insert(handle);
    }
    bool died(Handle handle) const { return dead_.count(handle) != 0; }
    std::map<Handle, T> &all() { return live_; }

private:
    const char *kind_;
    std::map<Handle, T> live_;
    std::set<Handle> dead_;
};

struct Rule {
    std::string function; // empty: any
    unsigned long left;   // calls until it strikes; 0: always
    int error;
    bool spent = false;
};

struct DeviceModel {
    std::string name;
    std::map<int, int> attributes;
    Handle primary = 0;
};

struct State {
    std::recursive_mutex mutex;

    bool initialised = false;
    int driverVersion = 0;
    int deviceCount = 0;
    std::map<int, DeviceModel> devices; // a reset keeps their primary contexts

    Table<Context> contexts{"context"};
    Table<Stream> streams{"stream"}; // a context's default stream has the context's handle
    Table<Event> events{"event"};
    Table<Module> modules{"module"};
    Table<Function> functions{"function"};
    Table<Array> arrays{"array"};
    Table<Surface> surfaces{"surface"};
    Table<Surface> textures{"texture"};
    Table<Resource> resources{"resource"};
    Table<zc_fake_egl_image> images{"EGLImage"};
    std::map<Address, Memory> memory;
    std::map<Address, std::size_t> freed; // device memory that was: its addresses are not used again
    Handle lastHandle = 0;

    std::vector<Rule> rules;
    unsigned long failures = 0;
    unsigned long notReady = 0;
    int lost = 0;
    bool scattered = false;
    std::vector<const char *> calls;
    std::map<std::string, unsigned long> callsOf;
    std::vector<std::string> launches;
    std::map<std::string, unsigned long long> copied;
    std::vector<std::string> misuse;
};

State &state();

// A new number that nothing had before.
Handle newHandle();

// Writes down what the program may not do, and returns the error that a real driver answers.
int misuse(int error, const std::string &text);

std::string hex(std::uint64_t value);

// What a call needs and survives.
inline constexpr unsigned kNothing = 0;
inline constexpr unsigned kBeforeInit = 1;   // works before cuInit
inline constexpr unsigned kNeedsContext = 2; // refused where the thread has none
inline constexpr unsigned kSurvivesLoss = 4; // answers as ever although the GPU is lost
inline constexpr unsigned kPure = 8;         // counted by name only

// Counts the call; the error that it must answer at once, or 0.
int enter(const char *function, unsigned needs);

// One driver call: locked, counted, failed on demand.
template <class Body> int call(const char *function, unsigned needs, Body body)
{
    const std::lock_guard lock(state().mutex);
    if (const int error = enter(function, needs); error != kSuccess)
        return error;
    return body();
}

// As call() for what gives something back: on a failure the body is told the error after its checks, so that it can
// forget the thing. Nobody can give it back any more.
template <class Body> int release(const char *function, unsigned needs, Body body)
{
    const std::lock_guard lock(state().mutex);
    return body(enter(function, needs));
}

bool isSticky(int error);

// Sets the machine up from the environment.
void configure(State &s);
int applyRules(State &s, const char *rules);

// contexts.cpp. The current context of the calling thread, or 0.
Handle currentContext();
int currentDevice();
unsigned long stackDepth();

// Whether the thing belongs to the current context; if not, misuse.
int checkContext(const char *function, const char *kind, Handle thing, Handle owner);

// Finds a thing for use in the current context. Says whether it is dead or was never there.
template <class T> int use(const char *function, Table<T> &table, Handle handle, T *&out)
{
    out = table.find(handle);
    if (!out)
        return misuse(kInvalidHandle, std::string(function) + ": " + table.kind() + " " + hex(handle) +
                                          (table.died(handle) ? " was destroyed before" : " does not exist"));
    return checkContext(function, table.kind(), handle, out->context);
}

// streams.cpp
int useStream(const char *function, Handle stream, Handle &out); // 0, 1 and 2: the default stream
// Queues something that touches the memory that the addresses point into.
void enqueue(Handle stream, const std::vector<Address> &addresses);
// Everything queued on the stream so far is done.
void complete(Handle stream);
// A line of text if work that has not been waited for touches the memory.
std::string pendingOn(Address base);

// arrays.cpp. Whether a surface or a texture shows the array.
bool isSeen(Handle array);

// egl.cpp. Forgets a registration and what it showed.
void dropResource(Handle handle);

// memory.cpp. The allocation or registration around an address, or the end.
std::map<Address, Memory>::iterator memoryAt(Address address);
// Whether the current context may touch these bytes; if not, misuse.
int checkRange(const char *function, const char *role, Address address, std::size_t bytes);
// Drops all memory of a context that is gone; how many pieces.
std::size_t dropMemory(Handle context);

} // namespace zc::fake
