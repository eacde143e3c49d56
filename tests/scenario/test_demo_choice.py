#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which pipeline the demo picks, from lists of elements as other machines have them; and what it says of measurements."""
import sys
import unittest
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts/lib"))
import demo  # noqa: E402
import gst  # noqa: E402
import pipelines  # noqa: E402

LAPTOP = {"avdec_h264", "h264parse", "x264enc", "decodebin"}
DATA_CENTRE = LAPTOP | {"nvh264dec", "cudaupload", "cudadownload"}
WORKSTATION = DATA_CENTRE | {"nvh264enc"}
H264 = gst.Stream("video/x-h264", "NV12", 1280, 720)


class Choice(unittest.TestCase):
    def pick(self, elements, stream=H264, memories=("CUDAMemory", "DMABuf"), broken=()):
        self.tried = []

        def trial(row):
            self.tried.append(row.name)
            return "the device does not open" if set(row.needs) & set(broken) else ""

        row, self.passed_over = pipelines.choose(stream, set(memories), elements.__contains__, trial)
        return row

    def test_encoder_on_the_gpu_is_best(self):
        row = self.pick(WORKSTATION)
        self.assertEqual(row.memory, "CUDAMemory")
        self.assertIn("nvh264enc", row.after)
        self.assertNotIn("download", row.before + row.after)
        self.assertEqual(self.passed_over, [])

    def test_without_nvenc_one_download_and_x264(self):
        row = self.pick(DATA_CENTRE)
        self.assertEqual(row.memory, "CUDAMemory")
        self.assertEqual((row.before + row.after).count("cudadownload"), 1)
        self.assertIn("x264enc", row.after)
        self.assertIn("NVENC", row.remark)
        self.assertIn("lacks nvh264enc", self.passed_over[0])

    def test_an_encoder_that_exists_but_does_not_open_is_passed_over(self):
        row = self.pick(WORKSTATION, broken={"nvh264enc"})
        self.assertIn("x264enc", row.after)
        self.assertEqual(row.memory, "CUDAMemory")
        self.assertIn("does not open", self.passed_over[0])
        self.assertEqual(len(self.tried), 2)

    def test_a_decoder_that_does_not_open_leaves_the_cpu(self):
        row = self.pick(WORKSTATION, broken={"nvh264dec"})
        self.assertEqual(row.memory, "")
        self.assertIn("avdec_h264", row.needs)
        self.assertEqual(len(self.passed_over), 2)

    def test_an_element_without_cudamemory_is_never_tried_on_it(self):
        row = self.pick(WORKSTATION, memories=("DMABuf",))
        self.assertEqual(row.memory, "")
        self.assertEqual(self.tried, [])
        self.assertIn("memory:CUDAMemory", self.passed_over[0])

    def test_a_laptop_decodes_in_software_and_tries_nothing(self):
        row = self.pick(LAPTOP)
        self.assertIn("avdec_h264", row.needs)
        self.assertEqual(self.tried, [])

    def test_other_codecs_depths_and_odd_sizes_stay_on_the_cpu(self):
        for stream in (gst.Stream("video/x-vp9", "I420", 1280, 720), gst.Stream("video/x-h264", "Y444", 1280, 720),
                       gst.Stream("video/x-h264", "I420", 1279, 720), gst.Stream("video/x-h264", "I420", 1280, 721)):
            with self.subTest(stream=stream):
                self.assertEqual(self.pick(WORKSTATION, stream).memory, "")

    def test_nothing_fits(self):
        self.assertIsNone(self.pick({"nvh264dec"}))
        self.assertEqual(len(self.passed_over), len(pipelines.PIPELINES))

    def test_every_row_can_be_pasted(self):
        for row in pipelines.PIPELINES:
            text = " ! ".join((row.before.format(source="a b.mp4"), "cudazerocopy", row.after.format(target="out.mp4")))
            self.assertNotIn("{", text)
            if row.memory:
                self.assertIn("'video/x-raw(memory:%s)'" % row.memory, gst.shell_line(text))


class Share(unittest.TestCase):
    def test_of_cpu_time(self):
        self.assertEqual(demo.share_text([1.0, 2.0, 2.5, 3.0, 9.0]), "2.5 % of the run's (median of 5; 1.0 to 9.0)")

    def test_that_is_lost_in_what_varies_is_no_number(self):
        for shares in ([-4.0, -1.0, 0.5], [0.0, 2.0, 3.0], [-3.0, -2.0, -1.0]):
            with self.subTest(shares=shares):
                self.assertRegex(demo.share_text(shares), r"^below what can be measured on this video \(median of 3; ")


class Input(unittest.TestCase):
    def test_what_is_no_file_is_named_as_it_was_given(self):
        for given, words in (("", '"": not a file'), (".", ".: not a file"), ("no such.mp4", "no such.mp4: no such file")):
            with self.subTest(given=given), self.assertRaises(gst.Failure) as raised:
                demo.find_input(SimpleNamespace(input=given))
            self.assertTrue(str(raised.exception).startswith(words), raised.exception)


if __name__ == "__main__":
    unittest.main()
