// SPDX-License-Identifier: MIT
#pragma once

#include "board/tpiu.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace drone::board {

/// The Instrumentation Trace Macrocell (ARMv7-M C1.7, packets: appendix D4): registers, packets,
/// and the FIFO that empties into the TPIU in virtual time. A packet enters the FIFO whole or not
/// at all. A packet that does not fit is lost, and an overflow packet reports that as soon as there
/// is room.
///
/// Local timestamps: an exact one follows each packet. If there is no room for it, one timestamp
/// later, marked as delayed, counts for all that were due.
///
/// All times are virtual cycles and never go back. Copying the object copies its state.
class itm {
public:
    static constexpr std::uint32_t unlock_key = 0xC5AC'CE55;
    static constexpr std::size_t fifo_bytes = 16;
    static constexpr std::size_t largest_packet = 5;

    /// Registers; sizes are 1, 2 or 4 bytes. Everything reads 0 and ignores writes while
    /// DEMCR.TRCENA is clear (`powered` false).
    [[nodiscard]] std::uint32_t read(std::uint32_t offset, std::uint64_t now, tpiu& pin);
    void
    write(std::uint32_t offset, unsigned size, std::uint32_t value, std::uint64_t now, tpiu& pin);
    void set_powered(bool powered) { powered_ = powered; }

    /// A packet of the DWT, header included (TXENA gates it).
    void hardware_packet(std::span<const std::uint8_t> packet, std::uint64_t now, tpiu& pin);
    /// The DWT's synchronisation tap: a synchronisation packet where SYNCENA asks for it.
    void synchronize(std::uint64_t now, tpiu& pin);

    /// When the pin takes the next byte from the FIFO, if there is one.
    [[nodiscard]] std::optional<std::uint64_t> next_byte_at() const {
        return count_ == 0 ? std::nullopt : std::optional(pin_free_at_);
    }
    /// Lets the FIFO empty up to `now`.
    void advance(std::uint64_t now, tpiu& pin);
    /// Sends all that is left, however long it takes: what a receiver would still get.
    void drain(tpiu& pin);

private:
    [[nodiscard]] bool enabled() const { return powered_ && (control_ & 1U) != 0; }
    [[nodiscard]] bool stamped() const { return (control_ & 2U) != 0; }
    [[nodiscard]] std::size_t room() const { return fifo_bytes - count_; }
    [[nodiscard]] bool ready() const;
    [[nodiscard]] std::uint64_t ticks_since_stamp(std::uint64_t now) const;

    void push(std::span<const std::uint8_t> bytes);
    void accept(std::span<const std::uint8_t> packet, std::uint64_t now);
    bool stamp(std::uint64_t now, bool delayed);
    void settle_debts(std::uint64_t now);

    bool powered_ = false;
    bool locked_ = true;
    std::uint32_t ports_ = 0;     // TER
    std::uint32_t privilege_ = 0; // TPR
    std::uint32_t control_ = 0;   // TCR

    std::array<std::uint8_t, fifo_bytes> fifo_{};
    std::size_t first_ = 0;
    std::size_t count_ = 0;
    std::uint64_t pin_free_at_ = 0;
    bool overflow_owed_ = false;
    bool stamp_owed_ = false;
    bool synchronization_owed_ = false;
    bool promised_ = false; ///< the core read that a stimulus port is ready
    std::uint64_t stamped_at_ = 0;
};

} // namespace drone::board
