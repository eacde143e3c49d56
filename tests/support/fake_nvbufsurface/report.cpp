// SPDX-License-Identifier: MIT
// Counting, failures on demand, what is alive, what was misused, and the verdict at exit.
#include "state.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <unistd.h>

namespace zc::fake_nvbuf {

namespace {

constexpr int kBadExit = 86;
thread_local bool quiet = false;

struct Line {
    const char *kind;
    std::string text;
};

std::vector<Line> alive()
{
    std::vector<Line> lines;
    for (const auto &[surface, record] : state().surfaces) {
        lines.push_back({"surface", name(surface, 0) + ", memType " + std::to_string(record.memType)});
        for (unsigned i = 0; i < record.pieces.size(); ++i) {
            const Piece &piece = record.pieces[i];
            for (unsigned p = 0; p < kMostPlanes; ++p)
                if (piece.mapping[p])
                    lines.push_back({"map", "plane " + std::to_string(p) + " of " + name(surface, i)});
            if (piece.eglImage != nullptr)
                lines.push_back({"eglimage", "of " + name(surface, i)});
            if (piece.cudaMapped)
                lines.push_back({"cudabuffer", "of " + name(surface, i)});
            if (piece.fd() >= 0)
                lines.push_back({"fd", std::to_string(piece.fd()) + " of " + name(surface, i)});
        }
    }
    return lines;
}

std::string aliveText()
{
    std::string text;
    for (const Line &line : alive())
        text += std::string(line.kind) + " " + line.text + "\n";
    return text;
}

std::string misuseText()
{
    std::string text;
    for (const std::string &line : state().misuse)
        text += line + "\n";
    return text;
}

bool parseRule(std::string_view text, Rule &rule)
{
    if (text.empty())
        return false;
    const auto colon = text[0] == '#' ? 0 : text.find(':');
    rule.left = 0;
    if (colon == std::string_view::npos) {
        rule.function = text;
        return true;
    }
    rule.function = text.substr(0, colon);
    const std::string number(text.substr(colon + 1));
    char *end = nullptr;
    rule.left = std::strtoul(number.c_str(), &end, 10);
    return !number.empty() && *end == '\0' && rule.left > 0;
}

int choosePlatform(State &s, std::string_view text)
{
    if (text == "dgpu")
        s.platform = Platform::Dgpu;
    else if (text == "nvgpu")
        s.platform = Platform::Nvgpu;
    else if (text == "rm" && kNewAbi)
        s.platform = Platform::Rm;
    else
        return -1;
    return 0;
}

// Runs after the program's own destructors.
__attribute__((destructor)) void verdict()
{
    const char *wanted = std::getenv("FAKE_NVBUF_CHECK");
    if (wanted == nullptr || wanted[0] != '1')
        return;
    const std::string left = aliveText(), wrong = misuseText();
    if (left.empty() && wrong.empty())
        return;
    std::fflush(nullptr);
    std::fprintf(stderr, "fake_nvbufsurface: still alive:\n%sfake_nvbufsurface: misuse:\n%s", left.c_str(),
                 wrong.c_str());
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

void configure(State &s)
{
    const char *platform = std::getenv("FAKE_NVBUF_PLATFORM");
    s.platform = Platform::Nvgpu;
    if (platform != nullptr && choosePlatform(s, platform) != 0) {
        std::fprintf(stderr, "fake_nvbufsurface: FAKE_NVBUF_PLATFORM=\"%s\" is not dgpu, nvgpu or rm\n", platform);
        std::exit(2);
    }
    const char *rules = std::getenv("FAKE_NVBUF_FAIL");
    if (applyRules(s, rules) != 0) {
        std::fprintf(stderr, "fake_nvbufsurface: FAKE_NVBUF_FAIL=\"%s\" is not NAME[:N] or #N\n", rules);
        std::exit(2);
    }
}

int applyRules(State &s, const char *rules)
{
    std::string_view rest = rules != nullptr ? rules : "";
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        Rule rule{};
        if (!parseRule(rest.substr(0, comma), rule))
            return -1;
        s.rules.push_back(rule);
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
    return 0;
}

bool strikes(const char *function)
{
    State &s = state();
    static const bool traced = std::getenv("FAKE_NVBUF_TRACE") != nullptr;
    if (quiet)
        return false;
    ++s.callsOf[function];
    s.calls.push_back(function);
    bool struck = false;
    for (Rule &rule : s.rules) {
        if (rule.spent || (!rule.function.empty() && rule.function != function))
            continue;
        if (rule.left > 1) {
            --rule.left;
            continue;
        }
        rule.spent = rule.left == 1;
        struck = true;
    }
    s.failures += struck;
    if (traced)
        std::fprintf(stderr, "fake_nvbufsurface: %zu %s%s\n", s.calls.size(), function, struck ? " fails" : "");
    return struck;
}

int misuse(const std::string &text)
{
    state().misuse.push_back(text);
    return kFailure;
}

std::string name(const void *surface, unsigned index)
{
    char text[64];
    std::snprintf(text, sizeof text, "surface %u of %p", index, surface);
    return text;
}

} // namespace zc::fake_nvbuf

using namespace zc::fake_nvbuf;

FAKE_EXPORT int zc_nvbuf_abi(void)
{
    return ZC_FAKE_NVBUF_ABI;
}

FAKE_EXPORT int zc_nvbuf_set_platform(const char *platform)
{
    const std::lock_guard lock(state().mutex);
    return choosePlatform(state(), platform != nullptr ? platform : "");
}

FAKE_EXPORT void zc_nvbuf_fail(const char *function, unsigned long n)
{
    const std::lock_guard lock(state().mutex);
    state().rules.push_back({function != nullptr ? function : "", n});
}

FAKE_EXPORT unsigned long zc_nvbuf_failures(void)
{
    const std::lock_guard lock(state().mutex);
    return state().failures;
}

FAKE_EXPORT void zc_nvbuf_quiet(int on)
{
    quiet = on != 0;
}

FAKE_EXPORT unsigned long zc_nvbuf_calls(const char *function)
{
    const std::lock_guard lock(state().mutex);
    const auto it = state().callsOf.find(function);
    return it == state().callsOf.end() ? 0 : it->second;
}

FAKE_EXPORT unsigned long zc_nvbuf_calls_total(void)
{
    const std::lock_guard lock(state().mutex);
    return state().calls.size();
}

FAKE_EXPORT const char *zc_nvbuf_call_name(unsigned long i)
{
    const std::lock_guard lock(state().mutex);
    return i >= 1 && i <= state().calls.size() ? state().calls[i - 1] : nullptr;
}

FAKE_EXPORT unsigned long zc_nvbuf_live(const char *kind)
{
    const std::lock_guard lock(state().mutex);
    unsigned long count = 0;
    for (const Line &line : alive())
        count += kind == nullptr || std::strcmp(kind, line.kind) == 0;
    return count;
}

FAKE_EXPORT const char *zc_nvbuf_live_text(void)
{
    thread_local std::string text;
    const std::lock_guard lock(state().mutex);
    text = aliveText();
    return text.c_str();
}

FAKE_EXPORT const char *zc_nvbuf_misuse(void)
{
    thread_local std::string text;
    const std::lock_guard lock(state().mutex);
    text = misuseText();
    return text.c_str();
}

FAKE_EXPORT void zc_nvbuf_set_egl(void *(*make)(void *surface, unsigned index, void *data),
                                  void (*destroy)(void *image, void *data), void *data)
{
    const std::lock_guard lock(state().mutex);
    state().egl = {make, destroy, data};
}

FAKE_EXPORT void zc_nvbuf_set_protected(int on)
{
    const std::lock_guard lock(state().mutex);
    state().protectedContent = on != 0;
}

FAKE_EXPORT void zc_nvbuf_reset(void)
{
    const std::lock_guard lock(state().mutex);
    State &s = state();
    s.rules.clear();
    s.failures = 0;
    s.calls.clear();
    s.callsOf.clear();
    s.misuse.clear();
    s.egl = {};
    s.protectedContent = false;
    configure(s);
}
