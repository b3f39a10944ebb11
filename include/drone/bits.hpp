// SPDX-License-Identifier: MIT
#pragma once

// What cores do with words in different ways: zeros counted in a bounded time, by an instruction if
// the core has one, else by a multiplication and a table; words read at any byte; shifts and
// rotations that compilers would otherwise expand. Any context.

#include <drone/language.hpp>

#include <bit>
#include <cstdint>

namespace drone::bits {

/// Whether code shall be small rather than fast.
#if defined(__OPTIMIZE_SIZE__)
inline constexpr bool for_size = true;
#else
inline constexpr bool for_size = false;
#endif

#if (defined(__arm__) && !defined(__ARM_FEATURE_CLZ)) || (defined(__riscv) && !defined(__riscv_zbb))
inline constexpr bool counts_zeros = false;
#else
inline constexpr bool counts_zeros = true;
#endif

namespace detail {
/// Indexed by the top five bits of a one-bit word times a de Bruijn sequence.
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

/// Zeros below the lowest set bit. Requires a set bit.
[[nodiscard, gnu::always_inline]] inline std::uint32_t trailing_zeros(std::uint32_t word) noexcept {
    if constexpr (counts_zeros) return static_cast<std::uint32_t>(std::countr_zero(word));
    return detail::de_bruijn_places.of[((word & (~word + 1)) * detail::de_bruijn) >> 27];
}

/// Zeros above the highest set bit. Requires a set bit.
[[nodiscard, gnu::always_inline]] inline std::uint32_t leading_zeros(std::uint32_t word) noexcept {
    if constexpr (counts_zeros) return static_cast<std::uint32_t>(std::countl_zero(word));
    word |= word >> 1;
    word |= word >> 2;
    word |= word >> 4;
    word |= word >> 8;
    word |= word >> 16;
    return 31U - detail::de_bruijn_places.of[((word ^ (word >> 1)) * detail::de_bruijn) >> 27];
}

/// `word` shifted right by the low byte of `by`, which is below 32.
[[nodiscard, gnu::always_inline]] inline std::uint32_t
shift_right_by_low_byte(std::uint32_t word, std::int32_t by) noexcept {
#if defined(__arm__) && defined(__thumb2__)
    std::uint32_t shifted; // the instruction looks at no more
    asm("lsr %0, %1, %2" : "=r"(shifted) : "r"(word), "r"(by));
    return shifted;
#else
    return word >> (by & 0xFF);
#endif
}

/// Bit 32 - by; bit 0 where that is 32.
[[nodiscard, gnu::always_inline]] inline std::uint32_t one_rotated(std::uint32_t by) noexcept {
#if defined(__arm__) && defined(__thumb2__)
    std::uint32_t one = 1;
    asm("ror %0, %0, %1" : "+r"(one) : "r"(by));
    return one;
#else
    return std::rotr(std::uint32_t{1}, static_cast<int>(by));
#endif
}

/// Keeps a value that the compiler knows in a register, so that others are
/// reached from it.
template <class Value>
[[gnu::always_inline]] inline void in_register(Value& value) noexcept {
    asm("" : "+r"(value));
}

/// Stores a number that has as many bits as its place. Compilers cut it to them first, for nothing.
template <class Place>
[[gnu::always_inline]] inline void store(Place& to, std::uint32_t number) noexcept {
#if defined(__arm__) && defined(__thumb2__)
    if constexpr (sizeof to == 2) {
        asm("strh %1, %0" : "=m"(to) : "r"(number));
        return;
    }
#elif defined(__arm__)
    if constexpr (sizeof to == 2) {
        asm("strh %1, %0" : "=m"(to) : "l"(number)); // from r0 to r7
        return;
    }
#endif
    to = static_cast<Place>(number);
}

// Half words at any byte, little-endian; words there, too, where the core reads them. Compilers call
// memcpy() where it does not.

#if (defined(__arm__) && !defined(__ARM_FEATURE_UNALIGNED)) || defined(__riscv)
inline constexpr bool reads_at_any_byte = false;
#else
inline constexpr bool reads_at_any_byte = true;
#endif

[[nodiscard, gnu::always_inline]] inline std::uint32_t half_word_at(std::uintptr_t byte) noexcept {
    if constexpr (reads_at_any_byte) {
        std::uint16_t half;
        __builtin_memcpy(&half, reinterpret_cast<const void*>(byte), sizeof half);
        return half;
    }
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(byte);
    return bytes[0] | std::uint32_t{bytes[1]} << 8;
}
[[gnu::always_inline]] inline void set_half_word(std::uintptr_t byte, std::uint32_t to) noexcept {
    if constexpr (reads_at_any_byte) {
        in_register(to);
        __builtin_memcpy(reinterpret_cast<void*>(byte), &to, sizeof(std::uint16_t));
        return;
    }
    auto* const bytes = reinterpret_cast<std::uint8_t*>(byte);
    bytes[0] = static_cast<std::uint8_t>(to);
    bytes[1] = static_cast<std::uint8_t>(to >> 8);
}
[[nodiscard, gnu::always_inline]] inline std::uint32_t word_at(std::uintptr_t byte) noexcept {
    if constexpr (reads_at_any_byte) {
        std::uint32_t word;
        __builtin_memcpy(&word, reinterpret_cast<const void*>(byte), sizeof word);
        return word;
    }
    std::uint32_t word; // at a multiple of 4
    __builtin_memcpy(&word, __builtin_assume_aligned(reinterpret_cast<const void*>(byte), 4), 4);
    return word;
}

} // namespace drone::bits
