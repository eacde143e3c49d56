// SPDX-License-Identifier: MIT
// Reads the lines of GST_PERFORMANCE that speak of copied bytes.
#include "copy_detector.hpp"

namespace zc::test {

CopyDetector::CopyDetector()
{
    GST_DEBUG_CATEGORY_GET(category_, "GST_PERFORMANCE");
    oldThreshold_ = gst_debug_category_get_threshold(category_);
    gst_debug_set_active(TRUE);
    gst_debug_category_set_threshold(category_, GST_LEVEL_LOG);
    gst_debug_remove_log_function(gst_debug_log_default); // its lines would drown the test's own
    gst_debug_add_log_function(onLog, this, nullptr);
}

CopyDetector::~CopyDetector()
{
    gst_debug_remove_log_function_by_data(this);
    gst_debug_add_log_function(gst_debug_log_default, nullptr, nullptr);
    gst_debug_category_set_threshold(category_, oldThreshold_);
}

std::vector<std::string> CopyDetector::copies() const
{
    const std::lock_guard lock(mutex_);
    return copies_;
}

void CopyDetector::onLog(GstDebugCategory *category, GstDebugLevel, const gchar *, const gchar *, gint, GObject *,
                         GstDebugMessage *message, gpointer self)
{
    auto *detector = static_cast<CopyDetector *>(self);
    if (category != detector->category_)
        return;
    const std::string text = gst_debug_message_get(message);
    // "memcpy", "copy", "copied"; "merge" is how core speaks of joining memories.
    if (text.find("cpy") == std::string::npos && text.find("cop") == std::string::npos &&
        text.find("merge") == std::string::npos)
        return;
    const std::lock_guard lock(detector->mutex_);
    detector->copies_.push_back(text);
}

} // namespace zc::test
