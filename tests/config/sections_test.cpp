// SPDX-License-Identifier: MIT
#include "config/boards.hpp"
#include "messages.hpp"

#include <gtest/gtest.h>

namespace drone::config {

TEST(Sections, MayAllBeMissingUntilACommandNeedsOne) {
    const result<project> p = parse("", "app/Drone.toml");
    ASSERT_TRUE(p.has_value());
    EXPECT_EQ(
        require_heap(*p).error().message,
        "app/Drone.toml: no [heap]; add size = \"10K\" and pools, as `drone heap generate` prints "
        "them"
    );
    EXPECT_EQ(
        require_heap(*p, "ccm").error().message,
        "app/Drone.toml: no [heap.ccm]; add size = \"10K\" and pools, as `drone heap generate` "
        "prints them"
    );
    EXPECT_EQ(
        require_memory(*p).error().message,
        "app/Drone.toml: no [memory]; add flash and ram = { origin = \"0x20000000\", size = "
        "\"128K\" }"
    );
    EXPECT_EQ(
        require_probe(*p).error().message, "app/Drone.toml: no [probe]; add board = \"virtual-m4\""
    );
}

TEST(Sections, AreNamedWhenMistyped) {
    EXPECT_EQ(
        refusal("[heep]\nsize = 64\n"),
        "Drone.toml:1:2: unknown key \"heep\" in the file; did you mean \"heap\"?"
    );
    EXPECT_EQ(
        refusal("heap = 5\n"), "Drone.toml:1:8: \"heap\" is a whole number; write a table, [heap]"
    );
}

TEST(Sections, MustBeToml) {
    const std::string message = refusal("[heap]\nsize = \n");
    EXPECT_TRUE(message.starts_with("Drone.toml:2:8: ")) << message;
}

TEST(Log, KnowsTheCoresClock) {
    EXPECT_FALSE(parse("[log]\n", "Drone.toml")->log.core_clock);
    EXPECT_EQ(parse("[log]\ncore_clock = 168000000\n", "Drone.toml")->log.core_clock, 168'000'000);
    EXPECT_EQ(
        parse("[log]\ncore_clock = \"168 MHz\"\n", "Drone.toml")->log.core_clock, 168'000'000
    );
    EXPECT_EQ(
        refusal("[log]\ncore_clock = \"168M\"\n"),
        "Drone.toml:2:14: \"core_clock\": \"168M\" is not a frequency; write hertz (168000000) or a "
        "number with a unit (\"168 MHz\")"
    );
}

TEST(Heap, NamesWhatIsPermanent) {
    const auto p = parse("[heap]\nsize = 64\npermanent = [\"app::*\", 24]\n", "Drone.toml");
    ASSERT_TRUE(p) << p.error().message;
    EXPECT_EQ(p->find_heap()->permanent, (std::vector<std::string>{"app::*", "24"}));
    EXPECT_EQ(
        parse("[heap]\nsize = 64\npermanent = \"main\"\n", "Drone.toml")->find_heap()->permanent,
        std::vector<std::string>{"main"}
    );
    EXPECT_EQ(
        refusal("[heap]\nsize = 64\npermanent = [1.5]\n"),
        "Drone.toml:3:14: \"permanent\" has a fraction; write texts in quotes, or numbers that are not "
        "negative"
    );
}

TEST(Memory, HoldsFlashAndRam) {
    const result<project> p = parse(
        "[memory]\nflash = { origin = \"0x08000000\", size = \"1M\" }\n"
        "ram = { origin = 0x20000000, size = 131072 }\n",
        "Drone.toml"
    );
    ASSERT_TRUE(p.has_value()) << p.error().message;
    const result<memory> m = require_memory(*p);
    ASSERT_TRUE(m.has_value());
    EXPECT_EQ(m->flash.origin, 0x0800'0000);
    EXPECT_EQ(m->flash.size, 1024 * 1024);
    EXPECT_EQ(m->ram.origin, 0x2000'0000);
    EXPECT_EQ(m->ram.size, 128 * 1024);
}

TEST(Memory, NeedsBothWithOriginAndSize) {
    EXPECT_EQ(
        refusal("[memory]\nflash = { origin = 0, size = 4 }\n"),
        "Drone.toml:1:1: [memory] has no \"ram\"; add ram = { origin = \"0x20000000\", size = "
        "\"128K\" }"
    );
    EXPECT_EQ(
        refusal("[memory]\nflash = { size = 4 }\n"),
        "Drone.toml:2:9: [memory.flash] has no \"origin\"; add origin = \"0x20000000\""
    );
    EXPECT_EQ(
        refusal("[memory]\nflash = { origin = 0 }\n"),
        "Drone.toml:2:9: [memory.flash] has no \"size\"; add size = \"128K\""
    );
    EXPECT_EQ(
        refusal("[memory]\nflash = { origin = 0, size = 0 }\n"),
        "Drone.toml:2:30: [memory.flash] has a size of 0; write the size of the memory"
    );
    EXPECT_EQ(
        refusal("[memory]\nflash = { origin = 4096, size = 4294967295 }\n"),
        "Drone.toml:2:33: [memory.flash] reaches beyond the last address, 0xffffffff; lower its "
        "size"
    );
    EXPECT_EQ(
        refusal("[memory]\nfalsh = 1\n"),
        "Drone.toml:2:1: unknown key \"falsh\" in [memory]; did you mean \"flash\"?"
    );
}

TEST(Memory, MustNotOverlap) {
    EXPECT_EQ(
        refusal("[memory]\nflash = { origin = 0, size = \"1M\" }\nram = { origin = 4096, size = "
                "\"1K\" }\n"),
        "Drone.toml:3:7: [memory] ram overlaps flash; their regions must be apart"
    );
}

TEST(Probe, IsVirtualUnlessItSaysOtherwise) {
    const result<project> p = parse("[probe]\nboard = \"virtual-m4\"\n", "Drone.toml");
    ASSERT_TRUE(p.has_value()) << p.error().message;
    const result<probe> found = require_probe(*p);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->kind, "virtual");
    EXPECT_EQ(found->board, "virtual-m4");
}

TEST(Probe, RefusesWhatItDoesNotKnow) {
    EXPECT_EQ(
        refusal("[probe]\nboard = \"stm32\"\n"),
        "Drone.toml:2:9: unknown board \"stm32\"; `drone print supported-boards` lists them"
    );
    EXPECT_EQ(
        refusal("[probe]\nkind = \"magic\"\nboard = \"virtual-m4\"\n"),
        "Drone.toml:2:8: unknown probe \"magic\"; the known ones are virtual, openocd, gdb, jlink, bmp, "
        "pyocd, probe-rs"
    );
    EXPECT_EQ(
        refusal("[probe]\nkind = \"virtual\"\n"),
        "Drone.toml:1:1: [probe] has no \"board\"; add board = \"virtual-m4\""
    );
    EXPECT_EQ(
        refusal("[probe]\nboard = 4\n"),
        "Drone.toml:2:9: \"board\" is a whole number; write a text in quotes"
    );
    EXPECT_EQ(
        refusal("[probe]\nbord = \"virtual-m4\"\n"),
        "Drone.toml:2:1: unknown key \"bord\" in [probe]; did you mean \"board\"?"
    );
}

TEST(Probe, NeedsNoBoardWhereAToolReachesTheChip) {
    const result<project> p = parse(
        "[probe]\nkind = \"openocd\"\nchip = \"nrf52\"\ncore = \"cortex-m4\"\ninterface = "
        "\"cmsis-dap\"\nserial = \"12\"\ncommands = [\"adapter speed 4000\"]\n[log]\ncarrier = "
        "\"rtt\"\nrtt_channel = 1\ntrace_clock = \"32 MHz\"\n",
        "Drone.toml"
    );
    ASSERT_TRUE(p.has_value()) << p.error().message;
    EXPECT_EQ(p->probe->chip, "nrf52");
    EXPECT_EQ(p->probe->interface, "cmsis-dap");
    EXPECT_EQ(p->probe->serial, "12");
    EXPECT_EQ(p->probe->commands, std::vector<std::string>{"adapter speed 4000"});
    EXPECT_EQ(require_core(*p), "cortex-m4");
    EXPECT_EQ(p->log.carrier, log_carrier::rtt);
    EXPECT_EQ(p->log.rtt_channel, 1U);
    EXPECT_EQ(p->log.trace_clock, 32'000'000U);
    EXPECT_EQ(
        refusal("[log]\ncarrier = \"itm\"\n"),
        "Drone.toml:2:11: unknown carrier \"itm\"; write swo or rtt"
    );
    const result<project> bare = parse("[probe]\nkind = \"gdb\"\n", "Drone.toml");
    ASSERT_TRUE(bare.has_value()) << bare.error().message;
    EXPECT_FALSE(require_core(*bare).has_value());
}

TEST(Log, IsSwoAt2MegabaudUnlessItSaysOtherwise) {
    const result<project> p = parse("", "Drone.toml");
    ASSERT_TRUE(p.has_value());
    EXPECT_EQ(p->log.format, log_format::swo);
    EXPECT_EQ(p->log.baud, 2'000'000);
    EXPECT_FALSE(p->log.timestamps);
}

TEST(Log, SaysFormatBaudRateAndTimestamps) {
    const result<project> p =
        parse("[log]\nformat = \"tpiu:2\"\nbaud = 115200\ntimestamps = true\n", "Drone.toml");
    ASSERT_TRUE(p.has_value()) << p.error().message;
    EXPECT_EQ(p->log.format, log_format::tpiu);
    EXPECT_EQ(p->log.tpiu_id, 2);
    EXPECT_EQ(p->log.baud, 115200);
    EXPECT_TRUE(p->log.timestamps);
    EXPECT_EQ(parse_format("dso")->format, log_format::dso);
    EXPECT_EQ(parse_format("tpiu:111")->tpiu_id, 111);
}

TEST(Log, RefusesOtherFormats) {
    for (const std::string_view format :
         {"", "itm", "tpiu", "tpiu:", "tpiu:0", "tpiu:112", "tpiu:x", "tpiu:1 ", "SWO"})
        EXPECT_EQ(
            parse_format(format).error().message,
            "\"" + std::string(format) +
                "\" is not a log format; write swo, dso or tpiu:ID with an ID from 1 to 111"
        );
    EXPECT_EQ(
        refusal("[log]\nformat = \"itm\"\n"),
        "Drone.toml:2:10: \"format\": \"itm\" is not a log format; write swo, dso or tpiu:ID with an "
        "ID from 1 to 111"
    );
}

TEST(Log, RefusesOtherValues) {
    EXPECT_EQ(refusal("[log]\nbaud = 0\n"), "Drone.toml:2:8: \"baud\" is 0; write bits per second");
    EXPECT_EQ(
        refusal("[log]\ntimestamps = 1\n"),
        "Drone.toml:2:14: \"timestamps\" is a whole number; write true or false"
    );
    EXPECT_EQ(
        refusal("[log]\nbuad = 1\n"),
        "Drone.toml:2:1: unknown key \"buad\" in [log]; did you mean \"baud\"?"
    );
}

} // namespace drone::config
