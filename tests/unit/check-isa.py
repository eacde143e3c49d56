#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that code for a newer CPU cannot be picked where older code is meant.

usage: check-isa.py ISA LIBRARY...    the static libraries that were compiled for ISA

The linker keeps one of several equal functions, such as instances of a template or of an inline function. If one comes
from these libraries, machines without ISA may run it and die of SIGILL. So every name that other files can see must be
ISA's own: it lies in the namespace zc::host::ISA, or is made of something that does.
"""
import re
import subprocess
import sys

SYMBOL = re.compile(r"^[0-9a-f]* +([A-Za-z]) (.+)$")


def visible_symbols(library):
    """Demangled names of what other files can see. Small letters of nm stand for local symbols, but for u, v and w."""
    listing = subprocess.run(["nm", "-C", "--defined-only", library], capture_output=True, text=True, check=True).stdout
    found = [match.groups() for match in map(SYMBOL.match, listing.splitlines()) if match]
    return {name for letter, name in found if letter.isupper() or letter in "uvw"}


def main():
    isa, libraries = sys.argv[1], sys.argv[2:]
    names = set().union(*map(visible_symbols, libraries))
    space = "zc::host::%s::" % isa
    bad = sorted(name for name in names if space not in name)
    for name in bad:
        print("compiled for %s and visible to all: %s; put it into a namespace of that name, as ZC_ISA does" % (isa, name))
    kernels = sum(name.startswith(space + "op") for name in names)
    print("%d names, %d of them kernels, %d not of %s alone" % (len(names), kernels, len(bad), isa))
    return 1 if bad or not kernels else 0


sys.exit(main())
