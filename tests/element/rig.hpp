// SPDX-License-Identifier: MIT
// Shorthand of the tests that look at one element from outside: its properties, its log, plain buffers, any caps.
#pragma once

#include "buffers.hpp"
#include "element_harness.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

namespace zc::test {

using gst::CapsPtr;
using gst::GCharPtr;
using gst::test::capsFrom;
using gst::test::contains;

struct ReleaseObject {
    void operator()(gpointer object) const { gst_object_unref(object); }
};
using ElementPtr = std::unique_ptr<GstElement, ReleaseObject>;
using BusPtr = std::unique_ptr<GstBus, ReleaseObject>;

// One element with a bus of its own and no pipeline around it.
struct Alone {
    explicit Alone(const std::string &launchText = "cudazerocopy")
        : element(GST_ELEMENT(gst_object_ref_sink(makeElement(launchText)))), bus(gst_bus_new())
    {
        gst_element_set_bus(element.get(), bus.get());
    }
    ~Alone()
    {
        gst_element_set_state(element.get(), GST_STATE_NULL);
        gst_element_set_bus(element.get(), nullptr);
    }
    Alone(const Alone &) = delete;
    Alone &operator=(const Alone &) = delete;
    GstElement *get() const { return element.get(); }

    ElementPtr element;
    BusPtr bus;
};

inline void set(gpointer object, const char *property, const std::string &text)
{
    gst_util_set_object_arg(G_OBJECT(object), property, text.c_str());
}

// As gst-launch would print it.
inline std::string get(gpointer object, const char *property)
{
    GValue value = G_VALUE_INIT;
    g_object_get_property(G_OBJECT(object), property, &value);
    std::string text = "(null)";
    if (G_VALUE_HOLDS_FLAGS(&value)) {
        // gst_value_serialize() prints long names.
        const auto *flags = static_cast<GFlagsClass *>(g_type_class_peek(G_VALUE_TYPE(&value)));
        text.clear();
        for (guint i = 0; i < flags->n_values; i++) {
            if ((g_value_get_flags(&value) & flags->values[i].value) != 0)
                text += std::string(text.empty() ? "" : "+") + flags->values[i].value_nick;
        }
    } else if (G_VALUE_HOLDS_STRING(&value)) {
        if (const char *held = g_value_get_string(&value); held != nullptr)
            text = held;
    } else if (const GCharPtr made(gst_value_serialize(&value)); made) {
        text = made.get();
    }
    g_value_unset(&value);
    return text;
}

// The sentences of the messages of one kind that wait on the bus, one a line.
inline std::vector<std::string> textsOf(GstBus *bus, GstMessageType kind)
{
    std::vector<std::string> texts;
    for (const Posted &posted : popMessages(bus, kind))
        texts.push_back(posted.text);
    return texts;
}

inline std::string lines(const std::vector<std::string> &texts)
{
    std::string all;
    for (const std::string &text : texts)
        all += text + "\n";
    return all;
}

// Collects what the plugin logs at WARNING and above while it lives.
class LogCapture {
public:
    LogCapture()
    {
        gst_debug_set_threshold_for_name("cudazerocopy*", GST_LEVEL_WARNING);
        gst_debug_add_log_function(collect, this, nullptr);
    }
    ~LogCapture() { gst_debug_remove_log_function_by_data(this); }
    LogCapture(const LogCapture &) = delete;
    LogCapture &operator=(const LogCapture &) = delete;

    std::string take()
    {
        const std::lock_guard guard(mutex_);
        return std::exchange(text_, {});
    }

private:
    static void collect(GstDebugCategory *category, GstDebugLevel level, const gchar *, const gchar *, gint, GObject *,
                        GstDebugMessage *message, gpointer self)
    {
        if (level > GST_LEVEL_WARNING || !g_str_has_prefix(gst_debug_category_get_name(category), "cudazerocopy"))
            return;
        auto *capture = static_cast<LogCapture *>(self);
        const std::lock_guard guard(capture->mutex_);
        capture->text_ += std::string(gst_debug_message_get(message)) + "\n";
    }

    std::mutex mutex_;
    std::string text_;
};

// Sends caps that may be refused, which gst_harness_set_src_caps() would turn into an abort.
inline void offer(GstHarness *harness, GstCaps *caps)
{
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_harness_push_event(harness, gst_event_new_stream_start("test"));
    gst_harness_push_event(harness, gst_event_new_caps(caps));
    gst_harness_push_event(harness, gst_event_new_segment(&segment));
}

inline std::string rawCaps(const char *format, int width, int height)
{
    return std::string("video/x-raw,format=") + format + ",width=" + std::to_string(width) +
           ",height=" + std::to_string(height) + ",framerate=30/1";
}

// System memory, every byte the same.
inline Buffer filled(gsize size, guint8 value, GstClockTime time = GST_CLOCK_TIME_NONE)
{
    Buffer buffer(gst_buffer_new_allocate(nullptr, size, nullptr));
    gst_buffer_memset(buffer.get(), 0, value, size);
    GST_BUFFER_PTS(buffer.get()) = time;
    return buffer;
}

// What comes out for it; null if nothing did.
inline Buffer pass(ElementHarness &harness, Buffer buffer)
{
    EXPECT_EQ(harness.push(std::move(buffer)), GST_FLOW_OK);
    return harness.pull();
}

// -1 where there is no such byte.
inline int byteOf(const Buffer &buffer, gsize offset)
{
    guint8 value = 0;
    return buffer && gst_buffer_extract(buffer.get(), offset, &value, 1) == 1 ? value : -1;
}

inline bool allBytesAre(const Buffer &buffer, guint8 value)
{
    const Bytes bytes = buffer ? bytesOf(buffer.get()) : Bytes{};
    return !bytes.empty() && std::all_of(bytes.begin(), bytes.end(), [value](guint8 b) { return b == value; });
}

} // namespace zc::test
