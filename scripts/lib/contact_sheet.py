# SPDX-License-Identifier: MIT
"""A PNG with frames of two videos, one above the other; Python's standard library alone."""
import struct
import zlib

# 5 x 7 dots a letter, one byte a row, for the two words that the sheet needs.
GLYPHS = {
    "A": (14, 17, 17, 31, 17, 17, 17), "B": (30, 17, 17, 30, 17, 17, 30), "E": (31, 16, 16, 30, 16, 16, 31),
    "F": (31, 16, 16, 30, 16, 16, 16), "O": (14, 17, 17, 17, 17, 17, 14), "R": (30, 17, 17, 30, 20, 18, 17),
    "T": (31, 4, 4, 4, 4, 4, 4),
}
DOT, GAP, BAR = 2, 6, 24
BACKGROUND, INK = b"\x20\x20\x24", b"\xe8\xe8\xe8"


class Canvas:
    def __init__(self, width, height):
        self.width, self.height = width, height
        self.rows = [bytearray(BACKGROUND * width) for _ in range(height)]

    def paste(self, x, y, width, height, rgb):
        for row in range(height):
            self.rows[y + row][x * 3:(x + width) * 3] = rgb[row * width * 3:(row + 1) * width * 3]

    def write(self, x, y, text):
        for letter in text:
            for row, bits in enumerate(GLYPHS[letter]):
                for column in range(5):
                    if bits >> (4 - column) & 1:
                        self.paste(x + column * DOT, y + row * DOT, DOT, DOT, INK * (DOT * DOT))
            x += 6 * DOT

    def save(self, path):
        def chunk(kind, data):
            body = kind + data
            return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

        pixels = b"".join(b"\0" + bytes(row) for row in self.rows)
        with open(path, "wb") as out:
            out.write(b"\x89PNG\r\n\x1a\n")
            out.write(chunk(b"IHDR", struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)))
            out.write(chunk(b"IDAT", zlib.compress(pixels, 6)))
            out.write(chunk(b"IEND", b""))


def save(path, before, after, width, height):
    """before, after: lists of RGB frames of that size."""
    canvas = Canvas(GAP + (width + GAP) * len(before), (BAR + height + GAP) * 2)
    for index, (title, frames) in enumerate((("BEFORE", before), ("AFTER", after))):
        top = (BAR + height + GAP) * index
        canvas.write(GAP, top + 5, title)
        for column, frame in enumerate(frames):
            canvas.paste(GAP + (width + GAP) * column, top + BAR, width, height, frame)
    canvas.save(path)
