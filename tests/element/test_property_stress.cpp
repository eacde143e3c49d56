// SPDX-License-Identifier: MIT
// Every property set again and again by other threads while frames run.
#include "element_harness.hpp"

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
        {"regions-from", {"property", "roi-meta", "property+roi-meta"}},
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

struct Setter {
    GstElement *element;
    std::vector<Property> properties;
    gint stop = 0;
    gint turns = 0;

    bool busy() const { return g_atomic_int_get(&turns) >= 20; }

    static gpointer run(gpointer data)
    {
        auto *self = static_cast<Setter *>(data);
        while (g_atomic_int_get(&self->stop) == 0) {
            for (const Property &property : self->properties)
                setOne(self->element, property, static_cast<std::size_t>(self->turns));
            g_atomic_int_inc(&self->turns);
            g_thread_yield();
        }
        return nullptr;
    }
};

class Stress : public testing::TestWithParam<std::size_t> {
protected:
    // At least so many frames, and until the other thread has had its say.
    unsigned stream(ElementHarness &h, unsigned frames, const Setter &setter)
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
    Setter setter{h.element(), {property}};
    GThread *thread = g_thread_new("setter", Setter::run, &setter);
    const unsigned frames = stream(h, kFrames, setter);
    g_atomic_int_set(&setter.stop, 1);
    g_thread_join(thread);
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
    Setter one{h.element(), properties()};
    Setter two{h.element(), {properties()[0], properties()[11], properties()[1]}};
    GThread *first = g_thread_new("one", Setter::run, &one);
    GThread *second = g_thread_new("two", Setter::run, &two);
    stream(h, 2 * kFrames, one);
    for (Setter *setter : {&one, &two})
        g_atomic_int_set(&setter->stop, 1);
    g_thread_join(first);
    g_thread_join(second);
    EXPECT_EQ(h.stat("frames"), h.stat("in-place") + h.stat("copied") + h.stat("passed-through"));
}

TEST(StressGet, EveryPropertyReadWhileFramesRun)
{
    ElementHarness h("cudazerocopy kernel=invert", kCaps);
    GstHarnessThread *threads[] = {
        gst_harness_stress_property_start(h.get(), "region-grow",
                                          [] {
                                              static GValue value = G_VALUE_INIT;
                                              g_value_init(&value, G_TYPE_DOUBLE);
                                              g_value_set_double(&value, 10.0);
                                              return &value;
                                          }()),
    };
    const GstVideoInfo info = infoOf(kCaps);
    for (unsigned i = 0; i < kFrames; ++i) {
        ASSERT_EQ(h.push(makeBuffer(info, {"system"}, i)), GST_FLOW_OK);
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
    for (GstHarnessThread *thread : threads)
        EXPECT_GT(gst_harness_stress_thread_stop(thread), 0U);
    EXPECT_EQ(h.stat("in-place"), kFrames);
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
    Setter setter{h.element(), {property}};
    GThread *thread = g_thread_new("setter", Setter::run, &setter);
    for (unsigned i = 0; i < kFrames; ++i) {
        ASSERT_EQ(h.push(makeBuffer(info, {"system"}, 1)), GST_FLOW_OK);
        const Bytes out = bytesOf(h.pull().get());
        bool known = false;
        for (const Bytes &wanted : allowed)
            known = known || out == wanted;
        EXPECT_TRUE(known) << "frame " << i << " is a mixture";
    }
    g_atomic_int_set(&setter.stop, 1);
    g_thread_join(thread);
}

} // namespace
} // namespace zc::test
