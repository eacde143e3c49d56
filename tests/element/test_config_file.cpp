// SPDX-License-Identifier: MIT
// Settings from a key file: what it sets, when it is read, which of two settings wins, and every refusal in words.
#include "rig.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace zc::test {
namespace {

constexpr auto kTrouble = static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);

constexpr const char *kWhole = R"(# Faces of two cameras
[property]
device = cpu
gpu-id = 0
zero-copy = required
on-shared=error
regions-from=property+nvds-meta
nvds-classes = 1:0,2
region-grow=12.5
unique-id=15

[kernel]
name=adjust
brightness=0.25
hue = -0.5

[region-10]
left=1
top=2
width=3
height=4

[region-2]
x=-5
y=-6
width=70
height=80
)";

// A folder of its own, with one file in it.
class ConfigFile : public testing::Test {
protected:
    ConfigFile()
    {
        const std::string pattern = testing::TempDir() + "zc-config-XXXXXX";
        std::vector<char> name(pattern.begin(), pattern.end());
        name.push_back('\0');
        EXPECT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name.data();
        file_ = folder_ + "/faces.conf";
    }
    ~ConfigFile() override
    {
        unlink(file_.c_str());
        rmdir(folder_.c_str());
    }

    const std::string &write(const std::string &text)
    {
        std::ofstream(file_, std::ios::binary) << text;
        return file_;
    }

    // What the element says when it is stopped, given this file, and started; "" if it starts.
    std::string refusal(const std::string &path)
    {
        const Alone alone;
        set(alone.get(), "config-file", path);
        const bool started = gst_element_set_state(alone.get(), GST_STATE_PAUSED) != GST_STATE_CHANGE_FAILURE;
        const auto errors = textsOf(alone.bus.get(), GST_MESSAGE_ERROR);
        EXPECT_EQ(errors.size(), started ? 0U : 1U) << lines(errors);
        return lines(errors);
    }

    std::string folder_, file_;
};

TEST_F(ConfigFile, SetsEverythingThatItNames)
{
    const Alone alone;
    set(alone.get(), "config-file", write(kWhole));
    const std::pair<const char *, const char *> expected[] = {
        {"device", "cpu"},
        {"gpu-id", "0"},
        {"cuda-device-id", "0"},
        {"zero-copy", "required"},
        {"on-shared", "error"},
        {"regions-from", "property+nvds-meta"},
        {"nvds-classes", "1:0,2"},
        {"region-grow", "12.5"},
        {"unique-id", "15"},
        {"kernel", "adjust"},
        {"params", "brightness=0.25,contrast=1,saturation=1,hue=-0.5,gamma=1,exposure=0"},
        {"region", "-5,-6,70,80;1,2,3,4"}, // by number
    };
    for (const auto &[name, value] : expected)
        EXPECT_EQ(get(alone.get(), name), value) << name;
    EXPECT_EQ(get(alone.get(), "config-file"), file_);
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
    EXPECT_EQ(lines(textsOf(alone.bus.get(), kTrouble)), "");
}

TEST_F(ConfigFile, TheChildIsThatOfItsKernel)
{
    const Alone alone;
    set(alone.get(), "config-file", write("[kernel]\nname=pixelate\nblock=24\n"));
    GObject *target = nullptr;
    GParamSpec *spec = nullptr;
    ASSERT_TRUE(gst_child_proxy_lookup(GST_CHILD_PROXY(alone.get()), "kernel::block", &target, &spec));
    gint block = 0;
    g_object_get(target, spec->name, &block, nullptr);
    g_object_unref(target);
    EXPECT_EQ(block, 24);
}

TEST_F(ConfigFile, ActsOnFrames)
{
    write("[kernel]\nname=fill\ncolor=#ff000000\n[region-0]\nx=0\ny=0\nwidth=8\nheight=1\n");
    ElementHarness harness("cudazerocopy config-file=" + file_, rawCaps("GRAY8", 8, 8));
    const Buffer out = pass(harness, filled(64, 0x10));
    EXPECT_EQ(byteOf(out, 7), 0);
    EXPECT_EQ(byteOf(out, 8), 0x10);
}

TEST_F(ConfigFile, WhatItDoesNotNameStays)
{
    const Alone alone("cudazerocopy kernel=pixelate,block=24 region=1,2,3,4 region-grow=5 unique-id=3");
    set(alone.get(), "config-file", write("[property]\nunique-id=7\n"));
    EXPECT_EQ(get(alone.get(), "params"), "block=24");
    EXPECT_EQ(get(alone.get(), "region"), "1,2,3,4");
    EXPECT_EQ(get(alone.get(), "region-grow"), "5");
    EXPECT_EQ(get(alone.get(), "unique-id"), "7");
}

TEST_F(ConfigFile, WhatIsSetLastWins)
{
    write("[property]\nregion-grow=50\n[kernel]\nname=pixelate\nblock=8\n[region-0]\nx=0\ny=0\nwidth=1\nheight=1\n");
    const std::string others = " region-grow=10 kernel=pixelate,block=24 region=1,2,3,4 ";
    const Alone before("cudazerocopy config-file=" + file_ + others),
        after("cudazerocopy" + others + "config-file=" + file_);
    EXPECT_EQ(get(before.get(), "region-grow") + " " + get(before.get(), "params") + " " + get(before.get(), "region"),
              "10 block=24 1,2,3,4");
    EXPECT_EQ(get(after.get(), "region-grow") + " " + get(after.get(), "params") + " " + get(after.get(), "region"),
              "50 block=8 0,0,1,1");
    const Alone waiting("cudazerocopy params=block=3 config-file=" + file_);
    EXPECT_EQ(get(waiting.get(), "params"), "block=8") << "parameters that waited for a kernel came before";
    const Alone later("cudazerocopy config-file=" + file_ + " params=block=3");
    EXPECT_EQ(get(later.get(), "params"), "block=3");
}

TEST_F(ConfigFile, AGoodOneMakesUpForABadSetting)
{
    const Alone alone("cudazerocopy kernel=pixellate region=what");
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    set(alone.get(), "config-file", write("[kernel]\nname=invert\n[region-0]\nx=0\ny=0\nwidth=1\nheight=1\n"));
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
}

TEST_F(ConfigFile, IsReadOnceWhenItIsSet)
{
    const Alone alone("cudazerocopy config-file=" + write("[kernel]\nname=invert\n"));
    write("broken");
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
    EXPECT_EQ(get(alone.get(), "kernel"), "invert");
}

TEST_F(ConfigFile, WhilePlayingItWaitsForTheNextStart)
{
    const Alone alone("cudazerocopy kernel=gray");
    ASSERT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
    set(alone.get(), "config-file", write("[kernel]\nname=pixelate\nblock=24\n"));
    EXPECT_EQ(get(alone.get(), "kernel"), "gray");
    EXPECT_EQ(get(alone.get(), "config-file"), file_);
    gst_element_set_state(alone.get(), GST_STATE_NULL);
    ASSERT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
    EXPECT_EQ(get(alone.get(), "kernel"), "pixelate");
    GObject *target = nullptr;
    GParamSpec *spec = nullptr;
    EXPECT_TRUE(gst_child_proxy_lookup(GST_CHILD_PROXY(alone.get()), "kernel::block", &target, &spec));
    g_clear_object(&target);
    // Once read, it is not read again.
    set(alone.get(), "kernel", "invert");
    gst_element_set_state(alone.get(), GST_STATE_NULL);
    gst_element_set_state(alone.get(), GST_STATE_PAUSED);
    EXPECT_EQ(get(alone.get(), "kernel"), "invert");
}

TEST_F(ConfigFile, ABrokenOneSetWhilePlayingFailsTheNextStart)
{
    const Alone alone("cudazerocopy kernel=gray");
    ASSERT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
    set(alone.get(), "config-file", write("[kernel]\nname=grey\n"));
    EXPECT_EQ(lines(textsOf(alone.bus.get(), kTrouble)), "");
    gst_element_set_state(alone.get(), GST_STATE_NULL);
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    EXPECT_TRUE(contains(lines(textsOf(alone.bus.get(), GST_MESSAGE_ERROR)), "did you mean gray"));
}

TEST_F(ConfigFile, IsTakenWholeOrNotAtAll)
{
    const Alone alone("cudazerocopy kernel=gray unique-id=3");
    set(alone.get(), "config-file", write("[property]\nunique-id=7\n[kernel]\nname=invert\n[region-0]\nx=1\n"));
    EXPECT_EQ(get(alone.get(), "kernel"), "gray");
    EXPECT_EQ(get(alone.get(), "unique-id"), "3");
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    set(alone.get(), "config-file", write("[property]\nunique-id=7\n"));
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
    EXPECT_EQ(get(alone.get(), "unique-id"), "7");
    gst_element_set_state(alone.get(), GST_STATE_NULL);
    set(alone.get(), "config-file", write("[x]\n"));
    set(alone.get(), "config-file", "");
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS) << "none at all is fine";
}

TEST_F(ConfigFile, WarnsInTheSetter)
{
    LogCapture log;
    const Alone alone("cudazerocopy config-file=" + write("[property]\ndevice=gpu\n"));
    EXPECT_TRUE(contains(log.take(), "key device: found \"gpu\""));
}

TEST_F(ConfigFile, ValuesOutOfRangeAreClampedAndTold)
{
    const Alone alone;
    set(alone.get(), "config-file",
        write("[property]\nregion-grow=2000\ngpu-id=-7\n[kernel]\nname=pixelate\nblock=0\n"));
    EXPECT_EQ(get(alone.get(), "region-grow"), "1000");
    EXPECT_EQ(get(alone.get(), "gpu-id"), "-1");
    EXPECT_EQ(get(alone.get(), "params"), "block=1");
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
    const std::string told = lines(textsOf(alone.bus.get(), GST_MESSAGE_WARNING));
    EXPECT_TRUE(contains(told, file_)) << told;
    for (const char *part :
         {"region-grow=2000 is out of range and was clamped to 1000", "gpu-id=-7 is out of range", "block"})
        EXPECT_TRUE(contains(told, part)) << part << " in " << told;
}

// ---- refusals

struct Refused {
    const char *name, *text;
    std::vector<const char *> parts; // of the message, beside the file's name
};

const std::vector<Refused> &refusals()
{
    static const std::vector<Refused> all = {
        {"device", "[property]\ndevice=gpu\n", {"group [property]", "key device", "found \"gpu\"", "auto, cuda, cpu"}},
        {"near value", "[property]\non-shared=pastrough\n", {"key on-shared", "did you mean passthrough?"}},
        {"near key",
         "[property]\nregion-grwo=5\n",
         {"group [property]", "key region-grwo", "did you mean region-grow"}},
        {"far key", "[property]\nfull-frame=1\n", {"key full-frame", "keys are device, "}},
        {"bad int", "[property]\ngpu-id=one\n", {"key gpu-id", "found \"one\"", "whole number from -1 to 2147483647"}},
        {"int with rest", "[property]\ngpu-id=1 # first\n", {"key gpu-id", "found \"1 # first\""}},
        {"int too big", "[property]\ngpu-id=99999999999\n", {"found \"99999999999\"", "whole number"}},
        {"bad uint", "[property]\nunique-id=-1\n", {"key unique-id", "found \"-1\"", "from 0 to 4294967295"}},
        {"bad float", "[property]\nregion-grow=5 %\n", {"key region-grow", "found \"5 %\"", "from 0 to 1000"}},
        {"comma float", "[property]\nregion-grow=1,5\n", {"found \"1,5\""}},
        {"not a number", "[property]\nregion-grow=nan\n", {"key region-grow", "not a number"}},
        {"no value", "[property]\nregion-grow=\n", {"found \"\""}},
        {"flags", "[property]\nregions-from=property+roimeta\n", {"found \"roimeta\"", "did you mean roi-meta?"}},
        {"no flags", "[property]\nregions-from=\n", {"key regions-from", "found \"\""}},
        {"classes", "[property]\nnvds-classes=car\n", {"key nvds-classes", "the component \"car\""}},
        {"kernel as a property", "[property]\nkernel=invert\n", {"key kernel", "group [kernel]", "name="}},
        {"region as a property", "[property]\nregion=1,2,3,4\n", {"key region", "[region-0]"}},
        {"near group", "[proprety]\ndevice=cpu\n", {"group [proprety]", "did you mean [property]?", "[kernel]"}},
        {"far group", "[ds-example]\nenable=1\n", {"group [ds-example]", "Groups are [property]"}},
        {"region without number", "[region]\nx=1\n", {"group [region]", "did you mean [region-0]"}},
        {"region of no number", "[region-a]\nx=1\n", {"group [region-a]"}},
        {"negative region", "[region--1]\nx=1\n", {"group [region--1]"}},
        {"far region", "[region-99999999999]\nx=1\n", {"group [region-99999999999]"}},
        {"no kernel", "[kernel]\nblock=3\n", {"group [kernel]", "no key name"}},
        {"near kernel",
         "[kernel]\nname=pixellate\n",
         {"group [kernel], key name", "\"pixellate\"", "did you mean pixelate"}},
        {"kernel with params", "[kernel]\nname=pixelate,block=3\n", {"key name", "\"pixelate,block=3\""}},
        {"near parameter", "[kernel]\nname=pixelate\nblokc=3\n", {"key blokc", "did you mean block"}},
        {"bad parameter", "[kernel]\nname=pixelate\nblock=three\n", {"key block", "\"three\""}},
        {"half a region", "[region-0]\nx=1\ny=2\nwidth=3\n", {"group [region-0]", "no key height"}},
        {"x twice", "[region-0]\nx=1\nleft=1\ny=2\nwidth=3\nheight=4\n", {"group [region-0]", "both x and left"}},
        {"bad x", "[region-0]\nx=1.5\ny=2\nwidth=3\nheight=4\n", {"key x", "found \"1.5\"", "whole number of pixels"}},
        {"negative width", "[region-0]\nx=1\ny=2\nwidth=-3\nheight=4\n", {"key width", "found \"-3\"", "not negative"}},
        {"unknown side", "[region-0]\nx=1\ny=2\nwidht=3\nheight=4\n", {"key widht", "did you mean width"}},
        {"the same region",
         "[region-1]\nx=1\ny=2\nwidth=3\nheight=4\n[region-01]\nx=1\n",
         {"group [region-01]", "second"}},
        {"group twice", "[property]\ndevice=cpu\n\n[property]\ngpu-id=0\n", {"line 4", "[property]", "second time"}},
        {"key twice", "[property]\ndevice=cpu\ndevice=auto\n", {"line 3", "\"device\"", "second time"}},
        {"no group", "device=cpu\n", {"line 1", "before any group"}},
        {"a plain line", "[property]\ndevice\n", {"line 2", "\"device\"", "key=value"}},
        {"an open group", "[property\ndevice=cpu\n", {"line 1", "\"[property\""}},
        {"no key", "[property]\n=5\n", {"line 2"}},
        {"comment behind a group", "[property] # all\n", {"line 1", "# all"}},
        {"empty", "", {"has no group"}},
        {"comments alone", "# nothing\n\n", {"has no group"}},
        {"yaml", "property:\n  device: cpu\n", {"line 1", "\"property:\""}},
        {"a translated key", "[property]\ndevice[de]=cpu\n", {"device[de]"}},
        {"a bad escape", "[property]\ndevice=c\\pu\n", {"key device"}},
        {"not utf-8", "[property]\n# caf\xe9\ndevice=cpu\n", {"line 2", "UTF-8"}},
    };
    return all;
}

TEST_F(ConfigFile, WhatIsWrongIsSaid)
{
    for (const Refused &one : refusals()) {
        const std::string error = refusal(write(one.text));
        EXPECT_TRUE(contains(error, "config-file \"" + file_ + "\"")) << one.name << ": " << error;
        for (const char *part : one.parts)
            EXPECT_TRUE(contains(error, part)) << one.name << ": no " << part << " in: " << error;
        EXPECT_TRUE(g_utf8_validate(error.c_str(), -1, nullptr)) << one.name;
    }
}

TEST_F(ConfigFile, WhatIsStrangeButGood)
{
    EXPECT_EQ(refusal(write("\xef\xbb\xbf[property]\r\ndevice=cpu\r\n")), "") << "from another system";
    EXPECT_EQ(refusal(write("  [property]  \n  device =  cpu  \n")), "");
    EXPECT_EQ(refusal(write("[property]\n# caf\xc3\xa9\n")), "");
    EXPECT_EQ(refusal(write("[property]\ndevice=cpu")), "") << "no newline at the end";
}

TEST_F(ConfigFile, WhatIsNoReadableFile)
{
    EXPECT_TRUE(contains(refusal(folder_ + "/missing.conf"), "missing.conf\": cannot be opened: "));
    EXPECT_TRUE(contains(refusal(folder_), "is a directory"));
    EXPECT_TRUE(contains(refusal("/dev/zero"), "no regular file"));
    EXPECT_TRUE(contains(refusal(std::string(5000, 'a')), "cannot be opened"));
    const std::string pipe = folder_ + "/pipe";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_TRUE(contains(refusal(pipe), "no regular file"));
    unlink(pipe.c_str());
    const std::string loop = folder_ + "/loop";
    ASSERT_EQ(symlink("loop", loop.c_str()), 0);
    EXPECT_TRUE(contains(refusal(loop), "cannot be opened"));
    unlink(loop.c_str());
}

TEST_F(ConfigFile, HugeFiles)
{
    write("[property]\n");
    ASSERT_EQ(truncate(file_.c_str(), off_t{1} << 40), 0); // holes
    EXPECT_TRUE(contains(refusal(file_), "more than 1048576 bytes"));
    EXPECT_TRUE(contains(refusal(write("[property]\n#" + std::string(1 << 20, 'x'))), "more than 1048576 bytes"));
    EXPECT_EQ(refusal(write("[property]\n#" + std::string(1 << 19, 'x'))), "");
    EXPECT_TRUE(contains(refusal(write("[property]\n" + std::string(1 << 19, 'x'))), "line 2"));
    EXPECT_TRUE(contains(refusal(write("[" + std::string(1 << 19, 'x') + "]\n")), "line 1"));
    EXPECT_TRUE(contains(refusal(write("[property]\n" + std::string(1 << 19, 'x') + "=1\n")), "line 2"));
    EXPECT_TRUE(contains(refusal(write("[property]\ndevice=" + std::string(1 << 19, 'x') + "\n")), "key device"));
    std::string many;
    for (int i = 0; i < 3000; ++i)
        many += "[region-" + std::to_string(i) + "]\nx=0\ny=0\nwidth=1\nheight=1\n";
    EXPECT_TRUE(contains(refusal(write(many)), "more than"));
    many.resize(many.find("[region-1024]"));
    EXPECT_EQ(refusal(write(many)), "");
    write(std::string("[property]\n\0device=cpu\n", 23));
    EXPECT_TRUE(contains(refusal(file_), "UTF-8"));
}

TEST_F(ConfigFile, RandomDamageNeverCrashes)
{
    std::mt19937 random(7);
    const Alone alone;
    const std::string whole = kWhole;
    for (int turn = 0; turn < 400; ++turn) {
        std::string text = whole;
        for (unsigned hit = 0; hit <= random() % 8; ++hit) {
            const std::size_t at = random() % text.size();
            switch (random() % 4) {
            case 0:
                text[at] = static_cast<char>(random());
                break;
            case 1:
                text.erase(at, random() % 20);
                break;
            case 2:
                text.insert(at, whole.substr(random() % whole.size(), random() % 40));
                break;
            default:
                text.resize(at + 1);
            }
        }
        set(alone.get(), "config-file", write(text));
        if (turn % 20 == 0) {
            gst_element_set_state(alone.get(), GST_STATE_PAUSED);
            gst_element_set_state(alone.get(), GST_STATE_NULL);
        }
    }
    set(alone.get(), "config-file", write(kWhole));
    EXPECT_EQ(get(alone.get(), "unique-id"), "15");
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
}

TEST(UniqueId, IsToldInStats)
{
    const Alone alone("cudazerocopy unique-id=15");
    GstStructure *stats = nullptr;
    g_object_get(alone.get(), "stats", &stats, nullptr);
    guint id = 0;
    EXPECT_TRUE(gst_structure_get_uint(stats, "unique-id", &id));
    EXPECT_EQ(id, 15U);
    gst_structure_free(stats);
}

} // namespace
} // namespace zc::test
