// SPDX-License-Identifier: MIT
// Declarations of the element's properties, and the types of those that are choices.
#include "properties.hpp"

#include "clamping_params.hpp"
#include "kernel_object.hpp"
#include "settings.hpp"

#include <string>

namespace zc::gst {

namespace {

constexpr int kBase = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
constexpr auto kLive = static_cast<GParamFlags>(kBase | GST_PARAM_MUTABLE_PLAYING);
constexpr auto kLiveNumber = static_cast<GParamFlags>(kLive | GST_PARAM_CONTROLLABLE);
constexpr auto kReady = static_cast<GParamFlags>(kBase | GST_PARAM_MUTABLE_READY);

template <class Value> constexpr int number(Value value)
{
    return static_cast<int>(value);
}

GType asPluginApi(GType type)
{
    gst_type_mark_as_plugin_api(type, static_cast<GstPluginAPIFlags>(0));
    return type;
}

GType deviceType()
{
    static const GEnumValue values[] = {
        {number(Device::Auto), "Where the frame's memory is best reached", "auto"},
        {number(Device::Cuda), "An NVIDIA GPU", "cuda"},
        {number(Device::Cpu), "The CPU", "cpu"},
        {0, nullptr, nullptr},
    };
    static const GType type = asPluginApi(g_enum_register_static("GstCudaZeroCopyDevice", values));
    return type;
}

GType zeroCopyType()
{
    static const GEnumValue values[] = {
        {number(ZeroCopy::Preferred), "Copy where on-shared says so", "preferred"},
        {number(ZeroCopy::Required), "The first copy is an error", "required"},
        {0, nullptr, nullptr},
    };
    static const GType type = asPluginApi(g_enum_register_static("GstCudaZeroCopyZeroCopy", values));
    return type;
}

GType onSharedType()
{
    static const GEnumValue values[] = {
        {number(OnShared::Copy), "Change a copy in memory of the same kind", "copy"},
        {number(OnShared::Error), "Stop with an error", "error"},
        {number(OnShared::Passthrough), "Leave the frame unchanged", "passthrough"},
        {number(OnShared::Write), "Write all the same: other holders see the change", "write"},
        {0, nullptr, nullptr},
    };
    static const GType type = asPluginApi(g_enum_register_static("GstCudaZeroCopyOnShared", values));
    return type;
}

GType regionsFromType()
{
    static const GFlagsValue values[] = {
        {kFromProperty, "The property \"region\"", "property"},
        {kFromRoiMeta, "GstVideoRegionOfInterestMeta on the buffer", "roi-meta"},
        {kFromAnalyticsMeta, "Object detections of GstAnalytics on the buffer", "analytics-meta"},
        {kFromNvdsMeta, "Objects of DeepStream's NvDsBatchMeta, each on the surface of its own source", "nvds-meta"},
        {0, nullptr, nullptr},
    };
    static const GType type = asPluginApi(g_flags_register_static("GstCudaZeroCopyRegionsFrom", values));
    return type;
}

void install(GObjectClass *klass, Property id, GParamSpec *spec)
{
    g_object_class_install_property(klass, static_cast<guint>(id), spec);
}

void installKernel(GObjectClass *klass)
{
    static const std::string kernels =
        "The kernel, or the kernel and its parameters: \"pixelate,block=24\". Setting it resets the parameters "
        "to their defaults. Each parameter is also a property of the child object: kernel::block=24. Try:\n"
        "    gst-launch-1.0 videotestsrc ! cudazerocopy kernel=\"pixelate,block=24\" ! videoconvert ! autovideosink\n"
        "    gst-launch-1.0 videotestsrc ! cudazerocopy kernel=adjust kernel::hue=0.25 region=\"100,80,160,120\" ! "
        "videoconvert ! autovideosink\n"
        "Kernels:" +
        describeKernels();
    install(klass, Property::Kernel, g_param_spec_string("kernel", "Kernel", kernels.c_str(), "identity", kLive));
    install(klass, Property::Params,
            g_param_spec_string("params", "Parameters",
                                "Parameters of the kernel, \"brightness=0.1,saturation=0.3\"; those not named keep "
                                "their values. Reads back all of them. May be set before the kernel",
                                "", kLive));
}

void installDevice(GObjectClass *klass)
{
    install(klass, Property::Device,
            g_param_spec_enum("device", "Device", "Where the kernel runs; auto never falls back in silence",
                              deviceType(), number(Device::Auto), kReady));
    install(klass, Property::CudaDeviceId,
            clampingInt({"cuda-device-id", "CUDA device id",
                         "Which GPU (-1 = that of the buffers); must agree with the buffers' own. Ignored on the CPU"},
                        -1, G_MAXINT, -1, kReady));
    install(klass, Property::GpuId,
            clampingInt({"gpu-id", "GPU id", "Another name of cuda-device-id"}, -1, G_MAXINT, -1, kReady));
}

void installCopying(GObjectClass *klass)
{
    install(klass, Property::ZeroCopy,
            g_param_spec_enum("zero-copy", "Zero copy", "Whether frames may be copied at all", zeroCopyType(),
                              number(ZeroCopy::Preferred), kLive));
    install(klass, Property::OnShared,
            g_param_spec_enum("on-shared", "On shared memory",
                              "What to do with a frame whose memory somebody else can see (a tee branch, a decoder's "
                              "reference frame, another process)",
                              onSharedType(), number(OnShared::Copy), kLive));
}

void installRegions(GObjectClass *klass)
{
    install(klass, Property::Region,
            g_param_spec_string("region", "Region",
                                "Where the kernel acts, in pixels: \"x,y,width,height;...\". Cut to the frame and "
                                "widened to whole chroma samples. Empty: the whole frame",
                                "", kLive));
    install(klass, Property::RegionsFrom,
            uncheckedFlags({"regions-from", "Regions from",
                            "Where regions come from, at least one source; those of all named ones add up. With a "
                            "meta named, a frame without a box is left unchanged"},
                           regionsFromType(), kFromProperty, kLive));
    install(klass, Property::RegionGrow,
            clampingDouble({"region-grow", "Region growth", "Widens every region, in percent of its size"}, 0, 1000, 0,
                           kLiveNumber));
    install(klass, Property::NvdsClasses,
            g_param_spec_string("nvds-classes", "DeepStream classes",
                                "Which objects regions-from=nvds-meta takes: \"component:class,class;...\" by the "
                                "unique-id of the component that found them, as in \"1:0,2\"; \"1\" is all classes of "
                                "component 1. Empty: every object",
                                "", kLive));
}

void installDeepStream(GObjectClass *klass)
{
    install(klass, Property::UniqueId,
            g_param_spec_uint("unique-id", "Unique id",
                              "A number by which applications tell elements apart, as in DeepStream; it is told in "
                              "stats and changes nothing else",
                              0, G_MAXUINT, 0, kLive));
    install(klass, Property::ConfigFile,
            g_param_spec_string("config-file", "Configuration file",
                                "A key file with settings: [property] holds properties, [kernel] name= and the "
                                "kernel's parameters, [region-0] and so on x=, y=, width= and height=. Read when it is "
                                "set (while playing: before the next start), all or nothing. Of it and a property, "
                                "what is set last wins",
                                "", kReady));
}

void installStats(GObjectClass *klass)
{
    install(klass, Property::Stats,
            g_param_spec_boxed("stats", "Statistics",
                               "Frames, in place, copied and passed through; imports; memory, device and kernel; time "
                               "in the element (what it waits for included) and time of kernels on the GPU, per frame "
                               "in ns. Posted as an element message at the end of the stream and when the path changes",
                               GST_TYPE_STRUCTURE,
                               static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
}

} // namespace

void installProperties(GObjectClass *klass)
{
    installKernel(klass);
    installDevice(klass);
    installCopying(klass);
    installRegions(klass);
    installDeepStream(klass);
    installStats(klass);
}

} // namespace zc::gst
