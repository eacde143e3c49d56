#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the scripts and Meson make of a build directory.

usage: test_build_directory.py BUILD    BUILD holds the plugin, built
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = "gst/libgstcudazerocopy.so"


def run(*command, environment=None):
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, env=environment)
    return done.returncode, done.stdout


class AfterATestWithoutThePlugin(unittest.TestCase):
    """What scripts/demo finds when `scripts/test -Dplugin=disabled` was there before it."""

    def setUp(self):
        self.build = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.build)
        self.must("meson", "setup", self.build, ROOT, "-Dplugin=disabled", "-Dtests=disabled", "-Dcuda=disabled",
                  "-Ddocs=disabled", "-Dwerror=true")
        (self.build / "options.txt").write_text("-Dplugin=disabled\n")

    def must(self, *command):
        status, output = run(*command)
        self.assertEqual(status, 0, output)
        return output

    def knows_plugin(self):
        self.must("ninja", "-C", self.build, "build.ninja")  # as any other target would, where options changed
        return run("ninja", "-C", self.build, "-t", "query", PLUGIN)[0] == 0

    def test_the_plugin_comes_back_and_nothing_else_changes(self):
        self.assertFalse(self.knows_plugin(), "the directory was to begin without the plugin")
        self.must("bash", "-c", '. "$0/scripts/lib/common.sh" && with_plugin "$1"', ROOT, self.build)
        self.assertTrue(self.knows_plugin())
        listed = json.loads(self.must("meson", "introspect", "--buildoptions", self.build))
        options = {option["name"]: option["value"] for option in listed}
        self.assertEqual(options["plugin"], "enabled")
        self.assertEqual((options["tests"], options["docs"], options["werror"]), ("disabled", "disabled", True))
        self.assertFalse((self.build / "options.txt").exists(), "`scripts/test -Dplugin=disabled` would find nothing to do")


class Devenv(unittest.TestCase):
    def test_it_finds_the_plugin_and_keeps_a_registry_of_its_own(self):
        build = Path(sys.argv[1]).resolve()
        registry = build / "gst/registry.bin"
        registry.unlink(missing_ok=True)
        bare = {name: value for name, value in os.environ.items() if not name.startswith("GST_")}
        status, output = run("meson", "devenv", "-C", build, "gst-inspect-1.0", "cudazerocopy", environment=bare)
        self.assertEqual(status, 0, output)
        self.assertIn(str(build / PLUGIN), output)
        self.assertTrue(registry.exists(), "the registry is not %s" % registry)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
