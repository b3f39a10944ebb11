// SPDX-License-Identifier: MIT
// Return addresses that the emulator saw, named by the ELF file and the DWARF of a firmware.

#include "board/board.hpp"
#include "board/elf.hpp"
#include "board/flash_file.hpp"
#include "board/measure.hpp"
#include "paths.hpp"
#include "report/function_name.hpp"
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
            "queue<long unsigned int>::grow at calling_firmware.cpp:18",
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

/// A trace with an allocation by each of these callers.
std::string trace_of(const std::vector<std::uint32_t>& callers, std::uint32_t build = 0) {
    trace::native_writer writer;
    writer.identity = build;
    writer.announce();
    for (std::uint32_t i = 0; i < callers.size(); ++i) {
        writer.send(wire::caller(callers[i]));
        writer.allocate(2, i, 32);
    }
    return writer.checkpoint().bytes();
}

TEST_F(FirmwareCallersInTheTool, AreInTheTable) {
    write("heaptrace", trace_of(callers_seen()));
    const cli::outcome told = drone(std::string("heap --by caller --elf ") + elf);
    ASSERT_EQ(told.code, 0) << told.err;
    EXPECT_THAT(
        told.out,
        AllOf(
            HasSubstr(" | queue::grow at calling_firmware.cpp:18 < receive at "
                      "calling_firmware.cpp:24 < run_link at calling_firmware.cpp:29\n"),
            HasSubstr(" | main at calling_firmware.cpp:37\n")
        )
    );
    EXPECT_EQ(told.err, "");
    EXPECT_THAT(
        drone(std::string("heap --by caller --full --elf ") + elf).out,
        HasSubstr(" | queue<long unsigned int>::grow at ")
    );
}

TEST_F(FirmwareCallersInTheTool, AreNotNamedByAnotherBuild) {
    std::vector<std::uint32_t> callers = callers_seen();
    for (std::uint32_t& caller : callers)
        caller += 16; // as after a change before them
    write("heaptrace", trace_of(callers));
    const cli::outcome told = drone(std::string("heap --by caller --elf ") + elf);
    EXPECT_EQ(told.code, 0);
    EXPECT_THAT(
        told.err, HasSubstr("2 of 2 callers are not after a call in it: it is another build")
    );
    EXPECT_THAT(told.out, testing::Not(HasSubstr(".cpp")));
}

TEST_F(FirmwareCallersInTheTool, AreNamedByTheBuildThatTheTraceNames) {
    const std::uint32_t build = symbols::open(elf)->identity().value_or(0);
    ASSERT_NE(build, 0) << "the linker wrote no build ID";
    write("heaptrace", trace_of(callers_seen(), build));
    const cli::outcome own = drone(std::string("heap --by caller --elf ") + elf);
    EXPECT_THAT(own.out, HasSubstr("run_link at calling_firmware.cpp:29"));
    EXPECT_EQ(own.err, "");
    write("heaptrace", trace_of(callers_seen(), build ^ 1));
    const cli::outcome other = drone(std::string("heap --by caller --elf ") + elf);
    EXPECT_EQ(other.code, 1);
    EXPECT_THAT(other.err, HasSubstr("and heaptrace was traced with build "));
    // The one in build/ was not asked for: it is a warning, and nobody is named.
    ASSERT_EQ(
        shell(std::string("mkdir build && touch Drone.toml && cp ") + elf + " build/app.elf").code,
        0
    );
    const cli::outcome found = drone("heap --by caller");
    EXPECT_EQ(found.code, 0);
    EXPECT_THAT(found.err, HasSubstr("and heaptrace was traced with build "));
    EXPECT_THAT(found.out, testing::Not(HasSubstr(".cpp")));
}

TEST_F(FirmwareCallersInTheTool, WithoutACallBeforeThemHaveNoName) {
    const auto opened = symbols::open(elf);
    ASSERT_TRUE(opened);
    std::vector<std::uint32_t> callers;
    for (std::uint32_t at = callers_seen()[0] & ~0xFFFU; callers.size() < 6; at += 2)
        if (opened->follows_call(at)) callers.push_back(at);
    callers.push_back(callers[0] + 2); // damaged on its way
    ASSERT_FALSE(opened->follows_call(callers.back()));
    write("heaptrace", trace_of(callers));
    const cli::outcome told = drone(std::string("heap --by caller --elf ") + elf);
    EXPECT_EQ(told.code, 0);
    EXPECT_THAT(
        told.err, HasSubstr("1 of 7 callers are not after a call in it and have no name\n")
    );
}

TEST_F(FirmwareCallersInTheTool, AreDemangledWithoutDebugInformation) {
    write("heaptrace", trace_of(callers_seen()));
    ASSERT_EQ(
        shell(std::string("arm-none-eabi-objcopy --strip-debug ") + elf + " bare.elf").code, 0
    );
    const cli::outcome told = drone("heap --by caller --elf bare.elf");
    EXPECT_EQ(told.code, 0);
    EXPECT_THAT(told.out, AllOf(HasSubstr(" | run_link\n"), HasSubstr(" | main\n")));
    EXPECT_THAT(told.err, HasSubstr("compile with -g"));
}

TEST_F(FirmwareCallersInTheTool, AreNotNamedByACutFile) {
    write("heaptrace", trace_of(callers_seen()));
    ASSERT_EQ(shell(std::string("head -c 3000 ") + elf + " > cut.elf").code, 0);
    const cli::outcome told = drone("heap --by caller --elf cut.elf");
    EXPECT_EQ(told.code, 1);
    EXPECT_THAT(told.err, HasSubstr("cut.elf: is cut: it has 3000 bytes of at least"));
}

/// Builds tests/report/calling_program.cpp in the scratch folder, and traces its caller.
class HostCallers : public cli::Tool {
protected:
    void build(const std::string& options) {
        const cli::outcome built = shell(
            "c++ -g -O1 -fno-pie -no-pie -fno-optimize-sibling-calls " + options +
            " '" DRONE_SOURCE_DIR "/tests/report/calling_program.cpp' -o program && ./program"
        );
        ASSERT_EQ(built.code, 0) << built.err;
        write(
            "heaptrace", trace_of({static_cast<std::uint32_t>(std::stoul(built.out, nullptr, 16))})
        );
    }
};

TEST_F(HostCallers, AreGuesses) {
    build("");
    EXPECT_THAT(
        drone("heap --by caller --elf program").out,
        HasSubstr("perhaps make_request at calling_program.cpp:12 < perhaps run_task at")
    );
}

TEST_F(HostCallers, AreNamedBySplitDebugInformation) {
    build("-gsplit-dwarf");
    const cli::outcome told = drone("heap --by caller --elf program");
    EXPECT_THAT(told.out, HasSubstr("make_request at calling_program.cpp:12"));
    EXPECT_EQ(told.err, "");
}

TEST_F(HostCallers, SayWhichSplitDebugInformationIsMissing) {
    build("-gsplit-dwarf");
    ASSERT_EQ(shell("rm *.dwo").code, 0);
    const cli::outcome told = drone("heap --by caller --elf program");
    EXPECT_THAT(told.out, HasSubstr("perhaps run_task\n"));
    EXPECT_THAT(
        told.err, AllOf(HasSubstr(".dwo"), HasSubstr("in separate files that are missing"))
    );
}

TEST(FunctionNames, LoseReturnTypesParametersAndUnnamedNamespaces) {
    EXPECT_EQ(bare_function_name("run_link()"), "run_link");
    EXPECT_EQ(bare_function_name("(anonymous namespace)::app::run(char const*)"), "app::run");
    EXPECT_EQ(
        bare_function_name("void app::take<int (*)(char)>(int (*)(char))"),
        "app::take<int (*)(char)>"
    );
    EXPECT_EQ(bare_function_name("operator new(unsigned int)"), "operator new");
    EXPECT_EQ(bare_function_name("app::list::operator()(int) const"), "app::list::operator()");
    EXPECT_EQ(
        bare_function_name("bool app::operator< <int>(app::a, app::b)"), "app::operator< <int>"
    );
    EXPECT_EQ(bare_function_name("app::run()::{lambda(int)#1}::operator()(int) const"), "app::run");
    EXPECT_EQ(bare_function_name("main"), "main");
}

TEST(FunctionNames, LoseTemplateArguments) {
    EXPECT_EQ(
        without_template_arguments("std::vector<int, std::allocator<int> >::push_back"),
        "std::vector::push_back"
    );
    EXPECT_EQ(without_template_arguments("app::operator<<"), "app::operator<<");
    EXPECT_EQ(without_template_arguments("app::operator->"), "app::operator->");
}

TEST(FunctionNames, OfLibrariesAreFolded) {
    EXPECT_EQ(
        folded(
            {"std::vector<int>::push_back at vector:3", "app::read at r.cpp:2", "main at m.cpp:1"}
        ),
        "app::read at r.cpp:2 < main at m.cpp:1 (through 1 of a library)"
    );
    EXPECT_EQ(
        folded({"operator new", "std::list<int>::insert at list:3"}), "std::list::insert at list:3"
    );
    EXPECT_EQ(folded({}), "");
}

} // namespace
} // namespace drone::report
