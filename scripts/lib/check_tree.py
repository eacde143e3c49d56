#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rules about files that need no compiler. Prints "file:line: what, and what to do" for each breach.

With --list KIND, prints the files of that kind instead.
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = 500
CPP = {".c", ".cpp", ".h", ".hpp", ".cuh", ".cu"}
SCRIPT = {".py", ".sh"}

INCLUDE = re.compile(r'\s*#\s*include\s*[<"]([^>"]+)[>"]')
GLIB = re.compile(r"(?:.*/)?(gst/|glib|gobject/|gio/|gmodule)")
CUDA = re.compile(r"(cuda|nvrtc|nvbufsurf|cuda_runtime|gst/cuda/|cudaGL|cudaEGL)", re.IGNORECASE)
OWN_CUDA = re.compile(r"^cudazerocopy/|^gstcudazerocopy|^(memory/)?cuda_(memory|context)\.hpp$|^memory/nvbufsurface(_\w+)?\.hpp$")
GST_CODE = re.compile(r"\b(g_[a-z_]+\s*\(|Gst[A-Z]\w+|gst_[a-z_]+\s*\()")
VERSION_TEST = re.compile(r"\bGST_CHECK_VERSION\b")
ONE_MACHINE = re.compile(r"(?<![\w.$}/])/(home|root|work)/")
NAKED_GOTO = re.compile(r"^\s*goto\s+\w+\s*;")


def tracked():
    """What git knows and what it would add; all files where this is no git checkout."""
    try:
        listed = subprocess.run(["git", "-C", str(ROOT), "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others",
                                 "--exclude-standard"], capture_output=True, text=True, check=True).stdout
        names = [Path(name) for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        skipped = ("build", ".git", ".cache")
        names = [path.relative_to(ROOT) for path in ROOT.rglob("*")
                 if not path.relative_to(ROOT).parts[0].startswith(skipped) and path.parent.name != "__pycache__"]
    return sorted(name for name in names if (ROOT / name).is_file())


def kind_of(name, first_line):
    if name.suffix in CPP:
        return "cpp"
    if name.suffix in SCRIPT or first_line.startswith("#!"):
        return "script"
    if name.name.startswith("meson") or name.suffix == ".def":
        return "build"
    if name.suffix == ".in":
        return "template"
    return "text" if name.suffix == ".md" else "other"


def without_comments(lines):
    """Yields number and code of each line; good enough for rules about names."""
    inside = False
    for number, line in enumerate(lines, 1):
        code = ""
        rest = line
        while rest:
            if inside:
                _, closed, rest = rest.partition("*/")
                inside = not closed
            else:
                before, opened, rest = rest.partition("/*")
                code += before
                inside = bool(opened)
        yield number, code.split("//")[0]


def layer_findings(name, lines):
    top = name.parts[0]
    for number, code in without_comments(lines):
        include = INCLUDE.match(code)
        header = include[1] if include else ""
        if top == "kernels" and GLIB.match(header):
            yield number, "includes %s: the kernel layer knows no GLib and no GStreamer; hand it plain values" % header
        if top == "kernels" and not include and GST_CODE.search(code):
            yield number, "uses %s: the kernel layer knows no GLib and no GStreamer; hand it plain values" % (
                GST_CODE.search(code)[0].strip(" ("))
        if top == "gst" and CUDA.search(header) and not OWN_CUDA.search(header) and not (
                name.parent.name == "memory" and name.name.startswith("cuda_")):
            yield number, "includes %s: CUDA under gst/ belongs into gst/memory/cuda_* alone" % header
        if VERSION_TEST.search(code) and str(name) != "gst/compat.hpp" and top in ("gst", "kernels"):
            yield number, "tests GStreamer's version: put it into gst/compat.hpp and use its result here"
        if NAKED_GOTO.match(code):
            yield number, "has a goto: let a destructor or a function do it"


def findings(name, lines, kind):
    licensed = kind in ("cpp", "script", "template") or name.name == "meson.build"
    if licensed and not any("SPDX-License-Identifier: MIT" in l for l in lines[:3]):
        yield 1, "has no licence line; begin it with 'SPDX-License-Identifier: MIT' in a comment"
    if kind in ("cpp", "script") and len(lines) > MAX_LINES:
        yield len(lines), "has %d lines, the limit is %d; split it by subject" % (len(lines), MAX_LINES)
    if kind == "cpp" and name.parts[0] in ("gst", "kernels") and name.suffix in (".hpp", ".cuh", ".h") and \
            not any(line.startswith("#pragma once") or line.startswith("#ifndef") for line in lines[:10]):
        yield 1, "is a header without '#pragma once'"
    if kind == "cpp":
        yield from layer_findings(name, lines)
    for number, line in enumerate(lines, 1):
        if line.rstrip("\n") != line.rstrip() and kind != "text":
            yield number, "ends in blanks; remove them"
        if ONE_MACHINE.search(line) and "VM_RUN" not in line:
            yield number, "names a path of one machine; take it from the environment or a command line"
        if re.match(r"(<<<<<<<|>>>>>>>) ", line):
            yield number, "holds a merge marker"


def main():
    wanted = sys.argv[2] if sys.argv[1:2] == ["--list"] else None
    count = 0
    for name in tracked():
        try:
            lines = (ROOT / name).read_text(encoding="utf-8").splitlines(keepends=True)
        except UnicodeDecodeError:
            continue
        kind = kind_of(name, lines[0] if lines else "")
        if wanted:
            if kind == wanted:
                print(name)
            continue
        for number, what in findings(name, lines, kind):
            print("%s:%d: %s" % (name, number, what))
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
