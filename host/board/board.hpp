// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"
#include "board/board_clock.hpp"
#include "board/board_exceptions.hpp"
#include "board/board_run.hpp"
#include "board/board_setup.hpp"
#include "board/chip.hpp"
#include "board/code_marks.hpp"
#include "board/core.hpp"
#include "board/debug_target.hpp"
#include "board/it_block.hpp"
#include "board/peripherals.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace drone::board {

class virtual_board;

/// Watches instructions and exceptions; what measures is one of these. All counts of instructions
/// are virtual_board::instructions().
class board_observer {
public:
    board_observer() = default;
    board_observer(const board_observer&) = default;
    board_observer& operator=(const board_observer&) = default;
    virtual ~board_observer() = default;

    /// The instruction at a marked address is about to be executed.
    virtual void reached(virtual_board&, std::uint32_t /*address*/) {}
    /// Any instruction is about to be executed; called only where wants_every_instruction().
    virtual void executing(virtual_board&, std::uint32_t /*address*/) {}
    [[nodiscard]] virtual bool wants_every_instruction() const { return false; }
    virtual void entered_exception(virtual_board&, unsigned /*number*/) {}
    virtual void left_exception(virtual_board&, unsigned /*number*/) {}
    virtual void was_reset(virtual_board&) {}
};

/// A moment of a board, to go back to.
struct snapshot {
    peripherals devices;
    core_context processor;
};

/// The virtual board `virtual-m4`: a core with flash, RAM, SysTick, NVIC, two timers, and the trace
/// hardware (ITM, DWT, TPIU) whose SWO pin sends what a UART at its baud rate would. It is the
/// memories, the bus of registers and the run; its time is board_clock, its exceptions are
/// board_exceptions.
///
/// Virtual time: one executed instruction is one cycle; an idle core (WFI), and a loop that waits
/// for the trace FIFO, skip to the next event. A run repeats bit for bit. One thread.
class virtual_board : public debug_target, private core_events, private exception_events {
public:
    /// `flash` as read_flash gives it.
    static result<std::unique_ptr<virtual_board>> make(
        const board_setup& setup, const std::vector<std::uint8_t>& flash, board_listener& listener
    );

    /// Power-on or a reset: the probe, when there is one, sets up the trace, then the core starts
    /// from the vector table. Time goes on.
    [[nodiscard]] result<void> reset();
    /// Executes until something of `limits` or the firmware ends it. May be called again to go on.
    [[nodiscard]] run_end run(const run_limits& limits = {});
    /// Sends what waits in the FIFO, and hands over what the pin has sent.
    void flush_trace();
    /// Bits a second that the SWO pin sends, as clocks and prescaler are now.
    [[nodiscard]] std::uint32_t swo_baud() const;

    // What a debugger does between two runs (board_debug.cpp).
    [[nodiscard]] std::optional<std::uint32_t>
    debug_read(std::uint32_t address, unsigned size) override;
    [[nodiscard]] bool
    debug_write(std::uint32_t address, unsigned size, std::uint32_t value) override;
    void drive_reset_pin(bool low) override;
    /// Whether run() would execute anything.
    [[nodiscard]] bool can_run() const {
        return !devices_.debug.halted && !devices_.debug.locked_up && !devices_.held_in_reset;
    }
    /// Whether the flash was written since the last call.
    [[nodiscard]] bool take_flash_written() { return std::exchange(flash_written_, false); }

    /// Makes interrupt `irq` pending when `instructions()` reaches `at`, right before the next
    /// instruction; inside an IT block, right after the block. In the order of time.
    void pend_at(std::uint64_t at, unsigned irq) { clock_.pend_at(at, irq); }
    /// Injections of pend_at that have not happened yet.
    [[nodiscard]] std::size_t injections_left() const { return clock_.injections_left(); }
    void forget_injections() { clock_.forget_injections(); }

    [[nodiscard]] snapshot save() const;
    void restore(const snapshot& moment);

    /// The observer must outlive the board.
    void observe(board_observer& observer);
    /// Calls the observers when the core reaches this instruction.
    void mark(std::uint32_t address) { marks_.watch(address); }

    [[nodiscard]] std::uint64_t now() const { return devices_.now; }
    [[nodiscard]] std::uint64_t instructions() const { return devices_.instructions(); }
    [[nodiscard]] core& processor() { return *core_; }
    [[nodiscard]] nvic& interrupts() { return devices_.interrupts; }
    /// Most exceptions active at one time since the reset, or since restore().
    [[nodiscard]] std::size_t deepest_nesting() const { return devices_.deepest_nesting; }
    /// Where the core goes on.
    [[nodiscard]] std::uint32_t program_counter() const { return devices_.next_instruction; }
    [[nodiscard]] const board_setup& setup() const { return setup_; }

private:
    enum class attention : std::uint8_t { none, limit, address, exception, poll, breakpoint };
    /// Addresses that were written, begin..end.
    struct written {
        std::uint32_t begin = 0xFFFF'FFFF;
        std::uint32_t end = 0;
        void add(std::uint32_t address, std::uint32_t size);
        [[nodiscard]] bool any() const { return begin < end; }
    };

    virtual_board(const board_setup& setup, board_listener& listener)
        : setup_(setup), listener_(listener), devices_(*setup.part) {}

    static void on_instruction(uc_engine*, std::uint64_t address, std::uint32_t size, void* self);
    [[nodiscard]] bool attend(std::uint32_t address, std::uint32_t size);
    [[nodiscard]] attention wants_to_stop(std::uint32_t address);

    std::uint32_t read_register(std::uint32_t address, unsigned size) override;
    void write_register(std::uint32_t address, unsigned size, std::uint32_t value) override;
    bool write_flash(std::uint32_t address, unsigned size, std::uint32_t value) override;
    [[nodiscard]] std::uint32_t read_word(std::uint32_t address);
    void write_word(std::uint32_t address, std::uint32_t value);
    [[nodiscard]] std::uint32_t read_control_space(std::uint32_t offset);
    void write_control_space(std::uint32_t offset, std::uint32_t value);
    [[nodiscard]] std::uint32_t read_peripheral(std::uint32_t address) const;
    void write_peripheral(std::uint32_t address, std::uint32_t value);

    [[nodiscard]] const chip& part() const { return *setup_.part; }
    [[nodiscard]] std::uint32_t as_core_sees(std::uint32_t address) const;
    [[nodiscard]] bool is_register(std::uint32_t address) const;
    void follow_trace_path();
    [[nodiscard]] std::uint32_t read_halting_status();
    void write_halting_control(std::uint32_t value);
    void transfer_core_register(std::uint32_t selector);
    void set_breakpoints();
    void step();
    void restart();
    void apply_written_memory();

    void set_monitor_control(std::uint32_t value);
    void attach_probe(const probe_setup& probe);
    void schedule();
    void entered_exception(unsigned number) override;
    void left_exception(unsigned number) override;

    [[nodiscard]] std::optional<run_end> handle(const trap& why);
    [[nodiscard]] std::optional<run_end> stopped();
    [[nodiscard]] std::optional<run_end> sleep();
    [[nodiscard]] std::optional<run_end> return_from_exception(std::uint32_t exception_return);
    [[nodiscard]] std::optional<run_end> hit_breakpoint();
    [[nodiscard]] std::optional<run_end> semihost();
    [[nodiscard]] std::optional<run_end> poll_listener();
    [[nodiscard]] bool hand_over();

    board_setup setup_;
    board_listener& listener_;
    std::unique_ptr<core> core_;
    peripherals devices_;
    board_clock clock_{devices_, setup_.poll_cycles};
    std::unique_ptr<board_exceptions> exceptions_; // of this core
    code_marks marks_;
    it_block conditional_;
    std::vector<std::uint32_t> register_pages_;
    written flash_changes_; // that the core has not been told of
    written ram_changes_;
    bool flash_written_ = false;
    std::vector<board_observer*> observers_;
    bool observes_everything_ = false;

    run_limits limits_;
    bool first_instruction_ = false;
    attention why_stopped_ = attention::none;
    bool reset_wanted_ = false;
};

} // namespace drone::board
