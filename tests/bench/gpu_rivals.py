#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What others take for the same work on a GPU: NPP, torch and CuPy, in place on frames rotated past the L2 cache.

usage: gpu_rivals.py OUT.json    each rival that is not installed is named with the reason; 77 without a GPU
"""
import ctypes
import json
import statistics
import sys

WIDTH, HEIGHT, FRAMES, ROUNDS = 3840, 2160, 48, 7
FORMATS = {"NV12": (WIDTH, HEIGHT * 3 // 2), "RGBA": (WIDTH * 4, HEIGHT)}  # bytes a row, rows
results, missing = [], []


def note(rival, work, name, microseconds):
    results.append({"rival": rival, "work": work, "format": name, "us": round(microseconds, 2)})
    print("%-6s %-28s %-5s %8.2f us" % (rival, work, name, microseconds), flush=True)


def timed(event, record, synchronize, elapsed, call):
    """Microseconds a call, the median of several rounds over all frames."""
    call(0)
    times = []
    for _ in range(ROUNDS):
        begin, end = event(), event()
        record(begin)
        for index in range(FRAMES):
            call(index)
        record(end)
        synchronize(end)
        times.append(1000.0 * elapsed(begin, end) / FRAMES)
    return statistics.median(times)


def attempt(rival, work, name, measure):
    try:
        note(rival, work, name, measure())
    except Exception as why:  # whatever a rival throws is a reason to leave it out, not to stop
        missing.append("%s, %s on %s: %s" % (rival, work, name, str(why).strip().splitlines()[0] if str(why) else repr(why)))


def with_torch():
    import torch

    def measure(call):
        return timed(lambda: torch.cuda.Event(enable_timing=True), lambda e: e.record(), lambda e: e.synchronize(),
                     lambda a, b: a.elapsed_time(b), call)

    for name, (row, rows) in FORMATS.items():
        frames = [torch.randint(0, 256, (rows, row), dtype=torch.uint8, device="cuda") for _ in range(FRAMES)]
        attempt("torch", "copy", name, lambda: measure(lambda i: frames[i].copy_(frames[(i + FRAMES // 2) % FRAMES])))
        attempt("torch", "bitwise_not_", name, lambda: measure(lambda i: frames[i].bitwise_not_()))
        # Brightness and contrast alone, as anybody would write them.
        attempt("torch", "x * 1.2 + 26, clamped", name, lambda: measure(
            lambda i: frames[i].copy_(frames[i].float().mul_(1.2).add_(26).clamp_(0, 255))))
        del frames
        torch.cuda.empty_cache()


class NppStream(ctypes.Structure):
    """NppStreamContext of nppdefs.h, since version 12."""
    _fields_ = [("stream", ctypes.c_void_p), ("device", ctypes.c_int), ("processors", ctypes.c_int),
                ("threads_per_processor", ctypes.c_int), ("threads_per_block", ctypes.c_int),
                ("shared_per_block", ctypes.c_size_t), ("major", ctypes.c_int), ("minor", ctypes.c_int),
                ("stream_flags", ctypes.c_uint), ("reserved", ctypes.c_int)]


class Size(ctypes.Structure):
    _fields_ = [("width", ctypes.c_int), ("height", ctypes.c_int)]


def npp_library(name):
    for file in ["lib%s.so.%d" % (name, major) for major in (13, 12)] + ["lib%s.so" % name]:
        for folder in ("", "/usr/local/cuda/lib64/"):
            try:
                return ctypes.CDLL(folder + file)
            except OSError:
                pass
    raise OSError("lib%s.so.13 and .12 are not installed" % name)


def npp_stream(cupy):
    device = cupy.cuda.Device()
    of = device.attributes
    return NppStream(None, device.id, of["MultiProcessorCount"], of["MaxThreadsPerMultiProcessor"],
                     of["MaxThreadsPerBlock"], of["MaxSharedMemoryPerBlock"], int(device.compute_capability[:-1]),
                     int(device.compute_capability[-1]), 0, 0)


def with_cupy():
    import cupy

    def measure(call):
        return timed(cupy.cuda.Event, lambda e: e.record(), lambda e: e.synchronize(), cupy.cuda.get_elapsed_time, call)

    invert = cupy.ElementwiseKernel("", "uint8 x", "x = ~x", "invert")
    adjust = cupy.ElementwiseKernel("", "uint8 x", "float y = x * 1.2f + 26.0f; x = y < 0 ? 0 : y > 255 ? 255 : y", "adjust")
    for name, (row, rows) in FORMATS.items():
        frames = [cupy.random.randint(0, 256, (rows, row), dtype=cupy.uint8) for _ in range(FRAMES)]
        attempt("CuPy", "copy", name, lambda: measure(lambda i: cupy.copyto(frames[i], frames[(i + FRAMES // 2) % FRAMES])))
        attempt("CuPy", "invert, out=x", name, lambda: measure(lambda i: cupy.invert(frames[i], out=frames[i])))
        attempt("CuPy", "ElementwiseKernel ~x", name, lambda: measure(lambda i: invert(frames[i])))
        attempt("CuPy", "x * 1.2 + 26, clamped", name, lambda: measure(lambda i: adjust(frames[i])))
        npp_on(cupy, measure, name, row, rows, frames)
        del frames
        cupy.get_default_memory_pool().free_all_blocks()


def npp_on(cupy, measure, name, row, rows, frames):
    # Library, function and pixels a row; all work in place: (pixels, pitch, size, stream).
    calls = {"NV12": [("nppial", "nppiNot_8u_C1IR_Ctx", row)],
             "RGBA": [("nppial", "nppiNot_8u_C4IR_Ctx", WIDTH), ("nppicc", "nppiGammaFwd_8u_AC4IR_Ctx", WIDTH)]}
    for library, function, width in calls[name]:
        def in_place():
            call, stream = getattr(npp_library(library), function), npp_stream(cupy)

            def run(index):
                status = call(ctypes.c_void_p(frames[index].data.ptr), ctypes.c_int(row), Size(width, rows), stream)
                if status != 0:
                    raise RuntimeError("%s answers %d" % (function, status))

            return measure(run)

        attempt("NPP", function, name, in_place)


def main():
    for rival, measure in (("CuPy and NPP", with_cupy), ("torch", with_torch)):
        try:
            measure()
        except Exception as why:
            missing.append("%s: %s" % (rival, str(why).strip().splitlines()[0] if str(why) else repr(why)))
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        json.dump({"results": results, "missing": missing}, out, indent=1)
    for line in missing:
        print(line)
    return 0 if results else 77


if __name__ == "__main__":
    sys.exit(main())
