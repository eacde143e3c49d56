#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs clang-tidy over the project's own source files of a build directory, one job a core; findings go to stdout.

A file whose text, headers and flags did not change since it was last found clean is not looked at again.
"""
import hashlib
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# GCC's, which clang does not know.
FOREIGN_FLAGS = re.compile(r"^-(Wno-psabi|Werror|fno-trapping-math)$")


def commands(build):
    """One entry a source file: the same file for several instruction sets is looked at once. Tests are left out: each
    drags all of GoogleTest along, which took two thirds of the time."""
    seen = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = (Path(entry["directory"]) / entry["file"]).resolve()
        product = ROOT / "kernels" in path.parents or ROOT / "gst" in path.parents or build in path.parents
        if path.suffix == ".cpp" and product and path not in seen:
            seen[path] = entry
    return {path: entry for path, entry in seen.items() if build not in path.parents or "host_op_" in path.name}


def inputs_key(entry):
    """A hash over the preprocessed text, so that it covers headers and flags as well as the checks' own settings."""
    words = [w for w in entry["command"].split() if w not in ("-MD", "-c")]
    for flag in ("-MQ", "-MF", "-o"):
        while flag in words:
            at = words.index(flag)
            del words[at:at + 2]
    done = subprocess.run(words[:1] + ["-E"] + words[1:], cwd=entry["directory"], capture_output=True)
    if done.returncode != 0:
        return None
    settings = (ROOT / ".clang-tidy").read_bytes()
    return hashlib.sha256(settings + entry["command"].encode() + done.stdout).hexdigest()


def check(build, path, entry):
    key = inputs_key(entry)
    stamp = build / "tidy" / (key or "none")
    if key and stamp.exists():
        return ""
    done = subprocess.run(["clang-tidy", "--quiet", "-p", str(build / "tidy"), str(path)], capture_output=True,
                          text=True)
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    if done.returncode == 0 and not lines:
        if key:
            stamp.touch()
        return ""
    lines = lines or done.stderr.strip().splitlines() or ["%s:1: clang-tidy failed with %d" % (path, done.returncode)]
    return "\n".join(line.replace(str(ROOT) + "/", "") for line in lines)


def main():
    build = Path(sys.argv[1]).resolve()
    todo = commands(build)
    (build / "tidy").mkdir(exist_ok=True)
    database = [{**entry, "file": str(path),
                 "command": " ".join(w for w in entry["command"].split() if not FOREIGN_FLAGS.match(w))}
                for path, entry in todo.items()]
    (build / "tidy" / "compile_commands.json").write_text(json.dumps(database))
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        reports = [report for report in pool.map(lambda item: check(build, *item), todo.items()) if report]
    print("\n".join(reports) if reports else "%d files are clean" % len(todo))
    return 1 if reports else 0


if __name__ == "__main__":
    sys.exit(main())
