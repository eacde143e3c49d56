#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the demo and checks its output: it decodes, has the input's frames, and differs from it as the kernel says."""
import argparse
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/lib"))
import contact_sheet  # noqa: E402
import gst  # noqa: E402

# Its own programs end by themselves; where one does not, the test says so. In the foreground they stay in this process's
# group, and end with it.
LIMITED = ["timeout", "--foreground", "--kill-after=10", "900"]
LOSS = 2.0  # mean absolute error in code values that encoding may add
SHEET_COLUMNS, THUMB_WIDTH = 5, 320
problems = []


def expect(condition, text):
    print("%s  %s" % ("ok  " if condition else "BAD ", text))
    if not condition:
        problems.append(text)


def run_demo(args, *arguments, environment=None, plugin_dir=None, out=None):
    """What the demo left in result.json, and what it printed."""
    plugin_dir, out = plugin_dir or args.plugin_dir, out or args.out
    command = ([str(ROOT / "scripts/demo")] if plugin_dir is None else
               [sys.executable, str(ROOT / "scripts/lib/demo.py"), "--plugin-dir", os.path.abspath(plugin_dir),
                "--out", str(out)] + ["--offline"] * args.offline)
    done = subprocess.run([*LIMITED, *command, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, env={**os.environ, **(environment or {})})
    print(done.stdout)
    if done.returncode != 0:
        sys.exit("the demo failed with status %d" % done.returncode)
    return json.loads((out / "result.json").read_text()), done.stdout


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


def check_words(result, frames, output):
    """Progress while it ran, and the table at the end."""
    expect(re.search(r"^  \d\d:\d\d:\d\d  \d+ / \d+ seconds \( *[\d.]+ %\)$", output, re.MULTILINE), "progress was printed")
    table = dict(re.findall(r"^  (\S.*?) {2,}(\S.*)$", output, re.MULTILINE))
    stats = result["stats"]
    wanted = {
        "frames": str(frames), "in place": str(frames), "copied": "0", "device": stats["device"], "memory": stats["memory"],
        "ms per frame": "%.2f (median %.2f)" % (stats["cpu-time-mean"] / 1e6, stats["cpu-time-p50"] / 1e6),
        "frames per second": "%.1f" % (frames / result["seconds"]),
        "video": result["output"], "before and after": result["sheet"]}
    for title, value in wanted.items():
        expect(value and table.get(title) == value, "the table says %s: %s (expected %s)" % (title, table.get(title), value))
    expect(stats["cpu-time-mean"] > 0 and result["seconds"] > 0, "times were taken")
    # A short clip's share may drown in what a decoder's threads vary by; then the table must say so.
    wanted = (r"[\d.]+ % of the run's \(median of \d+; [\d.]+ to [\d.]+\)" if min(result["cpu-shares-percent"]) > 0 else
              r"below what can be measured on this video \(median of \d+; -?[\d.]+ to -?[\d.]+ %\)")
    expect(re.fullmatch(wanted, table.get("share of CPU time", "")),
           "the table says share of CPU time: %s" % table.get("share of CPU time"))


def cut(picture, stride, x, y, width, height):
    return b"".join(picture[row * stride + x * 3:row * stride + (x + width) * 3] for row in range(y, y + height))


def sheet_cells(result):
    """The contact sheet's pictures, as a decoder that is not the demo's sees them: pairs of RGB, and their height."""
    header = Path(result["sheet"]).read_bytes()[:24]
    width, height = struct.unpack(">II", header[16:24])
    tall = round(THUMB_WIDTH * result["height"] / result["width"] / 2) * 2
    gap, bar = contact_sheet.GAP, contact_sheet.BAR
    expect(header.startswith(b"\x89PNG") and (width, height) == (gap + (THUMB_WIDTH + gap) * SHEET_COLUMNS, (bar + tall + gap) * 2),
           "the contact sheet is a PNG of %dx%d" % (width, height))
    sheet = next(gst.thumbnails(result["sheet"], width, height), b"")
    if len(sheet) != width * height * 3:
        sys.exit("%s does not decode" % result["sheet"])
    for row, title in enumerate(("before", "after")):
        words = cut(sheet, width * 3, 0, row * (bar + tall + gap), width, bar)
        expect(contact_sheet.INK in words, "the sheet's half \"%s\" has a title" % title)
    return [tuple(cut(sheet, width * 3, gap + (THUMB_WIDTH + gap) * column, (bar + tall + gap) * row + bar, THUMB_WIDTH, tall)
                  for row in range(2)) for column in range(SHEET_COLUMNS)], tall


def check_sheet(result, frames):
    """Checks the upper half against the input; answers the sheet's pairs of pictures, and their height."""
    cells, tall = sheet_cells(result)
    indices = [(2 * column + 1) * frames // (2 * SHEET_COLUMNS) for column in range(SHEET_COLUMNS)]
    wanted = [frame for index, frame in enumerate(gst.thumbnails(result["input"], THUMB_WIDTH, tall)) if index in indices]
    for column, (index, before, (found, after)) in enumerate(zip(indices, wanted, cells)):
        error = mean_error(before, found)
        expect(error < 1, "\"before\" %d is the input's frame %d (%.2f)" % (column, index, error))
        for title, half in (("before", found), ("after", after)):
            expect(max(half) - min(half) > 50, "\"%s\" %d is not blank" % (title, column))
    return cells, tall


def compare(result, keep, output):
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
    check_words(result, had, output)
    return list(zip(before, after))


def check_invert(args):
    result, output = run_demo(args, "-", "invert")
    for index, (before, after) in enumerate(compare(result, 16, output)):
        a, b = before[::23], after[::23]
        # Limited range: 16 and 235 change places.
        error = mean_error([251 - v for v in a], b)
        expect(error < LOSS < mean_error(a, b), "sample %d is the negative, within %.2f" % (index, error))
    for index, (before, after) in enumerate(check_sheet(result, result["stats"]["frames"])[0]):
        error, change = mean_error([255 - v for v in before], after), mean_error(before, after)
        # In RGB more is lost: halved chroma, and what lies outside of RGB.
        expect(error < 4 * LOSS < change / 2, "\"after\" %d is the negative, within %.2f (pixels moved by %.2f)" % (index, error, change))


def crop(frame, stride, left, top, width, height):
    return [value for y in range(top, top + height) for value in frame[y * stride + left:y * stride + left + width]]


def check_pixelated_sheet(result):
    """The middle changed and what is around it did not; edges of the region are left out, since scaling mixes them."""
    cells, tall = check_sheet(result, result["stats"]["frames"])
    stride, margin = THUMB_WIDTH * 3, 4
    for index, pair in enumerate(cells):
        inside = [cut(half, stride, THUMB_WIDTH // 4 + margin, tall // 4 + margin, THUMB_WIDTH // 2 - 2 * margin,
                      tall // 2 - 2 * margin) for half in pair]
        outside = [cut(half, stride, 0, 0, THUMB_WIDTH, tall // 4 - margin) + cut(half, stride, 0, 0, THUMB_WIDTH // 4 - margin, tall)
                   for half in pair]
        changed, kept = mean_error(*inside), mean_error(*outside)
        expect(kept < LOSS and changed > 2 * kept, "\"after\" %d changed in its middle (%.2f) and not around it (%.2f)"
               % (index, changed, kept))


def check_pixelate(args):
    """With --offline as on a machine that never fetched the clip."""
    if not args.offline:
        result, output = run_demo(args)
    else:
        (args.out / "generated.mp4").unlink(missing_ok=True)
        with tempfile.TemporaryDirectory() as empty:
            result, output = run_demo(args, environment={"HOME": empty, "XDG_CACHE_HOME": empty, "GST_REGISTRY": empty + "/registry"})
        for words in ("== no real clip: asked to stay offline\n", "== using a generated one instead; any video will do: scripts/demo FILE\n"):
            expect(words in output, "it says: " + words.strip())
        expect(result["input"] == str(args.out / "generated.mp4"), "the clip is a generated one: " + result["input"])
    check_pixelated_sheet(result)
    width, height = result["width"], result["height"]
    left, top, block = width // 4 & ~1, height // 4 & ~1, 24
    for index, (a, b) in enumerate(compare(result, 32, output)):
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


def check_pasted(args):
    """The lines that the demo prints do the same in a shell that knows nothing, whatever the folders are called."""
    folder = args.out / "it's a \"folder\" of $HOME"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "plug in").symlink_to(os.path.abspath(args.plugin_dir or ROOT / "build/gst"))
    gst.run("videotestsrc num-buffers=40 ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! x264enc ! mp4mux ! "
            "filesink location=%s" % gst.quoted(folder / "short clip.mp4"))
    result, output = run_demo(args, str(folder / "short clip.mp4"), "adjust", "brightness=0.1, hue=0.2",
                              plugin_dir=folder / "plug in", out=folder)
    lines = re.search(r"^(export GST_PLUGIN_PATH=.*\n)(gst-launch-1\.0 .*\n)", output, re.MULTILINE)
    if not lines or lines[2].count("out.mp4") != 1:
        expect(False, "two lines to paste were printed, with out.mp4 in the second")
        return
    bare = {name: value for name, value in os.environ.items() if name != "GST_PLUGIN_PATH"}
    done = subprocess.run([*LIMITED, "sh", "-e"], input=lines[1] + lines[2].replace("out.mp4", "pasted.mp4"), env=bare, cwd=folder,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    expect(done.returncode == 0, "what it prints can be pasted" + ("" if done.returncode == 0 else ":\n" + done.stdout))
    result["pasted"] = str(folder / "pasted.mp4")
    (ran, first), (pasted, second) = luma(result, "output", 8), luma(result, "pasted", 8)
    error = max(map(mean_error, first, second), default=255)
    expect(ran == pasted == 40 and error < 0.5, "and makes the same video: %d frames, within %.2f" % (pasted, error))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plugin-dir", type=Path, help="a built plugin; without it scripts/demo builds its own")
    parser.add_argument("--out", type=Path, default=ROOT / "build/demo", help="where the demo puts its files")
    parser.add_argument("--offline", action="store_true", help="fetch nothing")
    args = parser.parse_args()
    check_invert(args)
    check_pixelate(args)
    check_pasted(args)
    print("demo: %s" % ("%d problems" % len(problems) if problems else "as the kernels say"))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
