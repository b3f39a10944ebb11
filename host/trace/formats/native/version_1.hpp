// SPDX-License-Identifier: MIT
#pragma once

// What version 1 of the native trace did otherwise (docs/formats.md): its digests cover events and
// what is said of them, and start from 0; its checksum is blind to the flags of `begin`.

#include <drone/wire.hpp>

#include <cstdint>

namespace drone::trace::version_1 {

[[nodiscard]] constexpr bool in_digest(wire::word w) {
    if (w.op() == wire::operation::capture) return false;
    if (w.op() != wire::operation::control) return true;
    return w.as_control() == wire::control::alignment || w.as_control() == wire::control::dropped ||
           w.as_control() == wire::control::context;
}

[[nodiscard]] constexpr std::uint32_t digest(std::uint32_t sum, wire::word covered) {
    return (sum << 7U | sum >> 25U) + covered.bits;
}

[[nodiscard]] constexpr wire::word make_digest(std::uint32_t sum) {
    return wire::make_control(wire::control::digest_1, sum ^ sum >> 24U);
}

/// The `begin` word as the checksum sees it.
[[nodiscard]] constexpr wire::word without_flags(wire::word begin) {
    return wire::with_flags(begin, 0);
}

} // namespace drone::trace::version_1
