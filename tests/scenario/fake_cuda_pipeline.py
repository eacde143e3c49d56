#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""GStreamer's own CUDA elements on the stand-in driver: pictures come back as they went, and nothing is left behind.

Usage: fake_cuda_pipeline.py WORK_DIRECTORY. Exits with 77, skipped, where GStreamer has no cudaupload.
"""
import hashlib
import os
import subprocess
import sys

SOURCE = 'videotestsrc num-buffers=5 ! video/x-raw,format=NV12,width=328,height=242'
SINK = 'videoconvert ! video/x-raw,format=I420 ! filesink location='
LINES = {
    'plain': f'{SOURCE} ! {SINK}',
    'cuda': f'{SOURCE} ! cudaupload ! video/x-raw(memory:CUDAMemory) ! cudadownload ! {SINK}',
}


def main(folder):
    if subprocess.run(['gst-inspect-1.0', '--exists', 'cudaupload'], check=False).returncode != 0:
        print('skipped: GStreamer has no element cudaupload here (plugin nvcodec)')
        return 77
    found = {}
    for name, line in LINES.items():
        path = os.path.join(folder, f'fake_cuda_{name}.raw')
        done = subprocess.run(['timeout', '60', 'gst-launch-1.0', '-q'] + (line + path).split(), check=False)
        if done.returncode != 0:
            print(f'status {done.returncode} of: {line}{path}')
            return 1
        with open(path, 'rb') as file:
            found[name] = hashlib.sha256(file.read()).hexdigest()
        os.remove(path)
    if found['plain'] != found['cuda']:
        print('what cudadownload gives is not what cudaupload was given')
        return 1
    return 0


sys.exit(main(sys.argv[1]))
