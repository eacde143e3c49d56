// SPDX-License-Identifier: MIT
// The harness, its bus, and what /proc says about this process.
#include "element_harness.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace zc::test {
namespace {

Posted describe(GstMessage *message)
{
    Posted posted{GST_MESSAGE_TYPE(message), {}, {}, {}};
    GError *error = nullptr;
    gchar *debug = nullptr;
    if (posted.type == GST_MESSAGE_ERROR)
        gst_message_parse_error(message, &error, &debug);
    else if (posted.type == GST_MESSAGE_WARNING)
        gst_message_parse_warning(message, &error, &debug);
    if (error != nullptr)
        posted.text = error->message;
    if (debug != nullptr)
        posted.debug = debug;
    g_clear_error(&error);
    g_free(debug);
    const GstStructure *structure = gst_message_get_structure(message);
    if (posted.type == GST_MESSAGE_ELEMENT && structure != nullptr) {
        posted.text = gst_structure_get_name(structure);
        gchar *text = gst_structure_to_string(structure);
        posted.structure = text;
        g_free(text);
    }
    return posted;
}

GstStructure *statsOf(GstElement *element)
{
    GstStructure *stats = nullptr;
    g_object_get(element, "stats", &stats, nullptr);
    EXPECT_NE(stats, nullptr);
    return stats;
}

} // namespace

GstElement *makeElement(const std::string &launchText)
{
    GError *error = nullptr;
    GstElement *element = gst_parse_launch(launchText.c_str(), &error);
    EXPECT_EQ(error, nullptr) << launchText << ": " << (error != nullptr ? error->message : "");
    g_clear_error(&error);
    return element;
}

guint64 statOf(GstElement *element, const char *field)
{
    GstStructure *stats = statsOf(element);
    guint64 value = 0;
    EXPECT_TRUE(gst_structure_get_uint64(stats, field, &value)) << field;
    gst_structure_free(stats);
    return value;
}

std::string statTextOf(GstElement *element, const char *field)
{
    GstStructure *stats = statsOf(element);
    const gchar *text = gst_structure_get_string(stats, field);
    EXPECT_NE(text, nullptr) << field;
    std::string copy = text != nullptr ? text : "";
    gst_structure_free(stats);
    return copy;
}

std::vector<Posted> popMessages(GstBus *bus, GstMessageType types)
{
    std::vector<Posted> all;
    while (GstMessage *message = gst_bus_pop(bus)) {
        if ((GST_MESSAGE_TYPE(message) & types) != 0)
            all.push_back(describe(message));
        gst_message_unref(message);
    }
    return all;
}

ElementHarness::ElementHarness(const std::string &launchText, const std::string &caps) : bus_(gst_bus_new())
{
    GstElement *element = makeElement(launchText);
    gst_element_set_bus(element, bus_);
    harness_ = gst_harness_new_with_element(element, "sink", "src");
    gst_object_unref(element);
    if (!caps.empty())
        gst_harness_set_src_caps_str(harness_, caps.c_str());
}

ElementHarness::~ElementHarness()
{
    gst_element_set_bus(element(), nullptr);
    gst_harness_teardown(harness_);
    gst_object_unref(bus_);
}

std::vector<Posted> ElementHarness::posted(GstMessageType types)
{
    return popMessages(bus_, types);
}

int mappingCount()
{
    std::ifstream maps("/proc/self/maps");
    int count = 0;
    for (std::string line; std::getline(maps, line);)
        ++count;
    return count;
}

} // namespace zc::test
