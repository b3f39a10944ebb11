// SPDX-License-Identifier: MIT
// The frame table against binutils: objdump's calls, and what readelf makes of .debug_frame.

#include "frames/frame_table.hpp"
#include "paths.hpp"

#include <drone/frame_table.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace drone::frames {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> lines_of(const std::string& command) {
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    std::vector<std::string> lines;
    char line[1024];
    while (std::fgets(line, sizeof line, pipe) != nullptr)
        lines.emplace_back(line);
    EXPECT_EQ(::pclose(pipe), 0) << command;
    return lines;
}

std::uint32_t hex(const std::string& digits) {
    return static_cast<std::uint32_t>(std::stoul(digits, nullptr, 16));
}

/// What calls return to, as objdump disassembles them: ` 8000100:\tf000 f812 \tbl\t8000128 <f>`.
std::vector<std::uint32_t> returns_by_objdump(const std::string& elf) {
    std::vector<std::uint32_t> found;
    for (const std::string& line : lines_of("arm-none-eabi-objdump -d '" + elf + "'")) {
        std::istringstream in(line);
        std::string address;
        std::string codes;
        std::string mnemonic;
        if (!std::getline(in, address, ':') || !std::getline(in, codes, '\t')) continue;
        std::getline(in, codes, '\t');
        in >> mnemonic;
        if (mnemonic == "bl" || mnemonic == "blx")
            found.push_back(hex(address) + (codes.size() > 5 ? 4 : 2));
    }
    return found;
}

/// `r13+24` of a column, else nothing.
std::optional<std::int32_t> number_after(const std::string& text, const std::string& before) {
    if (!text.starts_with(before)) return std::nullopt;
    return std::stoi(text.substr(before.size()));
}

/// The frames by the address from which on they are such, and where no function is any more.
std::map<std::uint32_t, call_frame> frames_by_readelf(const std::string& elf) {
    std::map<std::uint32_t, call_frame> found;
    std::vector<std::string> columns;
    std::uint32_t end = 0;
    bool in_function = false;
    for (const std::string& line :
         lines_of("arm-none-eabi-readelf --debug-dump=frames-interp '" + elf + "' 2> /dev/null")) {
        std::istringstream in(line);
        std::vector<std::string> words;
        for (std::string word; in >> word;)
            words.push_back(word);
        if (words.empty()) {
            in_function = false;
        } else if (const auto pc = line.find("pc="); pc != std::string::npos) {
            in_function = line.find(" FDE ") != std::string::npos;
            end = hex(line.substr(line.find("..", pc) + 2));
            if (in_function) found.try_emplace(end);
        } else if (words[0] == "LOC") {
            columns = words;
        } else if (in_function && words.size() <= columns.size()) {
            call_frame frame;
            const auto size = number_after(words[1], "r13+");
            std::optional<std::int32_t> saved;
            for (std::size_t i = 2; i < words.size(); ++i)
                if (columns[i] == "ra") saved = number_after(words[i], "c");
            if (size && saved)
                frame = {
                    static_cast<std::uint32_t>(*size), static_cast<std::uint32_t>(*size + *saved)
                };
            found[hex(words[0])] = frame;
        }
    }
    return found;
}

/// The shape that a target finds at every call is the one that binutils know. Returns how many.
std::size_t compare(const std::string& elf) {
    const auto table = make_frame_table(std::filesystem::path(elf));
    EXPECT_TRUE(table) << table.error().message;
    const auto frames = frames_by_readelf(elf);
    const auto returns = returns_by_objdump(elf);
    std::size_t walkable = 0;
    for (const std::uint32_t at : returns) {
        const auto row = std::prev(frames.upper_bound(at - 1));
        const std::uint32_t expected = make_shape(row->second.size, row->second.slot);
        EXPECT_EQ(find_shape(table->words.data(), at | 1U), expected) << std::hex << at;
        if (expected != 0) ++walkable;
    }
    EXPECT_GE(
        walkable, returns.size() - returns.size() / 50
    );                                       // libgcc has calls without a description
    EXPECT_GE(table->calls, returns.size()); // a literal may look like a call
    EXPECT_LE(table->calls, returns.size() + returns.size() / 200);
    return walkable;
}

TEST(FrameTable, IsWhatBinutilsSayAtEveryCall) {
    EXPECT_GT(compare(DRONE_FIRMWARE_DIR "/frames_program.elf"), 400U);
    EXPECT_GT(compare(DRONE_FIRMWARE_DIR "/frames_program_m0.elf"), 400U);
    EXPECT_GT(compare(DRONE_FIRMWARE_DIR "/frames_program_plain.elf"), 400U);
}

/// The programs that a developer names here, such as the station and Lua.
TEST(FrameTable, IsWhatBinutilsSayOfOtherPrograms) {
    const char* const named = std::getenv("DRONE_ELF_FILES");
    if (named == nullptr) GTEST_SKIP() << "DRONE_ELF_FILES names none";
    std::istringstream in(named);
    for (std::string elf; in >> elf;)
        std::printf("%s: %zu calls\n", elf.c_str(), compare(elf));
}

TEST(FrameTable, IsSmall) {
    const auto table =
        make_frame_table(std::filesystem::path(DRONE_FIRMWARE_DIR "/frames_program.elf"));
    ASSERT_TRUE(table) << table.error().message;
    EXPECT_LT(table->rows, table->calls);
    EXPECT_EQ(table->words.size(), header_words + table->rows + table->shapes);
}

TEST(FrameTable, EndsAWalkWhereItKnowsNothing) {
    const std::vector<code_range> code{
        {0x1000, 0x1020, {{0x1008, {16, 12}}, {0x1010, {0, 0}}, {0x1018, {16, 12}}}},
        {0x1020, 0x1030, {}},
        {0x1030, 0x1040, {{0x1038, {70'000, 4}}}},
        {0x9000'0000, 0x9000'0010, {{0x9000'0008, {8, 4}}}}, // a memory far away
    };
    const auto table = make_frame_table(code, 0x2000'0000);
    ASSERT_TRUE(table);
    const auto shape = [&](std::uint32_t at) { return find_shape(table->words.data(), at); };
    EXPECT_EQ(shape(0x1009), make_shape(16, 12));
    EXPECT_EQ(shape(0x1011), 0U);
    EXPECT_EQ(shape(0x1019), make_shape(16, 12));
    EXPECT_EQ(shape(0x1039), 0U); // a frame that no shape can say
    EXPECT_EQ(shape(0x9000'0009), 0U);
    EXPECT_EQ(shape(0x0FFF), 0U);
    EXPECT_EQ(shape(0x1043), 0U);
    EXPECT_EQ(shape(0xFFFF'FFF9), 0U);
    EXPECT_EQ(table->ends_there, 1U);
    EXPECT_EQ(table->out_of_span, 1U);
}

TEST(FrameTable, RefusesMoreShapesThanARowCanName) {
    code_range range{0x1000, 0x1000 + 4 * 300, {}};
    for (std::uint32_t i = 1; i < 300; ++i)
        range.calls.push_back({0x1000 + 4 * i, {4 * i, 0}});
    EXPECT_THAT(make_frame_table({range}, 0).error().message, HasSubstr("more than 256 shapes"));
}

TEST(FrameTable, NeedsALinkedProgramWithDebugInformation) {
    const auto message = [](const char* file) {
        const auto made = make_frame_table(std::filesystem::path(file));
        return made ? "made" : made.error().message;
    };
    EXPECT_THAT(message(DRONE_SOURCE_DIR "/CMakeLists.txt"), HasSubstr("is not an ELF file"));
    EXPECT_THAT(message("/bin/true"), HasSubstr("is not a linked program for a 32-bit Arm"));
    EXPECT_THAT(message("/nowhere"), HasSubstr("/nowhere"));
}

TEST(FrameTable, OfAProgramThatCarriesNoneIsMissing) {
    const auto checked = check_frame_table(DRONE_FIRMWARE_DIR "/frames_program.elf");
    ASSERT_FALSE(checked);
    EXPECT_THAT(checked.error().message, HasSubstr("carries no frame table"));
}

} // namespace
} // namespace drone::frames
