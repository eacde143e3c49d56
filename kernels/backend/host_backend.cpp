// SPDX-License-Identifier: MIT
// Kernels on the CPU: cuts the work into bands, picks the instruction set, owns threads and scratch.
#include "backend/areas.hpp"
#include "backend/backend.hpp"
#include "backend/cores.hpp"
#include "backend/host_op.hpp"
#include "backend/thread_pool.hpp"
#include "core/color_matrix.hpp"
#include "runtime/built_in.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace zc {

namespace host {

// Defined in host_op_<kernel>.cpp, once per instruction set.
#define ZC_KERNEL(type) extern const HostOp op##type;
namespace baseline {
#include "registry_list.hpp"
}
#if defined(__x86_64__)
namespace avx2 {
#include "registry_list.hpp"
}
#endif
#undef ZC_KERNEL

} // namespace host

namespace {

using host::Group;
using host::HostOp;
using host::PassJob;
using host::RowsJob;

struct Isa {
    const char *name;
    bool (*available)();
    const HostOp *const *ops;
};

#define ZC_KERNEL(type) &host::baseline::op##type,
constexpr const HostOp *kBaselineOps[] = {
#include "registry_list.hpp"
};
#undef ZC_KERNEL

#if defined(__x86_64__)
#define ZC_KERNEL(type) &host::avx2::op##type,
constexpr const HostOp *kAvx2Ops[] = {
#include "registry_list.hpp"
};
#undef ZC_KERNEL
#endif

// Best first.
constexpr Isa kIsas[] = {
#if defined(__x86_64__)
    {"avx2",
     [] {
         return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
                __builtin_cpu_supports("bmi2") != 0;
     },
     kAvx2Ops},
#endif
    {"baseline", [] { return true; }, kBaselineOps},
};

const Isa *pickIsa(const char *wanted)
{
    for (const Isa &isa : kIsas)
        if (isa.available() && (!wanted || std::strcmp(wanted, isa.name) == 0))
            return &isa;
    return nullptr;
}

// Below this much work a band is not worth waking a thread for.
constexpr std::int64_t kBandBytes = 96 * 1024;
constexpr int kMostThreads = 16;

// Grows, never shrinks, so that a steady stream allocates nothing.
class Scratch {
public:
    // Aligned to 64 bytes, contents undefined. Null if the machine has no such memory: sizes follow the caps, which a
    // pipeline string may set as it likes.
    std::uint8_t *reserve(std::size_t bytes, BackendUse &use)
    {
        if (bytes <= size_)
            return data_.get();
        data_.reset(); // the old contents need not move
        use.scratchBytes -= size_;
        size_ = 0;
        const std::size_t rounded = (bytes + 63) / 64 * 64;
        data_.reset(static_cast<std::uint8_t *>(std::aligned_alloc(64, rounded)));
        if (!data_)
            return nullptr;
        size_ = rounded;
        use.scratchBytes += size_;
        ++use.allocations;
        return data_.get();
    }

private:
    struct Free {
        void operator()(std::uint8_t *p) const { std::free(p); }
    };
    std::unique_ptr<std::uint8_t, Free> data_;
    std::size_t size_ = 0;
};

Status noScratch(std::int64_t bytes)
{
    return {Code::System, "there is no memory for " + std::to_string(bytes) +
                              " bytes of intermediate results; a smaller region or picture needs less"};
}

class HostBackend final : public Backend {
public:
    HostBackend(const Isa &isa, int threads) : isa_(isa), pool_(threads) {}

    const char *name() const override { return "cpu"; }
    std::string describe() const override
    {
        return "cpu, " + std::to_string(pool_.threads()) + (pool_.threads() == 1 ? " thread, " : " threads, ") +
               isa_.name;
    }
    Status run(const Frame &frame, const Launch &launch) override;
    Status copy(const Frame &from, const Frame &to) override;
    Status wait() override { return {}; }
    BackendUse use() const override { return use_; }

private:
    Status runRows(const HostOp &op, const Frame &frame, const Rect &area);
    Status runPasses(const HostOp &op, const Frame &frame, const Rect &area);
    Status runGroup(const HostOp &op, const Group &group, const Rect &area);
    Status takeSnapshot(PassJob &job, int reach);
    template <class Body> void bands(int rows, int step, std::int64_t bytesPerRow, const Body &body);

    const Isa &isa_;
    ThreadPool pool_;
    BackendUse use_;
    Scratch snapshot_, results_[2];
    alignas(64) std::uint8_t args_[host::kMaxArgsBytes];
    AreaCache areas_;
};

template <class Body> void HostBackend::bands(int rows, int step, std::int64_t bytesPerRow, const Body &body)
{
    const std::int64_t wanted = bytesPerRow * rows / kBandBytes;
    // More bands than threads, so that a thread that loses its core does not hold up the others.
    const int most = pool_.threads() == 1 ? 1 : 3 * pool_.threads();
    const int count = static_cast<int>(std::clamp<std::int64_t>(wanted, 1, most));
    const int each = (rows / count / step + 1) * step;
    pool_.run((rows + each - 1) / each, [&](int i) { body(i * each, std::min((i + 1) * each, rows)); });
}

Status HostBackend::run(const Frame &frame, const Launch &launch)
{
    if (const Status checked = checkFrame(frame); !checked.ok())
        return checked;
    if (frame.device >= 0)
        return {Code::Unsupported, "the CPU cannot reach memory of GPU " + std::to_string(frame.device)};
    if (const Status prepared = prepareLaunch(frame, launch, args_); !prepared.ok())
        return prepared;
    if (launch.kernel->index < 0 || static_cast<std::size_t>(launch.kernel->index) >= builtInKernels().size())
        return {Code::NotFound, std::string("the CPU has no kernel \"") + launch.kernel->name + "\""};
    const HostOp &op = *isa_.ops[launch.kernel->index];
    for (const Rect &area : areas_.areasOf(frame, launch))
        if (Status status = op.rows ? runRows(op, frame, area) : runPasses(op, frame, area); !status.ok())
            return status;
    return {};
}

Status HostBackend::runRows(const HostOp &op, const Frame &frame, const Rect &area)
{
    const FormatInfo &info = formatInfo(frame.format);
    const LumaWeights weights = lumaWeights(matrixFor(frame.format, frame.matrix));
    const RowsJob job{&frame, &info, area, args_, weights.red, weights.blue};
    const std::int64_t bytes = std::int64_t{area.width} * info.samplesPerPixel * info.sampleBytes;
    bands(area.height, 1 << info.subY, bytes, [&](int row0, int row1) { op.rows(job, row0, row1); });
    return {};
}

Status HostBackend::runPasses(const HostOp &op, const Frame &frame, const Rect &area)
{
    Group groups[kMaxGroups];
    if (op.swaps && host::pairsOf(frame, area, groups[0]))
        return runGroup(op, groups[0], area);
    const int count = host::groupsOf(frame, groups);
    for (int i = 0; i < count; ++i)
        if (Status status = runGroup(op, host::asWords(groups[i]), area); !status.ok())
            return status;
    return {};
}

// A one-pass kernel reads a copy of the region, made before anything is overwritten.
Status HostBackend::takeSnapshot(PassJob &job, int reach)
{
    const Group &g = job.group;
    const int x0 = std::max(job.area.x - reach, 0), x1 = std::min(job.area.x + job.area.width + reach, g.width);
    const int y0 = std::max(job.area.y - reach, 0), y1 = std::min(job.area.y + job.area.height + reach, g.height);
    const int texelBytes = g.step * g.sampleBytes;
    // The last texel may end before its step does: behind UYVY's last luma the row, and the memory, may be over.
    const int lastBytes = g.bitFields ? texelBytes : std::min(texelBytes, g.channels * g.sampleBytes);
    const int rowBytes = (x1 - x0 - 1) * texelBytes + lastBytes;
    const std::int64_t pitch = (rowBytes + 63) / 64 * 64;
    const std::int64_t bytes = pitch * (y1 - y0);
    std::uint8_t *base = snapshot_.reserve(static_cast<std::size_t>(bytes), use_);
    if (!base)
        return noScratch(bytes);
    bands(y1 - y0, 1, rowBytes, [&](int row0, int row1) {
        for (int y = row0; y < row1; ++y)
            std::memcpy(base + pitch * y, g.data + g.pitch * (y0 + y) + std::int64_t{x0} * texelBytes,
                        static_cast<std::size_t>(rowBytes));
    });
    job.snapshot = base - pitch * y0 - std::int64_t{x0} * texelBytes;
    job.snapshotPitch = pitch;
    return {};
}

Status HostBackend::runGroup(const HostOp &op, const Group &group, const Rect &area)
{
    const int x0 = area.x >> group.subX, y0 = area.y >> group.subY;
    const int x1 = (area.x + area.width + (1 << group.subX) - 1) >> group.subX;
    const int y1 = std::min((area.y + area.height + (1 << group.subY) - 1) >> group.subY, group.height);
    if (y1 <= y0)
        return {};
    PassJob job{};
    job.group = group;
    job.area = {x0, y0, x1 - x0, y1 - y0, group.subX, group.subY};
    job.args = args_;
    if (op.passes == 1 && !op.swaps)
        if (Status status = takeSnapshot(job, op.reach(job.area, args_)); !status.ok())
            return status;
    for (int pass = 0; pass < op.passes; ++pass) {
        job.extent = op.extent(pass, job.area, args_);
        if (pass + 1 < op.passes) {
            job.outPitch = (std::int64_t{job.extent.width} * group.channels * host::kIntermediateBytes + 63) / 64 * 64;
            const std::int64_t wanted = job.outPitch * job.extent.height;
            job.out = results_[pass & 1].reserve(static_cast<std::size_t>(wanted), use_);
            if (!job.out)
                return noScratch(wanted);
        }
        const std::int64_t bytes = std::int64_t{job.area.width} * group.channels * host::kIntermediateBytes;
        bands(job.extent.height, 1, bytes, [&](int row0, int row1) { op.pass(pass, job, row0, row1); });
        job.in = job.out;
        job.inPitch = job.outPitch;
    }
    return {};
}

Status HostBackend::copy(const Frame &from, const Frame &to)
{
    for (const Frame *frame : {&from, &to})
        if (const Status checked = checkFrame(*frame); !checked.ok())
            return checked;
    if (from.format != to.format || from.width != to.width || from.height != to.height)
        return {Code::InvalidArgument, "frames of different format or size cannot be copied"};
    const FormatInfo &info = formatInfo(from.format);
    for (int plane = 0; plane < info.planes; ++plane) {
        const Plane &a = from.planes[plane], &b = to.planes[plane];
        const std::int64_t bytes = rowBytes(info, plane, from.width);
        bands(planeRows(info, plane, from.height), 1, bytes, [&](int row0, int row1) {
            for (int y = row0; y < row1; ++y)
                std::memcpy(static_cast<std::uint8_t *>(b.data) + b.pitch * y,
                            static_cast<const std::uint8_t *>(a.data) + a.pitch * y, static_cast<std::size_t>(bytes));
        });
    }
    return {};
}

} // namespace

std::unique_ptr<Backend> makeHostBackend(const HostOptions &options)
{
    const Isa *isa = pickIsa(options.isa);
    if (!isa)
        return nullptr;
    const int threads = options.threads > 0 ? options.threads : std::min(usableCores(), kMostThreads);
    return std::make_unique<HostBackend>(*isa, threads);
}

} // namespace zc
