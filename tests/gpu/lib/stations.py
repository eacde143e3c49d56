# SPDX-License-Identifier: MIT
"""A station is one GStreamer on this machine with the plugin and tests that were built for it."""
import os
import subprocess
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

# Where drivers and toolkits put libraries that the loader is not told of.
DRIVER_FOLDERS = ("/usr/local/cuda/lib64", "/usr/local/nvidia/lib64")
LIBRARIES = "/usr/lib/x86_64-linux-gnu"
# DeepStream's elements, whose libraries must be found to scan them: apart, for those who want NVMM.
NVMM_PLUGINS = ("libgstnvvideo4linux2.so", "libgstnvvideoconvert.so")
UNUSED_PLUGINS = ("libgstvideo4linux2.so",)


@dataclass
class Station:
    name: str  # "1.22"
    folder: Path  # of the tests
    plugin: Path  # folder of the plugin
    work: Path  # for files that come and go
    tests: list = field(default_factory=list)  # dicts: name, file, env, timeout
    source_root: str = ""  # the tree that was built, which some tests read
    runtime: Path = None  # a GStreamer that was brought along; None: the machine's own

    def library_path(self, first=()):
        folders = [*first]
        if self.runtime:
            folders += [str(self.runtime / "lib"), str(self.folder / "lib")]
        folders += [folder for folder in DRIVER_FOLDERS if Path(folder).is_dir()]
        return ":".join(folders + list(filter(None, [os.environ.get("LD_LIBRARY_PATH")])))

    def loader(self, first=()):
        """What a program is started with if the C library, too, was brought along."""
        own = self.runtime / "lib/ld-linux-x86-64.so.2" if self.runtime else None
        if own is None or not own.exists():
            return []
        return [str(own), "--library-path", "%s:%s" % (self.library_path(first), LIBRARIES)]

    def program(self, path, *arguments, first=()):
        return [*self.loader(first), str(path), *arguments]

    def environment(self, extra=None, first=()):
        env = dict(os.environ)
        # Programs of the machine itself must not find a foreign C library; the loader gets its folders by argument.
        if not self.loader():
            env["LD_LIBRARY_PATH"] = self.library_path(first)
        env.update(GST_PLUGIN_PATH=str(self.plugin), GST_REGISTRY=str(self.work / "registry.bin"),
                   GST_DEBUG_NO_COLOR="1", XDG_CACHE_HOME=str(self.work / "cache"))
        if self.runtime:
            env.update(GST_PLUGIN_SYSTEM_PATH="%s:%s" % (self.runtime / "plugins", self.folder / "plugins"),
                       PATH="%s:%s" % (self.work / "bin", env["PATH"]))
            if self.loader():
                env["GST_REGISTRY_FORK"] = "no"
            else:
                env["GST_PLUGIN_SCANNER"] = str(self.runtime / "libexec/gst-plugin-scanner")
        env.update(extra or {})
        return env

    def nvmm_plugins(self):
        return self.runtime / "nvmm-plugins"

    def nvmm_first(self):
        """Folders that programs find DeepStream's libraries in."""
        return [str(self.runtime / "ds")] if self.runtime else []

    def nvmm_environment(self):
        """With DeepStream's decoder and converter beside the rest, in a registry of its own."""
        extra = {"GST_REGISTRY": str(self.work / "registry-nvmm.bin")}
        if self.runtime:
            extra["LIBV4L2_PLUGIN_DIR"] = str(self.runtime / "ds/v4l_plugins")
            extra["GST_PLUGIN_PATH"] = "%s:%s" % (self.plugin, self.nvmm_plugins())
        return self.environment(extra, self.nvmm_first())

    def prepare(self):
        """Puts GStreamer's tools on the PATH and fills the registry; returns GStreamer's version, "" if it does not run."""
        self.work.mkdir(parents=True, exist_ok=True)
        if self.runtime:
            for name in UNUSED_PLUGINS:
                (self.runtime / "plugins" / name).unlink(missing_ok=True)
            self.nvmm_plugins().mkdir(exist_ok=True)
            for name in NVMM_PLUGINS:
                if (self.runtime / "plugins" / name).exists():
                    (self.runtime / "plugins" / name).rename(self.nvmm_plugins() / name)
            folder = self.work / "bin"
            folder.mkdir(exist_ok=True)
            for tool in (self.runtime / "libexec").glob("gst-*-1.0"):
                words = self.loader() or ["env", "LD_LIBRARY_PATH=" + self.library_path()]
                script = folder / tool.name
                script.write_text("#!/bin/sh\nexec %s %s \"$@\"\n" % (" ".join(words), tool))
                script.chmod(0o755)
        try:
            done = subprocess.run(["gst-inspect-1.0", "--version"], env=self.environment(), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
            subprocess.run(["gst-inspect-1.0", "--exists", "cudazerocopy"], env=self.environment(),
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
        except (OSError, subprocess.TimeoutExpired):
            return ""
        words = done.stdout.split()
        return words[words.index("GStreamer") + 1] if "GStreamer" in words[:-1] else ""


def unpack(archive, folder):
    """tar.xz into the folder, without its top level."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            _, _, member.name = member.name.partition("/")
            if member.name:
                tar.extract(member, folder)


def from_pack(payload, entry, work):
    """One station of a pack's manifest; unpacks its GStreamer."""
    runtime = work / ("runtime-" + entry["name"])
    unpack(payload / entry["runtime"], runtime)
    folder = work / "tests" / entry["name"]
    return Station(entry["name"], folder, folder / "gst", work / ("station-" + entry["name"]), entry["tests"],
                   entry["source_root"], runtime)
