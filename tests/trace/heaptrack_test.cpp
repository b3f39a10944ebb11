// SPDX-License-Identifier: MIT

// heaptrack's own programs are asked: a recording of a real program, made here, gives the totals
// that heaptrack_print gives.

#include "trace_writer.hpp"
#include "usage/analysis.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <regex>

namespace drone::trace {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(HeaptrackFile, IsReadRaw) {
    const reading r(
        "v 10400 3\nx 4 /bin\nI 1000 5\n# comment\nt 7f 0\n+ a 1 5648\n+ 12c 1 5650\n- 5648\n"
        "+ b 2 5648\nc 5\n- 9999\nR 3c\n"
    );
    EXPECT_EQ(r.found.format, format::heaptrack_raw);
    EXPECT_THAT(
        r.usage.rows(),
        ElementsAre(
            usage::size_usage{10, 1, 1}, usage::size_usage{11, 1, 1}, usage::size_usage{300, 1, 1}
        )
    );
    EXPECT_EQ(r.usage.peak_bytes(), 311);
    EXPECT_EQ(r.found.freed_unknown, 1);
}

TEST(HeaptrackFile, IsReadInterpretedWithItsCallers) {
    const reading r(
        "v 10400 3\ns 4 main\ns 8 my f.cpp\ni 7f 1 1 2 1a\nt 1 0\na a 1\n+ 0\n+ 0\n- 0\n"
    );
    EXPECT_EQ(r.found.format, format::heaptrack);
    EXPECT_THAT(r.usage.rows(), ElementsAre(usage::size_usage{10, 2, 2}));
    EXPECT_THAT(r.found.callers, ElementsAre(IsEmpty(), ElementsAre("main at my f.cpp:26")));
}

/// The functions of the callers of what is live at the end.
std::vector<std::vector<std::string>> stacks_of(const findings& found) {
    std::vector<std::vector<std::string>> all;
    for (const call_stack& stack : found.stacks) {
        auto& functions = all.emplace_back();
        for (const std::uint32_t frame : stack.frames)
            for (const std::string& function : found.callers.at(frame))
                functions.push_back(function);
    }
    return all;
}

TEST(HeaptrackFile, HasWholeStacks) {
    // new < vector < f < g and < h.
    const reading r(
        "v 10400 3\ns c operator new\ns 18 std::vector<int>::resize\ns 1 f\ns 1 g\ns 1 h\n"
        "i 1 1 1\ni 2 1 2 0 0 3 0 0\ni 3 1 4\ni 4 1 5\n"
        "t 3 0\nt 4 0\nt 2 1\nt 2 2\nt 1 3\nt 1 4\na 8 5\na 8 6\n+ 0\n+ 1\n"
    );
    EXPECT_THAT(
        stacks_of(r.found),
        ElementsAre(
            ElementsAre("operator new", "std::vector<int>::resize", "f", "g"),
            ElementsAre("operator new", "std::vector<int>::resize", "f", "h")
        )
    );
}

TEST(HeaptrackFile, OfARawRecordingHasWholeStacks) {
    const reading r(
        "v 10400 3\nx 8 /bin/app\nm 1 -\nm 1 x 5000 0 1000 2000 100\nm a /l/libq.so 9000 0 50\n"
        "t 5010 0\nt 7020 1\nt 9004 2\n+ a 3 1\n+ a 3 2\n"
    );
    EXPECT_THAT(
        stacks_of(r.found), ElementsAre(ElementsAre("libq.so+0x4", "app+0x2020", "app+0x10"))
    );
    EXPECT_EQ(r.found.modules.at(0), (code_module{"/bin/app", ""}));
    EXPECT_EQ(r.found.places.at(r.found.stacks[0].frames[1]), (code_place{0, 0x2020}));
}

TEST(HeaptrackFile, HasNoStackThatCallsItself) {
    // Damaged: a stack is called by one that comes after it, or by itself.
    const reading r("v 10400 3\nx 8 /bin/app\nt 10 2\nt 20 2\n+ a 1 1\n+ a 2 2\n");
    EXPECT_EQ(r.found.damaged, 2);
    EXPECT_THAT(r.found.stacks, IsEmpty());
}

TEST(HeaptrackFile, OfARawRecordingHasCallersByTheirPlaceInAModule) {
    const reading r(
        "v 10400 3\nx 8 /bin/app\nm 1 -\nm 1 x 5000 0 1000 2000 100\nm a /l/libq.so 9000 0 50\n"
        "t 5010 0\nt 7020 1\nt 9004 1\nt 12345 0\n"
        "+ a 1 1\n+ a 2 2\n+ a 3 3\n+ a 4 4\n+ a 1 5\n"
    );
    EXPECT_THAT(
        r.found.callers,
        ElementsAre(
            IsEmpty(),
            ElementsAre("app+0x10"),
            ElementsAre("app+0x2020"),
            ElementsAre("libq.so+0x4"),
            ElementsAre("0x12345")
        )
    );
}

/// What the command prints; nothing when it fails.
std::optional<std::string> output_of(const std::string& command) {
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) return std::nullopt;
    std::string text;
    char chunk[4096];
    for (std::size_t got = 0; (got = std::fread(chunk, 1, sizeof chunk, pipe)) != 0;)
        text.append(chunk, got);
    if (::pclose(pipe) != 0) return std::nullopt;
    return text;
}

double number_after(const std::string& text, const std::string& label) {
    std::smatch match;
    if (!std::regex_search(text, match, std::regex(label + ": ([0-9.]+)([KMG]?)"))) return -1;
    const double unit = match[2] == "K" ? 1e3 : match[2] == "M" ? 1e6 : match[2] == "G" ? 1e9 : 1;
    return std::stod(match[1]) * unit;
}

TEST(HeaptrackFile, OfARealProgramGivesHeaptracksOwnTotals) {
    if (std::system("command -v heaptrack >/dev/null && command -v sqlite3 >/dev/null") != 0)
        GTEST_SKIP() << "heaptrack or sqlite3 is not installed";
    const temporary_file place("");
    const std::string name = place.path().string() + ".recorded";
    const std::string program =
        " sqlite3 :memory: 'create table t(a,b); with recursive n(i) as (select 1 union all "
        "select i+1 from n where i < 2000) insert into t select i, hex(i) from n; "
        "select count(*) from t group by b; drop table t;' >/dev/null 2>&1";
    ASSERT_EQ(std::system(("heaptrack -o " + name + program).c_str()), 0);
    ASSERT_EQ(std::system(("heaptrack --raw -o " + name + program).c_str()), 0);
    const std::string interpreted = name + ".zst";
    const std::string raw = name + ".raw.zst";
    const std::string again = name + ".again";
    ASSERT_EQ(
        std::system(("zstd -dc < " + raw +
                     " | /usr/lib/heaptrack/libexec/heaptrack_interpret 2>/dev/null > " + again)
                        .c_str()),
        0
    );
    for (const auto& [file, printed] :
         {std::pair(interpreted, interpreted), std::pair(raw, again)}) {
        SCOPED_TRACE(file);
        const auto theirs = output_of("heaptrack_print " + printed + " 2>/dev/null");
        ASSERT_TRUE(theirs);
        const auto from = source::open(file);
        ASSERT_TRUE(from) << from.error().message;
        usage::statistics usage;
        ASSERT_TRUE(from->read(usage));
        usage::analysis details(usage.peak_event());
        ASSERT_TRUE(from->read(details));
        std::uint64_t calls = 0;
        for (const usage::size_usage& row : usage.rows())
            calls += row.total;
        std::uint64_t leaked = 0;
        for (const usage::live_block& block : details.live_at_end())
            leaked += block.size;
        EXPECT_GT(calls, 1000);
        EXPECT_EQ(
            static_cast<double>(calls), number_after(*theirs, "calls to allocation functions")
        );
        // heaptrack rounds to two decimals of its unit.
        const double peak = number_after(*theirs, "peak heap memory consumption");
        EXPECT_NEAR(static_cast<double>(usage.peak_bytes()), peak, peak / 1000 + 5);
        const double leak = number_after(*theirs, "total memory leaked") +
                            std::max(0.0, number_after(*theirs, "suppressed leaks"));
        EXPECT_NEAR(static_cast<double>(leaked), leak, leak / 500 + 10);
    }
    for (const std::string& file : {interpreted, raw, again})
        std::filesystem::remove(file);
}

} // namespace
} // namespace drone::trace
