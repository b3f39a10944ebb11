// SPDX-License-Identifier: MIT
#pragma once

// Zeros of a word, counted in a bounded time on every core: by an instruction where the core has
// one, else by a multiplication and a table. Pure.

#include <bit>
#include <cstdint>

namespace drone::bits {

#if (defined(__arm__) && !defined(__ARM_FEATURE_CLZ)) || (defined(__riscv) && !defined(__riscv_zbb))
inline constexpr bool counts_zeros = false;
#else
inline constexpr bool counts_zeros = true;
#endif

namespace detail {
/// By the five bits that a word of one bit, times a de Bruijn sequence, has on top.
inline constexpr std::uint32_t de_bruijn = 0x077C'B531;
struct places {
    std::uint8_t of[32] = {};
    constexpr places() noexcept {
        for (std::uint32_t bit = 0; bit < 32; ++bit)
            of[(de_bruijn << bit) >> 27] = static_cast<std::uint8_t>(bit);
    }
};
inline constexpr places de_bruijn_places;
} // namespace detail

/// Zeros below the lowest set bit. Requires one.
[[nodiscard, gnu::always_inline]] inline constexpr std::uint32_t trailing_zeros(std::uint32_t word
) noexcept {
    if constexpr (counts_zeros) return static_cast<std::uint32_t>(std::countr_zero(word));
    return detail::de_bruijn_places.of[((word & (~word + 1)) * detail::de_bruijn) >> 27];
}

/// Zeros above the highest set bit. Requires one.
[[nodiscard, gnu::always_inline]] inline constexpr std::uint32_t leading_zeros(std::uint32_t word
) noexcept {
    if constexpr (counts_zeros) return static_cast<std::uint32_t>(std::countl_zero(word));
    word |= word >> 1;
    word |= word >> 2;
    word |= word >> 4;
    word |= word >> 8;
    word |= word >> 16;
    return 31U - detail::de_bruijn_places.of[((word ^ (word >> 1)) * detail::de_bruijn) >> 27];
}

} // namespace drone::bits
