// SPDX-License-Identifier: MIT
// A key file ([group] and key=value, as GKeyFile reads them) as plain values, with nothing in it overlooked.
#pragma once

#include "core/status.hpp"

#include <string>
#include <vector>

namespace zc::gst {

struct KeyFile {
    struct Entry {
        std::string key, text; // blanks around them removed, escapes resolved
    };
    struct Group {
        std::string name;
        std::vector<Entry> entries;
    };
    std::vector<Group> groups; // in the file's order; names differ, and so do the keys of one group
};

// Never waits: anything but a regular file of at most 1 MiB is refused. So are text that is not UTF-8, lines that are
// neither group, key nor comment, and groups or keys that come twice, by the number of the line. The message does not
// name the file.
Result<KeyFile> readKeyFile(const std::string &path);

} // namespace zc::gst
