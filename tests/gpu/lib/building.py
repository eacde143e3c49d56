# SPDX-License-Identifier: MIT
"""What is built for a GPU machine, asked of Meson, and the clip that pipelines decode.

usage: building.py BUILD_DIR OUT.json MESON_OPTION...    all but the programs that need no GStreamer
"""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "scripts/lib"))
import gst  # noqa: E402

SUITES = ("element", "scenario")  # GoogleTest executables of these are tests of the element
BENCHES = ("bench-gpu-chain", "bench-gpu-rates")  # one of each GStreamer
CUDA = ("conformance-cuda", "bench-cuda-kernels")  # these need no GStreamer


class Failure(Exception):
    """What went wrong, as a sentence for the user."""


def command(*words, cwd=None, env=None):
    done = subprocess.run([str(word) for word in words], cwd=cwd, env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if done.returncode != 0:
        raise Failure("this failed with status %d: %s\n%s" % (done.returncode, " ".join(map(str, words)),
                                                            "\n".join(done.stdout.splitlines()[-30:])))
    return done.stdout


def configure(build, *options):
    """Makes the build directory, or gives an existing one these options."""
    options = ["-Dtests=enabled", "-Dplugin=enabled", *options]
    if (build / "build.ninja").exists():
        command("meson", "configure", build, *options)
        # A target of a later version is known only once Meson has read its files again.
        command("ninja", "-C", build, "build.ninja")
    else:
        command("meson", "setup", build, ROOT, *options)


def introspect(text):
    """From the JSON of `meson introspect --targets --tests`: targets by name, the element's tests, the stand-in driver."""
    known = json.loads(text)
    targets = {target["name"]: target for target in known["targets"]}
    # More than one library is called cuda: the folder tells them apart.
    stand_in = [target["filename"][0] for target in known["targets"]
                if target["type"] == "shared library" and "/fake_cuda/" in target["filename"][0]]
    tests = [test for test in known["tests"]
             if any(suite.rpartition(":")[2] in SUITES for suite in test["suite"]) and test["protocol"] == "gtest"]
    return targets, tests, stand_in


# Set anew where the tests run.
PLACES = ("GST_PLUGIN_PATH", "GST_REGISTRY", "LD_LIBRARY_PATH", "LD_PRELOAD", "XDG_CACHE_HOME")


def test_row(test):
    """What the GPU machine has to know of one of Meson's tests."""
    places = {name: test["env"].get(name, "") for name in PLACES}
    return {"name": test["name"], "file": test["cmd"][0], "arguments": test["cmd"][1:], "timeout": test["timeout"],
            "env": {name: value for name, value in test["env"].items() if name not in PLACES},
            "stand_in": "fake_cuda" in places["LD_LIBRARY_PATH"]}


def build_all(build, options, cuda=CUDA):
    """Builds the plugin, the element's tests, the benchmarks and these programs; answers what they are."""
    configure(build, *options)
    targets, tests, stand_in = introspect(command("meson", "introspect", "--targets", "--tests", build))
    missing = {*BENCHES, "gstcudazerocopy"} - set(targets)
    if missing:
        raise Failure("%s does not build %s: its GStreamer lacks something; `meson setup` there says what"
                      % (build, ", ".join(sorted(missing))))
    rows = [test_row(test) for test in tests]
    files = {"plugin": targets["gstcudazerocopy"]["filename"][0],
             "benches": [targets[name]["filename"][0] for name in BENCHES],
             "cuda": [targets[name]["filename"][0] for name in cuda if name in targets],
             "stand_in": stand_in}
    everything = [files["plugin"], *files["benches"], *files["cuda"], *stand_in, *[row["file"] for row in rows]]
    command("ninja", "-C", build, "-j%d" % os.cpu_count(), *sorted({os.path.relpath(file, build) for file in everything}))
    for row in rows:
        row["stand_in"] = row["stand_in"] or "[libcuda.so.1]" in command("readelf", "-d", row["file"])
    return {"tests": rows, "source_root": str(ROOT), "build": str(build), **files,
            "gstreamer": command("pkg-config", "--modversion", "gstreamer-1.0").strip(),
            "compiler": command("c++", "--version").splitlines()[0]}


def make_clip(path, frames=660):
    """1080p H.264 with B frames, 4:2:0, as a byte stream: the demo's clip enlarged and repeated, else a test picture."""
    if path.exists():
        return path
    import clip
    source = clip.cached()
    if source:
        count = -(-frames // 132)  # the clip's own frames
        picture = " ".join("filesrc location=%s ! decodebin ! c." % gst.quoted(source) for _ in range(count))
        picture = "concat name=c ! videoscale ! videoconvert ! PICTURE " + picture
    else:
        picture = "videotestsrc num-buffers=%d pattern=smpte horizontal-speed=4 ! PICTURE" % frames
    partial = path.with_suffix(".part")
    gst.run(picture.replace("PICTURE", (
        "video/x-raw,format=I420,width=1920,height=1080 ! "
        "x264enc speed-preset=veryfast bframes=2 b-adapt=false key-int-max=60 pass=qual quantizer=28 ! "
        "video/x-h264,profile=high ! h264parse config-interval=-1 ! "
        "video/x-h264,stream-format=byte-stream,alignment=au ! filesink location=%s" % gst.quoted(partial))))
    partial.replace(path)
    return path


def version():
    """The commit, and whether the tree differs from it."""
    try:
        return command("git", "-C", ROOT, "describe", "--always", "--dirty").strip()
    except (Failure, OSError):
        return "unknown"


def strip_into(source, folder):
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / Path(source).name
    shutil.copyfile(source, target)
    target.chmod(0o755)
    command("strip", "--strip-all" if target.suffix != ".so" else "--strip-unneeded", target)
    return target


def main():
    build, out, *options = sys.argv[1:]
    try:
        Path(out).write_text(json.dumps(build_all(Path(build).resolve(), options, cuda=())))
    except Failure as why:
        sys.exit("building: %s" % why)


if __name__ == "__main__":
    main()
