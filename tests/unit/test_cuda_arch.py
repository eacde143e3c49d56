#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks what scripts/cuda-arch.py makes of the option cuda-arch, with stand-ins for nvcc and nvidia-smi.

usage: test_cuda_arch.py CUDA-ARCH.py
"""
import os
import pathlib
import subprocess
import sys
import tempfile

KNOWN = "sm_75\nsm_80\nsm_86\nsm_90\nsm_100\nsm_103\nsm_120\n"


def program(path, output, status=0):
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{output}END\nexit {status}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def run(script, nvcc, choice, folder):
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"}
    done = subprocess.run([sys.executable, script, nvcc, choice], capture_output=True, text=True, check=False,
                          env=environment)
    assert "Traceback" not in done.stderr, f"cuda-arch={choice}: {done.stderr}"
    return done


def code(*architectures, ptx=None):
    lines = [f"-gencode=arch=compute_{one},code=sm_{one}" for one in architectures]
    return lines + ([f"-gencode=arch=compute_{ptx},code=compute_{ptx}"] if ptx else [])


def check_choices(script, nvcc, folder):
    wanted = {"75,90": code(75, 90), "90": code(90), "90, 75,90": code(75, 90), "103": code(103),
              "all": code(75, 80, 86, 90, 100, 120, ptx=75)}
    for choice, arguments in wanted.items():
        done = run(script, nvcc, choice, folder)
        assert done.returncode == 0 and done.stdout.split() == arguments, (choice, done)
    for gpus, arguments in {"9.0\n8.6\n9.0\n": code(86, 90), "5.2\n": code(ptx=75), "": code(ptx=75)}.items():
        program(folder / "nvidia-smi", gpus)
        done = run(script, nvcc, "auto", folder)
        assert done.returncode == 0 and done.stdout.split() == arguments, (gpus, done)


def check_refusals(script, nvcc, folder):
    for choice in ("sm_90", "90 75", "abc", "75,,90", "", "all,90", "9.0", "-1", "9" * 5000):
        done = run(script, nvcc, choice, folder)
        told = done.stderr.strip()
        assert done.returncode == 2 and not done.stdout and "\n" not in told, (choice, done)
        for part in (f'"{choice}"', "auto", "all", "75,90"):
            assert part in told, (choice, told)
    unknown = run(script, nvcc, "75,91", folder)
    assert unknown.returncode == 2 and "sm_91" in unknown.stderr and "86, 90" in unknown.stderr, unknown
    # An nvcc that is too old, broken, or gone is no fault of the choice.
    for broken in (program(folder / "old", "", 1), program(folder / "empty", ""), str(folder / "gone")):
        done = run(script, broken, "auto", folder)
        assert done.returncode == 1 and "--list-gpu-code" in done.stderr, (broken, done)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        nvcc = program(folder / "nvcc", KNOWN)
        check_choices(sys.argv[1], nvcc, folder)
        check_refusals(sys.argv[1], nvcc, folder)
    print("cuda-arch.py: what it takes, and one sentence for what it does not")


main()
