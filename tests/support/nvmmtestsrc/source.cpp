// SPDX-License-Identifier: MIT
#include "source.hpp"

#include "picture.hpp"

namespace zc::nvmm_test {

namespace {

using namespace fake_nvbuf;

constexpr const char *kNicks[] = {"nvbuf-mem-default",      "nvbuf-mem-cuda-pinned",   "nvbuf-mem-cuda-device",
                                  "nvbuf-mem-cuda-unified", "nvbuf-mem-surface-array", "nvbuf-mem-handle",
                                  "nvbuf-mem-system",       "nvbuf-mem-cuda-array"};

struct ColorRow {
    GstVideoFormat format;
    int limited601, full601, limited709, full709, limited2020; // -1: none, then the first
};

constexpr ColorRow kColors[] = {
    {GST_VIDEO_FORMAT_GRAY8, 1, 88, -1, -1, -1},      {GST_VIDEO_FORMAT_I420, 2, 4, 31, 32, 35},
    {GST_VIDEO_FORMAT_YV12, 3, 5, -1, -1, -1},        {GST_VIDEO_FORMAT_NV12, 6, 7, 33, 34, 36},
    {GST_VIDEO_FORMAT_NV21, 8, 9, -1, -1, -1},        {GST_VIDEO_FORMAT_UYVY, 10, 11, 89, 90, 91},
    {GST_VIDEO_FORMAT_VYUY, 12, 13, -1, -1, -1},      {GST_VIDEO_FORMAT_YUY2, 14, 15, -1, -1, -1},
    {GST_VIDEO_FORMAT_YVYU, 16, 17, -1, -1, -1},      {GST_VIDEO_FORMAT_Y444, 18, 71, 72, 73, 74},
    {GST_VIDEO_FORMAT_RGBA, 19, 19, 19, 19, 19},      {GST_VIDEO_FORMAT_BGRA, 20, 20, 20, 20, 20},
    {GST_VIDEO_FORMAT_ARGB, 21, 21, 21, 21, 21},      {GST_VIDEO_FORMAT_ABGR, 22, 22, 22, 22, 22},
    {GST_VIDEO_FORMAT_RGBx, 23, 23, 23, 23, 23},      {GST_VIDEO_FORMAT_BGRx, 24, 24, 24, 24, 24},
    {GST_VIDEO_FORMAT_xRGB, 25, 25, 25, 25, 25},      {GST_VIDEO_FORMAT_xBGR, 26, 26, 26, 26, 26},
    {GST_VIDEO_FORMAT_RGB, 27, 27, 27, 27, 27},       {GST_VIDEO_FORMAT_BGR, 28, 28, 28, 28, 28},
    {GST_VIDEO_FORMAT_P010_10LE, 29, 37, 38, 39, 40}, {GST_VIDEO_FORMAT_NV16, 50, 54, 56, 58, 94},
    {GST_VIDEO_FORMAT_NV24, 52, 55, 57, 59, 104},     {GST_VIDEO_FORMAT_GRAY16_LE, 92, -1, -1, -1, -1},
    {GST_VIDEO_FORMAT_P012_LE, 30, 85, 86, 87, 49},
};

unsigned sampleBytes(const GstVideoInfo &info)
{
    return GST_VIDEO_FORMAT_INFO_DEPTH(info.finfo, 0) > 8 ? 2 : 1;
}

MetaFault metaFault(Break how)
{
    switch (how) {
    case Break::MetaCycle:
        return MetaFault::Cycle;
    case Break::MetaNan:
        return MetaFault::Nan;
    case Break::MetaIndex:
        return MetaFault::Index;
    case Break::MetaCount:
        return MetaFault::Count;
    case Break::MetaNull:
        return MetaFault::Null;
    case Break::MetaType:
        return MetaFault::Type;
    default:
        return MetaFault::None;
    }
}

bool isSurfaceFault(Break how)
{
    return how > Break::None && how < Break::TwoMemories;
}

} // namespace

int colorFormatOf(const GstVideoInfo &info)
{
    const GstVideoColorimetry &c = info.colorimetry;
    const bool full = c.range == GST_VIDEO_COLOR_RANGE_0_255;
    for (const ColorRow &row : kColors) {
        if (row.format != GST_VIDEO_INFO_FORMAT(&info))
            continue;
        int found = full ? row.full601 : row.limited601;
        if (c.matrix == GST_VIDEO_COLOR_MATRIX_BT709)
            found = full ? row.full709 : row.limited709;
        if (c.matrix == GST_VIDEO_COLOR_MATRIX_BT2020)
            found = row.limited2020;
        return found >= 0 ? found : row.limited601;
    }
    return -1;
}

void Source::completeCaps(GstStructure *caps, const Settings &s)
{
    if (s.fields == CapsFields::None)
        return;
    const char *nick = kNicks[s.memType];
    gst_structure_set(caps, "nvbuf-memory-type", G_TYPE_STRING, nick, "gpu-id", G_TYPE_INT, static_cast<int>(s.gpuId),
                      nullptr);
    if (s.producer != Producer::Decoder)
        gst_structure_set(caps, "block-linear", G_TYPE_BOOLEAN, s.blockLinear, nullptr);
    if (s.batchSize > 1) // as nvstreammux
        gst_structure_set(caps, "batch-size", G_TYPE_INT, static_cast<int>(s.batchSize), "num-surfaces-per-frame",
                          G_TYPE_INT, 1, nullptr);
}

std::string Source::start(const Settings &settings, const GstVideoInfo &info, GstCaps *caps)
{
    stop();
    settings_ = settings;
    info_ = info;
    std::string why;
    const Library *l = library(why);
    if (l == nullptr)
        return why;
    if (!parseObjects(settings.objects, objects_))
        return "objects=\"" + settings.objects + "\" is not surface:component:class:left:top:width:height;...";
    SurfaceWish wish;
    wish.create.gpuId = settings.gpuId;
    wish.create.width = static_cast<std::uint32_t>(GST_VIDEO_INFO_WIDTH(&info));
    wish.create.height = static_cast<std::uint32_t>(GST_VIDEO_INFO_HEIGHT(&info));
    wish.create.isContiguous = settings.contiguous;
    wish.create.colorFormat = settings.colorFormat >= 0 ? settings.colorFormat : colorFormatOf(info);
    wish.create.layout = settings.blockLinear ? kLayoutBlockLinear : kLayoutPitch;
    wish.create.memType = settings.memType;
    wish.batchSize = settings.batchSize;
    wish.producer = settings.producer;
    wish.ownsEgl = settings.egl == EglUse::Producer || settings.egl == EglUse::Changing;
    wish.keep = settings.recycle == Recycle::Surfaces;
    store_ = std::make_shared<SurfaceStore>(*l, wish);
    if (settings.recycle != Recycle::Buffers)
        return {};
    pool_ = newSurfacePool(store_, caps, settings.poolSize);
    return gst_buffer_pool_set_active(pool_, TRUE)
               ? std::string()
               : "there are no surfaces of memType " + std::to_string(settings.memType) + " to be had";
}

void Source::stop()
{
    if (pool_ != nullptr)
        gst_buffer_pool_set_active(pool_, FALSE);
    gst_clear_object(&pool_);
    store_.reset();
    mapped_.clear();
    frame_ = 0;
}

void Source::flush(bool on)
{
    if (pool_ != nullptr)
        gst_buffer_pool_set_flushing(pool_, on);
}

GstBuffer *Source::acquire()
{
    GstBuffer *buffer = nullptr;
    if (pool_ != nullptr)
        return gst_buffer_pool_acquire_buffer(pool_, &buffer, nullptr) == GST_FLOW_OK ? buffer : nullptr;
    GstMemory *memory = newSurfaceMemory(store_);
    if (memory == nullptr)
        return nullptr;
    buffer = gst_buffer_new();
    gst_buffer_append_memory(buffer, memory);
    return buffer;
}

bool Source::draw(SurfaceMemory &memory)
{
    const Library &l = store_->library();
    const Batch batch(memory.surface, l.newAbi);
    const unsigned bytes = sampleBytes(info_);
    std::vector<unsigned char> rows;
    for (std::uint32_t i = 0; i < batch.head().batchSize; ++i) {
        const PlaneParams &planes = batch[i].planes;
        for (std::uint32_t p = 0; p < planes.numPlanes; ++p) {
            const std::size_t rowBytes = std::size_t{planes.width[p]} * planes.bytesPerPix[p];
            rows.resize(rowBytes * planes.height[p]);
            for (std::uint32_t y = 0; y < planes.height[p]; ++y)
                for (std::size_t x = 0; x < rowBytes; ++x)
                    rows[y * rowBytes + x] = pictureByte(frame_, i, p, x, y, bytes);
            if (!writePlane(l, memory.surface, i, p, rows.data(), rowBytes, planes.height[p]))
                return false;
        }
    }
    return true;
}

void Source::prepareEgl(SurfaceMemory &memory)
{
    const Library &l = store_->library();
    const Quiet quiet(l);
    const Batch batch(memory.surface, l.newAbi);
    if (batch.head().memType != kMemSurfaceArray)
        return;
    for (std::uint32_t i = 0; i < batch.head().batchSize; ++i) {
        const bool mapped = batch[i].eglImage != nullptr;
        const bool away = settings_.egl == EglUse::Changing || settings_.egl == EglUse::Rude;
        const bool wanted = settings_.egl == EglUse::Changing || settings_.egl == EglUse::Producer;
        if (!mapped && settings_.egl == EglUse::Producer && mapped_.count(memory.surface) != 0)
            g_critical("somebody has unmapped an EGLImage that the producer mapped");
        if (mapped && away)
            l.unmapEgl(memory.surface, static_cast<int>(i));
        if (wanted && batch[i].eglImage == nullptr)
            l.mapEgl(memory.surface, static_cast<int>(i));
    }
    // With surfaces that are destroyed, an address may come again.
    if (settings_.egl == EglUse::Producer && settings_.recycle != Recycle::Nothing)
        mapped_.insert(memory.surface);
}

GstBuffer *Source::spoilBuffer(GstBuffer *buffer)
{
    SurfaceMemory &memory = *surfaceMemory(buffer);
    if (isSurfaceFault(settings_.fault)) {
        memory.breakage->apply(store_->library(), memory.surface, settings_.fault);
        gst_memory_resize(&memory.memory, 0, memory.breakage->shownBytes());
        return buffer;
    }
    if (settings_.fault != Break::TwoMemories && settings_.fault != Break::PlainMemory)
        return buffer;
    GstBuffer *spoilt = gst_buffer_new();
    if (settings_.fault == Break::TwoMemories)
        gst_buffer_append_memory(spoilt, gst_memory_ref(&memory.memory));
    gpointer zeros = g_malloc0(sizeof(NewSurface));
    gst_buffer_append_memory(spoilt, gst_memory_new_wrapped(static_cast<GstMemoryFlags>(0), zeros, sizeof(NewSurface),
                                                            0, sizeof(NewSurface), zeros, g_free));
    gst_buffer_unref(buffer);
    return spoilt;
}

void Source::addMeta(GstBuffer *buffer)
{
    const MetaFault fault = breaksNow() ? metaFault(settings_.fault) : MetaFault::None;
    if (!settings_.meta && objects_.empty() && fault == MetaFault::None)
        return;
    BatchDescription batch;
    batch.frames = settings_.numFilled != 0 ? settings_.numFilled : settings_.batchSize;
    batch.width = static_cast<unsigned>(GST_VIDEO_INFO_WIDTH(&info_));
    batch.height = static_cast<unsigned>(GST_VIDEO_INFO_HEIGHT(&info_));
    batch.frameNumber = frame_;
    batch.pts = GST_BUFFER_PTS(buffer);
    batch.objects = objects_;
    batch.reversed = settings_.metaReversed;
    batch.fault = fault;
    addNvdsMeta(buffer, batch);
}

GstBuffer *Source::next(std::string &why)
{
    GstBuffer *buffer = acquire();
    SurfaceMemory *memory = buffer != nullptr ? surfaceMemory(buffer) : nullptr;
    if (memory == nullptr) {
        why = "there is no surface of memType " + std::to_string(settings_.memType) + " to be had";
        return nullptr;
    }
    const Library &l = store_->library();
    memory->breakage->restore();
    const Batch batch(memory->surface, l.newAbi);
    gst_memory_resize(&memory->memory, 0, batch.bytes());
    if (l.checkSynced != nullptr)
        l.checkSynced(memory->surface);
    batch.head().numFilled = settings_.numFilled != 0 ? settings_.numFilled : settings_.batchSize;
    if (settings_.showDefault)
        batch.head().memType = kMemDefault;
    if (settings_.draw && !draw(*memory)) {
        why = "the picture cannot be written into the surface";
        gst_buffer_unref(buffer);
        return nullptr;
    }
    prepareEgl(*memory);
    const auto fps = static_cast<guint64>(MAX(1, GST_VIDEO_INFO_FPS_N(&info_)));
    const auto per = static_cast<guint64>(MAX(1, GST_VIDEO_INFO_FPS_D(&info_)));
    if (breaksNow())
        buffer = spoilBuffer(buffer);
    GST_BUFFER_PTS(buffer) = gst_util_uint64_scale(frame_, GST_SECOND * per, fps);
    GST_BUFFER_DURATION(buffer) = gst_util_uint64_scale(1, GST_SECOND * per, fps);
    GST_BUFFER_OFFSET(buffer) = frame_;
    addMeta(buffer);
    frame_++;
    return buffer;
}

} // namespace zc::nvmm_test
