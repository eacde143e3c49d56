// SPDX-License-Identifier: MIT
// Backends by device and context.
#include "compute.hpp"

#include "backend/gpu.hpp"
#include "log.hpp"
#include "memory/cuda_context.hpp"

#include <algorithm>

#define GST_CAT_DEFAULT logElement

namespace zc::gst {

Status Compute::start(Device device, int gpu)
{
    clear();
    device_ = device;
    gpu_ = gpu;
    if (device != Device::Cuda) {
        const auto cpu = open(-1, nullptr);
        description_ = cpu ? cpu.value()->backend->describe() : "";
        return cpu.status();
    }
    const int wanted = std::max(gpu, 0);
    const auto found = findGpu(wanted);
    if (!found) {
        const std::string asked = gpu < 0 ? "" : " cuda-device-id=" + std::to_string(gpu);
        return {found.status().code(), "device=cuda" + asked + ": " + found.status().message()};
    }
    description_ = found.value();
    hostGpu_ = std::make_shared<HostGpu>(wanted);
    return {};
}

std::string Compute::whyNoGpu() const
{
    if (device_ != Device::Auto)
        return {};
    std::string why = gpu_ < 0 ? whyGpuIsMissing() : findGpu(gpu_).status().message();
    if (why.empty() && cudaMemoryUsable())
        why = cudaMemoryReachable().message();
    if (why.empty())
        return {};
    const std::string asked = gpu_ < 0 ? "" : "cuda-device-id=" + std::to_string(gpu_) + ": ";
    return asked + "the CPU does the work, since no GPU can be used: " + why;
}

bool Compute::expectsGpu() const
{
    return gpu_ >= 0 || gpuDriverIsInstalled();
}

void Compute::clear()
{
    last_ = nullptr;
    timed_ = nullptr;
    places_.clear();
    hostGpu_.reset();
}

Result<Backend *> Compute::backendFor(const Frame &frame)
{
    if (last_ != nullptr && last_->device == frame.device && last_->context == frame.context)
        return last_->backend.get();
    const auto found = std::find_if(places_.begin(), places_.end(), [&](const auto &known) {
        return known->device == frame.device && known->context == frame.context;
    });
    const auto place = found != places_.end() ? Result<const Place *>(found->get()) : open(frame.device, frame.context);
    if (!place)
        return place.status();
    last_ = place.value();
    description_ = last_->backend->describe();
    return last_->backend.get();
}

Result<const Compute::Place *> Compute::open(int device, void *context)
{
    Result<std::unique_ptr<Backend>> made =
        device < 0 ? Result<std::unique_ptr<Backend>>(makeHostBackend()) : makeGpuBackend(device, context, interrupt_);
    if (!made)
        return made.status();
    places_.push_back(std::make_unique<Place>(Place{device, context, std::move(made.value())}));
    GST_INFO_OBJECT(element_, "runs on %s", places_.back()->backend->describe().c_str());
    return places_.back().get();
}

std::optional<void *> Compute::keepLast()
{
    for (const auto &place : places_) {
        if (!finish(*place->backend))
            return std::nullopt;
    }
    timed_ = nullptr;
    std::erase_if(places_, [this](const auto &place) { return place->device >= 0 && place.get() != last_; });
    return last_ != nullptr ? last_->context : nullptr;
}

Status Compute::copy(const Frame &from, const Frame &to)
{
    if ((from.device < 0) != (to.device < 0))
        return {Code::Unsupported, "a frame on the CPU and one on a GPU cannot be copied into one another"};
    const auto backend = backendFor(to);
    if (!backend)
        return backend.status();
    const Status copied = backend.value()->copy(from, to);
    // Both memories' next users queue behind it on that very stream.
    if (copied.ok() && from.stream != nullptr && from.stream == to.stream)
        return copied;
    // Also after a failure: nothing may be queued on a buffer that goes away.
    const Status waited = finish(*backend.value());
    return copied.ok() ? waited : copied;
}

Status Compute::finish(Backend &backend)
{
    const Status waited = backend.wait();
    if (!waited && waited.code() != Code::GpuLost)
        (void)backend.wait();
    return waited;
}

// Two events and their queries cost a frame several microseconds.
void Compute::timeFrame(Backend &backend)
{
    constexpr unsigned kTimedEvery = 8;
    if (last_ == nullptr || last_->device < 0)
        return;
    const bool timed = timed_ == nullptr && turn_++ % kTimedEvery == 0;
    backend.timeRuns(timed);
    if (timed)
        timed_ = &backend;
}

double Compute::takeGpuSeconds()
{
    double seconds = 0;
    if (timed_ == nullptr || !timed_->takeGpuTime(seconds))
        return 0;
    timed_ = nullptr;
    return seconds;
}

BackendUse Compute::use() const
{
    BackendUse sum;
    for (const auto &place : places_) {
        const BackendUse one = place->backend->use();
        sum.scratchBytes += one.scratchBytes;
        sum.allocations += one.allocations;
    }
    return sum;
}

} // namespace zc::gst
