// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

namespace drone::board {

/// What a debug probe reaches of a chip: everything that has an address, and the reset pin.
class debug_target {
public:
    debug_target() = default;
    debug_target(const debug_target&) = delete;
    debug_target& operator=(const debug_target&) = delete;
    virtual ~debug_target() = default;

    /// Sizes are 1, 2 or 4 bytes, addresses multiples of them. Nothing: a bus fault.
    [[nodiscard]] virtual std::optional<std::uint32_t>
    debug_read(std::uint32_t address, unsigned size) = 0;
    /// False: a bus fault.
    [[nodiscard]] virtual bool
    debug_write(std::uint32_t address, unsigned size, std::uint32_t value) = 0;
    /// Drives NRST; the core starts when it goes high.
    virtual void drive_reset_pin(bool low) = 0;
};

} // namespace drone::board
