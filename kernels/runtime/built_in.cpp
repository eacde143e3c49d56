// SPDX-License-Identifier: MIT
// The table of built-in kernels, made from registry.def.
#include "runtime/built_in.hpp"
#include "core/text.hpp"
#include "registry_includes.hpp"
#include "runtime/colour_plan.hpp"

#include <type_traits>
#include <vector>

namespace zc {

namespace {

template <class Op> std::span<const ParamSpec> paramsOf()
{
    if constexpr (std::is_array_v<decltype(Op::kParams)>)
        return Op::kParams;
    else
        return {};
}

template <class Op> void prepare(ParamView values, const FrameTraits &traits, void *args)
{
    *static_cast<typename Op::Args *>(args) = Op::prepare(values, traits);
}

template <class Op> constexpr auto planOf()
{
    if constexpr (requires(const typename Op::Args &a) { Op::luma(0.0f, a); })
        return &planColour<Op>;
    else
        return nullptr;
}

template <class Op> Extent extentOf(int pass, const Area &area, const void *args)
{
    return Op::extent(pass, area, *static_cast<const typename Op::Args *>(args));
}

template <class Op> constexpr auto largestOf() -> uint32 (*)(int, const Area &, const void *, uint32)
{
    if constexpr (requires(const Area &area, const typename Op::Args &a) { Op::largest(0, area, a, 0u); })
        return [](int pass, const Area &area, const void *args, uint32 max) {
            return Op::largest(pass, area, *static_cast<const typename Op::Args *>(args), max);
        };
    else
        return nullptr;
}

template <class Op> KernelInfo infoOf(int index)
{
    KernelInfo info{};
    info.name = Op::kName;
    info.shape = Op::kShape;
    info.summary = Op::kSummary;
    info.params = paramsOf<Op>();
    info.isNeutral = Op::isNeutral;
    info.prepare = prepare<Op>;
    info.argsBytes = sizeof(typename Op::Args);
    info.plan = planOf<Op>();
    if constexpr (Op::kShape == Shape::Frame) {
        info.passes = Op::kPasses;
        info.extent = extentOf<Op>;
        info.largest = largestOf<Op>();
        if constexpr (std::is_same_v<decltype(Op::kLanes), const bool>)
            info.lanes = Op::kLanes ? ~0u : 0u;
        else
            info.lanes = Op::kLanes;
        info.sumsRows = requires(const Area &area, const typename Op::Args &a)
        {
            Op::sumRows(Pass<Op::kPasses - 1>{}, area, a);
        };
        info.swaps = requires(const Area &area, const typename Op::Args &a)
        {
            Op::partnerColumn(0, area, a);
            Op::partnerRow(0, area, a);
        };
    }
    info.index = index;
    return info;
}

} // namespace

std::span<const KernelInfo> builtInKernels()
{
    static const KernelInfo table[] = {
#define ZC_KERNEL(type) infoOf<ops::type>(static_cast<int>(KernelIndex::type)),
#include "registry_list.hpp"
#undef ZC_KERNEL
    };
    return table;
}

const KernelInfo *findKernel(std::string_view name)
{
    for (const KernelInfo &kernel : builtInKernels())
        if (name == kernel.name)
            return &kernel;
    return nullptr;
}

Status unknownKernel(std::string_view name)
{
    std::vector<std::string> names;
    for (const KernelInfo &kernel : builtInKernels())
        names.emplace_back(kernel.name);
    std::string text = "there is no kernel " + quoted(name);
    const std::vector<std::string> near = nearest(name, names, 2);
    for (std::size_t i = 0; i < near.size(); ++i)
        text += (i == 0 ? "; did you mean " : " or ") + near[i] + (i + 1 == near.size() ? "?" : "");
    text += near.empty() ? "; known: " : " Known: ";
    for (std::size_t i = 0; i < names.size(); ++i)
        text += (i == 0 ? "" : ", ") + names[i];
    return {Code::NotFound, text};
}

} // namespace zc
