// SPDX-License-Identifier: MIT
#include "capture/trace_messages.hpp"

#include <fmt/format.h>

#include <string_view>

namespace drone::capture {

namespace {

constexpr std::uint8_t message_end = 0x1A;
constexpr std::string_view trace_kind = "type target_trace data ";
constexpr std::string_view refusal = "invalid command name";

/// The value of a hexadecimal digit, or -1.
int digit(std::uint8_t character) {
    if (character >= '0' && character <= '9') return character - '0';
    if (character >= 'a' && character <= 'f') return character - 'a' + 10;
    if (character >= 'A' && character <= 'F') return character - 'A' + 10;
    return -1;
}

} // namespace

result<std::size_t>
trace_messages::decode(std::span<const std::uint8_t> text, std::span<std::uint8_t> into) {
    std::size_t written = 0;
    for (const std::uint8_t character : text) {
        if (character == message_end) {
            if (high_digit_ >= 0) return fail("a trace message has an odd number of digits");
            state_ = state::kind;
            seen_.clear();
            continue;
        }
        switch (state_) {
        case state::kind:
            seen_ += static_cast<char>(character);
            if (seen_ == refusal)
                return fail("it does not know `tcl_trace`; OpenOCD 0.9 or newer is needed");
            if (seen_ == trace_kind)
                state_ = state::data;
            else if (!trace_kind.starts_with(seen_) && !refusal.starts_with(seen_))
                state_ = state::other;
            break;
        case state::data: {
            if (character == '\r' || character == '\n') break;
            const int value = digit(character);
            if (value < 0)
                return fail(fmt::format("byte {:#04x} is not a hexadecimal digit", character));
            if (high_digit_ < 0) {
                high_digit_ = value;
            } else {
                into[written++] = static_cast<std::uint8_t>(high_digit_ * 16 + value);
                high_digit_ = -1;
            }
            break;
        }
        case state::other:
            break;
        }
    }
    return written;
}

} // namespace drone::capture
