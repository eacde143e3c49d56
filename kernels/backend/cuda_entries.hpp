// SPDX-License-Identifier: MIT
// The entry points of kernels on the GPU, each looked up once: by number, so that a launch builds no string.
#pragma once

#include "cuda/modules.hpp"

#include <array>
#include <span>
#include <vector>

namespace zc::cuda {

// An index into the table of names in cuda_entries.cpp.
using Entry = int;

enum class RowsKind { Bits8, Bits10, Bits16, Bits24, Bits32, Yuv422 };
enum class PassPart { First, Last };

Entry rowsEntry(RowsKind kind, bool array);
// sampleBytes: 1, 2, or 4 for bit fields. wide: what passes hand to one another has 32 bits.
Entry passEntry(PassPart part, int sampleBytes, bool wide, bool array);
Entry middleEntry(int pass, bool wide); // pass 1 or 2
Entry swapEntry(int chunkBytes, bool array);
Entry copyEntry(bool fromArray, bool toArray); // of kernel "device_copy"

// All of them: those of "device_copy" begin with zc_copy_, every other kernel has the rest.
std::span<const char *const> entryNames();

// Of one context. Thread-bound.
class Entries {
public:
    // `interrupt`, which may be null, must outlive this.
    Entries(Context context, const Interrupt *interrupt) : context_(context), interrupt_(interrupt) {}

    // The context must be current. Loads the kernel at the first time, for which it may wait as loadKernel() does. The
    // name must live as long as this object.
    Result<Function> find(const char *kernel, Entry entry);

private:
    static constexpr int kEntries = 47;
    struct Loaded {
        const char *name = nullptr;
        std::shared_ptr<LoadedKernel> kernel;
        std::array<Function, kEntries> functions{};
    };
    Context context_;
    const Interrupt *interrupt_;
    std::vector<Loaded> loaded_;
};

} // namespace zc::cuda
