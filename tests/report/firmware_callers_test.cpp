// SPDX-License-Identifier: MIT
// Return addresses that the emulator saw, named by the ELF file and the DWARF of a firmware.

#include "board/board.hpp"
#include "board/elf.hpp"
#include "board/flash_file.hpp"
#include "board/measure.hpp"
#include "paths.hpp"
#include "report/symbols.hpp"
#include "tool.hpp"
#include "trace_writer.hpp"

#include <gmock/gmock.h>

#include <cstdint>
#include <string>
#include <vector>

namespace drone::report {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr const char* elf = DRONE_FIRMWARE_DIR "/report_calling.elf";

/// The return addresses of the firmware's calls of ask_heap, in their order.
std::vector<std::uint32_t> callers_seen() {
    const board::firmware program = board::read_firmware(elf).value();
    board::board_listener nobody;
    const auto board =
        board::virtual_board::make({}, board::flash_image(program).value(), nobody).value();
    std::vector<std::uint32_t> callers;
    const board::call_meter meter(
        *board,
        {program.find("ask_heap").value().address},
        [&](const board::call& done) { callers.push_back(done.caller); }
    );
    EXPECT_EQ(board->run().why, board::run_end::kind::exited);
    return callers;
}

TEST(FirmwareCallers, AreNamedWithAllThatWasInlined) {
    const std::vector<std::uint32_t> callers = callers_seen();
    ASSERT_THAT(callers, SizeIs(2));
    const auto opened = symbols::open(elf);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_THAT(
        opened->functions(callers[0]),
        ElementsAre(
            "grow at calling_firmware.cpp:18",
            "receive at calling_firmware.cpp:24",
            "run_link at calling_firmware.cpp:29"
        )
    );
    EXPECT_THAT(opened->functions(callers[1]), ElementsAre("main at calling_firmware.cpp:37"));
}

TEST(FirmwareCallers, AreNamedAsTheTraceCarriesThem) {
    const auto opened = symbols::open(elf);
    ASSERT_TRUE(opened) << opened.error().message;
    for (const std::uint32_t caller : callers_seen())
        EXPECT_EQ(
            opened->functions(wire::caller(caller | 1U).code_address()), opened->functions(caller)
        );
}

using FirmwareCallersInTheTool = cli::Tool;

TEST_F(FirmwareCallersInTheTool, AreInTheTable) {
    const std::vector<std::uint32_t> callers = callers_seen();
    ASSERT_THAT(callers, SizeIs(2));
    trace::native_writer writer;
    writer.announce();
    writer.send(wire::caller(callers[0]));
    writer.allocate(2, 0, 32);
    writer.send(wire::caller(callers[1]));
    writer.allocate(1, 0, 5).checkpoint();
    write("heaptrace", writer.bytes());
    const cli::outcome told = drone(std::string("heap --by caller --elf ") + elf);
    ASSERT_EQ(told.code, 0) << told.err;
    EXPECT_THAT(
        told.out,
        AllOf(
            HasSubstr("grow at calling_firmware.cpp:18"),
            HasSubstr("run_link at calling_firmware.cpp:29"),
            HasSubstr("main at calling_firmware.cpp:37")
        )
    );
}

} // namespace
} // namespace drone::report
