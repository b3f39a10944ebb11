#pragma once

// What travels on the sensor link: a header, then a payload whose last byte is a CRC-8 of the rest.

#include <cstddef>
#include <cstdint>
#include <span>

/// The header; the payload follows it in memory.
struct packet {
    std::uint32_t time_ms;
    std::uint8_t source; ///< 0 to 6: a sensor; 7: the operator's console
    std::uint8_t length; ///< of the payload, bytes

    [[nodiscard]] std::span<const std::uint8_t> payload() const noexcept {
        return {reinterpret_cast<const std::uint8_t*>(this + 1), length};
    }
};

inline constexpr std::uint8_t console = 7;
inline constexpr std::uint8_t sources = 8;

/// CRC-8, polynomial x^8 + x^2 + x + 1.
[[nodiscard]] constexpr std::uint8_t crc8(std::span<const std::uint8_t> bytes) noexcept {
    std::uint8_t crc = 0;
    for (const std::uint8_t byte : bytes) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit)
            crc = static_cast<std::uint8_t>((crc & 0x80) != 0 ? crc << 1 ^ 0x07 : crc << 1);
    }
    return crc;
}
