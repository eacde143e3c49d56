# SPDX-License-Identifier: MIT
"""The pipelines that scripts/demo knows, best first: a row is usable where all its elements exist.

A row gives the launch text before and after the element under demonstration. {source} and {target} are file names.
To support other hardware, add a row.
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


# A libav decoder still reads its latest frames as references, and frames that somebody reads are copied, not changed
# in place. H.264 keeps at most 16 and libav as many again on threads: a frame that waited for 32 others is free.
UNTIL_FREE = "queue min-threshold-buffers=32 max-size-buffers=40 max-size-bytes=0 max-size-time=0"
ENCODE_X264 = "progressreport update-freq=1 ! videoconvert ! x264enc pass=qual quantizer=20 ! mp4mux ! filesink location={target}"

PIPELINES = (
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


def stand_in(name, formats):
    """The format to convert to before the element; "" if it takes this one."""
    if name in formats:
        return ""
    return next((other for begin, other in STAND_IN if name.startswith(begin) and other in formats), "I420")


def to_even(width, height):
    """Launch text that cuts an odd column or row, which x264 cannot encode with halved chroma; "" if there is none."""
    return "videocrop right=%d bottom=%d" % (width % 2, height % 2) if width % 2 or height % 2 else ""
