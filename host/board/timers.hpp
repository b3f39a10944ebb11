// SPDX-License-Identifier: MIT
#pragma once

// The board's clocks that interrupt: SysTick (ARMv7-M B3.3) and periodic timers with the registers
// of an STM32's TIM2 and TIM3, as far as counting up and the update interrupt go. Both keep a time
// to come instead of counting, so that an idle board skips to it.

#include <cstdint>
#include <optional>

namespace drone::board {

/// SysTick, the core's own timer.
class systick {
public:
    /// Offsets in the system control space, 0x010..0x01C.
    [[nodiscard]] std::uint32_t read(std::uint32_t offset, std::uint64_t now);
    void write(std::uint32_t offset, std::uint32_t value, std::uint64_t now);

    [[nodiscard]] std::optional<std::uint64_t> next_event() const;
    /// Whether it is set up to interrupt.
    [[nodiscard]] bool interrupts() const { return zero_at_ && (control_ & 2U) != 0; }
    /// Counts what passed up to `now`; returns whether the exception is to be made pending.
    [[nodiscard]] bool take_due(std::uint64_t now);

private:
    [[nodiscard]] bool enabled() const { return (control_ & 1U) != 0; }
    [[nodiscard]] std::uint64_t period() const { return std::uint64_t{reload_} + 1; }

    std::uint32_t control_ = 0;
    std::uint32_t reload_ = 0;
    std::uint32_t stood_at_ = 0; // the counter while it does not run
    bool passed_zero_ = false;   // COUNTFLAG
    std::optional<std::uint64_t> zero_at_;
};

/// The board's timer.
class timer {
public:
    [[nodiscard]] std::uint32_t read(std::uint32_t offset, std::uint64_t now) const;
    void write(std::uint32_t offset, std::uint32_t value, std::uint64_t now);

    [[nodiscard]] std::optional<std::uint64_t> next_event() const { return update_at_; }
    void take_due(std::uint64_t now);
    /// Whether it is set up to interrupt.
    [[nodiscard]] bool interrupts() const { return update_at_ && interrupt_enable_ != 0; }
    /// The interrupt line: high while an update is flagged and its interrupt enabled.
    [[nodiscard]] bool requests_interrupt() const;

private:
    [[nodiscard]] bool enabled() const { return (control_ & 1U) != 0; }
    [[nodiscard]] std::uint64_t prescale() const { return std::uint64_t{prescaler_} + 1; }
    [[nodiscard]] std::uint64_t period() const { return (std::uint64_t{reload_} + 1) * prescale(); }

    std::uint32_t control_ = 0;
    std::uint32_t interrupt_enable_ = 0;
    bool update_flag_ = false;
    std::uint32_t prescaler_ = 0;
    std::uint32_t reload_ = 0xFFFF'FFFF;
    std::uint32_t stood_at_ = 0;
    std::optional<std::uint64_t> update_at_;
};

} // namespace drone::board
