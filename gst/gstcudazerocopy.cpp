// SPDX-License-Identifier: MIT
/**
 * SECTION:element-cudazerocopy
 * @title: cudazerocopy
 * @short_description: runs a kernel on video frames where they are, and passes the same buffers on
 *
 * The element changes the pixels of each buffer in place: the buffer that leaves is the buffer that came, with the
 * same memory. Memory that somebody else can see is never written unless #GstCudaZeroCopy:on-shared says so; by
 * default such a frame is copied first, counted in #GstCudaZeroCopy:stats and warned about once.
 *
 * The kernel is chosen with #GstCudaZeroCopy:kernel; its parameters are set with #GstCudaZeroCopy:params, or as
 * properties of the child object `kernel`, which a #GstController can drive.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 videotestsrc ! cudazerocopy kernel=adjust params="brightness=0.1,saturation=0.3" ! videoconvert !
 * autovideosink
 * ]| Brighter, with less colour.
 * |[
 * gst-launch-1.0 videotestsrc ! video/x-raw,format=P010_10LE ! cudazerocopy kernel=pixelate kernel::block=24
 * region="100,80,320,240" ! fakesink
 * ]| Pixelates one rectangle of a 10-bit picture.
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=100 ! cudazerocopy kernel="pixelate,block=24" ! x264enc ! mp4mux ! filesink
 * location=out.mp4
 * ]| Kernel and parameters in one property.
 * |[
 * gst-launch-1.0 v4l2src io-mode=dmabuf ! cudazerocopy kernel=gray zero-copy=required ! v4l2sink io-mode=dmabuf-import
 * ]| Changes camera frames in the dmabufs that carry them; the first copy would be an error.
 *
 * Since: 0.1
 */
#include "gstcudazerocopy.h"

#include "allocation.hpp"
#include "caps.hpp"
#include "clamping_params.hpp"
#include "config_file.hpp"
#include "element.hpp"
#include "kernel_object.hpp"
#include "log.hpp"
#include "properties.hpp"

using zc::gst::Choices;
using zc::gst::Element;
using zc::gst::Property;

struct _GstCudaZeroCopy {
    GstBaseTransform parent;
    Element *element;
    GstObject *kernel; // the child; replaced under the object lock
};

static void child_proxy_init(gpointer iface, gpointer);

G_DEFINE_TYPE_WITH_CODE(GstCudaZeroCopy, gst_cuda_zero_copy, GST_TYPE_BASE_TRANSFORM,
                        G_IMPLEMENT_INTERFACE(GST_TYPE_CHILD_PROXY, child_proxy_init))
GST_ELEMENT_REGISTER_DEFINE_WITH_CODE(cudazerocopy, "cudazerocopy", GST_RANK_NONE, GST_TYPE_CUDA_ZERO_COPY,
                                      zc::gst::initLog())

// ---- the child object

static GObject *current_kernel(GstCudaZeroCopy *self)
{
    GST_OBJECT_LOCK(self);
    auto *kernel = static_cast<GObject *>(g_object_ref(G_OBJECT(self->kernel)));
    GST_OBJECT_UNLOCK(self);
    return kernel;
}

static void replace_kernel(GstCudaZeroCopy *self)
{
    const auto *info = zc::findKernel(self->element->settings().kernelName());
    GstObject *fresh = zc::gst::makeKernelObject(*info, self->element->sharedSettings());
    gst_object_set_parent(fresh, GST_OBJECT(self));
    // Ours until the signals are out: a thread that sets the kernel meanwhile unparents it.
    gst_object_ref(fresh);
    GST_OBJECT_LOCK(self);
    GstObject *old = self->kernel;
    self->kernel = fresh;
    GST_OBJECT_UNLOCK(self);
    if (old != nullptr) {
        gst_child_proxy_child_removed(GST_CHILD_PROXY(self), G_OBJECT(old), "kernel");
        gst_object_unparent(old);
        gst_child_proxy_child_added(GST_CHILD_PROXY(self), G_OBJECT(fresh), "kernel");
    }
    gst_object_unref(fresh);
}

// Threads that set the kernel at once may overtake each other between the setting and the child.
static void adopt_kernel(GstCudaZeroCopy *self)
{
    bool stale = true;
    while (stale) {
        replace_kernel(self);
        GObject *kernel = current_kernel(self);
        stale = self->element->settings().kernelName() != zc::gst::kernelOfObject(GST_OBJECT(kernel)).name;
        g_object_unref(kernel);
    }
}

static GObject *child_by_name(GstChildProxy *proxy, const gchar *name)
{
    return g_strcmp0(name, "kernel") == 0 ? current_kernel(GST_CUDA_ZERO_COPY(proxy)) : nullptr;
}

static GObject *child_by_index(GstChildProxy *proxy, guint index)
{
    return index == 0 ? current_kernel(GST_CUDA_ZERO_COPY(proxy)) : nullptr;
}

static guint children_count(GstChildProxy *)
{
    return 1;
}

static void child_proxy_init(gpointer iface, gpointer)
{
    auto *proxy = static_cast<GstChildProxyInterface *>(iface);
    proxy->get_child_by_name = child_by_name;
    proxy->get_child_by_index = child_by_index;
    proxy->get_children_count = children_count;
}

// ---- properties

static void report(GstCudaZeroCopy *self, const zc::gst::SetResult &result)
{
    if (!result.warning.empty())
        self->element->warn(result.warning);
    if (result.kernelChanged)
        adopt_kernel(self);
}

static std::string_view text_of(const GValue *value)
{
    const gchar *text = g_value_get_string(value);
    return text != nullptr ? text : "";
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    auto *self = GST_CUDA_ZERO_COPY(object);
    auto &settings = self->element->settings();
    report(self, {zc::gst::takeClampNote(pspec), false});
    switch (static_cast<Property>(id)) {
    case Property::Kernel:
        report(self, settings.setKernel(text_of(value)));
        break;
    case Property::Params:
        report(self, settings.setParams(text_of(value)));
        break;
    case Property::Device:
        report(self, settings.setStopped(&Choices::device, pspec->name,
                                         static_cast<zc::gst::Device>(g_value_get_enum(value))));
        break;
    case Property::CudaDeviceId:
    case Property::GpuId:
        report(self, settings.setStopped(&Choices::deviceId, pspec->name, g_value_get_int(value)));
        break;
    case Property::ZeroCopy:
        settings.set(&Choices::zeroCopy, static_cast<zc::gst::ZeroCopy>(g_value_get_enum(value)));
        break;
    case Property::OnShared:
        settings.set(&Choices::onShared, static_cast<zc::gst::OnShared>(g_value_get_enum(value)));
        break;
    case Property::Region:
        report(self, settings.setRegions(text_of(value)));
        break;
    case Property::RegionsFrom:
        report(self, settings.setRegionSources(g_value_get_flags(value), *G_PARAM_SPEC_FLAGS(pspec)->flags_class));
        break;
    case Property::RegionGrow:
        report(self, settings.setRegionGrow(g_value_get_double(value)));
        break;
    case Property::UniqueId:
        settings.set(&Choices::uniqueId, g_value_get_uint(value));
        break;
    case Property::ConfigFile:
        report(self, zc::gst::setConfigFile(settings, G_OBJECT_GET_CLASS(self), text_of(value)));
        break;
    case Property::NvdsClasses:
        report(self, settings.setNvdsClasses(text_of(value)));
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    auto *self = GST_CUDA_ZERO_COPY(object);
    auto &settings = self->element->settings();
    switch (static_cast<Property>(id)) {
    case Property::Kernel:
        g_value_set_string(value, settings.kernelName().c_str());
        break;
    case Property::Params:
        g_value_set_string(value, settings.paramsText().c_str());
        break;
    case Property::Device:
        g_value_set_enum(value, static_cast<gint>(settings.get(&Choices::device)));
        break;
    case Property::CudaDeviceId:
    case Property::GpuId:
        g_value_set_int(value, settings.get(&Choices::deviceId));
        break;
    case Property::ZeroCopy:
        g_value_set_enum(value, static_cast<gint>(settings.get(&Choices::zeroCopy)));
        break;
    case Property::OnShared:
        g_value_set_enum(value, static_cast<gint>(settings.get(&Choices::onShared)));
        break;
    case Property::Region:
        g_value_set_string(value, settings.regionsText().c_str());
        break;
    case Property::RegionsFrom:
        g_value_set_flags(value, settings.get(&Choices::regionSources));
        break;
    case Property::RegionGrow:
        g_value_set_double(value, settings.get(&Choices::regionGrow));
        break;
    case Property::UniqueId:
        g_value_set_uint(value, settings.get(&Choices::uniqueId));
        break;
    case Property::ConfigFile:
        g_value_set_string(value, settings.configPath().c_str());
        break;
    case Property::NvdsClasses:
        g_value_set_string(value, settings.nvdsClassesText().c_str());
        break;
    case Property::Stats:
        g_value_take_boxed(value, self->element->statsStructure());
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

// ---- GstBaseTransform

static Element &element_of(GstBaseTransform *base)
{
    return *GST_CUDA_ZERO_COPY(base)->element;
}

static gboolean start(GstBaseTransform *base)
{
    auto *self = GST_CUDA_ZERO_COPY(base);
    report(self, zc::gst::readPostponedConfig(self->element->settings(), G_OBJECT_GET_CLASS(self)));
    return element_of(base).start();
}

static gboolean stop(GstBaseTransform *base)
{
    element_of(base).stop();
    return TRUE;
}

static gboolean set_caps(GstBaseTransform *base, GstCaps *caps, GstCaps *)
{
    return element_of(base).setCaps(caps);
}

static GstCaps *transform_caps(GstBaseTransform *base, GstPadDirection, GstCaps *caps, GstCaps *filter)
{
    return element_of(base).transformCaps(caps, filter);
}

// Chaining up forwards the query to downstream, or copies the answer to one of the base class's own.
static gboolean propose_allocation(GstBaseTransform *base, GstQuery *decide, GstQuery *query)
{
    const gboolean answered =
        GST_BASE_TRANSFORM_CLASS(gst_cuda_zero_copy_parent_class)->propose_allocation(base, decide, query);
    auto &settings = element_of(base).settings();
    if (answered)
        zc::gst::adjustAllocation(query, settings.mayCopy(), settings.get(&Choices::device) == zc::gst::Device::Cuda);
    return element_of(base).proposeMemory(query) || answered;
}

static gboolean query(GstBaseTransform *base, GstPadDirection direction, GstQuery *query)
{
    if (GST_QUERY_TYPE(query) == GST_QUERY_CONTEXT && element_of(base).answerContext(query))
        return TRUE;
    return GST_BASE_TRANSFORM_CLASS(gst_cuda_zero_copy_parent_class)->query(base, direction, query);
}

static void set_context(GstElement *element, GstContext *context)
{
    GST_CUDA_ZERO_COPY(element)->element->setContext(context);
    GST_ELEMENT_CLASS(gst_cuda_zero_copy_parent_class)->set_context(element, context);
}

// A compilation may hold up the frame at hand for seconds, and the base class waits for that frame to come to an end.
static GstStateChangeReturn change_state(GstElement *base, GstStateChange change)
{
    Element &element = *GST_CUDA_ZERO_COPY(base)->element;
    const bool stops = change == GST_STATE_CHANGE_PAUSED_TO_READY;
    if (stops)
        element.interrupt();
    const auto result = GST_ELEMENT_CLASS(gst_cuda_zero_copy_parent_class)->change_state(base, change);
    if (stops)
        element.endInterrupt();
    return result;
}

static void before_transform(GstBaseTransform *base, GstBuffer *buffer)
{
    GObject *kernel = current_kernel(GST_CUDA_ZERO_COPY(base));
    element_of(base).beforeTransform(buffer, GST_OBJECT(kernel));
    g_object_unref(kernel);
}

static GstFlowReturn prepare_output_buffer(GstBaseTransform *base, GstBuffer *in, GstBuffer **out)
{
    return element_of(base).prepareOutput(in, out);
}

static GstFlowReturn transform_ip(GstBaseTransform *base, GstBuffer *buffer)
{
    return element_of(base).transformInPlace(buffer);
}

// Core refuses caps that are not offered before any of the functions above sees them, and upstream then says no more
// than "not negotiated".
static GstPadProbeReturn explain_caps(GstPad *, GstPadProbeInfo *info, gpointer self)
{
    GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
    if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS) {
        GstCaps *caps = nullptr;
        gst_event_parse_caps(event, &caps);
        element_of(GST_BASE_TRANSFORM(self)).explainCaps(caps);
    }
    return GST_PAD_PROBE_OK;
}

static gboolean sink_event(GstBaseTransform *base, GstEvent *event)
{
    if (GST_EVENT_TYPE(event) == GST_EVENT_EOS)
        element_of(base).atEos();
    else if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_START)
        element_of(base).interrupt();
    else if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP)
        element_of(base).endInterrupt(); // serialised: no frame is on its way
    return GST_BASE_TRANSFORM_CLASS(gst_cuda_zero_copy_parent_class)->sink_event(base, event);
}

// The base class says nothing to set_caps() where the caps stay, but the peer and its pool may be others.
static gboolean src_event(GstBaseTransform *base, GstEvent *event)
{
    if (GST_EVENT_TYPE(event) == GST_EVENT_RECONFIGURE)
        element_of(base).downstreamChanged();
    return GST_BASE_TRANSFORM_CLASS(gst_cuda_zero_copy_parent_class)->src_event(base, event);
}

// ---- GObject

static void finalize(GObject *object)
{
    auto *self = GST_CUDA_ZERO_COPY(object);
    gst_object_unparent(self->kernel);
    delete self->element;
    G_OBJECT_CLASS(gst_cuda_zero_copy_parent_class)->finalize(object);
}

static void gst_cuda_zero_copy_init(GstCudaZeroCopy *self)
{
    auto *base = GST_BASE_TRANSFORM(self);
    self->element = new Element(base);
    adopt_kernel(self);
    gst_pad_add_probe(base->sinkpad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, explain_caps, self, nullptr);
    gst_base_transform_set_in_place(base, TRUE);
    gst_base_transform_set_gap_aware(base, TRUE);
    gst_base_transform_set_qos_enabled(base, FALSE);
}

static void gst_cuda_zero_copy_class_init(GstCudaZeroCopyClass *klass)
{
    auto *object = G_OBJECT_CLASS(klass);
    object->set_property = set_property;
    object->get_property = get_property;
    object->finalize = finalize;
    zc::gst::installProperties(object);

    auto *element = GST_ELEMENT_CLASS(klass);
    gst_element_class_set_static_metadata(
        element, "In-place kernels for video", "Filter/Effect/Video/Hardware",
        "Changes the pixels of video frames in place with a kernel and passes the same buffers on, without a copy",
        "cudazerocopy developers");
    element->set_context = GST_DEBUG_FUNCPTR(set_context);
    element->change_state = GST_DEBUG_FUNCPTR(change_state);
    GstCaps *caps = zc::gst::templateCaps();
    gst_element_class_add_pad_template(element, gst_pad_template_new("sink", GST_PAD_SINK, GST_PAD_ALWAYS, caps));
    gst_element_class_add_pad_template(element, gst_pad_template_new("src", GST_PAD_SRC, GST_PAD_ALWAYS, caps));
    gst_caps_unref(caps);

    auto *base = GST_BASE_TRANSFORM_CLASS(klass);
    base->passthrough_on_same_caps = FALSE;
    base->transform_ip_on_passthrough = FALSE;
    base->start = GST_DEBUG_FUNCPTR(start);
    base->stop = GST_DEBUG_FUNCPTR(stop);
    base->set_caps = GST_DEBUG_FUNCPTR(set_caps);
    base->transform_caps = GST_DEBUG_FUNCPTR(transform_caps);
    base->propose_allocation = GST_DEBUG_FUNCPTR(propose_allocation);
    base->query = GST_DEBUG_FUNCPTR(query);
    base->before_transform = GST_DEBUG_FUNCPTR(before_transform);
    base->prepare_output_buffer = GST_DEBUG_FUNCPTR(prepare_output_buffer);
    base->transform_ip = GST_DEBUG_FUNCPTR(transform_ip);
    base->sink_event = GST_DEBUG_FUNCPTR(sink_event);
    base->src_event = GST_DEBUG_FUNCPTR(src_event);
}
