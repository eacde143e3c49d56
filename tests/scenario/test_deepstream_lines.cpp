// SPDX-License-Identifier: MIT
// Every launch line of docs/deepstream.md is parsed and linked, and its configuration file is read. Elements of
// NVIDIA's that are not installed here are replaced by stand-ins with the documented pads and properties; the output
// names them.
#include "rig.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include <unistd.h>

namespace zc::test {
namespace {

// ---- stand-ins

struct StandInPad {
    GstPadDirection direction;
    const char *name, *caps; // with "%" in its name: on request
};
struct StandInProperty {
    enum class Kind { Bool, Int, Uint, String, IoMode, MemoryType };
    const char *name;
    Kind kind;
};
using Kind = StandInProperty::Kind;

struct StandIn {
    const char *name;
    std::vector<StandInPad> pads;
    std::vector<StandInProperty> properties;
};

constexpr const char *kNvmm = "video/x-raw(memory:NVMM)";
constexpr const char *kNvmmOrRaw = "video/x-raw(memory:NVMM); video/x-raw";
constexpr const char *kEncoderInput = "video/x-raw(memory:NVMM), format={I420, NV12, P010_10LE, NV24}";
constexpr const char *kH264 = "video/x-h264, stream-format=byte-stream, alignment=au";

// Pads and properties that the documented lines use, as NVIDIA's sources and manuals have them.
const std::vector<StandIn> &standIns()
{
    static const std::vector<StandIn> all = {
        {"nvv4l2decoder",
         {{GST_PAD_SINK, "sink", kH264}, {GST_PAD_SRC, "src", kNvmm}},
         {{"gpu-id", Kind::Uint}, {"num-extra-surfaces", Kind::Uint}}},
        {"nvv4l2h264enc",
         {{GST_PAD_SINK, "sink", kEncoderInput}, {GST_PAD_SRC, "src", kH264}},
         {{"bitrate", Kind::Uint}, {"output-io-mode", Kind::IoMode}}},
        {"nvvideoconvert",
         {{GST_PAD_SINK, "sink", kNvmmOrRaw}, {GST_PAD_SRC, "src", kNvmmOrRaw}},
         {{"disable-passthrough", Kind::Bool}, {"gpu-id", Kind::Uint}, {"nvbuf-memory-type", Kind::MemoryType}}},
        {"nvvidconv",
         {{GST_PAD_SINK, "sink", kNvmmOrRaw}, {GST_PAD_SRC, "src", kNvmmOrRaw}},
         {{"bl-output", Kind::Bool}}},
        {"nvstreammux",
         {{GST_PAD_SINK, "sink_%u", kNvmmOrRaw}, {GST_PAD_SRC, "src", kNvmm}},
         {{"batch-size", Kind::Uint},
          {"width", Kind::Uint},
          {"height", Kind::Uint},
          {"batched-push-timeout", Kind::Int},
          {"gpu-id", Kind::Uint}}},
        {"nvstreamdemux", {{GST_PAD_SINK, "sink", kNvmm}, {GST_PAD_SRC, "src_%u", kNvmm}}, {}},
        {"nvinfer",
         {{GST_PAD_SINK, "sink", kNvmm}, {GST_PAD_SRC, "src", kNvmm}},
         {{"config-file-path", Kind::String}, {"unique-id", Kind::Uint}}},
        {"nvtracker",
         {{GST_PAD_SINK, "sink", kNvmm}, {GST_PAD_SRC, "src", kNvmm}},
         {{"ll-lib-file", Kind::String}, {"ll-config-file", Kind::String}}},
        {"nvmultistreamtiler",
         {{GST_PAD_SINK, "sink", kNvmm}, {GST_PAD_SRC, "src", kNvmm}},
         {{"rows", Kind::Uint}, {"columns", Kind::Uint}, {"width", Kind::Uint}, {"height", Kind::Uint}}},
        {"nvarguscamerasrc", {{GST_PAD_SRC, "src", kNvmm}}, {{"sensor-id", Kind::Int}}},
        {"nveglglessink", {{GST_PAD_SINK, "sink", kNvmmOrRaw}}, {}},
        {"nv3dsink", {{GST_PAD_SINK, "sink", kNvmmOrRaw}}, {}},
    };
    return all;
}

GType enumOf(Kind kind)
{
    static const GEnumValue ioModes[] = {{0, "auto", "auto"},     {1, "rw", "rw"},
                                         {2, "mmap", "mmap"},     {3, "userptr", "userptr"},
                                         {4, "dmabuf", "dmabuf"}, {5, "dmabuf-import", "dmabuf-import"},
                                         {0, nullptr, nullptr}};
    static const GEnumValue memoryTypes[] = {{0, "default", "nvbuf-mem-default"},
                                             {1, "pinned", "nvbuf-mem-cuda-pinned"},
                                             {2, "device", "nvbuf-mem-cuda-device"},
                                             {3, "unified", "nvbuf-mem-cuda-unified"},
                                             {0, nullptr, nullptr}};
    static const GType ioMode = g_enum_register_static("ZcStandInIoMode", ioModes);
    static const GType memoryType = g_enum_register_static("ZcStandInMemoryType", memoryTypes);
    return kind == Kind::IoMode ? ioMode : memoryType;
}

GParamSpec *specOf(const StandInProperty &property)
{
    const char *name = property.name;
    switch (property.kind) {
    case Kind::Bool:
        return g_param_spec_boolean(name, name, name, FALSE, G_PARAM_READWRITE);
    case Kind::Int:
        return g_param_spec_int(name, name, name, G_MININT, G_MAXINT, 0, G_PARAM_READWRITE);
    case Kind::Uint:
        return g_param_spec_uint(name, name, name, 0, G_MAXUINT, 0, G_PARAM_READWRITE);
    case Kind::String:
        return g_param_spec_string(name, name, name, "", G_PARAM_READWRITE);
    case Kind::IoMode:
    case Kind::MemoryType:
        break;
    }
    return g_param_spec_enum(name, name, name, enumOf(property.kind), 0, G_PARAM_READWRITE);
}

void ignoreProperty(GObject *, guint, const GValue *, GParamSpec *) {}
void tellNothing(GObject *, guint, GValue *, GParamSpec *) {}

GstPad *addPad(GstElement *element, GstPadTemplate *made, const gchar *name, const GstCaps *)
{
    GstPad *pad = gst_pad_new_from_template(made, name);
    gst_element_add_pad(element, pad);
    return pad;
}

void initClass(gpointer klass, gpointer data)
{
    const auto &what = *static_cast<const StandIn *>(data);
    auto *element = GST_ELEMENT_CLASS(klass);
    gst_element_class_set_static_metadata(element, what.name, "Test", "Has the pads and properties", "tests");
    element->request_new_pad = addPad;
    for (const StandInPad &pad : what.pads) {
        const CapsPtr caps = capsFrom(pad.caps);
        const GstPadPresence presence =
            std::string(pad.name).find('%') == std::string::npos ? GST_PAD_ALWAYS : GST_PAD_REQUEST;
        gst_element_class_add_pad_template(element,
                                           gst_pad_template_new(pad.name, pad.direction, presence, caps.get()));
    }
    G_OBJECT_CLASS(klass)->set_property = ignoreProperty;
    G_OBJECT_CLASS(klass)->get_property = tellNothing;
    guint id = 0;
    for (const StandInProperty &property : what.properties)
        g_object_class_install_property(G_OBJECT_CLASS(klass), ++id, specOf(property));
}

void initInstance(GTypeInstance *instance, gpointer klass)
{
    for (GList *at = gst_element_class_get_pad_template_list(GST_ELEMENT_CLASS(klass)); at != nullptr; at = at->next) {
        auto *made = static_cast<GstPadTemplate *>(at->data);
        if (made->presence == GST_PAD_ALWAYS)
            addPad(GST_ELEMENT(instance), made, made->name_template, nullptr);
    }
}

// For each element that is not installed. Once a process.
void registerStandIns()
{
    for (const StandIn &what : standIns()) {
        if (GstElementFactory *real = gst_element_factory_find(what.name); real != nullptr) {
            gst_object_unref(real);
            continue;
        }
        std::printf("  instead of %s: a stand-in that has its pads and properties\n", what.name);
        GTypeInfo info = {};
        info.class_size = sizeof(GstElementClass);
        info.class_init = initClass;
        info.class_data = &what;
        info.instance_size = sizeof(GstElement);
        info.instance_init = initInstance;
        const std::string type = std::string("ZcStandIn_") + what.name;
        gst_element_register(nullptr, what.name, GST_RANK_NONE,
                             g_type_register_static(GST_TYPE_ELEMENT, type.c_str(), &info, static_cast<GTypeFlags>(0)));
    }
}

// ---- the document

std::string documentText()
{
    std::ifstream file(ZC_SOURCE_ROOT "/docs/deepstream.md");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

// What is indented by four blanks, a block a string, as it is pasted.
std::vector<std::string> blocks()
{
    std::vector<std::string> found;
    std::istringstream text(documentText());
    bool inside = false;
    for (std::string line; std::getline(text, line);) {
        const bool code = line.rfind("    ", 0) == 0;
        if (code && !inside)
            found.emplace_back();
        if (code)
            found.back() += line.substr(4) + "\n";
        // An empty line belongs to a file, and ends commands.
        else if (inside && line.empty() && found.back().rfind("gst-launch", 0) != 0)
            found.back() += "\n";
        inside = code || (inside && line.empty() && found.back().rfind("gst-launch", 0) != 0);
    }
    return found;
}

std::vector<std::string> launchLines()
{
    std::vector<std::string> found;
    for (const std::string &block : blocks()) {
        std::istringstream text(block);
        bool continued = false;
        for (std::string line; std::getline(text, line);) {
            if (!continued && line.rfind("gst-launch-1.0 ", 0) != 0)
                break;
            if (!continued)
                found.emplace_back();
            continued = !line.empty() && line.back() == '\\';
            found.back() += (continued ? line.substr(0, line.size() - 1) : line) + " ";
        }
    }
    return found;
}

std::string configuration()
{
    for (const std::string &block : blocks()) {
        if (block.rfind("[property]", 0) == 0)
            return block;
    }
    return {};
}

class DeepStreamLines : public testing::Test {
protected:
    static void SetUpTestSuite() { registerStandIns(); }
    void SetUp() override
    {
        folder_ = testing::TempDir() + "zc-deepstream-XXXXXX";
        ASSERT_NE(mkdtemp(folder_.data()), nullptr);
        ASSERT_EQ(chdir(folder_.c_str()), 0);
        std::ofstream("faces.conf") << configuration();
    }
    void TearDown() override
    {
        unlink("faces.conf");
        ASSERT_EQ(chdir("/"), 0);
        rmdir(folder_.c_str());
    }

    std::string folder_;
};

// As a shell and gst-launch take it.
ElementPtr parsed(const std::string &line)
{
    gint count = 0;
    gchar **words = nullptr;
    GError *error = nullptr;
    if (!g_shell_parse_argv(line.c_str(), &count, &words, &error)) {
        ADD_FAILURE() << line << ": " << error->message;
        g_clear_error(&error);
        return nullptr;
    }
    gint first = 1;
    while (first < count && words[first][0] == '-')
        ++first;
    GstElement *pipeline =
        gst_parse_launchv_full(const_cast<const gchar **>(words + first), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
    if (error != nullptr)
        ADD_FAILURE() << line << ": " << error->message;
    g_clear_error(&error);
    g_strfreev(words);
    return ElementPtr(pipeline != nullptr ? GST_ELEMENT(gst_object_ref_sink(pipeline)) : nullptr);
}

// What lies beyond a pad of the element, a capsfilter looked through; "" if nothing.
std::string neighbour(GstElement *element, const char *padName)
{
    GstPad *pad = gst_element_get_static_pad(element, padName);
    GstPad *peer = gst_pad_get_peer(pad);
    gst_object_unref(pad);
    if (peer == nullptr)
        return {};
    GstElement *owner = gst_pad_get_parent_element(peer);
    gst_object_unref(peer);
    std::string name = GST_OBJECT_NAME(gst_element_get_factory(owner));
    if (name == "capsfilter")
        name = neighbour(owner, padName);
    gst_object_unref(owner);
    return name;
}

TEST_F(DeepStreamLines, ParseAndLink)
{
    const auto all = launchLines();
    EXPECT_GE(all.size(), 8U);
    for (const std::string &line : all) {
        const ElementPtr pipeline = parsed(line);
        ASSERT_NE(pipeline, nullptr) << line;
        GstIterator *elements = gst_bin_iterate_all_by_element_factory_name(GST_BIN(pipeline.get()), "cudazerocopy");
        GValue item = G_VALUE_INIT;
        int ours = 0;
        for (; gst_iterator_next(elements, &item) == GST_ITERATOR_OK; g_value_reset(&item), ++ours) {
            auto *element = GST_ELEMENT(g_value_get_object(&item));
            EXPECT_EQ(neighbour(element, "sink").rfind("nv", 0), 0U) << neighbour(element, "sink") << " in " << line;
            EXPECT_NE(neighbour(element, "src"), "") << line;
            EXPECT_NE(get(element, "kernel"), "identity") << line;
        }
        g_value_unset(&item);
        gst_iterator_free(elements);
        EXPECT_EQ(ours, 1) << line;
    }
}

TEST_F(DeepStreamLines, AWrongPropertyOfAStandInIsSeen)
{
    GError *error = nullptr;
    GstElement *pipeline = gst_parse_launch_full("nvarguscamerasrc ! nvvidconv bl-outptu=false ! fakesink", nullptr,
                                                 GST_PARSE_FLAG_FATAL_ERRORS, &error);
    EXPECT_EQ(pipeline, nullptr);
    EXPECT_TRUE(g_error_matches(error, GST_PARSE_ERROR, GST_PARSE_ERROR_NO_SUCH_PROPERTY));
    g_clear_error(&error);
}

TEST_F(DeepStreamLines, TheConfigurationIsTaken)
{
    const Alone alone("cudazerocopy config-file=faces.conf");
    EXPECT_EQ(get(alone.get(), "params"), "block=24");
    EXPECT_EQ(get(alone.get(), "region"), "1600,20,300,80");
    EXPECT_EQ(get(alone.get(), "regions-from"), "property+nvds-meta");
    EXPECT_EQ(get(alone.get(), "unique-id"), "15");
    const Alone less("cudazerocopy config-file=faces.conf region-grow=0");
    EXPECT_EQ(get(less.get(), "region-grow"), "0");
    EXPECT_EQ(gst_element_set_state(less.get(), GST_STATE_READY), GST_STATE_CHANGE_SUCCESS);
    EXPECT_EQ(lines(textsOf(less.bus.get(), GST_MESSAGE_ERROR)), "");
}

// Every property that the document names is one.
TEST_F(DeepStreamLines, ThePropertiesExist)
{
    const Alone alone;
    for (const char *name : {"device", "cuda-device-id", "gpu-id", "zero-copy", "on-shared", "regions-from",
                             "region-grow", "nvds-classes", "unique-id", "config-file"}) {
        EXPECT_TRUE(contains(documentText(), "`" + std::string(name))) << name;
        EXPECT_NE(g_object_class_find_property(G_OBJECT_GET_CLASS(alone.get()), name), nullptr) << name;
    }
}

} // namespace
} // namespace zc::test
