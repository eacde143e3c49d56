// SPDX-License-Identifier: MIT
// Kernels on an NVIDIA GPU: one launch a region, or one a pass and channel group, queued on one stream.
#include "backend/cuda_backend.hpp"

#include "backend/cuda_jobs.hpp"
#include "backend/cuda_times.hpp"
#include "cuda/modules.hpp"
#include "runtime/built_in.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace zc {

namespace {

using cuda::ContextGuard;
using cuda::DriverResult;

constexpr unsigned kBlockX = device::kBlockX, kBlockY = device::kBlockY;

// Device memory that grows, never shrinks, so that a steady stream allocates nothing.
class DeviceScratch {
public:
    Result<cuda::Address> reserve(cuda::Context context, cuda::Stream stream, std::size_t bytes, BackendUse &use)
    {
        if (bytes <= bytes_)
            return memory_.get();
        // Work on the old block may still be queued.
        if (const DriverResult result = cuda::driverIfOpen()->streamSynchronize(stream); result != cuda::kSuccess)
            return cuda::statusOf(result, "cuStreamSynchronize");
        memory_.reset();
        use.scratchBytes -= bytes_;
        bytes_ = 0;
        auto made = cuda::allocate(context, bytes);
        if (!made)
            return made.status();
        memory_ = std::move(made.value());
        bytes_ = bytes;
        use.scratchBytes += bytes;
        ++use.allocations;
        return memory_.get();
    }

private:
    cuda::DeviceMemory memory_;
    std::size_t bytes_ = 0;
};

std::int64_t pitchFor(std::int64_t bytes)
{
    return (bytes + 255) / 256 * 256;
}

class CudaBackend final : public Backend {
public:
    CudaBackend(const cuda::Driver &driver, std::optional<cuda::PrimaryContext> primary, cuda::Context context,
                cuda::Device device, cuda::OwnedStream own, cuda::Stream stream, cuda::OwnedEvent done,
                std::string description)
        : d_(driver),
          primary_(std::move(primary)),
          context_(context),
          device_(device),
          ownStream_(std::move(own)),
          stream_(stream),
          done_(std::move(done)),
          description_(std::move(description))
    {}
    ~CudaBackend() override { (void)wait(); }

    const char *name() const override { return "cuda"; }
    std::string describe() const override { return description_; }
    Status run(const Frame &frame, const Launch &launch) override;
    Status copy(const Frame &from, const Frame &to) override;
    Status wait() override;
    BackendUse use() const override { return use_; }
    void timeRuns(bool on) override { timing_ = on; }
    bool takeGpuTime(double &seconds) override;

private:
    Status startTimes();
    Status runAreas(const Frame &frame, const Launch &launch);
    Status prepare(const Frame &frame, const Launch &launch);
    Status runRows(const Frame &frame, const KernelInfo &kernel, const Rect &area);
    Status runPasses(const Frame &frame, const KernelInfo &kernel, const Rect &area);
    Status runGroup(const Frame &frame, const KernelInfo &kernel, const host::Group &group, int plane,
                    const Rect &area);
    Status takeSnapshot(device::PassJob &job, bool array);
    Status copyRows(const device::CopyJob &job, bool fromArray, bool toArray);
    Status launch(const std::string &kernel, const std::string &entry, std::int64_t width, std::int64_t height,
                  void *job);
    Result<cuda::LoadedKernel *> kernelNamed(const std::string &name);

    const cuda::Driver &d_;
    std::optional<cuda::PrimaryContext> primary_;
    cuda::Context context_;
    cuda::Device device_;
    cuda::OwnedStream ownStream_;
    cuda::Stream stream_;
    cuda::OwnedEvent done_;
    std::string description_;
    std::map<std::string, std::shared_ptr<cuda::LoadedKernel>> kernels_;
    DeviceScratch snapshot_;
    std::array<DeviceScratch, 2> results_;
    BackendUse use_;
    cuda::RunTimes times_;
    bool timing_ = false;
    alignas(64) std::array<std::uint8_t, host::kMaxArgsBytes> args_{};
    // After a sticky error every call fails: the first one is told, the rest repeat it without asking the driver.
    Status broken_;
};

Status CudaBackend::wait()
{
    if (!broken_.ok())
        return broken_;
    const ContextGuard guard(context_);
    if (!guard.ok())
        return guard.status();
    DriverResult result = d_.eventRecord(done_.get(), stream_);
    if (result == cuda::kSuccess)
        result = d_.eventSynchronize(done_.get());
    if (cuda::isSticky(result))
        broken_ = cuda::statusOf(result, "a kernel on the GPU");
    return cuda::statusOf(result, "waiting for the GPU");
}

bool CudaBackend::takeGpuTime(double &seconds)
{
    if (!broken_.ok() || !times_.on())
        return false;
    const ContextGuard guard(context_);
    return guard.ok() && times_.take(seconds);
}

// Follows timeRuns(), which has no way to fail.
Status CudaBackend::startTimes()
{
    if (timing_ == times_.on())
        return {};
    if (timing_)
        return times_.start(context_);
    times_.stop();
    return {};
}

Result<cuda::LoadedKernel *> CudaBackend::kernelNamed(const std::string &name)
{
    auto &slot = kernels_[name];
    if (!slot) {
        auto loaded = cuda::loadKernel(context_, name);
        if (!loaded)
            return loaded.status();
        slot = std::move(loaded.value());
    }
    return slot.get();
}

// `width` and `height` in threads.
Status CudaBackend::launch(const std::string &kernel, const std::string &entry, std::int64_t width, std::int64_t height,
                           void *job)
{
    if (width <= 0 || height <= 0)
        return {};
    const auto loaded = kernelNamed(kernel);
    if (!loaded)
        return loaded.status();
    const auto function = loaded.value()->entry(entry);
    if (!function)
        return function.status();
    void *params[] = {job, args_.data()};
    const auto blocks = [](std::int64_t n, unsigned block) { return static_cast<unsigned>((n + block - 1) / block); };
    const DriverResult result = d_.launchKernel(function.value(), blocks(width, kBlockX), blocks(height, kBlockY), 1,
                                                kBlockX, kBlockY, 1, 0, stream_, params, nullptr);
    const Status status = cuda::statusOf(result, "cuLaunchKernel");
    if (cuda::isSticky(result))
        broken_ = status;
    return status;
}

Status CudaBackend::prepare(const Frame &frame, const Launch &launch)
{
    if (!launch.kernel || !launch.params)
        return {Code::InvalidArgument, "a launch needs a kernel and its parameters"};
    const KernelInfo &kernel = *launch.kernel;
    if (kernel.index < 0 || static_cast<std::size_t>(kernel.index) >= builtInKernels().size())
        return {Code::NotFound, std::string("the GPU has no kernel \"") + kernel.name + "\""};
    if (launch.params->values().size() != kernel.params.size() || launch.params->specs().data() != kernel.params.data())
        return {Code::InvalidArgument, std::string("the parameters are not those of kernel \"") + kernel.name + "\""};
    if (kernel.shape == Shape::Colour && !kernel.plan)
        return {Code::Unsupported, std::string("kernel \"") + kernel.name +
                                       "\" works on RGB, which the GPU does not do in this version; use device=cpu"};
    if (frame.device < 0)
        return {Code::Unsupported, "the GPU cannot reach memory that was not imported for it"};
    if (frame.device != device_)
        return {Code::Unsupported, "the frame lies on GPU " + std::to_string(frame.device) +
                                       ", the kernel runs on GPU " + std::to_string(device_) +
                                       "; set cuda-device-id=" + std::to_string(frame.device)};
    FrameTraits traits;
    traits.width = frame.width;
    traits.height = frame.height;
    const LumaWeights weights = lumaWeights(frame.matrix);
    traits.kr = weights.red;
    traits.kb = weights.blue;
    kernel.prepare(launch.params->view(), traits, args_.data());
    return {};
}

Status CudaBackend::run(const Frame &frame, const Launch &launch)
{
    if (!broken_.ok())
        return broken_;
    Frame f = frame;
    if (!isYuv(formatInfo(f.format)) && formatInfo(f.format).layout != Layout::Gray)
        f.matrix = ColorMatrix::Bt601;
    if (const Status checked = checkFrame(f); !checked.ok())
        return checked;
    if (const Status prepared = prepare(f, launch); !prepared.ok())
        return prepared;
    const ContextGuard guard(context_);
    if (!guard.ok())
        return guard.status();
    if (const Status started = startTimes(); !started.ok())
        return started;
    times_.begin(stream_);
    const Status status = runAreas(f, launch);
    times_.end(stream_);
    return status;
}

Status CudaBackend::runAreas(const Frame &f, const Launch &launch)
{
    const KernelInfo &kernel = *launch.kernel;
    std::vector<Rect> areas;
    if (launch.wholeFrame)
        areas.push_back({0, 0, f.width, f.height});
    else
        areas = clipToFrame({launch.regions.begin(), launch.regions.end()}, f);
    if (kernel.shape != Shape::Frame)
        areas = disjoint(areas);
    for (const Rect &area : areas) {
        const Status status = kernel.shape == Shape::Frame ? runPasses(f, kernel, area) : runRows(f, kernel, area);
        if (!status.ok())
            return status;
    }
    return {};
}

Status CudaBackend::runRows(const Frame &frame, const KernelInfo &kernel, const Rect &area)
{
    const FormatInfo &info = formatInfo(frame.format);
    device::RowsJob job = cuda::rowsJob(frame, area);
    const char *kind = cuda::rowsKind(info, kernel.shape);
    if (kernel.shape == Shape::Colour) {
        job.planarChroma = info.layout == Layout::Planar ? 1 : 0;
        if (job.planarChroma && info.order.u == 2)
            std::swap(job.plane[1], job.plane[2]); // the loops expect U, then V
        kernel.plan(args_.data(), job.codes, job.kr, job.kb, job.plan);
        if (info.layout != Layout::Packed422 && isYuv(info) && job.plan.keepsLuma)
            job.plane[0].rows = 0;
        if (info.layout == Layout::Packed422)
            job.plane[0].hi = (job.plane[0].hi + 3) / 4 * 4; // whole pairs; the odd one is put back
        for (int i = 1; i < info.planes; ++i)
            if (job.plan.keepsChroma)
                job.plane[i].rows = 0;
    }
    const int bytes = std::string_view(kind) == "24" ? 48 : device::kChunkBytes;
    std::int64_t width = 0, height = 0;
    for (int i = 0; i < (job.planarChroma ? 2 : job.planes); ++i) {
        const device::PlaneJob &p = job.plane[i];
        const std::int64_t chunks = (p.hi + bytes - 1) / bytes - p.lo / bytes;
        width = std::max(width, (chunks + device::kChunksEach - 1) / device::kChunksEach);
        height += p.rows;
    }
    return launch(kernel.name, std::string("zc_rows_") + kind + (cuda::isArray(frame) ? "_surface" : "_pitch"), width,
                  height, &job);
}

Status CudaBackend::runPasses(const Frame &frame, const KernelInfo &kernel, const Rect &area)
{
    host::Group groups[kMaxGroups];
    const int count = host::groupsOf(frame, groups);
    const bool onePlane = formatInfo(frame.format).planes == 1;
    for (int i = 0; i < count; ++i) {
        const Status status = runGroup(frame, kernel, groups[i], onePlane ? 0 : i, area);
        if (!status.ok())
            return status;
    }
    return {};
}

// A one-pass kernel reads a copy of the region's rows, made before anything is overwritten.
Status CudaBackend::takeSnapshot(device::PassJob &job, bool array)
{
    const int texelBytes = job.step * job.sampleBytes;
    const int lo = job.area.x * texelBytes,
              bytes =
                  job.area.width * texelBytes - (job.step - job.channels) * job.sampleBytes * (job.bitFields ? 0 : 1);
    const int first = job.firstSample * job.sampleBytes;
    const std::int64_t pitch = pitchFor(bytes);
    const auto memory = snapshot_.reserve(context_, stream_, static_cast<std::size_t>(pitch * job.area.height), use_);
    if (!memory)
        return memory.status();
    device::CopyJob copy{};
    copy.from = {job.picture, job.pitch, lo + first, lo + first + bytes, job.area.y, job.area.height};
    copy.to = {memory.value(), pitch, 0, bytes, 0, job.area.height};
    copy.bytes = bytes;
    copy.rows = job.area.height;
    copy.vectors =
        ((copy.from.base * !array) | static_cast<std::uint64_t>(job.pitch) | static_cast<std::uint64_t>(lo + first)) %
            16 ==
        0;
    job.source = memory.value() - static_cast<std::uint64_t>(pitch * job.area.y + lo + first);
    job.sourcePitch = pitch;
    return copyRows(copy, array, false);
}

Status CudaBackend::copyRows(const device::CopyJob &job, bool fromArray, bool toArray)
{
    device::CopyJob mutableJob = job;
    const std::string entry =
        std::string("zc_copy_") + (fromArray ? "surface" : "pitch") + (toArray ? "_surface" : "_pitch");
    return launch("device_copy", entry, (job.bytes + device::kChunkBytes - 1) / device::kChunkBytes, job.rows,
                  &mutableJob);
}

Status CudaBackend::runGroup(const Frame &frame, const KernelInfo &kernel, const host::Group &group, int plane,
                             const Rect &area)
{
    const int x0 = area.x >> group.subX, y0 = area.y >> group.subY;
    const int x1 = (area.x + area.width + (1 << group.subX) - 1) >> group.subX;
    const int y1 = std::min((area.y + area.height + (1 << group.subY) - 1) >> group.subY, group.height);
    if (y1 <= y0)
        return {};
    const bool array = cuda::isArray(frame);
    device::PassJob job = cuda::passJob(frame, group, plane, {x0, y0, x1 - x0, y1 - y0, group.subX, group.subY});
    job.source = job.picture;
    job.sourcePitch = job.pitch;
    if (kernel.passes == 1)
        if (const Status status = takeSnapshot(job, array); !status.ok())
            return status;
    for (int pass = 0; pass < kernel.passes; ++pass) {
        job.extent = kernel.extent(pass, job.area, args_.data());
        const std::int64_t numbers = std::int64_t{job.extent.width} * job.channels;
        if (pass + 1 < kernel.passes) {
            job.outPitch = pitchFor(numbers * host::kIntermediateBytes);
            const auto memory = results_[static_cast<std::size_t>(pass & 1)].reserve(
                context_, stream_, static_cast<std::size_t>(job.outPitch * job.extent.height), use_);
            if (!memory)
                return memory.status();
            job.out = memory.value();
        }
        const int bits = group.bitFields ? 32 : 8 * group.sampleBytes;
        const std::string entry =
            "zc_pass" + std::to_string(pass) + "_" + std::to_string(bits) + (array ? "_surface" : "_pitch");
        const Status status =
            launch(kernel.name, entry, group.bitFields ? job.extent.width : numbers, job.extent.height, &job);
        if (!status.ok())
            return status;
        job.in = job.out;
        job.inPitch = job.outPitch;
    }
    return {};
}

Status CudaBackend::copy(const Frame &from, const Frame &to)
{
    if (!broken_.ok())
        return broken_;
    for (const Frame *frame : {&from, &to})
        if (const Status checked = checkFrame(*frame); !checked.ok())
            return checked;
    if (from.format != to.format || from.width != to.width || from.height != to.height)
        return {Code::InvalidArgument, "frames of different format or size cannot be copied"};
    const ContextGuard guard(context_);
    if (!guard.ok())
        return guard.status();
    const FormatInfo &info = formatInfo(from.format);
    for (int plane = 0; plane < info.planes; ++plane) {
        const auto side = [&](const Frame &f) {
            const Plane &p = f.planes[plane];
            return device::PlaneJob{p.data ? reinterpret_cast<std::uintptr_t>(p.data) : p.surface,
                                    p.pitch,
                                    0,
                                    static_cast<int>(rowBytes(info, plane, f.width)),
                                    0,
                                    planeRows(info, plane, f.height)};
        };
        device::CopyJob job{side(from), side(to), static_cast<int>(rowBytes(info, plane, from.width)),
                            planeRows(info, plane, from.height), 0};
        const std::uint64_t all =
            (cuda::isArray(from) ? 0 : job.from.base | static_cast<std::uint64_t>(job.from.pitch)) |
            (cuda::isArray(to) ? 0 : job.to.base | static_cast<std::uint64_t>(job.to.pitch));
        job.vectors = all % 16 == 0;
        if (const Status status = copyRows(job, cuda::isArray(from), cuda::isArray(to)); !status.ok())
            return status;
    }
    return {};
}

std::string describeDevice(const cuda::Driver &d, cuda::Device device)
{
    char name[128] = "GPU";
    int major = 0, minor = 0;
    (void)d.deviceGetName(name, sizeof name, device);
    (void)d.deviceGetAttribute(&major, cuda::kComputeMajor, device);
    (void)d.deviceGetAttribute(&minor, cuda::kComputeMinor, device);
    return "cuda, GPU " + std::to_string(device) + ", " + name + ", sm_" + std::to_string(major) +
           std::to_string(minor);
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
                                                                  describeDevice(d, device)));
}

} // namespace zc
