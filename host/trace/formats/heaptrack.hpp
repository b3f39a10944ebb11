// SPDX-License-Identifier: MIT
#pragma once

// Reads the files of heaptrack 1.x (text, usually zstd or gzip): as the program wrote them (--raw),
// and as heaptrack interprets them.
//
// A line is a letter and fields in hexadecimal. Both begin with `v VERSION FILE_VERSION`. Raw files
// name blocks by address. Interpreted ones share one record `a` between all allocations of one size
// from one place, and a release only says which record, so blocks have no identity there; callers,
// though, have names.

#include "trace/findings.hpp"
#include "trace/sink.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace drone::trace {

/// Whether the first line is heaptrack's.
[[nodiscard]] bool is_heaptrack(std::string_view text);
/// The newest file version that is read here: that of heaptrack 1.5.
inline constexpr std::uint64_t newest_heaptrack_file = 3;
/// The version of the file that the first line names, 0 where it names only heaptrack's own.
[[nodiscard]] std::optional<std::uint64_t> heaptrack_file_version(std::string_view text);
/// Whether such a text is raw: its blocks have addresses.
[[nodiscard]] bool is_raw_heaptrack(std::string_view text);

[[nodiscard]] findings read_heaptrack(std::string_view text, sink& to);
[[nodiscard]] findings read_raw_heaptrack(std::string_view text, sink& to);

} // namespace drone::trace
