// SPDX-License-Identifier: MIT
// GKeyFile, with the checks that it leaves out: it joins groups of one name, and of one key takes the last.
#include "key_file.hpp"

#include "core/text.hpp"
#include "core/unique_fd.hpp"
#include "gst_ptr.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace zc::gst {
namespace {

constexpr std::size_t kMostBytes = 1 << 20;

Status bad(const std::string &problem)
{
    return {Code::InvalidArgument, problem};
}

Status badLine(std::size_t number, const std::string &problem)
{
    return bad("line " + std::to_string(number) + ": " + problem);
}

Result<std::string> contentsOf(const std::string &path)
{
    // A FIFO without a writer opens at once, and is refused below.
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd.valid())
        return bad(std::string("cannot be opened: ") + g_strerror(errno));
    struct stat info = {};
    if (fstat(fd.get(), &info) != 0)
        return bad(std::string("cannot be looked at: ") + g_strerror(errno));
    if (S_ISDIR(info.st_mode))
        return bad("is a directory; name a file in it");
    if (!S_ISREG(info.st_mode))
        return bad("is no regular file (a pipe, socket or device); write the settings into a file");
    // Its size is not asked for: files of /proc tell 0, and others may grow.
    std::string text;
    char block[16384];
    while (text.size() <= kMostBytes) {
        const ssize_t got = read(fd.get(), block, sizeof block);
        if (got == 0)
            return text;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return bad(std::string("cannot be read: ") + g_strerror(errno));
        text.append(block, static_cast<std::size_t>(got));
    }
    return bad("has more than " + std::to_string(kMostBytes) +
               " bytes, which no settings need; is it another file than the one that was meant?");
}

Status checkUtf8(const std::string &text)
{
    const gchar *end = nullptr;
    if (g_utf8_validate(text.data(), static_cast<gssize>(text.size()), &end))
        return {};
    const auto line = 1 + std::count(text.data(), end, '\n');
    return badLine(static_cast<std::size_t>(line), "is not text in UTF-8; save the file as plain UTF-8 text");
}

// The groups and keys that a text names, line by line; no values.
class Outline {
public:
    Status add(std::size_t number, std::string_view line)
    {
        if (line.empty() || line.front() == '#')
            return {};
        if (line.front() == '[' && line.back() == ']')
            return addGroup(number, line.substr(1, line.size() - 2));
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos || trimmed(line.substr(0, equals)).empty())
            return badLine(number, quoted(line) + " is neither [group], key=value nor a comment (#)");
        return addKey(number, trimmed(line.substr(0, equals)));
    }
    KeyFile take() { return std::move(file_); }

private:
    static Status checkLength(std::size_t number, std::string_view name)
    {
        constexpr std::size_t kLongest = 64; // of names that messages repeat
        return name.size() <= kLongest ? Status() : badLine(number, quoted(name) + " is no name of a group or key");
    }

    Status addGroup(std::size_t number, std::string_view name)
    {
        if (Status status = checkLength(number, name); !status)
            return status;
        const auto same = [name](const KeyFile::Group &group) { return group.name == name; };
        if (std::any_of(file_.groups.begin(), file_.groups.end(), same))
            return badLine(number, "group [" + std::string(name) + "] comes a second time; join the two");
        if (file_.groups.size() == kMost)
            return badLine(number, "there are more than " + std::to_string(kMost) + " groups");
        file_.groups.push_back({std::string(name), {}});
        return {};
    }

    Status addKey(std::size_t number, std::string_view name)
    {
        if (Status status = checkLength(number, name); !status)
            return status;
        if (file_.groups.empty())
            return badLine(number, "key " + quoted(name) + " comes before any group; write [property] above it");
        KeyFile::Group &group = file_.groups.back();
        const auto same = [name](const KeyFile::Entry &entry) { return entry.key == name; };
        if (std::any_of(group.entries.begin(), group.entries.end(), same))
            return badLine(number, "key " + quoted(name) + " comes a second time in group [" + group.name +
                                       "]; keep one of the two");
        if (group.entries.size() == kMost)
            return badLine(number, "there are more than " + std::to_string(kMost) + " keys in one group");
        group.entries.push_back({std::string(name), {}});
        return {};
    }

    static constexpr std::size_t kMost = 2048; // bounds the searches
    KeyFile file_;
};

Result<KeyFile> outlineOf(std::string_view text)
{
    Outline outline;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        if (Status status = outline.add(number, trimmed(text.substr(0, end))); !status)
            return status;
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
    return outline.take();
}

struct FreeKeyFile {
    void operator()(GKeyFile *file) const { g_key_file_unref(file); }
};
struct FreeError {
    void operator()(GError *error) const { g_error_free(error); }
};
using KeyFilePtr = std::unique_ptr<GKeyFile, FreeKeyFile>;
using ErrorPtr = std::unique_ptr<GError, FreeError>;

Status asStatus(GError *error, const std::string &where)
{
    const ErrorPtr held(error);
    return bad(where + quoted(held ? held->message : "unknown reason"));
}

Status fillValues(GKeyFile *parsed, KeyFile &file)
{
    for (KeyFile::Group &group : file.groups) {
        for (KeyFile::Entry &entry : group.entries) {
            GError *error = nullptr;
            const GCharPtr text(g_key_file_get_string(parsed, group.name.c_str(), entry.key.c_str(), &error));
            if (!text)
                return asStatus(error, "group [" + group.name + "], key " + entry.key + ": ");
            entry.text = trimmed(text.get());
        }
    }
    return {};
}

} // namespace

Result<KeyFile> readKeyFile(const std::string &path)
{
    auto contents = contentsOf(path);
    if (!contents)
        return contents.status();
    std::string &text = contents.value();
    if (text.rfind("\xef\xbb\xbf", 0) == 0) // some editors' mark of UTF-8
        text.erase(0, 3);
    if (Status status = checkUtf8(text); !status)
        return status;
    auto file = outlineOf(text);
    if (!file)
        return file;
    const KeyFilePtr parsed(g_key_file_new());
    GError *error = nullptr;
    if (!text.empty() && !g_key_file_load_from_data(parsed.get(), text.data(), text.size(), G_KEY_FILE_NONE, &error))
        return asStatus(error, "is no key file: ");
    if (Status status = fillValues(parsed.get(), file.value()); !status)
        return status;
    return file;
}

} // namespace zc::gst
