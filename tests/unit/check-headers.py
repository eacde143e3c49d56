#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles every header alone: C++17 where nvcc and NVRTC will read it, C++20 elsewhere.

usage: check-headers.py SOURCE_ROOT COMPILER [ARGS...]

GSTCUDA_CFLAGS in the environment: what headers that include gstcuda's need; without it they are left out.
"""
import concurrent.futures
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

WARNINGS = ['-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Wno-missing-field-initializers', '-Werror']
# Built by Meson from registry.def; whatever includes them is compiled with the library.
GSTCUDA = re.compile(r'#\s*include\s*<gst/cuda/')
GENERATED = re.compile(r'#\s*include\s*[<"](registry_\w+\.hpp|[\w/-]*config\.h)[>"]')


def gst_flags():
    """Flags for the headers under gst/, or None where GStreamer is not installed."""
    packages = ['gstreamer-1.0', 'gstreamer-base-1.0', 'gstreamer-video-1.0', 'gstreamer-allocators-1.0']
    found = subprocess.run(['pkg-config', '--cflags', *packages], capture_output=True, text=True, check=False)
    # -isystem: their warnings are not ours.
    return [re.sub('^-I', '-isystem', f) for f in shlex.split(found.stdout)] if found.returncode == 0 else None


def jobs(root):
    """Yields each header with its standard and its flags."""
    include = ['-I', str(root / 'kernels'), '-I', str(root / 'kernels/include')]
    device = [root / 'kernels/include/cudazerocopy/device.cuh', *sorted((root / 'kernels/ops').glob('*.hpp'))]
    for header in device:
        yield header, 'c++17', include
    flags = gst_flags()
    if flags is None:
        print('GStreamer is not installed: headers under gst/ are left out')
    for folder in ('kernels', 'gst'):
        for header in sorted((root / folder).rglob('*')):
            if header.suffix not in ('.hpp', '.h') or header in device or (folder == 'gst' and flags is None):
                continue
            text = header.read_text(encoding='utf-8')
            more = []
            if GSTCUDA.search(text):
                if 'GSTCUDA_CFLAGS' not in os.environ:
                    print(f'left out, needs gstcuda: {header.relative_to(root)}')
                    continue
                more = shlex.split(os.environ['GSTCUDA_CFLAGS'])
            if GENERATED.search(text):
                print(f'left out, needs generated files: {header.relative_to(root)}')
                continue
            yield header, 'c++20', include + (['-I', str(root / 'gst'), *flags, *more] if folder == 'gst' else [])


def compile_alone(compiler, root, header, standard, flags, scratch):
    # Through a source file, since a header compiled as the main file complains about its #pragma once. Twice, so that
    # a missing guard shows.
    source = pathlib.Path(scratch) / (str(header.relative_to(root)).replace('/', '_') + '.cpp')
    source.write_text(f'#include "{header}"\n#include "{header}"\n', encoding='utf-8')
    command = [*compiler, f'-std={standard}', '-fsyntax-only', '-fno-exceptions', *WARNINGS, *flags, str(source)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def main():
    root, compiler = pathlib.Path(sys.argv[1]), sys.argv[2:]
    work = list(jobs(root))
    failed = 0
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda job: compile_alone(compiler, root, *job, scratch), work)
        for (header, standard, _), result in zip(work, results):
            if result.returncode != 0:
                failed += 1
                print(f'{header.relative_to(root)} does not compile alone as {standard}:\n{result.stderr}')
    print(f'{len(work) - failed} of {len(work)} headers compile alone')
    return 1 if failed or len(work) < 5 else 0


if __name__ == '__main__':
    sys.exit(main())
