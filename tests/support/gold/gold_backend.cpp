// SPDX-License-Identifier: MIT
#include "gold/gold_backend.hpp"

#include "gold/gold.hpp"

#include <cstring>

namespace zc::gold {
namespace {

class GoldBackend final : public Backend {
public:
    const char *name() const override { return "gold"; }
    std::string describe() const override { return "gold"; }

    Status run(const Frame &frame, const Launch &launch) override
    {
        const Kernel *kernel = launch.kernel != nullptr ? find(launch.kernel->name) : nullptr;
        if (kernel == nullptr || kernel->run == nullptr || launch.params == nullptr)
            return {Code::InvalidArgument, "no gold code for that launch"};
        Picture picture(frame);
        kernel->run(picture, Args(*launch.params), {launch.wholeFrame, {launch.regions.begin(), launch.regions.end()}});
        return {};
    }

    Status copy(const Frame &from, const Frame &to) override
    {
        const Layout &layout = layoutOf(from.format);
        for (int p = 0; p < layout.planes; ++p)
            for (int y = 0; y < rowCount(layout, p, from.height); ++y)
                std::memcpy(static_cast<char *>(to.planes[p].data) + to.planes[p].pitch * y,
                            static_cast<const char *>(from.planes[p].data) + from.planes[p].pitch * y,
                            static_cast<std::size_t>(rowBytes(layout, p, from.width)));
        return {};
    }

    Status wait() override { return {}; }
    BackendUse use() const override { return {}; }
};

} // namespace

std::unique_ptr<Backend> makeGoldBackend()
{
    return std::make_unique<GoldBackend>();
}

} // namespace zc::gold
