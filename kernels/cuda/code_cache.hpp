// SPDX-License-Identifier: MIT
// Compiled code on disk, by the hash of what it was made from. Losing it costs time, never correctness: whatever is
// wrong with a file or the directory, the code is made again.
#pragma once

#include "core/sha256.hpp"
#include "core/status.hpp"
#include "core/unique_fd.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace zc::cuda {

inline constexpr std::uint64_t kCodeCacheBytes = 256u << 20;

class CodeCache {
public:
    // ${XDG_CACHE_HOME:-~/.cache}/cudazerocopy; empty if the environment names no absolute directory.
    static std::string defaultDirectory();

    // Makes the directory (0700, and its parents) if it is missing. Access if it is not ours alone to write: what lies
    // there is run.
    static Result<CodeCache> open(const std::string &directory, std::uint64_t limit = kCodeCacheBytes);

    // The bytes stored under this key, or nothing. A file that is cut off, altered or no file is removed. Finding one
    // marks it as used.
    std::optional<std::string> find(const Sha256::Digest &key) const;

    // Appears whole or not at all, whoever else writes the same key; then the files used longest ago go, until the
    // limit is kept.
    Status store(const Sha256::Digest &key, const std::string &bytes) const;

private:
    CodeCache(UniqueFd directory, std::uint64_t limit) : directory_(std::move(directory)), limit_(limit) {}
    void trim() const;

    UniqueFd directory_;
    std::uint64_t limit_;
};

} // namespace zc::cuda
