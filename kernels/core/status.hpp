// SPDX-License-Identifier: MIT
// Outcome of an operation: nothing, or a code and a sentence for the person who reads the log.
#pragma once

#include <optional>
#include <string>
#include <utility>

namespace zc {

enum class Code {
    Ok,
    InvalidArgument, // the caller's value is wrong
    NotFound,        // no kernel, device or symbol of that name
    Unsupported,     // well-formed, but this build, format or machine cannot do it
    BadLayout,       // planes, pitches or sizes that contradict each other or the memory
    Access,          // memory that cannot be mapped or written
    System,          // a system call failed
    Gpu,             // the GPU or its driver failed; another try may do
    GpuLost,         // as Gpu, and for good: no context of this process can be used again
    Interrupted,     // nothing failed: somebody asked to stop waiting
};

class [[nodiscard]] Status {
public:
    Status() = default;
    Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

    bool ok() const { return code_ == Code::Ok; }
    explicit operator bool() const { return ok(); }
    Code code() const { return code_; }
    const std::string &message() const { return message_; }

private:
    Code code_ = Code::Ok;
    std::string message_;
};

// A value or the Status that says why there is none. value() may be called only when ok().
template <class T> class [[nodiscard]] Result {
public:
    Result(T value) : value_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
    Result(Status status) : status_(std::move(status)) {} // NOLINT(google-explicit-constructor)

    bool ok() const { return value_.has_value(); }
    explicit operator bool() const { return ok(); }
    T &value() { return *value_; }
    const T &value() const { return *value_; }
    T *operator->() { return &*value_; }
    const Status &status() const { return status_; }

private:
    std::optional<T> value_;
    Status status_;
};

} // namespace zc
