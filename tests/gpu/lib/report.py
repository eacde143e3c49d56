#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes docs/hardware-results.md from the results of a run.

usage: report.py RESULTS.json OUT.md    what stands in OUT.md after the line KEPT stays
"""
import json
import sys
from pathlib import Path

KEPT = "<!-- what follows is written by hand -->"
ORDER = {"cuda": 0, "sanitizer": 1}  # of the groups; GStreamer's versions follow


def cell(text):
    return str(text).replace("|", "\\|").replace("\n", " ")


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(cell(one) for one in row) + " |" for row in rows]) + "\n"


def number(value):
    return "%d" % value if float(value).is_integer() else "%.3g" % value if abs(value) < 100 else "%.0f" % value


def with_unit(value, unit):
    return number(value) + (" " + unit if unit else "")


def target(one):
    if one["target"] is None:
        return "–", "–"
    return "%s %s" % ("≥" if one["at_least"] else "≤", with_unit(one["target"], one["unit"])), "yes" if one["met"] else "**no**"


def figure_rows(figures):
    return [[one["name"], with_unit(one["value"], one["unit"]), *target(one), one["note"]] for one in figures]


def outcome_rows(outcomes):
    rows = []
    for one in sorted(outcomes, key=lambda one: (ORDER.get(one["group"], len(ORDER)), one["group"])):
        result = one["status"]
        if result != "could not run":
            result = "%d passed, %d failed" % (one["passed"], one["failed"])
            result += ", %d skipped" % one["skipped"] if one["skipped"] else ""
            result = "**%s**" % result if one["failed"] else result
        rows.append([one["group"], one["name"], result, one["detail"][:300], "%.0f" % one["seconds"]])
    return rows


def machine_rows(machine):
    return [["Date", machine["date"]], ["Version", machine["version"]], ["GPU", machine["gpu"]], ["Driver", machine["driver"]],
            ["CPU", machine["cpu"]], ["System", machine["system"]], ["GStreamer", machine["gstreamer"]],
            ["Build", machine["build"]], ["The whole run", "%.0f s" % machine["seconds"]]]


def total(outcomes, ending=None):
    """Counts of rows whose name ends so; None: of those that name no place, which is the GPU."""
    places = ("(stand-in driver)", "(CPU)")
    chosen = [one for one in outcomes if (one["name"].endswith(ending) if ending else not one["name"].endswith(places))]
    return "%d passed, %d failed, %d skipped" % tuple(sum(one[key] for one in chosen) for key in ("passed", "failed", "skipped"))


def markdown(results):
    judged = [one for one in results["figures"] if one["target"] is not None]
    others = [one for one in results["figures"] if one["target"] is None]
    functional = [one for one in results["outcomes"] if one["group"] != "bench"]
    lacking = [one for one in functional if one["status"] == "could not run"]
    totals = results["totals"]
    text = ["# What ran on real GPUs\n",
            "`tests/gpu/run` wrote this. \"Could not run\" is neither passed nor failed; the reason is beside it.\n",
            table(["", ""], machine_rows(results["machine"])),
            "## Results\n", "%d passed, %d failed, %d skipped; %d rows could not run.\n" % (
                totals["passed"], totals["failed"], totals["skipped"], len(lacking)),
            "On the GPU: %s. Beside them on this machine: %s by the CPU alone, which must work with a GPU around; %s with "
            "the stand-in for the driver that continuous integration uses.\n" % (
                total(results["outcomes"]), total(results["outcomes"], "(CPU)"),
                total(results["outcomes"], "(stand-in driver)")),
            table(["where", "what", "result", "remark", "s"], outcome_rows(functional)),
            "## Speed beside its targets\n",
            "Kernel times by events over frames rotated past the L2 cache, against a device copy of the same bytes in the same "
            "run; pipelines in turn, medians.\n",
            table(["what", "measured", "target", "met", "remark"], figure_rows(judged)) if judged else "Nothing was measured.\n"]
    if results["rivals"]["results"] or results["rivals"]["missing"]:
        text += ["## The same work by others, not judged\n", "3840x2160, in place but for the copies, by events.\n",
                 table(["who", "what", "frame", "us"], [[one["rival"], one["work"], one["format"], one["us"]]
                                                       for one in results["rivals"]["results"]])]
        text += ["Not measured: %s\n" % "; ".join(results["rivals"]["missing"])] if results["rivals"]["missing"] else []
    if others:
        text += ["## Other figures\n", table(["what", "measured", "remark"],
                                             [[row[0], row[1], row[4]] for row in figure_rows(others)])]
    benches = [one for one in results["outcomes"] if one["group"] == "bench" and one["status"] != "passed"]
    if benches:
        text += ["## Benchmarks that gave nothing\n", table(["where", "what", "result", "remark", "s"], outcome_rows(benches))]
    return "\n".join(text)


def write(results, path):
    path = Path(path)
    kept = ""
    if path.exists():
        _, found, rest = path.read_text().partition(KEPT)
        kept = "\n" + found + rest if found else ""
    path.write_text(markdown(results) + kept)


if __name__ == "__main__":
    write(json.loads(Path(sys.argv[1]).read_text()), sys.argv[2])
