// SPDX-License-Identifier: MIT
// Starts GStreamer, and sees to it that the element and the source under test are those that were just built.
#include <gst/gst.h>
#include <gtest/gtest.h>

namespace {

bool isBuilt(const char *name)
{
    GstPlugin *plugin = gst_registry_find_plugin(gst_registry_get(), name);
    const char *file = plugin != nullptr ? gst_plugin_get_filename(plugin) : nullptr;
    const char *path = g_getenv("GST_PLUGIN_PATH");
    bool found = false;
    gchar **folders = g_strsplit(path != nullptr ? path : "", ":", -1);
    for (gchar **folder = folders; *folder != nullptr; ++folder)
        found = found || (file != nullptr && **folder != '\0' && g_str_has_prefix(file, *folder));
    g_strfreev(folders);
    if (!found)
        g_printerr("the plugin %s is %s, expected one under GST_PLUGIN_PATH=%s\n", name,
                   file != nullptr ? file : "missing", path != nullptr ? path : "(not set)");
    if (plugin != nullptr)
        gst_object_unref(plugin);
    return found;
}

} // namespace

int main(int argc, char **argv)
{
    testing::InitGoogleTest(&argc, argv);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    gst_registry_fork_set_enabled(FALSE); // a sanitized plugin does not load into the scanner
#endif
    gst_init(&argc, &argv);
    if (!isBuilt("cudazerocopy") || !isBuilt("nvmmtestsrc"))
        return 1;
    const int result = RUN_ALL_TESTS();
    gst_deinit();
    return result;
}
