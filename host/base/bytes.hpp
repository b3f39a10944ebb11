// SPDX-License-Identifier: MIT
#pragma once

// Little-endian numbers in bytes: the one place that takes them apart and puts them together.

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace drone::base {

/// std::byte, unsigned char or char.
template <class T>
concept byte_like = sizeof(T) == 1 && std::is_trivially_copyable_v<T>;

/// The number in the first sizeof(Number) bytes at `at`, which need no alignment.
template <std::unsigned_integral Number, byte_like Byte>
[[nodiscard]] constexpr Number load_le(const Byte* at) noexcept {
    if (!std::is_constant_evaluated() && std::endian::native == std::endian::little) {
        Number number; // NOLINT(cppcoreguidelines-init-variables)
        std::memcpy(&number, at, sizeof number);
        return number;
    }
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i)
        number |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(at[i])) << 8 * i;
    return static_cast<Number>(number);
}

/// The number in all of these bytes, at most eight.
template <byte_like Byte, std::size_t Extent>
[[nodiscard]] constexpr std::uint64_t load_le(std::span<Byte, Extent> bytes) noexcept {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        number |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(bytes[i])) << 8 * i;
    return number;
}

/// The number as bytes.
template <std::unsigned_integral Number>
[[nodiscard]] constexpr std::array<std::uint8_t, sizeof(Number)> store_le(Number number) noexcept {
    std::array<std::uint8_t, sizeof(Number)> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::uint8_t>(std::uint64_t{number} >> 8 * i);
    return bytes;
}

} // namespace drone::base
