# SPDX-License-Identifier: MIT
"""The benchmarks, one at a time, and their figures beside the targets. No figure decides whether a run passes."""
import json
import re
import statistics
import sys

import jobs
from checks import ROOT, gst, load, rates_command
from jobs import Job

RUNS, WARM_UP = 5, 60  # alternating runs of each pipeline; frames before the clock starts
REPEATS = 3  # the clip, one after another, so that a run is long against its noise
ADJUST = "brightness=0.1,contrast=1.2,saturation=0.5,hue=0.1"
TARGETED = "1.28"  # the GStreamer that the targets of CUDAMemory are for


def figure(group, name, value, unit, target=None, at_least=False, note=""):
    met = None if target is None else (value >= target if at_least else value <= target)
    return {"group": group, "name": name, "value": round(value, 3), "unit": unit, "target": target, "at_least": at_least,
            "met": met, "note": note}


def kernel_rows(found):
    """Figures of bench-cuda-kernels: time by events, against a device copy of the same bytes."""
    rows = found["results"]
    inverts = {row["format"]: row["us"] for row in rows if row["kernel"] == "invert"}
    figures = []
    for row in rows:
        name = "%s%s, %s %s" % (row["kernel"], " " + row["params"] if row["params"] else "", row["format"], row["size"])
        target, ratio, unit = None, row["times_copy"], "× copy"
        main = row["format"] in ("NV12", "RGBA")
        note = "%.2f us, copy %.2f us" % (row["us"], row["copy_us"])
        if row["kernel"] == "invert" and main:
            figures.append(figure("kernels", name, 100 * row["copy_us"] / row["us"], "% of the copy's bandwidth", 90, True, note))
            continue
        if row["kernel"] == "adjust" and row["format"] == "NV12":
            target = 2 if re.search("gamma|exposure", row["params"]) else 1.25
        if row["kernel"] == "box-blur" and main and row["format"] in inverts:
            ratio, unit, target = row["us"] / inverts[row["format"]], "× invert", 4
        figures.append(figure("kernels", name, ratio, unit, target, note=note))
    return figures


def read_kernels(output):
    # Row by row: what the program complained of stands between them.
    return kernel_rows({"results": [json.loads(row) for row in re.findall(r'\{"format"[^}]*\}', output)]})


def chain_rows(station, found):
    figures = []
    for row in found["figures"]:
        name = "GStreamer %s: %s" % (station.name, row["name"])
        judged = station.name == TARGETED and row.get("goal") is not None
        details = ", ".join("%s %.4g" % item for item in row["details"].items())
        figures.append(figure(row["group"], name, row["value"], row["unit"], row["target"] if judged else None,
                              note="; ".join(filter(None, [details, row["note"]]))))
    return figures


def rate_rows(station, found):
    """What the element costs a decoder's pipeline, and what the way through the CPU costs instead."""
    rates = {name: statistics.median(one["rates"]) for name, one in found.items() if one["rates"]}
    figures = []
    judged = station.name == TARGETED

    def add(name, over, under, unit, target, scale):
        if over in rates and under in rates:
            figures.append(figure("pipelines", "GStreamer %s: %s" % (station.name, name), scale * rates[over] / rates[under],
                                  unit, target if judged else None, True,
                                  "%.0f and %.0f frames/s, medians of %d runs in turn" % (
                                      rates[over], rates[under], min(len(found[over]["rates"]), len(found[under]["rates"])))))

    add("nvh264dec ! cudazerocopy invert ! fakesink, of the rate without it", "invert", "bare", "%", 97, 100)
    add("nvh264dec ! cudazerocopy adjust ! fakesink, of the rate without it", "adjust", "bare", "%", 97, 100)
    add("nvh264dec ! cudazerocopy adjust, against cudadownload ! videobalance ! cudaupload", "adjust", "download", "×", 1.5, 1)
    add("nvh264dec ! cudaconvert to RGBA ! fakesink, of the rate without it", "convert", "bare", "%", None, 100)
    return figures


def rate_contestants(clip):
    decode = "filesrc location=%s ! h264parse ! nvh264dec ! video/x-raw(memory:CUDAMemory) ! " % gst.quoted(clip)
    zero_copy = decode + "cudazerocopy name=zc kernel=%s zero-copy=required ! fakesink name=sink sync=false"
    return {"bare": decode + "fakesink name=sink sync=false",
            "invert": zero_copy % "invert",
            "adjust": zero_copy % gst.quoted("adjust," + ADJUST)}


def slow_contestants(clip, has_convert):
    decode = "filesrc location=%s ! h264parse ! nvh264dec ! video/x-raw(memory:CUDAMemory) ! " % gst.quoted(clip)
    slow = {"download": decode + "cudadownload ! videobalance brightness=0.1 contrast=1.2 saturation=0.5 hue=0.1 ! cudaupload ! "
                        "video/x-raw(memory:CUDAMemory) ! fakesink name=sink sync=false"}
    if has_convert:
        slow["convert"] = (decode + "cudaconvert ! video/x-raw(memory:CUDAMemory),format=RGBA ! fakesink name=sink sync=false")
    return slow


class Measures:
    """Runs the benchmarks and keeps their figures."""

    def __init__(self, runner, work):
        self.runner, self.work = runner, work
        self.figures, self.rivals = [], {"results": [], "missing": []}

    def run(self, job, read):
        """The job, then its figures; a benchmark without any has failed."""
        def judge(outcome, output, status):
            jobs.judge_status(outcome, output, status)
            if status != 0:
                return
            try:
                found = read(output)
            except (ValueError, KeyError, TypeError, ArithmeticError) as why:
                found, output = [], "%r in: %s" % (why, output[-400:])
            self.figures += found
            outcome.detail = "%d figures" % len(found)
            if not found:
                outcome.status, outcome.passed, outcome.failed = jobs.FAILED, 0, 1
                outcome.detail = "no figure: " + jobs.last_lines(output)

        job.judge = judge
        return self.runner.run(job)

    def kernels(self, program, env):
        self.run(Job("bench", "kernels, by events", [str(program)], env, 120), read_kernels)

    def compare_rivals(self, env):
        out = self.work / "rivals.json"
        self.runner.run(Job("bench", "NPP, torch, CuPy", [sys.executable, str(ROOT / "tests/bench/gpu_rivals.py"), str(out)],
                            env, 100))
        self.rivals = load(out) or self.rivals

    def chain(self, station):
        for size in ((1920, 1080), (3840, 2160)):
            out = self.work / ("chain-%s-%d.json" % (station.name, size[0]))
            source = "videotestsrc num-buffers=24 ! video/x-raw,format=NV12,width=%d,height=%d ! cudaupload ! video/x-raw(memory:CUDAMemory)" % size
            command = station.program(station.folder / "bench-gpu-chain", source, str(out))
            env = station.environment({"GST_DEBUG": "2"})
            self.run(Job("bench", "chain of CUDAMemory, %dx%d, GStreamer %s" % (*size, station.name), command, env, 60),
                     lambda output, out=out, size=size: self.sized(chain_rows(station, load(out)), size))

    @staticmethod
    def sized(figures, size):
        for one in figures:
            one["name"] = "%s, NV12 %dx%d" % (re.sub(r", video/x-raw.*", "", one["name"]), *size)
        return figures

    def pipelines(self, station, clip, has_convert):
        """All in one program, in turn, so that whatever else changes falls on all alike."""
        out = self.work / ("rates-%s.json" % station.name)
        contestants = {**rate_contestants(clip), **slow_contestants(clip, has_convert)}
        job = Job("bench", "frame rates behind the decoder, GStreamer %s" % station.name,
                  rates_command(station, out, RUNS, WARM_UP, contestants), station.environment(), 150)

        def judge(outcome, output, status):
            jobs.judge_status(outcome, output, status)
            problems = ["%s: %s" % (key, value["error"]) for key, value in (load(out) or {}).items() if value["error"]]
            if problems:
                jobs.judge_status(outcome, "\n".join(problems), 1)
            if problems and outcome.status != jobs.NOT_RUN:
                outcome.status, outcome.passed, outcome.failed = jobs.FAILED, 0, len(problems)
                outcome.detail = "; ".join(problems)

        job.judge = judge
        self.runner.run(job)
        self.figures += rate_rows(station, load(out) or {})


def long_clip(clip, folder):
    """The clip several times in one file, which a byte stream that begins with a key frame allows."""
    path = folder / "long.h264"
    path.write_bytes(clip.read_bytes() * REPEATS)
    return path
