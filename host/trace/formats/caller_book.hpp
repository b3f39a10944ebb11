// SPDX-License-Identifier: MIT
#pragma once

#include "trace/findings.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace drone::trace {

/// Who asks for memory in a program of an operating system: places in its code, in which modules they
/// are, and the stacks that they make. Each is in the findings once.
class caller_book {
public:
    /// Refers to the findings, which have the callers.
    explicit caller_book(findings& found) : found_(found) {}

    /// What is where in memory from here on: `base` is where the module's address 0 is.
    void
    map(std::uint64_t begin,
        std::uint64_t end,
        std::uint64_t base,
        std::string_view path,
        std::string_view build = {});
    /// Nothing is anywhere.
    void unmap();

    /// The caller that is one code address.
    [[nodiscard]] std::uint32_t place(std::uint64_t address);
    /// The caller that is one place in code, of which the functions are known.
    [[nodiscard]] std::uint32_t place(std::vector<std::string> functions);
    /// The caller that is a stack of places, innermost first; one that is whole and one place is that
    /// place.
    [[nodiscard]] std::uint32_t stack(std::vector<std::uint32_t> places, bool is_whole);

private:
    /// A module's segment in memory.
    struct segment {
        std::uint64_t end = 0;
        std::uint64_t base = 0;
        std::uint32_t module = 0; ///< in the findings
    };

    findings& found_;
    std::map<std::uint64_t, segment> segments_;               ///< by first address
    std::unordered_map<std::uint64_t, std::uint32_t> places_; ///< by address
    std::map<std::vector<std::uint32_t>, std::uint32_t> stacks_;
};

} // namespace drone::trace
