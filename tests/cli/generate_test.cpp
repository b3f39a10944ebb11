// SPDX-License-Identifier: MIT
#include "tool.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace drone::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

/// The trace of the seeds' table.
constexpr std::string_view seeds_log = R"(a 1 1 4
a 2 12 4
a 3 12 4
a 4 12 4
f 4
f 3
a 5 12 4
a 6 12 4
f 6
a 7 12 4
f 7
a 8 12 4
a 9 28 4
f 9
a 10 28 4
a 11 32 4
a 12 128 4
f 12
a 13 128 4
)";

constexpr std::string_view seeds_section = R"([heap]
size = "10K"
pools = [
    { block = "4", capacity = 201 },
    { block = "12", capacity = 222 },
    { block = "28", capacity = 115 },
    { block = "32", capacity = 83 },
    { block = "128", capacity = 7 },
]
# Fragmentation: 0 / 0.00%
)";

class Generate : public Tool {
protected:
    void SetUp() override {
        Tool::SetUp();
        write("heaptrace", seeds_log);
    }
};

TEST_F(Generate, PrintsTheSeedsExampleDigitForDigit) {
    const outcome run = drone("heap -s 10K generate --pools 5");
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(run.out, seeds_section);
    EXPECT_THAT(
        run.err,
        HasSubstr("=============================== SUGGESTED LAYOUT ==============================="
        )
    );
}

/// Ten blocks of malloc(12), as heaptrack writes them: it does not say how they are aligned.
std::string malloc_of_twelve() {
    std::string text = "v 10500 3\nx /a.out\nX ./a.out\nI 1000 1000\nt 401000 0\n";
    for (int block = 0; block < 10; ++block)
        text += "+ c 1 1" + std::to_string(block) + "00\n";
    return text;
}

TEST_F(Generate, AssumesMallocsAlignmentWhereTheTraceDoesNotSayIt) {
    write("heaptrace", malloc_of_twelve());
    const outcome run = drone("heap -s 1K generate --pools 4 --headroom none --json");
    EXPECT_EQ(json::parse(run.out)["pools"], json::parse(R"([{"block": 16, "capacity": 10}])"));
    EXPECT_THAT(run.err, HasSubstr("assumed: 8 bytes, unless --align says otherwise"));
    const outcome asked = drone("heap -s 1K --align 4 generate --pools 4 --headroom none --json");
    EXPECT_EQ(json::parse(asked.out)["pools"], json::parse(R"([{"block": 12, "capacity": 10}])"));
    EXPECT_THAT(asked.err, HasSubstr("assumed: 4 bytes, as --align says"));
    EXPECT_EQ(drone("heap --align 12 generate --pools 4").code, 2);
}

TEST_F(Generate, AssumesNothingWhereTheTraceSaysIt) {
    EXPECT_THAT(drone("heap -s 10K generate --pools 5").err, Not(HasSubstr("assumed")));
}

TEST_F(Generate, CountsEventsAsEveryOtherCommandDoes) {
    write("heaptrace", "a 1 8\nr 1 16\nr 1 24\nf 1\n");
    EXPECT_EQ(json::parse(drone("heap --json").out)["runs"][0]["events"], 4);
    EXPECT_THAT(drone("heap -s 1K generate --pools 2").err, HasSubstr(": 4 events, all served"));
    write("Drone.toml", "[heap]\nsize = \"24\"\npools = [{ block = \"24\", capacity = 1 }]\n");
    EXPECT_EQ(json::parse(drone("heap replay --json").out)["events"], 4);
}

TEST_F(Generate, HasARoomForABlockThatShrinksAndForWhatTakesItsPlace) {
    write("heaptrace", "a 1 200\nr 1 48\na 2 200\n");
    const auto pools = [&](int most) {
        const std::string command =
            "heap generate --headroom none --json --pools " + std::to_string(most);
        return json::parse(drone(command).out)["pools"];
    };
    EXPECT_EQ(pools(1), json::parse(R"([{"block": 200, "capacity": 2}])"));
    EXPECT_EQ(
        pools(2), json::parse(R"([{"block": 48, "capacity": 1}, {"block": 200, "capacity": 1}])")
    );
}

TEST_F(Generate, TakesTheSizeFromDroneToml) {
    write("Drone.toml", "[heap]\nsize = \"10K\"\n");
    EXPECT_EQ(drone("heap generate --pools 5").out, seeds_section);
}

TEST_F(Generate, SizesTheHeapToTheTraceWhereNothingElseIsSaid) {
    const outcome run = drone("heap generate --pools 5 --json");
    const json layout = json::parse(run.out);
    EXPECT_EQ(layout["size"], 228);
    EXPECT_EQ(layout["used"], 228);
    EXPECT_EQ(layout["headroom"], 1.0);
}

TEST_F(Generate, PrintsJson) {
    const outcome run = drone("heap -s 10K generate --pools 5 --json");
    EXPECT_EQ(run.code, 0) << run.err;
    const json layout = json::parse(run.out);
    EXPECT_EQ(layout["pools"].size(), 5U);
    EXPECT_EQ(layout["pools"][1], (json{{"block", 12}, {"capacity", 222}}));
    EXPECT_EQ(layout["size"], 10240);
    EXPECT_EQ(layout["used"], 228);
    EXPECT_EQ(layout["lower_bound"], 228);
    EXPECT_EQ(layout["optimal"], true);
    EXPECT_EQ(layout["fragmentation"], 0);
    EXPECT_EQ(layout["headroom"], 7.0);
    EXPECT_EQ(layout["replay"], "ok");
}

TEST_F(Generate, SaysWhichHeapWouldDo) {
    const outcome run = drone("heap -s 200 generate --pools 3");
    EXPECT_EQ(run.code, 1);
    EXPECT_THAT(run.out, IsEmpty());
    EXPECT_THAT(run.err, HasSubstr("40 more than the heap of 200"));
    EXPECT_THAT(
        run.err, HasSubstr("smallest heap that works is 240 bytes: 12 x 4, 32 x 2, 128 x 1")
    );
}

TEST_F(Generate, RefusesWrongNumbersOfPoolsAsUsage) {
    for (const char* pools : {"0", "256", "-1", "five", "5..2", "0..3", "2..", ""})
        EXPECT_EQ(drone("heap generate --pools '" + std::string(pools) + "'").code, 2) << pools;
    EXPECT_EQ(drone("heap generate --headroom most").code, 2);
}

TEST_F(Generate, DrawsTheCurveAndStaysPasteable) {
    const outcome run = drone("heap generate --pools 1..6");
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.out, StartsWith("#  Pools |"));
    EXPECT_THAT(run.out, HasSubstr("#      3 |        240 |        240  <- knee\n"));
    write("pasted.toml", run.out);
    EXPECT_EQ(drone("heap replay --layout pasted.toml").code, 0);
}

TEST_F(Generate, TakesAsManyPoolsAsPay) {
    const auto pools = [&](const std::string& options) {
        return json::parse(drone("heap generate --json " + options).out)["pools"].size();
    };
    EXPECT_EQ(pools("--pools auto"), 3U);
    EXPECT_EQ(pools("--pools auto --pool-cost 1"), 5U);
    EXPECT_EQ(pools("--pools auto --pool-cost 1000"), 1U);
}

TEST_F(Generate, TakesTheKneeOfTheCurveForAuto) {
    for (const std::string cost : {"1", "8", "20"}) {
        const auto generate = [&](const std::string& pools) {
            return json::parse(
                drone("heap -s 1K generate --json --pool-cost " + cost + " --pools " + pools).out
            );
        };
        const json ranged = generate("2..16");
        EXPECT_EQ(generate("auto")["pools"], ranged["pools"]);
        EXPECT_EQ(ranged["knee"], ranged["pools"].size());
    }
}

TEST_F(Generate, KeepsGivenBlocks) {
    const outcome run = drone("heap generate --pools 3 --keep '16, 32'");
    EXPECT_THAT(run.out, HasSubstr("block = \"16\""));
    EXPECT_THAT(run.out, HasSubstr("block = \"32\""));
    EXPECT_THAT(run.err, HasSubstr("with the blocks of --keep without fall-over"));
    EXPECT_EQ(drone("heap generate --pools 3 --keep 6").code, 2);
    EXPECT_EQ(drone("heap generate --pools 1 --keep 16,32").code, 2);
    write("heaptrace", "a 1 12\n");
    EXPECT_EQ(drone("heap generate --pools 1 --keep 16,16").code, 0);
}

TEST_F(Generate, SaysOfHowManyPoolsItsBoundIs) {
    EXPECT_THAT(
        drone("heap generate --pools 9").err, HasSubstr("no layout of up to 9 pools needs less")
    );
    EXPECT_THAT(drone("heap generate --pools 5").err, HasSubstr("no 5-pool layout needs less"));
}

TEST_F(Generate, SaysWhenThereIsNoHeadroom) {
    EXPECT_THAT(
        drone("heap generate --pools 5").err, HasSubstr("\nHeadroom: none; the 4-byte pool is full")
    );
    EXPECT_THAT(drone("heap -s 1K generate --pools 5").err, Not(HasSubstr("Headroom: none")));
}

TEST_F(Generate, HeadroomOfASqueezedLayoutIsThatOfItsBytes) {
    write("heaptrace", "a 1 4 4\na 2 4 4\na 3 4 4\nf 2\nf 3\na 4 8 4\na 5 8 4\na 6 8 4\n");
    const json layout = json::parse(drone("heap -s 1K generate --pools 2 --squeeze --json").out);
    ASSERT_TRUE(layout.contains("without_squeeze"));
    EXPECT_GT(layout["headroom"], 4.0);
}

TEST_F(Generate, UnitesSeveralRuns) {
    write("second", "a 1 64 4\na 2 64 4\n");
    const outcome run = drone("heap -f heaptrace -f second generate --pools 6 --json");
    // 4 x 1, 12 x 3, 128 x 1 as before; two of 64 hold one run's 28 and 32, or the other's two.
    EXPECT_EQ(json::parse(run.out)["used"], 4 + 36 + 128 + 128);
}

TEST_F(Generate, SaysTheAlignmentThatTheHeapNeeds) {
    write("heaptrace", "a 1 20 64\na 2 4 4\n");
    EXPECT_EQ(
        drone("heap generate --pools 2").out,
        "[heap]\n"
        "size = \"68\"\n"
        "align = 64\n"
        "pools = [\n"
        "    { block = \"4\", capacity = 1 },\n"
        "    { block = \"64\", capacity = 1 },\n"
        "]\n"
        "# Fragmentation: 0 / 0.00%\n"
    );
}

TEST_F(Generate, ComparesWithTodaysLayout) {
    write("Drone.toml", "[heap]\nsize = \"1K\"\npools = [{ block = \"64\", capacity = 3 }]\n");
    const outcome run = drone("heap generate --pools 5");
    EXPECT_THAT(run.err, HasSubstr("The layout in Drone.toml: 1 pool of 192 bytes"));
    EXPECT_THAT(run.err, HasSubstr("event 4 fails, a request of 12 bytes"));
}

/// A traced heap of pools 4 and 12 that refused 200 bytes three times, and once more than the trace
/// has room to say.
class Denied : public Generate {
protected:
    void SetUp() override {
        Generate::SetUp();
        std::filesystem::copy_file(DRONE_SOURCE_DIR "/tests/cases/fail.trace", folder_ / "denied");
    }
};

TEST_F(Denied, GetsALayoutForWhatFailed) {
    const outcome run = drone("heap -f denied -s 1K generate --pools 2 --json");
    EXPECT_EQ(run.code, 0) << run.err;
    const json layout = json::parse(run.out);
    EXPECT_EQ(layout["failed"], 4);
    EXPECT_EQ(layout["used"], 204);
    EXPECT_EQ(layout["pools"][1]["block"], 200);
    EXPECT_THAT(
        run.err,
        HasSubstr("4 requests failed in the traced run: event 2 asked for 200 bytes, the largest "
                  "for at least 16777215 bytes. No layout in a heap of 1024 bytes serves 1 of them")
    );
    EXPECT_THAT(run.err, HasSubstr("The program needs more than this trace shows"));
}

TEST_F(Denied, AsksForNoOtherTraceWhereNothingWouldServe) {
    const outcome run = drone("heap -f denied -s 128 generate --pools 2");
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(
        run.err,
        HasSubstr(". No layout in a heap of 128 bytes serves any of them.\nLet the program ask for "
                  "fewer bytes or less alignment, or make the heap larger.\n")
    );
    EXPECT_THAT(run.err, Not(HasSubstr("trace it again")));
}

TEST_F(Denied, KnowsThatTodaysLayoutDoesNotHold) {
    write("Drone.toml", "[heap]\nsize = \"1K\"\npools = [{ block = \"12\", capacity = 9 }]\n");
    const outcome run = drone("heap -f denied replay");
    EXPECT_EQ(run.code, 1);
    EXPECT_THAT(run.err, HasSubstr("4 requests failed in the traced run"));
    EXPECT_THAT(run.err, HasSubstr("event 2 of denied asks for 200 bytes"));
    EXPECT_EQ(json::parse(drone("heap -f denied replay --json").out)["failed"], 4);
}

TEST_F(Denied, IsToldApartFromWhatWasMeasured) {
    EXPECT_THAT(
        drone("heap -f denied -s 1K").out, HasSubstr("  1 of at least 16777215 bytes, the first")
    );
}

TEST_F(Generate, KnowsTheGapsThatTheTableKnows) {
    const std::string cases = DRONE_SOURCE_DIR "/tests/cases/";
    write("damaged", "a 1 12\na 2\nnonsense\na 3 12\n");
    for (const std::string& file :
         {cases + "flag_flip.trace",
          cases + "two_layouts_one_word_lost.trace",
          std::string("damaged")}) {
        SCOPED_TRACE(file);
        const json table = json::parse(drone("heap -f " + file + " --json").out);
        const outcome run = drone("heap -f " + file + " generate --pools 2 --json");
        const json layout = json::parse(run.out);
        EXPECT_GT(layout["gaps"], 0);
        EXPECT_EQ(layout["gaps"], table["runs"][0]["gaps"]);
        EXPECT_EQ(layout["lost_events"], table["runs"][0]["lost_events"]);
        EXPECT_THAT(run.err, HasSubstr("the real peaks may be higher"));
    }
}

TEST_F(Generate, LaysOutAHeapWithoutATraceOnlyWhenAsked) {
    const outcome beside_a_trace = drone("heap -s 10K generate --pools 5 --no-trace");
    write("heaptrace", "not a trace");
    EXPECT_EQ(drone("heap -s 10K generate --pools 5 --no-trace").code, 0); // it is left alone
    std::filesystem::remove(folder_ / "heaptrace");
    const outcome run = drone("heap -s 10K generate --pools 5 --no-trace");
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("block = \"512\""));
    EXPECT_EQ(run.out, beside_a_trace.out);
    EXPECT_EQ(drone("heap generate --pools 5 --no-trace").code, 1); // of what size?
}

TEST_F(Generate, GivesWithoutATraceWhatANewProjectBeginsWith) {
    for (const std::string size : {"512", "10K", "64K"}) {
        const std::string made = "app" + size;
        const std::string options = made + " --board virtual-m4 --heap-size " + size;
        ASSERT_EQ(drone("new " + options).code, 0);
        const outcome region = drone("heap -s " + size + " generate --no-trace --overflow yes");
        EXPECT_THAT(read(made + "/Drone.toml"), HasSubstr(region.out));
        ASSERT_EQ(drone("new pools" + options + " --pools-only").code, 0);
        const outcome pools = drone("heap -s " + size + " generate --no-trace");
        EXPECT_THAT(read("pools" + made + "/Drone.toml"), HasSubstr(pools.out));
    }
}

TEST_F(Generate, NeverWritesAGuessOverAMeasuredLayout) {
    std::filesystem::remove(folder_ / "heaptrace");
    const std::string measured = "[heap]\nsize = \"10K\"\n"
                                 "pools = [{ block = \"8\", capacity = 1 }]\n";
    write("Drone.toml", measured);
    const outcome run = drone("heap generate --pools 5 --write --yes");
    EXPECT_EQ(run.code, 1);
    EXPECT_THAT(run.err, HasSubstr("--no-trace"));
    EXPECT_EQ(read("Drone.toml"), measured);
    EXPECT_EQ(drone("heap generate --pools 5 --write --yes --no-trace").code, 0);
    EXPECT_NE(read("Drone.toml"), measured);
}

TEST_F(Generate, WritesTheSectionAndNothingElse) {
    write(
        "Drone.toml",
        "# mine\n[heap] # the heap\nsize = \"10K\" # all of it\n"
        "pools = [{ block = \"8\", capacity = 1 }] # old\n\n[log]\nformat = \"swo\"\n"
    );
    const outcome run = drone("heap generate --pools 1 --headroom none --write --yes");
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(
        read("Drone.toml"),
        "# mine\n[heap] # the heap\nsize = \"10K\" # all of it\n"
        "pools = [\n    { block = \"128\", capacity = 7 },\n] # old\n"
        "# Fragmentation: 668 / 6.52%\n\n[log]\nformat = \"swo\"\n"
    );
    // Of the next layout, and once.
    EXPECT_EQ(drone("heap generate --pools 2 --headroom none --write --yes").code, 0);
    const std::string again = read("Drone.toml");
    EXPECT_EQ(again.find("# Fragmentation: 668"), std::string::npos);
    EXPECT_EQ(again.find("# Fragmentation: "), again.rfind("# Fragmentation: "));
    EXPECT_THAT(again, HasSubstr("] # old\n# Fragmentation: "));
    EXPECT_THAT(run.err, HasSubstr("-pools = [{ block = \"8\", capacity = 1 }] # old\n"));
    EXPECT_THAT(run.err, HasSubstr("+    { block = \"128\", capacity = 7 },\n"));
}

TEST_F(Generate, ShowsALineThatStaysAsOneThatStays) {
    write("Drone.toml", "[heap]\nsize = \"10K\"\noverflow = true\npools = []\n");
    const outcome run = drone("heap -s 20K generate --pools 1 --overflow yes --write --yes");
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(
        run.err,
        HasSubstr("-size = \"10K\"\n+size = \"20K\"\n overflow = true\n-pools = []\n+pools = [\n")
    );
}

TEST_F(Generate, NeedsAProjectToWriteTo) {
    const outcome run = drone("heap generate --pools 1 --write");
    EXPECT_EQ(run.code, 1);
    EXPECT_THAT(run.err, HasSubstr("no Drone.toml"));
}

TEST_F(Generate, MakesLayoutsThatReplayHolds) {
    write("layout.toml", drone("heap generate --pools 2").out);
    const outcome run = drone("heap replay --layout layout.toml");
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.err, HasSubstr("holds"));
}

TEST_F(Generate, SqueezesOnlyWhereItSays) {
    write("heaptrace", "a 1 4 4\na 2 4 4\na 3 4 4\nf 2\nf 3\na 4 8 4\na 5 8 4\na 6 8 4\n");
    const json layout = json::parse(drone("heap generate --pools 2 --squeeze --json").out);
    EXPECT_LT(layout["used"], 32);
    EXPECT_EQ(layout["without_squeeze"], 32);
    EXPECT_EQ(layout["replay"], "ok");
}

TEST_F(Generate, SaysOfASqueezedLayoutWhatTheTraceLeavesOpen) {
    const std::string said = "so the program may differ where requests fall over";
    write("heaptrack", "v 10500 3\na 4 1\na 8 1\n+ 0\n+ 0\n+ 0\n- 0\n- 0\n+ 1\n+ 1\n+ 1\n");
    write("log", "a 1 4\na 2 4\na 3 4\nf 2\nf 3\na 4 8\na 5 8\na 6 8\n");
    const std::string squeeze = " generate --pools 2 --squeeze --headroom none";
    const outcome open = drone("heap --align 4 -f heaptrack" + squeeze);
    EXPECT_THAT(
        open.err, HasSubstr("does not record which block of a size is given back, " + said)
    );
    const outcome exact = drone("heap --align 4 -f log" + squeeze);
    EXPECT_THAT(exact.err, HasSubstr(" bytes with fall-over, "));
    EXPECT_THAT(exact.err, Not(HasSubstr(said)));
    EXPECT_EQ(
        json::parse(drone("heap --align 4 -f heaptrack --json" + squeeze).out)["exact"], false
    );
    EXPECT_EQ(json::parse(drone("heap --align 4 -f log --json" + squeeze).out)["exact"], true);
    write("layout.toml", open.out);
    EXPECT_THAT(
        drone("heap --align 4 -f heaptrack replay --layout layout.toml").err, HasSubstr(said)
    );
    EXPECT_THAT(
        drone("heap --align 4 -f log replay --layout layout.toml").err, Not(HasSubstr(said))
    );
}

using Replay = Generate;

TEST_F(Replay, SaysAtWhichEventALayoutFailsAndWhy) {
    write(
        "layout.toml",
        "[heap]\nsize = 512\npools = [{ block = \"12\", capacity = 2 }, "
        "{ block = \"128\", capacity = 1 }]\n"
    );
    const outcome run = drone("heap replay --layout layout.toml");
    EXPECT_EQ(run.code, 1);
    EXPECT_THAT(
        run.err,
        HasSubstr(
            "event 4 of heaptrace asks for 12 bytes while 3 blocks of 25 bytes in all are live, "
            "and all "
            "pools that serve it are full: 12 x 2, 128 x 1"
        )
    );
    const json report = json::parse(drone("heap replay --layout layout.toml --json").out);
    EXPECT_EQ(report["holds"], false);
    EXPECT_EQ(report["failure"]["event"], 4);
    EXPECT_EQ(report["failure"]["full"], json::array({12, 128}));
}

TEST_F(Replay, ChecksTodaysLayout) {
    write("Drone.toml", "[heap]\nsize = \"10K\"\npools = [{ block = \"128\", capacity = 7 }]\n");
    const outcome run = drone("heap replay");
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("   128 |        7 |        7 |"));
}

TEST_F(Replay, NeedsALayoutAndATrace) {
    EXPECT_EQ(drone("heap replay").code, 1);
    EXPECT_EQ(drone("heap replay --layout nowhere.toml").code, 1);
    std::filesystem::remove(folder_ / "heaptrace");
    EXPECT_THAT(drone("heap replay").err, HasSubstr("heaptrace: no such file"));
}

} // namespace
} // namespace drone::cli
