# SPDX-License-Identifier: MIT
"""What has to hold on a GPU: suites, the element's tests, pipelines, and the sanitizer's tools."""
import json
import re
import shutil
import sys
from pathlib import Path

import jobs
from jobs import FAILED, Job

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "scripts/lib"))
import gst  # noqa: E402

# A small part of the suite: the tool slows kernels down by two orders of magnitude, and one picture of each kind of
# kernel shows what it looks for. Racecheck sees races of threads that share memory inside a block only, which no kernel
# does: that it finds none says this, and no more. initcheck would see scratch that is read before it is written.
MEMCHECK = ("*AgreesWithGold/*NV12*:*AgreesWithGold/*RGBA:*AgreesWithGold/*P010*:*AgreesWithGold/*YUY2*:"
            "*BoxBlur*:*Pixelate*:*Flip*:*OnBackend*")
SMALL = "*AgreesWithGold/*NV12:*AgreesWithGold/*RGBA:*AgreesWithGold/*YUY2:*BoxBlur*:*Pixelate*"


def suites(cuda, env):
    """Every kernel on every format, from the images in the library, and as compiled on this machine."""
    suite = str(cuda / "conformance-cuda")
    yield Job("cuda", "conformance, embedded images", [suite], env, 240, jobs.judge_cases)
    yield Job("cuda", "conformance, compiled at run time (NVRTC)", [suite],
              {**env, "CUDAZEROCOPY_IMAGES": "none", "XDG_CACHE_HOME": str(cuda / "cache")}, 240, jobs.judge_cases)


def sanitizer():
    return shutil.which("compute-sanitizer") or next(
        (path for path in ("/usr/local/cuda/bin/compute-sanitizer", "/opt/cuda/bin/compute-sanitizer") if Path(path).exists()), None)


def judge_sanitizer(outcome, output, status):
    found = re.search(r"ERROR SUMMARY: (\d+) error|RACECHECK SUMMARY: (\d+) hazard", output)
    problems = int(found[1] or found[2]) if found else None
    jobs.judge_cases(outcome, output, 0 if problems == 0 else status)
    if problems:
        first = re.search(r"=========.*(?:Invalid|hazard|Error|error).*(?:\n=========.*){0,4}", output)
        outcome.status, outcome.failed = FAILED, max(outcome.failed, 1)
        outcome.detail = "%d found: %s" % (problems, jobs.last_lines(first[0], 5) if first else jobs.last_lines(output))
    elif problems is None:
        outcome.status, outcome.failed = FAILED, max(outcome.failed, 1)
        outcome.detail = "the tool printed no summary: " + jobs.last_lines(output)
    else:
        outcome.detail = "%s%s" % (found[0], "; " + outcome.detail if outcome.detail else "")


def sanitizers(cuda, env):
    tool = sanitizer()
    for name, cases in (("memcheck", MEMCHECK), ("racecheck", SMALL)):
        if tool is None:
            yield ("sanitizer", name, "compute-sanitizer is not installed; it comes with the CUDA toolkit")
        else:
            yield Job("sanitizer", name, [tool, "--tool", name, "--error-exitcode", "9", str(cuda / "conformance-cuda"),
                                          "--gtest_filter=" + cases], env, 200, judge_sanitizer)


def element_tests(station):
    for test in station.tests:
        first = [str(station.folder / "stand-in")] if test["stand_in"] else []
        # What the plugins of GPUs offer depends on the driver, so that its stand-in has a registry of its own.
        env = {**test["env"], **({"GST_REGISTRY": str(station.work / "registry-stand-in.bin")} if first else {})}
        arguments = list(test["arguments"])
        nvmm = test["name"].endswith("nvmm-pixels")
        if nvmm:  # without the test's own environment: it makes criticals fatal, which other vendors' elements have
            first = station.nvmm_first()
        if not Path(station.source_root).is_dir():
            if test["name"].endswith("deepstream-lines"):
                yield (station.name, test["name"], "it reads the sources, which are not here")
                continue
            arguments.append("--gtest_filter=-Documentation.*")  # reads the sources
        # Which of the tests here need the GPU that is there: those that compare its pixels with the CPU's.
        where = "" if test["name"].endswith("-pixels") else " (stand-in driver)" if first else " (CPU)"
        yield Job(station.name, test["name"] + where, station.program(station.folder / test["file"], *arguments, first=first),
                  station.nvmm_environment() if nvmm else station.environment(env, first), min(test["timeout"], 120),
                  jobs.judge_cases)


# Without the caps, two elements that both take system memory may leave the GPU out.
UPLOAD = "cudaupload ! video/x-raw(memory:CUDAMemory) ! "


class Pipeline:
    """gst-launch-1.0's output, judged by what the element says about itself at the end."""

    def __init__(self, frames, **stats):
        self.frames, self.stats = frames, stats

    def __call__(self, outcome, output, status):
        jobs.judge_status(outcome, output, status)
        if outcome.status == jobs.NOT_RUN:
            return
        if status != 0:
            lines = [line for line in output.splitlines() if re.match(r"ERROR|WARNING|Additional debug|\.\./|/|.*erroneous", line)]
            outcome.detail = "status %d: %s" % (status, jobs.last_lines("\n".join(lines) or output, 4))
            return
        found = re.findall(r"cudazerocopy-stats, (.*)", output)
        stats = gst.parse_structure(found[-1]) if found else {}
        wrong = ["%s is %s, expected %s" % (name, stats.get(name), value)
                 for name, value in {"frames": self.frames, **self.stats}.items() if not self.holds(stats.get(name), value)]
        if wrong:
            outcome.status, outcome.passed, outcome.failed, outcome.detail = FAILED, 0, 1, "; ".join(wrong)
        else:
            outcome.detail = "%s frames, %s in place, %s copied, %s, %s" % tuple(
                stats.get(name) for name in ("frames", "in-place", "copied", "memory", "device"))

    @staticmethod
    def holds(value, expected):
        if expected is any:
            return isinstance(value, int) and value > 0
        return str(value).startswith(expected) if isinstance(expected, str) else value == expected


def launch(station, name, text, judge, timeout=60, env=None):
    return Job(station.name, name, ["gst-launch-1.0", "-m", *gst.tokens(text)], station.environment(env), timeout, judge)


def pipelines(station, clip):
    source = "videotestsrc num-buffers=60 ! video/x-raw,format=%s,width=1280,height=720 ! "
    decode = "filesrc location=%s ! h264parse ! nvh264dec ! " % gst.quoted(clip)
    on_gpu = {"in-place": 60, "copied": 0, "memory": "CUDAMemory", "device": "cuda"}
    yield launch(station, "nvh264dec ! cudazerocopy ! fakesink", decode + "video/x-raw(memory:CUDAMemory) ! cudazerocopy "
                 "kernel=invert zero-copy=required ! fakesink", Pipeline(any, memory="CUDAMemory", copied=0, device="cuda"))
    for pixels in ("NV12", "RGBA", "P010_10LE"):
        yield launch(station, "cudaupload ! cudazerocopy ! cudadownload, " + pixels, source % pixels + UPLOAD + "cudazerocopy "
                     "kernel=adjust,hue=0.2 zero-copy=required ! cudadownload ! fakesink", Pipeline(60, **on_gpu))
    yield launch(station, "cudaupload ! tee, one branch changed", source % "NV12" + UPLOAD + "tee name=t ! queue ! cudazerocopy "
                 "kernel=invert ! cudadownload ! fakesink t. ! queue ! cudadownload ! fakesink",
                 Pipeline(60, memory="CUDAMemory", device="cuda"))
    yield launch(station, "three in a chain", source % "NV12" + UPLOAD + "cudazerocopy kernel=invert ! cudazerocopy kernel=box-blur "
                 "! cudazerocopy kernel=pixelate,block=8 ! cudadownload ! fakesink", Pipeline(60, **on_gpu))
    yield launch(station, "system memory, device=cuda", source % "I420" + "cudazerocopy kernel=invert device=cuda zero-copy=required ! "
                 "fakesink", Pipeline(60, copied=0, memory="SystemMemory", device="cuda"))
    yield launch(station, "system memory, device=auto: the CPU", source % "I420" + "cudazerocopy kernel=invert ! fakesink",
                 Pipeline(60, copied=0, memory="SystemMemory", device="cpu"))
    yield launch(station, "system memory, GPUs hidden: the CPU", source % "I420" + "cudazerocopy kernel=invert ! fakesink",
                 Pipeline(60, copied=0, memory="SystemMemory", device="cpu"), env={"CUDA_VISIBLE_DEVICES": ""})


def refusals(station):
    """One error, soon, that says what is wrong."""
    source = "videotestsrc num-buffers=5 ! "
    for name, element, words, env in (
            ("device=cuda, GPUs hidden: an error", "cudazerocopy device=cuda", r"cuda|CUDA|GPU", {"CUDA_VISIBLE_DEVICES": ""}),
            ("cuda-device-id=77: an error", "cudazerocopy device=cuda cuda-device-id=77", r"77", None)):
        def judge(outcome, output, status, words=words):
            errors = re.findall(r"^ERROR: from element .*", output, re.MULTILINE)
            outcome.passed, outcome.status = 1, jobs.PASSED
            outcome.detail = jobs.last_lines("\n".join(errors) or output, 2)
            if status == 0 or status is None or status < 0 or len(errors) != 1 or not re.search(words, output):
                outcome.status, outcome.passed, outcome.failed = FAILED, 0, 1
                outcome.detail = "status %s, %d errors, expected one that names %s: %s" % (status, len(errors), words, outcome.detail)

        yield launch(station, name, source + element + " kernel=invert ! fakesink", judge, 30, env)


def same_pixels(station, work):
    """The GPU's bytes against the CPU's, through upload and download."""
    for pixels in ("NV12", "RGBA"):
        files = [work / ("%s-%s-%s.raw" % (station.name, pixels, where)) for where in ("cpu", "gpu")]
        source = "videotestsrc num-buffers=1 pattern=smpte75 ! video/x-raw,format=%s,width=1024,height=360 ! " % pixels
        words = "kernel=box-blur,radius=3 region=64,40,320,200 ! "
        texts = (source + "cudazerocopy device=cpu " + words + "filesink location=%s" % files[0],
                 source + UPLOAD + "cudazerocopy " + words + "cudadownload ! filesink location=%s" % files[1])
        script = " && ".join("gst-launch-1.0 -q " + " ".join(gst.shell_line(text).split()[1:]) for text in texts)
        # What was downloaded may end in padding.
        size = 1024 * 360 * {"NV12": 3, "RGBA": 8}[pixels] // 2
        yield Job(station.name, "GPU and CPU write the same bytes, " + pixels,
                  ["sh", "-c", "%s && test $(stat -c %%s %s) -eq %d && cmp -n %d %s %s" % (script, files[0], size, size, *files)],
                  station.environment(), 60)


def judge_demo(outcome, output, status):
    jobs.judge_status(outcome, output, status)
    if status == 0:
        checks = len(re.findall(r"^ok  ", output, re.MULTILINE))
        chosen = re.findall(r"^== .*x\d+: (.*)$", output, re.MULTILINE)
        outcome.detail = "%d checks; %s" % (checks, chosen[0] if chosen else "")
    else:
        bad = re.findall(r"^(?:BAD |demo: |\s*ERROR).*", output, re.MULTILINE)
        outcome.detail = jobs.last_lines("\n".join(bad) or output)


def demo(station):
    return Job(station.name, "demo, its frames checked", [
        sys.executable, str(ROOT / "tests/scenario/demo_check.py"), "--offline", "--plugin-dir", str(station.plugin),
        "--out", str(station.work / "demo")], station.environment(), 300, judge_demo)


def rates_command(station, out, runs, warm_up, contestants):
    """The benchmark that plays pipelines in turn."""
    words = ["%s=%s" % item for item in contestants.items()]
    return station.program(station.folder / "bench-gpu-rates", str(out), str(runs), str(warm_up), *words)


def load(path):
    try:
        return json.loads(Path(path).read_text())
    except (OSError, ValueError):
        return None
