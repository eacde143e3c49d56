// SPDX-License-Identifier: MIT
// Kernel launches: checked and written down. What the kernels of this project are told is read and checked as well.
#include "state.hpp"

#include "backend/device_job.hpp"

#include <algorithm>
#include <cstring>

namespace zc::fake {

namespace {

struct Launch {
    Handle function;
    unsigned grid[3], block[3];
    unsigned sharedBytes;
    Handle stream;
    void **params, **extra;
};

int attribute(int number)
{
    const auto &attributes = state().devices[currentDevice()].attributes;
    const auto it = attributes.find(number);
    return it == attributes.end() ? 0 : it->second;
}

// CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X is 2, MAX_GRID_DIM_X 5, MAX_THREADS_PER_BLOCK 1, shared bytes of a block 8.
int checkSizes(const std::string &what, const Launch &l)
{
    const char axis[] = "xyz";
    for (int i = 0; i < 3; ++i) {
        const auto wrong = [&](const char *of, unsigned found, int limit) {
            return misuse(kInvalidValue,
                          what + of + axis[i] + " is " + std::to_string(found) + ", not 1 to " + std::to_string(limit));
        };
        if (l.grid[i] == 0 || l.grid[i] > static_cast<unsigned>(attribute(5 + i)))
            return wrong(": grid ", l.grid[i], attribute(5 + i));
        if (l.block[i] == 0 || l.block[i] > static_cast<unsigned>(attribute(2 + i)))
            return wrong(": block ", l.block[i], attribute(2 + i));
    }
    const std::uint64_t threads = std::uint64_t{l.block[0]} * l.block[1] * l.block[2];
    if (threads > static_cast<std::uint64_t>(attribute(1)))
        return misuse(kInvalidValue, what + ": a block of " + std::to_string(threads) + " threads");
    if (l.sharedBytes > static_cast<unsigned>(attribute(8)))
        return misuse(kInvalidValue, what + ": " + std::to_string(l.sharedBytes) + " bytes of shared memory");
    return kSuccess;
}

// Rows of memory or of the array behind a surface; null if the program may not touch them.
struct Rows {
    std::uint8_t *at = nullptr;
    std::int64_t pitch = 0;
    Address address = 0; // 0: an array of the program's own
};

Rows rowsOf(const std::string &what, const char *role, const device::PlaneJob &p, std::int64_t lo, std::int64_t bytes,
            std::int64_t rows, bool surface)
{
    if (!surface) {
        const Address first = p.base + static_cast<Address>(p.row * p.pitch + lo);
        const auto all = static_cast<std::size_t>((rows - 1) * p.pitch + bytes);
        if (checkRange(what.c_str(), role, first, all) != kSuccess)
            return {};
        return {reinterpret_cast<std::uint8_t *>(first), p.pitch, first};
    }
    Surface *found = nullptr;
    if (use(what.c_str(), state().surfaces, p.base, found) != kSuccess)
        return {};
    Array *array = state().arrays.find(found->array);
    if (!array) {
        misuse(kInvalidHandle, what + ": the array behind surface " + hex(p.base) + " was destroyed");
        return {};
    }
    const auto width = static_cast<std::int64_t>(array->width);
    if (lo < 0 || p.row < 0 || lo + bytes > width || p.row + rows > static_cast<std::int64_t>(array->rows)) {
        misuse(kInvalidValue, what + ": the " + role + " leaves its array");
        return {};
    }
    const auto pitch = static_cast<std::int64_t>(array->pitch);
    // What an EGLImage shows must not go while work on it is queued.
    const Address shown = array->resource != 0 ? reinterpret_cast<Address>(array->at) : 0;
    return {array->at + p.row * pitch + lo, pitch, shown};
}

constexpr int kIllegalAddress = 700;

int runCopy(const std::string &name, const device::CopyJob &job, std::vector<Address> &touched)
{
    const bool fromSurface = name.rfind("zc_copy_surface", 0) == 0;
    const bool toSurface = name.size() > 8 && name.compare(name.size() - 8, 8, "_surface") == 0;
    const Rows from = rowsOf(name, "source", job.from, job.from.lo, job.bytes, job.rows, fromSurface);
    const Rows to = rowsOf(name, "target", job.to, job.to.lo, job.bytes, job.rows, toSurface);
    if (!from.at || !to.at)
        return kIllegalAddress;
    for (std::int64_t y = 0; y < job.rows; ++y)
        std::memmove(to.at + y * to.pitch, from.at + y * from.pitch, static_cast<std::size_t>(job.bytes));
    touched = {from.address, to.address};
    return kSuccess;
}

int runRowsOf(const std::string &name, const device::RowsJob &job, Address move, std::vector<Address> &touched)
{
    const bool surface = name.find("_surface") != std::string::npos;
    for (int i = 0; i < job.planes; ++i) {
        device::PlaneJob p = job.plane[i];
        p.base += move;
        if (p.rows <= 0 || p.hi <= p.lo)
            continue;
        const Rows rows = rowsOf(name, "plane", p, p.lo, p.hi - p.lo, p.rows, surface);
        if (!rows.at)
            return kIllegalAddress;
        for (std::int64_t y = 0; y < p.rows; ++y)
            std::transform(rows.at + y * rows.pitch, rows.at + y * rows.pitch + (p.hi - p.lo), rows.at + y * rows.pitch,
                           [](std::uint8_t v) { return static_cast<std::uint8_t>(~v); });
        touched.push_back(rows.address);
    }
    return kSuccess;
}

// The grid's third dimension is the frames of a batch.
int runRows(const std::string &name, const device::RowsJob &job, unsigned frames, std::vector<Address> &touched)
{
    int result = frames <= device::kFrames ? kSuccess : kIllegalAddress;
    for (unsigned i = 0; result == kSuccess && i < frames; ++i)
        result = runRowsOf(name, job, job.moves[i], touched);
    return result;
}

int checkPiece(const std::string &name, const char *role, Address address, std::int64_t bytes,
               std::vector<Address> &touched)
{
    if (checkRange(name.c_str(), role, address, static_cast<std::size_t>(std::max<std::int64_t>(bytes, 1))) != kSuccess)
        return kIllegalAddress;
    touched.push_back(address);
    return kSuccess;
}

// The picture from the region's first sample on, and what passes hand to one another.
int runGroup(const std::string &name, const device::PassJob &g, std::vector<Address> &touched)
{
    const bool surface = name.find("_surface") != std::string::npos, last = name.rfind("zc_pass_last", 0) == 0;
    const std::int64_t x = (std::int64_t{g.area.x} * g.step + g.firstSample) * g.sampleBytes;
    if (surface && !state().surfaces.find(g.picture))
        return misuse(kIllegalAddress, name + ": surface " + hex(g.picture) + " is not alive");
    const bool middle = name.rfind("zc_pass_1", 0) == 0 || name.rfind("zc_pass_2", 0) == 0;
    int error = kSuccess;
    if (!surface && !middle)
        error = checkPiece(name, "picture", g.picture + static_cast<Address>(g.pitch * g.area.y + x), 1, touched);
    if (error == kSuccess && g.source != g.picture)
        error = checkPiece(name, "snapshot", g.source + static_cast<Address>(g.sourcePitch * g.area.y + x), 1, touched);
    if (error == kSuccess && g.in != 0)
        error = checkPiece(name, "intermediate result", g.in, g.inPitch, touched);
    if (error == kSuccess && !last)
        error = checkPiece(name, "intermediate result", g.out, g.outPitch * g.extent.height, touched);
    return error;
}

int runPass(const std::string &name, const device::FrameJob &job, std::vector<Address> &touched)
{
    for (int i = 0; i < job.groups; ++i)
        if (const int error = runGroup(name, job.group[i], touched); error != kSuccess)
            return error;
    return kSuccess;
}

int runSwap(const std::string &name, const device::SwapJob &job, std::vector<Address> &touched)
{
    const bool surface = name.find("_surface") != std::string::npos;
    for (int i = 0; i < job.planes; ++i) {
        const device::PlaneJob &p = job.plane[i].rows;
        if (p.rows <= 0 || p.hi <= p.lo)
            continue;
        const Rows rows = rowsOf(name, "plane", p, p.lo, p.hi - p.lo, p.rows, surface);
        if (!rows.at)
            return kIllegalAddress;
        touched.push_back(rows.address);
    }
    return kSuccess;
}

// The job of one of the project's own kernels; others are only written down.
int runKernel(const std::string &name, void **params, unsigned gridZ, std::vector<Address> &touched)
{
    const auto is = [&](const char *prefix) { return name.rfind(prefix, 0) == 0; };
    if (is("zc_copy_"))
        return runCopy(name, *static_cast<const device::CopyJob *>(params[0]), touched);
    if (is("zc_rows_"))
        return runRows(name, *static_cast<const device::RowsJob *>(params[0]), gridZ, touched);
    if (is("zc_pass_"))
        return runPass(name, *static_cast<const device::FrameJob *>(params[0]), touched);
    if (is("zc_swap_"))
        return runSwap(name, *static_cast<const device::SwapJob *>(params[0]), touched);
    return kSuccess;
}

int launch(const Launch &l)
{
    Function *function = state().functions.find(l.function);
    if (!function)
        return misuse(kInvalidHandle,
                      "cuLaunchKernel: function " + hex(l.function) +
                          (state().functions.died(l.function) ? " is of an unloaded module" : " does not exist"));
    const std::string what = "cuLaunchKernel of " + function->name;
    const Handle owner = state().modules.find(function->module)->context;
    if (const int error = checkContext(what.c_str(), "module", function->module, owner); error != kSuccess)
        return error;
    Handle queue = 0;
    if (const int error = useStream(what.c_str(), l.stream, queue); error != kSuccess)
        return error;
    if (const int error = checkSizes(what, l); error != kSuccess)
        return error;
    if (!l.params && !l.extra)
        return misuse(kInvalidValue, what + ": no parameters");
    if (l.params && !l.params[0])
        return misuse(kInvalidValue, what + ": the first parameter is null");
    state().launches.push_back(function->name);
    std::vector<Address> touched;
    // As on a GPU, the launch succeeds and the harm is told by the next call that waits.
    if (const int harm = l.params ? runKernel(function->name, l.params, l.grid[2], touched) : kSuccess;
        harm != kSuccess)
        state().lost = harm;
    enqueue(queue, touched);
    return kSuccess;
}

} // namespace

} // namespace zc::fake

using namespace zc::fake;

FAKE_EXPORT int cuLaunchKernel(Handle function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                               unsigned blockY, unsigned blockZ, unsigned sharedBytes, Handle stream, void **params,
                               void **extra)
{
    return call(__func__, kNeedsContext, [&] {
        return launch({function, {gridX, gridY, gridZ}, {blockX, blockY, blockZ}, sharedBytes, stream, params, extra});
    });
}
