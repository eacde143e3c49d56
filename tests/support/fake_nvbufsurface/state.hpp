// SPDX-License-Identifier: MIT
// What the stand-in libnvbufsurface knows of every surface, and the frame around each of its functions.
#pragma once

#include "abi.hpp"
#include "fake_nvbufsurface.h"
#include "geometry.hpp"
#include "storage.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#define FAKE_EXPORT extern "C" __attribute__((visibility("default")))

namespace zc::fake_nvbuf {

inline constexpr bool kNewAbi = ZC_FAKE_NVBUF_ABI == 72;
inline constexpr int kSuccess = 0, kFailure = -1;

// A plane that the CPU has mapped: pages of its own, unless CPU and GPU share the memory.
struct Mapping {
    Storage pages; // empty: the picture itself
    std::uint64_t synced = 0;
    bool writable = false;
};

// One surface of a batch.
struct Piece {
    Geometry geometry;
    Storage picture; // what the device sees
    Storage decoy;   // what the CPU sees of a block-linear surface, or the fd of one whose picture is CUDA's
    std::unique_ptr<Mapping> mapping[kMostPlanes];
    void *eglImage = nullptr;    // mapped now
    std::vector<void *> pastEgl; // unmapped, but CUDA may still have them registered
    CudaBuffer cuda{}, mapped{}; // in the struct, and made by NvBufSurfaceMapCudaBuffer
    bool cudaMapped = false;
    ParamsEx extra{};
    Params told{}; // the struct as it was made: nobody may change it
    int fd() const { return picture.fd() >= 0 ? picture.fd() : decoy.fd(); }
};

struct Record {
    int memType = 0, layout = 0;
    Storage contiguous; // holds all pictures then
    std::vector<Piece> pieces;
    bool isArray() const { return memType == kMemSurfaceArray || memType == kMemHandle; }
};

enum class Platform { Dgpu, Nvgpu, Rm };

struct Rule {
    std::string function; // empty: any
    unsigned long left;   // calls until it strikes; 0: always
    bool spent = false;
};

struct EglHooks {
    void *(*make)(void *surface, unsigned index, void *data) = nullptr;
    void (*destroy)(void *image, void *data) = nullptr;
    void *data = nullptr;
};

struct State {
    std::recursive_mutex mutex;
    Platform platform = Platform::Nvgpu;
    bool protectedContent = false;
    EglHooks egl;
    std::map<void *, Record> surfaces;
    std::map<void *, std::size_t> dead; // destroyed; an address may come again

    std::vector<Rule> rules;
    unsigned long failures = 0;
    std::vector<const char *> calls;
    std::map<std::string, unsigned long> callsOf;
    std::vector<std::string> misuse;
};

State &state();

// Writes down what no program may do, and returns what the library answers: failure.
int misuse(const std::string &text);
std::string name(const void *surface, unsigned index);

// Counts the call; whether it must fail.
bool strikes(const char *function);

// One call for a surface that must be alive: locked, counted, failed on demand.
template <class Body> int call(const char *function, Body body)
{
    const std::lock_guard lock(state().mutex);
    return strikes(function) ? kFailure : body();
}

// As call() for what gives something back: the body is told whether the call must fail after it.
template <class Body> int release(const char *function, Body body)
{
    const std::lock_guard lock(state().mutex);
    const bool fails = strikes(function);
    const int answer = body();
    return fails ? kFailure : answer;
}

// Null, with misuse written down, for what is no surface of this library.
Record *find(const char *function, void *surface);

inline Batch batchOf(void *surface)
{
    return {surface, kNewAbi};
}

// Calls body(i) for one index or, with -1, for all; false if the index does not exist or a body answers false.
template <class Body> bool forEach(int index, std::size_t count, Body body)
{
    if (index < -1 || (index >= 0 && static_cast<std::size_t>(index) >= count))
        return false;
    bool good = true;
    for (std::size_t i = index < 0 ? 0 : static_cast<std::size_t>(index); i < (index < 0 ? count : index + 1u); ++i)
        good = body(static_cast<unsigned>(i)) && good;
    return good;
}

// maps.cpp. What is still mapped, as text; "" if nothing.
std::string mappedText(const Record &record);
bool isSynced(const Piece &piece, unsigned plane);

// egl.cpp
void destroyEgl(void *image);

void configure(State &s);
int applyRules(State &s, const char *rules);

} // namespace zc::fake_nvbuf
