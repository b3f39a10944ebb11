// SPDX-License-Identifier: MIT
#pragma once

#include "trace/findings.hpp"

#include <drone/wire.hpp>

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace drone::trace {

/// The stacks that a native trace announces, by their identifiers. An identifier is a hash of the
/// frames. So an announcement of which words are missing, damaged or another one's is none: its
/// identifier stays a stack that is not known, until it is announced again. It may be announced after
/// its first use.
class stack_book {
public:
    /// Refers to the findings, which have the stacks.
    explicit stack_book(findings& found) : found_(found) {}

    /// A `frames` word: an announcement begins.
    void begin(wire::word frames);
    /// A caller word: the next frame, outward.
    void frame(std::uint32_t code_address);
    /// A `stack` word, which may end an announcement. Returns the stack as change::caller has it.
    [[nodiscard]] std::uint32_t stack(std::uint32_t identifier);
    /// Another program: the same identifier is another stack.
    void forget() { places_.clear(); }

private:
    void learn(std::uint32_t identifier);

    findings& found_;
    std::unordered_map<std::uint32_t, std::uint32_t> places_; ///< in found_.stacks
    wire::announced_stack open_;                              ///< count 0: there is none
    std::vector<std::uint32_t> frames_;                       ///< of it, with all their bits
};

} // namespace drone::trace
