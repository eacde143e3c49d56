// SPDX-License-Identifier: MIT
// A stand-in for libnvrtc that compiles nothing but counts. Source with "#error" fails, naming file and line.
#include "fake_nvrtc.hpp"

#include <clocale>
#include <cstring>
#include <locale.h>
#include <mutex>
#include <unistd.h>

namespace zc::test {

FakeNvrtc &fakeNvrtc()
{
    static FakeNvrtc state;
    return state;
}

} // namespace zc::test

using zc::test::fakeNvrtc;

namespace {

constexpr int kInvalidInput = 3, kInvalidOption = 5, kCompilation = 6;
std::mutex mutex;

} // namespace

struct FakeProgram {
    std::string name, source, code, log;
    int (*ask)(void *, void *) = nullptr;
    void *payload = nullptr;
};

#define EXPORT extern "C" __attribute__((visibility("default")))

static int copyOut(const std::string &text, char *out)
{
    std::memcpy(out, text.c_str(), text.size() + 1);
    return 0;
}

EXPORT int nvrtcVersion(int *major, int *minor)
{
    *major = fakeNvrtc().major;
    *minor = fakeNvrtc().minor;
    return 0;
}

EXPORT const char *nvrtcGetErrorString(int result)
{
    return result == kCompilation ? "NVRTC_ERROR_COMPILATION" : "NVRTC_ERROR_OF_THE_STAND_IN";
}

EXPORT int nvrtcGetNumSupportedArchs(int *count)
{
    *count = static_cast<int>(fakeNvrtc().architectures.size());
    return 0;
}

EXPORT int nvrtcGetSupportedArchs(int *out)
{
    for (const int architecture : fakeNvrtc().architectures)
        *out++ = architecture;
    return 0;
}

EXPORT int nvrtcCreateProgram(FakeProgram **out, const char *source, const char *name, int headers,
                              const char *const *texts, const char *const *names)
{
    if (!source || !name || headers < 0)
        return kInvalidInput;
    *out = new FakeProgram{name, source, {}, {}, nullptr, nullptr};
    for (int i = 0; i < headers; ++i)
        (*out)->source += std::string("\n// ") + names[i] + "\n" + texts[i];
    return 0;
}

EXPORT int nvrtcDestroyProgram(FakeProgram **program)
{
    delete *program;
    *program = nullptr;
    return 0;
}

EXPORT int nvrtcSetFlowCallback(FakeProgram *program, int (*ask)(void *, void *), void *payload)
{
    program->ask = ask;
    program->payload = payload;
    return 0;
}

EXPORT int nvrtcCompileProgram(FakeProgram *program, int count, const char *const *options)
{
    const bool counts = program->name != "warm_up.cu"; // what the library compiles on its own account
    fakeNvrtc().begun += counts;
    for (int ms = 0; counts && ms < fakeNvrtc().delayMs; ++ms) {
        usleep(1000);
        if (program->ask && program->ask(program->payload, nullptr) == 1)
            return kCompilation;
    }
    const std::lock_guard lock(mutex);
    fakeNvrtc().sources += counts ? program->name + " " : "";
    fakeNvrtc().inOwnLocale += uselocale(locale_t{}) != LC_GLOBAL_LOCALE && *localeconv()->decimal_point == '.';
    std::string words;
    for (int i = 0; i < count; ++i)
        words += std::string(" ") + options[i];
    fakeNvrtc().options = words;
    fakeNvrtc().compiled += counts; // last: whoever waits for it reads the others
    if (words.find("no-such") != std::string::npos) {
        program->log = "unrecognized option";
        return kInvalidOption;
    }
    if (const std::size_t at = program->source.find("#error"); at != std::string::npos) {
        int line = 1;
        for (std::size_t i = 0; i < at; ++i)
            line += program->source[i] == '\n';
        program->log = program->name + "(" + std::to_string(line) + "): error: #error directive\n";
        return kCompilation;
    }
    program->code = "//" + words + "\n.version 7.2\n.target sm_75\n.address_size 64\n//" + program->source;
    return 0;
}

EXPORT int nvrtcGetProgramLogSize(FakeProgram *program, std::size_t *bytes)
{
    *bytes = program->log.size() + 1;
    return 0;
}

EXPORT int nvrtcGetProgramLog(FakeProgram *program, char *out)
{
    return copyOut(program->log, out);
}

EXPORT int nvrtcGetPTXSize(FakeProgram *program, std::size_t *bytes)
{
    *bytes = program->code.size() + 1;
    return 0;
}

EXPORT int nvrtcGetPTX(FakeProgram *program, char *out)
{
    return copyOut(program->code, out);
}

EXPORT int nvrtcGetCUBINSize(FakeProgram *program, std::size_t *bytes)
{
    return nvrtcGetPTXSize(program, bytes);
}

EXPORT int nvrtcGetCUBIN(FakeProgram *program, char *out)
{
    return copyOut(program->code, out);
}
