// SPDX-License-Identifier: MIT
#pragma once

#include "board/debug_target.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace drone::board {

/// A debug port with one access port to memory (Arm Debug Interface v5: DP chapter B2, MEM-AP
/// chapter C2). The access port takes words, halfwords and bytes, with or without increment; packed
/// transfers are not there. A fault of the bus sets the sticky error of the debug port.
class debug_port {
public:
    explicit debug_port(debug_target& target) : target_(target) {}

    static constexpr unsigned access_ports = 1;
    static constexpr std::uint32_t swd_id = 0x2BA0'1477;
    static constexpr std::uint32_t jtag_id = 0x4BA0'0477;

    /// Registers of the debug port, offsets 0x0 to 0xC of bank 0.
    [[nodiscard]] std::uint32_t read(std::uint32_t offset) const;
    void write(std::uint32_t offset, std::uint32_t value);

    /// Registers of the access port, offsets 0x00 to 0xFC.
    [[nodiscard]] std::uint32_t read_access_port(std::uint32_t offset);
    void write_access_port(std::uint32_t offset, std::uint32_t value);

    /// Whole transfers, `unit` bytes at a time, as a probe's firmware makes them of TAR and DRW.
    /// TAR is left at the address that failed. False: a fault; what follows is not transferred.
    [[nodiscard]] bool
    read_memory(std::uint32_t address, unsigned unit, bool increments, std::span<std::uint8_t> to);
    [[nodiscard]] bool write_memory(
        std::uint32_t address, unsigned unit, bool increments, std::span<const std::uint8_t> from
    );

    [[nodiscard]] std::uint32_t transfer_address() const { return transfer_address_; }
    [[nodiscard]] debug_target& target() { return target_; }

private:
    [[nodiscard]] unsigned unit() const { return 1U << (control_ & 3U); }
    [[nodiscard]] std::uint32_t load(std::uint32_t address, unsigned size);
    void store(std::uint32_t address, unsigned size, std::uint32_t value);
    void advance();

    debug_target& target_;
    std::uint32_t status_ = 0;            // DP CTRL/STAT
    std::uint32_t control_ = 0x2300'0042; // AP CSW: words, enabled
    std::uint32_t transfer_address_ = 0;
};

} // namespace drone::board
