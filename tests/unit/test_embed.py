#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that scripts/embed.py gives the same bytes whatever the order of its arguments and wherever the files lie, and
refuses what is ambiguous.

usage: test_embed.py EMBED.py COMPILER...
"""
import pathlib
import subprocess
import sys
import tempfile


def embed(script, folder, out, items):
    files = [folder / f"{out}.S", folder / f"{out}.cpp"]
    command = [sys.executable, script, "table", *map(str, files), "--below", str(folder), "--below", str(folder / "in")]
    done = subprocess.run(command + items, capture_output=True, text=True, check=False)
    return done, [file.read_bytes() if file.exists() else b"" for file in files]


def files_in(folder):
    (folder / "in").mkdir(parents=True)
    paths = [folder / name for name in ("b.hpp", "in/a.hpp", "in/c.cu")]
    for path in paths:
        path.write_text(path.name, encoding="utf-8")
    return [str(path) for path in paths]


def check_folders(script, compiler, folder):
    """What the library gets is the same from another folder, though the assembler is told whole paths."""
    objects, tables = [], []
    for name in ("here", "some/where/else"):
        place = folder / name
        done, (_, table) = embed(script, place, "out", files_in(place))
        assert done.returncode == 0, done.stderr
        subprocess.run([*compiler, "-c", "-o", place / "out.o", place / "out.S"], check=True)
        objects.append((place / "out.o").read_bytes())
        tables.append(table)
    assert tables[0] == tables[1] and objects[0] == objects[1], "the folder shows in the output"
    assert b"c.cu" in objects[0], "the files are not in it"


def check(script, folder):
    inputs = files_in(folder)
    first, there = embed(script, folder, "first", inputs + [f"z={folder}/b.hpp"])
    second, back = embed(script, folder, "second", [f"z={folder}/b.hpp"] + inputs[::-1])
    assert first.returncode == 0 and second.returncode == 0, first.stderr + second.stderr
    assert there == back, "the order of the arguments shows in the output"
    names = [line.split('"')[1] for line in there[1].decode().splitlines() if line.startswith("        {")]
    assert names == ["a.hpp", "b.hpp", "c.cu", "z"], names
    twice, _ = embed(script, folder, "twice", [inputs[0], f"b.hpp={inputs[1]}"])
    assert twice.returncode != 0 and "one name" in twice.stderr, twice.stderr
    outside, _ = embed(script, folder, "outside", ["/etc/hostname"])
    assert outside.returncode != 0 and "below none" in outside.stderr, outside.stderr


def main():
    with tempfile.TemporaryDirectory() as folder:
        check(sys.argv[1], pathlib.Path(folder) / "order")
        check_folders(sys.argv[1], sys.argv[2:], pathlib.Path(folder))
    print("embed.py: the same bytes in any order and from any folder, and two refusals")


main()
