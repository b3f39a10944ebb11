// SPDX-License-Identifier: MIT
#pragma once

// Makes the frame table (drone/frame_table.hpp) of a linked program, and compares it with the one that
// the program carries.

#include "base/error.hpp"
#include "frames/call_frames.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace drone::frames {

/// A frame table, and what it leaves out.
struct frame_table {
    std::vector<std::uint32_t> words;
    std::size_t rows = 0;
    std::size_t shapes = 0;
    std::size_t calls = 0;       ///< in the program
    std::size_t ends_there = 0;  ///< calls in whose frames a walk ends
    std::size_t out_of_span = 0; ///< calls further from the code than a row can name
};

/// The table of this code; `stack_limit` is where every stack of the program has ended.
[[nodiscard]] result<frame_table>
make_frame_table(const std::vector<code_range>& code, std::uint32_t stack_limit);

/// The table of a linked program. Fails as read_call_frames() does.
[[nodiscard]] result<frame_table> make_frame_table(const std::filesystem::path& elf);

/// The words of the table that the program carries; empty when it has none.
[[nodiscard]] result<std::vector<std::uint32_t>> read_frame_table(const std::filesystem::path& elf);

/// Whether the program carries its own table: fails with what to do where that is stale or missing.
[[nodiscard]] result<void> check_frame_table(const std::filesystem::path& elf);

/// The table as a source file that any assembler of these cores takes.
[[nodiscard]] std::string assembler_source(const frame_table& table);

} // namespace drone::frames
