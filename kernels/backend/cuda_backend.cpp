// SPDX-License-Identifier: MIT
// Kernels on an NVIDIA GPU: one launch a region, or one a pass of all its channel groups, queued on one stream.
#include "backend/cuda_backend.hpp"

#include "backend/areas.hpp"
#include "backend/cuda_entries.hpp"
#include "backend/cuda_jobs.hpp"
#include "backend/cuda_times.hpp"
#include "core/log.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace zc {

namespace {

using cuda::ContextGuard;
using cuda::DriverResult;

constexpr unsigned kBlockX = device::kBlockX, kBlockY = device::kBlockY;
constexpr const char *kCopyKernel = "device_copy";

std::int64_t pitchFor(std::int64_t bytes)
{
    return (bytes + 255) / 256 * 256;
}

// Device memory that grows, never shrinks, so that a steady stream allocates nothing.
struct DeviceScratch {
    cuda::DeviceMemory memory;
    std::size_t bytes = 0;
};

class CudaBackend final : public Backend {
public:
    CudaBackend(const cuda::Driver &driver, std::optional<cuda::PrimaryContext> primary, cuda::Context context,
                cuda::Device device, cuda::OwnedStream own, cuda::Stream stream, cuda::OwnedEvent done,
                std::string description, const Interrupt *interrupt)
        : d_(driver),
          primary_(std::move(primary)),
          context_(context),
          device_(device),
          ownStream_(std::move(own)),
          stream_(stream),
          used_(stream),
          done_(std::move(done)),
          description_(std::move(description)),
          entries_(context, interrupt)
    {}
    ~CudaBackend() override { (void)wait(); }

    const char *name() const override { return "cuda"; }
    std::string describe() const override { return description_; }
    Status run(const Frame &frame, const Launch &launch) override { return runAlike({&frame, 1}, launch); }
    Status runBatch(std::span<const Frame> frames, const Launch &launch) override;
    Status copy(const Frame &from, const Frame &to) override;
    Status wait() override;
    BackendUse use() const override { return use_; }
    void timeRuns(bool on) override { timing_ = on; }
    bool takeGpuTime(double &seconds) override;

private:
    Status checkPlace(const Frame &frame) const;
    Status told(DriverResult result, const char *what) { return noted(cuda::statusOf(result, what)); }
    Status noted(Status status);
    Status follow(cuda::Stream stream);
    template <class Work> Status queue(cuda::Stream stream, const Work &work);
    Status startTimes();
    Status runAlike(std::span<const Frame> frames, const Launch &launch);
    Status runAreas(std::span<const Frame> frames, const Launch &launch);
    Status runRows(std::span<const Frame> frames, const KernelInfo &kernel, const Rect &area);
    Status runSwap(const Frame &frame, const KernelInfo &kernel, const Rect &area);
    Status runPasses(const Frame &frame, const KernelInfo &kernel, const Rect &area);
    Status takeSnapshots(device::FrameJob &job, bool array);
    Status startPass(device::FrameJob &job, const KernelInfo &kernel, int pass, bool wide, cuda::Size &size);
    Status copyPlanes(const Frame &from, const Frame &to);
    Status copyRows(device::CopyJob job, bool fromArray, bool toArray);
    Status launch(const char *kernel, cuda::Entry entry, cuda::Size size, void *job);
    Result<cuda::Address> reserve(DeviceScratch &scratch, std::int64_t bytes);
    bool needsWide(const device::FrameJob &job, const KernelInfo &kernel) const;

    const cuda::Driver &d_;
    std::optional<cuda::PrimaryContext> primary_;
    cuda::Context context_;
    cuda::Device device_;
    cuda::OwnedStream ownStream_;
    cuda::Stream stream_; // of frames that name none
    cuda::Stream used_;   // by the last work; its owner keeps it until wait() or work on another stream
    cuda::OwnedEvent done_;
    bool pending_ = false;
    std::string description_;
    cuda::Entries entries_;
    AreaCache areas_;
    DeviceScratch snapshot_;
    std::array<DeviceScratch, 2> results_;
    BackendUse use_;
    cuda::RunTimes times_;
    bool timing_ = false;
    alignas(64) std::array<std::uint8_t, host::kMaxArgsBytes> args_{};
    // After a sticky error every call fails: the first one is told, the rest repeat it without asking the driver.
    Status broken_;
};

Status CudaBackend::noted(Status status)
{
    if (status.code() == Code::GpuLost && broken_.ok())
        broken_ = status;
    return status;
}

// An event costs the GPU two microseconds between kernels, so that none is recorded before somebody waits.
Status CudaBackend::wait()
{
    if (!broken_.ok())
        return broken_;
    if (!pending_)
        return {};
    const ContextGuard guard(context_);
    if (!guard.ok())
        return noted(guard.status());
    pending_ = false; // whatever comes of it: nobody waits twice for the same work
    DriverResult result = d_.eventRecord(done_.get(), used_);
    if (result == cuda::kSuccess)
        result = d_.eventSynchronize(done_.get());
    Status waited = told(result, "waiting for the GPU");
    if (!waited.ok() && broken_.ok())
        (void)d_.streamSynchronize(used_); // memory must not go away under work
    return waited;
}

bool CudaBackend::takeGpuTime(double &seconds)
{
    if (!broken_.ok() || !times_.pending())
        return false; // asked at every frame: no call of the driver for nothing
    const ContextGuard guard(context_);
    return guard.ok() && times_.take(seconds);
}

// Follows timeRuns(). Runs that cannot be timed are none the worse, unless that is how a lost GPU shows.
Status CudaBackend::startTimes()
{
    if (timing_ == times_.on())
        return {};
    if (!timing_) {
        times_.stop();
        return {};
    }
    Status started = noted(times_.start(context_));
    if (started.ok() || !broken_.ok())
        return started;
    timing_ = false; // until it is asked for again
    log(LogLevel::Info, "runs are not timed: " + started.message());
    return {};
}

// What comes next on `stream` follows what was queued before on another one.
Status CudaBackend::follow(cuda::Stream stream)
{
    if (!pending_ || stream == used_)
        return {};
    if (Status recorded = told(d_.eventRecord(done_.get(), used_), "cuEventRecord"); !recorded.ok())
        return recorded;
    return told(d_.streamWaitEvent(stream, done_.get(), 0), "cuStreamWaitEvent");
}

template <class Work> Status CudaBackend::queue(cuda::Stream stream, const Work &work)
{
    if (Status ordered = follow(stream); !ordered.ok())
        return ordered;
    used_ = stream;
    pending_ = true; // also of work that fails half way
    return work();
}

// `size` in threads.
Status CudaBackend::launch(const char *kernel, cuda::Entry entry, cuda::Size size, void *job)
{
    if (size.width <= 0 || size.height <= 0)
        return {};
    const auto function = entries_.find(kernel, entry);
    if (!function)
        return noted(function.status());
    void *params[] = {job, args_.data()};
    const auto blocks = [](std::int64_t n, unsigned block) { return static_cast<unsigned>((n + block - 1) / block); };
    return told(d_.launchKernel(function.value(), blocks(size.width, kBlockX), blocks(size.height, kBlockY),
                                size.frames, kBlockX, kBlockY, 1, 0, used_, params, nullptr),
                "cuLaunchKernel");
}

Result<cuda::Address> CudaBackend::reserve(DeviceScratch &scratch, std::int64_t bytes)
{
    const auto wanted = static_cast<std::size_t>(bytes);
    if (wanted <= scratch.bytes)
        return scratch.memory.get();
    // Work on the old block may still be queued.
    if (scratch.bytes > 0)
        if (Status waited = told(d_.streamSynchronize(used_), "waiting for the GPU"); !waited.ok())
            return waited;
    scratch.memory.reset();
    use_.scratchBytes -= scratch.bytes;
    scratch.bytes = 0;
    auto made = cuda::allocate(context_, wanted);
    if (!made)
        return noted(made.status());
    scratch.memory = std::move(made.value());
    scratch.bytes = wanted;
    use_.scratchBytes += wanted;
    ++use_.allocations;
    return scratch.memory.get();
}

// Memory that this GPU and this context reach.
Status CudaBackend::checkPlace(const Frame &frame) const
{
    if (frame.device < 0)
        return {Code::Unsupported, "the GPU cannot reach memory that was not imported for it"};
    if (frame.device != device_)
        return {Code::Unsupported, "the frame lies on GPU " + std::to_string(frame.device) +
                                       ", the kernel runs on GPU " + std::to_string(device_) +
                                       "; set cuda-device-id=" + std::to_string(frame.device)};
    if (frame.context && frame.context != context_)
        return {Code::Unsupported, "the frame belongs to another CUDA context of GPU " + std::to_string(device_) +
                                       " than the kernel; both must share one, as the elements of one pipeline do"};
    const FormatInfo &info = formatInfo(frame.format);
    for (int plane = 1; plane < info.planes; ++plane)
        if ((frame.planes[plane].data == nullptr) != cuda::isArray(frame))
            return {Code::Unsupported, "some planes of the frame are CUDA arrays and some are not"};
    if (cuda::isArray(frame) && info.samplesPerPixel == 3 && info.layout == Layout::PackedRgb)
        return {Code::Unsupported, std::string("no CUDA array holds the three-byte pixels of ") + info.name +
                                       "; convert to a format of four bytes, such as RGBA"};
    return {};
}

Status CudaBackend::runBatch(std::span<const Frame> frames, const Launch &launch)
{
    Status status;
    for (std::size_t done = 0; status.ok() && done < frames.size();) {
        const std::size_t count = cuda::countAlike(frames.subspan(done));
        status = runAlike(frames.subspan(done, count), launch);
        done += count;
    }
    return status;
}

Status CudaBackend::runAlike(std::span<const Frame> frames, const Launch &launch)
{
    if (!broken_.ok())
        return broken_;
    for (const Frame &frame : frames) {
        if (Status checked = checkFrame(frame); !checked.ok())
            return checked;
        if (Status reached = checkPlace(frame); !reached.ok())
            return reached;
    }
    const Frame &f = frames[0];
    if (Status prepared = prepareLaunch(f, launch, args_.data()); !prepared.ok())
        return prepared;
    const ContextGuard guard(context_);
    if (!guard.ok())
        return noted(guard.status());
    if (Status started = startTimes(); !started.ok())
        return started;
    return queue(f.stream ? static_cast<cuda::Stream>(f.stream) : stream_, [&] {
        times_.begin(used_);
        Status status = runAreas(frames, launch);
        times_.end(used_);
        return status;
    });
}

Status CudaBackend::runAreas(std::span<const Frame> frames, const Launch &launch)
{
    const KernelInfo &kernel = *launch.kernel;
    Status status;
    for (const Rect &area : areas_.areasOf(frames[0], launch)) {
        if (kernel.shape != Shape::Frame) {
            status = runRows(frames, kernel, area);
        } else {
            for (std::size_t i = 0; status.ok() && i < frames.size(); ++i)
                status = kernel.swaps ? runSwap(frames[i], kernel, area) : runPasses(frames[i], kernel, area);
        }
        if (!status.ok())
            break;
    }
    return status;
}

Status CudaBackend::runRows(std::span<const Frame> frames, const KernelInfo &kernel, const Rect &area)
{
    cuda::RowsKind kind;
    cuda::Size size;
    const Frame &first = frames[0];
    device::RowsJob job = cuda::rowsJob(first, kernel, args_.data(), area, kind, size);
    for (std::size_t i = 0; i < frames.size(); ++i)
        job.moves[i] = cuda::moveOf(frames[i], first);
    size.frames = static_cast<unsigned>(frames.size());
    return launch(kernel.name, cuda::rowsEntry(kind, cuda::isArray(first)), size, &job);
}

Status CudaBackend::runSwap(const Frame &frame, const KernelInfo &kernel, const Rect &area)
{
    int chunkBytes = 0;
    cuda::Size size;
    device::SwapJob job = cuda::swapJob(frame, area, chunkBytes, size);
    return launch(kernel.name, cuda::swapEntry(chunkBytes, cuda::isArray(frame)), size, &job);
}

// A one-pass kernel reads a copy of the region's rows, made before anything is overwritten.
Status CudaBackend::takeSnapshots(device::FrameJob &job, bool array)
{
    std::array<device::CopyJob, device::kPlanes> copies{};
    std::int64_t total = 0;
    for (int i = 0; i < job.groups; ++i) {
        const device::PassJob &g = job.group[i];
        const int texelBytes = g.step * g.sampleBytes, lo = (g.area.x * g.step + g.firstSample) * g.sampleBytes;
        const int bytes = g.area.width * texelBytes - (g.bitFields ? 0 : (g.step - g.channels) * g.sampleBytes);
        const std::int64_t pitch = pitchFor(bytes);
        device::CopyJob &copy = copies[static_cast<std::size_t>(i)];
        copy.from = {g.picture, g.pitch, lo, lo + bytes, g.area.y, g.area.height};
        copy.to = {static_cast<std::uint64_t>(total), pitch, 0, bytes, 0, g.area.height};
        copy.bytes = bytes;
        copy.rows = g.area.height;
        const std::uint64_t base = array ? 0 : g.picture | static_cast<std::uint64_t>(g.pitch);
        copy.vectors = (base | static_cast<std::uint64_t>(lo)) % 16 == 0;
        total += pitch * g.area.height;
    }
    const auto memory = reserve(snapshot_, total);
    if (!memory)
        return memory.status();
    for (int i = 0; i < job.groups; ++i) {
        device::CopyJob &copy = copies[static_cast<std::size_t>(i)];
        device::PassJob &g = job.group[i];
        copy.to.base += memory.value();
        g.source = copy.to.base - static_cast<std::uint64_t>(copy.to.pitch * g.area.y + copy.from.lo);
        g.sourcePitch = copy.to.pitch;
        if (Status copied = copyRows(copy, array, false); !copied.ok())
            return copied;
    }
    return {};
}

// Whether anything that passes hand to one another may need more than 16 bits.
bool CudaBackend::needsWide(const device::FrameJob &job, const KernelInfo &kernel) const
{
    if (!kernel.largest)
        return true;
    for (int i = 0; i < job.groups; ++i)
        for (int pass = 0; pass + 1 < kernel.passes; ++pass)
            if (kernel.largest(pass, job.group[i].area, args_.data(), (1u << job.group[i].depth) - 1) > 0xffff)
                return true;
    return false;
}

// Extents, room for the results, and the grid of one pass.
Status CudaBackend::startPass(device::FrameJob &job, const KernelInfo &kernel, int pass, bool wide, cuda::Size &size)
{
    const bool last = pass + 1 == kernel.passes;
    std::int64_t total = 0;
    size = {};
    for (int i = 0; i < job.groups; ++i) {
        device::PassJob &g = job.group[i];
        g.extent = kernel.extent(pass, g.area, args_.data());
        g.in = g.out;
        g.inPitch = g.outPitch;
        const std::int64_t numbers = std::int64_t{g.extent.width} * g.channels;
        g.outPitch = pitchFor(numbers * (wide ? 4 : 2));
        g.out = static_cast<std::uint64_t>(total);
        total += g.outPitch * g.extent.height;
        // Passes between the first and the last compute one number a thread; the last one of bit fields, one word.
        const bool lanes =
            (pass == 0) != last && (kernel.lanes >> pass & 1) != 0 && !g.bitFields && g.step == g.channels;
        const bool strips = lanes && last && kernel.sumsRows;
        const std::int64_t each = strips                ? device::kStripLanes
                                  : lanes               ? device::kLaneBytes / g.sampleBytes
                                  : g.bitFields && last ? g.channels
                                                        : 1;
        const int blockRows = device::kBlockY * (strips ? device::kStripRows : 1);
        g.blockRows = (g.extent.height + blockRows - 1) / blockRows;
        size.width = std::max(size.width, (numbers + each - 1) / each);
        size.height += std::int64_t{g.blockRows} * device::kBlockY;
    }
    if (last)
        return {};
    const auto memory = reserve(results_[static_cast<std::size_t>(pass & 1)], total);
    if (!memory)
        return memory.status();
    for (int i = 0; i < job.groups; ++i)
        job.group[i].out += memory.value();
    return {};
}

Status CudaBackend::runPasses(const Frame &frame, const KernelInfo &kernel, const Rect &area)
{
    device::FrameJob job = cuda::frameJob(frame, area);
    if (job.groups == 0)
        return {};
    const bool array = cuda::isArray(frame);
    if (kernel.passes == 1)
        if (Status taken = takeSnapshots(job, array); !taken.ok())
            return taken;
    const bool wide = needsWide(job, kernel);
    const int bytes = job.group[0].sampleBytes;
    for (int pass = 0; pass < kernel.passes; ++pass) {
        cuda::Size size;
        if (Status started = startPass(job, kernel, pass, wide, size); !started.ok())
            return started;
        const cuda::Entry entry = pass + 1 == kernel.passes ? cuda::passEntry(cuda::PassPart::Last, bytes, wide, array)
                                  : pass == 0               ? cuda::passEntry(cuda::PassPart::First, bytes, wide, array)
                                                            : cuda::middleEntry(pass, wide);
        if (Status launched = launch(kernel.name, entry, size, &job); !launched.ok())
            return launched;
    }
    return {};
}

Status CudaBackend::copyRows(device::CopyJob job, bool fromArray, bool toArray)
{
    return launch(kCopyKernel, cuda::copyEntry(fromArray, toArray),
                  {(job.bytes + device::kChunkBytes - 1) / device::kChunkBytes, job.rows}, &job);
}

Status CudaBackend::copyPlanes(const Frame &from, const Frame &to)
{
    for (int plane = 0; plane < formatInfo(from.format).planes; ++plane)
        if (Status copied = copyRows(cuda::copyJob(from, to, plane), cuda::isArray(from), cuda::isArray(to));
            !copied.ok())
            return copied;
    return {};
}

// Queued on the stream of the frame that is written, behind what the other one's stream holds already.
Status CudaBackend::copy(const Frame &from, const Frame &to)
{
    if (!broken_.ok())
        return broken_;
    for (const Frame *frame : {&from, &to})
        if (Status checked = checkFrame(*frame); !checked.ok())
            return checked;
    if (from.format != to.format || from.width != to.width || from.height != to.height)
        return {Code::InvalidArgument, "frames of different format or size cannot be copied"};
    for (const Frame *frame : {&from, &to})
        if (Status reached = checkPlace(*frame); !reached.ok())
            return reached;
    const ContextGuard guard(context_);
    if (!guard.ok())
        return noted(guard.status());
    const auto streamOf = [&](const Frame &f) { return f.stream ? static_cast<cuda::Stream>(f.stream) : stream_; };
    if (streamOf(from) != streamOf(to))
        if (Status ordered = queue(streamOf(from), [] { return Status{}; }); !ordered.ok())
            return ordered;
    return queue(streamOf(to), [&] { return copyPlanes(from, to); });
}

} // namespace

Result<std::unique_ptr<Backend>> makeCudaBackend(const CudaOptions &options)
{
    const auto opened = cuda::driver();
    if (!opened)
        return opened.status();
    const cuda::Driver &d = *opened.value();
    std::optional<cuda::PrimaryContext> primary;
    cuda::Context context = options.context;
    if (!context) {
        auto retained = cuda::PrimaryContext::retain(options.device);
        if (!retained)
            return retained.status();
        primary.emplace(std::move(retained.value()));
        context = primary->get();
    }
    const ContextGuard guard(context);
    if (!guard.ok())
        return guard.status();
    cuda::Device device = 0;
    if (const DriverResult result = d.ctxGetDevice(&device); result != cuda::kSuccess)
        return cuda::statusOf(result, "cuCtxGetDevice");
    cuda::OwnedStream own;
    if (!options.stream) {
        auto made = cuda::makeStream(context);
        if (!made)
            return made.status();
        own = std::move(made.value());
    }
    auto done = cuda::makeEvent(context, cuda::kEventBlocking | cuda::kEventNoTiming);
    if (!done)
        return done.status();
    const cuda::Stream stream = options.stream ? options.stream : own.get();
    return std::unique_ptr<Backend>(std::make_unique<CudaBackend>(d, std::move(primary), context, device,
                                                                  std::move(own), stream, std::move(done.value()),
                                                                  cuda::describeDevice(d, device), options.interrupt));
}

} // namespace zc
