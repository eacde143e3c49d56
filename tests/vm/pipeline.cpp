// SPDX-License-Identifier: MIT
// Running of launch lines.
#include "pipeline.hpp"

#include <gtest/gtest.h>

namespace zc::vm {
namespace {

// A pipeline that makes no progress; emulated machines on busy hosts are slow.
constexpr GstClockTime kPatience = 120 * GST_SECOND;

template <class Parse> std::string textOf(GstMessage *message, Parse parse)
{
    GError *error = nullptr;
    gchar *debug = nullptr;
    parse(message, &error, &debug);
    const std::string text = std::string(error->message) + " | " + (debug ? debug : "");
    g_error_free(error);
    g_free(debug);
    return text;
}

} // namespace

Pipeline::Pipeline(const std::string &line)
{
    GError *error = nullptr;
    pipeline_ = gst_parse_launch(line.c_str(), &error);
    if (error) {
        ADD_FAILURE() << line << ": " << error->message;
        g_error_free(error);
    }
}

Pipeline::~Pipeline()
{
    stop();
    gst_clear_object(&pipeline_);
}

GstElement *Pipeline::get(const char *name) const
{
    GstElement *element = gst_bin_get_by_name(GST_BIN(pipeline_), name);
    EXPECT_NE(element, nullptr) << name;
    gst_object_unref(element);
    return element;
}

void Pipeline::start()
{
    gst_element_set_state(pipeline_, GST_STATE_PLAYING);
}

void Pipeline::take(GstMessage *message)
{
    const std::string name = GST_MESSAGE_SRC_NAME(message);
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR && error_.empty())
        error_ = name + ": " + textOf(message, gst_message_parse_error);
    else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING)
        warnings_ += name + ": " + textOf(message, gst_message_parse_warning) + "\n";
    else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ELEMENT && name == "zc")
        posted_.emplace_back(gst_structure_copy(gst_message_get_structure(message)));
}

bool Pipeline::wait()
{
    constexpr auto kTypes =
        static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING | GST_MESSAGE_ELEMENT);
    GstBus *bus = gst_element_get_bus(pipeline_);
    bool ended = false;
    bool failed = false;
    while (!ended && !failed) {
        GstMessage *message = gst_bus_timed_pop_filtered(bus, kPatience, kTypes);
        if (!message) {
            error_ = "the pipeline stood still";
            break;
        }
        take(message);
        ended = GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
        failed = GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR;
        gst_message_unref(message);
    }
    gst_object_unref(bus);
    return ended;
}

bool Pipeline::run()
{
    start();
    const bool ended = wait();
    stop();
    return ended;
}

void Pipeline::stop()
{
    if (pipeline_)
        gst_element_set_state(pipeline_, GST_STATE_NULL);
}

StructurePtr Pipeline::stats() const
{
    GstStructure *structure = nullptr;
    g_object_get(get("zc"), "stats", &structure, nullptr);
    return StructurePtr(structure);
}

guint64 Pipeline::stat(const char *name) const
{
    guint64 value = 0;
    EXPECT_TRUE(gst_structure_get_uint64(stats().get(), name, &value)) << name;
    return value;
}

} // namespace zc::vm
