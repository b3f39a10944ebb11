// SPDX-License-Identifier: MIT
// The tables of `drone heap` on terminals of several widths: bars, a line of heights, colours, and no line
// that is too long. What is piped has none of it.

#include "base/printable.hpp"
#include "tool.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <pty.h>
#include <regex>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace drone::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

/// All sections that a text log has figures for.
constexpr const char* everything =
    "heap --by peak --by pool --by age --by lifetime --by caller --by context";

class Terminal : public Tool {
protected:
    void SetUp() override {
        std::string log;
        for (int i = 0; i < 400; ++i) {
            log += "a " + std::to_string(i) + " " + std::to_string(8 + i % 37 * 40) + " 8 @0x" +
                   std::to_string(100 + i % 5) + "\n";
            if (i % 3 != 0) log += "f " + std::to_string(i) + "\n";
        }
        write("heaptrace", log);
    }

    /// What `drone ARGUMENTS` shows on a terminal of that width, with line feeds alone.
    [[nodiscard]] std::string
    on_terminal(const std::string& arguments, unsigned width, const std::string& variables) {
        const winsize size{
            .ws_row = 24,
            .ws_col = static_cast<unsigned short>(width),
            .ws_xpixel = 0,
            .ws_ypixel = 0
        };
        int terminal = -1;
        const std::string line = "cd '" + folder_.string() + "' && env -u NO_COLOR -u LC_ALL " +
                                 variables + " " DRONE_BINARY_DIR "/bin/drone " + arguments +
                                 " 2>/dev/null";
        const pid_t child = ::forkpty(&terminal, nullptr, nullptr, &size);
        if (child == 0) {
            ::execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
            ::_exit(127);
        }
        std::string shown;
        std::array<char, 4096> buffer{};
        for (;;) { // its end is an error of the terminal
            const ssize_t got = ::read(terminal, buffer.data(), buffer.size());
            if (got <= 0) break;
            shown.append(buffer.data(), static_cast<std::size_t>(got));
        }
        ::close(terminal);
        int status = 0;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
        std::erase(shown, '\r');
        return shown;
    }

    static std::string without_colours(const std::string& text) {
        static const std::regex colour("\x1b\\[[0-9]*m");
        return std::regex_replace(text, colour, "");
    }

    const std::string utf8_ = "TERM=xterm LC_ALL=C.UTF-8";
};

TEST_F(Terminal, TablesFitEveryWidth) {
    for (const unsigned width : {30U, 40U, 60U, 80U, 100U, 132U, 200U}) {
        std::istringstream lines(without_colours(on_terminal(everything, width, utf8_)));
        std::size_t tables = 0;
        for (std::string line; std::getline(lines, line);) {
            const bool is_of_a_table = line.find(" |") != std::string::npos;
            if (!is_of_a_table && line.find("Live bytes") == std::string::npos) continue;
            ++tables;
            EXPECT_LE(base::count_characters(line), width) << line;
        }
        EXPECT_GT(tables, 50U) << width;
    }
}

TEST_F(Terminal, NamesStayLegibleWhereFiguresTakeTheWidth) {
    std::string log;
    for (int i = 0; i < 100; ++i)
        log += "a " + std::to_string(i) + " 1234567 8 @0x12345678\n";
    write("heaptrace", log);
    for (const unsigned width : {40U, 60U, 80U}) {
        const std::string shown =
            without_colours(on_terminal("heap --by caller --by age", width, utf8_));
        EXPECT_THAT(shown, HasSubstr("123456700 |")) << width;
        EXPECT_THAT(shown, HasSubstr("| 0x12345678\n")) << width;
    }
}

TEST_F(Terminal, HasBarsAndHeightsWhereThereIsRoom) {
    const std::string wide = without_colours(on_terminal("heap", 100, utf8_));
    EXPECT_THAT(wide, HasSubstr("█"));
    EXPECT_THAT(wide, HasSubstr("Live bytes, from begin to end: ▁"));
    // The largest share has the longest bar, of 40 characters.
    std::string longest;
    for (int i = 0; i < 40; ++i)
        longest += "█";
    EXPECT_THAT(wide, HasSubstr("| " + longest + "\n"));
    EXPECT_THAT(wide, Not(HasSubstr("█" + longest)));
    EXPECT_THAT(without_colours(on_terminal("heap", 44, utf8_)), Not(HasSubstr("███")));
}

TEST_F(Terminal, ColoursAreHeededAndChangeNoText) {
    const std::string coloured = on_terminal(everything, 100, utf8_);
    EXPECT_THAT(coloured, HasSubstr("\x1b[1m Block Size"));
    const std::string bare = on_terminal(everything, 100, utf8_ + " NO_COLOR=1");
    EXPECT_THAT(bare, Not(HasSubstr("\x1b")));
    EXPECT_EQ(without_colours(coloured), bare);
    EXPECT_THAT(on_terminal(everything, 100, "TERM=dumb LC_ALL=C.UTF-8"), Not(HasSubstr("\x1b")));
    EXPECT_THAT(on_terminal("heap --json", 100, utf8_), Not(HasSubstr("\x1b")));
}

TEST_F(Terminal, WithoutUtf8TheBarsAreAscii) {
    const std::string shown = on_terminal("heap", 100, "TERM=xterm LC_ALL=C NO_COLOR=1");
    EXPECT_THAT(shown, HasSubstr("| ########"));
    EXPECT_TRUE(std::ranges::all_of(shown, [](char c) {
        return static_cast<unsigned char>(c) < 128;
    }));
}

TEST_F(Terminal, APipeGetsWhatItAlwaysGot) {
    const outcome piped = drone(everything);
    EXPECT_EQ(piped.code, 0);
    EXPECT_TRUE(std::ranges::all_of(piped.out, [](char c) {
        return c == '\n' || (c >= ' ' && c < 127);
    }));
    EXPECT_THAT(piped.out, Not(HasSubstr("Live bytes,")));
    // A terminal shows the same lines, longer.
    const outcome figures = drone("heap --by peak --by lifetime");
    std::istringstream lines(figures.out);
    const std::string wide =
        without_colours(on_terminal("heap --by peak --by lifetime", 400, utf8_));
    for (std::string line; std::getline(lines, line);) {
        if (line.find("--") != std::string::npos) continue;
        EXPECT_NE(wide.find(line), std::string::npos) << line;
    }
}

} // namespace
} // namespace drone::cli
