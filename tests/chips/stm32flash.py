#!/usr/bin/env python3
"""stm32flash.py BOARDS_JSON: memories of our STM32s agree with stm32flash's table, where that knows the chip.

stm32flash prints what it knows of a chip when the chip's boot loader has sent its number. Here a pseudo-terminal sends
every number in turn.
"""

import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys

if shutil.which("stm32flash") is None:
    print("stm32flash is not installed: skipped")
    sys.exit(77)

ACK, NACK = b"\x79", b"\x1f"
SYNC, GET, VERSION, NUMBER = b"\x7f", b"\x00\xff", b"\x01\xfe", b"\x02\xfd"


def boot_loader_says(asked, number):
    """AN3155: what the boot loader answers, or None when the question is not whole yet."""
    if asked == SYNC:
        return ACK
    if len(asked) < 2:
        return None
    commands = bytes([0x31, 0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x44])
    answers = {GET: bytes([len(commands) - 1]) + commands, VERSION: b"\x31\x00\x00",
               NUMBER: b"\x01" + number.to_bytes(2, "big")}
    return ACK + answers[asked] + ACK if asked in answers else NACK


def said_of(number):
    """What stm32flash prints of the chip with this number."""
    ours, its = pty.openpty()
    with subprocess.Popen(["stm32flash", "-m", "8n1", os.ttyname(its)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as tool:
        output, asked = b"", b""
        while True:
            ready, _, _ = select.select([ours, tool.stdout], [], [])
            if ours in ready:
                asked += os.read(ours, 64)
                answer = boot_loader_says(asked, number)
                if answer is not None:
                    os.write(ours, answer)
                    asked = b""
            if tool.stdout in ready:
                more = os.read(tool.stdout.fileno(), 4096)
                if not more:
                    break
                output += more
    os.close(ours)
    os.close(its)
    return output.decode()


def names(text):
    """What `STM32F302xB(C)/F303xB(C)/F358xx` stands for: a piece after the first replaces the end of it."""
    density = re.fullmatch(r"STM32F10xxx (\w+)-density", text)
    if density:
        return ["F103x" + letter for letter in {"Low": "46", "Medium": "8B", "High": "CDE", "XL": "FG"}[density[1]]]
    pieces = re.findall(r"(?:[^/(]|\([^)]*\))+", text.removeprefix("STM32"))
    first = pieces[0].partition("(")[0]
    every = []
    for piece in pieces:
        plain, others, suffix = re.fullmatch(r"([^(]*)(?:\(([^)]*)\))?(.*)", piece).groups()
        whole = first[:max(len(first) - len(plain), 0)] + plain
        every += [whole + suffix] + [whole[:-1] + other + suffix for other in (others or "").split("/") if other]
    return every


known = {}  # pattern to KiB of flash and of RAM at 0x20000000, of the family's largest
for number in range(0x400, 0x500):
    said = said_of(number)
    chip = re.search(r"Device ID +: 0x\w+ \((.*)\)\n", said)
    sizes = re.search(r"RAM +: Up to (\d+)KiB.*\n.*Flash +: Up to (\d+)KiB", said)
    if chip and sizes:
        for name in names(chip[1]):
            known[name] = (int(sizes[2]), int(sizes[1]))
if not known:
    sys.exit(f"stm32flash names no chip: {said}")

# 16 KiB of the G0B1's RAM are there only without the parity check, which stm32flash assumes.
WITHOUT_PARITY = {"STM32G0B1RE": 16}
compared = 0
for chip, memory in {b["chip"]: b["memory"] for b in json.load(open(sys.argv[1]))["boards"]}.items():
    matching = [name for name in known if re.match("STM32" + name.replace("x", "."), chip)]
    if not matching:
        continue
    name = min(matching, key=lambda one: one.count("x"))  # the F401 is not of the F40x
    flash, ram = known[name]
    end = max(place["origin"] + place["size"] for place in memory.values() if place["origin"] >> 24 == 0x20)
    our_ram = (end - 0x20000000) // 1024 - WITHOUT_PARITY.get(chip, 0)
    our_flash = memory["flash"]["size"] // 1024
    if memory["flash"]["origin"] != 0x08000000 or our_flash > flash or our_ram != ram:
        sys.exit(f"{chip}: {our_flash}K flash and {our_ram}K RAM here, {flash}K and {ram}K in stm32flash's {name}")
    compared += 1
print(f"{compared} chips agree with stm32flash")
if compared < 20:
    sys.exit("fewer than 20 chips were compared")
