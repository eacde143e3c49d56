// SPDX-License-Identifier: MIT
// What device code expects of a CUDA compiler, for the host's: one thread of one block runs at a time. Included before
// everything else when a kernel's .cu file is compiled for the stand-in driver of this folder.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#define __device__
#define __host__
#define __forceinline__ inline

namespace zc::on_host {

struct Index {
    unsigned x, y, z;
};
extern thread_local Index block, thread, blockSize;

// Rows of an array; a surface object is the address of one.
struct Surface {
    std::uint8_t *data;
    std::size_t width, rows; // bytes, rows
    std::size_t pitch;
};
// Aborts unless the bytes lie in the array and are aligned, as a GPU would.
std::uint8_t *surfaceAt(std::uint64_t object, int byte, int row, std::size_t bytes);

// An entry point of one kernel; registers itself.
struct Entry {
    Entry(const char *kernel, const char *name, void (*run)(void **params));
};

// A pointer that must be aligned, as on a GPU.
void checkAligned(const void *p, std::size_t alignment);

} // namespace zc::on_host

#define blockIdx (::zc::on_host::block)
#define threadIdx (::zc::on_host::thread)
#define blockDim (::zc::on_host::blockSize)

struct alignas(8) uint2 {
    std::uint32_t x, y;
};
struct alignas(16) uint4 {
    std::uint32_t x, y, z, w;
};
inline uint2 make_uint2(std::uint32_t x, std::uint32_t y)
{
    return {x, y};
}
inline uint4 make_uint4(std::uint32_t x, std::uint32_t y, std::uint32_t z, std::uint32_t w)
{
    return {x, y, z, w};
}

inline bool __isGlobal(const void *)
{
    return true;
}
#define __builtin_assume(condition) ((void)(condition))

template <class T> T __ldca(const T *p)
{
    return *p;
}
template <class T> void __stwb(T *p, T v)
{
    *p = v;
}

inline float __uint_as_float(std::uint32_t v)
{
    return std::bit_cast<float>(v);
}
inline std::uint32_t __float_as_uint(float v)
{
    return std::bit_cast<std::uint32_t>(v);
}
inline float __saturatef(float v)
{
    return v > 0 ? (v < 1 ? v : 1) : 0; // NaN gives 0
}
inline float __fmaf_rn(float a, float b, float c)
{
    return std::fma(a, b, c);
}
inline int __clz(int v)
{
    return std::countl_zero(static_cast<std::uint32_t>(v));
}
inline std::uint32_t __umulhi(std::uint32_t a, std::uint32_t b)
{
    return static_cast<std::uint32_t>(std::uint64_t{a} * b >> 32);
}
inline std::uint32_t __dp4a(std::uint32_t a, std::uint32_t b, std::uint32_t sum)
{
    for (int i = 0; i < 32; i += 8)
        sum += (a >> i & 255) * (b >> i & 255);
    return sum;
}
inline std::uint32_t __funnelshift_r(std::uint32_t low, std::uint32_t high, std::uint32_t shift)
{
    return static_cast<std::uint32_t>((std::uint64_t{high} << 32 | low) >> (shift & 31));
}
inline std::uint32_t __byte_perm(std::uint32_t a, std::uint32_t b, std::uint32_t selector)
{
    const std::uint64_t both = std::uint64_t{b} << 32 | a;
    std::uint32_t result = 0;
    for (int i = 0; i < 4; ++i)
        result |= static_cast<std::uint32_t>(both >> (8 * (selector >> (4 * i) & 7)) & 255) << (8 * i);
    return result;
}

template <class F> std::uint32_t eachHalf(std::uint32_t a, std::uint32_t b, const F &f)
{
    const auto half = [](std::uint32_t v, int at) { return static_cast<std::int16_t>(v >> at); };
    const auto made = [&](int at) { return static_cast<std::uint16_t>(f(half(a, at), half(b, at))); };
    return static_cast<std::uint32_t>(made(0)) | static_cast<std::uint32_t>(made(16)) << 16;
}
inline std::uint32_t __vadd2(std::uint32_t a, std::uint32_t b)
{
    return eachHalf(a, b, [](int x, int y) { return x + y; });
}
inline std::uint32_t __vsub2(std::uint32_t a, std::uint32_t b)
{
    return eachHalf(a, b, [](int x, int y) { return x - y; });
}
inline std::uint32_t __vmins2(std::uint32_t a, std::uint32_t b)
{
    return eachHalf(a, b, [](int x, int y) { return std::min(x, y); });
}
inline std::uint32_t __vmaxs2(std::uint32_t a, std::uint32_t b)
{
    return eachHalf(a, b, [](int x, int y) { return std::max(x, y); });
}

template <class T> T surf2Dread(std::uint64_t surface, int byte, int row)
{
    T v;
    std::memcpy(&v, zc::on_host::surfaceAt(surface, byte, row, sizeof v), sizeof v);
    return v;
}
template <class T> void surf2Dwrite(T v, std::uint64_t surface, int byte, int row)
{
    std::memcpy(zc::on_host::surfaceAt(surface, byte, row, sizeof v), &v, sizeof v);
}

// The entry points of a file register under its kernel's name.
#define ZC_ENTRY(name, Job, call)                                                                                      \
    static void name(const Job &job, [[maybe_unused]] const Args &args)                                                \
    {                                                                                                                  \
        call;                                                                                                          \
    }                                                                                                                  \
    static const zc::on_host::Entry entry_##name(ZC_KERNEL_NAME, #name, [](void **params) {                            \
        name(*static_cast<const Job *>(params[0]), *static_cast<const Args *>(params[1]));                             \
    });
