// SPDX-License-Identifier: MIT
// Kernel time on the GPU, by events, over frames rotated past the L2 cache, against a device copy of the same bytes.
// Prints JSON; exits with 77 where there is no GPU. Arguments: names of the kernels to measure; none: all.
#include "backend/cuda_backend.hpp"
#include "cuda/handles.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace {

using namespace zc;

constexpr int kRounds = 7;  // medians of
constexpr int kFrames = 48; // 4K NV12: 640 MB, ten times the L2 of an H200

struct Case {
    const char *kernel;
    const char *params;
};

constexpr Case kCases[] = {
    {"invert", ""},
    {"adjust", "brightness=0.1,contrast=1.2,saturation=0.5,hue=0.1"},
    {"adjust", "gamma=1.5"},
    {"adjust", "exposure=0.5"},
    {"gray", ""},
    {"fill", "color=#80ff0000"},
    {"pixelate", "block=24"},
    {"flip", ""},
    {"box-blur", "radius=5"},
};

class Timer {
public:
    Timer(cuda::Context context, cuda::Stream stream)
        : start_(std::move(cuda::makeEvent(context, 0).value())),
          stop_(std::move(cuda::makeEvent(context, 0).value())),
          stream_(stream)
    {}
    // Microseconds of one call, median of several rounds of kFrames calls; 0 if the driver fails.
    double measure(const std::function<void(int)> &call)
    {
        const cuda::Driver &d = *cuda::driverIfOpen();
        std::vector<float> times;
        for (int round = 0; round < kRounds; ++round) {
            (void)d.eventRecord(start_.get(), stream_);
            for (int i = 0; i < kFrames; ++i)
                call(i);
            float ms = 0;
            if (d.eventRecord(stop_.get(), stream_) != cuda::kSuccess ||
                d.eventSynchronize(stop_.get()) != cuda::kSuccess ||
                d.eventElapsedTime(&ms, start_.get(), stop_.get()) != cuda::kSuccess)
                return 0;
            times.push_back(ms);
        }
        std::sort(times.begin(), times.end());
        return 1000.0 * times[times.size() / 2] / kFrames;
    }

private:
    cuda::OwnedEvent start_, stop_;
    cuda::Stream stream_;
};

struct Frames {
    std::vector<cuda::DeviceMemory> memory;
    std::vector<Frame> frames;
    std::int64_t bytes = 0;
};

// Pitch as GStreamer's pools and NVMM have it: multiples of 256.
Frames makeFrames(cuda::Context context, Format format, int width, int height)
{
    Frames all;
    const FormatInfo &info = formatInfo(format);
    for (int i = 0; i < kFrames; ++i) {
        Frame f;
        f.format = format;
        f.width = width;
        f.height = height;
        f.memory = MemoryKind::Cuda;
        f.device = 0;
        setPlaneSizes(f);
        std::int64_t offset[kMaxPlanes] = {}, total = 0;
        for (int p = 0; p < info.planes; ++p) {
            f.planes[p].pitch = (rowBytes(info, p, width) + 255) / 256 * 256;
            offset[p] = total;
            total += f.planes[p].pitch * planeRows(info, p, height);
        }
        auto memory = cuda::allocate(context, static_cast<std::size_t>(total));
        for (int p = 0; p < info.planes; ++p)
            f.planes[p].data = reinterpret_cast<void *>(memory.value().get() + static_cast<std::uint64_t>(offset[p]));
        all.memory.push_back(std::move(memory.value()));
        all.frames.push_back(f);
        all.bytes = total;
    }
    return all;
}

void copyLinear(const Frames &all, int i, cuda::Stream stream)
{
    const cuda::Address from = all.memory[static_cast<std::size_t>(i)].get();
    const cuda::Address to = all.memory[static_cast<std::size_t>((i + kFrames / 2) % kFrames)].get();
    (void)cuda::driverIfOpen()->memcpyDtoDAsync(to, from, static_cast<std::size_t>(all.bytes), stream);
}

// Until the clocks have risen, which takes a GPU that was idle some tenths of a second.
void warmUp(const Frames &all, cuda::Stream stream)
{
    constexpr int kCopies = 60000; // a second on the fastest GPU there is
    for (int i = 0; i < kCopies; ++i) {
        copyLinear(all, i % kFrames, stream);
        if (i % 1000 == 0)
            (void)cuda::driverIfOpen()->streamSynchronize(stream);
    }
    (void)cuda::driverIfOpen()->streamSynchronize(stream);
}

ParamValues valuesOf(const KernelInfo &kernel, const char *text)
{
    ParamValues values(kernel.params);
    const auto parts = splitParams(text);
    for (const NamedText &part : parts.value())
        (void)values.setText(part.name, part.text);
    return values;
}

} // namespace

int main(int argc, char **argv)
{
    const std::vector<std::string> wanted(argv + 1, argv + argc);
    auto context = cuda::PrimaryContext::retain(0);
    if (!context.ok()) {
        std::printf("skipped: %s\n", context.status().message().c_str());
        return 77;
    }
    const cuda::ContextGuard guard(context->get());
    auto stream = cuda::makeStream(context->get());
    CudaOptions options;
    options.context = context->get();
    options.stream = stream->get();
    auto backend = makeCudaBackend(options);
    Timer timer(context->get(), stream->get());
    std::printf("{\n  \"device\": \"%s\",\n  \"results\": [\n", backend.value()->describe().c_str());
    bool first = true, failed = false;
    for (const char *name : {"NV12", "RGBA", "I420", "P010_10LE", "YUY2", "RGB"}) {
        const Frames all = makeFrames(context->get(), formatFromName(name), 3840, 2160);
        if (first)
            warmUp(all, stream->get());
        const double copy = timer.measure([&](int i) { copyLinear(all, i, stream->get()); });
        for (const Case &one : kCases) {
            if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), one.kernel) == wanted.end())
                continue;
            const KernelInfo &kernel = *findKernel(one.kernel);
            const ParamValues values = valuesOf(kernel, one.params);
            Launch launch;
            launch.kernel = &kernel;
            launch.params = &values;
            Status status;
            const double time = timer.measure([&](int i) {
                const Status ran = backend.value()->run(all.frames[static_cast<std::size_t>(i)], launch);
                if (!ran.ok())
                    status = ran;
            });
            if (!status.ok() || time <= 0) {
                std::fprintf(stderr, "%s %s on %s: %s\n", one.kernel, one.params, name,
                             status.ok() ? "the driver measured nothing" : status.message().c_str());
                failed = true;
                continue;
            }
            std::printf("%s    {\"format\": \"%s\", \"size\": \"3840x2160\", \"kernel\": \"%s\", \"params\": \"%s\", "
                        "\"us\": %.2f, \"copy_us\": %.2f, \"times_copy\": %.2f}",
                        first ? "" : ",\n", name, one.kernel, one.params, time, copy, time / copy);
            first = false;
        }
    }
    std::printf("\n  ]\n}\n");
    return failed ? 1 : 0;
}
