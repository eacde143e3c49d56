// SPDX-License-Identifier: MIT
// What gst-inspect-1.0 prints: complete, without holes, and with launch lines that can be parsed.
#include "rig.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <regex>

#include <sys/wait.h>

namespace zc::test {
namespace {

struct Output {
    int status = -1;
    std::string text;
};

Output run(const std::string &command)
{
    Output output;
    FILE *pipe = popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr)
        return output;
    char buffer[4096];
    while (const std::size_t got = fread(buffer, 1, sizeof buffer, pipe))
        output.text.append(buffer, got);
    const int status = pclose(pipe);
    output.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return output;
}

const Output &inspected()
{
    static const Output output = run("gst-inspect-1.0 --no-colors cudazerocopy");
    return output;
}

TEST(Inspect, Succeeds)
{
    EXPECT_EQ(inspected().status, 0) << inspected().text;
    EXPECT_FALSE(contains(inspected().text, "(null)"));
    EXPECT_FALSE(contains(inspected().text, "CRITICAL"));
    EXPECT_FALSE(contains(inspected().text, "WARNING"));
}

// The project has no address of its own.
TEST(Inspect, SaysWhereThePluginComesFrom)
{
    GstPlugin *plugin = gst_registry_find_plugin(gst_registry_get(), "cudazerocopy");
    ASSERT_NE(plugin, nullptr);
    EXPECT_STREQ(gst_plugin_get_package(plugin), "cudazerocopy");
    EXPECT_STREQ(gst_plugin_get_origin(plugin), "built from source, see its README.md");
    EXPECT_STREQ(gst_plugin_get_license(plugin), "MIT/X11");
    gst_object_unref(plugin);
}

TEST(Inspect, NamesEveryPropertyAndWhenItMayChange)
{
    const std::regex property("\n  ([a-z-]+) +: ");
    const std::string &text = inspected().text;
    std::vector<std::string> names;
    for (std::sregex_iterator it(text.begin(), text.end(), property), end; it != end; ++it)
        names.push_back((*it)[1]);
    for (const char *name :
         {"kernel", "params", "device", "cuda-device-id", "gpu-id", "zero-copy", "on-shared", "region", "regions-from",
          "region-grow", "nvds-classes", "unique-id", "config-file", "stats", "qos"})
        EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
    EXPECT_TRUE(contains(text, "changeable in NULL, READY, PAUSED or PLAYING state"));
    EXPECT_TRUE(contains(text, "changeable only in NULL or READY state"));
    EXPECT_TRUE(contains(text, "controllable"));
}

TEST(Inspect, ListsTheKernelsAndTheirParameters)
{
    const std::string &text = inspected().text;
    for (const char *part :
         {"identity: ", "invert: ", "adjust: ", "gray: ", "pixelate: ", "fill: ", "flip: ", "box-blur: ",
          "brightness (-1 to 1, default 0)", "contrast (0 to 2, default 1)", "saturation (0 to 2, default 1)",
          "hue (-1 to 1, default 0)", "gamma (0.01 to 10, default 1)", "exposure (-4 to 4, default 0)",
          "block (1 to 1024, default 16)", "radius (0 to 64, default 5)", "color (#aarrggbb, default #ff000000)",
          "method (horizontal|vertical|rotate-180, default horizontal)", "kernel::block=24"})
        EXPECT_TRUE(contains(text, part)) << part;
}

// What the manual prints is pasted: each line must parse.
TEST(Inspect, PrintsLaunchLinesThatParse)
{
    const std::regex line("gst-launch-1.0 ([^\n]+)");
    const std::string &text = inspected().text;
    int lines = 0;
    for (std::sregex_iterator it(text.begin(), text.end(), line), end; it != end; ++it, ++lines) {
        const std::string pipeline = (*it)[1];
        EXPECT_TRUE(contains(pipeline, "! cudazerocopy ")) << pipeline;
        GError *error = nullptr;
        GstElement *parsed = gst_parse_launch_full(pipeline.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
        EXPECT_NE(parsed, nullptr) << pipeline << ": " << (error != nullptr ? error->message : "");
        g_clear_error(&error);
        if (parsed != nullptr)
            gst_object_unref(gst_object_ref_sink(parsed));
    }
    EXPECT_GE(lines, 2);
}

TEST(Inspect, TemplatesAndMetadata)
{
    const std::string &text = inspected().text;
    for (const char *part : {"SINK template: 'sink'", "SRC template: 'src'", "video/x-raw(memory:DMABuf)", "DMA_DRM",
                             "Filter/Effect/Video", "Rank                     none (0)", "GstChildProxy", "MIT/X11"})
        EXPECT_TRUE(contains(text, part)) << part;
    EXPECT_FALSE(contains(text, "format: { (string)ANY")) << "no open template";
}

TEST(Inspect, ThePluginHasOneElement)
{
    const Output plugin = run("gst-inspect-1.0 --no-colors --plugin cudazerocopy");
    EXPECT_EQ(plugin.status, 0);
    EXPECT_TRUE(contains(plugin.text, "1 features")) << plugin.text;
    EXPECT_FALSE(contains(plugin.text, "(null)"));
}

TEST(Inspect, NothingIsPrintedWhenThePluginLoads)
{
    EXPECT_EQ(run("gst-inspect-1.0 --exists cudazerocopy").text, "");
}

// The lines between |[ and ]| of the element's documentation, each on one line.
std::vector<std::string> documentedLines()
{
    std::ifstream file(ZC_SOURCE_ROOT "/gst/gstcudazerocopy.cpp");
    std::vector<std::string> lines;
    std::string line, current;
    bool inside = false;
    while (std::getline(file, line)) {
        if (contains(line, "|[")) {
            inside = true;
            current.clear();
        } else if (contains(line, "]|")) {
            inside = false;
            lines.push_back(current);
        } else if (inside) {
            current += line.substr(std::min<std::size_t>(line.find("* ") + 2, line.size())) + " ";
        }
    }
    return lines;
}

TEST(Documentation, LaunchLinesParseAndSetWhatTheySay)
{
    const auto lines = documentedLines();
    EXPECT_GE(lines.size(), 4U);
    for (std::string line : lines) {
        const std::string command = "gst-launch-1.0 ";
        ASSERT_EQ(line.rfind(command, 0), 0U) << line;
        line.erase(0, command.size());
        GError *error = nullptr;
        GstElement *pipeline = gst_parse_launch_full(line.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
        // A camera's or a display's element may be missing here; anything else may not.
        const bool missing = g_error_matches(error, GST_PARSE_ERROR, GST_PARSE_ERROR_NO_SUCH_ELEMENT);
        if (missing)
            std::printf("  not parsed, %s: %s\n", error->message, line.c_str());
        else
            EXPECT_EQ(error, nullptr) << line << ": " << error->message;
        EXPECT_FALSE(missing && contains(error->message, "cudazerocopy"));
        g_clear_error(&error);
        if (pipeline != nullptr)
            gst_object_unref(gst_object_ref_sink(pipeline));
    }
}

} // namespace
} // namespace zc::test
