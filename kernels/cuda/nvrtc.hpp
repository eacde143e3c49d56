// SPDX-License-Identifier: MIT
// NVIDIA's run-time compiler, libnvrtc 11.2 to 13.x, opened at run time: no toolkit is needed to build or to start.
#pragma once

#include "core/status.hpp"

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace zc::cuda {

struct NvrtcApi; // the functions, in nvrtc.cpp

// What is compiled. Names are what #include and messages say.
struct SourceText {
    std::string name;
    std::string text;
};

enum class CodeForm { Cubin, Ptx };

class Nvrtc {
public:
    struct Output {
        std::string code; // a cubin, or PTX without its terminating zero
        std::string log;  // what the compiler said: warnings, or why it failed
    };

    // Looks for the library under its names and takes the first whose major version the driver runs (`driverVersion` as
    // of cuDriverGetVersion(); 0: any), else the first. The environment's CUDAZEROCOPY_NVRTC names one file instead.
    // NotFound says what was looked for and what to install.
    static Result<std::unique_ptr<Nvrtc>> open(int driverVersion);

    ~Nvrtc();
    Nvrtc(const Nvrtc &) = delete;
    Nvrtc &operator=(const Nvrtc &) = delete;

    int major() const { return major_; }
    int minor() const { return minor_; }
    const std::string &path() const { return path_; }
    // Compute capabilities that it compiles for, times ten, in ascending order: 75 is 7.5.
    std::span<const int> architectures() const { return architectures_; }
    // "12.9", and the library's size, since repaired releases keep the number.
    std::string identity() const;

    // Compiles with exactly these options; they decide between cubin and PTX too (sm_90, compute_90) and `form` must
    // agree. Headers are found by name, never on disk unless an option says so. Reads numbers as the C locale writes
    // them, whatever the application's locale is. `cancel`, where not null, is asked now and then (12.8 and later).
    // A failure is InvalidArgument with the compiler's log as its message if the source is at fault. Thread-safe;
    // takes 0.1 s to seconds.
    Result<Output> compile(const SourceText &source, std::span<const SourceText> headers,
                           const std::vector<std::string> &options, CodeForm form,
                           const std::atomic<bool> *cancel = nullptr) const;

private:
    explicit Nvrtc(std::unique_ptr<NvrtcApi> api);
    static Result<std::unique_ptr<Nvrtc>> openFile(const std::string &name);

    std::unique_ptr<NvrtcApi> api_;
    std::string path_;
    int major_ = 0, minor_ = 0;
    long long fileBytes_ = 0;
    std::vector<int> architectures_;
};

} // namespace zc::cuda
