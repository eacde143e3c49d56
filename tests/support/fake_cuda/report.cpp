// SPDX-License-Identifier: MIT
// What is alive, what was misused, and the verdict at exit.
#include "state.hpp"

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace zc::fake {

namespace {

constexpr int kBadExit = 86;

struct Line {
    const char *kind;
    std::string text;
};

template <class T> void list(std::vector<Line> &out, Table<T> &table)
{
    for (const auto &[handle, thing] : table.all())
        out.push_back({table.kind(), hex(handle) + " of context " + hex(thing.context)});
}

std::vector<Line> alive(State &s)
{
    std::vector<Line> out;
    for (const auto &[handle, context] : s.contexts.all())
        out.push_back(
            {context.primary ? "primary" : "context", hex(handle) + " of device " + std::to_string(context.device)});
    for (const auto &[handle, stream] : s.streams.all())
        if (!stream.isDefault)
            out.push_back({"stream", hex(handle) + " of context " + hex(stream.context)});
    list(out, s.events);
    list(out, s.modules);
    for (const auto &[handle, array] : s.arrays.all())
        if (array.resource == 0)
            out.push_back({"array", hex(handle) + " of context " + hex(array.context)});
    list(out, s.resources);
    list(out, s.surfaces);
    list(out, s.textures);
    for (const auto &[address, memory] : s.memory) {
        if (memory.use == MemoryUse::Graphics)
            continue; // its resources are listed
        const char *kind = memory.use == MemoryUse::Device    ? "memory"
                           : memory.use == MemoryUse::Managed ? "managed"
                           : memory.use == MemoryUse::Pinned  ? "pinned"
                                                              : "registration";
        out.push_back(
            {kind, hex(address) + ", " + std::to_string(memory.bytes) + " bytes, of context " + hex(memory.context)});
    }
    return out;
}

std::string aliveText(State &s)
{
    std::string text;
    for (const Line &line : alive(s))
        text += std::string(line.kind) + " " + line.text + "\n";
    return text;
}

std::string misuseText(State &s)
{
    std::string text;
    for (const std::string &line : s.misuse)
        text += line + "\n";
    return text;
}

// Runs after the program's own destructors: those of shared libraries come last.
__attribute__((destructor)) void verdict()
{
    const char *wanted = std::getenv("FAKE_CUDA_CHECK");
    if (!wanted || wanted[0] != '1')
        return;
    State &s = state();
    const std::string left = aliveText(s), wrong = misuseText(s);
    if (left.empty() && wrong.empty())
        return;
    std::fflush(nullptr);
    std::fprintf(stderr, "fake_cuda: still alive:\n%sfake_cuda: misuse:\n%s", left.c_str(), wrong.c_str());
    _exit(kBadExit);
}

} // namespace

State &state()
{
    static State &only = *[] { // never destroyed: threads and destructors may still call
        auto *made = new State;
        configure(*made);
        return made;
    }();
    return only;
}

Handle newHandle()
{
    // No address of any machine, so that whoever looks inside falls over at once.
    return 0xfa00'0000'0000'0000u + 16 * ++state().lastHandle;
}

int misuse(int error, const std::string &text)
{
    state().misuse.push_back(text);
    return error;
}

std::string hex(std::uint64_t value)
{
    char text[24];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
    return text;
}

} // namespace zc::fake

using namespace zc::fake;

FAKE_EXPORT unsigned long zc_fake_live(const char *kind)
{
    const std::lock_guard lock(state().mutex);
    unsigned long count = 0;
    for (const Line &line : alive(state()))
        count += !kind || std::string(kind) == line.kind;
    return count;
}

FAKE_EXPORT const char *zc_fake_live_text(void)
{
    thread_local std::string text;
    const std::lock_guard lock(state().mutex);
    text = aliveText(state());
    return text.c_str();
}

FAKE_EXPORT const char *zc_fake_misuse(void)
{
    thread_local std::string text;
    const std::lock_guard lock(state().mutex);
    text = misuseText(state());
    return text.c_str();
}

FAKE_EXPORT unsigned long zc_fake_launches(const char *prefix)
{
    const std::lock_guard lock(state().mutex);
    unsigned long count = 0;
    for (const std::string &name : state().launches)
        count += !prefix || name.rfind(prefix, 0) == 0;
    return count;
}

FAKE_EXPORT const char *zc_fake_launch_name(unsigned long i)
{
    thread_local std::string text;
    const std::lock_guard lock(state().mutex);
    if (i < 1 || i > state().launches.size())
        return nullptr;
    text = state().launches[i - 1];
    return text.c_str();
}

FAKE_EXPORT unsigned long long zc_fake_copied(const char *direction)
{
    const std::lock_guard lock(state().mutex);
    const auto it = state().copied.find(direction);
    return it == state().copied.end() ? 0 : it->second;
}

FAKE_EXPORT void zc_fake_reset(void)
{
    const std::lock_guard lock(state().mutex);
    State &s = state();
    s.rules.clear();
    s.failures = s.notReady = 0;
    s.lost = 0;
    s.scattered = false;
    s.calls.clear();
    s.callsOf.clear();
    s.launches.clear();
    s.copied.clear();
    s.misuse.clear();
    configure(s);
}
