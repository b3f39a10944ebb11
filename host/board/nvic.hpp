// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace drone::board {

/// Exception numbers (B1.5.2); interrupt n is first_interrupt + n.
namespace exception {
inline constexpr unsigned none = 0;
inline constexpr unsigned nmi = 2;
inline constexpr unsigned hard_fault = 3;
inline constexpr unsigned memory_fault = 4;
inline constexpr unsigned bus_fault = 5;
inline constexpr unsigned usage_fault = 6;
inline constexpr unsigned supervisor_call = 11;
inline constexpr unsigned debug_monitor = 12;
inline constexpr unsigned pend_sv = 14;
inline constexpr unsigned systick = 15;
inline constexpr unsigned first_interrupt = 16;
} // namespace exception

/// PRIMASK, BASEPRI and FAULTMASK of the core.
struct exception_masks {
    bool primask = false;
    bool faultmask = false;
    std::uint8_t basepri = 0;
};

/// Exceptions and interrupts of the core: what is enabled, pending and active, at which priority
/// (ARMv7-M B1.5, B3.4), with the system control registers that belong to it. It decides which
/// exception may run; the board then enters and leaves handlers. Four priority bits, as on an
/// STM32F4.
class nvic {
public:
    static constexpr unsigned interrupt_count = 96;
    static constexpr unsigned exception_count = exception::first_interrupt + interrupt_count;
    /// Lower than every priority that an exception can have.
    static constexpr int thread_priority = 256;

    /// Registers of the system control space at this offset; nothing where it has none of its own.
    [[nodiscard]] std::optional<std::uint32_t> read(std::uint32_t offset) const;
    /// Returns whether the register is here.
    bool write(std::uint32_t offset, std::uint32_t value);

    void pend(unsigned number) { pending_[number] = true; }
    void clear_pending(unsigned number) { pending_[number] = false; }
    [[nodiscard]] bool is_pending(unsigned number) const { return pending_[number]; }
    [[nodiscard]] bool is_active(unsigned number) const { return active_[number]; }
    [[nodiscard]] bool is_enabled(unsigned number) const { return enabled_[number]; }

    /// The exception that is to be entered now, exception::none if there is none.
    [[nodiscard]] unsigned next(const exception_masks& masks) const;
    /// As next, were no mask set.
    [[nodiscard]] unsigned next_unmasked() const { return next({}); }
    /// Whether a fault or call of that number would preempt what runs now.
    [[nodiscard]] bool can_enter(unsigned number, const exception_masks& masks) const;
    /// Whether a pending exception ends a WFI: PRIMASK does not count (B1.5.17).
    [[nodiscard]] bool wakes(exception_masks masks) const;

    /// Pending becomes active, and the innermost that runs.
    void enter(unsigned number);
    /// The innermost ends; the number given is the one its handler had.
    void leave(unsigned number);
    /// Exceptions that are active, outermost first.
    [[nodiscard]] const std::vector<unsigned>& nesting() const { return nesting_; }

    [[nodiscard]] std::uint32_t vector_table() const { return vector_table_; }
    /// CCR.STKALIGN: frames are aligned to 8 bytes.
    [[nodiscard]] bool aligns_stack() const { return (configuration_ & 1U << 9U) != 0; }
    /// Whether SHCSR enables this configurable fault.
    [[nodiscard]] bool fault_enabled(unsigned number) const;
    /// Sets bits of CFSR and HFSR.
    void note_fault(std::uint32_t configurable, std::uint32_t hard);
    void note_fault_address(std::uint32_t address) { fault_address_ = address; }
    /// Takes a request of AIRCR.SYSRESETREQ.
    [[nodiscard]] bool take_reset_request();

    void set_core_id(std::uint32_t id) { core_id_ = id; }
    /// Sleep-on-exit, SCR bit 1.
    [[nodiscard]] bool sleeps_on_exit() const { return (system_control_ & 2U) != 0; }

private:
    [[nodiscard]] int priority(unsigned number) const;
    [[nodiscard]] int group_priority(int priority) const;
    [[nodiscard]] int running_priority(const exception_masks& masks) const;
    [[nodiscard]] unsigned highest_pending() const;
    [[nodiscard]] std::uint32_t interrupt_control_state() const;
    [[nodiscard]] std::uint32_t priority_word(unsigned first) const;
    void set_priority_word(unsigned first, std::uint32_t value);
    bool write_interrupt_block(std::uint32_t offset, std::uint32_t value);
    void write_interrupt_control_state(std::uint32_t value);

    using flags = std::array<bool, exception_count>;
    flags enabled_ = [] {
        flags always{};
        for (unsigned number = 0; number < exception::first_interrupt; ++number)
            always[number] = true;
        return always;
    }();
    flags pending_{};
    flags active_{};
    std::array<std::uint8_t, exception_count> priority_{};
    std::vector<unsigned> nesting_;
    std::uint32_t core_id_ = 0;
    std::uint32_t vector_table_ = 0;
    std::uint32_t priority_grouping_ = 0;
    std::uint32_t system_control_ = 0;
    std::uint32_t configuration_ = 0x200;
    std::uint32_t handler_control_ = 0;
    std::uint32_t configurable_faults_ = 0;
    std::uint32_t hard_faults_ = 0;
    std::uint32_t fault_address_ = 0;
    bool reset_requested_ = false;
};

} // namespace drone::board
