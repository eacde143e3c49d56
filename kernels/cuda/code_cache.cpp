// SPDX-License-Identifier: MIT
// Compiled code on disk. A file is a header of 48 bytes (magic, length, checksum over key and bytes) and the bytes.
#include "cuda/code_cache.hpp"

#include "core/log.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace zc::cuda {

namespace {

constexpr std::string_view kMagic = "zccode-1"; // as long as its field
constexpr std::string_view kSuffix = ".code";
constexpr std::string_view kTemporary = "tmp-";
constexpr std::size_t kNameDigits = 64;
constexpr std::uint64_t kLargestFile = 64u << 20;
constexpr std::time_t kAbandoned = 3600; // seconds after which a temporary file has no writer any more

struct FileHeader {
    char magic[8];
    std::uint64_t bytes;
    Sha256::Digest checksum;
};
static_assert(sizeof(FileHeader) == 48);

std::string nameOf(const Sha256::Digest &key)
{
    return hexOf(key) + std::string(kSuffix);
}

FileHeader headerFor(const Sha256::Digest &key, std::string_view bytes)
{
    FileHeader header{};
    kMagic.copy(header.magic, sizeof header.magic);
    header.bytes = bytes.size();
    Sha256 sum;
    sum.add({reinterpret_cast<const char *>(key.data()), key.size()});
    sum.addField(bytes);
    header.checksum = sum.finish();
    return header;
}

std::string errnoText()
{
    return std::strerror(errno); // NOLINT(concurrency-mt-unsafe): glibc's is safe for known errors
}

// All of the buffer; false at an error, or with errno 0 at the file's end.
template <class Byte, class Move> bool whole(Byte *data, std::size_t bytes, const Move &move)
{
    while (bytes > 0) {
        const ssize_t moved = move(data, bytes);
        if (moved < 0 && errno == EINTR)
            continue;
        if (moved == 0)
            errno = 0;
        if (moved <= 0)
            return false;
        data += moved;
        bytes -= static_cast<std::size_t>(moved);
    }
    return true;
}

bool readAll(int fd, void *data, std::size_t bytes)
{
    return whole(static_cast<char *>(data), bytes, [&](char *p, std::size_t n) { return read(fd, p, n); });
}

bool writeAll(int fd, const void *data, std::size_t bytes)
{
    return whole(static_cast<const char *>(data), bytes, [&](const char *p, std::size_t n) { return write(fd, p, n); });
}

// mkdir -p, new directories for their owner alone.
void makeDirectories(const std::string &path)
{
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
        (void)mkdir(path.substr(0, slash).c_str(), 0700);
    (void)mkdir(path.c_str(), 0700);
}

// The bytes of an open file, or nothing: with errno 0 if it is not what store() wrote.
std::optional<std::string> contentsOf(int fd, const Sha256::Digest &key)
{
    struct stat info {};
    FileHeader header{};
    if (fstat(fd, &info) != 0)
        return {};
    errno = 0;
    if (!S_ISREG(info.st_mode) || info.st_uid != geteuid() || !readAll(fd, &header, sizeof header))
        return {};
    errno = 0;
    if (std::string_view(header.magic, sizeof header.magic) != kMagic || header.bytes > kLargestFile ||
        static_cast<std::uint64_t>(info.st_size) != sizeof header + header.bytes)
        return {};
    std::string bytes(header.bytes, '\0');
    if (!readAll(fd, bytes.data(), bytes.size()))
        return {};
    errno = 0;
    return headerFor(key, bytes).checksum == header.checksum ? std::optional(std::move(bytes)) : std::nullopt;
}

// Whether the entry itself is why it could not be opened: a link, a socket. What the process or the machine lacks at
// the moment (descriptors, memory) says nothing about the code in it.
bool isNoFile(int error)
{
    return error == ELOOP || error == ENXIO;
}

struct DirectoryCloser {
    void operator()(DIR *directory) const { closedir(directory); }
};

struct Entry {
    std::string name;
    std::uint64_t bytes;
    timespec used;
};

// Ours by name; nothing else in the directory is touched.
bool isEntry(std::string_view name)
{
    return name.size() == kNameDigits + kSuffix.size() && name.ends_with(kSuffix) &&
           name.substr(0, kNameDigits).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

} // namespace

std::string CodeCache::defaultDirectory()
{
    // The specification says that a relative path is to be ignored. What lies there is run, so a privileged program
    // does not let its user say where.
    const char *cache = secure_getenv("XDG_CACHE_HOME");
    if (cache && *cache == '/')
        return std::string(cache) + "/cudazerocopy";
    const char *home = secure_getenv("HOME");
    if (home && *home == '/')
        return std::string(home) + "/.cache/cudazerocopy";
    return {};
}

Result<CodeCache> CodeCache::open(const std::string &directory, std::uint64_t limit)
{
    if (directory.empty())
        return Status{Code::NotFound, "neither XDG_CACHE_HOME nor HOME names a directory"};
    makeDirectories(directory);
    UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.valid())
        return Status{Code::Access, directory + ": " + errnoText()};
    struct stat info {};
    if (fstat(fd.get(), &info) != 0)
        return Status{Code::Access, directory + ": " + errnoText()};
    if (info.st_uid != geteuid())
        return Status{Code::Access, directory + " belongs to user " + std::to_string(info.st_uid) + ", not to " +
                                        std::to_string(geteuid())};
    if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return Status{Code::Access, directory + " can be written by others; chmod 700 makes it usable"};
    return CodeCache(std::move(fd), limit);
}

std::optional<std::string> CodeCache::find(const Sha256::Digest &key) const
{
    const std::string name = nameOf(key);
    // Without O_NONBLOCK a FIFO of that name would be waited for.
    const UniqueFd fd(openat(directory_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!fd.valid()) {
        if (isNoFile(errno))
            (void)unlinkat(directory_.get(), name.c_str(), 0);
        return {};
    }
    auto bytes = contentsOf(fd.get(), key);
    if (!bytes && errno != 0)
        return {};
    if (!bytes) {
        log(LogLevel::Info, "removed " + name + " from the code cache: it is damaged");
        (void)unlinkat(directory_.get(), name.c_str(), 0);
        return {};
    }
    (void)futimens(fd.get(), nullptr);
    return bytes;
}

Status CodeCache::store(const Sha256::Digest &key, const std::string &bytes) const
{
    static std::atomic<unsigned> number{0};
    if (bytes.size() > kLargestFile)
        return {Code::Unsupported, "code of " + std::to_string(bytes.size()) + " bytes is not cached"};
    const std::string temporary =
        std::string(kTemporary) + std::to_string(getpid()) + "-" + std::to_string(number++) + "-" + nameOf(key);
    UniqueFd fd(
        openat(directory_.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd.valid())
        return {Code::Access, "the code cache cannot be written: " + errnoText()};
    // No fsync: after a crash of the machine the checksum finds what is missing.
    const FileHeader header = headerFor(key, bytes);
    bool written = writeAll(fd.get(), &header, sizeof header) && writeAll(fd.get(), bytes.data(), bytes.size());
    written = written && renameat(directory_.get(), temporary.c_str(), directory_.get(), nameOf(key).c_str()) == 0;
    if (!written) {
        Status status{Code::Access, "the code cache cannot be written: " + errnoText()};
        (void)unlinkat(directory_.get(), temporary.c_str(), 0);
        return status;
    }
    trim();
    return {};
}

void CodeCache::trim() const
{
    UniqueFd again(openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const std::unique_ptr<DIR, DirectoryCloser> listing(again.valid() ? fdopendir(again.get()) : nullptr);
    if (!listing)
        return;
    (void)again.release(); // closedir() closes it
    std::vector<Entry> entries;
    std::uint64_t total = 0;
    const std::time_t now = std::time(nullptr);
    while (const dirent *item = readdir(listing.get())) { // NOLINT(concurrency-mt-unsafe): the stream is ours alone
        const std::string name = item->d_name;
        struct stat info {};
        if (fstatat(directory_.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode))
            continue;
        if (isEntry(name)) {
            entries.push_back({name, static_cast<std::uint64_t>(info.st_size), info.st_mtim});
            total += entries.back().bytes;
        } else if (name.starts_with(kTemporary) && name.ends_with(kSuffix) && info.st_mtim.tv_sec + kAbandoned < now) {
            (void)unlinkat(directory_.get(), name.c_str(), 0);
        }
    }
    std::sort(entries.begin(), entries.end(), [](const Entry &a, const Entry &b) {
        return std::pair(a.used.tv_sec, a.used.tv_nsec) < std::pair(b.used.tv_sec, b.used.tv_nsec);
    });
    for (const Entry &entry : entries) {
        if (total <= limit_)
            break;
        (void)unlinkat(directory_.get(), entry.name.c_str(), 0);
        total -= entry.bytes;
    }
}

} // namespace zc::cuda
