// SPDX-License-Identifier: MIT
// Counts the copies of pixels that GStreamer's core and the element report while it lives.
#pragma once

#include <gst/gst.h>

#include <mutex>
#include <string>
#include <vector>

namespace zc::test {

// Core logs every fallback copy and every merge of memories in its category GST_PERFORMANCE; so does the element.
// One at a time: it takes the log over, and raises that category's threshold until it is destroyed.
class CopyDetector {
public:
    CopyDetector();
    CopyDetector(const CopyDetector &) = delete;
    CopyDetector &operator=(const CopyDetector &) = delete;
    ~CopyDetector();

    // One line per copy seen so far.
    std::vector<std::string> copies() const;

private:
    static void onLog(GstDebugCategory *category, GstDebugLevel level, const gchar *file, const gchar *function,
                      gint line, GObject *object, GstDebugMessage *message, gpointer self);

    GstDebugCategory *category_ = nullptr;
    GstDebugLevel oldThreshold_ = GST_LEVEL_NONE;
    mutable std::mutex mutex_;
    std::vector<std::string> copies_;
};

} // namespace zc::test
