// SPDX-License-Identifier: MIT
// Numbers out of range, in text and in properties: taken to the end of their range, and told.
#include "rig.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace zc::test {
namespace {

constexpr auto kTrouble = static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);

TEST(Clamping, ParamsAreTakenToTheEndOfTheirRangeWithAWarning)
{
    const struct {
        const char *text, *back;
        std::vector<const char *> says;
    } cases[] = {
        {"brightness=7", "brightness=1,", {"brightness=7", "-1 to 1"}},
        {"brightness=-1e300", "brightness=-1,", {"-1 to 1"}},
        {"gamma=0", "gamma=0.01,", {"gamma=0 ", "0.01 to 10"}},
        {"brightness=1e999", "brightness=1,", {"brightness=inf ", "-1 to 1"}},
        {"brightness=-inf", "brightness=-1,", {"brightness=-inf ", "-1 to 1"}},
    };
    for (const auto &test : cases) {
        const Alone alone("cudazerocopy kernel=adjust");
        set(alone.get(), "params", test.text);
        EXPECT_TRUE(contains(get(alone.get(), "params") + ",", test.back)) << get(alone.get(), "params");
        EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS) << "not an error";
        const std::string warnings = lines(textsOf(alone.bus.get(), GST_MESSAGE_WARNING));
        for (const char *part : test.says)
            EXPECT_TRUE(contains(warnings, part)) << test.text << ": " << warnings;
    }
}

// A number beyond the range is one rule, whichever way it is set; one that rounds into the range is no surprise.
TEST(Clamping, OfTextAndOfAChildAgreesAtTheEndsOfNumbers)
{
    const struct {
        const char *text;
        double number, kept;
        bool told;
    } cases[] = {
        {"hue=1e999", HUGE_VAL, 1, true},
        {"hue=-1e999", -HUGE_VAL, -1, true},
        {"hue=1e-400", 0, 0, false},
    };
    for (const auto &test : cases) {
        const Alone text("cudazerocopy kernel=adjust"), child("cudazerocopy kernel=adjust");
        set(text.get(), "params", test.text);
        gst_child_proxy_set(GST_CHILD_PROXY(child.get()), "kernel::hue", test.number, nullptr);
        for (const Alone *alone : {&text, &child}) {
            double kept = -7;
            gst_child_proxy_get(GST_CHILD_PROXY(alone->get()), "kernel::hue", &kept, nullptr);
            EXPECT_EQ(kept, test.kept) << test.text;
            EXPECT_EQ(gst_element_set_state(alone->get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS) << test.text;
            const std::string warnings = lines(textsOf(alone->bus.get(), GST_MESSAGE_WARNING));
            EXPECT_EQ(contains(warnings, "-1 to 1"), test.told) << test.text << ": " << warnings;
        }
    }
}

// The setters of a pasted pipeline run before the element has a bus.
TEST(Clamping, IsToldOnTheBusAtStart)
{
    const struct {
        const char *launch;
        const char *child; // a property of the kernel to set, if any
        double value;
        const char *says;
    } cases[] = {
        {"cudazerocopy kernel=adjust params=brightness=5", nullptr, 0, "brightness=5"},
        {"cudazerocopy region-grow=5000", nullptr, 0, "region-grow=5000"},
        {"cudazerocopy cuda-device-id=-7", nullptr, 0, "cuda-device-id=-7"},
        {"cudazerocopy kernel=pixelate", "kernel::block", 99999, "block=99999"},
    };
    for (const auto &test : cases) {
        const Alone alone(test.launch);
        if (test.child != nullptr)
            gst_child_proxy_set(GST_CHILD_PROXY(alone.get()), test.child, static_cast<int>(test.value), nullptr);
        for (const gsize expected : {1U, 0U}) {
            EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
            const auto warnings = textsOf(alone.bus.get(), GST_MESSAGE_WARNING);
            ASSERT_EQ(warnings.size(), expected) << test.says << ": " << lines(warnings);
            EXPECT_TRUE(expected == 0 || contains(warnings[0], test.says)) << warnings[0];
            gst_element_set_state(alone.get(), GST_STATE_READY);
        }
    }
}

// Whatever start() says of the rest: it is the first to be heard.
TEST(Clamping, IsToldOnTheBusByAStartThatFails)
{
    const Alone alone("cudazerocopy kernel=adjust params=brightness=5 region=1,2,3");
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    const auto warnings = popMessages(alone.bus.get(), kTrouble);
    ASSERT_EQ(warnings.size(), 2U);
    EXPECT_EQ(warnings[0].type, GST_MESSAGE_WARNING);
    EXPECT_TRUE(contains(warnings[0].text, "brightness=5")) << warnings[0].text;
    EXPECT_EQ(warnings[1].type, GST_MESSAGE_ERROR);
    EXPECT_TRUE(contains(warnings[1].text, "region")) << warnings[1].text;
    set(alone.get(), "region", "");
    EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
    EXPECT_EQ(popMessages(alone.bus.get(), kTrouble).size(), 0U) << "told already";
}

// As gst-launch-1.0 sets it: from text, which may mean more than a 32-bit word holds.
TEST(Clamping, OfAColourIsTold)
{
    const struct {
        const char *given;
        gint64 kept;
    } cases[] = {{"99999999999", 0xffffffff}, {"-5", 0}};
    for (const auto &test : cases) {
        const Alone alone("cudazerocopy kernel=fill");
        GObject *kernel = gst_child_proxy_get_child_by_name(GST_CHILD_PROXY(alone.get()), "kernel");
        gst_util_set_object_arg(kernel, "color", test.given);
        gint64 kept = -1;
        g_object_get(kernel, "color", &kept, nullptr);
        g_object_unref(kernel);
        EXPECT_EQ(kept, test.kept) << test.given;
        EXPECT_EQ(gst_element_set_state(alone.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
        const auto warnings = textsOf(alone.bus.get(), GST_MESSAGE_WARNING);
        ASSERT_EQ(warnings.size(), 1U) << lines(warnings);
        EXPECT_TRUE(contains(warnings[0], std::string("color=") + test.given)) << warnings[0];
        EXPECT_TRUE(contains(warnings[0], "0 to 4294967295")) << warnings[0];
    }
}

TEST(Clamping, OfAChildIsToldWhilePlaying)
{
    ElementHarness harness("cudazerocopy kernel=adjust", rawCaps("GRAY8", 8, 8));
    gst_child_proxy_set(GST_CHILD_PROXY(harness.element()), "kernel::brightness", 9.0, "kernel::gamma", std::nan(""),
                        nullptr);
    const auto warnings = textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_WARNING);
    ASSERT_EQ(warnings.size(), 2U) << lines(warnings);
    EXPECT_TRUE(contains(warnings[0], "brightness=9")) << warnings[0];
    EXPECT_TRUE(contains(warnings[1], "gamma")) << warnings[1];
}

TEST(Clamping, PropertiesOfTheElement)
{
    LogCapture log;
    const Alone alone;
    g_object_set(alone.get(), "region-grow", 5000.0, nullptr);
    EXPECT_EQ(get(alone.get(), "region-grow"), "1000");
    const std::string grow = log.take();
    EXPECT_TRUE(contains(grow, "region-grow") && contains(grow, "0 to 1000")) << grow;
    g_object_set(alone.get(), "region-grow", std::nan(""), nullptr);
    EXPECT_EQ(get(alone.get(), "region-grow"), "1000") << "not a number is refused";
    EXPECT_TRUE(contains(log.take() + lines(textsOf(alone.bus.get(), GST_MESSAGE_WARNING)), "not a number"));
    g_object_set(alone.get(), "cuda-device-id", -7, nullptr);
    EXPECT_EQ(get(alone.get(), "cuda-device-id"), "-1");
    const std::string id = log.take();
    EXPECT_TRUE(contains(id, "cuda-device-id") && contains(id, "-1 to")) << id;
}

// Somebody who only asks whether a value would do leaves no trace in the setter that comes next.
TEST(Clamping, OfAValueThatWasOnlyValidatedIsNotTold)
{
    const Alone alone;
    GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(alone.get()), "region-grow");
    GValue value = G_VALUE_INIT;
    g_value_init(&value, G_TYPE_DOUBLE);
    g_value_set_double(&value, 5000);
    EXPECT_TRUE(g_param_value_validate(spec, &value));
    EXPECT_EQ(g_value_get_double(&value), 1000);
    LogCapture log;
    g_object_set(alone.get(), "region-grow", 12.5, nullptr);
    EXPECT_EQ(get(alone.get(), "region-grow"), "12.5");
    EXPECT_EQ(log.take(), "");
}

// As docs/kernels.md says. A wider type would clamp the text, and break all who pass an int to g_object_set().
TEST(Clamping, OfWholeNumbersBeyond32BitsIsForParamsAlone)
{
    const Alone alone("cudazerocopy kernel=pixelate params=block=99999999999");
    EXPECT_EQ(get(alone.get(), "params"), "block=1024");
    GObject *kernel = gst_child_proxy_get_child_by_name(GST_CHILD_PROXY(alone.get()), "kernel");
    g_object_set(kernel, "block", 24, nullptr);
    EXPECT_EQ(get(kernel, "block"), "24");
    g_object_unref(kernel);
    GError *error = nullptr;
    GstElement *none = gst_parse_launch_full("cudazerocopy kernel=pixelate kernel::block=99999999999", nullptr,
                                             GST_PARSE_FLAG_FATAL_ERRORS, &error);
    EXPECT_EQ(none, nullptr);
    ASSERT_NE(error, nullptr);
    EXPECT_TRUE(contains(error->message, "block") && contains(error->message, "99999999999")) << error->message;
    g_clear_error(&error);
}

} // namespace
} // namespace zc::test
