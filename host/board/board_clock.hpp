// SPDX-License-Identifier: MIT
#pragma once

#include "board/nvic.hpp"
#include "board/peripherals.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace drone::board {

/// The course of a board's time: what is due when, up to when instructions run without a closer
/// look, and how time passes while the core sleeps or polls. The cycles are counted in the
/// peripherals, where a snapshot takes them.
class board_clock {
public:
    /// The peripherals must outlive the clock.
    board_clock(peripherals& devices, std::uint64_t poll_cycles)
        : devices_(devices), poll_cycles_(poll_cycles) {}

    /// Makes interrupt `irq` pending when so many instructions were executed.
    void pend_at(std::uint64_t instructions, unsigned irq);
    [[nodiscard]] std::size_t injections_left() const { return injections_.size(); }
    void forget_injections() { injections_.clear(); }

    /// Makes pending what is due, and sends the trace's own packets that are.
    void serve(bool asleep = false);

    /// Decides up to when instructions may run without a closer look, at most until `limit`.
    void schedule(std::optional<std::uint64_t> limit);
    /// Something may have become due: looks at the next instruction.
    void look_now() { due_at_ = attention_at_ = 0; }
    /// Looks at every instruction, until look_when_due().
    void look_always() { attention_at_ = 0; }
    void look_when_due() { attention_at_ = due_at_; }
    [[nodiscard]] bool is_look_due() const { return devices_.now >= attention_at_; }
    [[nodiscard]] bool is_due() const { return devices_.now >= due_at_; }

    /// Whether the listener is to be asked again. polled() says that it was.
    [[nodiscard]] bool is_poll_due() const { return devices_.now >= poll_at_; }
    void polled() { poll_at_ = devices_.now + poll_cycles_; }

    /// Why sleep() came back.
    enum class waking : std::uint8_t { by_exception, never, limit, poll };
    /// Lets time pass in a WFI until an exception ends it, or something else is to be done first.
    [[nodiscard]] waking sleep(const exception_masks& masks, std::optional<std::uint64_t> limit);
    /// The firmware has read whether the trace FIFO is ready.
    void skip_polling(bool ready, std::optional<std::uint64_t> limit);

private:
    struct injection {
        std::uint64_t at;
        unsigned irq;
    };

    void inject_first();
    [[nodiscard]] std::optional<std::uint64_t> next_event() const;
    [[nodiscard]] bool can_wake() const;

    peripherals& devices_;
    std::uint64_t poll_cycles_;
    std::vector<injection> injections_; // in the order of time
    std::uint64_t due_at_ = 0;          // the cycle at which something may have to happen
    std::uint64_t attention_at_ = 0;    // the same, or 0 while every instruction is looked at
    std::uint64_t poll_at_ = 0;
    std::uint64_t fifo_read_at_ = 0; // a stimulus port's FIFOREADY by the firmware
    unsigned fifo_reads_ = 0;
};

} // namespace drone::board
