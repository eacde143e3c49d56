#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Decodes a video, runs a kernel on it in place, encodes it again, and shows what happened."""
import argparse
import difflib
import json
import os
import shlex
import statistics
import sys
from pathlib import Path

import clip
import contact_sheet
import gst
import pipelines

ROOT = Path(__file__).resolve().parents[2]
SHEET_COLUMNS, THUMB_WIDTH = 5, 320
SHEET_FRAMES, SHARE_FRAMES = 1500, 300  # only so many frames are decoded again for the sheet and the CPU's share
SHARE_PAIRS = 5


def kernel_names():
    lines = (ROOT / "kernels/ops/registry.def").read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/demo", description=__doc__,
        epilog="Kernels: %s. docs/kernels.md lists their parameters." % ", ".join(kernel_names()))
    parser.add_argument("input", nargs="?", default="-", metavar="INPUT",
                        help="a video file; '-', or a kernel's name in its place, means the demo's own clip")
    parser.add_argument("kernel", nargs="?", metavar="KERNEL", help="default: pixelate, on the middle of the picture")
    parser.add_argument("params", nargs="?", metavar="PARAMS", help='such as "brightness=0.1,saturation=0.3"')
    parser.add_argument("--plugin-dir", required=True, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", required=True, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--offline", action="store_true", help="fetch nothing")
    args = parser.parse_args()
    if args.input in kernel_names() and not Path(args.input).exists():
        if args.params:
            parser.error("with a kernel in the place of INPUT there is room for KERNEL and PARAMS alone")
        args.input, args.kernel, args.params = "-", args.input, args.kernel
    return args


def find_input(args):
    if args.input == "-":
        return clip.default(args.out, args.offline)
    path = Path(args.input)
    if not args.input or not path.is_file():
        near = difflib.get_close_matches(args.input, kernel_names(), 1)
        raise gst.Failure("%s: %s; give the path of a video file, or nothing for the demo's own clip%s"
                          % (args.input or '""', "not a file" if path.exists() else "no such file",
                             "; or did you mean the kernel %s?" % near[0] if near else ""))
    return path


def element_text(args, stream):
    if args.kernel is None:
        # The middle, on even coordinates: chroma of 4:2:0 has no odd ones.
        x, y = stream.width // 4 & ~1, stream.height // 4 & ~1
        return 'cudazerocopy kernel=pixelate params=block=24 region=%d,%d,%d,%d' % (
            x, y, stream.width // 2, stream.height // 2)
    text = "cudazerocopy kernel=%s" % gst.quoted(args.kernel)
    return text + (" params=%s" % gst.quoted(args.params) if args.params else "")


def choose(stream, source, element, folder):
    """The row to demonstrate; says which better ones this machine cannot run, if it has a part of what they need."""
    def trial(row):
        target = folder / "trial.mp4"
        before, after, _ = fit(row, stream, source, target)
        try:
            result = gst.run(" ! ".join((before, "identity eos-after=2", element, after)))
        except gst.Failure as why:
            lines = [line.strip() for line in str(why).splitlines()]
            return "two frames did not get through: " + next((line for line in lines if line.startswith("ERROR")), lines[-1])
        finally:
            target.unlink(missing_ok=True)
        found = result.messages.get("cudazerocopy-stats", {}).get("memory")
        return "" if found == row.memory else "the frames came in %s" % found

    row, passed_over = pipelines.choose(stream, gst.memories("cudazerocopy"), gst.exists, trial)
    if row is None:
        raise gst.Failure("no pipeline of scripts/lib/pipelines.py can run here: " + "; ".join(passed_over))
    for why in passed_over:
        if gst.exists("nvh264dec"):
            print("== not used: " + why)
    return row


def pick(path, width, height, indices):
    wanted, frames = set(indices), {}
    for index, frame in enumerate(gst.thumbnails(path, width, height)):
        if index in wanted:
            frames[index] = frame
        if len(frames) == len(wanted):
            break
    return [frames[index] for index in sorted(frames)]


def save_sheet(path, source, target, stream, count):
    width = THUMB_WIDTH
    height = max(2, round(width * stream.height / stream.width / 2) * 2)
    count = min(count, SHEET_FRAMES)
    indices = sorted({(2 * column + 1) * count // (2 * SHEET_COLUMNS) for column in range(SHEET_COLUMNS)})
    before, after = (pick(video, width, height, indices) for video in (source, target))
    if len(before) != len(indices) or len(after) != len(indices):
        raise gst.Failure("the contact sheet needs frames %s; of these the input has %d and the output %d"
                          % (indices, len(before), len(after)))
    contact_sheet.save(path, before, after, width, height)


def fit(row, stream, source, target):
    """Launch text before and after the element, and sentences about what had to be added to it for this video."""
    before, after, remarks = row.before.format(source=gst.quoted(source)), row.after.format(target=gst.quoted(target)), []
    if min(stream.width, stream.height) < pipelines.SMALLEST:
        raise gst.Failure("%s is %dx%d; the encoder takes nothing below %dx%d" % (
            source, stream.width, stream.height, pipelines.SMALLEST, pipelines.SMALLEST))
    other = "" if row.memory else pipelines.stand_in(stream.format, gst.formats("cudazerocopy"))
    if other:
        before += " ! videoconvert ! video/x-raw,format=" + other
        remarks.append("the video is %s, which the element does not take: videoconvert makes it %s first" % (stream.format, other))
    cut = pipelines.to_even(stream.width, stream.height)
    if cut:
        after = cut + " ! " + after
        remarks.append("the encoder wants an even width and height: videocrop cuts what is over")
    return before, after, remarks


def cpu_shares(before, element, frames, whole):
    """Percent of the run's CPU time that the element took, measured SHARE_PAIRS times, sorted.

    Each time the same frames are decoded with and without it, and the CPU time of both processes, all threads, is
    compared. One difference is lost in what a decoder's threads vary by; the median of several is not. The element's own
    clock cannot tell: it runs on while an encoder's threads push the element's aside.
    """
    sample = min(frames, SHARE_FRAMES)

    def cost(middle):
        return gst.run("%s ! identity eos-after=%d ! %sfakesink" % (before, sample, middle), quiet=True).cpu_seconds

    extra = [cost(element + " ! ") - cost("") for _ in range(SHARE_PAIRS)]
    return sorted(100 * seconds / sample * frames / whole.cpu_seconds for seconds in extra)


def share_text(shares):
    """Sorted measurements as the table says them. On a short clip the decoder's own variation may hide the element's part."""
    spread = "median of %d; %.1f to %.1f" % (len(shares), shares[0], shares[-1])
    if shares[0] <= 0:
        return "below what can be measured on this video (%s %%)" % spread
    return "%.1f %% of the run's (%s)" % (statistics.median(shares), spread)


def summarise(result):
    """The element's own words about the run, and the table's rows."""
    stats = result.messages.get("cudazerocopy-stats")
    if stats is None:
        raise gst.Failure("the pipeline ended without a message 'cudazerocopy-stats' from the element")
    if not stats["frames"]:
        raise gst.Failure("the pipeline ended before a single frame reached the element; `GST_DEBUG=3` before the line above "
                          "says why")
    gpu_time = [("GPU ms per frame", "%.3f" % (stats["gpu-time-mean"] / 1e6))] if stats.get("gpu-time-mean") else []
    return stats, [
        ("frames", stats["frames"]),
        ("in place", stats["in-place"]),
        ("copied", stats["copied"]),
        ("device", stats["device"]),
        ("memory", stats["memory"]),
        ("ms per frame", "%.2f (median %.2f)" % (stats["cpu-time-mean"] / 1e6, stats["cpu-time-p50"] / 1e6)),
        *gpu_time,
        ("frames per second", "%.1f" % (stats["frames"] / max(result.seconds, 1e-9))),
    ]


def demo(args):
    args.out.mkdir(parents=True, exist_ok=True)
    os.environ["GST_PLUGIN_PATH"] = ":".join(filter(None, [str(args.plugin_dir), os.environ.get("GST_PLUGIN_PATH")]))
    if not gst.exists("cudazerocopy"):
        raise gst.Failure("GStreamer does not find the element in %s; `GST_DEBUG=2 gst-inspect-1.0 %s/libgstcudazerocopy.so` "
                          "says why" % (args.plugin_dir, args.plugin_dir))
    source = find_input(args)
    stream = gst.probe(source)
    target, sheet = args.out / "out.mp4", args.out / "contact-sheet.png"
    element = element_text(args, stream)
    row = choose(stream, source, element, args.out)
    before, after, remarks = fit(row, stream, source, target)
    launch = " ! ".join((before, element, after))
    print("== %s, %s, %dx%d: %s" % (source, stream.format, stream.width, stream.height, row.name))
    for remark in filter(None, [row.remark, *remarks]):
        print("== " + remark)
    print("\nexport GST_PLUGIN_PATH=%s\n%s\n" % (shlex.quote(os.environ["GST_PLUGIN_PATH"]), gst.shell_line(launch)), flush=True)
    result = gst.run(launch, on_progress=lambda text: print("  " + text, flush=True))
    stats, rows = summarise(result)
    shares = cpu_shares(before, element, stats["frames"], result)
    rows.append(("share of CPU time", share_text(shares)))
    save_sheet(sheet, source, target, stream, stats["frames"])
    print()
    for title, value in rows:
        print("  %-18s %s" % (title, value))
    print("\n  %-18s %s\n  %-18s %s" % ("video", target, "before and after", sheet))
    (args.out / "result.json").write_text(json.dumps(
        {"input": str(source), "output": str(target), "sheet": str(sheet), "width": stream.width,
         "height": stream.height, "pipeline": row.name, "memory": row.memory or "SystemMemory", "stats": stats,
         "cpu-share-percent": statistics.median(shares), "cpu-shares-percent": shares, "seconds": result.seconds}, indent=1))


if __name__ == "__main__":
    try:
        demo(arguments())
    except gst.Failure as why:
        sys.exit("demo: %s" % why)
    except KeyboardInterrupt:
        sys.exit(130)
