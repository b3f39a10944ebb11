"""Pages made of traces, for the tests here."""

import atexit
import base64
import json
import lzma
import os
import pathlib
import random
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DRONE = pathlib.Path(os.environ.get("DRONE_BUILD", ROOT / "build")) / "bin/drone"
TRACES = pathlib.Path(__file__).resolve().parent / "traces"
DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.S)

scratch = tempfile.TemporaryDirectory(prefix="drone-page-")
atexit.register(scratch.cleanup)


def drone(*arguments, folder):
    return subprocess.run([DRONE, *map(str, arguments)], cwd=folder, check=True, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def unpack(text):
    """What packed.cpp writes: differences, zigzag, LEB128, base64."""
    values, last, number, shift = [], 0, 0, 0
    for byte in base64.b64decode(text):
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            last += -(number + 1) // 2 if number & 1 else number // 2
            values.append(last)
            number = shift = 0
    return values


class Made:
    """The page of a trace, its data, and what `drone heap --json` says of the same trace."""

    def __init__(self, trace, *options, before=None, folder=None, elf=None):
        self.trace, self.folder = trace, folder
        self.file = pathlib.Path(tempfile.mkdtemp(dir=scratch.name)) / "report.html"
        arguments, names = ["-f", trace, *options], ["--elf", elf] if elf else []
        drone("heap", *arguments, "report", "-o", self.file, *names, *([before] if before else []), folder=folder)
        self.json = json.loads(drone("heap", *arguments, *names, "--json", folder=folder).stdout)
        self.html = self.file.read_text(encoding="utf-8")
        self.data = json.loads(DATA.search(self.html)[1])


def program(name, folder):
    """A program of traces/, unpacked: heaptrace, its ELF file without what no page needs, Drone.toml. `station` is the
    firmware that `drone new` makes, with pools; `lua` is bench/lua, with a region. Both ran on the virtual board in
    2026-11, with trace_stacks = 16."""
    to = folder / name
    to.mkdir()
    for file in (TRACES / name).iterdir():
        data = file.read_bytes()
        (to / file.name.removesuffix(".xz")).write_bytes(lzma.decompress(data) if file.suffix == ".xz" else data)
    return to


def page_of(name, folder):
    return Made("heaptrace", folder=program(name, folder), elf=f"{name}.elf")


def calls(seed, events, leak_every=0):
    """An allocation log of a made-up program: sizes, resizes, times, and blocks that are never given back."""
    rng, live, lines, now = random.Random(seed), [], [], 0
    for number in range(events):
        now += rng.randrange(50)
        lines.append(f"t {now}")
        dice = rng.random()
        if live and (len(live) > 60 or dice < 0.45):
            lines.append(f"f {live.pop(rng.randrange(len(live)))}")
        elif live and dice < 0.52:
            lines.append(f"r {rng.choice(live)} {rng.choice((16, 40, 100, 300))}")
        else:
            name = f"b{number}"
            lines.append(f"a {name} {rng.choice((4, 12, 16, 24, 24, 40, 64, 100, 200))}")
            if not leak_every or number % leak_every:
                live.append(name)
    return "\n".join(lines) + "\n"
