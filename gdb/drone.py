# SPDX-License-Identifier: MIT
"""gdb's commands for a heap of Drone for C++: pools and region at a glance, blocks in use, and a block's neighbours.

They read the heap itself. So they work without any trace, on a halted target, a core dump, or a program of this
machine. They need the program's debug information, and no heap operation half way: halt somewhere else then.

`drone gdb` loads this file. Anybody else writes `source PREFIX/share/drone/gdb/drone.py`.
"""

import re
import struct
from collections import namedtuple
from contextlib import contextmanager

import gdb

Pool = namedtuple("Pool", "index block capacity offset")
Block = namedtuple("Block", "offset bytes payload used where")  # bytes with its header; payload: a user's first byte

REGION_GRANULE = 8
LONGEST_WITHOUT_HEADER = 56  # granules
LIVE_MARK = 0xEC697665  # checking `full`: the tail of a block in use is this, xor the bytes asked for


def parts_of(value):
    """A variable, and everything it consists of: a heap's layers are members and bases of each other."""
    yield value
    kind = value.type.strip_typedefs()
    if kind.code != gdb.TYPE_CODE_STRUCT:
        return
    for field in kind.fields():
        if hasattr(field, "bitpos") and field.type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT:
            yield from parts_of(value[field])


def is_a(value, template):
    return str(value.type.strip_typedefs().unqualified()).startswith(template + "<")


def members(value):
    return {field.name for field in value.type.strip_typedefs().fields() if hasattr(field, "bitpos")}


class Heap:
    """A drone::basic_heap in the program's memory, and the layers around it."""

    def __init__(self, name, variable, value):
        self.name = name
        self.value = value
        layers = list(parts_of(variable))
        self.counts = next((part["statistics_"] for part in layers if is_a(part, "drone::counted")), None)
        self.checks_fully = any("check_level)2" in str(part.type.strip_typedefs()) for part in layers
                                if is_a(part, "drone::checked"))
        kind = value.type.strip_typedefs()
        self.link_is_last = "(drone::link_place)1" in str(kind)
        layout = kind.template_argument(0).template_argument(0)
        self.size = int(layout["size"])
        specs = layout["pools"]
        low, high = specs.type.range()
        all_specs = ((i, *(int(specs[i][key]) for key in ("block", "capacity", "offset")))
                     for i in range(low, high + 1))
        self.pools = [Pool(*spec) for spec in all_specs if spec[2] != 0]
        self.region = layout["region"]
        arena = value["arena_"]
        if "bytes_" in members(arena):
            self.base = int(arena["bytes_"].address)
        else:  # drone::fixed_arena<Origin>
            self.base = int(arena.type.strip_typedefs().template_argument(0))

    def read(self, address, form):
        return struct.unpack(form, self.bytes_at(address, struct.calcsize(form)))[0]

    def bytes_at(self, address, size):
        return bytes(gdb.selected_inferior().read_memory(address, size))

    def free_of(self, pool):
        """Offsets of a pool's free blocks."""
        link = pool.block - 4 if self.link_is_last else 0
        head = self.value["pools_"][pool.index]["list_"]["head_"]
        if head.type.strip_typedefs().code == gdb.TYPE_CODE_PTR:  # of addresses
            word = "<I" if head.type.strip_typedefs().sizeof == 4 else "<Q"
            at = int(head) - self.base if int(head) != 0 else None
            below = lambda at: self.read(self.base + at, word) - self.base
            end = -self.base
        else:  # drone::host's, of offsets + 1, in the low half of an atomic word
            at = (int(head["_M_i"]) & 0xFFFFFFFF) - 1
            at = None if at < 0 else at
            below = lambda at: self.read(self.base + at, "<I") - 1
            end = -1
        free = set()
        while at is not None:
            block = at - link
            inside = block - pool.offset
            if not 0 <= inside < pool.block * pool.capacity or inside % pool.block != 0 or block in free:
                raise gdb.GdbError(f"{self.name}: the free list of the pool of {pool.block} bytes is damaged: "
                                   f"{self.base + at:#x} is not a free block of it")
            free.add(block)
            at = below(at)
            if at == end:
                at = None
        return free

    def pool_blocks(self, pool):
        free = self.free_of(pool)
        for offset in range(pool.offset, pool.offset + pool.block * pool.capacity, pool.block):
            yield Block(offset, pool.block, offset, offset not in free, f"pool of {pool.block}")

    def region_blocks(self):
        """From the tags, a bit a granule in front of the region (region.hpp)."""
        count, tags_at = int(self.region["granules"]), int(self.region["offset"])
        if count == 0:
            return
        first_block = tags_at + int(self.region["tag_bytes"])
        tags = self.bytes_at(self.base + tags_at, int(self.region["tag_bytes"]))
        tag = lambda granule: tags[(granule + 1) // 8] >> ((granule + 1) % 8) & 1
        index = "<H" if count + 33 < 0xFFFF else "<I"
        number = 0
        while number < count:
            offset = first_block + REGION_GRANULE * number
            if not tag(number):
                raise gdb.GdbError(f"{self.name}: the region's tags are damaged at {self.base + offset:#x}")
            used = number + 1 == count or not tag(number + 1)
            length = 1
            while used and number + length < count and not tag(number + length):
                length += 1
            has_header = used and length > LONGEST_WITHOUT_HEADER
            if not used or has_header:
                length = self.read(self.base + offset, index)
            if length < 2 or number + length > count:
                raise gdb.GdbError(f"{self.name}: the region's block at {self.base + offset:#x} has a damaged size")
            payload = offset + REGION_GRANULE if has_header else offset
            yield Block(offset, REGION_GRANULE * length, payload, used, "region")
            number += length

    def blocks(self):
        every = [block for pool in self.pools for block in self.pool_blocks(pool)]
        return sorted(every + list(self.region_blocks()))

    def asked(self, block):
        """Bytes that the program asked for, where checking knows them."""
        if not self.checks_fully or not block.used:
            return None
        size = self.read(self.base + block.offset + block.bytes - 4, "<I") ^ LIVE_MARK
        return size if size <= block.bytes - 4 else None

    def vtable_of(self, block):
        """The type whose vtable the block's first word is: an object's, as its constructor or destructor left it."""
        pointer = gdb.lookup_type("unsigned long").sizeof
        if not block.used or block.bytes < pointer:
            return None
        at = self.read(self.base + block.payload, "<I" if pointer == 4 else "<Q")
        symbol = gdb.execute(f"info symbol {at:#x}", to_string=True)
        found = re.match(r"vtable for (.+) \+ (\d+)(?: in section | of |$)", symbol)
        return found[1] if found and int(found[2]) == 2 * pointer else None


@contextmanager
def spelled_as_cpp():
    """gdb spells types and reads names by the language of the code that it is stopped in."""
    before = gdb.parameter("language")
    gdb.execute("set language c++", to_string=True)  # it warns that the frame's is another
    try:
        yield
    finally:
        gdb.execute(f"set language {before}", to_string=True)


@spelled_as_cpp()
def find_heaps(name=""):
    """The heap that is named, or every heap in a variable of the program."""
    if name:
        names = [name]
    else:
        listed = gdb.execute("info variables -q -n", to_string=True)
        variable = r"^\d+:\s+(?!(?:static )?const ).*?((?:\(anonymous namespace\)|\w|::)+);$"
        names = re.findall(variable, listed, re.MULTILINE)
    heaps = []
    for one in names:
        try:
            variable = gdb.parse_and_eval(one if name else f"'{one}'")
            found = next((part for part in parts_of(variable) if is_a(part, "drone::basic_heap")), None)
            if found is not None:
                heaps.append(Heap(one, variable, found))
        except gdb.MemoryError as problem:
            raise gdb.GdbError(f"{one}: {problem}; is the program running, or the core dump loaded?")
        except gdb.error as problem:
            if name:
                raise gdb.GdbError(f"{name}: {problem}")
    if not heaps:
        raise gdb.GdbError(f"{name}: not a heap of Drone" if name else
                           "no heap of Drone in this program; was it compiled with -g?")
    return heaps


def code_at(address):
    """The function that has a code address, inlined ones of ours left out, with its file."""
    scope = gdb.block_for_pc(address)
    while scope is not None and (scope.function is None or scope.function.name.startswith("drone::")):
        scope = scope.superblock
    if scope is None:
        return f"{address:#x}"
    function = scope.function
    line = gdb.find_pc_line(address)
    file = function.symtab.filename
    at = f":{line.line}" if line.symtab is not None and line.symtab.filename == file else ""
    return f"{function.name} in {file.rsplit('/', 1)[-1]}{at}"


def callers_in(file, heap):
    """Who asked for what a native trace ends with, by the offset of the block (docs/formats.md)."""
    region_at = int(heap.region["offset"]) + int(heap.region["tag_bytes"])
    in_region = lambda offset: int(heap.region["granules"]) != 0 and offset >= region_at
    units = -(-(heap.size - region_at) // REGION_GRANULE)
    asked_by, caller = {}, None
    with open(file, "rb") as trace:
        words = trace.read()
    for (word,) in struct.iter_unpack("<I", words[:len(words) // 4 * 4]):
        kind, data = word >> 29, word & 0xFFFFFF
        if kind == 4:
            caller = (word & 0x1FFFFFFF) << 1
        elif kind in (0, 7):
            if in_region(data):
                offset = region_at + (data - region_at) % units * REGION_GRANULE
            else:
                pool = next((p for p in heap.pools if p.offset <= data < p.offset + p.block * p.capacity), None)
                offset = data - (data - pool.offset) % pool.block if pool else None
            asked_by[offset] = caller
            caller = None
        elif kind == 1:
            asked_by.pop(data, None)
            caller = None
        elif kind in (2, 3):
            caller = None
    return {offset: who for offset, who in asked_by.items() if who is not None}


class Drone(gdb.Command):
    """Commands for a heap of Drone for C++."""

    def __init__(self):
        super().__init__("drone", gdb.COMMAND_DATA, prefix=True)


class Connect(gdb.Command):
    """drone connect SERVER: as `target extended-remote SERVER`, but gdb ends where that fails."""

    def __init__(self):
        super().__init__("drone connect", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        gdb.execute("set tcp connect-timeout 3")
        try:
            gdb.execute(f"target extended-remote {argument}")
        except gdb.error as problem:
            gdb.write(f"{str(problem).rstrip('.')}; is the gdb server running?\n", gdb.STDERR)
            gdb.execute("quit 1")


class Pools(gdb.Command):
    """drone pools [HEAP]: how full each pool and the region of a heap is."""

    def __init__(self):
        super().__init__("drone pools", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        for heap in find_heaps(argument):
            print(f"{heap.name}: {heap.size} bytes at {heap.base:#x}")
            if not bool(heap.value["initialized_"]):
                print("it is not initialized yet")
                continue
            if heap.pools:
                more = " | Peak | Missed" if heap.counts is not None else ""
                print(f" Block Size | Capacity | Used | Free{more}")
            for pool in heap.pools:
                free = len(heap.free_of(pool))
                line = f" {pool.block:10} | {pool.capacity:8} | {pool.capacity - free:4} | {free:4}"
                if heap.counts is not None:
                    count = heap.counts[pool.index]
                    line += f" | {int(count['peak']):4} | {int(count['missed']):6}"
                print(line)
            self.show_region(list(heap.region_blocks()))

    @staticmethod
    def show_region(blocks):
        if not blocks:
            return
        used = [block.bytes for block in blocks if block.used]
        free = [block.bytes for block in blocks if not block.used]
        print(f"Region: {sum(used)} bytes in {len(used)} blocks in use, {sum(free)} free in {len(free)}, "
              f"the largest {max(free, default=0)}")


class Blocks(gdb.Command):
    """drone blocks [HEAPTRACE]: every block in use, with who asked for it where a trace of this run says so."""

    def __init__(self):
        super().__init__("drone blocks", gdb.COMMAND_DATA, gdb.COMPLETE_FILENAME)

    def invoke(self, argument, from_tty):
        for heap in find_heaps():
            try:
                callers = callers_in(argument, heap) if argument else {}
            except OSError as problem:
                raise gdb.GdbError(f"{argument}: {problem.strerror}")
            for block in heap.blocks():
                if block.used:
                    print(describe(heap, block, callers))


class Near(gdb.Command):
    """drone near ADDRESS: the block that has this address, and its neighbours."""

    def __init__(self):
        super().__init__("drone near", gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        if not argument:
            raise gdb.GdbError("which address? Write `drone near ADDRESS`")
        address = int(gdb.parse_and_eval(argument).cast(gdb.lookup_type("unsigned long")))
        for heap in find_heaps():
            blocks = heap.blocks()
            for i, block in enumerate(blocks):
                if block.offset <= address - heap.base < block.offset + block.bytes:
                    for near in range(max(i - 1, 0), min(i + 2, len(blocks))):
                        print(("> " if near == i else "  ") + describe(heap, blocks[near], {}))
                    inside = address - heap.base - block.payload
                    print(f"{address:#x} is byte {inside} of it" if inside >= 0 else f"{address:#x} is its header")
                    return
        raise gdb.GdbError(f"{address:#x} is in no block")


def describe(heap, block, callers):
    line = f"{heap.base + block.payload:#x} {block.bytes:6} bytes, {block.where}, {'in use' if block.used else 'free'}"
    asked = heap.asked(block)
    if asked is not None:
        line += f", {asked} asked for"
    vtable = heap.vtable_of(block)
    if vtable is not None:
        line += f", vtable of {vtable}"
    if block.used and block.payload in callers:
        line += f", by {code_at(callers[block.payload])}"
    return line


for command in (Drone, Connect, Pools, Blocks, Near):
    command()
