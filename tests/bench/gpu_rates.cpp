// SPDX-License-Identifier: MIT
// Frame rates of whole pipelines, each run several times in turn, so that whatever else changes falls on all alike. The
// first frames, and with them start-up, are left out.
//
// usage: bench-gpu-rates OUT.json RUNS WARM_UP_FRAMES NAME=LAUNCH...
// LAUNCH: ends in an element with name=sink; an element with name=zc tells its stats.
#include <gst/gst.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr GstClockTime kLongest = 60 * GST_SECOND;

struct Contestant {
    std::string name, launch, error, stats;
    std::vector<double> rates;
};

struct Count {
    long warmUp = 0, frames = 0; // of the streaming thread until EOS
    Clock::time_point begin, end;
};

GstPadProbeReturn onBuffer(GstPad *, GstPadProbeInfo *, gpointer data)
{
    auto &count = *static_cast<Count *>(data);
    if (++count.frames == count.warmUp)
        count.begin = Clock::now();
    count.end = Clock::now();
    return GST_PAD_PROBE_OK;
}

std::string errorOf(GstMessage *message)
{
    if (!message)
        return "it did not end within 60 s";
    if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR)
        return {};
    GError *error = nullptr;
    gst_message_parse_error(message, &error, nullptr);
    std::string text = error->message;
    g_clear_error(&error);
    return text;
}

std::string statsOf(GstElement *pipeline)
{
    GstElement *element = gst_bin_get_by_name(GST_BIN(pipeline), "zc");
    if (!element)
        return {};
    GstStructure *stats = nullptr;
    g_object_get(element, "stats", &stats, nullptr);
    gst_object_unref(element);
    gchar *text = stats ? gst_structure_to_string(stats) : nullptr;
    std::string out = text ? text : "";
    g_free(text);
    if (stats)
        gst_structure_free(stats);
    return out;
}

// Plays until the end; the element's stats are read before it stops.
std::string play(GstElement *pipeline, Count &count, std::string &stats)
{
    GstElement *sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
    if (!sink)
        return "no element is called sink";
    GstPad *pad = gst_element_get_static_pad(sink, "sink");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, onBuffer, &count, nullptr);
    gst_object_unref(pad);
    gst_object_unref(sink);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstBus *bus = gst_element_get_bus(pipeline);
    GstMessage *message =
        gst_bus_timed_pop_filtered(bus, kLongest, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
    std::string error = errorOf(message);
    if (message)
        gst_message_unref(message);
    gst_object_unref(bus);
    stats = statsOf(pipeline);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    return error;
}

void run(Contestant &one, long warmUp)
{
    GError *problem = nullptr;
    GstElement *pipeline = gst_parse_launch(one.launch.c_str(), &problem);
    one.error = problem ? problem->message : "";
    g_clear_error(&problem);
    if (pipeline && one.error.empty()) {
        Count count;
        count.warmUp = warmUp;
        one.error = GST_IS_BIN(pipeline) ? play(pipeline, count, one.stats) : "one element is no pipeline";
        const std::chrono::duration<double> took = count.end - count.begin;
        if (one.error.empty() && count.frames <= warmUp)
            one.error = "only " + std::to_string(count.frames) + " frames came";
        if (one.error.empty())
            one.rates.push_back(static_cast<double>(count.frames - warmUp) / took.count());
    }
    if (pipeline)
        gst_object_unref(pipeline);
}

std::string quoted(const std::string &text)
{
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            out += '\\';
        out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    return out + '"';
}

bool write(const char *path, const std::vector<Contestant> &all)
{
    std::FILE *file = std::fopen(path, "w");
    if (!file)
        return false;
    const char *comma = "{";
    for (const Contestant &one : all) {
        std::fprintf(file, "%s\n %s: {\"launch\": %s, \"error\": %s, \"stats\": %s, \"rates\": [", comma,
                     quoted(one.name).c_str(), quoted(one.launch).c_str(), quoted(one.error).c_str(),
                     quoted(one.stats).c_str());
        for (std::size_t i = 0; i < one.rates.size(); ++i)
            std::fprintf(file, "%s%.2f", i ? ", " : "", one.rates[i]);
        std::fprintf(file, "]}");
        comma = ",";
    }
    std::fprintf(file, "\n}\n");
    return std::fclose(file) == 0;
}

} // namespace

int main(int argc, char **argv)
{
    gst_init(&argc, &argv);
    const int runs = argc > 4 ? std::atoi(argv[2]) : 0, warmUp = argc > 4 ? std::atoi(argv[3]) : 0;
    std::vector<Contestant> all;
    for (int i = 4; i < argc; ++i) {
        const std::string text = argv[i];
        const auto equals = text.find('=');
        if (equals != std::string::npos)
            all.push_back({.name = text.substr(0, equals), .launch = text.substr(equals + 1)});
    }
    if (runs < 1 || warmUp < 1 || all.size() + 4 != static_cast<std::size_t>(argc)) {
        std::fprintf(stderr, "usage: bench-gpu-rates OUT.json RUNS WARM_UP_FRAMES NAME=LAUNCH...\n");
        return 2;
    }
    for (int round = 0; round < runs; ++round)
        for (Contestant &one : all)
            if (one.error.empty())
                run(one, warmUp);
    if (!write(argv[1], all)) {
        std::fprintf(stderr, "%s: cannot be written; give the path of a file that can\n", argv[1]);
        return 1;
    }
    return std::any_of(all.begin(), all.end(), [](const Contestant &one) { return one.error.empty(); }) ? 0 : 1;
}
