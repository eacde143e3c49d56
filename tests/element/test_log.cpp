// SPDX-License-Identifier: MIT
// Each line of the log names the element that it is about: a pipeline may hold several.
#include "rig.hpp"

#include <gtest/gtest.h>

namespace zc::test {
namespace {

// Every line of the plugin's categories while it lives: whose it is, and what it says.
class Lines {
public:
    Lines()
    {
        gst_debug_set_threshold_for_name("cudazerocopy*", GST_LEVEL_LOG);
        gst_debug_add_log_function(collect, this, nullptr);
    }
    ~Lines()
    {
        gst_debug_remove_log_function_by_data(this);
        gst_debug_unset_threshold_for_name("cudazerocopy*");
    }
    Lines(const Lines &) = delete;
    Lines &operator=(const Lines &) = delete;

    // One a line, "(nobody)" in front where no object was named.
    std::string text() const
    {
        std::string all;
        for (const auto &[owner, said] : lines_)
            all += owner + ": " + said + "\n";
        return all;
    }
    bool says(const std::string &owner, const std::string &part) const
    {
        return std::any_of(lines_.begin(), lines_.end(),
                           [&](const auto &line) { return line.first == owner && contains(line.second, part); });
    }

private:
    static void collect(GstDebugCategory *category, GstDebugLevel, const gchar *, const gchar *, gint, GObject *object,
                        GstDebugMessage *message, gpointer self)
    {
        if (!g_str_has_prefix(gst_debug_category_get_name(category), "cudazerocopy"))
            return;
        const bool named = object != nullptr && GST_IS_OBJECT(object);
        const GCharPtr name(named ? gst_object_get_name(GST_OBJECT(object)) : g_strdup("(nobody)"));
        auto *lines = static_cast<Lines *>(self);
        const std::lock_guard guard(lines->mutex_);
        lines->lines_.emplace_back(name.get(), gst_debug_message_get(message));
    }

    std::mutex mutex_; // other threads may log; all are done when a test reads
    std::vector<std::pair<std::string, std::string>> lines_;
};

TEST(Log, NamesTheElementOfEachLine)
{
    const Lines log;
    for (const char *name : {"first", "second"}) {
        ElementHarness harness(std::string("cudazerocopy kernel=invert device=cpu regions-from=roi-meta name=") + name,
                               rawCaps("GRAY8", 16, 16));
        Buffer file(gst::test::bufferOf({gst::test::dmabufMemory(256)}).release());
        for (guint i = 0; i < 1025; i++)
            gst_buffer_add_video_region_of_interest_meta(file.get(), "face", i % 16, 0, 1, 1);
        const Buffer held(gst_buffer_ref(file.get()));
        EXPECT_NE(pass(harness, std::move(file)), nullptr);
        set(harness.element(), "region", "1,2,3");
    }
    for (const char *name : {"first", "second"}) {
        for (const char *part : {"runs on cpu", "1025 regions", "mapped fd", "no dmabuf to the kernel", "1,2,3"})
            EXPECT_TRUE(log.says(name, part)) << name << ", " << part << ":\n" << log.text();
    }
    EXPECT_FALSE(contains(log.text(), "(nobody)")) << log.text();
}

} // namespace
} // namespace zc::test
