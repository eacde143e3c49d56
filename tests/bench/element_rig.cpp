// SPDX-License-Identifier: MIT
// One element between two bare pads.
#include "element_rig.hpp"

#include <cstdlib>

namespace zc::bench {

namespace {

[[noreturn]] void stop(const char *what)
{
    g_printerr("%s\n", what);
    std::exit(EXIT_FAILURE);
}

GstFlowReturn keep(GstPad *pad, GstObject *, GstBuffer *buffer)
{
    *static_cast<GstBuffer **>(gst_pad_get_element_private(pad)) = buffer;
    return GST_FLOW_OK;
}

// Several elements come in a bin with the pads of the first and the last.
GstElement *parse(const std::string &launch)
{
    if (launch.find(" ! ") != std::string::npos)
        return gst_parse_bin_from_description(launch.c_str(), TRUE, nullptr);
    return gst_parse_launch_full(launch.c_str(), nullptr, GST_PARSE_FLAG_NO_SINGLE_ELEMENT_BINS, nullptr);
}

} // namespace

Rig::Rig(const std::string &launch, const std::string &caps)
    : element_(parse(launch)),
      bus_(gst_bus_new()),
      before_(gst_pad_new("before", GST_PAD_SRC)),
      after_(gst_pad_new("after", GST_PAD_SINK))
{
    if (!element_)
        stop(("cannot make \"" + launch + "\"; GST_PLUGIN_PATH must name the folder of the plugin").c_str());
    gst_object_ref_sink(element_);
    gst_bus_set_flushing(bus_, TRUE); // messages would only pile up
    gst_element_set_bus(element_, bus_);
    gst_pad_set_element_private(after_, &arrived_);
    gst_pad_set_chain_function(after_, keep);
    GstPad *in = gst_element_get_static_pad(element_, "sink"), *out = gst_element_get_static_pad(element_, "src");
    const bool linked = gst_pad_link(before_, in) == GST_PAD_LINK_OK && gst_pad_link(out, after_) == GST_PAD_LINK_OK;
    gst_object_unref(in);
    gst_object_unref(out);
    gst_pad_set_active(after_, TRUE);
    if (!linked || gst_element_set_state(element_, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
        stop(("cannot play \"" + launch + "\"").c_str());
    gst_pad_set_active(before_, TRUE);
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    GstCaps *parsed = gst_caps_from_string(caps.c_str());
    const bool begun = parsed && gst_pad_push_event(before_, gst_event_new_stream_start("bench")) &&
                       gst_pad_push_event(before_, gst_event_new_caps(parsed)) &&
                       gst_pad_push_event(before_, gst_event_new_segment(&segment));
    gst_clear_caps(&parsed);
    if (!begun)
        stop(("\"" + launch + "\" does not take " + caps).c_str());
}

Rig::~Rig()
{
    gst_pad_set_active(before_, FALSE);
    gst_element_set_state(element_, GST_STATE_NULL);
    gst_pad_set_active(after_, FALSE);
    gst_object_unref(element_);
    gst_object_unref(before_);
    gst_object_unref(after_);
    gst_object_unref(bus_);
}

void Rig::push(GstBuffer *&buffer)
{
    GstBuffer *const sent = buffer;
    buffer = exchange(buffer);
    if (buffer != sent)
        stop("the element made a copy, which is not what is to be measured");
}

GstBuffer *Rig::exchange(GstBuffer *buffer)
{
    arrived_ = nullptr;
    if (gst_pad_push(before_, buffer) != GST_FLOW_OK || !arrived_)
        stop("the element refuses a buffer");
    return arrived_;
}

std::string Rig::deviceInUse() const
{
    GstStructure *stats = nullptr;
    if (g_object_class_find_property(G_OBJECT_GET_CLASS(element_), "stats") == nullptr)
        return {};
    g_object_get(element_, "stats", &stats, nullptr);
    const char *device = stats ? gst_structure_get_string(stats, "device") : nullptr;
    const std::string text = device ? device : "";
    if (stats)
        gst_structure_free(stats);
    return text;
}

BufferRing::BufferRing(Format format, Size size) : fresh_(picture(layOut(format, size.width, size.height)))
{
    for (int i = 0; i < ringLength(fresh_.size()); ++i) {
        buffers_.push_back(gst_buffer_new_allocate(nullptr, fresh_.size(), nullptr));
        gst_buffer_fill(buffers_.back(), 0, fresh_.data(), fresh_.size());
    }
}

BufferRing::~BufferRing()
{
    for (GstBuffer *buffer : buffers_)
        gst_buffer_unref(buffer);
}

void BufferRing::advance()
{
    at_ = (at_ + 1) % buffers_.size();
    if (at_ == 0)
        for (GstBuffer *buffer : buffers_)
            gst_buffer_fill(buffer, 0, fresh_.data(), fresh_.size());
}

std::string capsFor(Format format, Size size)
{
    return std::string("video/x-raw,framerate=30/1,format=") + formatInfo(format).name +
           ",width=" + std::to_string(size.width) + ",height=" + std::to_string(size.height);
}

} // namespace zc::bench
