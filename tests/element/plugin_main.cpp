// SPDX-License-Identifier: MIT
// Starts GStreamer, and sees to it that the element under test is the one that was just built.
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <string>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

int main(int argc, char **argv)
{
    testing::InitGoogleTest(&argc, argv);
    // The scanner is a program without the sanitizer's run time, into which a sanitized plugin does not load.
    if (kSanitized)
        gst_registry_fork_set_enabled(FALSE);
    gst_init(&argc, &argv);
    GstPlugin *plugin = gst_registry_find_plugin(gst_registry_get(), "cudazerocopy");
    const char *file = plugin != nullptr ? gst_plugin_get_filename(plugin) : nullptr;
    const char *folder = g_getenv("GST_PLUGIN_PATH");
    if (file == nullptr || folder == nullptr || !g_str_has_prefix(file, folder)) {
        g_printerr("the plugin is %s, expected one under GST_PLUGIN_PATH=%s\n", file != nullptr ? file : "missing",
                   folder != nullptr ? folder : "(not set)");
        return 1;
    }
    gst_object_unref(plugin);
    const int result = RUN_ALL_TESTS();
    gst_deinit();
    return result;
}
