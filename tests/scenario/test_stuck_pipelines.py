#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A gst-launch-1.0 that never exits, as that of 1.22 may after an error, holds up neither the demo nor the tests."""
import os
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts/lib"))
import gst  # noqa: E402

NEVER = "exec sleep 100\n"


class Stuck(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.program = Path(folder.name) / "gst-launch-1.0"
        self.addCleanup(os.environ.__setitem__, "PATH", os.environ["PATH"])
        os.environ["PATH"] = folder.name + ":" + os.environ["PATH"]
        for name in ("SECONDS_AFTER_ERROR", "SECONDS_WITHOUT_BYTES"):
            self.addCleanup(setattr, gst, name, getattr(gst, name))
            setattr(gst, name, 1)
        self.began = time.monotonic()

    def tearDown(self):
        self.assertLess(time.monotonic() - self.began, 50, "it was waited for")

    def launcher(self, *lines):
        self.program.write_text("#!/bin/sh\n" + "\n".join(lines))
        self.program.chmod(0o755)

    def test_after_an_error_it_is_ended_and_the_error_told(self):
        self.launcher("echo Setting pipeline to PAUSED", "echo 'ERROR: from element /x: the device does not open'",
                      "echo 'Additional debug info:'", "echo 'gst.c(1): because'", NEVER)
        with self.assertRaises(gst.Failure) as raised:
            gst.run("videotestsrc ! fakesink")
        self.assertIn("the device does not open", str(raised.exception))
        self.assertIn("gst.c(1): because", str(raised.exception))
        self.assertIn("did not end within 1 s of its error", str(raised.exception))

    def test_an_error_with_an_exit_is_told_as_ever(self):
        self.launcher("echo 'ERROR: pipeline could not be constructed: no element \"x\".'", "exit 1")
        with self.assertRaisesRegex(gst.Failure, r"failed \(status 1\)[^$]*no element"):
            gst.run("x ! fakesink")

    def test_a_slow_pipeline_without_an_error_is_left_alone(self):
        self.launcher("echo 'WARNING: from element /x: late'", "sleep 2", "echo 'Execution ended after 0:00:02.0'")
        self.assertEqual(gst.run("videotestsrc ! fakesink", quiet=True).seconds, 2)

    def test_frames_that_stop_coming_are_given_up(self):
        self.launcher("head -c 300 /dev/zero", NEVER)
        frames = gst.thumbnails("clip.mp4", 8, 8)
        self.assertEqual(next(frames), bytes(8 * 8 * 3))
        with self.assertRaisesRegex(gst.Failure, "clip.mp4: .*nothing came for 1 s"):
            next(frames)

    def test_frames_end_where_the_video_ends(self):
        self.launcher("head -c 500 /dev/zero")
        self.assertEqual([len(frame) for frame in gst.thumbnails("clip.mp4", 8, 8)], [192, 192])


if __name__ == "__main__":
    unittest.main()
