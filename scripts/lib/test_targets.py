#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints what ninja must build for a build directory's tests, one file a line.

usage: test_targets.py BUILD [SUITE...]    tests of these suites are left out
"""
import json
import subprocess
import sys
from pathlib import Path


def main():
    build, left_out = Path(sys.argv[1]).resolve(), set(sys.argv[2:])
    listed = json.loads(subprocess.run(["meson", "introspect", "--tests", "--targets", build], check=True, text=True,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout)
    files = {target["id"]: target["filename"] for target in listed["targets"]}
    wanted = {name for test in listed["tests"] if not left_out & {suite.split(":")[-1] for suite in test["suite"]}
              for target in test["depends"] for name in files[target]}
    if not wanted:
        sys.exit("test_targets: %s has no test but those of %s" % (build, ", ".join(sorted(left_out)) or "no suite"))
    print("\n".join(sorted(str(Path(name).relative_to(build)) for name in wanted)))


main()
