// SPDX-License-Identifier: MIT
// NVIDIA's own decoder and converter around the element on a real GPU: the pixels beside those that the CPU makes of
// the same frames, fetched before. Without their elements and a GPU there is nothing to compare.
#include "nvmm_pictures.hpp"
#include "rig.hpp"

#include <dirent.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <mutex>

namespace zc::test {
namespace {

constexpr int kFrames = 24;
constexpr int kRounding = 1; // code values that colour kernels may differ by

bool haveElement(const char *name)
{
    GstElementFactory *factory = gst_element_factory_find(name);
    if (factory != nullptr)
        gst_object_unref(factory);
    return factory != nullptr;
}

class NvmmPixels : public testing::Test {
protected:
    void SetUp() override
    {
        void *library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
        if (library == nullptr || dlsym(library, "zc_fake_reset") != nullptr || !cuda::driver().ok())
            GTEST_SKIP() << "no NVIDIA GPU here";
        for (const char *name : {"nvv4l2decoder", "nvvideoconvert", "x264enc"}) {
            if (!haveElement(name))
                GTEST_SKIP() << "GStreamer has no element " << name << " here";
        }
    }
};

// H.264 with B frames and references, decoded into NVMM surfaces.
std::string decoded(int width, int height, const std::string &decoder = "nvv4l2decoder", int frames = kFrames)
{
    return "videotestsrc pattern=smpte horizontal-speed=3 num-buffers=" + std::to_string(frames) +
           " ! video/x-raw,format=I420,width=" + std::to_string(width) + ",height=" + std::to_string(height) +
           ",framerate=30/1 ! x264enc speed-preset=veryfast bframes=2 key-int-max=12 ! h264parse ! " + decoder + " ! ";
}

// What passed one pad.
struct Seen {
    std::vector<const GstBuffer *> buffers;
    std::vector<const GstMemory *> memories;
    std::vector<std::vector<Picture>> frames;
};

// Plays a pipeline and fetches what passes the pads that were asked for.
class Player {
public:
    explicit Player(const std::string &text)
    {
        GError *error = nullptr;
        pipeline_ = gst_parse_launch(text.c_str(), &error);
        EXPECT_EQ(error, nullptr) << text << ": " << (error != nullptr ? error->message : "");
        g_clear_error(&error);
    }
    ~Player()
    {
        gst_element_set_state(pipeline_, GST_STATE_NULL);
        gst_object_unref(pipeline_);
    }
    Player(const Player &) = delete;
    Player &operator=(const Player &) = delete;

    GstElement *find(const char *name) const
    {
        GstElement *element = gst_bin_get_by_name(GST_BIN(pipeline_), name);
        if (element != nullptr)
            gst_object_unref(element); // the pipeline keeps it
        return element;
    }

    void watch(const char *element, const char *pad, Seen &into)
    {
        GstPad *watched = gst_element_get_static_pad(find(element), pad);
        gst_pad_add_probe(watched, GST_PAD_PROBE_TYPE_BUFFER, keep, &into, nullptr);
        gst_object_unref(watched);
    }

    // The error's text, or nothing at the end of the stream.
    std::string play()
    {
        gst_element_set_state(pipeline_, GST_STATE_PLAYING);
        GstBus *bus = gst_element_get_bus(pipeline_);
        GstMessage *message = gst_bus_timed_pop_filtered(
            bus, 60 * GST_SECOND, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
        std::string text = message == nullptr ? "the pipeline did not end" : "";
        if (message != nullptr && GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
            GError *error = nullptr;
            gchar *debug = nullptr;
            gst_message_parse_error(message, &error, &debug);
            text = std::string(error->message) + " (" + (debug != nullptr ? debug : "") + ")";
            g_clear_error(&error);
            g_free(debug);
        }
        if (message != nullptr)
            gst_message_unref(message);
        gst_object_unref(bus);
        return text;
    }

private:
    static GstPadProbeReturn keep(GstPad *pad, GstPadProbeInfo *info, gpointer data)
    {
        auto &seen = *static_cast<Seen *>(data);
        GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
        const CapsPtr caps(gst_pad_get_current_caps(pad));
        const auto negotiated = gst::parseCaps(caps.get());
        EXPECT_TRUE(negotiated.ok()) << negotiated.status().message();
        seen.buffers.push_back(buffer);
        seen.memories.push_back(gst_buffer_peek_memory(buffer, 0));
        if (negotiated.ok())
            seen.frames.push_back(fetch(buffer, negotiated.value()));
        return GST_PAD_PROBE_OK;
    }

    GstElement *pipeline_;
};

// Every frame of the element's source pad is the one of its sink pad, changed as the CPU changes it.
void expectChanged(const Seen &before, const Seen &after, const std::string &kernel, const std::string &params,
                   int frames, int tolerance)
{
    ASSERT_EQ(before.frames.size(), static_cast<std::size_t>(frames));
    ASSERT_EQ(after.frames.size(), before.frames.size());
    EXPECT_EQ(after.buffers, before.buffers) << "not the same buffers";
    EXPECT_EQ(after.memories, before.memories) << "not the same memories";
    bool changed = false;
    for (std::size_t i = 0; i < after.frames.size(); ++i) {
        ASSERT_EQ(after.frames[i].size(), before.frames[i].size());
        for (std::size_t one = 0; one < after.frames[i].size(); ++one) {
            Picture wanted = before.frames[i][one];
            changed = changed || distance(wanted, after.frames[i][one]) > 0;
            changeOnCpu(wanted, kernel, params);
            EXPECT_LE(distance(wanted, after.frames[i][one]), tolerance)
                << kernel << ", frame " << i << ", picture " << one;
        }
    }
    EXPECT_TRUE(changed) << kernel << " changed nothing";
}

struct Way {
    const char *name;
    std::string source; // up to the element
    const char *kernel = "adjust";
    const char *params = "brightness=0.1,saturation=0.3";
};

std::vector<Way> ways()
{
    const std::string nvmm = "nvvideoconvert ! video/x-raw(memory:NVMM),format=";
    std::vector<Way> all;
    const struct {
        const char *name, *params;
    } kernels[] = {{"invert", ""},
                   {"gray", ""},
                   {"adjust", "brightness=0.1,contrast=1.2,saturation=0.5,hue=0.1"},
                   {"pixelate", "block=16"},
                   {"box-blur", "radius=5"},
                   {"flip", ""},
                   {"fill", ""}};
    for (const auto &kernel : kernels)
        all.push_back({kernel.name, decoded(1920, 1080), kernel.name, kernel.params});
    all.push_back({"Decoder4K", decoded(3840, 2160, "nvv4l2decoder", 8)});
    all.push_back({"DecoderPinned", decoded(1280, 720, "nvv4l2decoder cudadec-memtype=1")});
    all.push_back({"DecoderUnified", decoded(1280, 720, "nvv4l2decoder cudadec-memtype=2")});
    for (const char *format : {"NV12", "I420", "RGBA", "P010_10LE", "GRAY8", "BGRx"})
        all.push_back({format, decoded(1280, 720) + nvmm + format + " ! "});
    for (const char *type : {"1", "2", "3"})
        all.push_back({type, decoded(1280, 720) + "nvvideoconvert nvbuf-memory-type=" + type +
                                 " ! video/x-raw(memory:NVMM),format=RGBA ! "});
    return all;
}

class NvmmWays : public NvmmPixels, public testing::WithParamInterface<Way> {};

TEST_P(NvmmWays, SameAsTheCpuInPlace)
{
    const Way &way = GetParam();
    const std::string params = *way.params != '\0' ? std::string(",") + way.params : "";
    Player player(way.source + "cudazerocopy name=zc zero-copy=required kernel=\"" + way.kernel + params +
                  "\" ! fakesink sync=false");
    Seen before, after;
    player.watch("zc", "sink", before);
    player.watch("zc", "src", after);
    ASSERT_EQ(player.play(), "");
    const bool exact = std::string(way.kernel) == "invert" || std::string(way.kernel) == "flip";
    const int frames = std::string(way.name) == "Decoder4K" ? 8 : kFrames;
    expectChanged(before, after, way.kernel, way.params, frames, exact ? 0 : kRounding);
    const auto count = static_cast<guint64>(frames);
    EXPECT_EQ(statOf(player.find("zc"), "in-place"), count);
    EXPECT_EQ(statOf(player.find("zc"), "copied"), 0U);
    std::vector<const GstMemory *> memories = before.memories;
    std::sort(memories.begin(), memories.end());
    memories.erase(std::unique(memories.begin(), memories.end()), memories.end());
    EXPECT_LE(statOf(player.find("zc"), "imports"), memories.size());
    EXPECT_EQ(statTextOf(player.find("zc"), "memory"), "NVMM");
    EXPECT_EQ(statTextOf(player.find("zc"), "device").rfind("cuda", 0), 0U);
}

std::string wayName(const testing::TestParamInfo<Way> &test)
{
    std::string name = std::to_string(test.index) + "_" + test.param.name;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Real, NvmmWays, testing::ValuesIn(ways()), wayName);

// The decoder predicts from frames of its own: what is written into what it handed out shows in no other frame.
TEST_F(NvmmPixels, LaterFramesOfTheDecoderStayAsTheyAre)
{
    // One stream for both: an encoder on many threads need not make the same one twice.
    const std::string file = testing::TempDir() + "nvmm-reference.h264";
    std::string encode = decoded(1280, 720, "video/x-h264,stream-format=byte-stream,alignment=au ! filesink");
    encode.replace(encode.rfind(" ! "), 3, " location=" + file);
    ASSERT_EQ(Player(encode).play(), "");
    const auto framesWith = [&file](const std::string &element) {
        Seen seen;
        Player player("filesrc location=" + file + " ! h264parse ! nvv4l2decoder ! identity name=id ! " + element +
                      "fakesink sync=false");
        player.watch("id", "src", seen);
        EXPECT_EQ(player.play(), "");
        return seen.frames;
    };
    const auto plain = framesWith(""), again = framesWith("");
    const auto changed = framesWith("cudazerocopy kernel=invert zero-copy=required ! ");
    ASSERT_EQ(plain.size(), static_cast<std::size_t>(kFrames));
    ASSERT_EQ(again.size(), plain.size());
    ASSERT_EQ(changed.size(), plain.size());
    for (std::size_t i = 0; i < plain.size(); ++i) {
        EXPECT_EQ(distance(plain[i][0], again[i][0]), 0) << "frame " << i << " of the decoder alone";
        EXPECT_EQ(distance(plain[i][0], changed[i][0]), 0) << "frame " << i;
    }
    (void)std::remove(file.c_str());
}

TEST_F(NvmmPixels, OneBranchOfATeeIsCopiedAndTheOtherKept)
{
    Player player(decoded(1280, 720) + "tee name=t ! queue ! cudazerocopy name=zc kernel=invert ! fakesink sync=false "
                                       "t. ! queue ! identity name=other ! fakesink sync=false");
    Seen before, after, other;
    player.watch("t", "sink", before);
    player.watch("zc", "src", after);
    player.watch("other", "src", other);
    ASSERT_EQ(player.play(), "");
    ASSERT_EQ(after.frames.size(), before.frames.size());
    ASSERT_EQ(other.frames.size(), before.frames.size());
    for (std::size_t i = 0; i < before.frames.size(); ++i) {
        EXPECT_EQ(other.frames[i][0].planes, before.frames[i][0].planes) << "frame " << i;
        Picture wanted = before.frames[i][0];
        changeOnCpu(wanted, "invert", "");
        EXPECT_EQ(distance(wanted, after.frames[i][0]), 0) << "frame " << i;
    }
    EXPECT_GT(statOf(player.find("zc"), "copied"), 0U);
}

TEST_F(NvmmPixels, TwoInARow)
{
    Player player(decoded(1280, 720) + "cudazerocopy name=a kernel=invert zero-copy=required ! cudazerocopy name=b "
                                       "kernel=invert zero-copy=required ! fakesink sync=false");
    Seen before, after;
    player.watch("a", "sink", before);
    player.watch("b", "src", after);
    ASSERT_EQ(player.play(), "");
    ASSERT_EQ(after.frames.size(), before.frames.size());
    EXPECT_EQ(after.buffers, before.buffers);
    for (std::size_t i = 0; i < before.frames.size(); ++i) {
        Picture wanted = before.frames[i][0];
        changeOnCpu(wanted, "invert", "");
        changeOnCpu(wanted, "invert", ""); // which clamps codes beyond the limited range
        EXPECT_EQ(distance(wanted, after.frames[i][0]), 0) << "frame " << i;
    }
}

// NVIDIA's converter sees what was written, without anybody having told it.
TEST_F(NvmmPixels, TheConverterDownstreamSeesIt)
{
    Player player(decoded(1280, 720) + "cudazerocopy name=zc kernel=fill zero-copy=required ! nvvideoconvert ! "
                                       "video/x-raw(memory:NVMM),format=RGBA ! identity name=out ! fakesink "
                                       "sync=false");
    Seen out;
    player.watch("out", "src", out);
    ASSERT_EQ(player.play(), "");
    ASSERT_FALSE(out.frames.empty());
    for (const auto &frame : out.frames) {
        const Bytes &pixels = frame[0].planes[0];
        for (std::size_t i = 4; i < pixels.size(); ++i)
            ASSERT_EQ(pixels[i], pixels[i % 4]) << "one colour everywhere";
    }
}

// The chip may have no encoder: then nothing goes further than its caps.
TEST_F(NvmmPixels, TheEncodersTemplateTakesWhatComesOut)
{
    GstElementFactory *factory = gst_element_factory_find("nvv4l2h264enc");
    if (factory == nullptr)
        GTEST_SKIP() << "no nvv4l2h264enc here";
    std::string accepted;
    for (const GList *item = gst_element_factory_get_static_pad_templates(factory); item; item = item->next) {
        auto *pad = static_cast<GstStaticPadTemplate *>(item->data);
        if (pad->direction == GST_PAD_SINK) {
            const CapsPtr caps(gst_static_pad_template_get_caps(pad));
            accepted = GCharPtr(gst_caps_to_string(caps.get())).get();
        }
    }
    gst_object_unref(factory);
    Player player(decoded(1280, 720) + "cudazerocopy name=zc kernel=invert zero-copy=required ! capsfilter caps=\"" +
                  accepted + "\" name=enc ! fakesink sync=false");
    Seen before, after;
    player.watch("zc", "sink", before);
    player.watch("enc", "src", after);
    ASSERT_EQ(player.play(), "");
    expectChanged(before, after, "invert", "", kFrames, 0);
}

int openDescriptors()
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (readdir(folder) != nullptr)
        ++count;
    closedir(folder);
    return count;
}

TEST_F(NvmmPixels, ManyFramesLeaveNothingBehind)
{
    const auto play = [](int frames) {
        Player player(decoded(320, 240, "nvv4l2decoder", frames) +
                      "cudazerocopy name=zc kernel=adjust,hue=0.2 zero-copy=required ! fakesink sync=false");
        EXPECT_EQ(player.play(), "");
        EXPECT_EQ(statOf(player.find("zc"), "in-place"), static_cast<guint64>(frames));
        EXPECT_LE(statOf(player.find("zc"), "imports"), 32U);
        return openDescriptors();
    };
    play(30);
    const int before = play(30);
    EXPECT_LE(play(1500), before);
}

TEST_F(NvmmPixels, WrongGpuOfTheUserIsOneError)
{
    if (cuda::driver().value()->devices < 2)
        GTEST_SKIP() << "one GPU here";
    Player player(decoded(320, 240) + "cudazerocopy gpu-id=1 kernel=invert ! fakesink sync=false");
    const std::string error = player.play();
    EXPECT_TRUE(contains(error, "lies on GPU 0") && contains(error, "gpu-id=1")) << error;
}

} // namespace
} // namespace zc::test
