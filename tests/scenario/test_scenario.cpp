// SPDX-License-Identifier: MIT
// A running pipeline, changed at given frames; the checksum of each frame that arrives is compared with that of a
// frame computed apart, by the tests' own kernels.
#include "element_harness.hpp"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>

namespace zc::test {
namespace {

std::string checksum(const Bytes &bytes)
{
    gchar *text = g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes.data(), bytes.size());
    std::string copy = text;
    g_free(text);
    return copy;
}

// At frame `at` of the stream, counted where it enters the element, `kernel` is put in force.
struct Change {
    unsigned at;
    const char *kernel;
};

// All exact kernels, so that a checksum can be demanded.
constexpr Change kChanges[] = {
    {0, "identity"}, {5, "invert"},    {12, "pixelate,block=8"},     {20, "box-blur,radius=2"}, {28, "flip"},
    {33, "invert"},  {40, "identity"}, {44, "flip,method=vertical"}, {50, "pixelate,block=5"},
};

// Sets the kernel on the streaming thread before each frame, and remembers which one that was.
class Conductor {
public:
    explicit Conductor(GstElement *element) : element_(element)
    {
        GstPad *pad = gst_element_get_static_pad(element, "sink");
        gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, onBuffer, this, nullptr);
        gst_object_unref(pad);
    }

    std::string kernelAt(GstClockTime pts) const
    {
        const std::lock_guard lock(mutex_);
        const auto found = inForce_.find(pts);
        return found == inForce_.end() ? "" : found->second;
    }

private:
    static GstPadProbeReturn onBuffer(GstPad *, GstPadProbeInfo *info, gpointer data)
    {
        auto *self = static_cast<Conductor *>(data);
        for (const Change &change : kChanges) {
            if (change.at == self->seen_ % (kChanges[std::size(kChanges) - 1].at + 5)) {
                self->kernel_ = change.kernel;
                g_object_set(self->element_, "kernel", change.kernel, nullptr);
            }
        }
        ++self->seen_;
        const std::lock_guard lock(self->mutex_);
        self->inForce_[GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info))] = self->kernel_;
        return GST_PAD_PROBE_OK;
    }

    GstElement *element_;
    unsigned seen_ = 0;
    std::string kernel_;
    mutable std::mutex mutex_;
    std::map<GstClockTime, std::string> inForce_; // of the latest frame with this time
};

struct Sample {
    GstSample *sample = nullptr;
    explicit Sample(GstElement *sink) : sample(gst_app_sink_try_pull_sample(GST_APP_SINK(sink), 20 * GST_SECOND)) {}
    Sample(const Sample &) = delete;
    Sample &operator=(const Sample &) = delete;
    ~Sample()
    {
        if (sample != nullptr)
            gst_sample_unref(sample);
    }
    GstBuffer *buffer() const { return gst_sample_get_buffer(sample); }
};

class Running {
public:
    explicit Running(const std::string &launch) : pipeline_(makeElement(launch))
    {
        out_ = gst_bin_get_by_name(GST_BIN(pipeline_), "out");
        zc_ = gst_bin_get_by_name(GST_BIN(pipeline_), "zc");
        in_ = gst_bin_get_by_name(GST_BIN(pipeline_), "in");
        if (zc_ != nullptr)
            conductor_ = std::make_unique<Conductor>(zc_);
        gst_element_set_state(pipeline_, GST_STATE_PLAYING);
    }
    Running(const Running &) = delete;
    Running &operator=(const Running &) = delete;
    ~Running()
    {
        gst_element_set_state(pipeline_, GST_STATE_NULL);
        for (GstElement *element : {out_, zc_, in_, pipeline_})
            if (element != nullptr)
                gst_object_unref(element);
    }

    GstElement *pipeline() const { return pipeline_; }
    GstElement *in() const { return in_; }
    GstElement *out() const { return out_; }
    GstElement *zc() const { return zc_; }
    const Conductor &conductor() const { return *conductor_; }

    void seek(GstClockTime time)
    {
        ASSERT_TRUE(gst_element_seek_simple(pipeline_, GST_FORMAT_TIME,
                                            static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE),
                                            static_cast<gint64>(time)));
    }

private:
    GstElement *pipeline_;
    GstElement *out_;
    GstElement *zc_;
    GstElement *in_;
    std::unique_ptr<Conductor> conductor_;
};

constexpr const char *kTestCaps = "video/x-raw,format=I420,width=96,height=64,framerate=25/1";
constexpr unsigned kTestFrames = 120;

std::string source()
{
    // What a frame shows depends on its time alone, so that it is the same after a seek.
    return std::string("videotestsrc name=in pattern=ball animation-mode=frames num-buffers=1000 ! ") + kTestCaps;
}

// The same source without the element.
std::map<GstClockTime, Bytes> referenceFrames()
{
    std::map<GstClockTime, Bytes> frames;
    const Running plain(source() + " ! appsink name=out sync=false max-buffers=4");
    for (unsigned i = 0; i < kTestFrames; ++i) {
        const Sample sample(plain.out());
        if (sample.sample == nullptr)
            break;
        frames[GST_BUFFER_PTS(sample.buffer())] = bytesOf(sample.buffer());
    }
    return frames;
}

void expectFrames(Running &running, const std::map<GstClockTime, Bytes> &reference, unsigned count)
{
    const GstVideoInfo info = infoOf(kTestCaps);
    for (unsigned i = 0; i < count; ++i) {
        const Sample sample(running.out());
        ASSERT_NE(sample.sample, nullptr);
        const GstClockTime pts = GST_BUFFER_PTS(sample.buffer());
        const auto plain = reference.find(pts);
        ASSERT_NE(plain, reference.end()) << "no frame at " << pts;
        const std::string kernel = running.conductor().kernelAt(pts);
        ASSERT_FALSE(kernel.empty());
        EXPECT_EQ(checksum(bytesOf(sample.buffer())), checksum(expected(kernel, info, nullptr, plain->second)))
            << "frame at " << pts / (GST_SECOND / 25) << " under " << kernel;
    }
}

TEST(Scenario, PropertyChangesAtGivenFrames)
{
    const auto reference = referenceFrames();
    ASSERT_EQ(reference.size(), kTestFrames);
    Running running(source() +
                    " ! cudazerocopy name=zc zero-copy=required ! appsink name=out sync=false max-buffers=2");
    expectFrames(running, reference, 60);
    EXPECT_EQ(running.conductor().kernelAt(0), "identity");
    EXPECT_EQ(running.conductor().kernelAt(5 * GST_SECOND / 25), "invert");
    EXPECT_EQ(statOf(running.zc(), "copied"), 0U);
}

TEST(Scenario, FlushingSeeks)
{
    const auto reference = referenceFrames();
    ASSERT_EQ(reference.size(), kTestFrames);
    Running running(source() +
                    " ! cudazerocopy name=zc zero-copy=required ! appsink name=out sync=false max-buffers=2");
    for (const unsigned target : {0U, 40U, 3U, 80U, 80U, 0U}) {
        running.seek(target * (GST_SECOND / 25));
        expectFrames(running, reference, 17);
    }
    EXPECT_EQ(statOf(running.zc(), "copied"), 0U);
}

// ---- appsrc: caps that change, flushes from upstream, the end

struct Part {
    const char *caps;
    unsigned frames;
    Store store;
    bool flushFirst;
};

constexpr Part kParts[] = {
    {"video/x-raw,format=NV12,width=64,height=48,framerate=25/1", 9, Store::System, false},
    {"video/x-raw,format=NV12,width=64,height=48,framerate=25/1", 9, Store::Memfd, false},
    {"video/x-raw,format=RGBA,width=33,height=17,framerate=25/1", 9, Store::System, false},
    {"video/x-raw,format=I420,width=37,height=21,framerate=25/1", 9, Store::Memfd, true},
    {"video/x-raw,format=UYVY,width=48,height=32,framerate=25/1", 9, Store::System, false},
    {"video/x-raw,format=P010_10LE,width=32,height=18,framerate=25/1", 9, Store::System, true},
};

// All frames of a part are in flight before the first is looked at.
void pushPart(Running &running, const Part &part, unsigned &number)
{
    GstCaps *caps = gst_caps_from_string(part.caps);
    gst_app_src_set_caps(GST_APP_SRC(running.in()), caps);
    gst_caps_unref(caps);
    const GstVideoInfo info = infoOf(part.caps);
    for (unsigned i = 0; i < part.frames; ++i) {
        Buffer buffer = makeBuffer(info, {.name = "", .store = part.store}, number);
        GST_BUFFER_PTS(buffer.get()) = number * GST_SECOND / 25;
        EXPECT_EQ(gst_app_src_push_buffer(GST_APP_SRC(running.in()), buffer.release()), GST_FLOW_OK);
        ++number;
    }
}

void expectPart(Running &running, const Part &part, unsigned first)
{
    const GstVideoInfo info = infoOf(part.caps);
    for (unsigned i = 0; i < part.frames; ++i) {
        const Sample sample(running.out());
        ASSERT_NE(sample.sample, nullptr) << part.caps << ", frame " << first + i;
        const GstClockTime pts = GST_BUFFER_PTS(sample.buffer());
        ASSERT_EQ(pts, (first + i) * GST_SECOND / 25);
        const Buffer original = makeBuffer(info, {.name = "", .store = part.store}, first + i);
        const std::string kernel = running.conductor().kernelAt(pts);
        EXPECT_EQ(checksum(bytesOf(sample.buffer())),
                  checksum(expected(kernel, info, nullptr, bytesOf(original.get()))))
            << part.caps << ", frame " << first + i << " under " << kernel;
        GstCaps *wanted = gst_caps_from_string(part.caps);
        EXPECT_TRUE(gst_caps_is_subset(gst_sample_get_caps(sample.sample), wanted));
        gst_caps_unref(wanted);
    }
}

TEST(Scenario, CapsChangesFlushesAndTheEnd)
{
    Running running("appsrc name=in format=time ! cudazerocopy name=zc ! appsink name=out sync=false");
    unsigned number = 0;
    for (const Part &part : kParts) {
        if (part.flushFirst) {
            EXPECT_TRUE(gst_element_send_event(running.in(), gst_event_new_flush_start()));
            EXPECT_TRUE(gst_element_send_event(running.in(), gst_event_new_flush_stop(TRUE)));
        }
        const unsigned first = number;
        pushPart(running, part, number);
        expectPart(running, part, first);
        if (testing::Test::HasFailure())
            return;
    }
    gst_app_src_end_of_stream(GST_APP_SRC(running.in()));
    const Sample none(running.out());
    EXPECT_EQ(none.sample, nullptr);
    EXPECT_TRUE(gst_app_sink_is_eos(GST_APP_SINK(running.out())));
    EXPECT_EQ(statOf(running.zc(), "frames"), number);
    EXPECT_EQ(statOf(running.zc(), "copied"), 0U);
    EXPECT_EQ(statOf(running.zc(), "frames"),
              statOf(running.zc(), "in-place") + statOf(running.zc(), "passed-through"));
}

// Twice the same, to the last byte.
TEST(Scenario, IsDeterministic)
{
    std::vector<std::string> runs[2];
    for (auto &run : runs) {
        Running running(source() + " ! cudazerocopy name=zc ! appsink name=out sync=false max-buffers=2");
        for (unsigned i = 0; i < 50; ++i) {
            const Sample sample(running.out());
            ASSERT_NE(sample.sample, nullptr);
            run.push_back(checksum(bytesOf(sample.buffer())));
        }
    }
    EXPECT_EQ(runs[0], runs[1]);
}

} // namespace
} // namespace zc::test
