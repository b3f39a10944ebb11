// SPDX-License-Identifier: MIT
#pragma once

// Reads native heap traces (wire.hpp): words to changes, at memory speed.
//
// What is certain. A sequence number shows what was lost modulo 32, a checkpoint the rest, a digest
// (where the trace has them) whether a word was changed on its way. So the trace is cut into
// stretches that end at a check or at a break, and a statement is certain only when every stretch
// that it rests on ended at a check that agreed. What rests on others is reported, but not as certain.
// A change is always consistent (sink.hpp), so nothing lost or damaged ends the analysis.

#include "trace/findings.hpp"
#include "trace/formats/native/layout.hpp"
#include "trace/sink.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <span>

namespace drone::trace {

/// The first complete announcement in the bytes, wherever it is and however words are aligned
/// there.
[[nodiscard]] std::optional<announced_trace> find_announcement(std::span<const std::byte> bytes);

/// The version of a trace that is announced as ours are, in a version that this reader does not
/// know. Linear.
[[nodiscard]] std::optional<std::uint32_t> find_newer_version(std::span<const std::byte> bytes);

/// Reads the whole trace with the layout that find_announcement() found in it; later announcements
/// may change it. Calls `passed`, if given, from time to time with the number of bytes read so far;
/// the last few of them may be read again. Memory: some 8 bytes a granule of the heap and 8 a
/// block.
[[nodiscard]] findings read_native(
    std::span<const std::byte> bytes,
    const announced_trace& first,
    sink& to,
    const std::function<void(std::size_t)>& passed = {}
);

} // namespace drone::trace
