// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

namespace drone::board {

/// The flash interface of an STM32F4 (RM0090, 3.9): keys, sector and mass erase, programming that
/// can only clear bits. Every operation is done at once; BSY is never seen set.
class flash_controller {
public:
    static constexpr std::uint32_t base = 0x4002'3C00;
    static constexpr std::uint32_t bytes = 0x400; ///< of its registers

    /// A part of the flash, as offsets into it.
    struct range {
        std::uint32_t begin = 0;
        std::uint32_t size = 0;
    };

    [[nodiscard]] std::uint32_t read(std::uint32_t offset) const;
    /// Returns what is to be erased.
    [[nodiscard]] std::optional<range>
    write(std::uint32_t offset, std::uint32_t value, std::uint32_t flash_size);

    /// Whether flash can be programmed now, by a write of that many bytes. A write that comes
    /// although it cannot is noted in the status register.
    [[nodiscard]] bool accepts(unsigned size);
    /// Whether CR.PG is set: more writes are to come.
    [[nodiscard]] bool programs() const { return (control_ & 1U) != 0; }

private:
    [[nodiscard]] bool unlocked() const { return (control_ & 1U << 31U) == 0; }

    std::uint32_t control_ = 1U << 31U; // CR: locked
    std::uint32_t status_ = 0;          // SR
    std::uint32_t latency_ = 0;         // ACR
    bool first_key_given_ = false;
    bool refuses_keys_ = false; // until the next reset, after a wrong one
};

} // namespace drone::board
