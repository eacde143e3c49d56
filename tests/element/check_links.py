#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: check_links.py FILE...   Fails if a library needs CUDA's, which are to be found at run time or not at all."""
import re
import subprocess
import sys

NEEDED = re.compile(r"\(NEEDED\).*\[(lib(?:cuda|cudart|nvrtc|nvcuvid)\b[^\]]*)\]")
FUNCTION = re.compile(r"\bU ((?:cu|cuda|nvrtc)[A-Z]\w*)")


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def findings(path):
    archive = path.endswith(".a")
    libraries = [] if archive else NEEDED.findall(output("readelf", "-d", path))
    return libraries + sorted(set(FUNCTION.findall(output("nm", "-u" if archive else "-Du", path))))


def main(paths):
    bad = {path: found for path in paths if (found := findings(path))}
    for path, found in bad.items():
        print("%s links %s: find it with dlopen() and dlsym(), as kernels/cuda/driver.cpp does" % (path, ", ".join(found)))
    return 1 if bad or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
