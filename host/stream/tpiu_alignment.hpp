// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace drone::stream {

/// Where the frames of a TPIU stream begin if no frame synchronisation shows it. Every one of the
/// sixteen places is tried. The best is the one whose frames make most sense, as frames and as the
/// ITM stream in them. Pure.
struct tpiu_alignment {
    std::size_t offset = 0; ///< 0..15, of the first frame that begins in the window
    bool certain = false;   ///< a synchronisation says so, or no other place comes near
};

/// `wanted` is the ID of the ITM's stream. Some hundred bytes of window are needed for a good
/// answer.
[[nodiscard]] tpiu_alignment
find_tpiu_alignment(std::span<const std::uint8_t> window, std::uint8_t wanted);

} // namespace drone::stream
