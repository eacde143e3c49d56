// SPDX-License-Identifier: MIT
// EGLImages of dmabufs, checked against the CPU's view, and the memory of what worked.
#include "memory/dmabuf_import.hpp"

#include "core/dmabuf.hpp"
#include "cuda/driver.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <tuple>
#include <vector>

namespace zc {

namespace {

using Key = std::tuple<int, Format, std::uint64_t, std::string>;

struct Ways {
    std::mutex mutex;
    std::map<Key, DmabufWay> known;
};

Ways &ways()
{
    static auto &instance = *new Ways;
    return instance;
}

Key keyOf(const DmabufKind &kind)
{
    return {kind.gpu, kind.format, kind.modifier, kind.exporter};
}

// One plane, as the GPU and as the CPU see it.
struct View {
    const EglImageImport &gpu;
    const Frame &placed;
    int plane;
    const DmabufMapping &mapping;
    std::uint8_t *cpu;
    std::size_t pitch, bytes, rows;
};

Status differs(const View &view, const char *what, std::size_t row)
{
    return {Code::Access, std::string("plane ") + std::to_string(view.plane) + " of the dmabuf " + what + " in row " +
                              std::to_string(row) + ": the GPU and the CPU do not see the same memory"};
}

Status beginReading(const DmabufMapping &mapping, std::optional<DmabufSync> &window)
{
    if (!mapping.needsSync())
        return {};
    auto begun = DmabufSync::begin(mapping, Access::Read);
    if (begun)
        window.emplace(std::move(begun.value()));
    return begun.status();
}

Status compareAll(const View &view)
{
    std::vector<std::uint8_t> seen(view.bytes * view.rows);
    if (Status status = view.gpu.read(view.placed, view.plane, seen.data(), view.bytes, view.bytes, view.rows); !status)
        return status;
    std::optional<DmabufSync> window;
    if (Status status = beginReading(view.mapping, window); !status)
        return status;
    for (std::size_t row = 0; row < view.rows; ++row) {
        if (std::memcmp(seen.data() + row * view.bytes, view.cpu + row * view.pitch, view.bytes) != 0)
            return differs(view, "differs", row);
    }
    return {};
}

// The first row inverted by the GPU, looked at by the CPU, and put back.
Status compareWrite(const View &view)
{
    std::vector<std::uint8_t> before(view.bytes), inverted(view.bytes);
    if (Status status = view.gpu.read(view.placed, view.plane, before.data(), view.bytes, view.bytes, 1); !status)
        return status;
    std::transform(before.begin(), before.end(), inverted.begin(),
                   [](std::uint8_t byte) { return static_cast<std::uint8_t>(~byte); });
    if (Status status = view.gpu.write(view.placed, view.plane, inverted.data(), view.bytes, view.bytes, 1); !status)
        return status;
    std::optional<DmabufSync> window;
    const Status looked = beginReading(view.mapping, window);
    const bool same = looked && std::memcmp(inverted.data(), view.cpu, view.bytes) == 0;
    window.reset();
    const Status restored = view.gpu.write(view.placed, view.plane, before.data(), view.bytes, view.bytes, 1);
    if (!looked)
        return looked;
    return same ? restored : differs(view, "does not show what the GPU wrote", 0);
}

} // namespace

Result<DmabufImport> DmabufImport::make(int gpu, const egl::DmabufPicture &picture)
{
    auto image = egl::DmabufImage::make(gpu, picture);
    if (!image)
        return image.status();
    auto registered = EglImageImport::make(gpu, nullptr, image.value().handle());
    if (!registered)
        return registered.status();
    return DmabufImport(std::move(image.value()), std::move(registered.value()));
}

Status DmabufImport::verify(const egl::DmabufPicture &picture, const Frame &placed, bool writable) const
{
    const FormatInfo &info = formatInfo(picture.format);
    for (int i = 0; i < info.planes; ++i) {
        const egl::DmabufPlane &plane = picture.planes[i];
        const auto bytes = static_cast<std::size_t>(rowBytes(info, i, picture.width));
        const auto rows = static_cast<std::size_t>(planeRows(info, i, picture.height));
        const std::size_t end = plane.offset + std::size_t{plane.pitch} * (rows - 1) + bytes;
        const auto mapping = DmabufMapping::map(plane.fd, end, writable ? Access::ReadWrite : Access::Read);
        if (!mapping)
            return {Code::Access,
                    "the CPU cannot map the dmabuf, so that nothing tells whether the GPU sees it right: " +
                        mapping.status().message()};
        const View view{registered_, placed, i,   mapping.value(), mapping.value().data() + plane.offset,
                        plane.pitch, bytes,  rows};
        Status status = compareAll(view);
        if (status && writable)
            status = compareWrite(view);
        if (!status)
            return status;
    }
    return {};
}

DmabufWay dmabufWay(const DmabufKind &kind)
{
    const std::lock_guard lock(ways().mutex);
    const auto found = ways().known.find(keyOf(kind));
    return found == ways().known.end() ? DmabufWay::Unknown : found->second;
}

void noteDmabufWay(const DmabufKind &kind, DmabufWay way)
{
    const std::lock_guard lock(ways().mutex);
    ways().known[keyOf(kind)] = way;
}

void forgetDmabufWays()
{
    const std::lock_guard lock(ways().mutex);
    ways().known.clear();
}

bool prefersDmabufImage(const DmabufKind &kind)
{
    for (const char *own : {"nvidia", "tegra", "nvmap"}) {
        if (kind.exporter.find(own) != std::string::npos)
            return true;
    }
    const auto driver = cuda::driver();
    int integrated = 0;
    return driver && driver.value()->deviceGetAttribute(&integrated, cuda::kIntegrated, kind.gpu) == cuda::kSuccess &&
           integrated != 0;
}

} // namespace zc
