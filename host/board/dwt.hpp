// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

namespace drone::board {

/// The data watchpoint and trace unit, as far as it traces (ARMv7-M C1.8): the cycle counter, and
/// the packets of exceptions, program counter samples and synchronisation. Comparators and event
/// counters are not there (DWT_CTRL.NUMCOMP = 0, NOPRFCNT = 1).
class dwt {
public:
    enum class exception_action : std::uint8_t { enter = 1, exit = 2, return_to = 3 };

    [[nodiscard]] std::uint32_t read(std::uint32_t offset, std::uint64_t now) const;
    void write(std::uint32_t offset, std::uint32_t value, std::uint64_t now);
    /// DEMCR.TRCENA: while clear, the registers read 0 and the counter stops.
    void set_powered(bool powered, std::uint64_t now);

    [[nodiscard]] bool traces_exceptions() const { return powered_ && (control_ & 1U << 16U) != 0; }

    /// When the next synchronisation or sample is due, if any ever is.
    [[nodiscard]] std::optional<std::uint64_t> next_event() const;
    struct due {
        bool synchronization = false;
        bool sample = false;
    };
    /// What is due at `now`; sets up the next.
    [[nodiscard]] due take_due(std::uint64_t now);

private:
    [[nodiscard]] bool counting() const { return powered_ && (control_ & 1U) != 0; }
    [[nodiscard]] std::uint32_t count(std::uint64_t now) const;
    void set_count(std::uint32_t value, std::uint64_t now);
    void schedule(std::uint64_t now);

    bool powered_ = false;
    std::uint32_t control_ = 0;
    std::uint32_t stood_at_ = 0;     // CYCCNT while it does not count
    std::uint64_t counted_from_ = 0; // the cycle at which CYCCNT was 0, modulo 2^32, while it does
    std::optional<std::uint64_t> next_synchronization_;
    std::optional<std::uint64_t> next_sample_;
};

} // namespace drone::board
