# SPDX-License-Identifier: MIT
"""Programs with time limits, many at once, and what came of them."""
import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "scripts/lib"))
import count_tests  # noqa: E402

PASSED, FAILED, NOT_RUN = "passed", "failed", "could not run"


@dataclass
class Outcome:
    group: str
    name: str
    status: str = PASSED
    passed: int = 1
    failed: int = 0
    skipped: int = 0
    detail: str = ""
    seconds: float = 0.0


@dataclass
class Job:
    group: str
    name: str
    command: list
    env: dict = None
    timeout: float = 60
    judge: object = None  # (outcome, output, exit status): changes the outcome; None: the exit status alone decides
    cwd: str = None


def last_lines(text, count=6, width=240):
    return " | ".join(line.strip()[:width] for line in [line for line in text.splitlines() if line.strip()][-count:])


def run_program(command, env, timeout, cwd=None):
    """Output and exit status; None in place of the status where the time ran out."""
    with subprocess.Popen(command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True) as process:
        try:
            output, _ = process.communicate(timeout=timeout)
            return output, process.returncode
        except subprocess.TimeoutExpired:
            # Its own session: what it started ends with it.
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            return output, None


def judge_cases(outcome, output, status):
    """Counts the cases of a GoogleTest program."""
    tally = count_tests.Tally()
    result = "SKIP" if status == 77 else "OK" if status == 0 else "ERROR"
    tally.add({"name": outcome.name, "result": result, "stdout": output, "stderr": ""})
    outcome.passed, outcome.failed, outcome.skipped = tally.passed, len(tally.failed), len(tally.skipped)
    names = ["%s%s" % (name.partition(": ")[2] or name, " (%s)" % reason if reason else "") for name, reason in tally.failed]
    outcome.status = FAILED if tally.failed else PASSED if tally.passed else NOT_RUN
    if tally.failed:
        first = re.search(r"^.*(?:Failure|error).*\n(?:.*\n){0,4}", output, re.MULTILINE)
        outcome.detail = "; ".join(names[:4]) + (" and %d more" % (len(names) - 4) if len(names) > 4 else "")
        outcome.detail += ": " + last_lines(first[0], 5) if first else ""
    elif tally.skipped:
        reasons = sorted({reason for _, reason in tally.skipped})
        outcome.detail = "skipped: " + "; ".join(reason.removeprefix("skipped: ") for reason in reasons[:3])


def judge_status(outcome, output, status):
    # The machine, not the element, lacks what a pipeline names.
    lacking = sorted({name for name in re.findall(r'no element "([^"]+)"', output) if name != "cudazerocopy"})
    if status != 0 and lacking:
        outcome.status, outcome.passed, outcome.failed = NOT_RUN, 0, 0
        outcome.detail = "GStreamer has no element %s here" % ", ".join(lacking)
    elif status == 77:
        outcome.status, outcome.passed, outcome.detail = NOT_RUN, 0, last_lines(output, 1)
    elif status != 0:
        outcome.status, outcome.passed, outcome.failed = FAILED, 0, 1
        outcome.detail = "status %d: %s" % (status, last_lines(output))


class Runner:
    """Runs jobs until the deadline; prints a line for each that ended."""

    def __init__(self, limit):
        self.began = time.monotonic()
        self.limit = limit
        self.outcomes = []
        self.lock = threading.Lock()

    def left(self):
        return self.limit - (time.monotonic() - self.began)

    def note(self, outcome):
        with self.lock:
            self.outcomes.append(outcome)
            counts = "%d passed" % outcome.passed if outcome.passed > 1 or outcome.failed else ""
            counts += ", %d failed" % outcome.failed if outcome.failed else ""
            counts += ", %d skipped" % outcome.skipped if outcome.skipped else ""
            print("[%4.0f] %-13s %-6s %s%s%s" % (
                time.monotonic() - self.began, outcome.status, outcome.group, outcome.name,
                " (%s, %.0f s)" % (counts.removeprefix(", "), outcome.seconds) if counts else "",
                ": " + outcome.detail[:500] if outcome.detail and outcome.status != PASSED else ""), flush=True)
        return outcome

    def not_run(self, group, name, why):
        return self.note(Outcome(group, name, NOT_RUN, 0, detail=why))

    def run(self, job):
        outcome = Outcome(job.group, job.name)
        timeout = min(job.timeout, self.left())
        if timeout < 2:
            return self.not_run(job.group, job.name, "out of time")
        began = time.monotonic()
        try:
            output, status = run_program(job.command, job.env, timeout, job.cwd)
        except OSError as why:
            return self.not_run(job.group, job.name, str(why))
        outcome.seconds = time.monotonic() - began
        if status is None:
            outcome.status, outcome.passed, outcome.failed = FAILED, 0, 1
            outcome.detail = "not done after %.0f s: %s" % (timeout, last_lines(output, 3))
        else:
            (job.judge or judge_status)(outcome, output, status)
        return self.note(outcome)

    def run_all(self, jobs, workers):
        with ThreadPoolExecutor(max_workers=workers) as pool:
            return list(pool.map(self.run, jobs))

    def as_json(self):
        return [asdict(outcome) for outcome in self.outcomes]
