#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that no fat binary is compressed with zstd, which drivers before CUDA 12.4 answer with "invalid image".

usage: check-fatbins.py FATBIN ...
"""
import pathlib
import sys

ZSTD_FRAME = b"\x28\xb5\x2f\xfd"


def main():
    files = sys.argv[1:]
    assert files, "no fat binary was named"
    zstd = [file for file in files if ZSTD_FRAME in pathlib.Path(file).read_bytes()]
    if zstd:
        sys.exit(f"compressed with zstd: {', '.join(zstd)}; --compress-mode=speed makes nvcc use something older")
    print(f"{len(files)} fat binaries, none with zstd")


main()
