// SPDX-License-Identifier: MIT
#include "capture/text_only.hpp"

#include <string_view>

namespace drone::capture {

namespace {

/// How many bytes follow the first one of a character; -1 where no text has it.
int bytes_after(std::uint8_t first) {
    constexpr std::string_view controls = "\a\b\t\n\v\f\r\x1b";
    if (first < 0x20) return controls.find(static_cast<char>(first)) < controls.size() ? 0 : -1;
    if (first < 0x7F) return 0;
    if (first >= 0xC2 && first < 0xE0) return 1;
    if (first >= 0xE0 && first < 0xF0) return 2;
    if (first >= 0xF0 && first < 0xF5) return 3;
    return -1;
}

} // namespace

void text_only::on_packet(const stream::located_packet& found) {
    const auto* written = std::get_if<stream::software>(&found.value);
    if (written == nullptr || is_text(*written))
        to_->on_packet(found);
    else
        hidden_.on_packet(found);
}

bool text_only::is_text(const stream::software& written) {
    std::uint8_t& lacking = continues_[written.port];
    for (unsigned i = 0; i < written.size && !binary_.test(written.port); ++i) {
        const auto byte = static_cast<std::uint8_t>(written.value >> 8 * i);
        const bool continues = byte >= 0x80 && byte < 0xC0;
        const int after = bytes_after(byte);
        if (lacking != 0 ? !continues : after < 0)
            binary_.set(written.port);
        else
            lacking = static_cast<std::uint8_t>(lacking != 0 ? lacking - 1 : after);
    }
    return !binary_.test(written.port);
}

} // namespace drone::capture
