// SPDX-License-Identifier: MIT
// The probes around the element.
#include "watch.hpp"

#include <algorithm>
#include <chrono>

namespace zc::vm {
namespace {

constexpr std::chrono::seconds kPatience{60};

View look(GstPad *pad, GstBuffer *buffer)
{
    View view;
    view.buffer = buffer;
    view.time = GST_BUFFER_PTS(buffer);
    for (guint i = 0; i < gst_buffer_n_memory(buffer); ++i) {
        GstMemory *memory = gst_buffer_peek_memory(buffer, i);
        view.memories.push_back(memory);
        view.inodes.push_back(inodeOf(memory));
        view.exporters.push_back(exporterOf(memory));
    }
    GstCaps *caps = gst_pad_get_current_caps(pad);
    view.picture = pictureOf(buffer, caps);
    gchar *text = gst_caps_to_string(caps);
    view.caps = text;
    g_free(text);
    gst_caps_unref(caps);
    return view;
}

GstPad *padOf(const Pipeline &pipeline, const char *name)
{
    return gst_element_get_static_pad(pipeline.get("zc"), name);
}

} // namespace

bool View::dmabuf() const
{
    return !exporters.empty() &&
           std::none_of(exporters.begin(), exporters.end(), [](const std::string &name) { return name.empty(); });
}

bool Passage::inPlace() const
{
    return complete && before.buffer == after.buffer && before.memories == after.memories &&
           before.inodes == after.inodes;
}

Watch::Watch(Pipeline &pipeline) : pipeline_(pipeline), sink_(padOf(pipeline, "sink")), src_(padOf(pipeline, "src"))
{
    sinkProbe_ = gst_pad_add_probe(sink_, GST_PAD_PROBE_TYPE_BUFFER, arrives, this, nullptr);
    srcProbe_ = gst_pad_add_probe(src_, GST_PAD_PROBE_TYPE_BUFFER, leaves, this, nullptr);
}

Watch::~Watch()
{
    pipeline_.stop();
    gst_pad_remove_probe(sink_, sinkProbe_);
    gst_pad_remove_probe(src_, srcProbe_);
    gst_object_unref(sink_);
    gst_object_unref(src_);
}

GstPadProbeReturn Watch::arrives(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    auto *self = static_cast<Watch *>(data);
    Passage passage;
    passage.before = look(pad, GST_PAD_PROBE_INFO_BUFFER(info));
    self->passages_.push_back(std::move(passage));
    self->syncs_.clear();
    recordSync(&self->syncs_);
    const std::lock_guard lock(self->mutex_);
    self->arrived_ = true;
    self->left_.notify_all();
    return GST_PAD_PROBE_OK;
}

GstPadProbeReturn Watch::leaves(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    recordSync(nullptr);
    auto *self = static_cast<Watch *>(data);
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    if (self->passages_.empty()) {
        ADD_FAILURE() << "a frame left that never came";
        return GST_PAD_PROBE_OK;
    }
    Passage &passage = self->passages_.back();
    passage.after = look(pad, buffer);
    passage.syncs = self->syncs_;
    passage.complete = true;
    if (self->onLeave)
        self->onLeave(buffer);
    const std::lock_guard lock(self->mutex_);
    self->times_.push_back(GST_BUFFER_PTS(buffer));
    self->left_.notify_all();
    return GST_PAD_PROBE_OK;
}

bool Watch::waitFor(GstClockTime time)
{
    std::unique_lock lock(mutex_);
    return left_.wait_for(lock, kPatience,
                          [&] { return std::find(times_.begin(), times_.end(), time) != times_.end(); });
}

bool Watch::waitForFrames(std::size_t count)
{
    std::unique_lock lock(mutex_);
    return left_.wait_for(lock, kPatience, [&] { return times_.size() >= count; });
}

bool Watch::waitForArrival()
{
    std::unique_lock lock(mutex_);
    return left_.wait_for(lock, kPatience, [&] { return arrived_; });
}

void expectInPlace(const Watch &watch, const std::string &kernel)
{
    for (const Passage &passage : watch.passages()) {
        ASSERT_TRUE(passage.complete);
        EXPECT_TRUE(passage.inPlace());
        EXPECT_TRUE(isResultOf(kernel, passage.after.picture, passage.before.picture));
    }
}

} // namespace zc::vm
