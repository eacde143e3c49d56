// SPDX-License-Identifier: MIT
// GLMemory with GStreamer's own elements and whatever draws here (Mesa's software will do), on the stand-in driver: a
// texture's EGLImage is played by memory of the test. The element is linked into the test, for its hooks.
#include "egl_image.h"
#include "fake_gpu.hpp"
#include "gstcudazerocopy.h"
#include "memory/gl_memory.hpp"

#include <gst/gl/gl.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace zc::test {
namespace {

constexpr GstClockTime kLongest = 60 * GST_SECOND;
constexpr unsigned kWidth = 64, kHeight = 48;
constexpr const char *kGlCaps = "video/x-raw(memory:GLMemory),format=RGBA,width=64,height=48,framerate=30/1";

// The textures' images, alive and in all.
struct Images {
    std::mutex mutex;
    std::map<void *, std::vector<std::uint8_t>> alive;
    std::map<void *, GstMemory *> textures; // of those alive
    unsigned made = 0;
};

Images &images()
{
    static auto &all = *new Images;
    return all;
}

unsigned imagesMade()
{
    const std::lock_guard lock(images().mutex);
    return images().made;
}

// None of a texture that has one, as EGL.
void *makeImage(GstMemory *memory)
{
    {
        const std::lock_guard lock(images().mutex);
        for (const auto &[image, texture] : images().textures) {
            if (texture == memory)
                return nullptr;
        }
    }
    std::vector<std::uint8_t> pixels(std::size_t{kWidth} * kHeight * 4);
    zc_fake_egl_image what{};
    what.is_array = 1;
    what.planes = 1;
    what.color_format = 0x0e; // ABGR
    what.plane[0] = {pixels.data(), std::size_t{kWidth} * 4, kWidth, kHeight, 4, 1};
    void *image = zc_fake_egl_image_create(&what);
    const std::lock_guard lock(images().mutex);
    images().alive.emplace(image, std::move(pixels));
    images().textures.emplace(image, memory);
    ++images().made;
    return image;
}

void destroyImage(void *image)
{
    zc_fake_egl_image_destroy(image);
    const std::lock_guard lock(images().mutex);
    EXPECT_EQ(images().alive.erase(image), 1U);
    images().textures.erase(image);
}

std::atomic<unsigned> displaysAsked{0};
std::atomic<int> gpuOfDisplay{0}; // below 0: not NVIDIA's

Result<int> tellGpu(void *)
{
    ++displaysAsked;
    const int gpu = gpuOfDisplay;
    return gpu >= 0 ? Result<int>(gpu) : Result<int>(Status{Code::Unsupported, "the test's display is not NVIDIA's"});
}

// A line of gst-launch, run to its end.
class Played {
public:
    explicit Played(const std::string &line, bool start = true)
        : pipeline_(GST_ELEMENT(gst_object_ref_sink(makeElement(line)))), bus_(gst_element_get_bus(pipeline_.get()))
    {
        if (start)
            run();
    }
    ~Played() { gst_element_set_state(pipeline_.get(), GST_STATE_NULL); }
    Played(const Played &) = delete;
    Played &operator=(const Played &) = delete;

    void run()
    {
        gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
        bool over = false;
        while (!over) {
            GstMessage *message = gst_bus_timed_pop_filtered(
                bus_.get(), kLongest,
                static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING));
            ASSERT_NE(message, nullptr) << "the pipeline did not end";
            over = GST_MESSAGE_TYPE(message) != GST_MESSAGE_WARNING;
            take(message);
            gst_message_unref(message);
        }
    }
    const std::string &errors() const { return errors_; }
    const std::string &warnings() const { return warnings_; }
    ElementPtr operator[](const char *name) const
    {
        return ElementPtr(gst_bin_get_by_name(GST_BIN(pipeline_.get()), name));
    }
    guint64 stat(const char *field) const { return statOf((*this)["z"].get(), field); }

private:
    void take(GstMessage *message)
    {
        GError *error = nullptr;
        if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
            gst_message_parse_error(message, &error, nullptr);
        else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING)
            gst_message_parse_warning(message, &error, nullptr);
        if (error != nullptr)
            (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR ? errors_ : warnings_) +=
                std::string(error->message) + "\n";
        g_clear_error(&error);
    }

    ElementPtr pipeline_;
    BusPtr bus_;
    std::string errors_, warnings_;
};

std::string source(int frames)
{
    return "gltestsrc num-buffers=" + std::to_string(frames) + " ! " + kGlCaps;
}

class GlMemory : public FakeGpu {
protected:
    void SetUp() override
    {
        static const bool known = GST_ELEMENT_REGISTER(cudazerocopy, nullptr);
        ASSERT_TRUE(known);
        static const std::string why = whyNoGl();
        if (!why.empty())
            GTEST_SKIP() << why;
        static const gst::GlImageMaker maker = {makeImage, destroyImage};
        gst::setGlImageMaker(&maker);
        gst::setGpuOfDisplay(tellGpu);
        gpuOfDisplay = 0;
        displaysAsked = 0;
        images().made = 0;
    }
    void TearDown() override
    {
        EXPECT_TRUE(images().alive.empty()) << images().alive.size() << " images were left";
        gst::setGlImageMaker(nullptr);
        gst::setGpuOfDisplay(nullptr);
    }
    static std::string whyNoGl()
    {
        for (const char *name : {"gltestsrc", "glimagesinkelement", "gldownload"}) {
            if (!gst_registry_check_feature_version(gst_registry_get(), name, 1, 0, 0))
                return std::string("GStreamer has no ") + name + " here";
        }
        const Played alone(source(1) + " ! fakesink");
        return alone.errors().empty() ? "" : "OpenGL does not work here: " + alone.errors();
    }
};

TEST_F(GlMemory, InPlaceAndTheSameBuffers)
{
    Played line(source(30) +
                    " ! identity name=before ! cudazerocopy name=z kernel=invert zero-copy=required ! fakesink "
                    "name=after",
                false);
    struct Seen {
        std::mutex mutex;
        std::vector<void *> in, out;
    } seen;
    const auto watch = [&](const char *name, const char *padName, bool in) {
        const ElementPtr element = line[name];
        GstPad *pad = gst_element_get_static_pad(element.get(), padName);
        const auto note = [](GstPad *, GstPadProbeInfo *info, gpointer where) {
            static_cast<std::vector<void *> *>(where)->push_back(
                gst_buffer_peek_memory(GST_PAD_PROBE_INFO_BUFFER(info), 0));
            return GST_PAD_PROBE_OK;
        };
        gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, note, in ? &seen.in : &seen.out, nullptr);
        gst_object_unref(pad);
    };
    watch("before", "src", true);
    watch("after", "sink", false);
    line.run();
    EXPECT_EQ(line.errors(), "");
    EXPECT_EQ(line.warnings(), "");
    EXPECT_EQ(seen.in.size(), 30U);
    EXPECT_EQ(seen.in, seen.out);
    EXPECT_EQ(line.stat("frames"), 30U);
    EXPECT_EQ(line.stat("in-place"), 30U);
    EXPECT_EQ(line.stat("copied"), 0U);
    EXPECT_EQ(statTextOf(line["z"].get(), "memory"), "GLMemory");
    EXPECT_EQ(line.stat("imports") + line.stat("cache-hits"), 30U);
    EXPECT_EQ(line.stat("imports"), imagesMade());
    EXPECT_EQ(zc_fake_calls("cuGraphicsEGLRegisterImage"), imagesMade());
    EXPECT_LE(imagesMade(), 8U) << "one for each texture of the pool, not for each frame";
    EXPECT_EQ(zc_fake_launches("zc_rows_"), 30U);
}

// Whoever reads the frame on the CPU afterwards gets what is in the texture, not an older copy.
TEST_F(GlMemory, DownloadsComeFromTheTexture)
{
    const Played line(source(5) +
                      " ! cudazerocopy name=z kernel=invert ! gldownload ! video/x-raw,format=RGBA ! fakesink");
    EXPECT_EQ(line.errors(), "");
    EXPECT_EQ(line.stat("in-place"), 5U);
}

TEST_F(GlMemory, TwoElementsInARow)
{
    const Played line(source(10) + " ! cudazerocopy kernel=invert ! cudazerocopy name=z kernel=invert ! fakesink");
    EXPECT_EQ(line.errors(), "");
    EXPECT_EQ(line.stat("in-place"), 10U);
    EXPECT_EQ(line.stat("imports"), 0U) << "the first element's serve the second";
}

TEST_F(GlMemory, SharedFramesAreCopiedIntoTexturesOfItsOwn)
{
    const Played line(source(10) + " ! tee name=t ! queue ! fakesink t. ! queue ! cudazerocopy name=z kernel=invert ! "
                                   "fakesink");
    EXPECT_EQ(line.errors(), "");
    EXPECT_EQ(line.stat("frames"), 10U);
    EXPECT_EQ(line.stat("copied") + line.stat("in-place"), 10U);
    EXPECT_GT(line.stat("copied"), 0U);
    EXPECT_NE(line.warnings().find("copied before they are changed"), std::string::npos) << line.warnings();
    EXPECT_EQ(line.stat("imports"), imagesMade());
}

TEST_F(GlMemory, SharedFramesAreWrittenOnDemand)
{
    const Played line(source(10) + " ! tee name=t ! queue ! fakesink t. ! queue ! cudazerocopy name=z kernel=invert "
                                   "on-shared=write ! fakesink");
    EXPECT_EQ(line.errors(), "");
    EXPECT_EQ(line.stat("in-place"), 10U);
}

TEST_F(GlMemory, OtherDisplaysAreNotOffered)
{
    gpuOfDisplay = -1;
    const Played line(source(5) + " ! cudazerocopy kernel=invert ! fakesink");
    EXPECT_NE(line.errors(), "");
    EXPECT_NE(line.warnings().find("not NVIDIA's"), std::string::npos) << line.warnings();
    EXPECT_NE(line.warnings().find("put gldownload before cudazerocopy"), std::string::npos) << line.warnings();
    const Played around("gltestsrc num-buffers=3 ! gldownload ! video/x-raw,format=RGBA,width=64,height=48 ! "
                        "cudazerocopy name=z kernel=invert ! fakesink");
    EXPECT_EQ(around.errors(), "");
    EXPECT_EQ(around.stat("frames"), 3U);
}

TEST_F(GlMemory, AnotherGpuIsRefusedByName)
{
    gpuOfDisplay = 1;
    const Played line(source(5) + " ! cudazerocopy kernel=invert cuda-device-id=0 ! fakesink");
    EXPECT_NE(line.warnings().find("OpenGL draws on GPU 1, but cuda-device-id=0"), std::string::npos)
        << line.warnings() << line.errors();
}

TEST_F(GlMemory, DeviceCpuDoesNotTakeIt)
{
    ElementHarness h("cudazerocopy kernel=invert device=cpu", "");
    const CapsPtr caps = capsFrom(std::string(kGlCaps) + ",texture-target=2D");
    offer(h.get(), caps.get());
    const auto errors = h.posted(GST_MESSAGE_ERROR);
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_NE(errors[0].text.find("device=cpu cannot reach memory:GLMemory"), std::string::npos) << errors[0].text;
    EXPECT_EQ(displaysAsked, 0U);
}

TEST_F(GlMemory, OpenGlIsLeftAloneWhereNobodySpeaksOfIt)
{
    const Played line(
        "videotestsrc num-buffers=3 ! video/x-raw,width=64,height=48 ! videoconvert ! cudazerocopy name=z "
        "kernel=invert ! videoconvert ! fakesink");
    EXPECT_EQ(line.errors(), "");
    EXPECT_EQ(line.stat("frames"), 3U);
    EXPECT_EQ(displaysAsked, 0U);
}

TEST_F(GlMemory, ARefusedTextureIsOneError)
{
    zc_fake_fail("cuGraphicsEGLRegisterImage", 0, 1);
    const Played line(source(5) + " ! cudazerocopy kernel=invert ! fakesink");
    EXPECT_NE(line.errors().find("texture: CUDA does not take the EGLImage"), std::string::npos) << line.errors();
}

// As an upstream element asks, before it has made anything.
TEST_F(GlMemory, UpstreamIsOfferedAPoolOfPlainTextures)
{
    Played line(source(1) + " ! cudazerocopy name=z kernel=invert ! fakesink", false);
    const ElementPtr element = line["z"];
    bool asked = false;
    GstPad *pad = gst_element_get_static_pad(element.get(), "sink");
    const auto check = [](GstPad *, GstPadProbeInfo *info, gpointer data) {
        GstQuery *query = GST_PAD_PROBE_INFO_QUERY(info);
        if (GST_QUERY_TYPE(query) != GST_QUERY_ALLOCATION || (info->type & GST_PAD_PROBE_TYPE_PULL) == 0)
            return GST_PAD_PROBE_OK;
        *static_cast<bool *>(data) = true;
        GstBufferPool *pool = nullptr;
        EXPECT_GE(gst_query_get_n_allocation_pools(query), 1U);
        if (gst_query_get_n_allocation_pools(query) == 0)
            return GST_PAD_PROBE_OK;
        gst_query_parse_nth_allocation_pool(query, 0, &pool, nullptr, nullptr, nullptr);
        EXPECT_TRUE(GST_IS_GL_BUFFER_POOL(pool));
        GstStructure *config = gst_buffer_pool_get_config(pool);
        EXPECT_TRUE(gst_buffer_pool_config_has_option(config, GST_BUFFER_POOL_OPTION_GL_TEXTURE_TARGET_2D));
        gst_structure_free(config);
        gst_object_unref(pool);
        EXPECT_TRUE(gst_query_find_allocation_meta(query, GST_GL_SYNC_META_API_TYPE, nullptr));
        return GST_PAD_PROBE_OK;
    };
    gst_pad_add_probe(pad, static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM | GST_PAD_PROBE_TYPE_PULL),
                      check, &asked, nullptr);
    gst_object_unref(pad);
    line.run();
    EXPECT_EQ(line.errors(), "");
    EXPECT_TRUE(asked);
}

TEST_F(GlMemory, CapsThatNoTextureOfThatKindHas)
{
    const auto refused = [](const std::string &more, const char *part) {
        const CapsPtr caps = capsFrom(std::string(kGlCaps) + more);
        const auto parsed = gst::parseCaps(caps.get());
        EXPECT_FALSE(parsed);
        EXPECT_NE(parsed.status().message().find(part), std::string::npos) << parsed.status().message();
    };
    refused(",texture-target=rectangle", "texture-target=rectangle cannot be written; expected 2D");
    refused(",interlace-mode=interleaved", "interlaced GLMemory");
    const CapsPtr plain = capsFrom(std::string(kGlCaps) + ",texture-target=2D");
    EXPECT_TRUE(gst::parseCaps(plain.get()));
}

} // namespace
} // namespace zc::test
