// SPDX-License-Identifier: MIT
#pragma once

// Reads the traces of our Rust ancestor: the words of Drone 0.14 and the byte records of Drone
// 2022.
//
// Drone 0.14. Words, each XORed with a key; the top byte is a tag, the rest payload. An event is
// two or three words, and an interrupt may put whole events between them, so the words of each kind
// of event pair up as a stack.
//
// Drone 2022. An operation byte (0 taken, 1 given back, 2 grown, 3 shrunk) and one or two sizes,
// 32 bits each, little-endian. Nothing marks where a record begins: what is lost is lost.

#include "trace/findings.hpp"
#include "trace/sink.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace drone::trace {

/// Whether most words of the beginning carry a tag of Drone 0.14, at any of the four alignments.
[[nodiscard]] bool is_drone_0_14(std::span<const std::byte> bytes);
[[nodiscard]] findings read_drone_0_14(std::span<const std::byte> bytes, sink& to);

/// Whether the beginning is made of records with sizes below 16 MiB.
[[nodiscard]] bool is_drone_2022(std::span<const std::byte> bytes);
[[nodiscard]] findings read_drone_2022(std::span<const std::byte> bytes, sink& to);

} // namespace drone::trace
