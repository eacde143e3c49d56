// SPDX-License-Identifier: MIT
// Whole pipelines of NVMM buffers: negotiation, proof that the same buffers come out, a tee, states, several elements.
#include "nvmm_rig.hpp"

#include <condition_variable>
#include <functional>
#include <set>

namespace zc::test {
namespace {

struct UnrefPipeline {
    void operator()(GstElement *element) const
    {
        gst_element_set_state(element, GST_STATE_NULL);
        gst_object_unref(element);
    }
};
using Pipeline = std::unique_ptr<GstElement, UnrefPipeline>;

using See = std::function<void(GstBuffer *)>;

// A pipeline in which elements are found by name, with eyes on pads.
class Line {
public:
    explicit Line(const std::string &text)
    {
        GError *error = nullptr;
        pipeline_.reset(gst_parse_launch(text.c_str(), &error));
        EXPECT_EQ(error, nullptr) << text << ": " << error->message;
        g_clear_error(&error);
    }
    GstElement *get() const { return pipeline_.get(); }
    ElementPtr find(const char *name) const { return ElementPtr(gst_bin_get_by_name(GST_BIN(pipeline_.get()), name)); }

    void watch(const char *element, const char *pad, See see)
    {
        const ElementPtr found = find(element);
        GstPad *where = gst_element_get_static_pad(found.get(), pad);
        gst_pad_add_probe(
            where, GST_PAD_PROBE_TYPE_BUFFER,
            [](GstPad *, GstPadProbeInfo *info, gpointer data) {
                (*static_cast<See *>(data))(GST_PAD_PROBE_INFO_BUFFER(info));
                return GST_PAD_PROBE_OK;
            },
            new See(std::move(see)), [](gpointer data) { delete static_cast<See *>(data); });
        gst_object_unref(where);
    }

    // Until it ends; the errors on the way, one a line.
    std::string run()
    {
        gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
        const std::string errors = wait();
        gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
        return errors;
    }
    std::string wait() const
    {
        const BusPtr bus(gst_element_get_bus(pipeline_.get()));
        GstMessage *message = gst_bus_timed_pop_filtered(
            bus.get(), 60 * GST_SECOND, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
        if (message == nullptr)
            return "nothing happened for a minute";
        std::string text;
        if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
            GError *error = nullptr;
            gst_message_parse_error(message, &error, nullptr);
            text = std::string(GST_MESSAGE_SRC_NAME(message)) + ": " + error->message;
            g_clear_error(&error);
        }
        gst_message_unref(message);
        return text;
    }
    std::string caps(const char *element, const char *pad) const
    {
        const ElementPtr found = find(element);
        GstPad *where = gst_element_get_static_pad(found.get(), pad);
        CapsPtr caps(gst_pad_get_current_caps(where));
        gst_object_unref(where);
        const GCharPtr text(caps ? gst_caps_to_string(caps.get()) : g_strdup(""));
        return text.get();
    }

private:
    Pipeline pipeline_;
};

constexpr const char *kCaps = "video/x-raw(memory:NVMM),format=NV12,width=64,height=48,framerate=30/1";

std::string source(const std::string &properties, int frames = 8)
{
    return "nvmmtestsrc name=src num-buffers=" + std::to_string(frames) + " " + properties + " ! ";
}

// The bytes of a plane's rows, as the GPU sees them.
Bytes rowsOf(void *surface, unsigned index, unsigned plane)
{
    Bytes all;
    std::size_t pitch = 0;
    const unsigned char *rows = zc_nvbuf_plane(surface, index, plane, &pitch);
    for (std::size_t y = 0; rows != nullptr && y < 48u >> plane; ++y)
        all.insert(all.end(), rows + y * pitch, rows + y * pitch + 64);
    return all;
}

Bytes drawnRows(guint64 frame, unsigned index, unsigned plane)
{
    Bytes all;
    for (unsigned y = 0; y < 48u >> plane; ++y)
        for (std::size_t x = 0; x < 64; ++x)
            all.push_back(nvmm_test::pictureByte(frame, index, plane, x, y));
    return all;
}

Bytes inverted(Bytes bytes)
{
    for (auto &byte : bytes)
        byte = static_cast<std::uint8_t>(~byte);
    return bytes;
}

void *surfaceIn(GstBuffer *buffer)
{
    const auto *memory = nvmm_test::surfaceMemory(buffer);
    return memory != nullptr ? memory->surface : nullptr;
}

class NvmmPipelines : public Nvmm {};

TEST_F(NvmmPipelines, FieldsOfTheCapsPassUntouched)
{
    const char *const producers[] = {"producer=decoder", "producer=nvds", "producer=converter mem-type=surface-array",
                                     "producer=nvds batch-size=4", "caps-fields=none"};
    for (const char *producer : producers) {
        Line line(source(producer, 2) + kCaps + " ! cudazerocopy name=zc kernel=invert ! fakesink name=sink");
        std::string before, after;
        line.watch("sink", "sink", [&](GstBuffer *) {
            before = line.caps("src", "src");
            after = line.caps("zc", "src");
        });
        EXPECT_EQ(line.run(), "") << producer;
        EXPECT_FALSE(before.empty());
        EXPECT_EQ(before, after) << producer;
        EXPECT_EQ(contains(after, "gpu-id"), !contains(producer, "none")) << after;
        EXPECT_EQ(contains(after, "batch-size=(int)4"), contains(producer, "batch-size=4")) << after;
    }
}

// What downstream asks for reaches the source through the element.
TEST_F(NvmmPipelines, DownstreamChoosesTheFormat)
{
    for (const char *format : {"NV12", "I420", "P010_10LE", "RGBA", "BGRx", "Y444", "NV16", "GRAY8"}) {
        Line line(source("", 2) + "cudazerocopy name=zc kernel=invert ! video/x-raw(memory:NVMM),format=" + format +
                  ",width=32,height=16 ! fakesink name=sink");
        std::string caps;
        line.watch("sink", "sink", [&](GstBuffer *) { caps = line.caps("src", "src"); });
        EXPECT_EQ(line.run(), "") << format;
        EXPECT_TRUE(contains(caps, std::string("format=(string)") + format)) << caps;
        EXPECT_TRUE(contains(caps, "memory:NVMM")) << caps;
    }
}

TEST_F(NvmmPipelines, TheSameBuffersComeOut)
{
    for (const char *kind :
         {"mem-type=cuda-device", "mem-type=cuda-pinned", "mem-type=cuda-unified", "mem-type=surface-array",
          "mem-type=surface-array block-linear=true", "producer=converter mem-type=surface-array batch-size=2",
          "producer=decoder", "show-default=true", "contiguous=true batch-size=3", "recycle=surfaces",
          "recycle=nothing mem-type=surface-array", "egl=producer mem-type=surface-array",
          "egl=changing mem-type=surface-array", "egl=rude mem-type=surface-array"}) {
        Line line(source(kind, 12) + kCaps +
                  " ! cudazerocopy name=zc kernel=invert zero-copy=required ! fakesink name=sink");
        std::vector<std::pair<GstBuffer *, void *>> sent, got;
        line.watch("zc", "sink", [&](GstBuffer *buffer) { sent.emplace_back(buffer, surfaceIn(buffer)); });
        line.watch("sink", "sink", [&](GstBuffer *buffer) {
            got.emplace_back(buffer, surfaceIn(buffer));
            for (unsigned plane = 0; plane < 2; ++plane)
                EXPECT_TRUE(rowsOf(surfaceIn(buffer), 0, plane) == inverted(drawnRows(got.size() - 1, 0, plane)))
                    << kind << " frame " << got.size() - 1;
        });
        EXPECT_EQ(line.run(), "") << kind;
        EXPECT_EQ(got.size(), 12u) << kind;
        EXPECT_EQ(sent, got) << kind;
        const ElementPtr zc = line.find("zc");
        EXPECT_EQ(statOf(zc.get(), "copied"), 0u) << kind;
        EXPECT_EQ(statOf(zc.get(), "in-place"), 12u) << kind;
    }
}

// Imports are as many as surfaces while buffers come back.
TEST_F(NvmmPipelines, ImportsAreBoundedByThePool)
{
    struct Case {
        const char *properties;
        guint64 most;
    };
    for (const Case &one : {Case{"pool-size=3", 3}, Case{"pool-size=3 mem-type=surface-array", 3},
                            Case{"pool-size=3 mem-type=surface-array block-linear=true batch-size=4", 3},
                            Case{"egl=producer pool-size=2 mem-type=surface-array", 2}}) {
        Line line(source(one.properties, 40) + kCaps + " ! cudazerocopy name=zc kernel=invert ! fakesink");
        EXPECT_EQ(line.run(), "");
        const ElementPtr zc = line.find("zc");
        EXPECT_LE(statOf(zc.get(), "imports"), one.most) << one.properties;
        EXPECT_GE(statOf(zc.get(), "cache-hits"), 40 - one.most) << one.properties;
    }
}

// The branch that is not written shows what the source drew, byte for byte.
TEST_F(NvmmPipelines, TeeWithOneBranchWritten)
{
    for (const char *kind :
         {"", "mem-type=surface-array", "mem-type=surface-array block-linear=true", "batch-size=2"}) {
        Line line(source(kind, 10) + kCaps +
                  " ! tee name=t t. ! queue ! fakesink name=plain async=false t. ! queue ! cudazerocopy name=zc "
                  "kernel=invert on-shared=copy ! fakesink name=sink async=false");
        std::mutex mutex;
        std::set<guint64> plainFrames, changedFrames;
        const auto check = [&](GstBuffer *buffer, bool changed) {
            const std::lock_guard lock(mutex);
            const guint64 frame = (GST_BUFFER_PTS(buffer) * 30 + GST_SECOND / 2) / GST_SECOND;
            GstMapInfo map = GST_MAP_INFO_INIT;
            ASSERT_TRUE(gst_buffer_map(buffer, &map, GST_MAP_READ));
            for (unsigned plane = 0; plane < 2; ++plane) {
                const Bytes rows = rowsOf(map.data, 0, plane), before = drawnRows(frame, 0, plane);
                EXPECT_TRUE(rows == (changed ? inverted(before) : before)) << kind << " frame " << frame;
            }
            gst_buffer_unmap(buffer, &map);
            (changed ? changedFrames : plainFrames).insert(frame);
        };
        line.watch("plain", "sink", [&](GstBuffer *buffer) { check(buffer, false); });
        line.watch("sink", "sink", [&](GstBuffer *buffer) { check(buffer, true); });
        EXPECT_EQ(line.run(), "") << kind;
        EXPECT_EQ(plainFrames.size(), 10u) << kind;
        EXPECT_EQ(changedFrames.size(), 10u) << kind;
    }
}

TEST_F(NvmmPipelines, SharedFramesAreRefusedOrWrittenAsAsked)
{
    const std::string tail = " ! tee name=t t. ! fakesink async=false t. ! cudazerocopy name=zc kernel=invert ";
    Line refused(source("", 3) + kCaps + tail + "on-shared=error ! fakesink async=false");
    EXPECT_TRUE(contains(refused.run(), "on-shared"));
    Line written(source("", 3) + kCaps + tail + "on-shared=write ! fakesink async=false");
    EXPECT_EQ(written.run(), "");
    EXPECT_EQ(statOf(written.find("zc").get(), "in-place"), 3u);
}

// A Jetson decoder's own surface may be a reference frame.
TEST_F(NvmmPipelines, DecoderSurfacesOfJetsonsAreNotWritten)
{
    const std::string jetson =
        source("producer=decoder mem-type=surface-array", 3) + kCaps + " ! cudazerocopy name=zc kernel=invert ";
    Line refused(jetson + "zero-copy=required ! fakesink");
    EXPECT_TRUE(contains(refused.run(), "nvvidconv"));
    Line written(jetson + "on-shared=write zero-copy=required ! fakesink");
    EXPECT_EQ(written.run(), "");
    Line copied(jetson + "on-shared=copy ! fakesink");
    EXPECT_EQ(copied.run(), "");
    EXPECT_EQ(statOf(copied.find("zc").get(), "copied"), 3u);
    // A dGPU's decoder gives copies of its own.
    Line discrete(source("producer=decoder", 3) + kCaps +
                  " ! cudazerocopy kernel=invert zero-copy=required ! fakesink");
    EXPECT_EQ(discrete.run(), "");
}

TEST_F(NvmmPipelines, TwoElementsInARow)
{
    for (const char *kind : {"", "mem-type=surface-array", "mem-type=surface-array block-linear=true batch-size=2"}) {
        Line line(source(kind, 12) + kCaps +
                  " ! cudazerocopy name=one kernel=invert zero-copy=required ! cudazerocopy name=two kernel=invert "
                  "zero-copy=required ! fakesink name=sink");
        guint64 frame = 0;
        line.watch("sink", "sink", [&](GstBuffer *buffer) {
            for (unsigned plane = 0; plane < 2; ++plane)
                EXPECT_TRUE(rowsOf(surfaceIn(buffer), 0, plane) == drawnRows(frame, 0, plane))
                    << kind << " frame " << frame;
            frame++;
        });
        EXPECT_EQ(line.run(), "") << kind;
        EXPECT_EQ(frame, 12u);
    }
}

TEST_F(NvmmPipelines, TwoElementsOnThreadsOfTheirOwn)
{
    for (const char *kind : {"recycle=nothing mem-type=surface-array", "mem-type=surface-array block-linear=true"}) {
        Line line(source(kind, 60) + kCaps +
                  " ! cudazerocopy kernel=invert zero-copy=required ! queue max-size-buffers=2 ! cudazerocopy "
                  "kernel=invert zero-copy=required ! queue max-size-buffers=2 ! fakesink");
        EXPECT_EQ(line.run(), "") << kind;
    }
}

// The metadata of the batch goes along, in place and in a copy.
TEST_F(NvmmPipelines, BatchMetaGoesAlong)
{
    const unsigned before = nvmm_test::liveNvdsMetas();
    for (const char *policy : {"zero-copy=required", "on-shared=copy"}) {
        const bool shared = contains(policy, "copy") && !contains(policy, "zero");
        Line line(source("batch-size=2 objects=0:1:2:4:4:8:8", 4) + kCaps +
                  (shared ? " ! tee name=t t. ! fakesink async=false t." : "") + " ! cudazerocopy kernel=invert " +
                  policy + " ! fakesink name=sink async=false");
        unsigned seen = 0;
        line.watch("sink", "sink", [&](GstBuffer *buffer) {
            gpointer state = nullptr;
            while (GstMeta *meta = gst_buffer_iterate_meta(buffer, &state)) {
                if (gst_meta_api_type_has_tag(meta->info->api, g_quark_from_string("nvdsmeta"))) {
                    const auto *nvds = reinterpret_cast<const nvmm_test::NvdsMeta *>(meta);
                    seen += static_cast<const nvmm_test::NvdsBatch *>(nvds->data)->numFrames;
                }
            }
        });
        EXPECT_EQ(line.run(), "") << policy;
        EXPECT_EQ(seen, 8u) << policy;
    }
    EXPECT_EQ(nvmm_test::liveNvdsMetas(), before);
}

TEST_F(NvmmPipelines, StatesComeAndGo)
{
    for (const char *kind : {"", "mem-type=surface-array", "mem-type=surface-array block-linear=true batch-size=2"}) {
        Line line("nvmmtestsrc name=src " + std::string(kind) + " ! " + kCaps +
                  " ! cudazerocopy kernel=invert ! fakesink name=sink");
        std::mutex mutex;
        std::condition_variable arrived;
        unsigned frames = 0;
        line.watch("sink", "sink", [&](GstBuffer *) {
            const std::lock_guard lock(mutex);
            frames++;
            arrived.notify_all();
        });
        for (const GstState low :
             {GST_STATE_NULL, GST_STATE_READY, GST_STATE_PAUSED, GST_STATE_NULL, GST_STATE_READY}) {
            ASSERT_NE(gst_element_set_state(line.get(), GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
            {
                std::unique_lock lock(mutex);
                const unsigned had = frames;
                ASSERT_TRUE(arrived.wait_for(lock, std::chrono::seconds(60), [&] { return frames > had + 5; }));
            }
            gst_element_set_state(line.get(), low);
            gst_element_get_state(line.get(), nullptr, nullptr, 10 * GST_SECOND);
        }
        gst_element_set_state(line.get(), GST_STATE_NULL);
        EXPECT_EQ(zc_nvbuf_live("surface"), 0u) << kind;
    }
}

// New caps, new surfaces: what was made for the old ones goes with them.
TEST_F(NvmmPipelines, TheSizeChanges)
{
    nvmm_test::Settings settings = surfaces(fake_nvbuf::kMemSurfaceArray);
    settings.blockLinear = true;
    auto first = std::make_unique<NvmmFeed>(settings, nvmmCaps("NV12", 64, 48));
    ElementHarness harness("cudazerocopy kernel=invert zero-copy=required", first->caps());
    for (int i = 0; i < 5; ++i)
        pass(harness, first->next());
    NvmmFeed second(settings, nvmmCaps("RGBA", 32, 16));
    gst_harness_push_event(harness.get(), gst_event_new_caps(capsFrom(second.caps()).get()));
    for (int i = 0; i < 5; ++i) {
        const Buffer out = pass(harness, second.next());
        ASSERT_NE(out, nullptr);
    }
    EXPECT_EQ(zc_fake_live("resource"), 4u);
    first.reset();
    EXPECT_EQ(zc_nvbuf_live("surface"), 4u) << zc_nvbuf_live_text();
    EXPECT_EQ(harness.stat("in-place"), 10u);
}

} // namespace
} // namespace zc::test
