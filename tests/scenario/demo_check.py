#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the demo and checks its output: it decodes, has the input's frames, and differs from it as the kernel says."""
import argparse
import json
import struct
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/lib"))
import gst  # noqa: E402

LOSS = 2.0  # mean absolute error in code values that encoding may add
problems = []


def expect(condition, text):
    print("%s  %s" % ("ok  " if condition else "BAD ", text))
    if not condition:
        problems.append(text)


def run_demo(args, *arguments):
    command = ([str(ROOT / "scripts/demo")] if args.plugin_dir is None else
               [sys.executable, str(ROOT / "scripts/lib/demo.py"), "--plugin-dir", str(args.plugin_dir.resolve()),
                "--out", str(args.out)] + ["--offline"] * args.offline)
    done = subprocess.run([*command, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    print(done.stdout)
    if done.returncode != 0:
        sys.exit("the demo failed with status %d" % done.returncode)
    return json.loads((args.out / "result.json").read_text())


def luma(result, name, keep):
    """How many frames the video has, and the luma of every keep-th."""
    width, height = result["width"], result["height"]
    if width % 8 or height % 2:
        sys.exit("this check needs a clip of a width that 8 divides and an even height, not %dx%d" % (width, height))
    count, frames = 0, []
    # At full size, so that nothing is scaled or converted to another matrix on the way.
    for frame in gst.thumbnails(result[name], width, height, "I420"):
        if count % keep == 0:
            frames.append(frame[:width * height])
        count += 1
    return count, frames


def mean_error(expected, found):
    return sum(abs(a - b) for a, b in zip(expected, found)) / max(len(found), 1)


def compare(result, keep):
    """Checks what holds for every kernel; answers pairs of frames."""
    stats = result["stats"]
    (had, before), (has, after) = luma(result, "input", keep), luma(result, "output", keep)
    expect(has == had > 0, "out.mp4 decodes to %d frames, the input to %d" % (has, had))
    expect(stats["frames"] == had, "the element counted %d frames" % stats["frames"])
    expect(stats["in-place"] == stats["frames"] and stats["copied"] == 0,
           "%d in place, %d copied" % (stats["in-place"], stats["copied"]))
    # A software decoder may hand out dmabufs where the row says nothing of memory.
    wanted = ("CUDAMemory",) if result["memory"] == "CUDAMemory" else ("SystemMemory", "DMABuf")
    expect(stats["memory"] in wanted, "%s: the frames were in %s" % (result["pipeline"], stats["memory"]))
    header = Path(result["sheet"]).read_bytes()[:24]
    width, height = struct.unpack(">II", header[16:24])
    expect(header.startswith(b"\x89PNG") and width > 1000 and height > 200,
           "the contact sheet is a PNG of %dx%d" % (width, height))
    return list(zip(before, after))


def check_invert(args):
    result = run_demo(args, "-", "invert")
    for index, (before, after) in enumerate(compare(result, 16)):
        a, b = before[::23], after[::23]
        # Limited range: 16 and 235 change places.
        error = mean_error([251 - v for v in a], b)
        expect(error < LOSS < mean_error(a, b), "sample %d is the negative, within %.2f" % (index, error))


def crop(frame, stride, left, top, width, height):
    return [value for y in range(top, top + height) for value in frame[y * stride + left:y * stride + left + width]]


def check_pixelate(args):
    result = run_demo(args)
    width, height = result["width"], result["height"]
    left, top, block = width // 4 & ~1, height // 4 & ~1, 24
    for index, (a, b) in enumerate(compare(result, 32)):
        outside = [crop(f, width, 0, 0, width, top - 8) for f in (a, b)]
        expect(mean_error(*outside) < LOSS, "sample %d is as it was outside the region" % index)
        errors, changes = [], []
        for row in range(4):
            for column in range(8):
                corner = (left + column * block, top + row * block, block, block)
                old, new = crop(a, width, *corner), crop(b, width, *corner)
                errors.append(mean_error([sum(old) / len(old)] * len(new), new))
                changes.append(mean_error(old, new))
        error, change = sum(errors) / len(errors), sum(changes) / len(changes)
        expect(error < LOSS and change > 0.1, "sample %d: each cell is its mean within %.2f (pixels moved by %.2f)"
               % (index, error, change))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plugin-dir", type=Path, help="a built plugin; without it scripts/demo builds its own")
    parser.add_argument("--out", type=Path, default=ROOT / "build/demo", help="where the demo puts its files")
    parser.add_argument("--offline", action="store_true", help="fetch nothing")
    args = parser.parse_args()
    check_invert(args)
    check_pixelate(args)
    print("demo: %s" % ("%d problems" % len(problems) if problems else "as the kernels say"))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
