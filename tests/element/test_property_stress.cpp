// SPDX-License-Identifier: MIT
// Every property set again and again by other threads while frames run.
#include "element_harness.hpp"
#include "repeater.hpp"

#include <gtest/gtest.h>

namespace zc::test {
namespace {

constexpr const char *kCaps = "video/x-raw,format=I420,width=64,height=48,framerate=30/1";
constexpr unsigned kFrames = 150;

// What a property may be set to while playing, in turn.
struct Property {
    const char *name;
    std::vector<std::string> values;
};

std::vector<Property> properties()
{
    return {
        {"kernel", {"invert", "pixelate,block=8", "flip", "box-blur,radius=3", "adjust,gamma=2", "identity"}},
        {"params", {"", "block=4", "radius=2", "brightness=0.2", "nonsense=1", "=,="}},
        {"zero-copy", {"preferred", "required"}},
        {"on-shared", {"copy", "error", "passthrough", "write"}},
        {"region", {"", "0,0,16,16", "8,8,100,100;2,2,4,4", "-5,-5,10,10", "9000,0,1,1", "what"}},
        {"regions-from", {"property", "roi-meta", "property+roi-meta", "property+nvds-meta"}},
        {"unique-id", {"0", "15"}},
        {"config-file", {"/nowhere/at/all", ""}},
        {"nvds-classes", {"", "1:0,2", "1;2;3:4", "what"}},
        {"region-grow", {"0", "50", "1000"}},
        {"cuda-device-id", {"-1", "0", "7"}},
        {"gpu-id", {"-1", "3"}},
        {"device", {"auto", "cpu"}},
        {"qos", {"true", "false"}},
        {"kernel::block", {"1", "2", "64"}},
    };
}

void setOne(GstElement *element, const Property &property, std::size_t turn)
{
    const std::string &text = property.values[turn % property.values.size()];
    const std::string name = property.name;
    if (name.rfind("kernel::", 0) != 0) {
        gst_util_set_object_arg(G_OBJECT(element), property.name, text.c_str());
        return;
    }
    GObject *target = nullptr;
    GParamSpec *spec = nullptr;
    if (gst_child_proxy_lookup(GST_CHILD_PROXY(element), property.name, &target, &spec)) {
        gst_util_set_object_arg(target, spec->name, text.c_str());
        g_object_unref(target);
    }
}

// Sets these properties, each to its next value, for ever.
std::function<void()> setAll(GstElement *element, std::vector<Property> all)
{
    return [element, all = std::move(all), turn = std::size_t{0}]() mutable {
        for (const Property &property : all)
            setOne(element, property, turn);
        ++turn;
    };
}

class Stress : public testing::TestWithParam<std::size_t> {
protected:
    // At least so many frames, and until the other thread has had its say.
    unsigned stream(ElementHarness &h, unsigned frames, const Repeater &setter)
    {
        const GstVideoInfo info = infoOf(kCaps);
        unsigned i = 0;
        for (; !HasFatalFailure() && (i < frames || !setter.busy()); ++i)
            pushOne(h, info, i);
        return i;
    }

    void pushOne(ElementHarness &h, const GstVideoInfo &info, unsigned i)
    {
        const Store store = i % 2 == 0 ? Store::System : Store::Memfd;
        ASSERT_EQ(h.push(makeBuffer(info, {.name = "", .store = store}, i)), GST_FLOW_OK);
        const Buffer out = h.pull();
        ASSERT_NE(out, nullptr);
        ASSERT_EQ(gst_buffer_get_size(out.get()), info.size);
    }
};

TEST_P(Stress, OneProperty)
{
    Property property = properties()[GetParam()];
    ElementHarness h("cudazerocopy kernel=\"pixelate,block=8\"", kCaps);
    Repeater setter(setAll(h.element(), {property}));
    const unsigned frames = stream(h, kFrames, setter);
    setter.stop();
    EXPECT_EQ(h.stat("frames"), frames);
    EXPECT_EQ(h.stat("frames"), h.stat("in-place") + h.stat("copied") + h.stat("passed-through"));
    EXPECT_EQ(h.stat("copied"), 0U);
    EXPECT_TRUE(h.posted(GST_MESSAGE_ERROR).empty());
}

INSTANTIATE_TEST_SUITE_P(Every, Stress, testing::Range<std::size_t>(0, properties().size()),
                         [](const testing::TestParamInfo<std::size_t> &one) {
                             std::string name = properties()[one.param].name;
                             for (char &c : name)
                                 c = c == '-' || c == ':' ? '_' : c;
                             return name;
                         });

TEST_F(Stress, AllPropertiesFromTwoThreads)
{
    ElementHarness h("cudazerocopy", kCaps);
    Repeater one(setAll(h.element(), properties()));
    Repeater two(setAll(h.element(), {properties()[0], properties()[11], properties()[1]}));
    stream(h, 2 * kFrames, one);
    one.stop();
    two.stop();
    EXPECT_EQ(h.stat("frames"), h.stat("in-place") + h.stat("copied") + h.stat("passed-through"));
}

TEST(StressGet, EveryPropertyReadWhileFramesRun)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    Repeater setter([&h] { g_object_set(h.element(), "region-grow", 10.0, nullptr); });
    const GstVideoInfo info = infoOf(kCaps);
    unsigned frames = 0;
    for (; frames < kFrames || !setter.busy(); ++frames) {
        ASSERT_EQ(h.push(makeBuffer(info, {"system"}, frames)), GST_FLOW_OK);
        h.pull();
        guint count = 0;
        GParamSpec **specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(h.element()), &count);
        for (guint p = 0; p < count; ++p) {
            GValue value = G_VALUE_INIT;
            g_value_init(&value, specs[p]->value_type);
            g_object_get_property(G_OBJECT(h.element()), specs[p]->name, &value);
            g_value_unset(&value);
        }
        g_free(specs);
    }
    setter.stop();
    EXPECT_EQ(h.stat("in-place"), frames);
}

// A frame sees one set of values: kernel and parameters never of different settings.
TEST(Consistency, KernelAndParametersChangeTogether)
{
    ElementHarness h("cudazerocopy kernel=\"fill,color=#ff000000\"", kCaps);
    const Property property{"kernel", {"fill,color=#ff000000", "fill,color=#ffffffff", "invert"}};
    const GstVideoInfo info = infoOf(kCaps);
    const Buffer sample = makeBuffer(info, {"system"}, 1);
    std::vector<Bytes> allowed;
    for (const std::string &value : property.values)
        allowed.push_back(expected(value, info, nullptr, bytesOf(sample.get())));
    Repeater setter(setAll(h.element(), {property}));
    for (unsigned i = 0; i < kFrames || !setter.busy(); ++i) {
        ASSERT_EQ(h.push(makeBuffer(info, {"system"}, 1)), GST_FLOW_OK);
        const Bytes out = bytesOf(h.pull().get());
        bool known = false;
        for (const Bytes &wanted : allowed)
            known = known || out == wanted;
        EXPECT_TRUE(known) << "frame " << i << " is a mixture";
    }
    setter.stop();
}

} // namespace
} // namespace zc::test
