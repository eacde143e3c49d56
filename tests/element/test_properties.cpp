// SPDX-License-Identifier: MIT
// Each property: what it is at first, what it takes, what it refuses and in which words, stopped and playing.
#include "rig.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <random>

namespace zc::test {
namespace {

constexpr auto kTrouble = static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);

struct Fact {
    const char *name, *initial;
    GParamFlags mutability;
    bool controllable;
    std::vector<std::pair<const char *, const char *>> sets; // text set -> text read back
};

const std::vector<Fact> &facts()
{
    constexpr auto kPlaying = static_cast<GParamFlags>(GST_PARAM_MUTABLE_PLAYING);
    constexpr auto kReady = static_cast<GParamFlags>(GST_PARAM_MUTABLE_READY);
    static const std::vector<Fact> all = {
        {"kernel", "identity", kPlaying, false, {{"invert", "invert"}, {"pixelate,block=24", "pixelate"}}},
        {"params", "", kPlaying, false, {}},
        {"device", "auto", kReady, false, {{"cpu", "cpu"}, {"cuda", "cuda"}, {"auto", "auto"}}},
        {"cuda-device-id", "-1", kReady, false, {{"3", "3"}, {"-1", "-1"}}},
        {"gpu-id", "-1", kReady, false, {{"2", "2"}, {"-1", "-1"}}},
        {"zero-copy", "preferred", kPlaying, false, {{"required", "required"}, {"preferred", "preferred"}}},
        {"on-shared",
         "copy",
         kPlaying,
         false,
         {{"error", "error"}, {"passthrough", "passthrough"}, {"write", "write"}, {"copy", "copy"}}},
        {"region",
         "",
         kPlaying,
         false,
         {{"100,80,320,240", "100,80,320,240"},
          {" 1 , 2 , 3 , 4 ; -5,-6,7,8 ", "1,2,3,4;-5,-6,7,8"},
          {"0,0,0,0", "0,0,0,0"},
          {"", ""}}},
        {"regions-from",
         "property",
         kPlaying,
         false,
         {{"roi-meta", "roi-meta"},
          {"property+roi-meta", "property+roi-meta"},
          {"nvds-meta", "nvds-meta"},
          {"property", "property"}}},
        {"nvds-classes", "", kPlaying, false, {{" 1 : 0 , 2 ; 3 ", "1:0,2;3"}, {"1:0;1:2", "1:0,2"}, {"", ""}}},
        {"unique-id", "0", kPlaying, false, {{"15", "15"}, {"4294967295", "4294967295"}, {"0", "0"}}},
        {"config-file", "", kReady, false, {{"", ""}}},
        {"region-grow", "0", kPlaying, true, {{"12.5", "12.5"}, {"1000", "1000"}, {"0", "0"}}},
    };
    return all;
}

TEST(Properties, AreDeclaredAndDocumented)
{
    const Alone alone;
    guint count = 0;
    GParamSpec **specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(alone.get()), &count);
    guint own = 0;
    for (guint i = 0; i < count; i++) {
        if (g_strcmp0(g_type_name(specs[i]->owner_type), "GstCudaZeroCopy") != 0)
            continue;
        own++;
        EXPECT_GT(std::strlen(g_param_spec_get_blurb(specs[i])), 10U) << specs[i]->name;
        EXPECT_STRNE(g_param_spec_get_nick(specs[i]), specs[i]->name) << "a nick of its own";
        EXPECT_TRUE((specs[i]->flags & G_PARAM_READABLE) != 0) << specs[i]->name;
    }
    g_free(specs);
    EXPECT_EQ(own, facts().size() + 1) << "those below and stats";
    for (const Fact &fact : facts()) {
        GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(alone.get()), fact.name);
        ASSERT_NE(spec, nullptr) << fact.name;
        EXPECT_NE(spec->flags & fact.mutability, 0) << fact.name;
        EXPECT_EQ((spec->flags & GST_PARAM_CONTROLLABLE) != 0, fact.controllable) << fact.name;
        EXPECT_EQ(get(alone.get(), fact.name), fact.initial) << fact.name;
    }
    GParamSpec *stats = g_object_class_find_property(G_OBJECT_GET_CLASS(alone.get()), "stats");
    ASSERT_NE(stats, nullptr);
    EXPECT_EQ(stats->flags & G_PARAM_WRITABLE, 0);
}

TEST(Properties, ReadBackWhatWasSet)
{
    const Alone alone;
    for (const Fact &fact : facts()) {
        for (const auto &[text, back] : fact.sets) {
            set(alone.get(), fact.name, text);
            EXPECT_EQ(get(alone.get(), fact.name), back) << fact.name << "=" << text;
        }
    }
    EXPECT_EQ(lines(textsOf(alone.bus.get(), GST_MESSAGE_WARNING)), "");
}

TEST(Properties, LiveOnesMayChangeWhilePlaying)
{
    ElementHarness harness("cudazerocopy", rawCaps("GRAY8", 8, 8));
    for (const Fact &fact : facts()) {
        if (fact.mutability != static_cast<GParamFlags>(GST_PARAM_MUTABLE_PLAYING))
            continue;
        for (const auto &[text, back] : fact.sets) {
            set(harness.element(), fact.name, text);
            EXPECT_EQ(get(harness.element(), fact.name), back) << fact.name << "=" << text;
            EXPECT_NE(pass(harness, filled(64, 0x10)), nullptr) << fact.name << "=" << text;
        }
    }
    EXPECT_EQ(lines(textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR)), "");
}

TEST(Properties, AChangeShowsOnTheNextFrame)
{
    ElementHarness harness("cudazerocopy kernel=fill,color=#ff000000", rawCaps("GRAY8", 8, 8));
    EXPECT_TRUE(allBytesAre(pass(harness, filled(64, 0x10)), 0));
    set(harness.element(), "params", "color=#ffffff");
    EXPECT_TRUE(allBytesAre(pass(harness, filled(64, 0x10)), 0xff));
    set(harness.element(), "kernel", "invert");
    EXPECT_TRUE(allBytesAre(pass(harness, filled(64, 0x10)), 0xef));
    set(harness.element(), "region", "0,0,8,1");
    const Buffer out = pass(harness, filled(64, 0x10));
    EXPECT_EQ(byteOf(out, 7), 0xef);
    EXPECT_EQ(byteOf(out, 8), 0x10);
}

TEST(Properties, GpuIdIsTheSameAsCudaDeviceId)
{
    const Alone alone;
    set(alone.get(), "gpu-id", "2");
    EXPECT_EQ(get(alone.get(), "cuda-device-id"), "2");
    set(alone.get(), "cuda-device-id", "5");
    EXPECT_EQ(get(alone.get(), "gpu-id"), "5");
}

// ---- kernel and params

TEST(KernelText, NameAndParametersInOne)
{
    const Alone alone("cudazerocopy kernel=pixelate,block=24");
    EXPECT_EQ(get(alone.get(), "kernel"), "pixelate");
    EXPECT_EQ(get(alone.get(), "params"), "block=24");
}

TEST(KernelText, ParamsReadBackEveryValue)
{
    const Alone alone("cudazerocopy kernel=adjust params=\"brightness=0.1,saturation=0.3\"");
    EXPECT_EQ(get(alone.get(), "params"), "brightness=0.1,contrast=1,saturation=0.3,hue=0,gamma=1,exposure=0");
    set(alone.get(), "params", "hue=-0.5");
    EXPECT_EQ(get(alone.get(), "params"), "brightness=0.1,contrast=1,saturation=0.3,hue=-0.5,gamma=1,exposure=0");
    set(alone.get(), "kernel", "adjust");
    EXPECT_EQ(get(alone.get(), "params"), "brightness=0,contrast=1,saturation=1,hue=0,gamma=1,exposure=0")
        << "setting the kernel resets its parameters";
}

TEST(KernelText, OrderOfKernelAndParamsDoesNotMatter)
{
    for (const char *text :
         {"cudazerocopy kernel=pixelate params=block=24", "cudazerocopy params=block=24 kernel=pixelate",
          "cudazerocopy params=block=24 kernel=pixelate,block=3"}) {
        const Alone alone(text);
        EXPECT_EQ(get(alone.get(), "params"), "block=24") << text;
        EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS) << text;
        EXPECT_EQ(lines(textsOf(alone.bus.get(), kTrouble)), "") << text;
    }
}

// Params of a kernel that is yet to come: those not named again keep their values, as once it is there.
TEST(KernelText, ParamsBeforeTheKernelAddUp)
{
    const Alone alone;
    set(alone.get(), "params", "brightness=0.1,hue=0.5");
    set(alone.get(), "params", "saturation=0.3,hue=0.25");
    set(alone.get(), "kernel", "adjust");
    EXPECT_EQ(get(alone.get(), "params"), "brightness=0.1,contrast=1,saturation=0.3,hue=0.25,gamma=1,exposure=0");
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
}

TEST(KernelText, ParamsThatAreNoneAreAnErrorWhateverTheKernel)
{
    const Alone alone;
    set(alone.get(), "params", "brightness=0.1");
    set(alone.get(), "params", "brightness");
    set(alone.get(), "kernel", "adjust");
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    EXPECT_TRUE(contains(lines(textsOf(alone.bus.get(), GST_MESSAGE_ERROR)), "name=value"));
    set(alone.get(), "params", "saturation=0.3");
    EXPECT_TRUE(contains(get(alone.get(), "params"), "brightness=0.1,contrast=1,saturation=0.3"));
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
}

TEST(KernelText, ParamsThatWaitForAKernelAreBounded)
{
    const Alone alone;
    for (int i = 0; i < 300; i++)
        set(alone.get(), "params", "name" + std::to_string(i) + "=1");
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    EXPECT_TRUE(contains(lines(textsOf(alone.bus.get(), GST_MESSAGE_ERROR)), "more than 256 parameters"));
}

struct Refusal {
    const char *property, *text;
    std::vector<const char *> says; // the setter's warning
};

const std::string kEndless(100000, 'x');

// A message that is not UTF-8 may not travel on the bus, and nobody reads one of pages.
void expectReadable(const std::string &message)
{
    EXPECT_TRUE(g_utf8_validate(message.c_str(), -1, nullptr)) << message;
    EXPECT_LT(message.size(), 500U) << message;
}

const std::vector<Refusal> &refusals()
{
    static const std::vector<Refusal> all = {
        {"kernel", "pixelat", {"\"pixelat\"", "pixelate"}},
        {"kernel", "Invert!", {"invert"}},
        {"kernel", "", {"identity", "adjust", "pixelate", "fill", "flip", "box-blur", "gray", "invert"}},
        {"kernel", "zzzzzzzzzz", {"identity", "adjust", "pixelate"}},
        {"kernel", "\xff\xfe\n.", {"\"???.\"", "identity"}},
        {"kernel", kEndless.c_str(), {"xxx...\"", "identity"}},
        {"kernel", "pixelate,blok=24", {"\"blok\"", "block"}},
        {"kernel", "pixelate,block=nan", {"block", "1", "1024"}},
        {"params", "\xff=1", {"name=value"}},
        {"params", kEndless.c_str(), {"xxx...\"", "name=value"}},
        {"params", "brightnes=0.5", {"\"brightnes\"", "brightness"}},
        {"params", "nonsense=1", {"brightness, contrast, saturation, hue, gamma, exposure"}},
        {"params", "brightness=nan", {"brightness", "-1 to 1"}},
        {"params", "brightness=bright", {"\"bright\"", "not a number", "-1 to 1"}},
        {"params", "brightness=0,5", {"name=value"}},
        {"params", "brightness", {"name=value"}},
        {"params", "hue=0.5,brightness=much", {"\"much\"", "-1 to 1"}},
        {"region", "\xff\xfe", {"\"??\""}},
        {"region", kEndless.c_str(), {"xxx...\"", "x,y,width,height"}},
        {"region", "1,2,3", {"four numbers", "x,y,width,height"}},
        {"region", "1,2,3,4,5", {"four numbers", "x,y,width,height"}},
        {"region", "a,b,c,d", {"whole number", "x,y,width,height"}},
        {"region", "0,0,-5,5", {"negative size"}},
        {"region", "0,0,99999999999999999999,5", {"32 bits"}},
    };
    return all;
}

// Set as an application does: a pipeline's text must be UTF-8 to be passed on.
TEST(Refusals, KeepTheLastGoodValueAndNameTheNearest)
{
    for (const Refusal &refusal : refusals()) {
        ElementHarness harness("cudazerocopy kernel=adjust,hue=0.25 region=1,2,3,4", rawCaps("GRAY8", 8, 8));
        const std::string params = get(harness.element(), "params");
        g_object_set(harness.element(), refusal.property, refusal.text, nullptr);
        const auto warnings = textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_WARNING);
        ASSERT_EQ(warnings.size(), 1U) << refusal.property << "=" << refusal.text;
        expectReadable(warnings[0]);
        for (const char *part : refusal.says)
            EXPECT_TRUE(contains(warnings[0], part)) << refusal.text << ": " << warnings[0] << " lacks " << part;
        EXPECT_EQ(get(harness.element(), "kernel"), "adjust") << refusal.text;
        EXPECT_EQ(get(harness.element(), "params"), params) << refusal.text << ": refused as a whole";
        EXPECT_EQ(get(harness.element(), "region"), "1,2,3,4") << refusal.text;
        EXPECT_NE(pass(harness, filled(64, 1)), nullptr) << "goes on playing after " << refusal.text;
    }
}

TEST(Refusals, AreAnErrorAtStart)
{
    for (const Refusal &refusal : refusals()) {
        const Alone alone("cudazerocopy kernel=adjust");
        g_object_set(alone.get(), refusal.property, refusal.text, nullptr);
        textsOf(alone.bus.get(), GST_MESSAGE_WARNING);
        EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE) << refusal.text;
        const auto errors = textsOf(alone.bus.get(), GST_MESSAGE_ERROR);
        ASSERT_EQ(errors.size(), 1U) << refusal.text;
        expectReadable(errors[0]);
        for (const char *part : refusal.says)
            EXPECT_TRUE(contains(errors[0], part)) << refusal.text << ": " << errors[0] << " lacks " << part;
    }
}

TEST(Refusals, AreForgottenOnceSomethingGoodIsSet)
{
    const Alone alone;
    for (const auto &[name, good] : {std::pair{"kernel", "adjust"}, {"params", "hue=0.5"}, {"region", "0,0,4,4"}}) {
        set(alone.get(), name, "?!");
        set(alone.get(), name, good);
    }
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS)
        << lines(textsOf(alone.bus.get(), GST_MESSAGE_ERROR));
}

TEST(Refusals, AtStartListEveryKernel)
{
    const Alone alone("cudazerocopy kernel=nosuchthing");
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    const std::string errors = lines(textsOf(alone.bus.get(), GST_MESSAGE_ERROR));
    for (const char *kernel : {"identity", "invert", "adjust", "gray", "pixelate", "fill", "flip", "box-blur"})
        EXPECT_TRUE(contains(errors, kernel)) << kernel << ": " << errors;
}

TEST(Refusals, OfAChildsNumberAreAnErrorAtStart)
{
    const Alone alone("cudazerocopy kernel=adjust");
    gst_child_proxy_set(GST_CHILD_PROXY(alone.get()), "kernel::brightness", std::nan(""), nullptr);
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    const auto errors = textsOf(alone.bus.get(), GST_MESSAGE_ERROR);
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_TRUE(contains(errors[0], "brightness")) << errors[0];
    gst_child_proxy_set(GST_CHILD_PROXY(alone.get()), "kernel::brightness", 0.5, nullptr);
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
}

TEST(Refusals, AGrowthThatIsNoNumberIsAnErrorAtStart)
{
    const Alone alone;
    g_object_set(alone.get(), "region-grow", std::nan(""), nullptr);
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    EXPECT_TRUE(contains(lines(textsOf(alone.bus.get(), GST_MESSAGE_ERROR)), "region-grow is not a number"));
    g_object_set(alone.get(), "region-grow", 5.0, nullptr);
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
}

// ---- junk

std::string junk(std::mt19937 &random)
{
    static const char *const kWords[] = {"pixelate",   "adjust",
                                         "fill",       "flip",
                                         "box-blur",   "block",
                                         "brightness", "color",
                                         "method",     "=",
                                         ",",          ";",
                                         "\"",         "\\",
                                         "#ff",        "0x",
                                         "nan",        "-inf",
                                         "1e999",      "-0",
                                         "(float)",    "99999999999999999999",
                                         "\n",         "%s%n",
                                         " ",          "rotate-180",
                                         "radius",     "-1",
                                         "0,0,4,4",    "true",
                                         "\xff\xfe",   "\xc3",
                                         "identity",   "0.5"};
    std::string text;
    const unsigned pieces = random() % 12;
    for (unsigned i = 0; i < pieces; i++) {
        if (random() % 3 != 0)
            text += kWords[random() % std::size(kWords)];
        else
            text += static_cast<char>(random() % 255 + 1);
    }
    if (random() % 200 == 0)
        text += std::string(random() % 20000, static_cast<char>(random() % 255 + 1));
    return text;
}

// Logged UTF-8 is GLib's business: what is set here need not be text at all.
TEST(Junk, InAnyTextLeavesTheElementWorking)
{
    ElementHarness harness("cudazerocopy", rawCaps("NV12", 16, 16));
    for (const unsigned seed : {1U, 2U, 3U}) {
        std::mt19937 random(seed);
        for (int i = 0; i < 2000; i++) {
            const char *property = std::array{"kernel", "params", "region"}[random() % 3];
            const std::string text = junk(random);
            g_object_set(harness.element(), property, text.c_str(), nullptr);
            ASSERT_NE(get(harness.element(), "kernel"), "");
            if (i % 50 == 0) {
                ASSERT_NE(pass(harness, filled(384, 0x55)), nullptr) << "seed " << seed << ", text " << i;
                harness.posted(GST_MESSAGE_WARNING);
            }
        }
    }
    EXPECT_EQ(lines(textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR)), "");
    set(harness.element(), "kernel", "fill,color=#ffffff");
    set(harness.element(), "region", "");
    EXPECT_EQ(byteOf(pass(harness, filled(384, 0x55)), 0), 235) << "limited-range white";
}

// They are read at start, and half of them would be obeyed.
TEST(Properties, OfTheDeviceAreRefusedWhileRunning)
{
    struct Change {
        const char *property, *now, *wanted;
    };
    ElementHarness h("cudazerocopy kernel=invert device=cpu", rawCaps("GRAY8", 16, 8));
    const auto warnings = [&h] { return textsOf(GST_ELEMENT_BUS(h.element()), GST_MESSAGE_WARNING); };
    for (const auto [property, now, wanted] :
         {Change{"device", "cpu", "cuda"}, Change{"cuda-device-id", "-1", "3"}, Change{"gpu-id", "-1", "3"}}) {
        set(h.element(), property, now); // no change
        EXPECT_EQ(lines(warnings()), "");
        set(h.element(), property, wanted);
        EXPECT_EQ(get(h.element(), property), now);
        const auto told = warnings();
        ASSERT_EQ(told.size(), 1U) << property;
        EXPECT_TRUE(contains(told[0], std::string(property) + " cannot change") && contains(told[0], "READY"))
            << told[0];
    }
    ASSERT_NE(pass(h, filled(128, 1)), nullptr);
    gst_element_set_state(h.element(), GST_STATE_READY);
    set(h.element(), "device", "auto");
    set(h.element(), "gpu-id", "3");
    EXPECT_EQ(get(h.element(), "device") + get(h.element(), "cuda-device-id"), "auto3");
}

TEST(Junk, InParseLaunchIsAnErrorAndNoCrash)
{
    for (const unsigned seed : {11U, 12U}) {
        std::mt19937 random(seed);
        for (int i = 0; i < 300; i++) {
            const char *property =
                std::array{"kernel",    "params",       "region",      "device",
                           "on-shared", "regions-from", "region-grow", "kernel::block"}[random() % 8];
            const std::string text = std::string("cudazerocopy ") + property + "=" + junk(random);
            GError *error = nullptr;
            GstElement *element = gst_parse_launch(text.c_str(), &error);
            EXPECT_TRUE(element != nullptr || error != nullptr) << text;
            g_clear_error(&error);
            if (element != nullptr)
                gst_object_unref(gst_object_ref_sink(element));
        }
    }
}

TEST(Junk, NullIsEmptyText)
{
    const Alone alone("cudazerocopy kernel=invert region=0,0,4,4");
    g_object_set(alone.get(), "region", nullptr, "params", nullptr, nullptr);
    EXPECT_EQ(get(alone.get(), "region"), "");
    g_object_set(alone.get(), "kernel", nullptr, nullptr);
    EXPECT_EQ(get(alone.get(), "kernel"), "invert");
}

} // namespace
} // namespace zc::test
