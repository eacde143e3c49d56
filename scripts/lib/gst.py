# SPDX-License-Identifier: MIT
"""gst-launch-1.0 as a library: what exists, what a file holds, running a pipeline, decoding to thumbnails."""
import os
import re
import select
import shlex
import signal
import subprocess
import threading
from dataclasses import dataclass, field

# gst-launch-1.0 of 1.22 may never exit after an error while it prerolls, and a pipeline that stalls says nothing at all.
SECONDS_AFTER_ERROR = 5
SECONDS_WITHOUT_BYTES = 60

FIELD = re.compile(r'([a-z][a-z0-9-]*)=\(([A-Za-z0-9]+)\)("(?:\\.|[^"\\])*"|[^,;]*)')


class Failure(Exception):
    """What went wrong, as a sentence for the user."""


def exists(element):
    # Without a version, --exists asks for one not older than GStreamer's own, which only its own plugins have.
    return subprocess.run(["gst-inspect-1.0", "--exists", "--atleast-version=0.0", element], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def sink_template(element):
    done = subprocess.run(["gst-inspect-1.0", "--no-colors", element], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, errors="replace")
    return done.stdout.partition("SINK template")[2].partition("SRC template")[0]


def memories(element):
    """The kinds of memory that the element's sink pads take, beside the CPU's own: {"CUDAMemory", "DMABuf"}."""
    return set(re.findall(r"memory:(\w+)", sink_template(element)))


def formats(element):
    """The raw formats that the element's sink pads take."""
    sink = sink_template(element)
    return {name for listed in re.findall(r"^ +format: (.*)", sink, re.MULTILINE)
            for name in re.findall(r"\w+", listed.replace("(string)", "")) if name != "DMA_DRM"}


def quoted(value):
    """A property value as gst-launch reads it, whatever a file is called."""
    if re.fullmatch(r"[\w@%+=:,./#-]+", str(value)):
        return str(value)
    return '"%s"' % str(value).replace("\\", "\\\\").replace('"', '\\"')


def shell_line(launch):
    """The launch text as one shell command."""
    return "gst-launch-1.0 " + " ".join(shlex.quote(word) if re.search(r"[^\w@%+=:,./!-]", word) else word
                                         for word in tokens(launch))


def tokens(launch):
    """Splits at blanks outside double quotes; the quotes stay, for gst-launch to read."""
    return re.findall(r'(?:"(?:\\.|[^"\\])*"|[^\s"])+', launch)


def parse_structure(text):
    """Fields of a serialised GstStructure: numbers as int or float, everything else as text."""
    fields = {}
    for name, kind, value in FIELD.findall(text):
        if value.startswith('"'):
            value = re.sub(r"\\([0-7]{3}|.)", lambda m: chr(int(m[1], 8)) if len(m[1]) == 3 else m[1], value[1:-1])
        if re.fullmatch(r"g?u?int(64)?|u?int", kind):
            fields[name] = int(value)
        elif kind in ("double", "gdouble", "float", "gfloat"):
            fields[name] = float(value)
        else:
            fields[name] = value
    return fields


@dataclass
class Stream:
    codec: str
    format: str
    width: int
    height: int


def probe(path):
    """What the first video stream of the file is; Failure if there is none that decodes."""
    launch = ("filesrc location=%s ! decodebin ! video/x-raw ! fakesink name=probe num-buffers=1"
              % quoted(path))
    try:
        done = subprocess.run(["gst-launch-1.0", "-v", *tokens(launch)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=60)
        output = done.stdout
    except subprocess.TimeoutExpired:
        raise Failure("%s: no frame could be decoded within 60 s" % path) from None
    raw = re.findall(r"GstFakeSink:probe\.GstPad:sink: caps = (video/x-raw.*)", output)
    if not raw:
        reason = re.search(r"ERROR.*?: (.*)", output)
        raise Failure("%s is not a video that GStreamer can decode here (%s)"
                      % (path, reason[1] if reason else "it holds no video stream"))
    fields = parse_structure(raw[-1])
    codec = next((c for c in re.findall(r"caps = (video/x-[a-z0-9-]+)", output) if c != "video/x-raw"), "")
    return Stream(codec, fields.get("format", ""), fields["width"], fields["height"])


@dataclass
class Run:
    seconds: float = 0.0  # from PLAYING to the end
    cpu_seconds: float = 0.0  # user and system, of all threads
    messages: dict = field(default_factory=dict)  # name of an element message: its fields, the last one wins


def run(launch, environment=None, on_progress=None, quiet=False):
    """Runs a pipeline to its end; Failure with GStreamer's own words if it does not get there. `quiet` drops warnings."""
    process = subprocess.Popen(["gst-launch-1.0", "-m", *tokens(launch)], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                               env={**os.environ, **(environment or {})})
    # Not process.kill(): that would reap the process, and os.wait4() below would not find it.
    last_word = threading.Timer(SECONDS_AFTER_ERROR, os.kill, (process.pid, signal.SIGKILL))
    last_word.daemon = True
    result, complaints = Run(), []
    for line in process.stdout:
        # Not from the line's start: gst-launch prints a message in two parts, and other threads print between them.
        message = re.search(r"\b(cudazerocopy-[a-z]+), ([a-z-]+=\(.*)", line)
        progress = re.match(r"progressreport\d* \((\d+:\d+:\d+)\): (.*)", line)
        ended = re.match(r"Execution ended after (\d+):(\d+):([\d.]+)", line)
        if message:
            result.messages[message[1]] = parse_structure(message[2])
        elif progress and on_progress:
            on_progress("%s  %s" % (progress[1], progress[2]))
        elif ended:
            result.seconds = int(ended[1]) * 3600 + int(ended[2]) * 60 + float(ended[3])
        elif re.match(r"(ERROR|WARNING)|Additional debug info|.*could not|.*no property", line):
            complaints.append(line.strip())
            if line.startswith("ERROR") and last_word.ident is None:
                last_word.start()
        elif complaints and line.startswith(("/", "../", "gst")):
            complaints.append(line.strip())
    last_word.cancel()
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    result.cpu_seconds = usage.ru_utime + usage.ru_stime
    if process.returncode != 0 or any(line.startswith("ERROR") for line in complaints):
        ending = ("did not end within %g s of its error" % SECONDS_AFTER_ERROR if process.returncode == -signal.SIGKILL
                  and last_word.ident is not None else "failed (status %d)" % process.returncode)
        raise Failure("the pipeline %s:\n    %s\n  %s"
                      % (ending, shell_line(launch), "\n  ".join(complaints) or "it printed no error"))
    for line in [] if quiet else complaints:
        print("  " + line)
    return result


def thumbnails(path, width, height, pixel_format="RGB"):
    """Yields each frame, scaled. Rows come without padding if the width is a multiple of 8 and the height even."""
    size = width * height * {"RGB": 6, "I420": 3}[pixel_format] // 2
    launch = ("filesrc location=%s ! decodebin ! video/x-raw ! videoconvert ! videoscale ! "
              "video/x-raw,format=%s,width=%d,height=%d ! fdsink fd=1 sync=false" % (quoted(path), pixel_format, width, height))
    process = subprocess.Popen(["gst-launch-1.0", "-q", *tokens(launch)], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
    try:
        while frame := read_exactly(process.stdout, size, path):
            yield frame
    finally:
        process.stdout.close()
        process.kill()
        process.wait()


def read_exactly(pipe, size, path):
    """So many bytes, or none where the pipe ends before; Failure where it stays silent for too long."""
    data = bytearray()
    while len(data) < size:
        if not select.select([pipe], [], [], SECONDS_WITHOUT_BYTES)[0]:
            raise Failure("%s: it stopped decoding; nothing came for %g s" % (path, SECONDS_WITHOUT_BYTES))
        piece = pipe.read(size - len(data))
        if not piece:
            return b""
        data += piece
    return bytes(data)
