#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints nvcc's -gencode arguments for the option cuda-arch: auto, all, or a list such as 75,90.

usage: cuda-arch.py NVCC CHOICE
auto: the GPUs of this machine, else PTX of the lowest architecture alone. all: every one of WANTED that nvcc knows, and
PTX of the lowest, for GPUs that are newer than the build. The status is 2 if the choice is at fault, 1 if nvcc is.
"""
import re
import subprocess
import sys

WANTED = [75, 80, 86, 87, 89, 90, 100, 110, 120]


def give_up(status, sentence):
    print(sentence, file=sys.stderr)
    sys.exit(status)


def known(nvcc):
    try:
        listing = subprocess.run([nvcc, "--list-gpu-code"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        give_up(1, f"--list-gpu-code, of CUDA 11.1 and later, does not work: {error}")
    can = sorted(int(match) for match in re.findall(r"sm_(\d+)\b", listing))
    return can or give_up(1, "--list-gpu-code lists no architecture")


def present():
    try:
        listing = subprocess.run(["nvidia-smi", "--query-gpu=compute_cap", "--format=csv,noheader"],
                                 capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    return sorted({int(line.replace(".", "")) for line in listing.split() if re.fullmatch(r"\d+\.\d+", line)})


def listed(choice, can):
    words = [word.strip() for word in choice.split(",")]
    if not all(re.fullmatch("[0-9]{1,4}", word) for word in words):
        give_up(2, f'cuda-arch is "{choice}"; it takes auto (the GPUs of this machine), all, or numbers with commas '
                   'between them, such as 75,90: compute capabilities without the dot')
    binaries = sorted(set(map(int, words)))
    unknown = [arch for arch in binaries if arch not in can]
    if unknown:
        give_up(2, f"cuda-arch: this nvcc has no sm_{unknown[0]}; it knows {', '.join(map(str, can))}, and auto and all")
    return binaries


def main():
    nvcc, choice = sys.argv[1:]
    can = known(nvcc)
    lowest = min((arch for arch in can if arch in WANTED or arch > WANTED[-1]), default=can[-1])
    if choice == "auto":
        binaries = [arch for arch in present() if arch in can]
    elif choice == "all":
        binaries = [arch for arch in WANTED if arch in can]
    else:
        binaries = listed(choice, can)
    arguments = [f"-gencode=arch=compute_{arch},code=sm_{arch}" for arch in binaries]
    if choice in ("auto", "all"):
        if choice == "all" or not binaries:
            arguments.append(f"-gencode=arch=compute_{lowest},code=compute_{lowest}")
    print("\n".join(arguments))


main()
