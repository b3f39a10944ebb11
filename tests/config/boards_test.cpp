// SPDX-License-Identifier: MIT
#include "config/boards.hpp"
#include "config/generated.hpp"
#include "config/virtual_m4.hpp"
#include "messages.hpp"

#include <gmock/gmock.h>

#include <set>

namespace drone::config {

namespace {

using testing::HasSubstr;

const std::string example = "[family.f]\ncore = \"cortex-m4\"\n[chips.C1]\nfamily = \"f\"\n"
                            "memory = { flash = \"64K at 0\", ram = \"8K at 0x20000000\" }\n"
                            "[boards]\nb = { chip = \"C1\", carrier = \"swo\" }\n";

std::string board_refusal(const std::string& text) {
    const auto boards = read_boards(text, "chips.toml");
    return boards ? "" : boards.error().message;
}

} // namespace

TEST(Boards, OfTheToolCanBeRead) {
    const auto boards = supported_boards();
    EXPECT_GE(boards.size(), 100U);
    std::set<std::string> names;
    for (const board& b : boards) {
        EXPECT_TRUE(names.insert(b.name).second) << b.name;
        EXPECT_EQ(find_board(b.name), &b);
        EXPECT_NE(b.core, "") << b.name;
        if (!b.not_made.empty()) continue;
        EXPECT_LE(b.heap_size() + b.stack_size(), b.memory.ram.size) << b.name;
        EXPECT_GE(b.heap_size(), 2048U) << b.name;
        // Whoever traces by SWO needs to know what the baud rate is divided from.
        if (b.carrier == "swo" && b.probe != "virtual") {
            EXPECT_NE(b.trace_clock, 0U) << b.name;
            EXPECT_NE(b.trace_pin, "") << b.name;
            const std::uint32_t divided = b.trace_clock / (b.trace_clock / b.baud) - b.baud;
            EXPECT_LE(divided, b.baud / 50) << b.name;
        }
    }
}

TEST(Boards, VirtualOneHasTheEmulatorsMemories) {
    const board* const b = find_board("virtual-m4");
    ASSERT_NE(b, nullptr);
    EXPECT_EQ(b, &supported_boards().front());
    EXPECT_EQ(b->memory.flash.origin, virtual_m4::flash_origin);
    EXPECT_EQ(b->memory.flash.size, virtual_m4::flash_size);
    EXPECT_EQ(b->memory.ram.origin, virtual_m4::ram_origin);
    EXPECT_EQ(b->memory.ram.size, virtual_m4::ram_size);
}

TEST(Boards, AChipIsOneToo) {
    const auto boards = read_boards(example, "chips.toml");
    ASSERT_TRUE(boards) << boards.error().message;
    ASSERT_EQ(boards->size(), 2U);
    EXPECT_EQ(boards->at(0).name, "b");
    EXPECT_EQ(boards->at(0).carrier, "swo");
    EXPECT_EQ(boards->at(1).name, "c1");
    EXPECT_EQ(boards->at(1).carrier, "rtt");
    EXPECT_EQ(boards->at(1).jlink, "C1");
    EXPECT_EQ(boards->at(1).fpu, fpu::single_precision);
}

TEST(Boards, AMistakeInTheFileIsNamed) {
    EXPECT_EQ(board_refusal(example), "");
    EXPECT_THAT(
        board_refusal(example + "x = { chip = \"C2\" }\n"),
        HasSubstr("chips.toml:8:14: unknown chip \"C2\"")
    );
    EXPECT_THAT(
        board_refusal(example + "x = { chip = \"C1\", fpu = \"big\" }\n"),
        HasSubstr("\"fpu\" is \"big\"; write none, single or double")
    );
    EXPECT_THAT(
        board_refusal(example + "x = { chip = \"C1\", bard = 1 }\n"),
        HasSubstr("unknown key \"bard\"")
    );
    EXPECT_THAT(board_refusal("[chips]\n"), HasSubstr("has no \"family\""));
    EXPECT_THAT(board_refusal("[chips\n"), HasSubstr("chips.toml:1: "));
}

TEST(Chip, OfTheBoardNamesTheProbesTarget) {
    const auto p = parse("[probe]\nboard = \"nrf52840-dk\"\n", "Drone.toml");
    ASSERT_TRUE(p) << p.error().message;
    EXPECT_EQ(p->probe->kind, "openocd");
    EXPECT_EQ(p->probe->interface, "jlink");
    EXPECT_EQ(p->probe->chip, "nrf52");
    EXPECT_EQ(p->probe->core, "cortex-m4");
    EXPECT_EQ(p->probe->trace_writes.size(), 2U);
    const auto j = parse("[probe]\nkind = \"jlink\"\nboard = \"nrf52840-dk\"\n", "Drone.toml");
    EXPECT_EQ(j->probe->chip, "nRF52840_xxAA");
    const auto own = parse("[probe]\nboard = \"pico\"\nchip = \"rp2040-core0\"\n", "Drone.toml");
    EXPECT_EQ(own->probe->chip, "rp2040-core0");
}

TEST(Chip, CanBeDescribedByTheProject) {
    const auto p = parse(
        "[chip]\ncore = \"cortex-m7\"\nfpu = \"single\"\nopenocd = \"new\"\n"
        "trace_writes = [{ address = 0x40000000, set = 1 }]\n[probe]\nkind = \"openocd\"\n",
        "Drone.toml"
    );
    ASSERT_TRUE(p) << p.error().message;
    EXPECT_EQ(p->probe->core, "cortex-m7");
    EXPECT_EQ(p->probe->fpu, fpu::single_precision);
    EXPECT_EQ(p->probe->chip, "new");
    ASSERT_EQ(p->probe->trace_writes.size(), 1U);
    EXPECT_EQ(p->probe->trace_writes.front().address, 0x4000'0000U);
    EXPECT_EQ(
        refusal("[probe]\nkind = \"virtual\"\nboard = \"nucleo-f446re\"\n"),
        "Drone.toml:2:8: nucleo-f446re is not emulated; write kind = \"openocd\" or another"
    );
    EXPECT_THAT(
        refusal("[chip]\ncoer = \"cortex-m7\"\n[probe]\nkind = \"openocd\"\n"),
        HasSubstr("unknown key \"coer\" in [chip]; did you mean \"core\"?")
    );
}

TEST(Memory, HasOthersBesideRamAndAStack) {
    const auto p = parse(
        "[memory]\nflash = \"1M at 0x08000000\"\nram = \"128K at 0x20000000\"\n"
        "ccm = { origin = 0x10000000, size = \"64K\" }\nstack = \"1K\"\n"
        "[heap.fast]\nsize = \"8K\"\nmemory = \"ccm\"\noverflow = true\n",
        "Drone.toml"
    );
    ASSERT_TRUE(p) << p.error().message;
    EXPECT_EQ(p->memory->flash.size, 1024U * 1024);
    ASSERT_EQ(p->memory->more.size(), 1U);
    EXPECT_EQ(p->memory->more.front().first, "ccm");
    EXPECT_EQ(p->memory->stack, 1024U);
    const auto text = linker_memory(*p);
    ASSERT_TRUE(text);
    EXPECT_THAT(*text, HasSubstr("CCM (rw) : ORIGIN = 0x10000000, LENGTH = 65536\n"));
    EXPECT_THAT(*text, HasSubstr("drone_stack_size = 1024;\n"));
    EXPECT_THAT(*text, HasSubstr("} > CCM\n"));
}

TEST(Memory, OthersMustBeApartAndKnown) {
    const std::string two = "[memory]\nflash = \"1M at 0\"\nram = \"128K at 0x20000000\"\n";
    EXPECT_EQ(
        refusal(two + "ccm = \"4K at 0x2001F000\"\n"),
        "Drone.toml:4:7: [memory] ccm overlaps ram; their regions must be apart"
    );
    EXPECT_EQ(
        refusal(two + "ccm = \"4K\"\n"),
        "Drone.toml:4:7: \"ccm\" is \"4K\"; write \"128K at 0x20000000\""
    );
    EXPECT_THAT(
        refusal(two + "bss = \"4K at 4M\"\n"), HasSubstr("\"bss\" is not a name for a memory")
    );
    EXPECT_THAT(refusal(two + "stack = 12\n"), HasSubstr("write a multiple of 8 bytes"));
    EXPECT_EQ(
        refusal(two + "[heap]\nsize = 64\noverflow = true\nmemory = \"ccm\"\n"),
        "Drone.toml:7:10: [memory] has no RAM \"ccm\"; add it there"
    );
    EXPECT_THAT(
        refusal(
            two + "ccm = \"4K at 4M\"\n[heap]\nsize = \"8K\"\noverflow = true\nmemory = \"ccm\"\n"
        ),
        HasSubstr("more than the 4096 of [memory] ccm; lower \"size\"")
    );
}

} // namespace drone::config
