# SPDX-License-Identifier: MIT
"""The pipelines that scripts/demo knows, best first: a row is usable where all its elements exist.

A row gives the launch text before and after the element under demonstration. {source} and {target} are file names.
To support other hardware, add a row. A row that names a kind of memory is used only if the element takes this kind and a
pipeline of two frames has run: that elements exist does not say that the hardware behind them does.
"""
from dataclasses import dataclass


@dataclass(frozen=True)
class Pipeline:
    name: str
    needs: tuple  # elements that must exist beside cudazerocopy
    codec: str  # caps of the stream that `before` decodes; "" for any
    before: str
    after: str
    remark: str = ""
    memory: str = ""  # caps feature of the frames in between, without "memory:"; "" for system memory
    formats: tuple = ()  # of the stream as decoded; () for any


# A libav decoder still reads its latest frames as references, and frames that somebody reads are copied, not changed
# in place. H.264 keeps at most 16 and libav as many again on threads: a frame that waited for 32 others is free.
UNTIL_FREE = "queue min-threshold-buffers=32 max-size-buffers=40 max-size-bytes=0 max-size-time=0"
ENCODE_X264 = "progressreport update-freq=1 ! videoconvert ! x264enc pass=qual quantizer=20 ! mp4mux ! filesink location={target}"

# The bare caps hold the decoder to the GPU's memory: it would rather write to the CPU's than fail.
DECODE_NV = "filesrc location={source} ! parsebin ! nvh264dec ! video/x-raw(memory:CUDAMemory)"

PIPELINES = (
    Pipeline(
        name="NVDEC, CUDAMemory, NVENC",
        needs=("h264parse", "nvh264dec", "nvh264enc"),
        codec="video/x-h264",
        before=DECODE_NV,
        after="progressreport update-freq=1 ! nvh264enc ! h264parse ! mp4mux ! filesink location={target}",
        memory="CUDAMemory",
        formats=("NV12", "I420"),
    ),
    Pipeline(
        name="NVDEC, CUDAMemory, one download, x264",
        needs=("h264parse", "nvh264dec", "cudadownload", "x264enc"),
        codec="video/x-h264",
        before=DECODE_NV,
        after="cudadownload ! " + ENCODE_X264,
        remark="NVENC is not to be had here (many data-centre GPUs have none): one download after the element, then x264",
        memory="CUDAMemory",
        formats=("NV12", "I420"),
    ),
    Pipeline(
        name="software decoder, CPU, x264",
        needs=("avdec_h264", "h264parse", "x264enc"),
        codec="video/x-h264",
        before="filesrc location={source} ! parsebin ! avdec_h264 ! " + UNTIL_FREE,
        after=ENCODE_X264,
    ),
    Pipeline(
        name="whichever decoder fits, CPU, x264",
        needs=("decodebin", "x264enc"),
        codec="",
        before="filesrc location={source} ! decodebin ! video/x-raw ! " + UNTIL_FREE,
        after=ENCODE_X264,
    ),
)

# What stands in for a format that the element does not take: the same chroma, with fewer bits.
STAND_IN = (("Y444", "Y444"), ("GBR", "Y444"), ("I422", "Y42B"), ("Y42B", "Y42B"), ("I420_1", "P010_10LE"))
SMALLEST = 16  # pixels that x264enc wants in each direction


def refusal(row, stream, memories, exists):
    """Why the row cannot serve the stream, as a phrase; "" if nothing that can be known without a trial speaks against it.

    memories: caps features that the element takes; exists: tells whether GStreamer has an element of that name.
    """
    lacking = [element for element in row.needs if not exists(element)]
    if lacking:
        return "lacks " + ", ".join(lacking)
    if row.codec not in ("", stream.codec):
        return "decodes %s, not %s" % (row.codec, stream.codec or "what this file holds")
    if row.memory and row.memory not in memories:
        return "needs a cudazerocopy that was built for memory:%s" % row.memory
    if row.formats and stream.format not in row.formats:
        return "handles %s, not %s" % (" and ".join(row.formats), stream.format)
    if row.memory and (stream.width % 2 or stream.height % 2):
        return "handles even sizes, not %dx%d" % (stream.width, stream.height)
    return ""


def choose(stream, memories, exists, trial, pipelines=PIPELINES):
    """The first row that can be used, and phrases for those before it; None for the row if there is no such.

    trial: runs the row on two frames and answers what went wrong, or "".
    """
    passed_over = []
    for row in pipelines:
        why = refusal(row, stream, memories, exists) or (trial(row) if row.memory else "")
        if not why:
            return row, passed_over
        passed_over.append("%s: %s" % (row.name, why))
    return None, passed_over


def stand_in(name, formats):
    """The format to convert to before the element; "" if it takes this one."""
    if name in formats:
        return ""
    return next((other for begin, other in STAND_IN if name.startswith(begin) and other in formats), "I420")


def to_even(width, height):
    """Launch text that cuts an odd column or row, which x264 cannot encode with halved chroma; "" if there is none."""
    return "videocrop right=%d bottom=%d" % (width % 2, height % 2) if width % 2 or height % 2 else ""
