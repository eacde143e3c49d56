// SPDX-License-Identifier: MIT
// libnvrtc, opened at run time. Declarations follow nvrtc.h of 11.2 to 13.0, whose functions never changed.
#include "cuda/nvrtc.hpp"

#include "core/c_locale.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <dlfcn.h>
#include <link.h>
#include <sys/stat.h>

namespace zc::cuda {

using NvrtcResult = int; // 0 is success
using NvrtcProgram = struct NvrtcProgramTag *;

struct NvrtcApi {
    void *library = nullptr;
    NvrtcResult (*version)(int *major, int *minor);
    const char *(*getErrorString)(NvrtcResult result);
    NvrtcResult (*getNumSupportedArchs)(int *count);
    NvrtcResult (*getSupportedArchs)(int *archs);
    NvrtcResult (*createProgram)(NvrtcProgram *program, const char *source, const char *name, int headers,
                                 const char *const *texts, const char *const *names);
    NvrtcResult (*destroyProgram)(NvrtcProgram *program);
    NvrtcResult (*compileProgram)(NvrtcProgram program, int count, const char *const *options);
    NvrtcResult (*getPtxSize)(NvrtcProgram program, std::size_t *bytes);
    NvrtcResult (*getPtx)(NvrtcProgram program, char *out);
    NvrtcResult (*getCubinSize)(NvrtcProgram program, std::size_t *bytes);
    NvrtcResult (*getCubin)(NvrtcProgram program, char *out);
    NvrtcResult (*getProgramLogSize)(NvrtcProgram program, std::size_t *bytes);
    NvrtcResult (*getProgramLog)(NvrtcProgram program, char *out);
    NvrtcResult (*setFlowCallback)(NvrtcProgram program, int (*ask)(void *, void *),
                                   void *payload); // 12.8; may be null
};

namespace {

constexpr NvrtcResult kCompilation = 6; // NVRTC_ERROR_COMPILATION: the source is at fault
constexpr NvrtcResult kInvalidOption = 5;
constexpr int kOldestMajor = 11, kOldestMinor = 2;

// Newest first. The name without a number belongs to development packages and may be of any version.
constexpr std::array kNames = {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so"};
// Toolkits that were installed without an entry in ld.so.conf.
constexpr std::array kFolders = {"", "/usr/local/cuda/lib64/"};

constexpr const char *kCure =
    "install NVRTC (Debian and Ubuntu: libnvrtc12 or libnvrtc11.2; NVIDIA's packages: cuda-nvrtc-12-9 or "
    "cuda-nvrtc-13-0; pip: nvidia-cuda-nvrtc-cu12, with its directory nvidia/cuda_nvrtc/lib on LD_LIBRARY_PATH), or "
    "name "
    "the file in CUDAZEROCOPY_NVRTC";

std::string bindAll(NvrtcApi &api)
{
    std::string missing;
    const auto get = [&](auto &slot, const char *symbol) {
        slot = reinterpret_cast<std::remove_reference_t<decltype(slot)>>(dlsym(api.library, symbol));
        if (!slot && missing.empty())
            missing = symbol;
    };
    get(api.version, "nvrtcVersion");
    get(api.getErrorString, "nvrtcGetErrorString");
    get(api.getNumSupportedArchs, "nvrtcGetNumSupportedArchs");
    get(api.getSupportedArchs, "nvrtcGetSupportedArchs");
    get(api.createProgram, "nvrtcCreateProgram");
    get(api.destroyProgram, "nvrtcDestroyProgram");
    get(api.compileProgram, "nvrtcCompileProgram");
    get(api.getPtxSize, "nvrtcGetPTXSize");
    get(api.getPtx, "nvrtcGetPTX");
    get(api.getCubinSize, "nvrtcGetCUBINSize");
    get(api.getCubin, "nvrtcGetCUBIN");
    get(api.getProgramLogSize, "nvrtcGetProgramLogSize");
    get(api.getProgramLog, "nvrtcGetProgramLog");
    const std::string required = missing;
    get(api.setFlowCallback, "nvrtcSetFlowCallback");
    return required;
}

Status failed(const NvrtcApi &api, NvrtcResult result, const char *what)
{
    const char *text = api.getErrorString(result);
    return {Code::System, std::string(what) + " failed: " + (text ? text : std::to_string(result).c_str())};
}

// Where the library lies, links resolved.
std::string pathOf(void *library, const std::string &fallback)
{
    struct link_map *map = nullptr;
    if (dlinfo(library, RTLD_DI_LINKMAP, &map) != 0 || !map || !map->l_name || !*map->l_name)
        return fallback;
    const std::unique_ptr<char, decltype(&std::free)> resolved(realpath(map->l_name, nullptr), &std::free);
    return resolved ? resolved.get() : map->l_name;
}

// NVRTC opens this one by its bare name when it first compiles. Toolkits' libraries carry no search path, so that a
// copy outside ld.so.conf fails unless its neighbour is there already.
void openBuiltins(const std::string &path, const std::string &version)
{
    const std::size_t slash = path.rfind('/');
    if (slash != std::string::npos)
        (void)dlopen((path.substr(0, slash) + "/libnvrtc-builtins.so." + version).c_str(), RTLD_NOW | RTLD_LOCAL);
}

// Logs quote the source, which may be anything, and travel in messages that must be UTF-8.
std::string asciiOf(std::string text)
{
    while (!text.empty() && (text.back() == '\0' || isSpace(text.back())))
        text.pop_back();
    for (char &c : text)
        if ((c < ' ' || c > '~') && c != '\n' && c != '\t')
            c = '?';
    return text;
}

class Program {
public:
    explicit Program(const NvrtcApi &api) : api_(api) {}
    ~Program()
    {
        if (program_)
            api_.destroyProgram(&program_);
    }
    Program(const Program &) = delete;
    Program &operator=(const Program &) = delete;

    NvrtcResult create(const SourceText &source, std::span<const SourceText> headers)
    {
        std::vector<const char *> texts, names;
        for (const SourceText &header : headers) {
            texts.push_back(header.text.c_str());
            names.push_back(header.name.c_str());
        }
        return api_.createProgram(&program_, source.text.c_str(), source.name.c_str(), static_cast<int>(headers.size()),
                                  texts.data(), names.data());
    }
    NvrtcProgram get() const { return program_; }

    // Both pairs of functions, for a log or code, look like this; empty if the library has none.
    std::string read(NvrtcResult (*size)(NvrtcProgram, std::size_t *), NvrtcResult (*fetch)(NvrtcProgram, char *)) const
    {
        std::size_t bytes = 0;
        if (size(program_, &bytes) != 0 || bytes == 0)
            return {};
        std::string out(bytes, '\0');
        if (fetch(program_, out.data()) != 0)
            return {};
        return out;
    }

private:
    const NvrtcApi &api_;
    NvrtcProgram program_ = nullptr;
};

int isCancelled(void *flag, void *)
{
    return static_cast<const std::atomic<bool> *>(flag)->load(std::memory_order_relaxed) ? 1 : 0;
}

} // namespace

Nvrtc::Nvrtc(std::unique_ptr<NvrtcApi> api) : api_(std::move(api)) {}

// Never closed: the library keeps threads' data and exit handlers.
Nvrtc::~Nvrtc() = default;

std::string Nvrtc::identity() const
{
    return std::to_string(major_) + "." + std::to_string(minor_) + " of " + std::to_string(fileBytes_) + " bytes";
}

Result<std::unique_ptr<Nvrtc>> Nvrtc::openFile(const std::string &name)
{
    auto api = std::make_unique<NvrtcApi>();
    api->library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!api->library) {
        const char *why = dlerror();
        return Status{Code::NotFound, why ? why : name + ": cannot be opened"};
    }
    if (const std::string missing = bindAll(*api); !missing.empty())
        return Status{Code::Unsupported, name + " has no " + missing + ": it is no NVRTC of 11.2 or later"};
    std::unique_ptr<Nvrtc> out(new Nvrtc(std::move(api)));
    out->path_ = pathOf(out->api_->library, name);
    if (const NvrtcResult result = out->api_->version(&out->major_, &out->minor_); result != 0)
        return Status{Code::Unsupported, name + ": " + failed(*out->api_, result, "nvrtcVersion").message()};
    if (std::pair(out->major_, out->minor_) < std::pair(kOldestMajor, kOldestMinor))
        return Status{Code::Unsupported, name + " is NVRTC " + std::to_string(out->major_) + "." +
                                             std::to_string(out->minor_) + "; 11.2 or later is needed"};
    openBuiltins(out->path_, std::to_string(out->major_) + "." + std::to_string(out->minor_));
    int count = 0;
    if (out->api_->getNumSupportedArchs(&count) == 0 && count > 0) {
        out->architectures_.resize(static_cast<std::size_t>(count));
        if (out->api_->getSupportedArchs(out->architectures_.data()) != 0)
            out->architectures_.clear();
        std::sort(out->architectures_.begin(), out->architectures_.end());
    }
    struct stat info {};
    if (stat(out->path_.c_str(), &info) == 0)
        out->fileBytes_ = info.st_size;
    return out;
}

Result<std::unique_ptr<Nvrtc>> Nvrtc::open(int driverVersion)
{
    if (const char *named = secure_getenv("CUDAZEROCOPY_NVRTC"); named && *named) {
        auto out = openFile(named);
        if (!out)
            return Status{out.status().code(), "CUDAZEROCOPY_NVRTC is " + quoted(named) + ", but " +
                                                   out.status().message() +
                                                   "; name a libnvrtc.so of CUDA 11.2 or later, or unset it"};
        return out;
    }
    std::unique_ptr<Nvrtc> newer; // than the driver, which then may refuse what it makes
    std::string looked, found;
    for (const char *folder : kFolders)
        for (const char *name : kNames) {
            auto out = openFile(std::string(folder) + name);
            if (out) {
                if (driverVersion == 0 || out.value()->major() <= driverVersion / 1000)
                    return out;
                if (!newer)
                    newer = std::move(out.value());
            } else if (out.status().code() != Code::NotFound) {
                found += "; " + out.status().message();
            }
            looked += (looked.empty() ? "" : ", ") + std::string(folder) + name;
        }
    if (newer)
        return newer;
    return Status{Code::NotFound, "no NVRTC: looked for " + looked + found + "; " + kCure};
}

Result<Nvrtc::Output> Nvrtc::compile(const SourceText &source, std::span<const SourceText> headers,
                                     const std::vector<std::string> &options, CodeForm form,
                                     const std::atomic<bool> *cancel) const
{
    if (source.text.find('\0') != std::string::npos)
        return Status{Code::InvalidArgument, source.name + " holds a zero byte: it is no source text"};
    const ScopedCLocale locale;
    Program program(*api_);
    if (const NvrtcResult result = program.create(source, headers); result != 0)
        return failed(*api_, result, "nvrtcCreateProgram");
    if (cancel && api_->setFlowCallback)
        (void)api_->setFlowCallback(program.get(), isCancelled, const_cast<std::atomic<bool> *>(cancel));
    std::vector<const char *> words(options.size());
    std::transform(options.begin(), options.end(), words.begin(),
                   [](const std::string &option) { return option.c_str(); });
    const NvrtcResult result = api_->compileProgram(program.get(), static_cast<int>(words.size()), words.data());
    Output out;
    out.log = asciiOf(program.read(api_->getProgramLogSize, api_->getProgramLog));
    if (result == kCompilation || result == kInvalidOption)
        return Status{Code::InvalidArgument,
                      source.name + " does not compile: " +
                          (out.log.empty() ? failed(*api_, result, "nvrtcCompileProgram").message() : out.log)};
    if (result != 0)
        return Status{Code::System, source.name + ": " + failed(*api_, result, "nvrtcCompileProgram").message() +
                                        (out.log.empty() ? "" : ": " + out.log)};
    const bool ptx = form == CodeForm::Ptx;
    out.code = program.read(ptx ? api_->getPtxSize : api_->getCubinSize, ptx ? api_->getPtx : api_->getCubin);
    while (ptx && !out.code.empty() && out.code.back() == '\0')
        out.code.pop_back();
    if (out.code.empty())
        return Status{Code::System, source.name + ": NVRTC gave no " + (ptx ? "PTX" : "cubin") + " for these options"};
    return out;
}

} // namespace zc::cuda
