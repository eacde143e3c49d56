// SPDX-License-Identifier: MIT
// The entry points of kernels on the GPU. The names are those that device_op.cu.in and device_copy.cu define.
#include "backend/cuda_entries.hpp"

#include <cstring>

namespace zc::cuda {

namespace {

constexpr Entry kFirst = 12, kLast = 24, kMiddle = 36, kSwap = 40, kCopy = 43;

constexpr const char *kNames[] = {
    "zc_rows_8_pitch",
    "zc_rows_8_surface",
    "zc_rows_10_pitch",
    "zc_rows_10_surface",
    "zc_rows_16_pitch",
    "zc_rows_16_surface",
    "zc_rows_24_pitch",
    "zc_rows_24_surface",
    "zc_rows_32_pitch",
    "zc_rows_32_surface",
    "zc_rows_422_pitch",
    "zc_rows_422_surface",
    "zc_pass_first_8_narrow_pitch",
    "zc_pass_first_8_narrow_surface",
    "zc_pass_first_8_wide_pitch",
    "zc_pass_first_8_wide_surface",
    "zc_pass_first_16_narrow_pitch",
    "zc_pass_first_16_narrow_surface",
    "zc_pass_first_16_wide_pitch",
    "zc_pass_first_16_wide_surface",
    "zc_pass_first_32_narrow_pitch",
    "zc_pass_first_32_narrow_surface",
    "zc_pass_first_32_wide_pitch",
    "zc_pass_first_32_wide_surface",
    "zc_pass_last_8_narrow_pitch",
    "zc_pass_last_8_narrow_surface",
    "zc_pass_last_8_wide_pitch",
    "zc_pass_last_8_wide_surface",
    "zc_pass_last_16_narrow_pitch",
    "zc_pass_last_16_narrow_surface",
    "zc_pass_last_16_wide_pitch",
    "zc_pass_last_16_wide_surface",
    "zc_pass_last_32_narrow_pitch",
    "zc_pass_last_32_narrow_surface",
    "zc_pass_last_32_wide_pitch",
    "zc_pass_last_32_wide_surface",
    "zc_pass_1_narrow",
    "zc_pass_1_wide",
    "zc_pass_2_narrow",
    "zc_pass_2_wide",
    "zc_swap_16_pitch",
    "zc_swap_16_surface",
    "zc_swap_48_pitch",
    "zc_copy_pitch_pitch",
    "zc_copy_pitch_surface",
    "zc_copy_surface_pitch",
    "zc_copy_surface_surface",
};

} // namespace

Entry rowsEntry(RowsKind kind, bool array)
{
    return 2 * static_cast<int>(kind) + (array ? 1 : 0);
}

Entry passEntry(PassPart part, int sampleBytes, bool wide, bool array)
{
    const int word = sampleBytes == 4 ? 2 : sampleBytes - 1;
    return (part == PassPart::First ? kFirst : kLast) + 4 * word + (wide ? 2 : 0) + (array ? 1 : 0);
}

Entry middleEntry(int pass, bool wide)
{
    return kMiddle + 2 * (pass - 1) + (wide ? 1 : 0);
}

Entry swapEntry(int chunkBytes, bool array)
{
    return kSwap + (chunkBytes == 48 ? 2 : array ? 1 : 0);
}

Entry copyEntry(bool fromArray, bool toArray)
{
    return kCopy + (fromArray ? 2 : 0) + (toArray ? 1 : 0);
}

std::span<const char *const> entryNames()
{
    return kNames;
}

Result<Function> Entries::find(const char *kernel, Entry entry)
{
    static_assert(std::size(kNames) == kEntries);
    Loaded *found = nullptr;
    for (Loaded &one : loaded_)
        if (one.name == kernel || std::strcmp(one.name, kernel) == 0)
            found = &one;
    if (!found) {
        auto loaded = loadKernel(context_, kernel, interrupt_);
        if (!loaded)
            return loaded.status();
        found = &loaded_.emplace_back();
        found->name = kernel;
        found->kernel = std::move(loaded.value());
    }
    Function &function = found->functions[static_cast<std::size_t>(entry)];
    if (!function) {
        const auto resolved = found->kernel->entry(kNames[entry]);
        if (!resolved)
            return resolved.status();
        function = resolved.value();
    }
    return function;
}

} // namespace zc::cuda
