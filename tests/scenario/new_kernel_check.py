#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Stamps a kernel of each shape into a copy of the tree and builds the suite there.

usage: new_kernel_check.py FOLDER    the copy is made in FOLDER, whose build directory is used again the next time

What must hold: one new file, one line in the registry and one test a kernel, nothing else; all of it compiles; the
suite fails for the new kernels, whose gold code is not written, and for no other. Prints "N passed, N failed, N skipped".
"""
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/lib"))
import check_tree  # noqa: E402

KERNELS = {"stamped-colour": "colour", "stamped-sample": "sample", "stamped-frame": "frame"}
PARTS = ["meson.build", "meson_options.txt", "kernels", "gst", "tests", "scripts", "docs"]


def copy_tree(tree):
    for name in check_tree.tracked():  # which can do without git
        if name.parts[0] not in PARTS:
            continue
        source, target = ROOT / name, tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)  # with its time, so that a second run compiles little


def contents(tree):
    return {str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*")
            if path.is_file() and "build" not in path.relative_to(tree).parts[:1]}


def expected_changes():
    files = {name.replace("-", "_") for name in KERNELS}
    return ({"kernels/ops/registry.def"} | {f"kernels/ops/{file}.hpp" for file in files}
            | {f"tests/support/gold/{file}.cpp" for file in files})


def stamp(tree):
    before = contents(tree)
    for name, shape in KERNELS.items():
        subprocess.run([sys.executable, tree / "scripts/new-kernel", name, "--shape", shape], check=True,
                       stdout=subprocess.DEVNULL)
    after = contents(tree)
    changed = {name for name in after if after[name] != before.get(name)}
    lines = [line for line in after["kernels/ops/registry.def"].decode().splitlines() if line]
    return (changed == expected_changes() and lines[-len(KERNELS):] == list(KERNELS),
            "changed: " + ", ".join(sorted(changed)))


def build(tree):
    where = tree / "build"
    if not (where / "build.ninja").exists():
        subprocess.run(["meson", "setup", where, tree, "-Dplugin=disabled", "-Dcuda=disabled", "-Dtests=enabled",
                        "-Ddocs=disabled", "-Dbuildtype=debug", "-Dwerror=true"], check=True, stdout=subprocess.DEVNULL)
    made = subprocess.run(["ninja", "-C", where, "tests/conformance/conformance-host"], capture_output=True, text=True)
    return made.returncode == 0, made.stdout[-3000:]


def cases(tree):
    """Which cases failed and which passed, of three formats."""
    run = subprocess.run([tree / "build/tests/conformance/conformance-host",
                          "--gtest_filter=*/*_NV12:*/*_RGBA:*/*_GRAY8"], capture_output=True, text=True)
    failed = set(re.findall(r"^\[  FAILED  \] (\S+/\S+?),? ", run.stdout, re.M))
    passed = set(re.findall(r"^\[       OK \] (\S+) ", run.stdout, re.M))
    return failed, passed, run.stdout


def main():
    tree = Path(sys.argv[1]).resolve() / "tree"
    for part in PARTS:
        shutil.rmtree(tree / part, ignore_errors=True)
    copy_tree(tree)
    results = [("three paths a kernel and nothing else", *stamp(tree)), ("what was stamped compiles", *build(tree))]
    if results[-1][1]:
        failed, passed, text = cases(tree)
        mine = re.compile("stamped")
        results.append(("every case of the new kernels fails", any(map(mine.search, failed)) and
                        not any(map(mine.search, passed)), "passed: " + ", ".join(filter(mine.search, passed))))
        results.append(("and says what to write", "has no gold code: write tests/support/gold/" in text, text[-2000:]))
        results.append(("no case of the others fails", bool(passed) and all(map(mine.search, failed)),
                        "failed: " + ", ".join(name for name in failed if not mine.search(name))))
    for name, good, detail in results:
        print(("ok      " if good else "FAILED  ") + name + ("" if good else "\n" + detail))
    bad = sum(not good for _, good, _ in results)
    print(f"{len(results) - bad} passed, {bad} failed, 0 skipped")
    return 1 if bad else 0


sys.exit(main())
