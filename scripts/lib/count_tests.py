#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts test cases in Meson's testlog.json and ends with "N passed, N failed, N skipped".

A GoogleTest executable counts as many as it has cases; any other test counts as one. An executable that failed
without a failed case (it crashed, or ran out of time) counts as one failure, and so does one that ran no case at all.
Exit status: 0 if nothing failed and something passed.
"""
import json
import re
import sys

CASE = re.compile(r"\[\s+(OK|FAILED|SKIPPED)\s+\] ([^\s,]+)(?:, where .*)? \(\d+ ms\)")
STARTED = re.compile(r"\[ RUN      \] (\S+)")
RAN_NOTHING = re.compile(r"\[==========\] Running 0 tests from 0 test suites")
DISABLED = re.compile(r"YOU HAVE (\d+) DISABLED TEST")


def last_lines(text, count=1):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-count:]) if lines else "no output"


def skip_reason(before):
    """The text that GTEST_SKIP printed: what follows "file:line: Skipped"."""
    _, found, reason = before.rpartition(": Skipped\n")
    return " ".join(reason.split()) if found else "no reason given"


class Tally:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []

    def add(self, test):
        name, result = test["name"], test["result"]
        output = test.get("stdout") or ""
        failed_cases = self.add_cases(name, output)
        if failed_cases is None:
            self.add_whole(name, result, output + (test.get("stderr") or ""))
        elif result not in ("OK", "SKIP", "EXPECTEDFAIL") and not failed_cases:
            self.failed.append((name, "%s after: %s" % (result, last_lines(output + (test.get("stderr") or ""), 2))))

    def add_cases(self, name, output):
        """How many GoogleTest cases failed; None if there are no cases in the output."""
        position, failed, found = 0, 0, False
        for match in CASE.finditer(output):
            found = True
            outcome, case = match.group(1), "%s: %s" % (name, match.group(2))
            if outcome == "OK":
                self.passed += 1
            elif outcome == "FAILED":
                failed += 1
                self.failed.append((case, ""))
            else:
                self.skipped.append((case, skip_reason(output[position:match.start()])))
            position = match.end()
        unfinished = STARTED.search(output, position)
        if unfinished:
            found, failed = True, failed + 1
            self.failed.append(("%s: %s" % (name, unfinished.group(1)), "it did not finish: " + last_lines(output)))
        return failed if found else None

    def add_whole(self, name, result, output):
        if result == "SKIP":
            self.skipped.append((name, last_lines(output)))
        elif result in ("OK", "EXPECTEDFAIL") and not RAN_NOTHING.search(output):
            self.passed += 1
        elif result == "OK":
            self.failed.append((name, "it ran no test case"))
        else:
            self.failed.append((name, "%s after: %s" % (result, last_lines(output, 2))))


def main(path):
    tally = Tally()
    disabled = 0
    try:
        with open(path, encoding="utf-8", errors="replace") as log:
            for line in log:
                test = json.loads(line)
                tally.add(test)
                disabled += sum(int(n) for n in DISABLED.findall(test.get("stdout") or ""))
    except FileNotFoundError:
        print("no test ran: %s does not exist" % path)
    for title, entries in (("skipped", tally.skipped), ("failed", tally.failed)):
        for name, reason in entries:
            print("%s  %s%s" % (title, name, "  (%s)" % reason if reason else ""))
    if disabled:
        print("%d disabled test cases were not run" % disabled)
    print("%d passed, %d failed, %d skipped" % (tally.passed, len(tally.failed), len(tally.skipped)))
    return 0 if tally.passed and not tally.failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
