// SPDX-License-Identifier: MIT
// nvmmtestsrc: a source of memory:NVMM buffers like those of NVIDIA's elements, for tests. It takes libnvbufsurface.so
// as the loader finds it: the stand-in of ../fake_nvbufsurface, or NVIDIA's own.
#include "source.hpp"

#include <gst/base/gstpushsrc.h>

using namespace zc::nvmm_test;

#define FORMATS                                                                                                        \
    "{ NV12, I420, YV12, NV21, P010_10LE, P012_LE, NV16, NV24, Y444, UYVY, VYUY, YUY2, YVYU, RGBA, BGRA, ARGB, ABGR, " \
    "RGBx, BGRx, xRGB, xBGR, RGB, BGR, GRAY8, GRAY16_LE }"

struct NvmmTestSrc {
    GstPushSrc parent;
    Settings *settings; // with the object lock
    Source *source;
};
struct NvmmTestSrcClass {
    GstPushSrcClass parent;
};
G_DEFINE_TYPE(NvmmTestSrc, nvmm_test_src, GST_TYPE_PUSH_SRC)

static NvmmTestSrc *self_of(gpointer object)
{
    return reinterpret_cast<NvmmTestSrc *>(object);
}

// ---- Properties

enum Property {
    PROP_0,
    PROP_MEM_TYPE,
    PROP_SHOW_DEFAULT,
    PROP_BLOCK_LINEAR,
    PROP_CONTIGUOUS,
    PROP_BATCH_SIZE,
    PROP_NUM_FILLED,
    PROP_GPU_ID,
    PROP_POOL_SIZE,
    PROP_COLOR_FORMAT,
    PROP_PRODUCER,
    PROP_RECYCLE,
    PROP_EGL,
    PROP_CAPS_FIELDS,
    PROP_BREAK,
    PROP_BREAK_AT,
    PROP_META,
    PROP_META_REVERSED,
    PROP_OBJECTS,
    PROP_DRAW,
};

static const GEnumValue kMemTypes[] = {{0, "Default", "default"},
                                       {1, "CUDA pinned", "cuda-pinned"},
                                       {2, "CUDA device", "cuda-device"},
                                       {3, "CUDA unified", "cuda-unified"},
                                       {4, "Surface array", "surface-array"},
                                       {5, "Handle", "handle"},
                                       {6, "System", "system"},
                                       {7, "CUDA array", "cuda-array"},
                                       {0, nullptr, nullptr}};
static const GEnumValue kProducers[] = {{0, "As nvv4l2decoder", "decoder"},
                                        {1, "As the nvds pools", "nvds"},
                                        {2, "As nvvidconv, memory that cannot be shared", "converter"},
                                        {0, nullptr, nullptr}};
static const GEnumValue kRecycles[] = {{0, "The same GstMemory comes back", "buffers"},
                                       {1, "The same surface comes back in a new GstMemory", "surfaces"},
                                       {2, "Nothing comes back", "nothing"},
                                       {0, nullptr, nullptr}};
static const GEnumValue kEglUses[] = {{0, "Left to users", "users"},
                                      {1, "Mapped by the producer", "producer"},
                                      {2, "Mapped anew for each frame", "changing"},
                                      {3, "Unmapped by the producer before each frame", "rude"},
                                      {0, nullptr, nullptr}};
static const GEnumValue kFields[] = {
    {0, "As the producer sets them", "producer"}, {1, "None beside video info", "none"}, {0, nullptr, nullptr}};
static const GEnumValue kBreaks[] = {
    {int(Break::None), "Nothing", "none"},
    {int(Break::Garbage), "The map shows garbage", "garbage"},
    {int(Break::Zeros), "The map shows zeros", "zeros"},
    {int(Break::TooSmall), "The map is too small", "too-small"},
    {int(Break::OtherAbi), "Structs of the ABI that the library does not have", "other-abi"},
    {int(Break::NullList), "surfaceList is null", "null-list"},
    {int(Break::AbsurdBatch), "batchSize is absurd", "absurd-batch"},
    {int(Break::TooManyFilled), "numFilled is more than batchSize", "too-many-filled"},
    {int(Break::NoneFilled), "numFilled is 0", "none-filled"},
    {int(Break::MemType), "memType is 99", "mem-type"},
    {int(Break::WrongGpu), "gpuId is not that of the memory", "wrong-gpu"},
    {int(Break::NullData), "dataPtr is null", "null-data"},
    {int(Break::ForeignData), "dataPtr is memory that CUDA does not know", "foreign-data"},
    {int(Break::FreedData), "dataPtr is memory that was freed", "freed-data"},
    {int(Break::PlaneOutside), "A plane begins outside of dataSize", "plane-outside"},
    {int(Break::SmallData), "A plane ends outside of dataSize", "small-data"},
    {int(Break::ThinPitch), "The pitch is less than a row", "thin-pitch"},
    {int(Break::AbsurdPitch), "The pitch is absurd", "absurd-pitch"},
    {int(Break::NoPlanes), "num_planes is 0", "no-planes"},
    {int(Break::ManyPlanes), "num_planes is 9", "many-planes"},
    {int(Break::OddPlaneSize), "A plane is of another size", "odd-plane-size"},
    {int(Break::WrongSize), "The surface is smaller than the caps", "wrong-size"},
    {int(Break::WrongFormat), "The surface is of another format than the caps", "wrong-format"},
    {int(Break::UnknownFormat), "colorFormat is 500", "unknown-format"},
    {int(Break::Layout), "layout is 7", "layout"},
    {int(Break::FreedEgl), "eglImage is one that was destroyed", "freed-egl"},
    {int(Break::Protected), "The content is protected", "protected"},
    {int(Break::TwoMemories), "The buffer has two memories", "two-memories"},
    {int(Break::PlainMemory), "The buffer has system memory", "plain-memory"},
    {int(Break::MetaCycle), "Lists of metadata have cycles", "meta-cycle"},
    {int(Break::MetaNan), "Boxes are not numbers", "meta-nan"},
    {int(Break::MetaIndex), "batch_id is out of range", "meta-index"},
    {int(Break::MetaCount), "Counts are absurd", "meta-count"},
    {int(Break::MetaNull), "Lists hold null", "meta-null"},
    {int(Break::MetaType), "meta_type is not that of a batch", "meta-type"},
    {0, nullptr, nullptr}};

static GType register_enum(const char *name, const GEnumValue *values)
{
    return g_enum_register_static(name, values);
}

static void set_number(Settings &s, guint id, const GValue *value)
{
    switch (id) {
    case PROP_BATCH_SIZE:
        s.batchSize = g_value_get_uint(value);
        break;
    case PROP_NUM_FILLED:
        s.numFilled = g_value_get_uint(value);
        break;
    case PROP_GPU_ID:
        s.gpuId = g_value_get_uint(value);
        break;
    case PROP_POOL_SIZE:
        s.poolSize = g_value_get_uint(value);
        break;
    case PROP_COLOR_FORMAT:
        s.colorFormat = g_value_get_int(value);
        break;
    case PROP_BREAK_AT:
        s.breakAt = g_value_get_int(value);
        break;
    case PROP_OBJECTS:
        s.objects = g_value_get_string(value) != nullptr ? g_value_get_string(value) : "";
        break;
    default:
        break;
    }
}

static void set_flag(Settings &s, guint id, bool on)
{
    bool *const flag = id == PROP_SHOW_DEFAULT    ? &s.showDefault
                       : id == PROP_BLOCK_LINEAR  ? &s.blockLinear
                       : id == PROP_CONTIGUOUS    ? &s.contiguous
                       : id == PROP_META          ? &s.meta
                       : id == PROP_META_REVERSED ? &s.metaReversed
                                                  : &s.draw;
    *flag = on;
}

static void set_choice(Settings &s, guint id, int choice)
{
    switch (id) {
    case PROP_MEM_TYPE:
        s.memType = choice;
        break;
    case PROP_PRODUCER:
        s.producer = static_cast<Producer>(choice);
        break;
    case PROP_RECYCLE:
        s.recycle = static_cast<Recycle>(choice);
        break;
    case PROP_EGL:
        s.egl = static_cast<EglUse>(choice);
        break;
    case PROP_CAPS_FIELDS:
        s.fields = static_cast<CapsFields>(choice);
        break;
    case PROP_BREAK:
        s.fault = static_cast<Break>(choice);
        break;
    default:
        break;
    }
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *)
{
    GST_OBJECT_LOCK(object);
    Settings &s = *self_of(object)->settings;
    if (G_VALUE_HOLDS_BOOLEAN(value))
        set_flag(s, id, g_value_get_boolean(value));
    else if (G_VALUE_HOLDS_ENUM(value))
        set_choice(s, id, g_value_get_enum(value));
    else
        set_number(s, id, value);
    GST_OBJECT_UNLOCK(object);
}

static Settings settings_of(gpointer object)
{
    GST_OBJECT_LOCK(object);
    Settings copy = *self_of(object)->settings;
    GST_OBJECT_UNLOCK(object);
    return copy;
}

// ---- GstBaseSrc

static GstCaps *fixate(GstBaseSrc *base, GstCaps *caps)
{
    caps = gst_caps_truncate(gst_caps_make_writable(caps));
    GstStructure *structure = gst_caps_get_structure(caps, 0);
    gst_structure_fixate_field_nearest_int(structure, "width", 320);
    gst_structure_fixate_field_nearest_int(structure, "height", 240);
    gst_structure_fixate_field_nearest_fraction(structure, "framerate", 30, 1);
    Source::completeCaps(structure, settings_of(base));
    return GST_BASE_SRC_CLASS(nvmm_test_src_parent_class)->fixate(base, caps);
}

static gboolean set_caps(GstBaseSrc *base, GstCaps *caps)
{
    GstVideoInfo info;
    if (!gst_video_info_from_caps(&info, caps))
        return FALSE;
    const std::string wrong = self_of(base)->source->start(settings_of(base), info, caps);
    if (wrong.empty())
        return TRUE;
    GST_ELEMENT_ERROR(base, LIBRARY, INIT, ("nvmmtestsrc: %s", wrong.c_str()), (nullptr));
    return FALSE;
}

// Buffers come from a pool of the source's own; the query is asked for what downstream does with it.
static gboolean decide_allocation(GstBaseSrc *, GstQuery *query)
{
    while (gst_query_get_n_allocation_pools(query) > 0)
        gst_query_remove_nth_allocation_pool(query, 0);
    return TRUE;
}

static gboolean stop(GstBaseSrc *base)
{
    self_of(base)->source->stop();
    return TRUE;
}

static gboolean unlock(GstBaseSrc *base)
{
    self_of(base)->source->flush(true);
    return TRUE;
}

static gboolean unlock_stop(GstBaseSrc *base)
{
    self_of(base)->source->flush(false);
    return TRUE;
}

static gboolean is_seekable(GstBaseSrc *)
{
    return FALSE;
}

static GstFlowReturn create(GstPushSrc *push, GstBuffer **buffer)
{
    std::string why;
    *buffer = self_of(push)->source->next(why);
    if (*buffer != nullptr)
        return GST_FLOW_OK;
    if (GST_PAD_IS_FLUSHING(GST_BASE_SRC_PAD(push)))
        return GST_FLOW_FLUSHING;
    GST_ELEMENT_ERROR(push, RESOURCE, FAILED, ("nvmmtestsrc: %s", why.c_str()), (nullptr));
    return GST_FLOW_ERROR;
}

// ---- GObject

static void finalize(GObject *object)
{
    delete self_of(object)->source;
    delete self_of(object)->settings;
    G_OBJECT_CLASS(nvmm_test_src_parent_class)->finalize(object);
}

static void nvmm_test_src_init(NvmmTestSrc *self)
{
    self->settings = new Settings;
    self->source = new Source;
    gst_base_src_set_format(GST_BASE_SRC(self), GST_FORMAT_TIME);
}

static void install_properties(GObjectClass *object)
{
    const auto flags = static_cast<GParamFlags>(G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS);
    const auto flag = [&](guint id, const char *name, const char *text, bool otherwise) {
        g_object_class_install_property(object, id, g_param_spec_boolean(name, name, text, otherwise, flags));
    };
    const auto number = [&](guint id, const char *name, const char *text, guint otherwise) {
        g_object_class_install_property(object, id, g_param_spec_uint(name, name, text, 0, 1 << 20, otherwise, flags));
    };
    const auto choice = [&](guint id, const char *name, const char *text, GType type, int otherwise) {
        g_object_class_install_property(object, id, g_param_spec_enum(name, name, text, type, otherwise, flags));
    };
    const auto integer = [&](guint id, const char *name, const char *text) {
        g_object_class_install_property(object, id, g_param_spec_int(name, name, text, -1, G_MAXINT, -1, flags));
    };
    choice(PROP_MEM_TYPE, "mem-type", "What the surfaces are made of", register_enum("NvmmTestMemType", kMemTypes), 2);
    flag(PROP_SHOW_DEFAULT, "show-default", "The struct says memType 0 whatever the memory is", false);
    flag(PROP_BLOCK_LINEAR, "block-linear", "Layout of surface arrays", false);
    flag(PROP_CONTIGUOUS, "contiguous", "One allocation for a batch", false);
    number(PROP_BATCH_SIZE, "batch-size", "Surfaces of a buffer", 1);
    number(PROP_NUM_FILLED, "num-filled", "How many of them hold a picture; 0 for all", 0);
    number(PROP_GPU_ID, "gpu-id", "GPU of the surfaces", 0);
    number(PROP_POOL_SIZE, "pool-size", "Buffers that take turns", 4);
    integer(PROP_COLOR_FORMAT, "color-format", "NVIDIA's number of the surfaces' format; -1 for that of the caps");
    choice(PROP_PRODUCER, "producer", "Whose buffers to imitate", register_enum("NvmmTestProducer", kProducers), 1);
    choice(PROP_RECYCLE, "recycle", "What comes back", register_enum("NvmmTestRecycle", kRecycles), 0);
    choice(PROP_EGL, "egl", "Who maps EGLImages", register_enum("NvmmTestEgl", kEglUses), 0);
    choice(PROP_CAPS_FIELDS, "caps-fields", "Fields of the caps", register_enum("NvmmTestCapsFields", kFields), 0);
    choice(PROP_BREAK, "break", "What is wrong", register_enum("NvmmTestBreak", kBreaks), 0);
    integer(PROP_BREAK_AT, "break-at", "The frame that is wrong; -1 for all");
    flag(PROP_META, "meta", "Attach NvDsBatchMeta even without objects", false);
    flag(PROP_META_REVERSED, "meta-reversed", "Frames of the metadata in the opposite order", false);
    g_object_class_install_property(
        object, PROP_OBJECTS,
        g_param_spec_string("objects", "objects", "surface:component:class:left:top:width:height;...", "", flags));
    flag(PROP_DRAW, "draw", "Draw the picture", true);
}

static void nvmm_test_src_class_init(NvmmTestSrcClass *klass)
{
    auto *object = G_OBJECT_CLASS(klass);
    object->set_property = set_property;
    object->finalize = finalize;
    install_properties(object);

    auto *element = GST_ELEMENT_CLASS(klass);
    gst_element_class_set_static_metadata(element, "Source of NVMM buffers for tests", "Source/Video/Test",
                                          "Makes memory:NVMM buffers as NVIDIA's elements do, right or wrong",
                                          "cudazerocopy developers");
    GstCaps *caps = gst_caps_from_string("video/x-raw(memory:NVMM), format=(string)" FORMATS
                                         ", width=(int)[1, MAX], height=(int)[1, MAX], framerate=(fraction)[0/1, MAX]");
    gst_element_class_add_pad_template(element, gst_pad_template_new("src", GST_PAD_SRC, GST_PAD_ALWAYS, caps));
    gst_caps_unref(caps);

    auto *base = GST_BASE_SRC_CLASS(klass);
    base->fixate = fixate;
    base->set_caps = set_caps;
    base->decide_allocation = decide_allocation;
    base->stop = stop;
    base->unlock = unlock;
    base->unlock_stop = unlock_stop;
    base->is_seekable = is_seekable;
    GST_PUSH_SRC_CLASS(klass)->create = create;
}

static gboolean plugin_init(GstPlugin *plugin)
{
    return gst_element_register(plugin, "nvmmtestsrc", GST_RANK_NONE, nvmm_test_src_get_type());
}

#define PACKAGE "cudazerocopy"
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvmmtestsrc, "A source of NVMM buffers for tests", plugin_init,
                  "0.1", "MIT", PACKAGE, "https://example.org/cudazerocopy")
#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
