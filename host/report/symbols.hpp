// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"
#include "frames/call_sites.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace drone::report {

using frames::machine;

/// Code addresses to functions, files and lines, from a firmware's ELF file and its DWARF.
class symbols {
public:
    /// Fails when the file is missing, not an ELF file, or cut. One without debug information gives
    /// the names of its symbol table only.
    [[nodiscard]] static result<symbols> open(const std::filesystem::path& elf);

    symbols(symbols&&) noexcept;
    symbols& operator=(symbols&&) noexcept;
    symbols(const symbols&) = delete;
    symbols& operator=(const symbols&) = delete;
    ~symbols();

    /// The functions that a call returns into at `return_address`, innermost first: inlined ones,
    /// then the one that was compiled, each as `name at file:line`, names with namespaces and
    /// classes. The address counts modulo 2^30, as traces carry it. Empty when nothing is known, and
    /// when no call is right before the address in the file's code.
    [[nodiscard]] std::vector<std::string> functions(std::uint32_t return_address) const;

    /// The same of an address that counts as it is.
    [[nodiscard]] std::vector<std::string> functions_exactly_at(std::uint64_t return_address) const;
    [[nodiscard]] bool follows_call_exactly_at(std::uint64_t return_address) const;

    /// Whether a call is right before the address, modulo 2^30, in the file's code.
    [[nodiscard]] bool follows_call(std::uint32_t return_address) const;

    [[nodiscard]] machine code_for() const;

    /// The GNU build ID in hexadecimal; empty when the file has none.
    [[nodiscard]] std::string build() const;
    /// Its first 24 bits, as traces carry it.
    [[nodiscard]] std::optional<std::uint32_t> identity() const;

    /// What kept functions() from saying more so far: debug information that is not there.
    [[nodiscard]] std::vector<std::string> notices() const;

private:
    struct debug_information;
    explicit symbols(std::unique_ptr<debug_information> information);

    std::unique_ptr<debug_information> information_;
};

} // namespace drone::report
