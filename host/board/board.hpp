// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"
#include "board/chip.hpp"
#include "board/core.hpp"
#include "board/core_debug.hpp"
#include "board/debug_target.hpp"
#include "board/dwt.hpp"
#include "board/flash_controller.hpp"
#include "board/fpb.hpp"
#include "board/itm.hpp"
#include "board/memory_map.hpp"
#include "board/nvic.hpp"
#include "board/timers.hpp"
#include "board/tpiu.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drone::board {

/// What a debug probe does to a board before it lets the core go.
struct probe_setup {
    std::uint32_t ports = 0xFFFF'FFFF; ///< ITM_TER
    bool timestamps = false;           ///< ITM_TCR.TSENA
    unsigned sync_tap = 1;        ///< DWT_CTRL.SYNCTAP: 0 never, 1..3 every 2^24, 2^26, 2^28 cycles
    bool exception_trace = false; ///< DWT_CTRL.EXCTRCENA
    bool frames = false;          ///< TPIU frames around the trace, source 1
    std::uint32_t baud = 2'000'000;
};

/// What a board is made of.
struct board_setup {
    core_model model = core_model::m4;
    const chip* part = &stm32f407(); ///< what is around the core
    std::uint32_t cpu_hz = default_cpu_hz;
    std::optional<probe_setup> probe = probe_setup{}; ///< none: nobody listens
    /// A debugger may come by virtual_board's debug_target; without a `probe`. Flash without a
    /// program is a core in lockup then, not an error.
    bool debug_port = false;
    /// Cycles between two calls of board_listener::poll, at least; some 2 ms of real time. Unlike a
    /// limit of run(), looking does not change the course of anything.
    std::uint64_t poll_cycles = 300'000;
};

/// Why run() came back.
struct run_end {
    enum class kind : std::uint8_t {
        exited,    ///< the firmware asked for it by semihosting; `status` is its own
        faulted,   ///< `message` says where and why
        idle,      ///< WFI that nothing can end
        limit,     ///< as many cycles as allowed have passed
        address,   ///< the instruction at run_limits::address is next
        requested, ///< board_listener::poll asked for it
        halted,    ///< a debugger has halted the core, or it is in lockup
    };
    kind why = kind::idle;
    int status = 0;
    std::string message;
};

/// Where a run stops, besides its own end.
struct run_limits {
    std::optional<std::uint64_t> cycles = std::nullopt; ///< absolute, as virtual_board::now()
    std::optional<std::uint32_t> address =
        std::nullopt; ///< stop before this instruction, but not as the first
    std::optional<std::uint32_t> stack = std::nullopt; ///< ... and only with this stack pointer
};

/// Takes what the board gives. The defaults drop it.
class board_listener {
public:
    enum class request : std::uint8_t { none, stop, reset };

    board_listener() = default;
    board_listener(const board_listener&) = default;
    board_listener& operator=(const board_listener&) = default;
    virtual ~board_listener() = default;

    /// Bytes that the SWO pin sent. False: nobody takes them any more; the run ends.
    virtual bool swo(std::span<const std::uint8_t> /*bytes*/) { return true; }
    /// Semihosting output; descriptor 1 or 2.
    virtual void console(int /*descriptor*/, std::string_view /*text*/) {}
    /// One line about the run: a fault that the firmware's own handler now takes.
    virtual void note(std::string_view /*line*/) {}
    /// Called every so often.
    virtual request poll() { return request::none; }
};

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

/// The peripherals: everything of the board that is plain data, copied by a snapshot.
struct peripherals {
    explicit peripherals(const chip& part = stm32f407())
        : pin(part.is_swo_alone), registers(part), flash_control(part.flash) {}

    std::uint64_t now = 0;     ///< cycles since power-on
    std::uint64_t skipped = 0; ///< of these, spent asleep or waiting for the trace FIFO
    nvic interrupts;
    systick system_timer;
    std::array<timer, 2> timers; ///< TIM2, TIM3
    dwt watch;
    itm trace;
    tpiu pin;
    fpb breakpoints;
    core_debug debug;
    chip_registers registers;
    flash_controller flash_control;
    std::uint32_t monitor_control = 0; ///< DEMCR
    std::uint32_t coprocessor_access = 0;
    std::uint32_t next_instruction = 0;
    bool asleep = false; ///< in a WFI
    bool held_in_reset = false;
    std::size_t deepest_nesting = 0;
};

/// A moment of a board, to go back to.
struct snapshot {
    peripherals devices;
    core_context processor;
};

/// The virtual board `virtual-m4`: a core with flash, RAM, SysTick, NVIC, two timers, and the trace
/// hardware (ITM, DWT, TPIU) whose SWO pin sends what a UART at its baud rate would.
///
/// Virtual time: one executed instruction is one cycle; an idle core (WFI), and a loop that waits
/// for the trace FIFO, skip to the next event. A run repeats bit for bit. One thread.
class virtual_board : public debug_target, private core_events {
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
    void pend_at(std::uint64_t at, unsigned irq);
    /// Injections of pend_at that have not happened yet.
    [[nodiscard]] std::size_t injections_left() const { return injections_.size(); }
    void forget_injections() { injections_.clear(); }

    [[nodiscard]] snapshot save() const;
    void restore(const snapshot& moment);

    /// The observer must outlive the board.
    void observe(board_observer& observer);
    /// Calls the observers when the core reaches this instruction.
    void mark(std::uint32_t address);

    [[nodiscard]] std::uint64_t now() const { return devices_.now; }
    [[nodiscard]] std::uint64_t instructions() const { return devices_.now - devices_.skipped; }
    [[nodiscard]] core& processor() { return *core_; }
    [[nodiscard]] nvic& interrupts() { return devices_.interrupts; }
    /// Most exceptions active at one time since the reset, or since restore().
    [[nodiscard]] std::size_t deepest_nesting() const { return devices_.deepest_nesting; }
    /// Where the core goes on.
    [[nodiscard]] std::uint32_t program_counter() const { return devices_.next_instruction; }
    [[nodiscard]] const board_setup& setup() const { return setup_; }

private:
    struct injection {
        std::uint64_t at;
        unsigned irq;
    };
    enum class attention : std::uint8_t { none, limit, address, exception, poll, breakpoint };
    enum marks : std::uint8_t { marked_address = 1, marked_it = 2, marked_breakpoint = 4 };
    /// Addresses that were written, begin..end.
    struct written {
        std::uint32_t begin = 0xFFFF'FFFF;
        std::uint32_t end = 0;
        void add(std::uint32_t address, std::uint32_t size);
        [[nodiscard]] bool any() const { return begin < end; }
    };

    virtual_board(const board_setup& setup, board_listener& listener)
        : setup_(setup), listener_(listener), devices_(*setup.part), marks_(flash_size / 2) {}

    static void on_instruction(uc_engine*, std::uint64_t address, std::uint32_t size, void* self);
    [[nodiscard]] bool attend(std::uint32_t address, std::uint32_t size);
    [[nodiscard]] attention wants_to_stop(std::uint32_t address);
    void skip_conditionals(std::uint32_t address);
    [[nodiscard]] unsigned marks_at(std::uint32_t address) const;
    void mark_it_blocks(std::uint32_t offset, std::uint32_t size);
    [[nodiscard]] bool may_be_conditional(std::uint32_t address) const;

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
    [[nodiscard]] bool catches_vector(unsigned number) const;
    [[nodiscard]] run_end halt(core_debug::event why);

    void skip_polling(bool ready);
    void set_monitor_control(std::uint32_t value);
    void attach_probe(const probe_setup& probe);
    void serve_devices(bool asleep = false);
    void trace_sample(bool asleep);
    [[nodiscard]] std::optional<std::uint64_t> next_event() const;
    void schedule();
    void look_now() { due_at_ = attention_at_ = 0; }
    [[nodiscard]] exception_masks masks() const;
    [[nodiscard]] bool can_wake() const;

    [[nodiscard]] std::optional<run_end> handle(const trap& why);
    [[nodiscard]] std::optional<run_end> stopped();
    [[nodiscard]] std::optional<run_end> sleep();
    [[nodiscard]] std::optional<run_end> take_exception(unsigned number);
    [[nodiscard]] std::optional<run_end> return_from_exception(std::uint32_t exception_return);
    [[nodiscard]] std::optional<run_end> call_supervisor();
    [[nodiscard]] std::optional<run_end> hit_breakpoint();
    [[nodiscard]] std::optional<run_end> semihost();
    [[nodiscard]] std::optional<run_end> fault(const trap& why);
    [[nodiscard]] std::optional<run_end> poll_listener();
    [[nodiscard]] bool hand_over();
    [[nodiscard]] run_end lockup(const std::string& what) const;
    void trace_exception(unsigned number, dwt::exception_action action);

    board_setup setup_;
    board_listener& listener_;
    std::unique_ptr<core> core_;
    peripherals devices_;
    std::vector<std::uint8_t> marks_; // for each halfword of flash
    std::vector<std::uint32_t> register_pages_;
    written flash_changes_; // that the core has not been told of
    written ram_changes_;
    bool flash_written_ = false;
    std::vector<board_observer*> observers_;
    bool observes_everything_ = false;
    std::vector<injection> injections_;

    run_limits limits_;
    bool first_instruction_ = false;
    attention why_stopped_ = attention::none;
    std::uint64_t due_at_ = 0; // the cycle at which something may have to happen
    std::uint64_t attention_at_ =
        0; // the same, or 0 inside an IT block: attend() sees instructions
    std::uint64_t poll_at_ = 0;
    bool reset_wanted_ = false;
    std::uint64_t polled_at_ = 0; // a stimulus port's FIFOREADY by the firmware
    unsigned polls_ = 0;
    std::uint32_t it_expected_ = 0; // the next instruction of the IT block that is being executed
    std::uint32_t it_end_ = 0;      // 0 outside IT blocks
};

} // namespace drone::board
