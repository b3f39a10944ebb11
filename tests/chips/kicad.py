#!/usr/bin/env python3
"""kicad.py BOARDS_JSON: flash and RAM of our STM32s agree with KiCad's symbols, where those know the chip."""

import glob
import json
import re
import sys

described = {}
for name in glob.glob("/usr/share/kicad/symbols/MCU_ST_STM32*.kicad_sym"):
    with open(name, encoding="utf-8") as file:
        for symbol in file.read().split("\n  (symbol ")[1:]:
            text = re.search(r'ki_description" "([^"]*)"', symbol)
            if text:
                described[symbol.split('"')[1].split(":")[-1]] = text[1]
if not described:
    print("kicad-symbols is not installed: skipped")
    sys.exit(77)

compared = 0
for chip, memory in {b["chip"]: b["memory"] for b in json.load(open(sys.argv[1]))["boards"]}.items():
    for symbol, text in described.items():
        sizes = re.search(r"(\d+)KB flash, (\d+)KB RAM", text)
        if not sizes or not symbol.startswith(chip):
            continue
        flash, figure = int(sizes[1]), int(sizes[2])
        ours = {name: place["size"] // 1024 for name, place in memory.items()}
        ram = sum(ours.values()) - ours["flash"]
        # KiCad counts the RAM that is for the core alone with some families. The H7 has more than we use.
        known = figure in (ours["ram"], ram) or (chip.startswith("STM32H7") and ram <= figure)
        if flash != ours["flash"] or not known:
            sys.exit(f"{chip}: {ours} here, {flash}K flash and {figure}K RAM in KiCad's {symbol}")
        compared += 1
        break
print(f"{compared} chips agree with KiCad")
sys.exit(compared < 10)
