// SPDX-License-Identifier: MIT
#pragma once

#include "board/chip.hpp"
#include "board/debug_target.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace drone::board {

/// A debug port with access ports to memory (Arm Debug Interface v5: DP chapter B2, MEM-AP chapter
/// C2), of which SWD is used. An access port takes words, halfwords and bytes, with or without
/// increment; packed transfers are not there. A fault of the bus sets the sticky error of the debug
/// port. An access port must be there (has_access_port) to be named.
class debug_port {
public:
    explicit debug_port(debug_target& target, const chip& part = stm32f407());

    static constexpr std::uint32_t jtag_id = 0x4BA0'0477;
    [[nodiscard]] std::uint32_t swd_id() const { return part_.swd_id; }
    [[nodiscard]] bool has_access_port(unsigned number) const;

    struct transfer {
        std::uint32_t address = 0;
        unsigned unit = 4; ///< bytes at a time
        bool increments = true;
    };

    /// Registers of the debug port, offsets 0x0 to 0xC of bank 0.
    [[nodiscard]] std::uint32_t read(std::uint32_t offset) const;
    void write(std::uint32_t offset, std::uint32_t value);

    /// Registers of an access port, offsets 0x00 to 0xFC.
    [[nodiscard]] std::uint32_t read_access_port(unsigned number, std::uint32_t offset);
    void write_access_port(unsigned number, std::uint32_t offset, std::uint32_t value);

    /// Whole transfers, `unit` bytes at a time, as a probe's firmware makes them of TAR and DRW.
    /// TAR is left at the address that failed. False: a fault; what follows is not transferred.
    [[nodiscard]] bool
    read_memory(unsigned number, const transfer& what, std::span<std::uint8_t> to);
    [[nodiscard]] bool
    write_memory(unsigned number, const transfer& what, std::span<const std::uint8_t> from);

    [[nodiscard]] std::uint32_t transfer_address(unsigned number);
    [[nodiscard]] debug_target& target() { return target_; }

private:
    struct port {
        const access_port* is;
        std::uint32_t control = 0x2300'0042; // CSW: words, enabled
        std::uint32_t transfer_address = 0;  // TAR
        [[nodiscard]] unsigned unit() const { return 1U << (control & 3U); }
    };

    [[nodiscard]] port& named(unsigned number);
    [[nodiscard]] std::optional<std::uint32_t>
    bus_read(const port& at, std::uint32_t address, unsigned size);
    [[nodiscard]] bool
    bus_write(const port& at, std::uint32_t address, unsigned size, std::uint32_t value);
    [[nodiscard]] std::uint32_t load(const port& at, std::uint32_t address, unsigned size);
    void store(const port& at, std::uint32_t address, unsigned size, std::uint32_t value);
    static void advance(port& at);

    debug_target& target_;
    const chip& part_;
    std::vector<port> ports_;  // as part_.access_ports
    std::uint32_t status_ = 0; // DP CTRL/STAT
};

} // namespace drone::board
