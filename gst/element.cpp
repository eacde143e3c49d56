// SPDX-License-Identifier: MIT
// Start, caps, the decision about each buffer, and the kernel's run over it.
#include "element.hpp"

#include "backend/gpu.hpp"
#include "log.hpp"
#include "memory/cuda_memory.hpp"
#include "memory/gl_memory.hpp"
#include "messages.hpp"

#include <algorithm>
#include <utility>

#define GST_CAT_DEFAULT logElement

namespace zc::gst {

namespace {

// A stream may come in a segment of bytes or frames, for which GStreamer's conversions are not made.
GstClockTime streamTime(const GstSegment &segment, GstBuffer *buffer)
{
    return segment.format == GST_FORMAT_TIME
               ? gst_segment_to_stream_time(&segment, GST_FORMAT_TIME, GST_BUFFER_TIMESTAMP(buffer))
               : GST_CLOCK_TIME_NONE;
}

GstClockTime runningTime(const GstSegment &segment, GstBuffer *buffer)
{
    return segment.format == GST_FORMAT_TIME
               ? gst_segment_to_running_time(&segment, GST_FORMAT_TIME, GST_BUFFER_TIMESTAMP(buffer))
               : GST_CLOCK_TIME_NONE;
}

constexpr unsigned kFreePathPosts = 8; // then one a second, since a stream may alternate frame by frame

} // namespace

Element::Element(GstBaseTransform *base)
    : base_(base), contexts_(GST_ELEMENT(base)), gl_(GST_ELEMENT(base)), reach_(GST_ELEMENT(base), gl_)
{}

void Element::warn(const std::string &text) const
{
    warnUser(GST_ELEMENT(base_), *settings_, text);
}

GstFlowReturn Element::fail(const Status &status)
{
    if (status.code() == Code::Interrupted)
        return GST_FLOW_FLUSHING;
    if (status.code() == Code::GpuLost && std::exchange(gpuIsLost_, true))
        return GST_FLOW_ERROR;
    postError(GST_ELEMENT(base_), status);
    return GST_FLOW_ERROR;
}

GstStructure *Element::statsStructure() const
{
    const std::string params = settings_->paramsText();
    const std::string name = settings_->kernelName();
    GstStructure *stats = stats_.toStructure(params.empty() ? name : name + "," + params);
    gst_structure_set(stats, "unique-id", G_TYPE_UINT, settings_->get(&Choices::uniqueId), nullptr);
    return stats;
}

bool Element::start()
{
    Status status = settings_->checkForStart();
    const std::vector<std::string> notes = settings_->takeNotes();
    settings_->setRunning(true);
    seen_ = 0;
    settings_->refresh(choices_, seen_);
    neutral_ = choices_.kernel->isNeutral(choices_.params.view());
    gpuIsLost_ = false;
    if (status.ok())
        status = compute_.start(choices_.device, choices_.deviceId);
    for (const std::string &note : notes) {
        if (status.ok() || note != status.message()) // the error says that one again
            postWarning(GST_ELEMENT(base_), note);
    }
    if (!status.ok()) {
        settings_->setRunning(false);
        fail(status);
        return false;
    }
    compileAhead();
    stats_.reset();
    if (const std::string why = compute_.whyNoGpu(); !why.empty() && compute_.expectsGpu())
        warn(why);
    else if (!why.empty())
        GST_WARNING_OBJECT(base_, "%s", why.c_str());
    if (choices_.device != Device::Cpu && cudaMemoryBuilt()) {
        if (const Status usable = cudaMemoryUsable(); !usable)
            warn(usable.message());
    }
    importers_ = makeImporters(site());
    copier_.start(site());
    stats_.setDevice(compute_.describe());
    frameIndex_ = 0;
    copyAnnounced_ = false;
    pathPosts_ = 0;
    started_ = true;
    return true;
}

ImportSite Element::site()
{
    return {GST_ELEMENT(base_), choices_.device, choices_.deviceId, &contexts_, &gl_, compute_.hostGpu()};
}

void Element::stop()
{
    started_ = false;
    settings_->setRunning(false);
    compute_.clear();
    importers_.clear();
    copier_.clear();
    contexts_.release();
    gl_.release();
    toldOfGl_ = false;
    regions_.clear();
    haveCaps_ = false;
    gst_clear_caps(&caps_);
    gst_clear_caps(&refusedCaps_);
    plan_ = Plan::Leave;
    seen_ = 0;
}

bool Element::setCaps(GstCaps *caps)
{
    if (!started_)
        return false; // sticky: they come again with the next buffer
    auto parsed = parseCaps(caps);
    if (const Status status =
            parsed ? reach_.check(parsed.value(), choices_.device, choices_.deviceId) : parsed.status();
        !status) {
        GST_WARNING_OBJECT(base_, "cannot work on %" GST_PTR_FORMAT, caps);
        // Refused caps stay on upstream's pad and come again with each event; one message is enough.
        if (refusedCaps_ == nullptr || !gst_caps_is_equal(refusedCaps_, caps))
            fail(status);
        gst_caps_replace(&refusedCaps_, caps);
        return false;
    }
    if (caps_ != nullptr && gst_caps_is_equal(caps_, caps))
        return true;
    negotiated_ = parsed.value();
    gst_caps_replace(&caps_, caps);
    picture_ = {};
    picture_.format = negotiated_.format;
    picture_.width = GST_VIDEO_INFO_WIDTH(&negotiated_.pixels);
    picture_.height = GST_VIDEO_INFO_HEIGHT(&negotiated_.pixels);
    setPlaneSizes(picture_);
    for (auto &importer : importers_)
        importer->clear();
    copier_.forget();
    if (const auto kept = compute_.keepLast())
        contexts_.keepOnly(*kept);
    haveCaps_ = true;
    compileAhead();
    GST_DEBUG_OBJECT(base_, "works on %" GST_PTR_FORMAT, caps);
    return true;
}

// Before the first frame of a kernel needs it, on the GPU that frames are expected on.
void Element::compileAhead() const
{
    const bool onGpu = haveCaps_ && choices_.device != Device::Cpu &&
                       (negotiated_.feature == MemoryKind::Cuda || negotiated_.feature == MemoryKind::Nvmm ||
                        negotiated_.feature == MemoryKind::Gl);
    if (choices_.device == Device::Cuda || onGpu)
        prefetchGpuKernel(std::max({choices_.deviceId, contexts_.device(), 0}), choices_.kernel->name);
}

void Element::explainCaps(GstCaps *caps)
{
    if (!started_ || (refusedCaps_ != nullptr && gst_caps_is_equal(refusedCaps_, caps)))
        return;
    const auto parsed = parseCaps(caps);
    const Status status = parsed ? reach_.check(parsed.value(), choices_.device, choices_.deviceId) : Status();
    // After good caps, the same bad ones are news again.
    gst_caps_replace(&refusedCaps_, status.ok() ? nullptr : caps);
    if (!status.ok())
        fail(status);
}

bool Element::proposeMemory(GstQuery *query)
{
    return gst::proposeCudaPool(query, contexts_, settings_->get(&Choices::deviceId)) || proposeGlPool(query, gl_);
}

void Element::setContext(GstContext *context)
{
    contexts_.take(context, settings_->get(&Choices::deviceId));
    gl_.take(context);
}

GstCaps *Element::transformCaps(GstCaps *caps, GstCaps *filter)
{
    std::string why;
    GstCaps *result =
        reach_.narrow(caps, filter, settings_->get(&Choices::device), settings_->get(&Choices::deviceId), why);
    if (!why.empty() && started_ && !toldOfGl_.exchange(true))
        warn(why);
    return result;
}

void Element::beforeTransform(GstBuffer *buffer, GstObject *kernelObject)
{
    if (!started_)
        return;
    const GstClockTime time = streamTime(base_->segment, buffer);
    if (GST_CLOCK_TIME_IS_VALID(time)) {
        gst_object_sync_values(GST_OBJECT(base_), time);
        gst_object_sync_values(kernelObject, time);
    }
    const KernelInfo *before = choices_.kernel;
    if (settings_->refresh(choices_, seen_))
        neutral_ = choices_.kernel->isNeutral(choices_.params.view());
    if (choices_.kernel != before)
        compileAhead();
    // A neutral kernel costs nothing at all: the base class hands the buffer on.
    if (gst_base_transform_is_passthrough(base_) != static_cast<gboolean>(neutral_)) {
        GST_DEBUG_OBJECT(base_, "%s", neutral_ ? "neutral parameters: passthrough" : "works on frames");
        gst_base_transform_set_passthrough(base_, neutral_);
    }
}

GstFlowReturn Element::prepareOutput(GstBuffer *in, GstBuffer **out)
{
    if (!started_)
        return GST_FLOW_FLUSHING;
    if (gpuIsLost_)
        return GST_FLOW_ERROR;
    began_ = gst_util_get_timestamp();
    *out = in;
    plan_ = Plan::Leave;
    if (gst_base_transform_is_passthrough(base_) || GST_BUFFER_FLAG_IS_SET(in, GST_BUFFER_FLAG_GAP))
        return leave();
    if (!haveCaps_)
        return GST_FLOW_NOT_NEGOTIATED;
    if (hasNoTarget(in))
        return leave();

    plan_ = Plan::Run;
    outcome_ = Outcome::InPlace;
    const Sharing sharing = sharingOf(in, negotiated_.feature);
    return sharing == Sharing::Exclusive ? GST_FLOW_OK : resolveSharing(sharing, in, out);
}

// Of a batch, only the importer knows how many frames there are and how big: see runFrames().
bool Element::hasNoTarget(GstBuffer *buffer)
{
    regions_.read(buffer, choices_);
    if (regions_.nothing() || negotiated_.feature == MemoryKind::Nvmm)
        return regions_.nothing();
    regions_.setFrames(1);
    return regions_.of(0, picture_).nothing();
}

GstFlowReturn Element::leave()
{
    plan_ = Plan::Leave;
    record(Outcome::PassedThrough);
    return GST_FLOW_OK;
}

GstFlowReturn Element::resolveSharing(Sharing sharing, GstBuffer *in, GstBuffer **out)
{
    switch (choices_.onShared) {
    case OnShared::Write:
        return GST_FLOW_OK;
    case OnShared::Passthrough:
        return leave();
    case OnShared::Error:
        return fail({Code::System, std::string("on-shared=error: cannot write in place: ") + sharingReason(sharing) +
                                       "; " + sharingCure(sharing) + ", or use on-shared=copy"});
    case OnShared::Copy:
        break;
    }
    return copyShared(sharing, in, out);
}

GstFlowReturn Element::copyShared(Sharing sharing, GstBuffer *in, GstBuffer **out)
{
    const std::string reason = sharingReason(sharing);
    if (choices_.zeroCopy == ZeroCopy::Required)
        return fail({Code::System, "zero-copy=required, but this buffer would have to be copied: " + reason + "; " +
                                       sharingCure(sharing) + ", or use zero-copy=preferred"});
    Importer *importer = importerFor(in);
    if (importer == nullptr)
        return GST_FLOW_ERROR;
    auto copy = copier_.copy(in, negotiated_, caps_, base_->srcpad, *importer, compute_);
    if (!copy)
        return fail(copy.status());
    if (!copyAnnounced_) {
        copyAnnounced_ = true;
        GST_ELEMENT_WARNING(base_, STREAM, FAILED, ("Frames are copied before they are changed: %s", reason.c_str()),
                            ("To avoid it: %s. on-shared says what else may happen.", sharingCure(sharing)));
    }
    GST_CAT_DEBUG_OBJECT(logCopies, base_, "copied a frame: %s", reason.c_str());
    outcome_ = Outcome::Copied;
    *out = copy.value();
    return GST_FLOW_OK;
}

Importer *Element::importerFor(GstBuffer *buffer)
{
    Importer *importer = findImporter(importers_, buffer, negotiated_);
    if (importer == nullptr)
        fail({Code::Unsupported,
              "cannot address a buffer of " + describeMemory(buffer) +
                  "; system memory, dmabufs and CUDA memory would work (videoconvert or a download element "
                  "before cudazerocopy makes system memory)"});
    return importer;
}

GstFlowReturn Element::transformInPlace(GstBuffer *buffer)
{
    if (plan_ == Plan::Leave)
        return GST_FLOW_OK;
    Importer *importer = importerFor(buffer);
    if (importer == nullptr)
        return GST_FLOW_ERROR;
    const auto layout = importer->layout(buffer, negotiated_);
    if (!layout)
        return fail(layout.status());
    const auto frames = importer->open(buffer, layout.value(), negotiated_, Access::ReadWrite);
    if (!frames)
        return fail(frames.status());
    memory_ = importer->kind();
    const Status status = runFrames(frames.value(), importer->staysQueued(), buffer);
    const Status closed = importer->close();
    if (!status.ok() || !closed.ok())
        return fail(status.ok() ? closed : status);
    record(outcome_);
    return GST_FLOW_OK;
}

Status Element::runFrames(std::span<const Frame> frames, bool mayStayQueued, GstBuffer *buffer)
{
    Status status;
    Backend *used = nullptr; // one for all frames of a buffer, which share their memory
    regions_.setFrames(frames.size());
    for (std::size_t i = 0; i < frames.size() && status.ok(); ++i)
        status = checkFrame(frames[i]);
    for (std::size_t done = 0; done < frames.size() && status.ok();) {
        const std::span<const Frame> rest = frames.subspan(done);
        const Target target = regions_.of(done, rest.front());
        const std::span<const Frame> group = rest.first(countOfTarget(target, done, rest));
        done += group.size();
        if (target.nothing())
            continue;
        const auto backend = compute_.backendFor(group.front());
        if (backend && used == nullptr)
            compute_.timeFrame(*backend.value());
        if (backend)
            used = backend.value();
        status = backend ? runOn(group, target, *used, buffer) : backend.status();
    }
    if (status.ok() && used == nullptr && outcome_ == Outcome::InPlace)
        outcome_ = Outcome::PassedThrough;
    // After a failure, too: what was queued before it must not outlive the buffer.
    if (used != nullptr && (!status.ok() || !mayStayQueued)) {
        const Status waited = Compute::finish(*used);
        status = status.ok() ? waited : status;
    }
    return status;
}

// Frames of a batch that are acted on in the same places go to the GPU together. `first` is the number of the first of
// them, whose target is given.
std::size_t Element::countOfTarget(const Target &target, std::size_t first, std::span<const Frame> frames)
{
    const auto same = [&](const Target &other) {
        return target.wholeFrame == other.wholeFrame && std::ranges::equal(target.rects, other.rects);
    };
    std::size_t count = 1;
    while (count < frames.size() && same(regions_.of(first + count, frames[count])))
        ++count;
    return count;
}

Status Element::runOn(std::span<const Frame> frames, const Target &target, Backend &backend, GstBuffer *buffer)
{
    const GstClockTime time = runningTime(base_->segment, buffer);
    Launch launch;
    launch.kernel = choices_.kernel;
    launch.params = &choices_.params;
    launch.regions = target.rects;
    launch.wholeFrame = target.wholeFrame;
    launch.frameIndex = frameIndex_;
    launch.seconds = GST_CLOCK_TIME_IS_VALID(time) ? static_cast<double>(time) / static_cast<double>(GST_SECOND) : 0.0;

    // A mixed stream marks the buffers that hold two fields; an interleaved one holds nothing else.
    const bool twoFields =
        negotiated_.interlaced && choices_.kernel->shape == Shape::Frame &&
        (GST_VIDEO_INFO_INTERLACE_MODE(&negotiated_.pixels) != GST_VIDEO_INTERLACE_MODE_MIXED ||
         GST_BUFFER_FLAG_IS_SET(buffer, static_cast<GstBufferFlags>(GST_VIDEO_BUFFER_FLAG_INTERLACED)));
    if (!twoFields)
        return backend.runBatch(frames, launch);
    Status status;
    for (std::size_t i = 0; i < frames.size() && status.ok(); ++i)
        status = runFields(frames[i], backend, launch);
    return status;
}

Status Element::runFields(const Frame &frame, Backend &backend, Launch launch)
{
    Status status;
    if (frame.planes[0].data == nullptr) // every other row of an array has no address
        status = {Code::Unsupported, std::string("kernel ") + choices_.kernel->name +
                                         " works on each field of an interlaced frame, which this frame's memory (a "
                                         "CUDA array) cannot be split into; put a deinterlacer before cudazerocopy, or "
                                         "convert to pitch-linear memory (nvvidconv bl-output=false)"};
    const std::span<const Rect> wholeHeight = launch.regions;
    for (int parity = 0; status.ok() && parity < 2; ++parity) {
        const Frame field = fieldOf(frame, parity);
        if (field.height <= 0)
            continue;
        fieldRects_.clear();
        for (const Rect &rect : wholeHeight)
            fieldRects_.push_back(rectOfField(rect, parity));
        launch.regions = fieldRects_;
        status = backend.run(field, launch);
    }
    return status;
}

void Element::record(Outcome outcome)
{
    FrameRecord frame;
    frame.outcome = outcome;
    frame.memory = memory_;
    frame.time = gst_util_get_timestamp() - began_;
    frame.imports = copier_.counters();
    for (const auto &importer : importers_) {
        const ImportCounters c = importer->counters();
        frame.imports.imports += c.imports;
        frame.imports.cacheHits += c.cacheHits;
    }
    frame.scratchBytes = compute_.use().scratchBytes;
    frame.gpuTime = static_cast<GstClockTime>(compute_.takeGpuSeconds() * static_cast<double>(GST_SECOND));
    ++frameIndex_;
    stats_.setDevice(compute_.describe());
    if (stats_.add(frame) && mayPostPathChange())
        postStats();
}

bool Element::mayPostPathChange()
{
    const GstClockTime now = gst_util_get_timestamp();
    if (pathPosts_ >= kFreePathPosts && now - lastPathPost_ < GST_SECOND)
        return false;
    ++pathPosts_;
    lastPathPost_ = now;
    return true;
}

void Element::postStats()
{
    gst_element_post_message(GST_ELEMENT(base_), gst_message_new_element(GST_OBJECT(base_), statsStructure()));
}

void Element::atEos()
{
    postStats();
}

} // namespace zc::gst
