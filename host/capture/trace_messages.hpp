// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace drone::capture {

/// The text that OpenOCD's Tcl server sends after `tcl_trace on`, decoded to trace bytes. Messages
/// end in 0x1A; those of another kind are skipped. Any split of the text gives the same bytes.
/// Pure.
class trace_messages {
public:
    /// Decodes `text` into `into`, which has room for as many bytes as `text` has; returns how many
    /// were written. Fails on what OpenOCD would not send.
    [[nodiscard]] result<std::size_t>
    decode(std::span<const std::uint8_t> text, std::span<std::uint8_t> into);

private:
    enum class state : std::uint8_t { kind, data, other };

    state state_ = state::kind;
    std::string seen_;    ///< of the message, until its kind is known
    int high_digit_ = -1; ///< the first digit of a byte
};

} // namespace drone::capture
