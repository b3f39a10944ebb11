// SPDX-License-Identifier: MIT
#pragma once

#include "stream/decoder.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace drone::stream {

/// Whether `sample` makes sense as `format`: most of it is in packets that targets send, of few
/// kinds. Noise, a wrong baud rate and other framings are full of reserved and malformed packets.
/// A sample of some hundred bytes is enough; one of less than 16 makes no sense as anything. Pure.
[[nodiscard]] bool makes_sense(const format& as, std::span<const std::uint8_t> sample);

/// What a sample is when it is read as that format. Pure.
struct likeness {
    std::size_t packets = 0;
    std::size_t nonsense = 0; ///< of them, such as no program sends
    std::size_t ports = 0;    ///< different ones that are written to
};
[[nodiscard]] likeness look_at(const format& as, std::span<const std::uint8_t> sample);

/// The format as which `sample` makes sense, when there is one. Some 100 decodings of the sample.
[[nodiscard]] std::optional<format> guess_format(std::span<const std::uint8_t> sample);

/// As `--format` spells it.
[[nodiscard]] std::string spelling(const format& what);
/// "bare ITM packets".
[[nodiscard]] std::string in_words(const format& what);

} // namespace drone::stream
