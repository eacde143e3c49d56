// SPDX-License-Identifier: MIT
// The property "config-file": a key file with the element's settings.
#pragma once

#include "settings.hpp"

#include <glib-object.h>

#include <string>

namespace zc::gst {

struct ConfigFile {
    Update update;
    std::string notes; // of values that were clamped; for a warning
};

// [property]: the element's properties (`klass` knows their types and ranges); [kernel]: its name and parameters;
// [region-N]: x, y (or left, top), width and height. Each message names the file, the group, the key, what was found
// and what is expected.
Result<ConfigFile> readConfigFile(const std::string &path, GObjectClass *klass);

// The property's setter: reads the file and takes all of it, or nothing. While running, the file is read by
// readPostponedConfig() before the next start. Any thread.
SetResult setConfigFile(Settings &settings, GObjectClass *klass, std::string_view path);
SetResult readPostponedConfig(Settings &settings, GObjectClass *klass);

} // namespace zc::gst
