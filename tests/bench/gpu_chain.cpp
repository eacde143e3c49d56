// SPDX-License-Identifier: MIT
// What the element costs on buffers in a GPU's memory: CPU time per buffer beside GStreamer's identity, what it asks of
// the driver once it runs, and the time per frame when nothing else stands in the way.
//
// usage: bench-gpu-chain SOURCE [OUT.json]
// SOURCE: launch text that ends in the kind of memory to measure on, such as "videotestsrc num-buffers=24 !
// video/x-raw,format=NV12,width=1920,height=1080 ! cudaupload ! video/x-raw(memory:CUDAMemory)". Its buffers come from
// the pool that cudazerocopy proposes, as in a pipeline.
#include "element_rig.hpp"
#include "gpu_calls.hpp"
#include "measure.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>

using namespace zc;
using namespace zc::bench;

namespace {

constexpr int kWarmUp = 10, kCounted = 500; // frames
constexpr const char *kAdjust = "cudazerocopy kernel=adjust params=brightness=0.1,contrast=1.2,saturation=0.5,hue=0.1";

[[noreturn]] void stop(const std::string &what)
{
    std::fprintf(stderr, "bench-gpu-chain: %s\n", what.c_str());
    std::exit(EXIT_FAILURE);
}

GstPadProbeReturn keep(GstPad *, GstPadProbeInfo *info, gpointer data)
{
    static_cast<std::vector<GstBuffer *> *>(data)->push_back(gst_buffer_ref(GST_PAD_PROBE_INFO_BUFFER(info)));
    return GST_PAD_PROBE_OK;
}

// The first error, or what else went wrong; "" at the end of the stream.
std::string waitForEnd(GstElement *pipeline)
{
    GstBus *bus = gst_element_get_bus(pipeline);
    GstMessage *message = gst_bus_timed_pop_filtered(bus, 20 * GST_SECOND,
                                                     static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
    gst_object_unref(bus);
    std::string text = message ? "" : "it did not end within 20 s";
    if (message && GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        GError *error = nullptr;
        gst_message_parse_error(message, &error, nullptr);
        text = error->message;
        g_clear_error(&error);
    }
    if (message)
        gst_message_unref(message);
    return text;
}

// Buffers of the source, one reference each; the pipeline stays alive, since it owns their pool.
class Buffers {
public:
    explicit Buffers(const std::string &source)
    {
        GError *error = nullptr;
        const std::string launch = source + " ! cudazerocopy kernel=invert ! fakesink name=sink async=false "
                                            "enable-last-sample=false";
        pipeline_ = gst_parse_launch_full(launch.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
        if (!pipeline_ || error)
            stop("cannot make \"" + launch + "\": " + (error ? error->message : "no reason given"));
        GstElement *sink = gst_bin_get_by_name(GST_BIN(pipeline_), "sink");
        GstPad *pad = gst_element_get_static_pad(sink, "sink");
        gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, keep, &buffers_, nullptr);
        gst_element_set_state(pipeline_, GST_STATE_PLAYING);
        const std::string problem = waitForEnd(pipeline_);
        if (!problem.empty() || buffers_.empty())
            stop("\"" + source + "\" gives no buffers: " + problem);
        GstCaps *caps = gst_pad_get_current_caps(pad);
        gchar *text = gst_caps_to_string(caps);
        caps_ = text;
        g_free(text);
        gst_caps_unref(caps);
        gst_object_unref(pad);
        gst_object_unref(sink);
    }
    Buffers(const Buffers &) = delete;
    Buffers &operator=(const Buffers &) = delete;
    ~Buffers()
    {
        for (GstBuffer *buffer : buffers_)
            gst_buffer_unref(buffer);
        gst_element_set_state(pipeline_, GST_STATE_NULL);
        gst_object_unref(pipeline_);
    }

    const std::string &caps() const { return caps_; }
    GstBuffer *&next() { return buffers_[at_++ % buffers_.size()]; }

private:
    GstElement *pipeline_ = nullptr;
    std::string caps_;
    std::vector<GstBuffer *> buffers_;
    std::size_t at_ = 0;
};

// Mapping for the CPU waits for whatever is queued on the memory.
void waitFor(GstBuffer *buffer)
{
    GstMapInfo map;
    if (gst_buffer_map(buffer, &map, GST_MAP_READ))
        gst_buffer_unmap(buffer, &map);
}

void measureCpu(Buffers &buffers, const std::string &target, std::vector<Figure> &figures)
{
    Rig identity("identity", buffers.caps()), ours("cudazerocopy kernel=invert", buffers.caps());
    const Contestant contestants[] = {
        {[&] { identity.push(buffers.next()); }},
        {[&] { ours.push(buffers.next()); }, [&] { waitFor(buffers.next()); }},
    };
    const auto times = race(contestants);
    const double over = (times[1].cpu - times[0].cpu) * 1e6;
    Figure figure{.group = "chain",
                  .name = "CPU time per buffer beyond identity, invert, " + target,
                  .value = over,
                  .unit = "us"};
    figure.details = {{"identity", times[0].cpu * 1e6}, {"cudazerocopy", times[1].cpu * 1e6}};
    figure.goal = Goal::AtMost;
    figure.target = 15;
    figure.note = ours.deviceInUse();
    figures.push_back(figure);
}

struct Counted {
    const char *name;
    DriverCall kind;
};

// Of one kernel once it runs. Waits are a figure of their own: before GStreamer 1.24 one a frame is right.
void countCalls(Buffers &buffers, const char *kernel, std::vector<Figure> &figures)
{
    constexpr Counted kKinds[] = {{"allocations", DriverCall::Allocation},
                                  {"imports", DriverCall::Import},
                                  {"module loads", DriverCall::ModuleLoad},
                                  {"copies", DriverCall::Copy},
                                  {"waits", DriverCall::Wait}};
    Rig ours(std::string("cudazerocopy kernel=") + kernel, buffers.caps());
    for (int i = 0; i < kWarmUp; ++i)
        ours.push(buffers.next());
    std::array<long, std::size(kKinds)> before{};
    for (std::size_t i = 0; i < before.size(); ++i)
        before[i] = driverCalls(kKinds[i].kind);
    for (int i = 0; i < kCounted; ++i)
        ours.push(buffers.next());
    Figure costs{.group = "chain", .unit = "", .goal = Goal::AtMost, .target = 0}, waits = costs;
    costs.name = std::string("driver allocations, imports, module loads and copies, frames 11 to 510, ") + kernel;
    waits.name = std::string("waits for the GPU, frames 11 to 510, ") + kernel;
    for (std::size_t i = 0; i < before.size(); ++i) {
        const auto calls = static_cast<double>(driverCalls(kKinds[i].kind) - before[i]);
        Figure &figure = kKinds[i].kind == DriverCall::Wait ? waits : costs;
        figure.value += calls;
        figure.details.emplace_back(kKinds[i].name, calls);
    }
    figures.push_back(costs);
    figures.push_back(waits);
    waitFor(buffers.next());
}

// Time per frame when frames follow each other without a pause, until the last has been worked on.
void measureRate(Buffers &buffers, const std::string &launch, bool inPlace, std::vector<Figure> &figures)
{
    Rig rig(launch, buffers.caps());
    const auto pass = [&](int frames) {
        GstBuffer *made = nullptr, *last = nullptr;
        for (int i = 0; i < frames; ++i) {
            GstBuffer *&slot = buffers.next();
            if (inPlace) {
                rig.push(slot);
                last = slot;
            } else {
                gst_clear_buffer(&made);
                last = made = rig.exchange(gst_buffer_ref(slot));
            }
        }
        waitFor(last);
        gst_clear_buffer(&made);
    };
    pass(kWarmUp);
    const auto begin = std::chrono::steady_clock::now();
    pass(kCounted);
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    figures.push_back({.group = "rate", .name = launch, .value = took.count() / kCounted, .unit = "us"});
}

bool exists(const char *element)
{
    GstElementFactory *factory = gst_element_factory_find(element);
    if (factory)
        gst_object_unref(factory);
    return factory != nullptr;
}

} // namespace

int main(int argc, char **argv)
{
    gst_init(&argc, &argv);
    if (argc < 2)
        stop("give the launch text of a source, such as \"videotestsrc num-buffers=24 ! video/x-raw,format=NV12\", and "
             "a file for "
             "the figures");
    Buffers buffers(argv[1]);
    const bool onGpu = buffers.caps().find("CUDAMemory") != std::string::npos;
    // The buffers were allocated by GStreamer, and a kernel loaded by this library.
    if (onGpu && (driverCalls(DriverCall::Allocation) == 0 || driverCalls(DriverCall::ModuleLoad) == 0))
        stop("frames were worked on without a call that was counted: the driver is found in another way now");
    std::vector<Figure> figures;
    measureCpu(buffers, buffers.caps().substr(0, buffers.caps().find(", interlace")), figures);
    for (const char *kernel : {"invert", "adjust,brightness=0.1", "box-blur", "identity"})
        countCalls(buffers, kernel, figures);
    measureRate(buffers, "cudazerocopy kernel=invert", true, figures);
    measureRate(buffers, kAdjust, true, figures);
    if (onGpu && exists("cudaconvert"))
        measureRate(buffers, "cudaconvert ! video/x-raw(memory:CUDAMemory),format=RGBA", false, figures);
    return report("gpu-chain", figures, argc - 1, argv + 1);
}
