#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Puts the figures of one run of the benchmarks into docs/performance.md, between its markers.

    report.py begin BUILD_DIR/tests/bench                      before the run: drops older figures, notes what will be measured
    report.py end BUILD_DIR/tests/bench docs/performance.md    after it
"""
import datetime
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

CAUSES = Path(__file__).with_name("causes.txt")
BENCHES = ("videobalance", "memcpy", "gamma", "overhead", "demo", "plain")


def output_of(*command):
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def field_of(path, name, separator):
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition(separator)
        if key.strip() == name:
            return value.strip().strip('"')
    return "unknown"


def kernel_version():
    """x.y.z alone: what follows is a name that some machine's owner gave."""
    found = re.match(r"\d+(\.\d+)*", platform.release())
    return found[0] if found else "unknown"


def version():
    text = output_of("git", "-C", str(CAUSES.parent), "describe", "--always", "--dirty")
    return text.replace("-dirty", " with changes that were not committed")


def build_type(folder):
    listed = subprocess.run(["meson", "introspect", "--buildoptions", folder.parents[1]], check=True, stdout=subprocess.PIPE).stdout
    options = json.loads(listed)
    return next(option["value"] for option in options if option["name"] == "buildtype")


def begin(folder):
    """Notes what must hold for the whole run."""
    for name in BENCHES:
        (folder / (name + ".json")).unlink(missing_ok=True)
    (folder / "run.json").write_text(json.dumps(
        {"version": version(), "load": os.getloadavg()[0], "buildtype": build_type(folder)}))


def machine(compiler, run):
    caches = ", ".join("%s %s" % (level, size) for level, size in (
        ("L2", output_of("getconf", "LEVEL2_CACHE_SIZE")), ("L3", output_of("getconf", "LEVEL3_CACHE_SIZE"))))
    return [
        ("Date", datetime.date.today().isoformat()),
        ("Version", run["version"]),
        ("CPU", "%s, %d cores; bytes of cache: %s" % (field_of("/proc/cpuinfo", "model name", ":"), os.cpu_count(), caches)),
        ("System", "%s, Linux %s" % (field_of("/etc/os-release", "PRETTY_NAME", "="), kernel_version())),
        ("Compiler", "%s, buildtype=%s (kernels always -O3)" % (compiler, run["buildtype"])),
        ("GStreamer", output_of("pkg-config", "--modversion", "gstreamer-1.0")),
        ("Load before", "%.1f (average of the last minute before the first benchmark)" % run["load"]),
    ]


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def number(value):
    return "%.3g" % value if abs(value) < 100 else "%.0f" % value


def is_met(figure):
    value, target = figure["value"], figure["target"]
    return value >= target if figure["goal"] == ">=" else value <= target


def verdict(figure):
    if "goal" not in figure:
        return "–", "–"
    sign = "≥" if figure["goal"] == ">=" else "≤"
    unit = {"x": " ×", "": ""}.get(figure["unit"], " " + figure["unit"])
    return "%s %s%s" % (sign, number(figure["target"]), unit), "yes" if is_met(figure) else "**no**"


def figures_table(figures):
    details = list(figures[0]["details"])
    rows = []
    for figure in figures:
        target, met = verdict(figure)
        unit = {"x": " ×", "": ""}.get(figure["unit"], " " + figure["unit"])
        rows.append([figure["name"] + (" (%s)" % figure["note"] if figure.get("note") else "")]
                    + [number(figure["details"][name]) for name in details]
                    + [number(figure["value"]) + unit, target, met])
    return table(["", *details, "figure", "target", "met"], rows)


def missed(figures):
    known = [line.split(":", 1) for line in CAUSES.read_text().splitlines() if ":" in line and not line.startswith("#")]
    rows = []
    for figure in figures:
        if "goal" not in figure or is_met(figure):
            continue
        where = "%s/%s" % (figure["group"], figure["name"])
        cause = next((text.strip() for pattern, text in known if re.search(pattern.strip(), where)),
                     "not explained yet: measure again on an idle machine")
        rows.append(["%s: %s" % (figure["group"], figure["name"]),
                     "%s, wanted %s" % (number(figure["value"]), verdict(figure)[0]), cause])
    return table(["figure", "measured", "cause"], rows) if rows else "Every target is met.\n"


def replace(text, marker, body):
    pattern = re.compile(r"(<!-- begin %s -->\n).*?(<!-- end %s -->)" % (marker, marker), re.DOTALL)
    if not pattern.search(text):
        sys.exit("docs/performance.md has no lines '<!-- begin %s -->' and '<!-- end %s -->' to put figures between" % (marker, marker))
    return pattern.sub(lambda match: match[1] + body + match[2], text)


def end(folder, doc):
    missing = [name for name in BENCHES if not (folder / (name + ".json")).exists()]
    if missing:
        sys.exit("%s holds no figures of %s; %s stays as it is, since its figures belong to one run.\n%s/meson-logs/benchmarklog.txt "
                 "says why they failed" % (folder, ", ".join(missing), doc, folder.parents[1]))
    run = json.loads((folder / "run.json").read_text())
    if run["version"] != version():
        sys.exit("the tree was at %s when the run began and is at %s now; %s stays as it is, since its figures belong to one "
                 "version. Run scripts/bench again" % (run["version"], version(), doc))
    runs = {name: json.loads((folder / (name + ".json")).read_text()) for name in BENCHES}
    compiler = next((each["compiler"] for each in runs.values() if "compiler" in each), "unknown")
    text = replace(doc.read_text(), "machine", table(["", ""], [list(row) for row in machine(compiler, run)]))
    figures = []
    for name in BENCHES:
        found = runs[name]["figures"]
        units = [[f for f in found if f["unit"] == unit] for unit in sorted({f["unit"] for f in found}, reverse=True)]
        text = replace(text, name, "\n".join(figures_table(part) for part in units))
        figures += found
    doc.write_text(replace(text, "missed", missed(figures)))


if sys.argv[1:2] == ["begin"] and len(sys.argv) == 3:
    begin(Path(sys.argv[2]).resolve())
elif sys.argv[1:2] == ["end"] and len(sys.argv) == 4:
    end(Path(sys.argv[2]).resolve(), Path(sys.argv[3]))
else:
    sys.exit(__doc__)
