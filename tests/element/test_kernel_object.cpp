// SPDX-License-Identifier: MIT
// The child object "kernel": GstChildProxy, typed properties, GstController; and the element's own controllable number.
#include "rig.hpp"

#include <gst/controller/gstdirectcontrolbinding.h>
#include <gst/controller/gstinterpolationcontrolsource.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <thread>

namespace zc::test {
namespace {

using ObjectPtr = std::unique_ptr<GObject, ReleaseObject>;

ObjectPtr childOf(GstElement *element)
{
    return ObjectPtr(gst_child_proxy_get_child_by_name(GST_CHILD_PROXY(element), "kernel"));
}

double numberOf(GstElement *element, const char *property)
{
    GValue value = G_VALUE_INIT;
    gst_child_proxy_get_property(GST_CHILD_PROXY(element), property, &value);
    GValue number = G_VALUE_INIT;
    g_value_init(&number, G_TYPE_DOUBLE);
    EXPECT_TRUE(g_value_transform(&value, &number)) << property;
    return g_value_get_double(&number);
}

TEST(ChildProxy, HasOneChildFromTheBeginning)
{
    const Alone alone;
    ASSERT_TRUE(GST_IS_CHILD_PROXY(alone.get()));
    GstChildProxy *proxy = GST_CHILD_PROXY(alone.get());
    EXPECT_EQ(gst_child_proxy_get_children_count(proxy), 1U);
    const ObjectPtr byName = childOf(alone.get());
    const ObjectPtr byIndex(gst_child_proxy_get_child_by_index(proxy, 0));
    ASSERT_NE(byName, nullptr);
    EXPECT_EQ(byName, byIndex);
    EXPECT_EQ(gst_child_proxy_get_child_by_index(proxy, 1), nullptr);
    EXPECT_EQ(gst_child_proxy_get_child_by_index(proxy, G_MAXUINT), nullptr);
    EXPECT_EQ(gst_child_proxy_get_child_by_name(proxy, "nothing"), nullptr);
    EXPECT_EQ(get(byName.get(), "name"), "kernel");
}

struct Signals {
    std::vector<std::string> seen;
    static void added(GstChildProxy *, GObject *child, const gchar *name, gpointer self)
    {
        static_cast<Signals *>(self)->seen.push_back(std::string("+") + name + " " + G_OBJECT_TYPE_NAME(child));
    }
    static void removed(GstChildProxy *, GObject *child, const gchar *name, gpointer self)
    {
        static_cast<Signals *>(self)->seen.push_back(std::string("-") + name + " " + G_OBJECT_TYPE_NAME(child));
    }
};

TEST(ChildProxy, TellsWhenTheKernelChanges)
{
    const Alone alone("cudazerocopy kernel=pixelate");
    const ObjectPtr before = childOf(alone.get());
    Signals signals;
    g_signal_connect(alone.get(), "child-added", G_CALLBACK(Signals::added), &signals);
    g_signal_connect(alone.get(), "child-removed", G_CALLBACK(Signals::removed), &signals);
    set(alone.get(), "kernel", "box-blur");
    ASSERT_EQ(signals.seen.size(), 2U);
    EXPECT_TRUE(contains(signals.seen[0], "-kernel") && contains(signals.seen[0], "Pixelate")) << signals.seen[0];
    EXPECT_TRUE(contains(signals.seen[1], "+kernel") && contains(signals.seen[1], "BoxBlur")) << signals.seen[1];
    const ObjectPtr after = childOf(alone.get());
    EXPECT_NE(before, after);
    EXPECT_NE(g_object_class_find_property(G_OBJECT_GET_CLASS(after.get()), "radius"), nullptr);

    set(alone.get(), "kernel", "box-blur,radius=3");
    set(alone.get(), "kernel", "no-such-kernel");
    EXPECT_EQ(signals.seen.size(), 2U) << "the same kernel again, and a refused one, change no child";
}

TEST(ChildProxy, AnOldChildSpeaksOfNothing)
{
    LogCapture log;
    const Alone alone("cudazerocopy kernel=pixelate");
    const ObjectPtr old = childOf(alone.get());
    set(alone.get(), "kernel", "box-blur");
    g_object_set(old.get(), "block", 99, nullptr);
    EXPECT_TRUE(contains(log.take(), "\"box-blur\" is"));
    EXPECT_EQ(get(alone.get(), "params"), "radius=5");
    EXPECT_EQ(get(old.get(), "block"), "16") << "its default";
}

TEST(ChildProxy, ReachesEveryParameterOfEveryKernel)
{
    const struct {
        const char *kernel, *property, *text, *params;
    } cases[] = {
        {"adjust", "brightness", "0.5", "brightness=0.5,contrast=1,saturation=1,hue=0,gamma=1,exposure=0"},
        {"adjust", "exposure", "-2", "brightness=0,contrast=1,saturation=1,hue=0,gamma=1,exposure=-2"},
        {"pixelate", "block", "24", "block=24"},
        {"fill", "color", "4278190335", "color=#ff0000ff"},
        {"flip", "method", "rotate-180", "method=rotate-180"},
        {"box-blur", "radius", "9", "radius=9"},
    };
    for (const auto &test : cases) {
        const Alone alone(std::string("cudazerocopy kernel=") + test.kernel);
        const ObjectPtr child = childOf(alone.get());
        GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(child.get()), test.property);
        ASSERT_NE(spec, nullptr) << test.property;
        EXPECT_NE(spec->flags & GST_PARAM_CONTROLLABLE, 0) << test.property;
        EXPECT_NE(spec->flags & GST_PARAM_MUTABLE_PLAYING, 0) << test.property;
        EXPECT_NE(g_param_spec_get_blurb(spec), nullptr);
        set(child.get(), test.property, test.text);
        EXPECT_EQ(get(child.get(), test.property), test.text);
        EXPECT_EQ(get(alone.get(), "params"), test.params);
    }
}

TEST(ChildProxy, NumbersOutOfRangeAreClampedWithAWarning)
{
    LogCapture log;
    const Alone alone("cudazerocopy kernel=pixelate");
    const ObjectPtr child = childOf(alone.get());
    g_object_set(child.get(), "block", 5000, nullptr);
    EXPECT_EQ(get(alone.get(), "params"), "block=1024");
    std::string said = log.take();
    EXPECT_TRUE(contains(said, "block=5000") && contains(said, "1 to 1024")) << said;
    set(alone.get(), "kernel", "adjust,gamma=2");
    const ObjectPtr adjust = childOf(alone.get());
    g_object_set(adjust.get(), "gamma", std::nan(""), nullptr);
    said = log.take();
    EXPECT_TRUE(contains(said, "gamma") && contains(said, "0.01 to 10")) << said;
    EXPECT_EQ(numberOf(alone.get(), "kernel::gamma"), 2) << "not a number is refused";
    g_object_set(adjust.get(), "brightness", HUGE_VAL, nullptr);
    EXPECT_EQ(numberOf(alone.get(), "kernel::brightness"), 1);
}

// ---- parse-launch

TEST(ParseLaunch, KernelAndChildPropertyInBothOrders)
{
    for (const char *text :
         {"cudazerocopy kernel=pixelate kernel::block=24", "cudazerocopy kernel::block=24 kernel=pixelate"}) {
        LogCapture log;
        GError *error = nullptr;
        GstElement *element = gst_parse_launch(text, &error);
        ASSERT_NE(element, nullptr) << text << (error != nullptr ? error->message : "");
        const ElementPtr owner(GST_ELEMENT(gst_object_ref_sink(element)));
        EXPECT_EQ(error, nullptr) << text << ": " << (error != nullptr ? error->message : "");
        g_clear_error(&error);
        EXPECT_EQ(get(element, "params"), "block=24") << text;
    }
}

TEST(ParseLaunch, ControlsTheKernelInAPipeline)
{
    GError *error = nullptr;
    GstElement *bin = gst_parse_launch("identity ! cudazerocopy name=z kernel=adjust kernel::brightness=0.25 "
                                       "kernel::hue=-0.5 ! identity",
                                       &error);
    ASSERT_NE(bin, nullptr);
    EXPECT_EQ(error, nullptr) << (error != nullptr ? error->message : "");
    g_clear_error(&error);
    const ElementPtr owner(GST_ELEMENT(gst_object_ref_sink(bin)));
    const ElementPtr element(gst_bin_get_by_name(GST_BIN(bin), "z"));
    EXPECT_EQ(get(element.get(), "params"), "brightness=0.25,contrast=1,saturation=1,hue=-0.5,gamma=1,exposure=0");
}

TEST(ParseLaunch, AnUnknownChildPropertyIsNoCrash)
{
    GError *error = nullptr;
    GstElement *element = gst_parse_launch("cudazerocopy kernel=pixelate kernel::blok=24 nothing::block=3", &error);
    ASSERT_TRUE(element != nullptr || error != nullptr);
    g_clear_error(&error);
    if (element != nullptr) {
        EXPECT_EQ(get(element, "params"), "block=16");
        gst_object_unref(gst_object_ref_sink(element));
    }
}

// ---- controllers

// From (0 s, low) to (1 s, high) of a property's range, where 0 is its lower end and 1 its upper one.
void control(GstObject *object, const char *property, double low, double high)
{
    GstControlSource *source = gst_interpolation_control_source_new();
    g_object_set(source, "mode", GST_INTERPOLATION_MODE_LINEAR, nullptr);
    auto *times = GST_TIMED_VALUE_CONTROL_SOURCE(source);
    EXPECT_TRUE(gst_timed_value_control_source_set(times, 0, low));
    EXPECT_TRUE(gst_timed_value_control_source_set(times, GST_SECOND, high));
    EXPECT_TRUE(gst_object_add_control_binding(object, gst_direct_control_binding_new(object, property, source)));
    gst_object_unref(source);
}

TEST(Controller, DrivesAParameterByStreamTime)
{
    ElementHarness harness("cudazerocopy kernel=adjust", rawCaps("GRAY8", 8, 8));
    const ObjectPtr child = childOf(harness.element());
    control(GST_OBJECT(child.get()), "brightness", 0.0, 1.0);
    const struct {
        GstClockTime time;
        double brightness;
        int grey; // 100 + brightness * 255 * 255/219 in full range, clamped
    } frames[] = {{0, -1, 0}, {GST_SECOND / 2, 0, 100}, {GST_SECOND * 3 / 4, 0.5, 248}, {GST_SECOND, 1, 255}};
    for (const auto &frame : frames) {
        const Buffer out = pass(harness, filled(64, 100, frame.time));
        EXPECT_NEAR(numberOf(harness.element(), "kernel::brightness"), frame.brightness, 1e-9);
        EXPECT_NEAR(byteOf(out, 9), frame.grey, 1) << frame.time;
    }
}

TEST(Controller, WorksThroughAPassthroughFrame)
{
    ElementHarness harness("cudazerocopy kernel=pixelate,block=1", rawCaps("GRAY8", 8, 8));
    const ObjectPtr child = childOf(harness.element());
    control(GST_OBJECT(child.get()), "block", 0.0, 1.0);
    pass(harness, filled(64, 100, 0));
    EXPECT_EQ(numberOf(harness.element(), "kernel::block"), 1);
    EXPECT_EQ(harness.stat("passed-through"), 1U);
    pass(harness, filled(64, 100, GST_SECOND));
    EXPECT_EQ(numberOf(harness.element(), "kernel::block"), 1024);
    EXPECT_EQ(harness.stat("in-place"), 1U);
}

TEST(Controller, DrivesTheElementsOwnNumber)
{
    ElementHarness harness("cudazerocopy kernel=invert region=4,4,2,2", rawCaps("GRAY8", 16, 16));
    control(GST_OBJECT(harness.element()), "region-grow", 0.0, 0.2);
    const Buffer narrow = pass(harness, filled(256, 0x10, 0));
    EXPECT_EQ(byteOf(narrow, 4 * 16 + 4), 0xef);
    EXPECT_EQ(byteOf(narrow, 2 * 16 + 2), 0x10);
    const Buffer wide = pass(harness, filled(256, 0x10, GST_SECOND));
    EXPECT_EQ(get(harness.element(), "region-grow"), "200");
    EXPECT_EQ(byteOf(wide, 2 * 16 + 2), 0xef) << "2x2 grown by 200 % is 6x6 around the same middle";
    EXPECT_EQ(byteOf(wide, 7 * 16 + 7), 0xef);
    EXPECT_EQ(byteOf(wide, 1 * 16 + 2), 0x10);
    EXPECT_EQ(byteOf(wide, 8 * 16 + 7), 0x10);
}

TEST(Controller, NeedsATimestamp)
{
    ElementHarness harness("cudazerocopy kernel=adjust,brightness=0.5", rawCaps("GRAY8", 8, 8));
    const ObjectPtr child = childOf(harness.element());
    control(GST_OBJECT(child.get()), "brightness", 0.0, 0.0);
    pass(harness, filled(64, 100));
    EXPECT_EQ(numberOf(harness.element(), "kernel::brightness"), 0.5) << "no time, no value";
}

TEST(Controller, SurvivesASwitchOfTheKernel)
{
    ElementHarness harness("cudazerocopy kernel=adjust", rawCaps("GRAY8", 8, 8));
    const ObjectPtr child = childOf(harness.element());
    control(GST_OBJECT(child.get()), "brightness", 0.0, 1.0);
    pass(harness, filled(64, 100, 0));
    set(harness.element(), "kernel", "invert");
    EXPECT_EQ(byteOf(pass(harness, filled(64, 100, GST_SECOND)), 0), 155);
}

// ---- threads

TEST(Threads, KernelsSwitchWhileFramesAndChildrenAreUsed)
{
    ElementHarness harness("cudazerocopy", rawCaps("GRAY8", 8, 8));
    std::atomic<bool> done = false;
    std::atomic<int> switches = 0;
    std::thread switcher([&] {
        for (; !done; ++switches)
            g_object_set(harness.element(), "kernel", switches % 2 != 0 ? "pixelate,block=4" : "box-blur,radius=1",
                         nullptr);
    });
    std::thread toucher([&] {
        while (!done) {
            const ObjectPtr child = childOf(harness.element());
            for (const char *name : {"block", "radius"}) {
                if (g_object_class_find_property(G_OBJECT_GET_CLASS(child.get()), name) != nullptr)
                    g_object_set(child.get(), name, 2, nullptr);
            }
            std::this_thread::yield();
        }
    });
    // As many frames as it takes: a switch must meet some of them, whichever thread the machine runs first.
    guint64 frames = 0;
    for (; frames < 100 || switches < 300; frames++)
        EXPECT_TRUE(allBytesAre(pass(harness, filled(64, 50)), 50)) << "a flat picture stays flat";
    done = true;
    switcher.join();
    toucher.join();
    g_object_set(harness.element(), "kernel", "pixelate,block=4", nullptr);
    EXPECT_EQ(get(harness.element(), "kernel"), "pixelate");
    const ObjectPtr child = childOf(harness.element());
    EXPECT_NE(g_object_class_find_property(G_OBJECT_GET_CLASS(child.get()), "block"), nullptr);
    EXPECT_EQ(harness.stat("frames"), frames);
}

} // namespace
} // namespace zc::test
