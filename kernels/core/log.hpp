// SPDX-License-Identifier: MIT
// Where the kernel layer says what it did: one sink for the library, none at first. Failures travel as Status instead.
#pragma once

#include <atomic>
#include <string>

namespace zc {

enum class LogLevel { Debug, Info, Warning };

// Called on any thread, several at once; the text is one sentence in ASCII and valid for the call only.
using LogSink = void (*)(LogLevel level, const char *text);

namespace detail {
inline std::atomic<LogSink> logSink{nullptr};
} // namespace detail

// The sink must stay callable for the life of the process. Thread-safe.
inline void setLogSink(LogSink sink)
{
    detail::logSink.store(sink, std::memory_order_release);
}

inline void log(LogLevel level, const std::string &text)
{
    if (const LogSink sink = detail::logSink.load(std::memory_order_acquire))
        sink(level, text.c_str());
}

} // namespace zc
