// SPDX-License-Identifier: MIT
// Counting of calls, and errors on demand.
#include "state.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace zc::fake {

namespace {

thread_local bool quiet = false;

// The error of the first rule that strikes; every rule counts the call.
int strike(State &s, const char *function, bool pure)
{
    int error = kSuccess;
    for (Rule &rule : s.rules) {
        if (rule.spent || (rule.function.empty() ? pure : rule.function != function))
            continue;
        if (rule.left > 1) {
            --rule.left;
            continue;
        }
        rule.spent = rule.left == 1;
        if (error == kSuccess)
            error = rule.error;
    }
    if (error != kSuccess)
        ++s.failures;
    return error;
}

bool parseRule(std::string_view text, Rule &rule)
{
    const auto equals = text.rfind('=');
    if (equals == std::string_view::npos || equals == 0)
        return false;
    char *end = nullptr;
    const std::string error(text.substr(equals + 1));
    rule.error = static_cast<int>(std::strtol(error.c_str(), &end, 10));
    if (error.empty() || *end != '\0')
        return false;
    std::string what(text.substr(0, equals));
    const auto colon = what[0] == '#' ? 0 : what.find(':');
    rule.left = 0;
    if (colon == std::string::npos) {
        rule.function = what;
        return true;
    }
    rule.function = what.substr(0, colon);
    const std::string number = what.substr(colon + 1);
    rule.left = std::strtoul(number.c_str(), &end, 10);
    return !number.empty() && *end == '\0' && rule.left > 0;
}

} // namespace

bool isSticky(int error)
{
    switch (error) {
    case 4:
    case 214:
    case 220:
    case 226:
    case 700:
    case 702:
    case 709:
    case 710:
    case 714:
    case 715:
    case 716:
    case 717:
    case 718:
    case 719:
    case 721:
    case 810:
    case 911:
        return true;
    default:
        return false;
    }
}

int applyRules(State &s, const char *rules)
{
    std::string_view rest = rules ? rules : "";
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        const std::string_view one = rest.substr(0, comma);
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
        Rule rule{};
        if (!parseRule(one, rule))
            return -1;
        s.rules.push_back(rule);
    }
    return 0;
}

int enter(const char *function, unsigned needs)
{
    State &s = state();
    static const bool traced = std::getenv("FAKE_CUDA_TRACE") != nullptr;
    const bool pure = (needs & kPure) != 0;
    if (!quiet)
        ++s.callsOf[function];
    if (!quiet && !pure)
        s.calls.push_back(function);
    const int ordered = quiet ? kSuccess : strike(s, function, pure);
    if (traced)
        std::fprintf(stderr, "fake_cuda: %zu %s%s\n", s.calls.size(), function, ordered ? " fails" : "");
    if (ordered != kSuccess) {
        if (isSticky(ordered))
            s.lost = ordered;
        return ordered;
    }
    if (pure)
        return kSuccess;
    if (!s.initialised && !(needs & kBeforeInit))
        return misuse(kNotInitialized, std::string(function) + ": called before cuInit");
    if (s.lost != 0 && !(needs & kSurvivesLoss))
        return s.lost;
    if ((needs & kNeedsContext) && currentContext() == 0)
        return misuse(kInvalidContext, std::string(function) + ": the thread has no current context");
    if ((needs & kNeedsContext) && !s.contexts.find(currentContext()))
        return misuse(kContextIsDestroyed, std::string(function) + ": the current context was destroyed");
    return kSuccess;
}

} // namespace zc::fake

using namespace zc::fake;

FAKE_EXPORT void zc_fake_fail(const char *function, unsigned long n, int error)
{
    const std::lock_guard lock(state().mutex);
    state().rules.push_back({function ? function : "", n, error});
}

FAKE_EXPORT int zc_fake_fail_rules(const char *rules)
{
    const std::lock_guard lock(state().mutex);
    return applyRules(state(), rules);
}

FAKE_EXPORT unsigned long zc_fake_failures(void)
{
    const std::lock_guard lock(state().mutex);
    return state().failures;
}

FAKE_EXPORT void zc_fake_lose(int error)
{
    const std::lock_guard lock(state().mutex);
    state().lost = error;
}

FAKE_EXPORT void zc_fake_quiet(int on)
{
    quiet = on != 0;
}

FAKE_EXPORT void zc_fake_scatter(void)
{
    const std::lock_guard lock(state().mutex);
    state().scattered = true;
}

FAKE_EXPORT void zc_fake_not_ready(unsigned long n)
{
    const std::lock_guard lock(state().mutex);
    state().notReady = n;
}

FAKE_EXPORT unsigned long zc_fake_calls(const char *function)
{
    const std::lock_guard lock(state().mutex);
    const auto it = state().callsOf.find(function);
    return it == state().callsOf.end() ? 0 : it->second;
}

FAKE_EXPORT unsigned long zc_fake_calls_total(void)
{
    const std::lock_guard lock(state().mutex);
    return state().calls.size();
}

FAKE_EXPORT const char *zc_fake_call_name(unsigned long i)
{
    const std::lock_guard lock(state().mutex);
    return i >= 1 && i <= state().calls.size() ? state().calls[i - 1] : nullptr;
}
