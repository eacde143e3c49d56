#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turns kernels/ops/registry.def into headers: one that includes every kernel, one X-macro list of their types."""
import sys


def names(path):
    with open(path, encoding="utf-8") as lines:
        return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def type_name(name):
    return "".join(part.capitalize() for part in name.split("-"))


def main():
    source, includes, listing = sys.argv[1:]
    kernels = names(source)
    with open(includes, "w", encoding="utf-8") as out:
        out.write("// Generated from registry.def.\n#pragma once\n")
        for name in kernels:
            out.write(f'#include "ops/{name.replace("-", "_")}.hpp"\n')
    with open(listing, "w", encoding="utf-8") as out:
        out.write("// Generated from registry.def: ZC_KERNEL(type) for each kernel, in the order of the file.\n")
        for name in kernels:
            out.write(f"ZC_KERNEL({type_name(name)})\n")


main()
