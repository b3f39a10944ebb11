// SPDX-License-Identifier: MIT
#pragma once

// Code addresses to functions, files and lines, from a firmware's ELF file and its DWARF.

#include "base/error.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace drone::report {

class symbols {
public:
    /// Fails when the file is missing or no ELF file. One without debug information gives the names
    /// of its symbol table only.
    [[nodiscard]] static result<symbols> open(const std::filesystem::path& elf);

    symbols(symbols&&) noexcept;
    symbols& operator=(symbols&&) noexcept;
    symbols(const symbols&) = delete;
    symbols& operator=(const symbols&) = delete;
    ~symbols();

    /// The functions that a call returns into at `return_address`, innermost first: inlined ones,
    /// then the one that was compiled, each as `name at file:line`. The address counts modulo 2^30,
    /// as traces carry it. Empty when nothing is known.
    [[nodiscard]] std::vector<std::string> functions(std::uint32_t return_address) const;

private:
    struct debug_information;
    explicit symbols(std::unique_ptr<debug_information> information);

    std::unique_ptr<debug_information> information_;
};

} // namespace drone::report
