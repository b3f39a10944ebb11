// SPDX-License-Identifier: MIT

#include "trace/native.hpp"

namespace drone::trace {

std::optional<found_announcement> find_announcement(std::span<const std::byte> bytes) {
    for (std::size_t phase = 0; phase < sizeof(wire::word); ++phase) {
        announcement_parser parser;
        for (std::size_t at = phase; at + sizeof(wire::word) <= bytes.size();
             at += sizeof(wire::word)) {
            const wire::word w = load_word(bytes, at);
            if (w.op() != wire::operation::control) continue;
            if (auto heap = parser.feed(w)) return found_announcement{std::move(*heap), phase};
        }
    }
    return std::nullopt;
}

} // namespace drone::trace
