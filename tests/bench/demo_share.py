#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The element's share of the demo's CPU time, as the demo measures it."""
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNS = (
    ("scripts/demo", []),
    ("scripts/demo - adjust, whole frame", ["-", "adjust", "brightness=0.1,contrast=1.1,saturation=1.2,hue=0.1"]),
)
SKIPPED = 77


def measure(plugin_dir, out, name, arguments):
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/lib/demo.py"), "--plugin-dir", plugin_dir, "--out", str(out), *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        print("%s cannot run here:\n%s" % (name, done.stdout), file=sys.stderr)
        sys.exit(SKIPPED)
    result = json.loads((out / "result.json").read_text())
    stats, shares = result["stats"], result["cpu-shares-percent"]
    return {"group": "demo", "name": name, "value": result["cpu-share-percent"], "unit": "%", "goal": "<=", "target": 10,
            "details": {"frames": stats["frames"], "ms per frame": stats["cpu-time-mean"] / 1e6,
                        "lowest share (%)": shares[0], "highest share (%)": shares[-1]},
            "note": stats["device"] + ("; below what can be measured" if shares[0] <= 0 else "")}


def main():
    plugin_dir, target = sys.argv[1], Path(sys.argv[2])
    out = target.parent / "demo"
    text = json.dumps({"bench": "demo", "figures": [measure(plugin_dir, out, *run) for run in RUNS]}, indent=1)
    print(text)
    target.write_text(text + "\n")


main()
