// SPDX-License-Identifier: MIT
#pragma once

// Whether a file is a raw capture of a log link, not the words of one port: what users have at hand
// and name by mistake.

#include "stream/decoder.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace drone::trace {

/// How the heap's words are got out of a raw capture.
struct raw_capture {
    stream::format format{};
    std::optional<unsigned> port{}; ///< that announces a heap; none does in what was looked at
};

/// The capture whose packets, without TPIU frames, announce a heap. Sure, and fast: looks at the
/// beginning only, so that large traces open at once.
[[nodiscard]] std::optional<raw_capture> find_raw_capture(std::span<const std::byte> bytes);

/// The capture that the file looks like: packets in any framing. Weaker than find_raw_capture(), and
/// slower; for files that are nothing else. Looks at the beginning only.
[[nodiscard]] std::optional<raw_capture> guess_raw_capture(std::span<const std::byte> bytes);

} // namespace drone::trace
