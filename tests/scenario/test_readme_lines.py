#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs every launch line of README.md in a shell, as somebody would paste it.

usage: test_readme_lines.py FOLDER    files are read and written there

Endless sources end after a few frames. Where a display, a camera or a GPU is missing, the nearest thing takes its place,
and the output says which. A line must end well, and all its frames must have passed the element without a copy.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/lib"))
import gst  # noqa: E402

FRAMES = 40
# A pattern and what takes its place.
ALWAYS = (
    (r"\bvideotestsrc\b(?! num-buffers)", "videotestsrc num-buffers=%d" % FRAMES),
    (r"\bnum-buffers=100\b", "num-buffers=%d" % FRAMES),
    (r"\bautovideosink\b", "fakevideosink sync=false"),
    (r"\bgltestsrc\b", "gltestsrc num-buffers=%d" % FRAMES),
    (r"\bglimagesink\b", "fakesink"),
    (r"\bv4l2src io-mode=dmabuf\b", "videotestsrc num-buffers=%d ! video/x-raw,format=YUY2" % FRAMES),
    (r"\bv4l2sink io-mode=dmabuf-import\b", "fakevideosink sync=false"),
)
WITHOUT_GPU = (
    # A conversion makes buffers of its own: at the end of a stream libav still holds the last frames of its own.
    (r"\bnvh264dec\b", "avdec_h264 ! videoconvert ! video/x-raw,format=NV12"),
    (r"\bnvh264enc\b", "x264enc"),
    (r"\bdevice=cuda\b", "device=auto"),
    (r"\bgltestsrc num-buffers=", "videotestsrc num-buffers="),
)


def lines():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^ {4}(gst-launch-1\.0 .*)$", text, re.MULTILINE)


def has_gpu():
    """Whether frames decode on a GPU and encode there: that the elements exist does not say so."""
    if not (gst.exists("nvh264dec") and gst.exists("nvh264enc")):
        return False
    try:
        gst.run("videotestsrc num-buffers=2 ! nvh264enc ! h264parse ! nvh264dec ! fakesink", quiet=True)
    except gst.Failure:
        return False
    return True


def adapted(line, substitutions):
    for pattern, instead in substitutions:
        line, count = re.subn(pattern, lambda _: instead, line)
        if count:
            print("  instead of %s: %s" % (re.sub(r"\\b|\(\?!.*?\)|\\", "", pattern), instead))
    return re.sub(r"^gst-launch-1\.0 (?!-m )", "gst-launch-1.0 -m ", line)  # to print the element's message


def trouble(line, folder):
    """Why the line is not as promised; "" if it is."""
    try:
        done = subprocess.run(["bash", "-o", "pipefail", "-c", line], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", cwd=folder, timeout=120)
    except subprocess.TimeoutExpired:
        return "it did not end within 120 s"
    if done.returncode != 0 or re.search(r"^(ERROR|WARNING)", done.stdout, re.MULTILINE):
        return "status %d:\n%s" % (done.returncode, done.stdout[-2000:])
    message = re.findall(r"cudazerocopy-stats, ([a-z-]+=\(.*)", done.stdout)
    stats = gst.parse_structure(message[-1]) if message else {}
    if stats.get("frames") != FRAMES or stats.get("in-place") != FRAMES:
        return "of %d frames it counted %s, in place %s" % (FRAMES, stats.get("frames"), stats.get("in-place"))
    return ""


def main():
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "out.mp4").unlink(missing_ok=True)
    gst.run("videotestsrc num-buffers=%d ! video/x-raw,format=I420,width=320,height=240 ! x264enc ! mp4mux ! filesink location=%s"
            % (FRAMES, gst.quoted(folder / "in.mp4")))
    substitutions = ALWAYS + (() if has_gpu() else WITHOUT_GPU)
    bad, found = 0, lines()
    for line in found:
        print("documented: " + line)
        why = trouble(adapted(line, substitutions), folder)
        print("  " + (why or "ok"), flush=True)
        bad += bool(why)
    if not (folder / "out.mp4").exists():
        print("no line wrote out.mp4")
        bad += 1
    print("%d of %d lines run as README.md says" % (len(found) - bad, len(found)))
    return 1 if bad or len(found) < 6 else 0


sys.exit(main())
